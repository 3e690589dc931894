// Back to the values before a run.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "reconciler/cli/cli.hpp"
#include "reconciler/memory.hpp"
#include "reconciler/suspend.hpp"

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
             recall(places, MemoryUse::look, !request.ledger_path.empty(), now()));
  TRY_ASSIGN(const auto history, memory.ledger.run(run));
  if (!history) {
    return fail(ErrorKind::not_found, "the ledger knows no run " + std::to_string(run),
                "`homeostat history` lists them");
  }
  return undo_of(*history, spec);
}

int apply_undo(const Global& global, const UndoFlags& flags, const Request& request,
               const Undo& undo) {
  auto round = look(request, Signals::stop());
  if (!round) return print_errors(round.error());
  print(render_text(round->planned.plan, round->spec, style_of(global)));
  if (!round->planned.plan.stops.empty()) return 1;
  if (!flags.yes) {
    const auto answer = ask("\nGo back to this?");
    if (!answer) return print_error(answer.error());
    if (!*answer) {
      print("nothing was changed\n");
      return 0;
    }
  }
  if (const Status kept = round->ledger->save_suspended(round->memory.suspended); !kept) {
    return print_error(kept.error());
  }
  const Applied applied = homeostat::apply(*round, {}, Signals::stop(), Signals::cancel());
  std::string text;
  for (const Outcome& outcome : applied.outcomes) {
    if (outcome.error) {
      text += display(outcome.address, false, false) + ": " + outcome.error->message + "\n";
    }
  }
  print(text + "now: " + summary_line(applied.after.plan) + "\n");
  if (!applied.errors.empty()) return print_errors(applied.errors);
  return text.empty() && undo.left.empty() ? exit_code(applied.after.plan) : 1;
}

int undo(const Global& global, const UndoFlags& flags) {
  Request request = request_of(global);
  const auto spec = load(request);
  if (!spec) return print_errors(spec.error());
  const auto places = find_places(spec->site, request.ledger_path);
  if (!places) return print_error(places.error());
  const auto lock = SiteLock::acquire(*places, spec->site, "homeostat undo", now());
  if (!lock) return print_error(lock.error());
  const auto wanted = undo_in(*spec, request, flags.run);
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
  for (const auto& [address, suspension] : wanted->suspensions) {
    request.options.only.push_back(to_string(address));
  }
  return apply_undo(global, flags, request, *wanted);
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
