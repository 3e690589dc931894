// Open values -> values: `ip: auto`, references, reverse records. Pure.
#pragma once

#include "reconciler/live_index.hpp"

namespace homeostat {

// What an earlier plan from the same input shows, and what its values must reckon with.
struct Foreseen {
  // Made, or made anew: what only the live system says of them is not known before.
  std::set<Address> remade;
  // Deleted, or made anew without an address of their own: they let go of what they have.
  std::set<const LiveResource*> leaving;
};

struct Resolved {
  Desired desired;  // PTR records added; open values filled (secrets: as written, still in `open`)
  std::map<Address, std::vector<Pending>> pending;
  std::map<Address, Hold> held;  // cannot be known at all now: the target's scope is unknown, ...
  // PTR -> the A or AAAA record that it was made from.
  std::map<Address, Address> reverse_of;
  // Whose live values stand where the spec is silent: references read them.
  std::set<Address> read_live;
  // Who has an address that a rule gives to somebody else.
  std::set<const LiveResource*> in_the_way;
  Errors errors;  // with places: these stop the run
  Errors warnings;
};

struct ResolveInput {
  const Spec& spec;
  const Observed& observed;
  const LedgerView& ledger;
  const LiveIndex& live;
  const std::map<std::string, const ProviderInfo*>& providers;  // by instance
  // Provider::canonical; may be empty.
  const std::function<Attributes(const Address&, Attributes)>& canonical;
  Foreseen foreseen = {};
};
// `desired`: a copy of the spec's.
[[nodiscard]] Resolved resolve(const ResolveInput& input, Desired desired);

// At apply: fills what is pending from `known` (attributes by address, as the servers answered),
// and checks it as at plan time; what was filled leaves `resource.open`, unless secrets are left in
// it. The error says which value did not pass. Provider::canonical is the caller's.
struct BindInput {
  const std::map<Address, Attributes>& known;
  const Spec& spec;
  const ProviderKindSchema* extra;  // may be null
};
[[nodiscard]] Status bind(Resource& resource, const std::vector<Pending>& pending,
                          const BindInput& input);

// A value that a secret could not be put into.
struct SecretFailure {
  std::string pointer;
  std::string secret;  // the first of the value's
  Error error;         // never shows the value
};
// The attributes with those secrets filled in that are there, and that fit; the others are told.
[[nodiscard]] Attributes fill_known_secrets(const Resource& resource, const SecretValues& secrets,
                                            const ProviderKindSchema* extra,
                                            std::vector<SecretFailure>& failures);

// The attributes with secrets filled in, for comparing with live values and for writing; what is
// pending stays as written. `extra` may be null. Error: the first secret that is not available, or
// that does not fit its field; never its value.
[[nodiscard]] Result<Attributes> fill_secrets(const Resource& resource, const SecretValues& secrets,
                                              const ProviderKindSchema* extra);

}  // namespace homeostat
