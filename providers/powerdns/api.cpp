#include "providers/powerdns/api.hpp"

#include <fmt/format.h>

#include "specs/text.hpp"

namespace homeostat::powerdns {
namespace {

// The server's id is always `localhost`.
constexpr std::string_view server = "/api/v1/servers/localhost";

std::string zone_path(const std::string& name) {
  return fmt::format("{}/zones/{}", server, zone_id(name));
}

Error refined(const HttpRequest& /*request*/, const HttpReply& reply, Error error) {
  if (reply.status == 401) {
    error.hint = "`key` must be what the server's `api-key` says";
  } else if (reply.status == 403) {
    error.hint = "is this machine in the server's `webserver-allow-from`?";
  }
  return error;
}

Result<ZoneAnswer> read_zone(const HttpReply& reply) {
  Result<std::optional<ZoneAnswer>> answer = parse_zone(reply.body);
  if (!answer) {
    answer.error().message = reply.origin + ": " + answer.error().message;
    return tl::unexpected(std::move(answer).error());
  }
  if (*answer) return std::move(**answer);
  const Result<nlohmann::json> json = json_of(reply);  // no JSON: it says why
  if (!json) return tl::unexpected(json.error());
  return fail(ErrorKind::internal, reply.origin + ": the answer is no zone");
}

std::optional<std::int64_t> number(const std::string& text) {
  const auto digits = parse_digits(text);
  if (!digits) return std::nullopt;
  return static_cast<std::int64_t>(*digits);
}

}  // namespace

Result<Api> Api::open(const ProviderContext& context) {
  HttpSettings settings = http_settings(context);
  // An unknown `Accept` may be answered with a 400 (the manual, "HTTP API").
  settings.headers = {{"X-API-Key", context.settings.value("key", ""), true},
                      {"Accept", "application/json", false}};
  settings.refine = refined;
  TRY_ASSIGN(HttpClient client, HttpClient::open(std::move(settings)));
  return Api(std::move(client));
}

Status Api::check(const std::stop_token& stop) const {
  HttpRequest request;
  request.path = server;
  Result<HttpReply> reply = client_.send(request, stop);
  if (!reply) {
    if (reply.error().kind == ErrorKind::not_found) {
      reply.error().hint = "`url` is the server's web address alone, without /api/v1";
    }
    return tl::unexpected(std::move(reply).error());
  }
  TRY_ASSIGN(const nlohmann::json answer, json_of(*reply));
  if (answer.is_object() && answer.value("daemon_type", nlohmann::json()) == "authoritative") {
    return {};
  }
  return fail(ErrorKind::internal, reply->origin + ": no authoritative PowerDNS server answers",
              "a recursor has the same API, and no zones of its own");
}

// Whether the zone is missing, or the whole API, is for the list of zones to say.
Error Api::missing_zone(const std::string& name, const HttpReply& reply,
                        const std::stop_token& stop) const {
  HttpRequest request;
  request.path = fmt::format("{}/zones?zone={}", server, url_component(absolute(name)));
  const Result<HttpReply> listed = client_.send(request, stop);
  if (!listed) return listed.error();
  const Result<nlohmann::json> zones = json_of(*listed);
  if (!zones) return zones.error();
  if (zones->is_array() && zones->empty()) {
    return Error{ErrorKind::not_found,
                 fmt::format("the server has no zone {}", name),
                 fmt::format("create it there: pdnsutil create-zone {}", name),
                 {},
                 {}};
  }
  return Error{ErrorKind::internal,
               fmt::format("{}: {}, and the list of zones names it", reply.origin, reply.status),
               {},
               {},
               {}};
}

Result<HttpReply> Api::get_zone(const std::string& name, const std::string& query,
                                const std::stop_token& stop) const {
  HttpRequest request;
  request.path = zone_path(name) + query;
  request.judged = {404, 422};  // 422: before 4.2
  TRY_ASSIGN(HttpReply reply, client_.send(request, stop));
  if (reply.status >= 400) return tl::unexpected(missing_zone(name, reply, stop));
  return reply;
}

Result<ZoneAnswer> Api::zone(const std::string& name, const std::stop_token& stop) const {
  TRY_ASSIGN(const HttpReply reply, get_zone(name, "", stop));
  return read_zone(reply);
}

Result<std::int64_t> Api::serial(const std::string& zone, const std::stop_token& stop) const {
  TRY_ASSIGN(const HttpReply reply, get_zone(zone, "?rrsets=false", stop));
  TRY_ASSIGN(const nlohmann::json answer, json_of(reply));
  const auto found = answer.is_object() ? answer.find("serial") : answer.end();
  if (found == answer.end() || !found->is_number_integer()) {
    return fail(ErrorKind::internal, reply.origin + ": the answer has no serial");
  }
  return found->get<std::int64_t>();
}

Result<Serials> Api::patch(const std::string& zone, std::string body,
                           const std::stop_token& stop) const {
  HttpRequest request;
  request.method = "PATCH";
  request.path = zone_path(zone);
  request.body = std::move(body);
  // It is idempotent, but a repetition would raise the serial twice, and that means "somebody
  // else". So a lost answer goes up, and whoever tries again looks first.
  request.idempotent = false;
  request.judged = {400, 404, 409, 422};
  Result<HttpReply> reply = client_.send(request, stop);
  if (!reply) {
    Error error = std::move(reply).error();
    if (error.kind == ErrorKind::conflict) error.kind = ErrorKind::transient;
    return tl::unexpected(std::move(error));
  }
  if (reply->status == 204) {
    return Serials{number(reply->header("x-pdns-old-serial")),
                   number(reply->header("x-pdns-new-serial"))};
  }
  if (reply->status < 300) {
    return fail(
        ErrorKind::internal,
        fmt::format("{}: answered {} and not 204: whether anything was written is not known",
                    reply->origin, reply->status));
  }
  if (reply->status == 404) return tl::unexpected(missing_zone(zone, *reply, stop));
  Error error = http_error(request, *reply);
  if (reply->status == 400) error.kind = ErrorKind::invalid_spec;
  return tl::unexpected(std::move(error));
}

}  // namespace homeostat::powerdns
