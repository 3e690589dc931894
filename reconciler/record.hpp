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
// Looks up what became of writes whose end nobody knows. `own_run`: the caller's, which has written
// and looks; 0: it has none yet.
[[nodiscard]] Status settle(Round& round, std::int64_t own_run);
// What was written and does not read back is not done.
[[nodiscard]] Status record_late(Round& round, std::int64_t run, const Applied& applied);

}  // namespace homeostat
