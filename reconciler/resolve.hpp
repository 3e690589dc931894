// Open values -> values: `ip: auto`, references, reverse records. Pure.
#pragma once

#include "reconciler/live_index.hpp"

namespace homeostat {

struct Resolved {
  Desired desired;  // PTR records added; open values filled (secrets: as written, still in `open`)
  std::map<Address, std::vector<Pending>> pending;
  std::map<Address, Hold> held;  // cannot be known at all now: the target's scope is unknown, ...
  Errors errors;                 // with places: these stop the run
  Errors warnings;
};

struct ResolveInput {
  const Spec& spec;
  const Observed& observed;
  const LedgerView& ledger;
  const LiveIndex& live;
  // Provider::canonical; may be empty.
  const std::function<Attributes(const Address&, Attributes)>& canonical;
};
[[nodiscard]] Resolved resolve(const ResolveInput& input);

// At apply: fills what is pending from `known` (attributes by address, as the servers answered),
// and checks it as at plan time. The error says which value did not pass.
[[nodiscard]] Status bind(Resource& resource, const std::vector<Pending>& pending,
                          const std::map<Address, Attributes>& known);

// The attributes with secrets filled in, for comparing with live values and for writing. Error: the
// first secret that is not available.
[[nodiscard]] Result<Attributes> fill_secrets(const Resource& resource,
                                              const SecretValues& secrets);

}  // namespace homeostat
