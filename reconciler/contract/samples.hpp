// The things that the contract is played with.
#pragma once

#include <set>

#include "reconciler/contract/contract.hpp"

namespace homeostat::contract {

// The name of everything that is made begins so, and so is it found again.
inline constexpr std::string_view sample_prefix = "homeostat-check-";

// Of one kind. The first field of each is one whose values are written on one line.
[[nodiscard]] std::vector<Sample> samples_of(const std::string& kind);

// What samples of these kinds refer to, in YAML. `secret`: where the values of secrets come from,
// as in `secrets:`.
[[nodiscard]] std::string sample_head(const std::set<std::string>& kinds,
                                      const std::string& secret);

// The same thing by another key, where the address is no part of what the server knows: a zone's,
// which `head` declares as `lab`, or its own.
[[nodiscard]] Sample renamed(const Sample& sample, std::string& head);

}  // namespace homeostat::contract
