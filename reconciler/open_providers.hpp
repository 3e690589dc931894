// Configured instances -> opened providers.
#pragma once

#include <map>
#include <set>
#include <string>

#include "reconciler/ledger_view.hpp"
#include "reconciler/observe.hpp"
#include "reconciler/plan.hpp"
#include "reconciler/trust.hpp"

namespace homeostat {

// The type of each instance of the spec. The loader has checked that they exist.
[[nodiscard]] std::map<std::string, const ProviderInfo*> provider_infos(const Spec& spec);

// The secrets of what takes effect: of the resources on instances that are not refused, and with
// `settings` of what those instances are opened with. No other one is read; a refused one carries
// why.
[[nodiscard]] SecretValues read_secrets(const Spec& spec, const Verdict& verdict, bool settings,
                                        const std::stop_token& stop);

// Likewise those of the notifiers that are not refused: for the loop, as nobody else tells anybody.
[[nodiscard]] SecretValues read_notifier_secrets(const Spec& spec, const Verdict& verdict,
                                                 const std::stop_token& stop);

struct OpenInput {
  const Spec& spec;  // as judge() left it
  const LedgerView& ledger;
  const SecretValues& secrets;
  const Verdict& verdict;
  bool read_only = true;
  Timing timing = {};  // what providers wait by; empty functions: the real clock
};
// An instance that is refused, whose settings cannot be filled in, or that its type does not take,
// carries why. A setting that refers to a resource's field ("http://${container.dns.ip}:5380") gets
// the value that holds on the live system, as far as it is known before looking: what was agreed
// last, else what it was when the connection was trusted; only where that needs no trust, what the
// spec says. What providers say later on is cleaned of `secrets`.
[[nodiscard]] Providers open_providers(const OpenInput& input);
// Whether what some provider is opened with is asked of the ledger: a setting refers to a resource.
[[nodiscard]] bool needs_memory(const Spec& spec);

// What a notifier of the spec is opened with: its settings, with references and secrets filled in
// as those of a provider are; so they hold secrets. An error where it is refused, or where
// something that they need is not known.
[[nodiscard]] Result<Attributes> notifier_settings(const OpenInput& input,
                                                   const NotifierConfig& config);

// What calls were made, by instance; of those that count them.
[[nodiscard]] std::map<std::string, std::string> traffic(const Providers& providers);
// Adds their numbers to those of others before them.
void add_calls(const Providers& providers, std::map<std::string, CallCounts>& sum);

}  // namespace homeostat
