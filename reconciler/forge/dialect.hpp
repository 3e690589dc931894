// In what the forges differ, as data. From their documents (docs.github.com, docs.gitlab.com,
// docs.gitea.com, forgejo.org/docs) and, where these leave it open, from Gitea's source
// (routers/api/v1/repo): its list of comments has no pages, and what it calls the pull request of a
// commit is a merged one.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "providers/core/http.hpp"
#include "reconciler/forge/types.hpp"

namespace homeostat {

enum class CommitState : std::uint8_t { pending, success, failure, error };

// How a list goes on.
enum class Paging : std::uint8_t {
  link,   // Link: <...>; rel="next"
  count,  // X-Total-Count, or until nothing new comes
  next,   // X-Next-Page
};

// Paths are below the repository's. {number} is a pull request's, {id} a comment's, {commit} a
// commit's.
struct Dialect {
  std::string_view default_url;
  std::string_view api;         // what stands behind the server's own url
  std::string_view repository;  // of its path
  bool whole_name;              // the repository is one component, its slashes encoded
  std::string_view token_header;
  std::string_view token_prefix;
  std::array<std::string_view, 4> states;  // of CommitState
  std::string_view context;                // what the field is called
  std::string_view comments;
  std::string_view comment;  // one, to change it
  std::string_view change;   // the method
  std::string_view author;   // of a comment: the field
  std::string_view pulls;    // lists the open pull requests
  std::string_view head;     // the ref in the repository that has a pull request's tip
  std::string_view page_size;
  Paging paging;
  std::size_t most_comment_bytes;
};

[[nodiscard]] const Dialect& dialect_of(ForgeType type);

// "https://git.example.org" -> "https://git.example.org/api/v1". "" is the public server's.
[[nodiscard]] std::string api_url(ForgeType type, std::string_view url);
// "/repos/ana/lab", "/projects/ana%2Flab"; "" where it is no name of a repository there.
[[nodiscard]] std::string repository_path(ForgeType type, std::string_view name);

// What an answer means that is no success: like HttpSettings::refine.
[[nodiscard]] Error refine_forge_error(const HttpRequest& request, const HttpReply& reply,
                                       Error error);
// GitLab refuses a state that the commit has already.
[[nodiscard]] bool has_state_already(const HttpReply& reply, std::string_view state);

// The page behind `page`, 0 where that was the last. `seen`: entries so far, this page's included;
// `fresh`: those of them that no page before had.
[[nodiscard]] std::uint64_t page_behind(Paging paging, const HttpReply& reply, std::uint64_t page,
                                        std::size_t seen, std::size_t fresh);

// Of a list's entries those that are open. One without a commit has nothing to look at, and is left
// out.
[[nodiscard]] Result<std::vector<PullRequest>> open_pulls(ForgeType type,
                                                          const nlohmann::json& entries);

}  // namespace homeostat
