// What binds a plan that nobody looks at before it is carried out: modes, windows, suspensions, the
// time that drift is given, and approvals. A hand that applies is bound by none of it. Pure.
#pragma once

#include "reconciler/loop_memory.hpp"
#include "reconciler/plan.hpp"
#include "reconciler/windows.hpp"

namespace homeostat {

struct LoopRules {
  std::vector<ManualHold> suspended;  // by `homeostat suspend`
  LocalTimeOf local_time;             // of a window's time zone
  bool approved = false;              // somebody has agreed to exactly what is planned
};

// Holds what may not be done now, or not by itself, and says until when or how it may. Quiet adopts
// too: looking makes nothing ours. What depends on a held change is the guard's to hold.
void hold_by_rules(Plan& plan, const PlanInput& input, const LoopRules& rules);

// Held by a rule of these, not by a danger: it waits for a time or for somebody.
[[nodiscard]] bool waits(HoldCode code);

}  // namespace homeostat
