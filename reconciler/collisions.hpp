// One thing held by two, where the loader could not see it: it stood in references. Pure.
#pragma once

#include <string>
#include <vector>

#include "reconciler/resolve.hpp"

namespace homeostat {

// What a resource holds with the second attributes, and not with the first; sorted.
[[nodiscard]] std::vector<std::string> new_tokens(const Address& address, const Attributes& before,
                                                  const Attributes& after, const Zones& zones);

// Adds to `errors`, with both places: two of `desired` that hold what must be one's own.
void check_filled(Resolved& resolved, const ResolveInput& input);

}  // namespace homeostat
