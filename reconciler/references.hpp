// References: `${container.x.ip}` -> the value, from desired, live or ledger. Pure.
#pragma once

#include "reconciler/resolve.hpp"

namespace homeostat {

// Fills the references of `resolved.desired`, in the order in which they need each other. Adds to
// `pending`, `held` and `errors`.
void fill_references(Resolved& resolved, const ResolveInput& input);

}  // namespace homeostat
