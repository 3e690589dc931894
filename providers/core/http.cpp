#include "providers/core/http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "providers/core/http_text.hpp"
#include "providers/core/http_tls.hpp"
#include "providers/core/http_transport.hpp"
#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {

namespace {

// Of what a server says about an error. Longer texts are pages, not sentences.
constexpr std::size_t longest_said = std::size_t{64} << 10;

std::string_view name_of_status(int status) {
  switch (status) {
    case 400:
      return " Bad Request";
    case 401:
      return " Unauthorized";
    case 403:
      return " Forbidden";
    case 404:
      return " Not Found";
    case 405:
      return " Method Not Allowed";
    case 409:
      return " Conflict";
    case 422:
      return " Unprocessable Entity";
    case 429:
      return " Too Many Requests";
    case 500:
      return " Internal Server Error";
    case 502:
      return " Bad Gateway";
    case 503:
      return " Service Unavailable";
    case 504:
      return " Gateway Timeout";
    default:
      return "";
  }
}

std::string media_type(const HttpReply& reply) {
  const std::string type = reply.header("content-type");
  return to_lower(trim(std::string_view(type).substr(0, type.find(';'))));
}

bool is_html(const HttpReply& reply) {
  const std::string type = media_type(reply);
  const auto first = reply.body.find_first_not_of(" \t\r\n");
  const bool markup = first != std::string::npos && reply.body[first] == '<';
  return type == "text/html" || (markup && !type.ends_with("xml"));
}

// What servers call the sentence that says what went wrong.
std::string said_in(const nlohmann::json& body) {
  if (!body.is_object()) return {};
  for (const char* key : {"error", "message", "detail", "errorMessage"}) {
    const auto found = body.find(key);
    if (found == body.end()) continue;
    if (found->is_string()) return found->get<std::string>();
    if (found->is_object()) return said_in(*found);
  }
  return {};
}

std::string said(const HttpRequest& request, const HttpReply& reply) {
  if (request.sensitive || reply.body.empty() || reply.body.size() > longest_said) return {};
  if (is_html(reply)) return "an HTML page";
  if (nests_too_deep(reply.body)) return {};
  const auto json = nlohmann::json::parse(reply.body, nullptr, false);
  if (!json.is_discarded()) return said_in(json);
  return media_type(reply) == "text/plain" ? reply.body : std::string();
}

// "https://other.example.org:8443" of a Location; never its user, path or query.
std::string redirect_target(std::string_view location) {
  const auto scheme = location.find("//");
  if (scheme == std::string_view::npos ||
      location.substr(0, scheme).find('/') != std::string_view::npos) {
    return "another path of its own";
  }
  std::string_view host = location.substr(scheme + 2);
  host = host.substr(0, std::min(host.find_first_of("/?#"), host.size()));
  if (const auto at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  return std::string(location.substr(0, scheme + 2)) + std::string(host);
}

ErrorKind kind_of(const HttpRequest& request, int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorKind::auth;
    case 404:
    case 410:
      return ErrorKind::not_found;
    case 409:
    case 412:
      return ErrorKind::conflict;
    case 422:
      return ErrorKind::invalid_spec;
    case 408:
    case 425:
    case 429:
      return ErrorKind::transient;
    default:
      break;
  }
  if (status < 500 || status == 501 || status == 505) return ErrorKind::internal;
  return is_idempotent(request) ? ErrorKind::transient : ErrorKind::conflict;
}

std::string hint_of(int status) {
  if (status == 401) return "check the token or the password in its settings";
  if (status == 403) return "check what its token or user may do, and from where";
  return {};
}

constexpr std::string_view not_json = ": expected JSON, got ";

// A parser's words for where it failed are about bytes; the beginning of the text says more.
std::string how_it_begins(const HttpReply& reply) {
  return reply.excerpt.empty() ? std::string() : ", which begins `" + reply.excerpt + "`";
}

}  // namespace

bool is_idempotent(const HttpRequest& request) {
  return request.idempotent || request.method == "GET" || request.method == "HEAD";
}

std::string HttpReply::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

Error http_error(const HttpRequest& request, const HttpReply& reply) {
  Error error;
  if (reply.status >= 300 && reply.status < 400) {
    error.kind = ErrorKind::invalid_spec;
    error.message = fmt::format("{}: {}, it redirects to {}, which is not followed", reply.origin,
                                reply.status, redirect_target(reply.header("location")));
    error.hint = "write the url of the API itself, if that is the server you mean";
    return error;
  }
  error.kind = kind_of(request, reply.status);
  error.message = fmt::format("{}: {}{}", reply.origin, reply.status, name_of_status(reply.status));
  if (const std::string text = said(request, reply); !text.empty()) error.message += ": " + text;
  if (reply.status >= 500 && error.kind == ErrorKind::conflict) {
    error.message += "; whether it was done is not known";
  }
  error.hint = hint_of(reply.status);
  return error;
}

