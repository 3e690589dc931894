#include "reconciler/forge/dialect.hpp"

#include <algorithm>

#include "specs/text.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

constexpr Dialect gitea = {
    .default_url = "",
    .api = "/api/v1",
    .repository = "/repos/",
    .whole_name = false,
    .token_header = "Authorization",
    .token_prefix = "token ",
    .states = {"pending", "success", "failure", "error"},
    .context = "context",
    .comments = "/issues/{number}/comments",
    .comment = "/issues/comments/{id}",
    .change = "PATCH",
    .author = "user",
    .pulls = "/pulls?state=open",
    .head = "refs/pull/{number}/head",
    .page_size = "limit=50",
    .paging = Paging::count,
    .most_comment_bytes = 65'536,
};
constexpr Dialect github = {
    .default_url = "https://api.github.com",
    .api = "/api/v3",  // of GitHub Enterprise
    .repository = "/repos/",
    .whole_name = false,
    .token_header = "Authorization",
    .token_prefix = "Bearer ",
    .states = {"pending", "success", "failure", "error"},
    .context = "context",
    .comments = "/issues/{number}/comments",
    .comment = "/issues/comments/{id}",
    .change = "PATCH",
    .author = "user",
    .pulls = "/pulls?state=open",
    .head = "refs/pull/{number}/head",
    .page_size = "per_page=100",
    .paging = Paging::link,
    .most_comment_bytes = 65'536,
};
constexpr Dialect gitlab = {
    .default_url = "https://gitlab.com",
    .api = "/api/v4",
    .repository = "/projects/",
    .whole_name = true,
    .token_header = "PRIVATE-TOKEN",
    .token_prefix = "",
    .states = {"pending", "success", "failed", "failed"},
    .context = "name",
    .comments = "/merge_requests/{number}/notes",
    .comment = "/merge_requests/{number}/notes/{id}",
    .change = "PUT",
    .author = "author",
    .pulls = "/merge_requests?state=opened",
    .head = "refs/merge-requests/{number}/head",
    .page_size = "per_page=100",
    .paging = Paging::next,
    .most_comment_bytes = 1'000'000,
};

// Every word of a header's list of links that names the relation.
bool links_to_next(std::string_view header) {
  for (const std::string_view link : split(header, ',')) {
    for (const std::string_view part : split(link, ';')) {
      if (trim(part) == "rel=\"next\"" || trim(part) == "rel=next") return true;
    }
  }
  return false;
}

