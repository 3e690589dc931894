#include "tests/reconciler/forge/fake_forge.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <regex>

#include "specs/text.hpp"
#include "specs/utf8.hpp"

namespace homeostat::test {

using nlohmann::json;

namespace {

std::string header(const FakeRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string() : found->second;
}

FakeAnswer said(int status, const json& body) {
  FakeAnswer answer;
  answer.status = status;
  answer.body = body.dump();
  return answer;
}

std::size_t number_of(const FakeRequest& request, const std::string& name, std::size_t otherwise) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? otherwise : std::stoul(found->second);
}

}  // namespace

FakeForge::FakeForge(ForgeType type)
    : type_(type),
      api_(type == ForgeType::github   ? "/api/v3"
           : type == ForgeType::gitlab ? "/api/v4"
                                       : "/api/v1"),
      repository_(type == ForgeType::gitlab ? "/projects/group%2Fsub%2Flab" : "/repos/ana/lab"),
      server_([this](const FakeRequest& request) { return answer(request); }) {}

FakeForge::~FakeForge() {
  const std::lock_guard lock(mutex_);
  for (const std::string& what : wrong_) FAIL_CHECK(to_string(type_), ": ", what);
}

ForgeSettings FakeForge::settings() {
  return {.type = type_,
          .url = server_.url(),
          .repository = is(ForgeType::gitlab) ? "group/sub/lab" : "ana/lab",
          .token = "t0ken-of-ours",
          .site = "home",
          .target_url = "https://lab.example.org/plan",
          .timing = clock.timing()};
}

Forge FakeForge::open() {
  Result<Forge> forge = Forge::open(settings());
  REQUIRE_MESSAGE(forge, forge.error().message);
  return std::move(*forge);
}

std::vector<std::string> FakeForge::calls() {
  const std::lock_guard lock(mutex_);
  return std::exchange(calls_, {});
}

FakeAnswer FakeForge::wrong(const std::string& what) {
  wrong_.push_back(what);
  return said(400, {{"message", what}});
}

FakeAnswer FakeForge::answer(const FakeRequest& request) {
  const std::lock_guard lock(mutex_);
  static const std::regex name(
      "/(user|statuses|comments|notes|pulls|merge_requests)(/[^/?]*)?"
      "(\\?|$)");
  std::smatch found;
  std::string last = request.target;
  if (std::regex_search(request.target, found, name)) last = found[1];
  calls_.push_back(request.method + " " + last);
  if (fault) {
    if (auto made = fault(request)) return *made;
  }
  if (auto refused = check_headers(request)) return *refused;
  return route(request);
}

std::optional<FakeAnswer> FakeForge::check_headers(const FakeRequest& request) {
  const std::string token = "t0ken-of-ours";
  const bool known = is(ForgeType::gitlab)   ? header(request, "private-token") == token
                     : is(ForgeType::github) ? header(request, "authorization") == "Bearer " + token
                                             : header(request, "authorization") == "token " + token;
  if (!known) return said(401, {{"message", "401 Unauthorized"}});
  if (header(request, "user-agent").empty()) return wrong("no User-Agent");
  if (!is(ForgeType::github)) return std::nullopt;
  if (header(request, "accept") != "application/vnd.github+json") return wrong("Accept");
  if (header(request, "x-github-api-version") != "2022-11-28") return wrong("API version");
  return std::nullopt;
}

FakeAnswer FakeForge::route(const FakeRequest& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (!path.starts_with(api_)) return wrong("path " + path);
  const std::string below = path.substr(api_.size());
  const std::string call = request.method + " " + below;
  if (call == "GET /user") return said(200, {{"id", our_user}, {"login", "homeostat"}});
  if (!below.starts_with(repository_ + "/")) return wrong("repository in " + path);
  const std::string rest = below.substr(repository_.size());
  std::smatch found;
  const auto asked = [&](const std::string& method, const std::string& pattern) {
    return request.method == method && std::regex_match(rest, found, std::regex(pattern));
  };
  if (asked("POST", "/statuses/([0-9a-f]+)")) return take_status(request, found[1]);
  const bool gitlab = is(ForgeType::gitlab);
  const std::string list_path = gitlab ? "/merge_requests/7/notes" : "/issues/7/comments";
  if (asked("GET", list_path)) {
    std::vector<json> entries;
    for (const Comment& comment : comments) entries.push_back(shown(comment));
    return list(request, entries, pages_of_comments || gitlab || is(ForgeType::github));
  }
  if (asked("POST", list_path)) return take_comment(request, 0);
  if (gitlab ? asked("PUT", "/merge_requests/7/notes/([0-9]+)")
             : asked("PATCH", "/issues/comments/([0-9]+)")) {
    return take_comment(request, std::stoll(found[1]));
  }
  if (asked("GET", gitlab ? "/merge_requests" : "/pulls")) return list_pulls(request);
  return said(404, {{"message", "404 Not Found"}});
}

