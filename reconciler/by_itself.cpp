#include "reconciler/by_itself.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/mode.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

// Since when it is known that the live system moved. `now` where this is the first look.
Time since(const Change& change, Time now) {
  std::optional<Time> first = change.since;
  for (const FieldDiff& diff : change.fields) {
    if (diff.since && (!first || *diff.since < *first)) first = diff.since;
  }
  return first.value_or(now);
}

class Rules {
 public:
  Rules(const PlanInput& input, const LoopRules& rules) : input_(input), rules_(rules) {}

  [[nodiscard]] std::optional<Hold> hold_of(const Change& change) const {
    const Policy& policy = input_.spec.policy;
    if (mode_of(input_.spec, change.address) == Mode::report) {
      return Hold{HoldCode::report_mode,
                  "its mode is report: apply it by hand, or set mode: enforce"};
    }
    for (const ManualHold& held : rules_.suspended) {
      if (!address_matches(change.address, held.glob)) continue;
      return Hold{HoldCode::suspended,
                  fmt::format("suspended by {}: {}; `homeostat resume` lets it go on",
                              held.by.empty() ? "somebody" : held.by, held.reason)};
    }
    if (change.cause == Cause::drift && policy.heal_after > std::chrono::seconds(0)) {
      const Time when = since(change, input_.now) + policy.heal_after;
      if (input_.now < when) {
        return Hold{HoldCode::healing, "drift is repaired at " + utc_time(when), when};
      }
    }
    if (!may_change_now(policy, change.address, input_.now, rules_.local_time)) {
      const auto opens = opens_at(policy, change.address, input_.now, rules_.local_time);
      return Hold{HoldCode::window,
                  opens ? "waits for its window, which opens at " + utc_time(*opens)
                        : std::string("waits for its window, which never opens"),
                  opens};
    }
    if (policy.approve == Approve::always && !rules_.approved && !change.quiet) {
      return Hold{HoldCode::approval, "waits for `homeostat approve`"};
    }
    return std::nullopt;
  }

 private:
  const PlanInput& input_;
  const LoopRules& rules_;
};

}  // namespace

void hold_by_rules(Plan& plan, const PlanInput& input, const LoopRules& rules) {
  const Rules all(input, rules);
  for (Change& change : plan.changes) {
    if (!change.hold) change.hold = all.hold_of(change);
  }
}

bool waits(HoldCode code) {
  return code == HoldCode::report_mode || code == HoldCode::suspended ||
         code == HoldCode::healing || code == HoldCode::window || code == HoldCode::approval;
}

}  // namespace homeostat
