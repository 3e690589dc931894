// Calls of Provider::apply as they must be made: paced, retried where that can help, and never with
// an exception coming out.
#pragma once

#include "reconciler/execute.hpp"
#include "reconciler/writes.hpp"

namespace homeostat {

struct Attempt {
  Provider& provider;
  Pace& pace;
  const Timing& timing;
  std::stop_token stop;    // no further attempts, and no call that has not begun
  std::stop_token cancel;  // for the provider
};

using StepResults = std::vector<Result<StepResult>>;

// One result a write, in order. As one call where `batch` says so, else one after the other; after
// a failure the rest is not attempted (ErrorKind::cancelled).
[[nodiscard]] StepResults attempt_writes(const Attempt& attempt, const std::vector<Write>& writes,
                                         bool batch);
// The writes of several units as one call; each unit fails, and is tried again, for itself.
[[nodiscard]] std::vector<StepResults> attempt_units(
    const Attempt& attempt, const std::vector<const std::vector<Write>*>& units);

// For calls of a provider outside of its lane: what it throws is an error.
[[nodiscard]] Status guarded(const std::function<Status()>& call);

}  // namespace homeostat
