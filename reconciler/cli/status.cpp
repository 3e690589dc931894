#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>

#include "reconciler/cli/cli.hpp"
#include "reconciler/cron.hpp"
#include "reconciler/names.hpp"
#include "reconciler/report/cells.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat::cli {
namespace {

// As the loop sees it: what it has its own reasons to leave alone is not the same as what waits for
// somebody.
std::string_view state_of(const Change& change) {
  if (change.hold) {
    switch (change.hold->code) {
      case HoldCode::report_mode:
        break;  // looked at, and that is all
      case HoldCode::suspended:
        return "suspended";
      case HoldCode::healing:
      case HoldCode::window:
        return "waiting for its time";
      case HoldCode::approval:
        return "waiting for an approval";
      default:
        return "held back";
    }
  }
  switch (change.action) {
    case Action::create:
      return change.cause == Cause::drift ? "deleted by hand" : "to create";
    case Action::adopt:
      return change.quiet ? "to adopt" : "to adopt and change";
    case Action::rename:
      return "to rename";
    case Action::remove:
      return "to delete";
    case Action::release:
      return "to release";
    default:
      return caused_outside_git(change.cause) ? "drifted" : "to change";
  }
}

std::map<std::string, std::size_t> count_states(const Round& round) {
  std::map<std::string, std::size_t> counts;
  std::size_t accounted = 0;
  for (const Change& change : round.planned.plan.changes) {
    if (change.quiet && change.action == Action::release) continue;  // gone on both sides
    ++counts[std::string(state_of(change))];
    if (round.planned.desired.contains(change.address)) ++accounted;
  }
  for (const auto& [scope, kinds] : round.planned.plan.unknown) {
    for (const auto& [kind, count] : kinds) {
      counts["unknown"] += count;
      accounted += count;
    }
  }
  const std::size_t declared = round.planned.desired.size();
  counts["in sync"] = declared > accounted ? declared - accounted : 0;
  for (const Finding& finding : round.planned.plan.findings) {
    if (finding.kind == Finding::Kind::unmanaged) ++counts["unmanaged (live, not declared)"];
    if (finding.kind == Finding::Kind::copy) ++counts["copies (never touched)"];
  }
  return counts;
}

std::string when(Time at, const TextStyle& style) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(
                         at + std::chrono::minutes(style.utc_offset_minutes))));
}

std::string run_text(const std::optional<RunRecord>& run, bool damaged, const TextStyle& style) {
  if (damaged) return "last run: not known\n";
  if (!run) return "last run: none on this machine\n";
  std::string text = fmt::format("last run: {} {}", run->verb, when(run->started, style));
  if (!run->commit.empty()) text += " at " + run->commit.substr(0, 7);
  if (run->exit_code < 0) return text + ", never ended\n";
  return text + fmt::format(", exit {}: {}\n", run->exit_code, run->summary);
}

std::string_view ledger_state(const Round& round) {
  if (round.damaged) return "damaged";
  return round.planned.plan.ledger ? "ok" : "none";
}

