// Changes that were written again and again, and that the server does not show: they are not
// written any more until the spec or the live value moves. Pure.
#pragma once

#include "reconciler/plan.hpp"

namespace homeostat {

struct Planning;

inline constexpr int tries_until_stuck = 3;

struct TryInput {
  const Change& change;
  const Resource* desired;   // resolved; null for what goes
  const LiveResource* live;  // null: absent
  const ProviderKindSchema* extra;
  const SecretValues& secrets;
  const SecretHash& hash;
};
// What the change would write over what, as a keyed hash: equal for equal tries, and no secret.
[[nodiscard]] std::string try_of(const TryInput& input);

// A part of make_plan: holds what is stuck.
void hold_stuck(Planning& planning);

}  // namespace homeostat
