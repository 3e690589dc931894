// Undone runs: for what they changed, the values before stand in for what git says, until git
// changes it. Pure.
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

// Puts the suspensions of a ledger into force. One that git has overtaken goes from the view;
// the others are told as warnings.
void suspend(Spec& spec, LedgerView& ledger);

// What git seems to have caused, and what comes of an undone run in truth, says so: the cause is
// `undo` (`both` stays), and the provenance names the run.
void say_undone(Plan& plan, const LedgerView& ledger);

}  // namespace homeostat