nlohmann::json as_json(const Round& round, const std::optional<RunRecord>& run) {
  nlohmann::json scopes = nlohmann::json::array();
  for (const ScopeSummary& scope : round.planned.plan.scopes) {
    nlohmann::json row = {{"scope", to_string(scope.scope)},
                          {"state", scope.unknown ? "unknown" : "ok"},
                          {"owned", scope.owned}};
    if (scope.unknown) row["why"] = scope.unknown->message;
    scopes.push_back(std::move(row));
  }
  nlohmann::json out = {{"site", round.spec.site},          {"commit", round.spec.revision.commit},
                        {"ledger", ledger_state(round)},    {"scopes", std::move(scopes)},
                        {"resources", count_states(round)}, {"last_run", nullptr}};
  if (run) {
    out["last_run"] = {
        {"verb", run->verb},
        {"commit", run->commit},
        {"started",
         fmt::format("{:%FT%TZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(run->started)))},
        {"exit_code", run->exit_code},
        {"summary", run->summary}};
  }
  return out;
}

// What a person has said, or is asked for.
struct Held {
  std::vector<ManualHold> holds;
  std::vector<Approval> approvals;  // those that wait
};

Result<Held> held_in(const Ledger& ledger) {
  Held held;
  TRY_ASSIGN(held.holds, ledger.manual_holds());
  TRY_ASSIGN(held.approvals, ledger.approvals());
  std::erase_if(held.approvals, [](const Approval& approval) {
    return approval.state != Approval::State::waiting;
  });
  return held;
}

void add_json(nlohmann::json& out, const Held& held) {
  out["suspended"] = nlohmann::json::array();
  for (const ManualHold& hold : held.holds) {
    out["suspended"].push_back({{"glob", hold.glob},
                                {"reason", hold.reason},
                                {"by", hold.by},
                                {"since", utc_time(hold.since)}});
  }
  out["approvals"] = nlohmann::json::array();
  for (const Approval& approval : held.approvals) {
    out["approvals"].push_back({{"id", approval.plan},
                                {"reason", approval.reason},
                                {"requested", utc_time(approval.requested)}});
  }
}

std::string text_of(const Held& held, const TextStyle& style) {
  std::string text;
  for (const ManualHold& hold : held.holds) {
    text += fmt::format("suspended: {} since {} by {}: {}\n",
                        hold.glob == "*" ? "the whole site" : printable(hold.glob),
                        when(hold.since, style), printable(hold.by), printable(hold.reason));
  }
  for (const Approval& approval : held.approvals) {
    text += fmt::format("waits for an approval: homeostat approve {}\n", approval.plan);
  }
  return text;
}

int status(const Global& global, bool json, const Round& round) {
  const auto run = round.ledger->last_run();
  if (!run) return print_error(run.error());
  const auto held = held_in(*round.ledger);
  if (!held) return print_error(held.error());
  print_notices(round);
  const TextStyle style = style_of(global);
  const Plan& plan = round.planned.plan;
  if (json) {
    nlohmann::json out = as_json(round, *run);
    add_json(out, *held);
    print_json(out);
    return exit_code(plan);
  }
  std::string text = "site " + round.spec.site;
  if (!plan.commit.empty()) text += "   " + plan.branch + "@" + plan.commit.substr(0, 7);
  text += round.damaged ? "   ledger damaged\n"
          : plan.ledger ? "   ledger " + round.places.ledger + "\n"
                        : "   no ledger\n";
  for (const ScopeSummary& scope : plan.scopes) {
    text += fmt::format("  {:<20} {}\n", to_string(scope.scope),
                        scope.unknown ? "UNKNOWN: " + scope.unknown->message
                                      : fmt::format("ok, {} owned", scope.owned));
  }
  text += run_text(*run, round.damaged, style) + text_of(*held, style) + "resources:\n";
  for (const auto& [state, count] : count_states(round)) {
    if (count > 0) text += fmt::format("  {:>6} {}\n", count, state);
  }
  print(text);
  return exit_code(plan);
}

}  // namespace

void add_status(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb = add_verb(app, global,
                            {.name = "status",
                             .brief = "Show scopes, last run, resources by state.",
                             .more = "Each scope's state, the last run on this machine, how many "
                                     "resources are in which state.",
                             .examples = "  homeostat status\n"
                                         "  homeostat status --json\n"});
  auto json = std::make_shared<bool>(false);
  add_revision_options(*verb, global);
  verb->add_flag("--json", *json, "as JSON");
  verb->callback([&global, &command, json] {
    command = [&global, json] {
      Request request = request_of(global);
      request.loop.emplace();
      request.loop->local_time = local_time;
      return with_round(request, [&](const Round& round) { return status(global, *json, round); });
    };
  });
}

}  // namespace homeostat::cli
