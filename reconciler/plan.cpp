#include "reconciler/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/graph.hpp"
#include "reconciler/guard.hpp"
#include "reconciler/planning.hpp"
#include "reconciler/stuck.hpp"

namespace homeostat {
namespace {

void begin_plan(Planning& planning) {
  const PlanInput& input = planning.input;
  Plan& plan = planning.out.plan;
  plan.site = input.spec.site;
  plan.commit = input.spec.revision.commit;
  plan.branch = input.spec.revision.branch;
  plan.work_tree = input.spec.revision.work_tree;
  plan.uncommitted = plan.work_tree && !input.spec.revision.uncommitted.empty();
  plan.ledger = input.ledger.opened;
  plan.made = input.now;
  plan.at = input.now;
  for (const auto& [address, resource] : planning.resolved.desired) {
    if (selected(input.options, address)) ++plan.resources;
  }
  plan.warnings = input.spec.warnings;
  plan.warnings.insert(plan.warnings.end(), planning.resolved.warnings.begin(),
                       planning.resolved.warnings.end());
}

void sum_up_scopes(Planning& planning) {
  const PlanInput& input = planning.input;
  Plan& plan = planning.out.plan;
  std::map<Scope, ScopeSummary> summaries;
  for (const auto& [scope, state] : input.observed.scopes) {
    ScopeSummary& summary = summaries[scope];
    summary.unknown = state.unknown;
    summary.at = state.at;
    if (!state.unknown) plan.at = std::min(plan.at, state.at);
    plan.warnings.insert(plan.warnings.end(), state.warnings.begin(), state.warnings.end());
  }
  for (const auto& [scope, kinds] : plan.unknown) {
    ScopeSummary& summary = summaries[scope];
    summary.unknown = *unknown_because(input.observed, scope);
    for (const auto& [kind, count] : kinds) summary.not_compared += count;
  }
  for (const auto& [scope, count] : planning.left_behind) {
    ScopeSummary& summary = summaries[scope];
    summary.at = input.now;
    summary.owned = count;
    summary.unknown =
        Error{ErrorKind::invalid_spec,
              "the spec no longer has it, and " +
                  (count == 1
                       ? "1 resource is ours there, which stays as it is"
                       : fmt::format("{} resources are ours there, which stay as they are", count)),
              "put it back to remove them first, or `homeostat forget` them",
              {},
              {}};
  }
  for (const LiveEntry& entry : planning.live.entries()) {
    if (entry.ownership == Ownership::ours) ++summaries[entry.scope].owned;
  }
  for (auto& [scope, summary] : summaries) {
    summary.scope = scope;
    plan.scopes.push_back(std::move(summary));
  }
}

void say_missing_secrets(Planning& planning) {
  for (const auto& [name, why] : planning.missing_secrets) {
    const auto source = planning.input.spec.secrets.find(name);
    const Origin where =
        source == planning.input.spec.secrets.end() ? Origin() : source->second.where;
    warn(planning,
         fmt::format("secret {} is not available here, so {} not compared: {}", name,
                     why.second == 1 ? "1 value is" : fmt::format("{} values are", why.second),
                     why.first),
         {}, where);
  }
}

// Nothing is agreed on about what is not ours yet.
void forget_agreement_of_held(Planned& planned) {
  for (const Change& change : planned.plan.changes) {
    const bool not_ours = change.action == Action::adopt || change.from;
    if (change.hold && not_ours) planned.in_sync.erase(change.address);
  }
}

// Notes what the plan does to what its own values were read from, and whether that is news.
bool foresee(const Planning& planning, Foreseen& foreseen) {
  bool news = false;
  for (const Change& change : planning.out.plan.changes) {
    // What looked like it before there was a plan is something else.
    const bool created = change.action == Action::create;
    if (created && planning.resolved.read_live.contains(change.address)) {
      news = foreseen.remade.insert(change.address).second || news;
    }
    const bool remade = change.action == Action::replace;
    if (change.hold || (!remade && change.action != Action::remove)) continue;
    if (remade && planning.resolved.read_live.contains(change.address)) {
      news = foreseen.remade.insert(change.address).second || news;
    }
    const auto live = planning.out.live.find(change.address);
    if (live != planning.out.live.end() && planning.resolved.in_the_way.contains(live->second)) {
      news = foreseen.leaving.insert(live->second).second || news;
    }
  }
  return news;
}

void plan_once(Planning& planning, const Foreseen& foreseen, Desired desired) {
  const PlanInput& input = planning.input;
  planning.resolved = resolve({.spec = input.spec,
                               .observed = input.observed,
                               .ledger = input.ledger,
                               .live = planning.live,
                               .providers = input.providers,
                               .canonical = input.canonical,
                               .foreseen = foreseen},
                              std::move(desired));
  if (!planning.resolved.errors.empty()) return;
  begin_plan(planning);
  plan_declared(planning);
  plan_undeclared(planning);
  hold_what_runs_ahead(planning);
  hold_what_is_in_the_way(planning);
  hold_stuck(planning);
  sum_up_scopes(planning);
  say_missing_secrets(planning);

  Plan& plan = planning.out.plan;
  plan.changes.reserve(planning.changes.size());
  for (auto& [address, change] : planning.changes) plan.changes.push_back(std::move(change));
  order_changes(plan, planning.resolved, planning.live, input);
  guard(plan, input);
  sort_errors(plan.warnings);
  forget_agreement_of_held(planning.out);
}

}  // namespace

// What is deleted or made anew moves values that others are planned with, and that is known only
// once there is a plan. So plans are made until one shows nothing that the one before did not; what
// is foreseen only grows, and most plans are made once.
tl::expected<Planned, Errors> make_plan(const PlanInput& input, Desired copy) {
  Foreseen foreseen;
  while (true) {
    Planning planning(input);
    plan_once(planning, foreseen, std::move(copy));
    if (!planning.resolved.errors.empty()) {
      return tl::unexpected(std::move(planning.resolved.errors));
    }
    if (foresee(planning, foreseen)) {
      copy = input.spec.desired;
      continue;
    }
    planning.out.desired = std::move(planning.resolved.desired);
    planning.out.pending = std::move(planning.resolved.pending);
    return std::move(planning.out);
  }
}

tl::expected<Planned, Errors> make_plan(const PlanInput& input) {
  return make_plan(input, input.spec.desired);
}

}  // namespace homeostat