std::string text_in(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t number_in(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

json object_in(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : json::object();
}

std::string branch_ref(const std::string& branch) {
  return branch.empty() ? branch : "refs/heads/" + branch;
}

struct Pull {
  PullRequest it;
  bool open;
};

Pull read_pull(ForgeType type, const json& entry) {
  if (type == ForgeType::gitlab) {
    const std::int64_t from = number_in(entry, "source_project_id");
    return {{.number = number_in(entry, "iid"),
             .head = text_in(entry, "sha"),
             .from_fork = from <= 0 || from != number_in(entry, "target_project_id"),
             .author = text_in(object_in(entry, "author"), "username"),
             .title = text_in(entry, "title"),
             .ref = branch_ref(text_in(entry, "target_branch"))},
            text_in(entry, "state") == "opened"};
  }
  const json head = object_in(entry, "head");
  const std::string from = text_in(object_in(head, "repo"), "full_name");
  const json base = object_in(entry, "base");
  const std::string to = text_in(object_in(base, "repo"), "full_name");
  return {{.number = number_in(entry, "number"),
           .head = text_in(head, "sha"),
           .from_fork = from.empty() || from != to,
           .author = text_in(object_in(entry, "user"), "login"),
           .title = text_in(entry, "title"),
           .ref = branch_ref(text_in(base, "ref"))},
          text_in(entry, "state") == "open"};
}

}  // namespace

const Dialect& dialect_of(ForgeType type) {
  if (type == ForgeType::github) return github;
  return type == ForgeType::gitlab ? gitlab : gitea;
}

std::string api_url(ForgeType type, std::string_view url) {
  const Dialect& dialect = dialect_of(type);
  while (url.ends_with('/')) url.remove_suffix(1);
  if (type == ForgeType::github) {
    if (url.empty() || url == "https://github.com") return std::string(dialect.default_url);
    if (url.find("://api.") != std::string_view::npos) return std::string(url);
  }
  if (url.empty()) url = dialect.default_url;
  if (url.empty() || url.ends_with(dialect.api)) return std::string(url);
  return std::string(url) + std::string(dialect.api);
}

std::string repository_path(ForgeType type, std::string_view name) {
  const Dialect& dialect = dialect_of(type);
  const std::vector<std::string_view> parts = split(name, '/');
  // A project of GitLab may lie in groups of groups.
  const bool depth = dialect.whole_name ? parts.size() >= 2 : parts.size() == 2;
  const bool named = std::ranges::none_of(
      parts, [](std::string_view part) { return part.empty() || part == "." || part == ".."; });
  if (!depth || !named) return {};
  std::string path(dialect.repository);
  if (dialect.whole_name) return path + url_component(name);
  return path + url_component(parts[0]) + "/" + url_component(parts[1]);
}

Error refine_forge_error(const HttpRequest& request, const HttpReply& reply, Error error) {
  const auto says = [&reply](std::string_view words) {
    return to_lower(reply.body).find(words) != std::string::npos;
  };
  const bool status =
      request.method == "POST" && request.path.find("/statuses/") != request.path.npos;
  // GitHub's 403 may mean 429.
  const bool limited =
      reply.status == 403 && (reply.header("x-ratelimit-remaining") == "0" ||
                              !reply.header("retry-after").empty() || says("rate limit"));
  if (limited) {
    error.kind = ErrorKind::transient;
    error.hint.clear();
  } else if (status && (reply.status == 404 || (reply.status == 422 && says("no commit found")))) {
    // A mirror may not have it yet; of a repository that a token may not see they say the same.
    error.kind = ErrorKind::transient;
    error.hint =
        "if the commit is there: is the repository's name right, and may the token see it?";
  } else if (status && reply.status == 422 && says("maximum number of statuses")) {
    error.message += ": this commit has as many statuses as it can have";
  } else if (reply.status == 403) {
    error.hint = "check the scopes of the token";
  }
  return error;
}

bool has_state_already(const HttpReply& reply, std::string_view state) {
  const auto at = reply.body.find("Cannot transition status via :");
  if (reply.status != 400 || at == std::string::npos) return false;
  const std::string from = " from :" + std::string(state);
  const auto found = reply.body.find(from, at);
  if (found == std::string::npos) return false;
  const std::size_t behind = found + from.size();
  return behind >= reply.body.size() || reply.body[behind] < 'a' || reply.body[behind] > 'z';
}

std::uint64_t page_behind(Paging paging, const HttpReply& reply, std::uint64_t page,
                          std::size_t seen, std::size_t fresh) {
  switch (paging) {
    case Paging::link:
      // Its address is not followed: a token goes nowhere that an answer says.
      return fresh > 0 && links_to_next(reply.header("link")) ? page + 1 : 0;
    case Paging::count: {
      const auto total = parse_digits(reply.header("x-total-count"));
      return fresh > 0 && (!total || seen < *total) ? page + 1 : 0;
    }
    case Paging::next: {
      const auto next = parse_digits(reply.header("x-next-page"));
      return next && *next > page ? *next : 0;
    }
  }
  return 0;
}

Result<std::vector<PullRequest>> open_pulls(ForgeType type, const json& entries) {
  std::vector<PullRequest> out;
  for (const json& entry : entries) {
    Pull pull = read_pull(type, entry);
    if (pull.it.number <= 0) return fail(ErrorKind::internal, "a pull request without number");
    pull.it.head = to_lower(pull.it.head);
    // GitLab says null where the branch has nothing of its own, or is gone.
    if (pull.open && is_commit_id(pull.it.head)) out.push_back(std::move(pull.it));
  }
  return out;
}

}  // namespace homeostat
