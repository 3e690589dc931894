// Calls of Provider::apply as they must be made: paced, retried where that can help, and never with
// an exception coming out.
#pragma once

#include <mutex>

#include "reconciler/execute.hpp"
#include "reconciler/writes.hpp"

namespace homeostat {

[[nodiscard]] Timing real_timing();

// At most so many calls a second, evenly spaced. For several threads.
class Pace {
 public:
  explicit Pace(int per_second) : per_second_(per_second) {}  // 0: no limit
  // How long the next call has to wait; takes its turn.
  [[nodiscard]] std::chrono::milliseconds take_turn(std::chrono::steady_clock::time_point now);

 private:
  const int per_second_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point next_;  // guarded by mutex_
};

struct Attempt {
  Provider& provider;
  Pace& pace;
  const Timing& timing;
  std::stop_token stop;    // no further attempts, and no call that has not begun
  std::stop_token cancel;  // for the provider
};

// One result a write, in order. As one call where `batch` says so, else one after the other; after
// a failure the rest is not attempted (ErrorKind::cancelled).
[[nodiscard]] std::vector<Result<StepResult>> attempt_writes(const Attempt& attempt,
                                                             const std::vector<Write>& writes,
                                                             bool batch);

// For calls of a provider outside of its lane: what it throws is an error.
[[nodiscard]] Status guarded(const std::function<Status()>& call);

}  // namespace homeostat
