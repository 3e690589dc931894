#include "reconciler/serve/client.hpp"

#include <cstdlib>

#include "providers/core/http.hpp"
#include "reconciler/private_file.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

constexpr std::size_t longest_token = 4096;
constexpr std::chrono::minutes longest_plan(10);
constexpr int unprocessable = 422;

json problem_of(const HttpReply& reply) {
  json problem = json::parse(reply.body, nullptr, false);
  return problem.is_object() ? problem : json::object();
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Error with_hint(const HttpRequest& /*request*/, const HttpReply& reply, Error error) {
  error.hint = text_at(problem_of(reply), "hint");
  return error;
}

Errors errors_of(const HttpReply& reply) {
  Errors errors;
  const json problem = problem_of(reply);
  for (const json& one : problem.value("errors", json::array())) {
    if (one.is_string()) {
      errors.push_back(fail(ErrorKind::invalid_spec, one.get<std::string>()).value());
    }
  }
  if (errors.empty()) errors.push_back(with_hint({}, reply, http_error({}, reply)));
  return errors;
}

std::string path_of(const PlanQuery& query) {
  std::string path = "/api/v1/plan?format=";
  switch (query.format) {
    case PlanFormat::json:
      path += "json";
      break;
    case PlanFormat::text:
      path += "text";
      break;
    case PlanFormat::markdown:
      path += "markdown";
      break;
  }
  const auto add = [&path](const std::string& name, const std::string& value) {
    path += "&" + name + "=" + url_component(value);
  };
  if (!query.site.empty()) add("site", query.site);
  if (!query.rev.empty()) add("rev", query.rev);
  for (const std::string& glob : query.options.only) add("only", glob);
  for (const std::string& glob : query.options.exclude) add("exclude", glob);
  if (query.format != PlanFormat::text) return path;
  if (query.style.color) add("color", "true");
  if (query.style.verbose) add("verbose", "true");
  add("width", std::to_string(query.style.width));
  add("utc_offset", std::to_string(query.style.utc_offset_minutes));
  return path;
}

Result<HttpClient> open_client(const AskedServer& server) {
  HttpSettings settings;
  settings.name = "server";
  settings.url = server.url;
  settings.ca_file = server.ca_file;
  settings.fingerprint = server.fingerprint;
  if (!server.token.empty()) {
    settings.headers.push_back(
        {.name = "Authorization", .value = "Bearer " + server.token, .secret = true});
  }
  // It says nothing until it has looked at everything. Asked once: what is busy is not helped by
  // being asked again.
  settings.total_limit = settings.idle_limit = settings.patience = longest_plan;
  settings.retries = 0;
  settings.refine = &with_hint;
  return HttpClient::open(std::move(settings));
}

}  // namespace

Result<std::string> find_token(const std::string& file) {
  if (file.empty()) {
    const char* stated = std::getenv("HOMEOSTAT_TOKEN");  // NOLINT(concurrency-mt-unsafe)
    return std::string(stated == nullptr ? "" : stated);
  }
  TRY_ASSIGN(const auto text, read_private_file(file, "the token", longest_token));
  if (!text) return fail(ErrorKind::not_found, "there is no token file " + file);
  const std::size_t end = text->find_last_not_of(" \t\r\n");
  return end == std::string::npos ? std::string() : text->substr(0, end + 1);
}

tl::expected<ServedPlan, Errors> ask_for_plan(const AskedServer& server, const PlanQuery& query,
                                              const std::stop_token& stop) {
  const auto client = open_client(server);
  if (!client) return tl::unexpected(Errors{client.error()});
  const auto reply = client->send({.path = path_of(query), .judged = {unprocessable}}, stop);
  if (!reply) return tl::unexpected(Errors{reply.error()});
  if (reply->status == unprocessable) return tl::unexpected(errors_of(*reply));
  const auto code = parse_digits(reply->header(to_lower(exit_code_header)));
  if (!code || *code > 3) {
    return tl::unexpected(
        Errors{fail(ErrorKind::internal, reply->origin + ": what answers is no `homeostat run`",
                    "the url is that of its `service: listen`")
                   .value()});
  }
  return ServedPlan{.exit_code = static_cast<int>(*code), .body = reply->body};
}

}  // namespace homeostat
