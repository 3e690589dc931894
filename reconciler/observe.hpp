// All scopes of all providers, side by side -> what is live.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "providers/core/provider.hpp"

namespace homeostat {

struct ScopeState {
  std::optional<Error> unknown;  // why nothing is known of it; `resources` is empty then
  std::vector<LiveResource> resources;
  Time at = {};          // when it was looked at
  Errors warnings = {};  // Observation::warnings
};

struct Observed {
  std::map<Scope, ScopeState> scopes;
};

// Opened instances by name; an instance that could not be opened carries why instead.
using Providers = std::map<std::string, Result<std::unique_ptr<Provider>>>;

// The scopes that a spec has: every provider's own, and every zone on every provider of its `on`.
[[nodiscard]] std::set<Scope> scopes_of(const Spec& spec);

// Looks at `scopes`, each provider in lanes of its own. One that fails, or throws, or reads only in
// part, is `unknown` and harms no other. `now` is asked when a scope has been read.
[[nodiscard]] Observed observe(const Spec& spec, Providers& providers,
                               const std::set<Scope>& scopes, const std::function<Time()>& now,
                               std::stop_token stop);

}  // namespace homeostat
