// What a commit concerns: the scopes to look at again before it is planned. Pure.
#pragma once

#include <optional>
#include <set>

#include "reconciler/observe.hpp"

namespace homeostat {

// Nullopt: everything. So it is where what all resources stand on has moved (providers, networks,
// zones, secrets, policy), and where something new may be given an address, since that must be free
// in truth.
[[nodiscard]] std::optional<std::set<Scope>> concerned(const Spec& before, const Spec& after);

}  // namespace homeostat
