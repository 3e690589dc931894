// Tells the forge how it went: the status of a commit, and the plan on a pull request. On a thread
// of its own: a forge that is slow or away holds up nothing.
#pragma once

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
  // The plan of a revision, as Markdown.
  using PlanOf = std::function<Result<std::string>(const std::string&, const std::stop_token&)>;

  // Without settings it says nothing to anybody.
  Herald(std::optional<ForgeSettings> settings, std::string label, PlanOf plan_of);
  ~Herald();
  Herald(const Herald&) = delete;
  Herald& operator=(const Herald&) = delete;

  // What was not yet said of the same commit is not said any more.
  void status(ForgeStatus status);
  // A fork's is left alone: its revision would decide what is planned, and what is shown to all.
  void pull_request(const PullRequest& pull_request);

 private:
  using Job = std::function<Status(Forge&, const std::stop_token&)>;
  struct Task {
    std::string about;  // a newer one about the same stands for it
    Job job;
  };
  void add(Task task);
  void run(Forge& forge, const std::stop_token& stop);
  // Until it is said, refused for good, or there is something newer about it.
  void carry(Forge& forge, const Task& task, const std::stop_token& stop);
  [[nodiscard]] bool is_old(const Task& task);

  const std::string label_;
  const PlanOf plan_of_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Task> tasks_;  // guarded by mutex_
  std::optional<Forge> forge_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace homeostat
