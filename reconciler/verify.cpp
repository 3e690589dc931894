#include "reconciler/verify.hpp"

#include <algorithm>

#include "reconciler/attempt.hpp"
#include "reconciler/lookups.hpp"
#include "reconciler/planning.hpp"
#include "reconciler/stuck.hpp"

namespace homeostat {
namespace {

std::set<Scope> touched_scopes(const std::vector<Outcome>& outcomes) {
  std::set<Scope> scopes;
  for (const Outcome& outcome : outcomes) {
    if (outcome.kind == OutcomeKind::done || outcome.kind == OutcomeKind::failed) {
      scopes.insert(scope_of(outcome.address));
    }
  }
  return scopes;
}

}  // namespace

std::vector<const Change*> lingering(const Plan& after, const std::vector<Outcome>& outcomes) {
  std::set<Address> written;
  for (const Outcome& outcome : outcomes) {
    if (outcome.kind == OutcomeKind::done) written.insert(outcome.address);
  }
  std::vector<const Change*> found;
  for (const Change& change : after.changes) {
    // Held or not: a scope that reads empty after a create holds back the very same create.
    if (written.contains(change.address) && !change.quiet) found.push_back(&change);
  }
  return found;
}

std::vector<std::string> lingering_lines(const std::vector<const Change*>& lingering,
                                         bool provider) {
  std::vector<std::string> lines;
  for (const Change* change : lingering) {
    const std::string name = display(change->address, provider, false);
    for (const FieldDiff& diff : change->fields) lines.push_back(name + " " + diff.path);
    if (change->fields.empty()) lines.push_back(name);
  }
  return lines;
}

tl::expected<Planned, Errors> verify(const LookAgain& look_again, const Timing& timing,
                                     const std::vector<Outcome>& outcomes,
                                     const std::stop_token& stop) {
  const auto wait = with_real_timing(timing).wait;
  std::set<Scope> scopes = touched_scopes(outcomes);
  std::chrono::milliseconds left{10'000};
  for (std::chrono::milliseconds pause{250};; pause *= 2) {
    auto after = look_again(scopes);
    if (!after) return after;
    const auto late = lingering(after->plan, outcomes);
    if (late.empty() || left.count() == 0 || stop.stop_requested()) return after;
    wait(std::min(pause, left), stop);
    left -= std::min(pause, left);
    scopes.clear();
    for (const Change* change : late) scopes.insert(scope_of(change->address));
  }
}

Status count_tries(Round& round, const Applied& applied) {
  std::map<Address, Tried> tried = round.memory.tried;
  for (const Outcome& outcome : applied.outcomes) {
    const auto is_it = [&](const Change* change) { return change->address == outcome.address; };
    const bool back = std::ranges::none_of(applied.lingering, is_it);
    if (outcome.kind == OutcomeKind::done && back) tried.erase(outcome.address);
  }
  for (const Change* change : applied.lingering) {
    const auto desired = applied.after.desired.find(change->address);
    const auto live = applied.after.live.find(change->address);
    const std::string what =
        try_of({.change = *change,
                .desired = desired == applied.after.desired.end() ? nullptr : &desired->second,
                .live = live == applied.after.live.end() ? nullptr : live->second,
                .extra = extra_of(change->address, round.infos),
                .secrets = round.secrets,
                .hash = round.hash});
    Tried& row = tried[change->address];
    if (row.what != what) row = {what, 0, now()};
    ++row.times;
  }
  std::map<Address, Tried> rows;
  std::vector<Address> gone;
  for (const auto& [address, row] : tried) {
    const auto before = round.memory.tried.find(address);
    if (before == round.memory.tried.end() || before->second != row) rows.emplace(address, row);
  }
  for (const auto& [address, row] : round.memory.tried) {
    if (!tried.contains(address)) gone.push_back(address);
  }
  if (rows.empty() && gone.empty()) return {};
  round.memory.tried = std::move(tried);
  return round.ledger->save_tried(rows, gone);
}

Status forget_tries(Round& round, const Planned& planned) {
  std::set<Address> open;
  for (const Change& change : planned.plan.changes) open.insert(change.address);
  std::vector<Address> gone;
  for (const auto& [address, row] : round.memory.tried) {
    const bool compared = selected(round.request.options, address) &&
                          !planned.plan.unknown.contains(scope_of(address));
    if (compared && !open.contains(address)) gone.push_back(address);
  }
  if (gone.empty()) return {};
  for (const Address& address : gone) round.memory.tried.erase(address);
  return round.ledger->save_tried({}, gone);
}

}  // namespace homeostat
