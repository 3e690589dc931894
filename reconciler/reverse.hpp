// PTR records of the A and AAAA records in zones with `reverse: true`. Pure.
#pragma once

#include "reconciler/resolve.hpp"

namespace homeostat {

// Adds to `resolved.desired` and `reverse_of`. One address has one name: that of the service whose
// container it is, else the first; what the spec itself says of it wins. While an address is not
// known, a PTR of ours that leads to its name stays as it is.
void add_reverse_records(Resolved& resolved, const ResolveInput& input);

}  // namespace homeostat