FakeAnswer FakeForge::list_pulls(const FakeRequest& request) {
  const auto state = request.query.find("state");
  if (state == request.query.end() ||
      state->second != (is(ForgeType::gitlab) ? "opened" : "open")) {
    return wrong("state");
  }
  std::vector<json> entries;
  for (const Pull& pull : pulls) {
    if (pull.open) entries.push_back(shown(pull));
  }
  return list(request, entries, true);
}

FakeAnswer FakeForge::no_such_commit(const std::string& commit) const {
  if (is(ForgeType::github)) return said(422, {{"message", "No commit found for SHA: " + commit}});
  if (is(ForgeType::gitlab)) return said(404, {{"message", "404 Commit Not Found"}});
  // Older ones of Gitea say 500 there.
  return said(404, {{"message", "The target couldn't be found."}});
}

// `keys` and whether they must be there; nothing else may be.
std::optional<json> FakeForge::body_of(const FakeRequest& request,
                                       const std::map<std::string, bool>& keys) {
  if (!header(request, "content-type").starts_with("application/json")) return std::nullopt;
  json body = json::parse(request.body, nullptr, false);
  if (!body.is_object()) return std::nullopt;
  for (const auto& [key, value] : body.items()) {
    if (!keys.contains(key) || !value.is_string()) return std::nullopt;
  }
  for (const auto& [key, needed] : keys) {
    if (needed && !body.contains(key)) return std::nullopt;
  }
  return body;
}

FakeAnswer FakeForge::take_status(const FakeRequest& request, const std::string& commit) {
  const bool gitlab = is(ForgeType::gitlab);
  const std::string context_key = gitlab ? "name" : "context";
  std::map<std::string, bool> keys = {
      {"state", true}, {"description", false}, {"target_url", false}, {context_key, true}};
  if (gitlab) keys["ref"] = false;
  const auto body = body_of(request, keys);
  if (!body) return wrong("status " + request.body);
  const Told row{commit,
                 body->value("state", ""),
                 body->value(context_key, ""),
                 body->value("description", ""),
                 body->value("target_url", ""),
                 body->value("ref", "")};
  static const std::map<ForgeType, std::vector<std::string>> states = {
      {ForgeType::github, {"error", "failure", "pending", "success"}},
      {ForgeType::gitea, {"error", "failure", "pending", "success", "warning"}},
      {ForgeType::forgejo, {"error", "failure", "pending", "success", "warning"}},
      {ForgeType::gitlab, {"pending", "running", "success", "failed", "canceled"}}};
  if (std::ranges::count(states.at(type_), row.state) == 0) return wrong("state " + row.state);
  if (utf8_count(row.description) > 140) return wrong("description " + row.description);
  if (!row.target_url.empty() && !row.target_url.starts_with("http")) return wrong("target_url");
  if (std::ranges::count(commits, commit) == 0) return no_such_commit(commit);
  const auto same = [&](const Told& other) {
    return other.commit == commit && to_lower(other.context) == to_lower(row.context);
  };
  if (is(ForgeType::github) && std::ranges::count_if(told, same) >= 1000) {
    const std::string cap = "This SHA and context has reached the maximum number of statuses.";
    return said(422, {{"message", "Validation Failed"}, {"errors", {{{"message", cap}}}}});
  }
  if (gitlab) {
    const auto before = std::find_if(told.rbegin(), told.rend(), same);
    if (before != told.rend() && before->state == "pending" && row.state == "pending") {
      return said(400, {{"message",
                         "Cannot transition status via :enqueue from :pending (Reason(s): "
                         "Status cannot transition via \"enqueue\")"}});
    }
  }
  told.push_back(row);
  const std::string answered = is(ForgeType::github) || gitlab ? "state" : "status";
  return said(201, {{"id", told.size()}, {answered, row.state}});
}

