// The order of a plan's changes. Pure.
#pragma once

#include "reconciler/live_index.hpp"
#include "reconciler/resolve.hpp"

namespace homeostat {

// Sets `needs` and `group`, orders `plan.changes` (creates after what they need, deletes in
// reverse, what is released before what takes it, ties by address), parks one member of a circle of
// takes on a spare value, or holds the whole circle and names it.
void order_changes(Plan& plan, const Resolved& resolved, const LiveIndex& live,
                   const PlanInput& input);

}  // namespace homeostat
