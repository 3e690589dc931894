// One unit of a plan at work: what is written for it, and what came of that.
#pragma once

#include "reconciler/execute.hpp"
#include "reconciler/writes.hpp"

namespace homeostat {

struct Job {
  std::vector<Write> writes;                 // of all its changes, in order
  std::vector<std::size_t> writer;           // by write: the change that it belongs to
  std::map<std::size_t, Attributes> wanted;  // by change: what should be there afterwards
  std::map<std::size_t, Attributes> filled;  // by change: the same with secrets; empty: it goes
};

struct JobInput {
  const ExecuteInput& execute;
  const std::map<Address, Attributes>& known;  // what was written before, as the servers answered
  Provider& provider;
};

enum class Phase : std::uint8_t { park, whole, after_park };

// Adds the writes of one change, by its index in the plan. Error: a value that is missing, or that
// is not fit to be written.
[[nodiscard]] Status add_writes(Job& job, const JobInput& input, std::size_t change, Phase phase);

// What the answers (one a write) mean for one change. A write that was not attempted since another
// one of the job failed makes it `skipped`.
[[nodiscard]] Outcome outcome_of(const Job& job, const ExecuteInput& input, std::size_t change,
                                 const std::vector<Result<StepResult>>& results);

// An outcome without more to say than why.
[[nodiscard]] Outcome ended(OutcomeKind kind, Error why);

[[nodiscard]] const LiveResource* live_of(const Planned& planned, const Address& address);
// "needs container/x, which failed"
[[nodiscard]] Error needs_error(const Change& needed, std::string_view what);

}  // namespace homeostat
