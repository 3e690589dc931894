// What was changed, when, by which commit, and what came of it.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "reconciler/cli/cli.hpp"
#include "reconciler/memory.hpp"
#include "reconciler/report/cells.hpp"
#include "reconciler/report/json_parts.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat::cli {
namespace {

constexpr std::size_t everything = 1'000'000;  // the ledger keeps far fewer runs

struct HistoryFlags {
  std::string address;
  std::size_t limit = 20;
  bool json = false;
};

std::string value_words(const nlohmann::json& value) {
  if (value.is_null()) return "(none)";
  return printable(value.is_string() ? value.get<std::string>() : value.dump());
}

std::string origin_words(const std::string& cause, const std::string& commit,
                         const std::string& author, const std::string& by) {
  std::string text = cause;
  if (!commit.empty()) text += " " + short_commit(commit);
  if (!author.empty()) text += " " + printable(author);
  if (!by.empty()) text += ", by " + printable(by);
  return text;
}

std::string change_text(const ChangeRecord& change) {
  std::string text = "  " + change.action + " " + display(change.address, false, false);
  if (change.from) text += " (was " + display(*change.from, false, false) + ")";
  text += ": " + change.outcome;
  if (!change.message.empty()) text += ": " + printable(change.message);
  if (change.fields.empty() && !change.cause.empty()) {
    text += "   " + origin_words(change.cause, change.commit, change.author, {});
  }
  text += "\n";
  for (const FieldRecord& field : change.fields) {
    text += fmt::format("    {} {} -> {}   {}\n", printable(field.path), value_words(field.before),
                        value_words(field.after),
                        origin_words(field.cause, field.commit, field.author, field.by));
  }
  if (!change.before.is_object() || !change.fields.empty()) return text;
  for (const auto& [name, value] : change.before.items()) {
    text += fmt::format("    {} was {}\n", printable(name), value_words(value));
  }
  return text;
}

std::string run_text(const RunHistory& history, const TextStyle& style) {
  const RunRecord& run = history.run;
  std::string text = fmt::format("{:%Y-%m-%d %H:%M:%S}   run {}   {}",
                                 fmt::gmtime(std::chrono::system_clock::to_time_t(
                                     run.started + std::chrono::minutes(style.utc_offset_minutes))),
                                 run.id, run.verb);
  if (!run.commit.empty()) text += " " + short_commit(run.commit);
  text += run.exit_code < 0 ? "   it never ended" : fmt::format("   exit {}", run.exit_code);
  text += run.summary == cut_off_summary ? ", cut off\n" : "\n";
  for (const ChangeRecord& change : history.changes) text += change_text(change);
  return text;
}

// What is declared, owned, or was changed once.
Result<Address> find_changed(const Spec& spec, const Memory& memory, const std::string& text) {
  TRY_ASSIGN(const auto runs, memory.ledger.history(std::nullopt, everything));
  Desired known;
  for (const auto& [address, resource] : spec.desired) known[address];
  for (const auto& [address, row] : memory.view.owned) known[address];
  for (const RunHistory& run : runs) {
    for (const ChangeRecord& change : run.changes) {
      known[change.address];
      if (change.from) known[*change.from];
    }
  }
  return find_address(known, text);
}

Result<std::vector<RunHistory>> read(const Spec& spec, const Memory& memory,
                                     const HistoryFlags& flags) {
  std::optional<Address> address;
  if (!flags.address.empty()) {
    TRY_ASSIGN(address, find_changed(spec, memory, flags.address));
  }
  return memory.ledger.history(address, flags.limit);
}

int history(const Global& global, const HistoryFlags& flags) {
  const Request request = request_of(global);
  const auto spec = load(request);
  if (!spec) return print_errors(spec.error());
  const auto places = find_places(spec->site, request.ledger_path);
  if (!places) return print_error(places.error());
  const auto memory = recall(*places, MemoryUse::read, !request.ledger_path.empty(), now());
  if (!memory) return print_error(memory.error());
  const auto runs = read(*spec, *memory, flags);
  if (!runs) return print_error(runs.error());
  if (flags.json) {
    nlohmann::json all = nlohmann::json::array();
    for (const RunHistory& run : *runs) all.push_back(run_json(run));
    print(nlohmann::json{{"version", 1}, {"runs", std::move(all)}}.dump(2) + "\n");
    return 0;
  }
  std::string text;
  for (const RunHistory& run : *runs) text += run_text(run, style_of(global));
  print(text.empty() ? "nothing was changed by this machine\n" : text);
  return 0;
}

}  // namespace

void add_history(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb = app.add_subcommand(
      "history", "Show what was changed, newest first: when, why, from what to what.");
  verb->footer(
      "Examples:\n  homeostat history\n  homeostat history container/web\n"
      "  homeostat history --limit 5 --json\n");
  verb->fallthrough();
  auto flags = std::make_shared<HistoryFlags>();
  verb->add_option("ADDRESS", flags->address, "only this resource, under any name that it had");
  verb->add_option("repo", global.folder, "folder with homeostat.yaml (default: this one)");
  verb->add_option("--limit", flags->limit, "at most so many runs")->type_name("N");
  verb->add_flag("--json", flags->json, "as JSON");
  verb->callback([&global, &command, flags] {
    command = [&global, flags] { return history(global, *flags); };
  });
}

}  // namespace homeostat::cli
