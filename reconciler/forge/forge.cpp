#include "reconciler/forge/forge.hpp"

#include <fmt/format.h>

#include <set>

#include "reconciler/forge/words.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

constexpr std::uint64_t most_pages = 100;

Status check_link(const std::string& url) {
  const bool web = url.starts_with("https://") || url.starts_with("http://");
  const bool plain = url.find_first_of("@ \"<>()\\") == std::string::npos;
  if (url.empty() || (web && plain)) return {};
  return fail(ErrorKind::invalid_spec, "the target url of a forge is no plain web address",
              "write http:// or https://, and no user");
}

HttpSettings http_of(const ForgeSettings& settings) {
  const Dialect& dialect = dialect_of(settings.type);
  HttpSettings http;
  http.name = "forge";
  http.url = api_url(settings.type, settings.url);
  http.ca_file = settings.ca_file;
  http.fingerprint = settings.fingerprint;
  http.headers = {
      {std::string(dialect.token_header), std::string(dialect.token_prefix) + settings.token, true},
      {"User-Agent", "homeostat"}};
  if (settings.type == ForgeType::github) {
    http.headers.push_back({"Accept", "application/vnd.github+json"});
    http.headers.push_back({"X-GitHub-Api-Version", "2022-11-28"});
  }
  // What it is told can wait; who tells it cannot.
  http.total_limit = std::chrono::seconds(15);
  http.patience = std::chrono::seconds(20);
  http.max_body_bytes = std::size_t{32} << 20U;
  http.max_in_flight = 1;
  http.read_only = false;
  http.refine = refine_forge_error;
  http.timing = settings.timing;
  return http;
}

Error unexpected_answer(const HttpReply& reply, std::string_view what) {
  return fail(ErrorKind::internal, fmt::format("{}: expected {}", reply.origin, what)).value();
}

