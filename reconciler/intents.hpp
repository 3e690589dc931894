// Writes that were cut off, and what became of them: told by looking at the live system, so that
// none is repeated and none forgotten. Pure.
#pragma once

#include "reconciler/execute.hpp"

namespace homeostat {

struct IntentContext {
  const Spec& spec;
  const Desired& desired;                                       // as planned
  const std::map<Address, const LiveResource*>& live;           // as planned
  const std::map<std::string, const ProviderInfo*>& providers;  // by instance
  const SecretHash& hash;
  Time now;
};
// What is to be remembered of a change before it is written. `old`: the row that there is, of a
// rename under its old address; may be null. Its row's `marked` says whether the thing carries our
// mark now.
[[nodiscard]] Intent intent_of(const Intended& intended, const Owned* old,
                               const IntentContext& context);

struct SettleInput {
  const Spec& spec;
  const Observed& observed;
  const LedgerView& ledger;
  const std::map<std::string, const ProviderInfo*>& providers;  // by instance
  const SecretHash& hash;
};
[[nodiscard]] Settled settle_intents(const SettleInput& input);
// The same in a view: rows and intents as they should be.
void take_in(LedgerView& view, const Settled& settled);

}  // namespace homeostat
