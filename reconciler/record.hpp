// What a run leaves in the ledger, write by write. At once, not at the end of the run: a process
// that dies in between must not forget what it made.
#pragma once

#include "reconciler/reconcile.hpp"

namespace homeostat {

// Before they are written together. An error: they must not be written.
[[nodiscard]] Status record_intents(Round& round, std::int64_t run,
                                    std::span<const Intended> intended);
// Ours from now on, or no longer; and the change itself, for `history`.
[[nodiscard]] Status record_outcome(Round& round, std::int64_t run, const Change& change,
                                    const Outcome& outcome);

}  // namespace homeostat