std::int64_t id_in(const json& object) {
  const auto found = object.find("id");
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

// A proxy that wants a login answers 200 too.
Status check_written(const HttpReply& reply) {
  TRY_ASSIGN(const json made, json_of(reply));
  if (made.is_object() && id_in(made) > 0) return {};
  return tl::unexpected(unexpected_answer(reply, "what was written"));
}

// Forges keep the ends of lines as they like.
std::string without_returns(std::string text) {
  std::erase(text, '\r');
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

Forge::Forge(ForgeSettings settings, std::string repository, HttpClient client)
    : settings_(std::move(settings)),
      dialect_(&dialect_of(settings_.type)),
      repository_(std::move(repository)),
      client_(std::move(client)) {}

Result<Forge> Forge::open(const ForgeSettings& settings) {
  const std::string name(to_string(settings.type));
  if (api_url(settings.type, settings.url).empty()) {
    return fail(ErrorKind::invalid_spec, name + " needs a url", "write that of its start page");
  }
  if (settings.token.empty()) return fail(ErrorKind::invalid_spec, name + " needs a token");
  std::string repository = repository_path(settings.type, settings.repository);
  if (repository.empty()) {
    return fail(ErrorKind::invalid_spec,
                in_ticks(settings.repository) + " is no repository of " + name,
                "write OWNER/NAME, as its page's address has it");
  }
  TRY(check_link(settings.target_url));
  TRY_ASSIGN(HttpClient client, HttpClient::open(http_of(settings)));
  return Forge(settings, std::move(repository), std::move(client));
}

std::string Forge::path(std::string_view pattern, std::int64_t number, std::int64_t id,
                        const std::string& commit) const {
  return repository_ + fmt::format(fmt::runtime(pattern), fmt::arg("number", number),
                                   fmt::arg("id", id), fmt::arg("commit", commit));
}

Result<json> Forge::list(const std::string& path, const std::stop_token& stop) {
  json all = json::array();
  std::set<std::int64_t> ids;
  const std::string_view joint = path.find('?') == std::string::npos ? "?" : "&";
  for (std::uint64_t page = 1; page != 0;) {
    if (page > most_pages) {
      return fail(ErrorKind::internal,
                  fmt::format("{}: a list of more than {} pages", path, most_pages));
    }
    const HttpRequest request{
        .path = fmt::format("{}{}{}&page={}", path, joint, dialect_->page_size, page)};
    TRY_ASSIGN(const HttpReply reply, client_.send(request, stop));
    TRY_ASSIGN(const json entries, json_of(reply));
    if (!entries.is_array()) return tl::unexpected(unexpected_answer(reply, "a list"));
    std::size_t fresh = 0;
    for (const json& entry : entries) {
      if (!entry.is_object() || id_in(entry) <= 0) {
        return tl::unexpected(unexpected_answer(reply, "entries with an `id`"));
      }
      // A page may repeat what moved to it while we read.
      if (!ids.insert(id_in(entry)).second) continue;
      all.push_back(entry);
      ++fresh;
    }
    page = page_behind(dialect_->paging, reply, page, all.size(), fresh);
  }
  return all;
}

Status Forge::write(const HttpRequest& request, const std::stop_token& stop) {
  TRY_ASSIGN(const HttpReply reply, client_.send(request, stop));
  return check_written(reply);
}

Status Forge::set_status(ForgeStatus status, std::stop_token stop) {
  if (!is_commit_id(status.commit)) {
    return fail(ErrorKind::internal, in_ticks(status.commit) + " is no commit");
  }
  TRY(check_link(status.target_url));
  if (status.target_url.empty()) status.target_url = settings_.target_url;
  if (status.context.empty()) status.context = "homeostat/" + settings_.site;
  status.description = status_words(status.description);
  if (told_ == status) return {};

  const std::string state(dialect_->states[static_cast<std::size_t>(status.state)]);
  json body = {{"state", state}, {"description", status.description}};
  body[std::string(dialect_->context)] = status.context;
  if (!status.target_url.empty()) body["target_url"] = status.target_url;
  const bool gitlab = settings_.type == ForgeType::gitlab;
  if (gitlab && !status.branch.empty()) body["ref"] = status.branch;
  // Of two that say the same the later one counts, and says the same.
  HttpRequest request{.method = "POST",
                      .path = path("/statuses/{commit}", 0, 0, status.commit),
                      .body = body.dump(-1, ' ', false, json::error_handler_t::replace),
                      .idempotent = true};
  if (gitlab) request.judged = {400};
  TRY_ASSIGN(const HttpReply reply, client_.send(request, stop));
  if (reply.status != 400) {
    TRY(check_written(reply));
  } else if (!has_state_already(reply, state)) {
    return fail(ErrorKind::invalid_spec, reply.origin + ": 400 Bad Request: " + reply.excerpt);
  }
  told_ = std::move(status);
  return {};
}

Result<std::int64_t> Forge::own_user(const std::stop_token& stop) {
  if (user_) return *user_;
  auto reply = client_.send({.path = "/user"}, stop);
  if (!reply) {
    Error error = std::move(reply).error();
    if (error.kind == ErrorKind::auth) {
      error.hint = "the token must be a user's, and may need the right to read who that is";
    }
    return tl::unexpected(std::move(error));
  }
  TRY_ASSIGN(const json user, json_of(*reply));
  if (!user.is_object() || id_in(user) <= 0) {
    return tl::unexpected(unexpected_answer(*reply, "a user with an `id`"));
  }
  user_ = id_in(user);
  return *user_;
}

Result<std::optional<Forge::Comment>> Forge::own_comment(std::int64_t pull_request,
                                                         const std::stop_token& stop) {
  TRY_ASSIGN(const std::int64_t user, own_user(stop));
  TRY_ASSIGN(const json comments, list(path(dialect_->comments, pull_request, 0, ""), stop));
  const std::string marker = comment_marker(settings_.site);
  for (const json& entry : comments) {
    const auto author = entry.find(dialect_->author);
    const auto body = entry.find("body");
    // A user who is gone is null.
    const bool ours = author != entry.end() && author->is_object() && id_in(*author) == user;
    // In front, so that nobody's quotation is taken for it.
    if (!ours || body == entry.end() || !body->is_string()) continue;
    auto text = body->get<std::string>();
    if (text.starts_with(marker)) return Comment{id_in(entry), std::move(text)};
  }
  return std::nullopt;
}

Status Forge::comment(std::int64_t pull_request, std::string_view markdown, std::stop_token stop) {
  if (pull_request <= 0) return fail(ErrorKind::internal, "no number of a pull request");
  const std::string text =
      plan_comment(settings_.site, markdown,
                   {.bytes = dialect_->most_comment_bytes, .link = settings_.target_url});
  TRY_ASSIGN(const auto present, own_comment(pull_request, stop));
  if (present && without_returns(present->body) == without_returns(text)) return {};
  const std::string body = json{{"body", text}}.dump();
  if (present) {
    Status changed = write({.method = std::string(dialect_->change),
                            .path = path(dialect_->comment, pull_request, present->id, ""),
                            .body = body,
                            .idempotent = true},
                           stop);
    // Somebody deleted it meanwhile.
    if (changed || changed.error().kind != ErrorKind::not_found) return changed;
  }
  return write(
      {.method = "POST", .path = path(dialect_->comments, pull_request, 0, ""), .body = body},
      stop);
}

Result<std::vector<PullRequest>> Forge::open_pull_requests(std::stop_token stop) {
  TRY_ASSIGN(const json entries, list(path(dialect_->pulls, 0, 0, ""), stop));
  return open_pulls(settings_.type, entries);
}

std::string Forge::head_ref(std::int64_t pull_request) const {
  return fmt::format(fmt::runtime(dialect_->head), fmt::arg("number", pull_request));
}

}  // namespace homeostat