Result<nlohmann::json> json_of(const HttpReply& reply) {
  const std::string type = media_type(reply);
  const auto refuse = [&](const std::string& got) {
    return fail(ErrorKind::internal,
                reply.origin + std::string(not_json) + got + how_it_begins(reply));
  };
  if (reply.body.find_first_not_of(" \t\r\n") == std::string::npos) return refuse("nothing");
  if (is_html(reply)) return refuse("an HTML page");
  if (!type.empty() && !type.ends_with("json")) return refuse(type);
  if (nests_too_deep(reply.body)) return refuse("a text that nests too deep");
  try {
    return nlohmann::json::parse(reply.body);
  } catch (const nlohmann::json::parse_error& broken) {
    // One behind the end: more was to come.
    if (broken.byte > reply.body.size()) {
      return refuse(fmt::format("a text that is cut off after {} bytes", reply.body.size()));
    }
    return refuse(fmt::format("a text that breaks at byte {}", broken.byte));
  }
}

std::string url_component(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', digits[byte >> 4U], digits[byte & 0xFU]};
  }
  return out;
}

std::string to_string(const HttpCounts& counts) {
  const auto many = [](std::uint64_t count, std::string_view one, std::string_view more) {
    return fmt::format("{} {}", count, count == 1 ? one : more);
  };
  std::string text = many(counts.calls, "call", "calls");
  if (counts.retries > 0) text += " (" + many(counts.retries, "retry", "retries") + ")";
  return text + " over " + many(counts.connects, "connection", "connections") + ", " +
         shown_bytes(static_cast<double>(counts.bytes_sent)) + " sent, " +
         shown_bytes(static_cast<double>(counts.bytes_received)) + " received";
}

namespace {

Result<std::string> absolute_path(std::string_view text) {
  if (text.starts_with('/')) return std::string(text);
  return fail(ErrorKind::invalid_spec,
              in_ticks(text) + " is a relative path, and what lies in the repo a push can change",
              "write an absolute path of this machine");
}

}  // namespace

std::vector<FieldSchema> http_fields() {
  FieldSchema url;
  url.name = "url";
  url.type = Type::url;
  url.doc = "Where its API is: http://, https://, or unix:/// and the path of a socket.";
  url.check = [](std::string_view text) -> Result<std::string> {
    TRY_ASSIGN(const HttpTarget target, parse_target(std::string(text)));
    return canonical_url(text);
  };
  url.required = true;
  url.example = "https://10.5.0.2:8443";
  FieldSchema ca_file;
  ca_file.name = "ca_file";
  ca_file.doc =
      "A file of this machine with the certificate authorities that the server's certificate must "
      "come from. Without it: the system's.";
  ca_file.example = "/etc/homeostat/ca.pem";
  ca_file.check = absolute_path;
  FieldSchema fingerprint;
  fingerprint.name = "fingerprint";
  fingerprint.doc =
      "SHA-256 of the server's certificate. That certificate alone is taken then, whatever its "
      "name, dates and issuer.";
  fingerprint.check = canonical_fingerprint;
  FieldSchema timeout;
  timeout.name = "timeout";
  timeout.type = Type::duration;
  timeout.doc =
      "How long one call may take, its answer included. A server that is silent is "
      "given up after 10s at the latest.";
  timeout.default_value = "30s";
  timeout.min = 1;
  timeout.max = 3600;
  timeout.example = "1m";
  return {url, ca_file, fingerprint, timeout};
}

HttpSettings http_settings(const ProviderContext& context) {
  const auto text = [&context](const char* key) {
    const auto found = context.settings.find(key);
    return found != context.settings.end() && found->is_string() ? found->get<std::string>()
                                                                 : std::string();
  };
  HttpSettings settings;
  settings.name = context.config.name;
  settings.url = text("url");
  settings.ca_file = text("ca_file");
  settings.fingerprint = text("fingerprint");
  if (const auto timeout = parse_duration(text("timeout")); timeout && *timeout > 0) {
    settings.total_limit = std::chrono::seconds(*timeout);
    settings.idle_limit = std::min(settings.idle_limit, settings.total_limit);
    settings.connect_limit = std::min(settings.connect_limit, settings.total_limit);
  }
  settings.max_in_flight = context.config.max_in_flight;
  settings.max_per_second = context.config.max_per_second;
  settings.read_only = context.read_only;
  settings.timing = context.timing;
  return settings;
}

}  // namespace homeostat
