// Configured instances -> opened providers.
#pragma once

#include <map>
#include <set>
#include <string>

#include "reconciler/ledger_view.hpp"
#include "reconciler/observe.hpp"
#include "reconciler/plan.hpp"

namespace homeostat {

// The type of each instance of the spec. The loader has checked that they exist.
[[nodiscard]] std::map<std::string, const ProviderInfo*> provider_infos(const Spec& spec);

// Names in the `${secret.x}` of resources and of provider settings.
[[nodiscard]] std::set<std::string> referenced_secrets(const Spec& spec);

// An instance whose settings cannot be filled in, or that its type refuses, carries why. A setting
// that refers to a resource's field ("http://${container.dns.ip}:5380") gets the value that holds
// on the live system, as far as it is known before looking: what was agreed last, else what the
// spec states, else the address that the network's rule gives.
[[nodiscard]] Providers open_providers(const Spec& spec, const LedgerView& ledger,
                                       const SecretValues& secrets, bool read_only);

}  // namespace homeostat
