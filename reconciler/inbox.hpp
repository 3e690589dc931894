// What the lanes of an execution come back with.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>

#include "reconciler/attempt.hpp"

namespace homeostat {

// Units that are written by one call, and what came of it.
struct Call {
  std::string provider;
  std::string zone;  // "": of no zone, or the provider takes no zone as a whole
  std::vector<std::size_t> units;
  std::vector<StepResults> results;  // of each unit one a write
};

// From several threads to one.
class Inbox {
 public:
  void put(Call finished) {
    {
      const std::lock_guard lock(mutex_);
      finished_.push_back(std::move(finished));
    }
    ready_.notify_one();
  }
  Call take() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return !finished_.empty(); });
    Call finished = std::move(finished_.front());
    finished_.pop_front();
    return finished;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Call> finished_;  // guarded by mutex_
};

}  // namespace homeostat
