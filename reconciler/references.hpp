// References: `${container.x.ip}` -> the value, from desired, live or ledger. Pure.
#pragma once

#include "reconciler/resolve.hpp"

namespace homeostat {

// Fills the references of `resolved.desired`, in the order in which they need each other. Adds to
// `pending`, `held` and `errors`.
void fill_references(Resolved& resolved, const ResolveInput& input);

using ProviderInfos = std::map<std::string, const ProviderInfo*>;  // by instance
// What the provider of this address adds to the kind; nullptr where it adds nothing.
[[nodiscard]] const ProviderKindSchema* extra_of(const Address& address,
                                                 const ProviderInfos& providers);

// Why a scope is not known, or nullptr where it is. One that nobody looked at is not known.
[[nodiscard]] const Error* unknown_because(const Observed& observed, const Scope& scope);

// The first line of the field's value, else of the resource.
[[nodiscard]] SourceRef place_of(const Resource& resource, const FieldPath& path, const Spec& spec);

}  // namespace homeostat
