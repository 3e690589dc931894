#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "reconciler/cli/cli.hpp"
#include "reconciler/cli/progress.hpp"
#include "reconciler/cli/saved.hpp"
#include "reconciler/names.hpp"
#include "reconciler/report/words.hpp"
#include "reconciler/verify.hpp"

namespace homeostat::cli {
namespace {

struct ApplyFlags {
  PlanOptions options;
  bool yes = false;
  bool uncommitted = false;
  std::string by;
};

std::size_t writes(const Plan& plan) {
  return static_cast<std::size_t>(std::ranges::count_if(
      plan.changes, [](const Change& change) { return !change.hold && !change.quiet; }));
}

Status check_committed(const Spec& spec, bool allowed) {
  const Revision& revision = spec.revision;
  if (allowed || !revision.work_tree) return {};
  if (revision.commit.empty()) {
    return fail(ErrorKind::conflict, "this spec is in no git commit",
                "commit it, or apply it as it lies with --uncommitted");
  }
  if (revision.uncommitted.empty()) return {};
  return fail(ErrorKind::conflict,
              *revision.uncommitted.begin() + " is not committed as it lies" +
                  (revision.uncommitted.size() > 1
                       ? " (and " + std::to_string(revision.uncommitted.size() - 1) + " more)"
                       : std::string()),
              "commit first, or apply the work tree with --uncommitted");
}

std::string outcome_text(const Applied& applied) {
  std::string text;
  std::size_t done = 0;
  std::size_t stopped = 0;
  for (const Outcome& outcome : applied.outcomes) {
    if (outcome.kind == OutcomeKind::done) ++done;
    if (outcome.kind == OutcomeKind::cancelled) ++stopped;
    if (outcome.kind != OutcomeKind::failed && outcome.kind != OutcomeKind::skipped) continue;
    text += std::string(name_of(outcome.kind)) + "  " + display(outcome.address, false, false) +
            (outcome.error ? ": " + outcome.error->message : std::string()) + "\n";
  }
  if (stopped > 0) text += "stopped  " + counted(stopped, "change") + " not made\n";
  for (const std::string& line : lingering_lines(applied.lingering, false)) {
    text += "did not converge  " + line + "\n";
  }
  return text + "applied " + std::to_string(done) + " of " +
         std::to_string(applied.outcomes.size()) + " changes\n";
}

int finish(const Applied& applied) {
  print(outcome_text(applied));
  if (!applied.looked_again) {
    print("now: not known, as it was cancelled: plan to see what is there\n");
    print_errors(applied.errors);
    return 1;
  }
  const bool failed = std::ranges::any_of(
      applied.outcomes, [](const Outcome& outcome) { return outcome.kind != OutcomeKind::done; });
  print("now: " + summary_line(applied.after.plan) + "\n");
  if (!applied.errors.empty()) return print_errors(applied.errors);
  return failed || !applied.lingering.empty() ? 1 : exit_code(applied.after.plan);
}

CarryOut carry_out(const ApplyFlags& flags) {
  return {.yes = flags.yes, .by_service = flags.by == "service"};
}

// A saved plan brings its own options and revision.
Status check_no_options(const Global& global, const PlanOptions& options) {
  const bool none = global.rev.empty() && global.path.empty() && options.only.empty() &&
                    options.exclude.empty() && options.adopt.empty() &&
                    options.allow_destroy.empty() && options.allow_deletes == 0 &&
                    options.accept_empty.empty();
  if (none) return {};
  return fail(ErrorKind::invalid_spec, "a saved plan is applied as it was made",
              "leave out what chooses or allows changes, or plan again with it");
}

int apply_saved(const Global& given, const ApplyFlags& flags, const std::string& path) {
  if (const Status alone = check_no_options(given, flags.options); !alone) {
    return print_error(alone.error());
  }
  const auto file = read_saved_file(path, given.folder);
  if (!file) return print_error(file.error());
  Global global = given;
  global.folder.clear();  // it named the file
  Request request = request_of(global);
  // As the file says; what it says is checked before anything is looked at.
  request.rev = file->plan.rev;
  request.path = file->plan.path;
  request.options = file->plan.options;
  return with_locked_round(
      request, "apply",
      [&](const Spec& spec) -> Status {
        TRY(check_saved_file(*file, spec, request));
        return check_committed(spec, flags.uncommitted);
      },
      [&](Round& round) {
        const Errors moved = hold_to_saved(round, *file);
        return moved.empty() ? apply_round(global, round, carry_out(flags)) : print_errors(moved);
      });
}

int run_apply(const Global& global, const ApplyFlags& flags) {
  Request request = request_of(global);
  if (names_file(request.folder)) return apply_saved(global, flags, request.folder);
  request.options = flags.options;
  return with_locked_round(
      request, "apply",
      [&flags](const Spec& spec) { return check_committed(spec, flags.uncommitted); },
      [&](Round& round) { return apply_round(global, round, carry_out(flags)); });
}

}  // namespace

int apply_round(const Global& global, Round& round, const CarryOut& how) {
  const Plan& plan = round.planned.plan;
  print(render_text(plan, round.spec, style_of(global)));
  if (!plan.stops.empty()) return 1;
  const std::size_t count = writes(plan);
  if (count > 0 && !how.yes) {
    const std::string changes = std::to_string(count) + (count == 1 ? " change?" : " changes?");
    const auto answer = ask("\n" + (how.question.empty() ? "Apply " + changes : how.question));
    if (!answer) return print_error(answer.error());
    if (!*answer) {
      print("nothing was changed\n");
      return exit_code(plan);
    }
  }
  if (how.before) {
    if (const Status ready = how.before(); !ready) return print_error(ready.error());
  }
  if (count == 0) {
    const Status recorded = record_agreement(round, round.planned, true);
    return recorded ? exit_code(plan) : print_error(recorded.error());
  }
  ProgressLines lines(isatty(STDERR_FILENO) == 1, count);
  ApplyHooks hooks;
  hooks.by_service = how.by_service;
  hooks.on_progress = [&lines](Progress progress, const Change& change, const Outcome* outcome) {
    lines.on_progress(progress, change, outcome);
  };
  const Applied applied = homeostat::apply(round, hooks, Signals::stop(), Signals::cancel());
  log_traffic(round.providers);
  return finish(applied);
}

void add_apply(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb =
      add_verb(app, global,
               {.name = "apply",
                .brief = "Show the plan, ask, and make it so.",
                .more = "Looks again afterwards; the exit code tells the state that it found then.",
                .examples = "  homeostat apply\n"
                            "  homeostat apply --yes --only 'dns/*'\n"
                            "  homeostat apply --allow-destroy container/old\n"
                            "  homeostat apply plan.json   # what `plan --out` has saved\n"});
  verb->get_option("repo")->description(
      "folder with homeostat.yaml (default: this one), or a plan that was saved for it");
  auto flags = std::make_shared<ApplyFlags>();
  add_revision_options(*verb, global);
  add_filter_options(*verb, flags->options);
  add_consent_options(*verb, flags->options);
  verb->add_flag("-y,--yes", flags->yes, "do not ask");
  verb->add_flag("--uncommitted", flags->uncommitted, "apply a work tree that is not committed");
  verb->add_option("--by", flags->by, "finish and verify each service before the next")
      ->check(CLI::IsMember({"service"}));
  verb->callback([&global, &command, flags] {
    command = [&global, flags] { return run_apply(global, *flags); };
  });
}

}  // namespace homeostat::cli
