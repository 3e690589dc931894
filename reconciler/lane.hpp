// Bounded threads for one provider instance: a hung endpoint can starve only itself, and no more
// calls are in flight than there are threads.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace homeostat {

class Lane {
 public:
  using Job = std::function<void()>;  // must not throw

  explicit Lane(std::size_t threads) {
    const std::size_t wanted = std::max<std::size_t>(threads, 1);
    while (threads_.size() < wanted) {
      threads_.emplace_back([this](const std::stop_token& closing) { work(closing); });
    }
  }
  // Every accepted job runs, once; then the threads end.
  ~Lane() {
    for (std::jthread& thread : threads_) thread.request_stop();
  }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  Lane(Lane&&) = delete;
  Lane& operator=(Lane&&) = delete;

  [[nodiscard]] std::size_t threads() const { return threads_.size(); }

  void submit(Job job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    ready_.notify_one();
  }

 private:
  void work(const std::stop_token& closing) {
    while (true) {
      Job job;
      {
        std::unique_lock lock(mutex_);
        // False only when closing and drained.
        if (!ready_.wait(lock, closing, [this] { return !jobs_.empty(); })) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      job();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<Job> jobs_;               // guarded by mutex_
  std::vector<std::jthread> threads_;  // last member: joins before the rest dies
};

}  // namespace homeostat
