#include "reconciler/notify/web.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "providers/core/http_text.hpp"
#include "providers/core/http_transport.hpp"
#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

constexpr std::size_t max_answer_bytes = std::size_t{1} << 20U;
constexpr std::size_t longest_message = 400;  // characters
constexpr std::chrono::seconds longest_wait{24 * 3600};

// Every one is judged here, so that none is repeated elsewhere.
const std::set<int>& all_statuses() {
  static const std::set<int> all = [] {
    std::set<int> made;
    for (int status = 300; status < 600; ++status) made.insert(status);
    return made;
  }();
  return all;
}

bool may_pass(int status) {
  return status == 408 || status == 421 || status == 425 || status == 429 ||
         (status >= 500 && status != 501 && status != 505);
}

bool is_page(const HttpReply& reply) {
  const std::string type = to_lower(reply.header("content-type"));
  const auto first = reply.body.find_first_not_of(" \t\r\n");
  return type.starts_with("text/html") || (first != std::string::npos && reply.body[first] == '<');
}

}  // namespace

SplitUrl split_url_of_hook(const std::string& url) {
  const auto scheme = url.find("://");
  const auto slash = url.find_first_of("/?", scheme == std::string::npos ? 0 : scheme + 3);
  if (slash == std::string::npos) return {url, "/"};
  std::string path = url.substr(slash);
  if (path.front() != '/') path.insert(0, "/");
  return {url.substr(0, slash), path.substr(0, path.find('#'))};
}

std::vector<std::string> secrets_of_path(const std::string& path) {
  constexpr std::size_t shortest = 12;  // "webhooks" is a word, and so are all before it
  std::vector<std::string> secrets;
  const auto query = std::min(path.find('?'), path.size());
  for (const std::string_view part : split(std::string_view(path).substr(0, query), '/')) {
    if (part.size() >= shortest) secrets.emplace_back(part);
  }
  if (query == path.size()) return secrets;
  for (const std::string_view pair : split(std::string_view(path).substr(query + 1), '&')) {
    const std::string_view value = pair.substr(std::min(pair.find('=') + 1, pair.size()));
    if (value.size() >= 4) secrets.emplace_back(value);
  }
  return secrets;
}

Result<WebCaller> WebCaller::open(const NotifierContext& context, Input input) {
  HttpSettings settings;
  std::vector<std::string> secrets = input.secrets;
  for (const HttpHeader& header : input.headers) {
    if (header.secret) secrets.push_back(header.value);
  }
  settings.name = context.name;
  settings.url = std::move(input.url);
  settings.ca_file = text_setting(context, "ca_file");
  settings.fingerprint = text_setting(context, "fingerprint");
  settings.headers = std::move(input.headers);
  settings.secrets = std::move(input.secrets);
  settings.total_limit = time_limit(context);
  settings.idle_limit = std::min(settings.idle_limit, settings.total_limit);
  settings.connect_limit = std::min(settings.connect_limit, settings.total_limit);
  settings.max_body_bytes = max_answer_bytes;
  settings.retries = 0;  // the outbox repeats
  settings.read_only = false;
  settings.timing = context.timing;
  TRY_ASSIGN(HttpClient client, HttpClient::open(std::move(settings)));
  return WebCaller(std::move(client), Scrubber(secrets), with_real_timing(context.timing));
}

Result<HttpReply> WebCaller::send(HttpRequest request, const std::stop_token& stop) const {
  request.judged = all_statuses();
  return client_.send(request, stop);
}

Delivery WebCaller::unanswered(Error error) {
  return {DeliveryState::later, std::nullopt, std::move(error)};
}

Delivery WebCaller::judge(const HttpReply& reply, const Reading& reading) const {
  Delivery delivery;
  delivery.error = http_error({.method = "POST"}, reply);
  std::string& text = delivery.error.message;
  if (!reading.said.empty()) text += ": " + reading.said;
  // Before anything is cut: half a secret is still one.
  text = one_line(redact_.clean(text), longest_message);
  const bool foreign = reading.speaks_json && is_page(reply);
  if (!may_pass(reply.status) && !foreign) {
    delivery.state = DeliveryState::refused;
    return delivery;
  }
  delivery.state = DeliveryState::later;
  auto wait = reading.wait;
  const auto asked = retry_after(reply, now());
  if (asked && (!wait || *asked > *wait)) wait = asked;
  if (wait) {
    // One more: it counts in whole seconds too, and from a moment that is past.
    const auto pause = std::min(*wait, longest_wait) + std::chrono::seconds(1);
    delivery.not_before = now() + pause;
    text += fmt::format("; it asks to wait {} s", wait->count());
  }
  return delivery;
}

std::vector<FieldSchema> web_fields(const std::string& default_url, const std::string& url_doc) {
  std::vector<FieldSchema> fields = http_fields();
  FieldSchema& url = fields.front();
  url.doc = url_doc;
  url.check = nullptr;  // a hook may have a query, and mail another scheme
  url.required = default_url.empty();
  if (!default_url.empty()) {
    url.default_value = default_url;
    url.example = default_url;
  }
  for (FieldSchema& field : fields) {
    if (field.name == "timeout") field.doc = "How long one try may take, its answer included.";
  }
  return fields;
}

std::string text_setting(const NotifierContext& context, const char* key) {
  const auto found = context.settings.find(key);
  const bool text = found != context.settings.end() && found->is_string();
  return text ? found->get<std::string>() : std::string();
}

std::chrono::milliseconds time_limit(const NotifierContext& context) {
  const auto seconds = parse_duration(text_setting(context, "timeout"));
  return std::chrono::seconds(seconds && *seconds > 0 ? *seconds : 30);
}

std::string dump(const nlohmann::json& body) {
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace homeostat
