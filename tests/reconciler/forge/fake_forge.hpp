// A forge that takes nothing which the real one would not. From docs.github.com, docs.gitlab.com
// and docs.gitea.com, and Gitea's source where these are silent
// (routers/api/v1/repo/issue_comment.go, commits.go, status.go).
#pragma once

#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/forge/forge.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/still_clock.hpp"

namespace homeostat::test {

inline constexpr std::int64_t our_user = 42;

class FakeForge {
 public:
  struct Comment {
    std::int64_t id = 0;
    std::int64_t user = our_user;  // 0: gone
    std::string body = {};
  };
  struct Told {
    std::string commit = {};
    std::string state = {};
    std::string context = {};
    std::string description = {};
    std::string target_url = {};
    std::string ref = {};
  };
  struct Pull {
    PullRequest it;
    bool open = true;
  };
  // Instead of what it would say.
  using Fault = std::function<std::optional<FakeAnswer>(const FakeRequest&)>;

  explicit FakeForge(ForgeType type);
  // Fails the test where anything came that a forge would not understand.
  ~FakeForge();
  FakeForge(const FakeForge&) = delete;
  FakeForge& operator=(const FakeForge&) = delete;

  [[nodiscard]] ForgeSettings settings();
  [[nodiscard]] Forge open();
  // "POST statuses", "GET user", ...: what was asked since it was asked for last.
  [[nodiscard]] std::vector<std::string> calls();

  // While somebody may be asking: `use` has it for itself.
  template <class Use>
  auto at_rest(Use use) {
    const std::lock_guard lock(mutex_);
    return use();
  }

  // What it holds: to be looked at while nobody asks.
  std::vector<Comment> comments;  // of pull request 7
  std::vector<Told> told;
  std::vector<Pull> pulls;
  std::vector<std::string> commits;  // that it has
  std::size_t most_entries = 50;     // of a page, whatever is asked for
  bool pages_of_comments = false;    // of Gitea: the document says so, its source does not
  bool counts = true;                // of Gitea: X-Total-Count
  Fault fault = {};
  StillClock clock;

 private:
  FakeAnswer answer(const FakeRequest& request);
  FakeAnswer route(const FakeRequest& request);
  FakeAnswer take_status(const FakeRequest& request, const std::string& commit);
  FakeAnswer take_comment(const FakeRequest& request, std::int64_t id);
  FakeAnswer list(const FakeRequest& request, const std::vector<nlohmann::json>& entries,
                  bool paged);
  FakeAnswer list_pulls(const FakeRequest& request);
  [[nodiscard]] FakeAnswer no_such_commit(const std::string& commit) const;
  FakeAnswer wrong(const std::string& what);
  std::optional<FakeAnswer> check_headers(const FakeRequest& request);
  std::optional<nlohmann::json> body_of(const FakeRequest& request,
                                        const std::map<std::string, bool>& keys);
  [[nodiscard]] nlohmann::json shown(const Comment& comment) const;
  [[nodiscard]] nlohmann::json shown(const Pull& pull) const;
  [[nodiscard]] bool is(ForgeType type) const { return type_ == type; }

  const ForgeType type_;
  std::string api_;         // its path
  std::string repository_;  // likewise
  std::mutex mutex_;
  std::vector<std::string> calls_;  // guarded by mutex_
  std::vector<std::string> wrong_;  // guarded by mutex_
  FakeHttp server_;                 // last: its threads end first
};

}  // namespace homeostat::test
