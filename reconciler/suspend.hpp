// Undone runs: for what they changed, the values before stand in for what git says, until git
// changes it. What is derived is never kept by itself: it follows (undone.hpp). Pure.
#pragma once

#include "reconciler/ledger.hpp"
#include "reconciler/plan.hpp"
#include "specs/load.hpp"

namespace homeostat {

// What a run changed, the other way round.
struct Undo {
  std::map<Address, Suspension> suspensions;
  std::vector<std::string> left;  // what cannot be undone, and why; a line each
};
[[nodiscard]] Undo undo_of(const RunHistory& history, const Spec& spec);

// Two undone runs of one resource: what the earlier one gave back stays so where the later one says
// nothing, as long as git says the same.
[[nodiscard]] Suspension merged(const Suspension& kept, const Suspension& added);

// Puts the suspensions of a ledger into force. One that git has overtaken, or that says what git
// says by now, goes from the view and is returned; the others are told as warnings.
std::vector<Address> suspend(Spec& spec, LedgerView& ledger);

}  // namespace homeostat