FakeAnswer FakeForge::take_comment(const FakeRequest& request, std::int64_t id) {
  const auto body = body_of(request, {{"body", true}});
  if (!body) return wrong("comment " + request.body);
  const std::string text = body->value("body", "");
  const std::size_t limit = is(ForgeType::gitlab) ? 1'000'000 : 65'536;
  if (text.empty() || utf8_count(text) > limit) return wrong("a comment of such a length");
  if (id == 0) {
    comments.push_back({static_cast<std::int64_t>(1000 + comments.size()), our_user, text});
    return said(201, shown(comments.back()));
  }
  const auto found =
      std::ranges::find_if(comments, [id](const Comment& comment) { return comment.id == id; });
  if (found == comments.end()) return said(404, {{"message", "Not Found"}});
  if (found->user != our_user) return wrong("it changes somebody else's comment");
  found->body = text;
  return said(200, shown(*found));
}

json FakeForge::shown(const Comment& comment) const {
  const json user = comment.user == 0 ? json() : json{{"id", comment.user}};
  return {{"id", comment.id},
          {"body", comment.body},
          {is(ForgeType::gitlab) ? "author" : "user", user}};
}

json FakeForge::shown(const Pull& pull) const {
  const std::string folder = "refs/heads/";
  const std::string base =
      pull.it.ref.starts_with(folder) ? pull.it.ref.substr(folder.size()) : "main";
  if (is(ForgeType::gitlab)) {
    return {{"id", 500 + pull.it.number},
            {"iid", pull.it.number},
            {"sha", pull.it.head.empty() ? json() : json(pull.it.head)},
            {"state", pull.open ? "opened" : "merged"},
            {"source_project_id", pull.it.from_fork ? 4 : 3},
            {"target_project_id", 3},
            {"target_branch", base},
            {"title", pull.it.title},
            {"author", {{"username", pull.it.author}}}};
  }
  const json ours = {{"full_name", "ana/lab"}};
  const json theirs = {{"full_name", "eve/lab"}};
  return {{"id", 500 + pull.it.number},
          {"number", pull.it.number},
          {"state", pull.open ? "open" : "closed"},
          {"head", {{"sha", pull.it.head}, {"repo", pull.it.from_fork ? theirs : ours}}},
          {"base", {{"ref", base}, {"repo", ours}}},
          {"title", pull.it.title},
          {"user", {{"login", pull.it.author}}}};
}

FakeAnswer FakeForge::list(const FakeRequest& request, const std::vector<json>& entries,
                           bool paged) {
  const bool own = is(ForgeType::gitea) || is(ForgeType::forgejo);
  const std::size_t asked = number_of(request, own ? "limit" : "per_page", 30);
  const std::size_t size = paged ? std::min({asked, most_entries, std::size_t{100}}) : 100'000;
  const std::size_t page = paged ? number_of(request, "page", 1) : 1;
  if (page == 0 || asked == 0) return wrong("page 0");
  const std::size_t from = std::min((page - 1) * size, entries.size());
  const std::size_t to = std::min(from + size, entries.size());
  json some = json::array();
  for (std::size_t i = from; i < to; ++i) some.push_back(entries[i]);
  FakeAnswer answer = said(200, some);
  const bool more = to < entries.size();
  const std::string link = "<https://elsewhere.example.org/steal?page=";
  if (own && counts) answer.headers["X-Total-Count"] = std::to_string(entries.size());
  if (is(ForgeType::gitlab)) answer.headers["X-Next-Page"] = more ? std::to_string(page + 1) : "";
  if (is(ForgeType::github) && (more || page > 1)) {
    answer.headers["Link"] = link + "1>; rel=\"first\"" +
                             (more ? ", " + link + std::to_string(page + 1) + ">; rel=\"next\", " +
                                         link + "9>; rel=\"last\""
                                   : std::string());
  }
  return answer;
}

}  // namespace homeostat::test
