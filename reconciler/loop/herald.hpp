// Tells the forge how it went: the status of a commit, and the plans on pull requests. On a thread
// of its own: a forge that is slow or away holds up nothing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "reconciler/forge/forge.hpp"

namespace homeostat {

class Herald {
 public:
  using Look = std::function<Status(Forge&, const std::stop_token&)>;

  // Without settings it says nothing to anybody. `at_pulls` looks at all pull requests.
  Herald(std::optional<ForgeSettings> settings, std::string label, Look at_pulls);
  ~Herald();
  Herald(const Herald&) = delete;
  Herald& operator=(const Herald&) = delete;

  // What was not yet said of the same commit is not said any more.
  void status(const ForgeStatus& status);
  void pull_requests();

 private:
  using Clock = std::chrono::steady_clock;
  struct Task {
    std::string about;  // a newer one about the same stands for it
    Look job;
    int tried = 0;
    Clock::time_point not_before = Clock::time_point::min();
  };
  void add(Task task);
  void run(Forge& forge, const std::stop_token& stop);
  void put_off(Task task, const Error& error);  // the caller holds mutex_

  const std::string label_;
  const Look at_pulls_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Task> tasks_;  // guarded by mutex_
  bool added_ = false;      // guarded by mutex_
  std::optional<Forge> forge_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace homeostat
