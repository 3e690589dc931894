// What the ledger should hold after a look at both sides. Pure.
#pragma once

#include "reconciler/plan.hpp"

namespace homeostat {

struct AgreementInput {
  const Planned& planned;
  const Spec& spec;
  const LedgerView& ledger;
  const std::map<std::string, const ProviderInfo*>& providers;
  const SecretValues& secrets;
  const SecretHash& hash;
  bool adopt = false;  // quiet adopts become ours
  Time now;
};

// Rows to save: every resource of ours that was compared. A field that is equal on both sides is
// agreed at this commit (one that was agreed with the same value keeps its commit and time); one
// that differs keeps what was agreed, and opens or keeps its drift; one that the spec no longer
// names is dropped.
[[nodiscard]] std::map<Address, Owned> agree(const AgreementInput& input);

// The row of a change that was made (no delete, no release), before anything is compared again.
// `before`: the row that it had, under the old address where it is a rename; null: none.
[[nodiscard]] Owned row_of_made(const Change& change, const std::string& native_id,
                                const Resource& desired, const Owned* before, const Spec& spec);

}  // namespace homeostat
