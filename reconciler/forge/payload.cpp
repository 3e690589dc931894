#include "reconciler/forge/payload.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "specs/text.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

std::optional<json> parse_object(std::string_view text) {
  if (nests_too_deep(text)) return std::nullopt;
  json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  return parsed;
}

using Path = std::initializer_list<const char*>;

// Null where any part is missing.
const json& at(const json& from, Path path) {
  static const json nothing;
  const json* here = &from;
  for (const char* key : path) {
    if (!here->is_object()) return nothing;
    const auto found = here->find(key);
    if (found == here->end()) return nothing;
    here = &*found;
  }
  return *here;
}

std::string text_at(const json& from, Path path) {
  const json& found = at(from, path);
  return found.is_string() ? found.get<std::string>() : std::string();
}

std::int64_t number_at(const json& from, Path path) {
  const json& found = at(from, path);
  return found.is_number_integer() ? found.get<std::int64_t>() : 0;
}

bool is_zero(std::string_view commit) {
  return std::ranges::all_of(commit, [](char c) { return c == '0'; });
}

tl::unexpected<Error> lacks(std::string_view event, std::string_view what) {
  return fail(ErrorKind::invalid_spec, "a " + std::string(event) + " without " + std::string(what));
}

// Alike in all of them.
Status read_push(const json& body, Payload& payload) {
  payload.what = WebhookVerdict::What::push;
  payload.ref = text_at(body, {"ref"});
  const std::string after = text_at(body, {"after"});
  if (payload.ref.empty()) return lacks("push", "`ref`");
  if (!is_commit_id(after)) return lacks("push", "`after`");
  payload.deleted = is_zero(after) || at(body, {"deleted"}) == json(true);
  return {};
}

Status check_pull_request(const Payload& payload) {
  if (payload.pull_request.number <= 0) return lacks("pull request", "its number");
  if (!is_commit_id(payload.pull_request.head)) return lacks("pull request", "its commit");
  if (payload.ref.empty()) return lacks("pull request", "the branch it leads to");
  return {};
}

// GitHub writes synchronize, Gitea synchronized.
Status read_pull_request(const json& body, Payload& payload) {
  payload.what = WebhookVerdict::What::pull_request;
  payload.action = text_at(body, {"action"});
  payload.moved = payload.action == "opened" || payload.action == "reopened" ||
                  payload.action == "synchronize" || payload.action == "synchronized";
  const std::string base = text_at(body, {"pull_request", "base", "ref"});
  if (!base.empty()) payload.ref = "refs/heads/" + base;
  // The repository of a fork may be gone.
  const std::string from = text_at(body, {"pull_request", "head", "repo", "full_name"});
  const std::string to = text_at(body, {"pull_request", "base", "repo", "full_name"});
  payload.pull_request = {number_at(body, {"number"}),
                          text_at(body, {"pull_request", "head", "sha"}),
                          from.empty() || from != to};
  return check_pull_request(payload);
}

Status read_merge_request(const json& body, Payload& payload) {
  payload.what = WebhookVerdict::What::pull_request;
  payload.action = text_at(body, {"object_attributes", "action"});
  // An update without `oldrev` is one of its title, its labels and the like.
  payload.moved =
      payload.action == "open" || payload.action == "reopen" ||
      (payload.action == "update" && !text_at(body, {"object_attributes", "oldrev"}).empty());
  const std::string base = text_at(body, {"object_attributes", "target_branch"});
  if (!base.empty()) payload.ref = "refs/heads/" + base;
  const std::int64_t from = number_at(body, {"object_attributes", "source_project_id"});
  const std::int64_t to = number_at(body, {"object_attributes", "target_project_id"});
  payload.pull_request = {number_at(body, {"object_attributes", "iid"}),
                          text_at(body, {"object_attributes", "last_commit", "id"}),
                          from <= 0 || from != to};
  return check_pull_request(payload);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> form_payload(std::string_view body) {
  static constexpr std::string_view name = "payload=";
  for (const std::string_view field : split(body, '&')) {
    if (!field.starts_with(name)) continue;
    const std::string_view value = field.substr(name.size());
    std::string out;
    out.reserve(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] != '%') {
        out += value[i] == '+' ? ' ' : value[i];
        continue;
      }
      const int high = i + 2 < value.size() ? hex_digit(value[i + 1]) : -1;
      const int low = i + 2 < value.size() ? hex_digit(value[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
    return out;
  }
  return std::nullopt;
}

Result<Payload> read_payload(ForgeType forge, std::string_view event, std::string_view text) {
  const auto body = parse_object(text);
  if (!body) return fail(ErrorKind::invalid_spec, "its body is no JSON object");
  Payload payload;
  if (forge == ForgeType::gitlab) {
    payload.event = text_at(*body, {"object_kind"});
    payload.repository = text_at(*body, {"project", "path_with_namespace"});
    if (payload.event == "push" || payload.event == "tag_push") {
      TRY(read_push(*body, payload));
    } else if (payload.event == "merge_request") {
      TRY(read_merge_request(*body, payload));
    }
    return payload;
  }
  payload.event = event;
  payload.repository = text_at(*body, {"repository", "full_name"});
  if (event == "push") {
    TRY(read_push(*body, payload));
  } else if (event == "pull_request") {
    TRY(read_pull_request(*body, payload));
  } else if (event == "ping") {
    payload.what = WebhookVerdict::What::ping;
  }
  return payload;
}

}  // namespace homeostat
