// The open pull requests that lead to the branch that a site follows: the tip of each gets its
// plan, as a comment and as a status. A revision that only a fork has gets neither, and is not even
// fetched, before somebody has approved exactly that commit.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "reconciler/follow/mirror.hpp"
#include "reconciler/forge/forge.hpp"
#include "reconciler/loop_memory.hpp"

namespace homeostat {

// How a revision looks to a reader.
struct RevisionPlan {
  std::string markdown;
  std::string summary;  // a line
  bool good = true;     // false: nothing of it could be done
};

struct PullRequestSettings {
  std::string label = {};        // for the log
  std::string ref = {};          // "refs/heads/main"
  std::string mirror = {};       // its folder
  follow::Remote remote = {};    // as the site's
  std::string site = {};         // whose ledger is asked
  std::string ledger_path = {};  // where that is said
  std::function<RevisionPlan(const std::string&, const std::stop_token&)> plan_of = {};
  std::function<std::string()> in_force = {};  // the commit that the loop is at
  std::function<void()> on_asked = {};         // a question was put, or went
};

// For one thread.
class PullRequests {
 public:
  explicit PullRequests(PullRequestSettings settings)
      : settings_(std::move(settings)), mirror_(settings_.mirror, settings_.remote) {}

  // What the forge has now. Each tip is told of once, and once more at each commit that has come
  // into force since: it was planned on what was there before. Errors: of the first that could not
  // be told; the others were.
  [[nodiscard]] Status look(Forge& forge, const std::stop_token& stop);

 private:
  [[nodiscard]] Result<bool> is_own(const PullRequest& pull, bool& fetched,
                                    const std::stop_token& stop);
  [[nodiscard]] Result<std::vector<Approval>> ask(const std::vector<PullRequest>& forks);
  [[nodiscard]] Status fetch(Forge& forge, const PullRequest& pull, const std::stop_token& stop);
  [[nodiscard]] Status tell(Forge& forge, const PullRequest& pull, const std::stop_token& stop);

  const PullRequestSettings settings_;
  follow::Mirror mirror_;
  struct Told {
    std::string tip, in_force, summary;
  };
  std::map<std::int64_t, Told> told_;  // by number
};

// What the ledger keeps of a fork's tip, as the question that it is.
[[nodiscard]] Approval question_of(const PullRequest& pull);

}  // namespace homeostat
