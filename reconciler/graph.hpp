// The order of a plan's changes. Pure.
#pragma once

#include "reconciler/live_index.hpp"
#include "reconciler/resolve.hpp"

namespace homeostat {

// Sets `needs` and `group`, orders `plan.changes` (creates after what they need, deletes in
// reverse, what is released before what takes it, ties by address), parks one member of a circle of
// takes on a spare value, or holds the whole circle and names it. Wants `fields` of the changes.
//
// `needs` are edges to other changes of the plan, sorted. A change waits until they are done, with
// one exception: where the other one has `park` and `park->frees` names this change, the other's
// park step is enough. The park step (an update of `park->path` to `park->value`) is the first
// write of its change and waits for nothing; the change itself follows when its own needs are done.
// So `needs` may hold a circle through a parked change, and through no other.
//
// Members of one `group` stand next to each other, deletes first; together they wait for the needs
// of all of them (less those inside the group).
void order_changes(Plan& plan, const Resolved& resolved, const LiveIndex& live,
                   const PlanInput& input);

}  // namespace homeostat
