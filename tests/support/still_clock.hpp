// A clock for tests that wait.
#pragma once

#include <mutex>
#include <vector>

#include "providers/core/timing.hpp"

namespace homeostat::test {

// Waiting takes no time: it moves the clock. Chance is always a half.
class StillClock {
 public:
  [[nodiscard]] Timing timing() {
    Timing made;
    made.now = [this] {
      const std::lock_guard lock(mutex_);
      return now_;
    };
    made.wait = [this](std::chrono::milliseconds pause, const std::stop_token&) {
      if (pause.count() == 0) return;
      const std::lock_guard lock(mutex_);
      now_ += pause;
      pauses_.push_back(pause.count());
    };
    // Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110.
    made.date = [] { return std::chrono::sys_seconds(std::chrono::seconds(784111777)); };
    made.chance = [] { return 0.5; };
    return made;
  }
  [[nodiscard]] std::vector<long> pauses() {
    const std::lock_guard lock(mutex_);
    return pauses_;
  }

 private:
  std::mutex mutex_;
  std::chrono::steady_clock::time_point now_;  // guarded by mutex_
  std::vector<long> pauses_;                   // guarded by mutex_
};

}  // namespace homeostat::test
