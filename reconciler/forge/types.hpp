// The forges that are known, and what both directions of talking with them share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat {

enum class ForgeType : std::uint8_t { forgejo, gitea, github, gitlab };

[[nodiscard]] std::optional<ForgeType> parse_forge(std::string_view name);  // "forgejo", ...
[[nodiscard]] std::string_view to_string(ForgeType type);

// GitLab calls it a merge request.
struct PullRequest {
  std::int64_t number = 0;
  std::string head = {};  // the commit at its tip
  bool from_fork = true;  // also where that cannot be told
  // Where they are known. The first two are whatever somebody wrote.
  std::string author = {};
  std::string title = {};
  std::string ref = {};  // where it leads: "refs/heads/main"
  friend bool operator==(const PullRequest&, const PullRequest&) = default;
};

// 40 or 64 hex digits.
[[nodiscard]] bool is_commit_id(std::string_view text);

}  // namespace homeostat
