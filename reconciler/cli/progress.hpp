// Long work shows itself: a live line for each running change on a terminal, else a line a change.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "reconciler/execute.hpp"

namespace homeostat::cli {

class ProgressLines {
 public:
  // `terminal`: standard error is one. `total`: how many changes will run.
  ProgressLines(bool terminal, std::size_t total);
  ~ProgressLines();
  ProgressLines(const ProgressLines&) = delete;
  ProgressLines& operator=(const ProgressLines&) = delete;

  void on_progress(Progress progress, const Change& change, const Outcome* outcome);

 private:
  void draw();   // with mutex_ held
  void erase();  // likewise

  const bool terminal_;
  const std::size_t total_;
  std::mutex mutex_;
  std::map<std::string, std::chrono::steady_clock::time_point> running_;  // guarded by mutex_
  std::size_t finished_ = 0;                                              // guarded by mutex_
  std::size_t drawn_lines_ = 0;                                           // guarded by mutex_
  std::jthread ticker_;  // last member: joins before the rest dies
};

}  // namespace homeostat::cli
