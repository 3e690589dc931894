// A pure filter over a plan: holds back what would destroy too much, or what nobody agreed to.
#pragma once

#include "reconciler/plan.hpp"

namespace homeostat {

// Fills `hold` of changes, `stops` and the scopes' `going` and `limit`. Changes that need a held
// one are held too. A swap (release + take of the same thing by two resources) counts as one.
void guard(Plan& plan, const PlanInput& input);

// How many may go in a scope of `owned` resources: min(max_deletes, share), but at least 1 where
// the share alone would forbid a single one.
[[nodiscard]] std::size_t delete_limit(const Policy& policy, std::size_t owned);

}  // namespace homeostat
