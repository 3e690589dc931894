// What `homeostat trust --yes` does, for tests that make rounds themselves.
#pragma once

#include "reconciler/reconcile.hpp"

namespace homeostat::test {

// Records trust in all that the request's spec connects to. Errors of the spec are left to look().
void trust_all(const Request& request);

}  // namespace homeostat::test
