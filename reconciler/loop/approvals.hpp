// What waits for somebody's word: changes that the guard holds back and a person may let through,
// and all of them where the policy says `approve: always`. What is approved is one plan, exactly.
#pragma once

#include <optional>
#include <string>

#include "reconciler/loop_memory.hpp"
#include "reconciler/saved_plan.hpp"

namespace homeostat {

// The changes of this round that wait for nothing but a word, as the plan that they would be.
// Nullopt: there are none.
[[nodiscard]] std::optional<SavedPlan> to_be_approved(Round& round);

// The question that the ledger keeps. Its digest is over what would be written and over all that it
// stands on, so that it is another one as soon as any of that has moved.
[[nodiscard]] Approval question_of(const SavedPlan& plan, const SecretHash& hash);

}  // namespace homeostat
