// Back to the values before a run.
#include <CLI/CLI.hpp>

#include "reconciler/cli/cli.hpp"
#include "reconciler/memory.hpp"
#include "reconciler/suspend.hpp"
#include "reconciler/undone.hpp"

namespace homeostat::cli {
namespace {

struct UndoFlags {
  std::int64_t run = 0;
  bool yes = false;
  PlanOptions options;
};

// What the run did, the other way round.
Result<Undo> undo_in(const Spec& spec, const Request& request, std::int64_t run) {
  TRY_ASSIGN(const Places places, find_places(spec.site, request.ledger_path));
  TRY_ASSIGN(const Memory memory,
             recall(places, MemoryUse::read, !request.ledger_path.empty(), now()));
  TRY_ASSIGN(const auto history, memory.ledger.run(run));
  if (!history) {
    return fail(ErrorKind::not_found, "the ledger knows no run " + std::to_string(run),
                "`homeostat history` lists them");
  }
  return undo_of(*history, spec);
}

// To what the run changed, and what follows from that: which it is shows once all is planned.
Errors narrow(Round& round) {
  const auto& suspend = round.request.suspend;
  std::vector<Address> chosen = what_follows(round.planned.plan, round.spec, suspend);
  for (const auto& [address, suspension] : suspend) chosen.push_back(address);
  for (const Address& address : chosen) round.request.options.only.push_back(to_string(address));
  auto planned = plan_again(round);
  if (!planned) return planned.error();
  round.planned = std::move(*planned);
  return {};
}

// What the run changed and git has as it was before: nothing needs to be kept there.
std::vector<Address> said_by_git(const Round& round) {
  std::vector<Address> over;
  for (const auto& [address, suspension] : round.request.suspend) {
    if (!round.memory.suspended.contains(address)) over.push_back(address);
  }
  return over;
}

int undo_locked(const Global& global, const UndoFlags& flags, Request request, const Spec& spec) {
  const auto wanted = undo_in(spec, request, flags.run);
  if (!wanted) return print_error(wanted.error());
  for (const std::string& line : wanted->left) print("cannot be undone: " + line + "\n");
  if (wanted->suspensions.empty()) {
    print("run " + std::to_string(flags.run) + " changed nothing that can be undone\n");
    return wanted->left.empty() ? 0 : 1;
  }
  request.options = flags.options;
  request.record = true;
  request.locked = true;
  request.suspend = wanted->suspensions;
  return with_round(request, [&](Round& round) {
    if (const Errors errors = narrow(round); !errors.empty()) return print_errors(errors);
    const std::vector<Address> over = said_by_git(round);
    if (over.size() == wanted->suspensions.size()) {
      print("git says the same by now, and goes on being followed\n");
    }
    const int code = apply_round(
        global, round, {.yes = flags.yes, .question = "Go back to this?", .before = [&] {
                          return round.ledger->save_suspended(round.memory.suspended, over);
                        }});
    return wanted->left.empty() ? code : 1;
  });
}

int undo(const Global& global, const UndoFlags& flags) {
  const Request request = request_of(global);
  const auto spec = load(request);
  if (!spec) return print_errors(spec.error());
  return with_lock(spec->site, request, "undo",
                   [&] { return undo_locked(global, flags, request, *spec); });
}

}  // namespace

void add_undo(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb = app.add_subcommand(
      "undo",
      "Go back to the values before a run. What it changed is not taken from git again until git "
      "changes it.");
  verb->footer("Examples:\n  homeostat undo 12\n");
  verb->fallthrough();
  auto flags = std::make_shared<UndoFlags>();
  verb->add_option("RUN", flags->run, "its number, as in `homeostat history`")->required();
  verb->add_option("repo", global.folder, "folder with homeostat.yaml (default: this one)");
  add_consent_options(*verb, flags->options);
  verb->add_flag("-y,--yes", flags->yes, "do not ask");
  verb->callback(
      [&global, &command, flags] { command = [&global, flags] { return undo(global, *flags); }; });
}

}  // namespace homeostat::cli
