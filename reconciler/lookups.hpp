// Finding one thing in the values that planning and applying are given. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reconciler/ledger_view.hpp"
#include "reconciler/observe.hpp"

namespace homeostat {

using ProviderInfos = std::map<std::string, const ProviderInfo*>;  // by instance

// What a provider adds to a kind; nullptr where it adds nothing.
[[nodiscard]] const ProviderKindSchema* extra_of(const ProviderInfo& provider,
                                                 const std::string& kind);
[[nodiscard]] const ProviderKindSchema* extra_of(const Address& address,
                                                 const ProviderInfos& providers);

// Why a scope is not known, or nullptr where it is. One that nobody looked at is not known.
[[nodiscard]] const Error* unknown_because(const Observed& observed, const Scope& scope);

// The ledger's row, and what it says of a field; nullptr where there is none.
[[nodiscard]] const Owned* row_of(const LedgerView& ledger, const Address& address);
[[nodiscard]] const Agreed* agreed_at(const Owned* row, const FieldPath& path);

// What a thing with these attributes holds, sorted; nothing where they are null.
[[nodiscard]] std::vector<std::string> tokens_of(const Address& address,
                                                 const Attributes& attributes, const Zones& zones);

// "ip:10.5.0.110" -> "10.5.0.110"; "vmid@pve:110" -> "vmid 110"; "port@dock:80/tcp" -> "port
// 80/tcp".
[[nodiscard]] std::string claimed_thing(const std::string& token);

// The first line of the field's value, else of the resource.
[[nodiscard]] SourceRef place_of(const Resource& resource, const FieldPath& path, const Spec& spec);

// One thing on two providers, or on its way from one to the other.
[[nodiscard]] bool same_but_provider(const Address& a, const Address& b);

}  // namespace homeostat
