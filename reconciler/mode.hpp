// Who may write by itself: `mode` of the site, of a provider, of a kind and of a resource. Pure.
#pragma once

#include "specs/load.hpp"

namespace homeostat {

// What is said nearest to the resource holds: for itself, else for its kind, else for its provider
// (in `providers:`, else in `policy:`), else for the site. It binds the loop; a hand may always
// apply.
[[nodiscard]] Mode mode_of(const Spec& spec, const Address& address);

}  // namespace homeostat
