// What waiting is made of, so that tests can bring their own.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <stop_token>

namespace homeostat {

struct Timing {
  std::function<std::chrono::steady_clock::time_point()> now = {};
  // Returns early when a stop is requested. Called from several threads.
  std::function<void(std::chrono::milliseconds, const std::stop_token&)> wait = {};
  std::function<std::chrono::sys_seconds()> date = {};  // the wall clock
  std::function<double()> chance = {};                  // evenly from [0, 1); for several threads
};
// `timing` with the real clock, and real chance, where a function of it is empty.
[[nodiscard]] Timing with_real_timing(Timing timing);

// How long to wait before the n-th repetition (from 0 on): anything up to a limit that doubles each
// time, so that many who failed together do not come back together.
[[nodiscard]] std::chrono::milliseconds backoff(const Timing& timing, int repetition);

// At most so many calls a second, evenly spaced. For several threads.
class Pace {
 public:
  explicit Pace(int per_second) : per_second_(per_second) {}  // 0: no limit
  // How long the next call has to wait; takes its turn.
  [[nodiscard]] std::chrono::milliseconds take_turn(std::chrono::steady_clock::time_point now);
  // No call before then.
  void hold(std::chrono::steady_clock::time_point until);

 private:
  const int per_second_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point next_;  // guarded by mutex_
};

}  // namespace homeostat
