#include "providers/core/timing.hpp"

#include <algorithm>
#include <condition_variable>
#include <random>

namespace homeostat {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_limit{500};
constexpr milliseconds longest_limit = std::chrono::seconds(30);

void really_wait(milliseconds pause, const std::stop_token& stop) {
  if (pause.count() <= 0) return;
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, pause, [] { return false; });
}

double real_chance() {
  std::random_device device;
  return std::uniform_real_distribution<double>(0, 1)(device);
}

}  // namespace

Timing with_real_timing(Timing timing) {
  if (!timing.now) timing.now = [] { return std::chrono::steady_clock::now(); };
  if (!timing.wait) timing.wait = really_wait;
  if (!timing.date) {
    timing.date = [] {
      return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    };
  }
  if (!timing.chance) timing.chance = real_chance;
  return timing;
}

milliseconds backoff(const Timing& timing, int repetition) {
  const milliseconds limit = std::min(first_limit * (1 << std::min(repetition, 10)), longest_limit);
  return milliseconds(
      static_cast<milliseconds::rep>(static_cast<double>(limit.count()) * timing.chance()));
}

milliseconds Pace::take_turn(std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto mine = std::max(now, next_);
  if (per_second_ > 0) {
    next_ = mine + std::chrono::nanoseconds(std::chrono::seconds(1)) / per_second_;
  }
  return std::chrono::ceil<milliseconds>(mine - now);
}

void Pace::hold(std::chrono::steady_clock::time_point until) {
  const std::lock_guard lock(mutex_);
  next_ = std::max(next_, until);
}

}  // namespace homeostat
