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

Herald::Herald(std::optional<ForgeSettings> settings, std::string label, PlanOf plan_of)
    : label_(std::move(label)), plan_of_(std::move(plan_of)) {
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

void Herald::status(ForgeStatus status) {
  add({"commit " + status.commit, [status](Forge& forge, const std::stop_token& stop) {
         return forge.set_status(status, stop);
       }});
}

void Herald::pull_request(const PullRequest& pull_request) {
  if (pull_request.from_fork) {
    spdlog::info("{}: pull request {} comes from a fork: no plan, no comment", label_,
                 pull_request.number);
    return;
  }
  add({fmt::format("pull request {}", pull_request.number),
       [this, pull_request](Forge& forge, const std::stop_token& stop) -> Status {
         const auto plan = plan_of_(pull_request.head, stop);
         const std::string text =
             plan ? *plan : "### Homeostat: no plan\n\n    " + error_words(plan.error()) + "\n";
         return forge.comment(pull_request.number, text, stop);
       }});
}

void Herald::add(Task task) {
  if (!forge_) return;
  const std::lock_guard lock(mutex_);
  std::erase_if(tasks_, [&task](const Task& old) { return old.about == task.about; });
  tasks_.push_back(std::move(task));
  changed_.notify_all();
}

bool Herald::is_old(const Task& task) {
  const std::lock_guard lock(mutex_);
  return std::ranges::find(tasks_, task.about, &Task::about) != tasks_.end();
}

void Herald::run(Forge& forge, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this] { return !tasks_.empty(); });
    if (stop.stop_requested()) return;
    const Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    carry(forge, task, stop);
  }
}

void Herald::carry(Forge& forge, const Task& task, const std::stop_token& stop) {
  std::chrono::seconds pause = first_pause;
  for (int i = 0; i < tries && !stop.stop_requested() && !is_old(task); ++i, pause *= 2) {
    const Status said = task.job(forge, stop);
    if (said) return;
    const bool passes =
        said.error().kind == ErrorKind::transient || said.error().kind == ErrorKind::conflict;
    if (!passes || i + 1 == tries) {
      spdlog::error("{}: the forge, about {}: {}", label_, task.about, error_words(said.error()));
      return;
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, pause, [] { return false; });
  }
}

}  // namespace homeostat
