// What we say to a forge: the status of a commit, and the plan as a comment on a pull request.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "providers/core/http.hpp"
#include "reconciler/forge/dialect.hpp"
#include "reconciler/forge/types.hpp"

namespace homeostat {

struct ForgeSettings {
  ForgeType type = ForgeType::forgejo;
  std::string url = {};         // the server's, with its API's path or without; "": the public one
  std::string repository = {};  // "ana/lab"
  std::string token = {};
  std::string site = {};
  std::string target_url = {};  // where people look further: http(s), and no secret in it
  std::string ca_file = {};     // these two as in HttpSettings
  std::string fingerprint = {};
  Timing timing = {};
};

struct ForgeStatus {
  std::string commit = {};
  CommitState state = CommitState::pending;
  std::string description = {};  // cut to what a forge takes
  std::string target_url = {};   // "": the settings'
  std::string context = {};      // "": "homeostat/<site>"
  std::string branch = {};       // GitLab's pipelines want to know; may be ""
  friend bool operator==(const ForgeStatus&, const ForgeStatus&) = default;
};

// For one thread at a time. Errors: `auth` and `invalid_spec` stay until somebody changes
// something; after `transient` and `conflict` the same call is to be made again, later.
class Forge {
 public:
  // Connects to nothing.
  [[nodiscard]] static Result<Forge> open(const ForgeSettings& settings);

  // `transient` too where the forge does not have the commit yet. What it was told last it is not
  // told again: GitHub takes 1,000 statuses of one context for a commit.
  [[nodiscard]] Status set_status(ForgeStatus status, std::stop_token stop);

  // As the one comment of this site there: made where there is none, changed where it reads
  // differently. Found by its marker, among those of our own user alone.
  [[nodiscard]] Status comment(std::int64_t pull_request, std::string_view markdown,
                               std::stop_token stop);

  [[nodiscard]] Result<std::vector<PullRequest>> open_pull_requests(std::stop_token stop);
  // Where the repository itself has the tip of one, a fork's too: "refs/pull/7/head".
  [[nodiscard]] std::string head_ref(std::int64_t pull_request) const;

 private:
  struct Comment {
    std::int64_t id = 0;
    std::string body = {};
  };
  Forge(ForgeSettings settings, std::string repository, HttpClient client);

  // The path below the repository's, filled in.
  [[nodiscard]] std::string path(std::string_view pattern, std::int64_t number, std::int64_t id,
                                 const std::string& commit) const;
  [[nodiscard]] Result<nlohmann::json> list(const std::string& path, const std::stop_token& stop);
  [[nodiscard]] Status write(const HttpRequest& request, const std::stop_token& stop);
  [[nodiscard]] Result<std::int64_t> own_user(const std::stop_token& stop);
  [[nodiscard]] Result<std::optional<Comment>> own_comment(std::int64_t pull_request,
                                                           const std::stop_token& stop);

  ForgeSettings settings_;
  const Dialect* dialect_;
  std::string repository_;  // its path
  HttpClient client_;
  std::optional<std::int64_t> user_;  // ours, once it was asked for
  std::optional<ForgeStatus> told_;   // the last status that was taken
};

}  // namespace homeostat
