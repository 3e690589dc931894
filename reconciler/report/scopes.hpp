// What was looked at, in words: "pve ok", "kuma, dns/lab UNKNOWN: no answer in 10 s".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconciler/plan.hpp"

namespace homeostat {

struct ScopeWords {
  std::vector<std::string> seen;     // one a provider: "pve ok", "dns partly ok"
  std::vector<std::string> unknown;  // one a reason
};
// With `now`, what was seen more than an hour before says how old it is.
[[nodiscard]] ScopeWords describe_scopes(const std::vector<ScopeSummary>& scopes,
                                         std::optional<Time> now = std::nullopt);

// There are scopes, and none could be observed.
[[nodiscard]] bool nothing_seen(const std::vector<ScopeSummary>& scopes);

}  // namespace homeostat
