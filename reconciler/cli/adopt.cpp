// `adopt --zone KEY`: what `authority: full` will sweep away, and the word that it may.
#include <CLI/CLI.hpp>

#include "reconciler/cli/cli.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat::cli {
namespace {

Status check_zone(const Spec& spec, const std::string& key) {
  const auto zone = spec.zones.find(key);
  if (zone == spec.zones.end()) {
    std::vector<std::string> known;
    for (const auto& [name, one] : spec.zones) known.push_back(name);
    return fail(ErrorKind::not_found, "there is no zone " + key, suggestion(key, known));
  }
  if (zone->second.authority == Authority::full) return {};
  return fail(ErrorKind::invalid_spec,
              "zone " + key + " has shared authority: records that are not declared stay anyhow",
              "write `authority: full` first, if they should go",
              source_ref(zone->second.where, spec.files));
}

bool lies_in(const Address& address, const std::string& key) {
  return address.kind == "dns" && name_components(address.name).front() == key;
}

// What is not ours and would go: the plan of a site where the zone is confirmed.
std::size_t list_swept(const Round& round, const std::string& key) {
  std::size_t count = 0;
  for (const Change& change : round.planned.plan.changes) {
    if (change.action != Action::remove || !lies_in(change.address, key) ||
        round.memory.owned.contains(change.from.value_or(change.address))) {
      continue;
    }
    const auto values =
        change.before.is_object() ? change.before.value("values", nlohmann::json()) : Attributes();
    print("  " + display(change.address, round.spec.zones.at(key).on.size() > 1, false) + "  " +
          value_words(values) + "\n");
    ++count;
  }
  return count;
}

void list_kept(const Round& round, const std::string& key) {
  for (const Finding& finding : round.planned.plan.findings) {
    if (!lies_in(finding.address, key)) continue;
    print("  stays: " + display(finding.address, false, false) +
          (finding.text.empty() ? "" : "  " + finding.text) + "\n");
  }
}

int adopt(Round& round, const std::string& key, bool yes) {
  const Plan& plan = round.planned.plan;
  for (const ScopeSummary& scope : plan.scopes) {
    if (scope.scope.zone != key || !scope.unknown) continue;
    (void)print_error(fail(ErrorKind::transient,
                           to_string(scope.scope) +
                               " is unknown, so that nobody can say what it "
                               "holds: " +
                               scope.unknown->message,
                           "try again when it answers")
                          .value());
    return 3;
  }
  const std::size_t count = list_swept(round, key);
  list_kept(round, key);
  print(count == 0 ? "zone " + key + " holds nothing that is not declared\n"
                   : counted(count, "record set") + " in zone " + key +
                         " not declared. Once confirmed, the next apply deletes them, as far as "
                         "its limits let it.\n");
  if (!yes) {
    const auto answer = ask("May what is not declared in zone " + key + " go, now and later?");
    if (!answer) return print_error(answer.error());
    if (!*answer) {
      print("nothing was confirmed\n");
      return 0;
    }
  }
  const Status saved = round.ledger->confirm_full_zone(key);
  if (!saved) return print_error(saved.error());
  print("confirmed; `homeostat plan` shows what follows\n");
  return 0;
}

}  // namespace

void add_adopt(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb = add_verb(
      app, global,
      {.name = "adopt",
       .brief = "Let what is not declared in a zone go.",
       .more = "Lists every record of a zone with `authority: full` that is not declared, and "
               "records that they "
               "may go. Single resources are taken over by `homeostat apply --adopt ADDRESS`.",
       .examples = "  homeostat adopt --zone lab\n"
                   "  homeostat adopt --zone 'lab~v4' --yes\n"});
  struct Flags {
    std::string zone;
    bool yes = false;
  };
  auto flags = std::make_shared<Flags>();
  verb->add_option("--zone", flags->zone, "key of the zone, as in `zones:`")
      ->type_name("KEY")
      ->required();
  verb->add_flag("-y,--yes", flags->yes, "do not ask");
  verb->callback([&global, &command, flags] {
    command = [&global, flags] {
      Request request = request_of(global);
      request.full_zone = flags->zone;
      request.whole = true;
      return with_locked_round(
          request, "adopt", [&](const Spec& spec) { return check_zone(spec, flags->zone); },
          [&](Round& round) { return adopt(round, flags->zone, flags->yes); });
    };
  });
}

}  // namespace homeostat::cli
