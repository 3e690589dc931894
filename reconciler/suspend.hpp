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

// Puts the suspensions of a ledger into force. One that git has overtaken, or that says what git
// says by now, goes from the view and is returned; the others are told as warnings.
std::vector<Address> suspend(Spec& spec, LedgerView& ledger);

}  // namespace homeostat
