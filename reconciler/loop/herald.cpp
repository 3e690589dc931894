#include "reconciler/loop/herald.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

using namespace std::chrono_literals;

constexpr int tries = 6;
constexpr std::chrono::seconds first_pause =
    5s;  // doubled each time: a commit may not be there yet

}  // namespace

Herald::Herald(std::optional<ForgeSettings> settings, std::string label, Look at_pulls)
    : label_(std::move(label)), at_pulls_(std::move(at_pulls)) {
  if (!settings) return;
  auto forge = Forge::open(*settings);
  if (!forge) {
    spdlog::error("{}: the forge: {}", label_, error_words(forge.error()));
    return;
  }
  forge_.emplace(std::move(*forge));
  thread_ = std::jthread([this](const std::stop_token& stop) { run(*forge_, stop); });
}

Herald::~Herald() = default;

void Herald::status(const ForgeStatus& status) {
  add({.about = "commit " + status.commit,
       .job = [status](Forge& forge, const std::stop_token& stop) {
         return forge.set_status(status, stop);
       }});
}

void Herald::pull_requests() { add({.about = "pull requests", .job = at_pulls_}); }

void Herald::add(Task task) {
  if (!forge_) return;
  const std::lock_guard lock(mutex_);
  std::erase_if(tasks_, [&task](const Task& old) { return old.about == task.about; });
  tasks_.push_back(std::move(task));
  added_ = true;
  changed_.notify_all();
}

// What cannot be said yet keeps nothing else waiting.
void Herald::run(Forge& forge, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    added_ = false;
    const auto next = std::ranges::min_element(tasks_, {}, &Task::not_before);
    const auto wanted = [this] { return added_; };
    if (next == tasks_.end()) {
      changed_.wait(lock, stop, wanted);
    } else if (const auto due = next->not_before; due > Clock::now()) {
      changed_.wait_until(lock, stop, due, wanted);
    } else {
      Task task = std::move(*next);
      tasks_.erase(next);
      lock.unlock();
      const Status said = task.job(forge, stop);
      lock.lock();
      if (!said && !stop.stop_requested()) put_off(std::move(task), said.error());
    }
  }
}

// Until it is said, refused for good, or there is something newer about it.
void Herald::put_off(Task task, const Error& error) {
  const bool passes = error.kind == ErrorKind::transient || error.kind == ErrorKind::conflict;
  if (!passes || ++task.tried == tries) {
    spdlog::error("{}: the forge, about {}: {}", label_, task.about, error_words(error));
    return;
  }
  if (std::ranges::find(tasks_, task.about, &Task::about) != tasks_.end()) return;
  task.not_before = Clock::now() + first_pause * (1 << (task.tried - 1));
  tasks_.push_back(std::move(task));
}

}  // namespace homeostat
