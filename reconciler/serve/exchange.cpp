#include "reconciler/serve/exchange.hpp"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <set>

#include "reconciler/serve/listen.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

std::optional<int> hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return std::nullopt;
}

// What is no %XX stays as it is.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (high && low) {
        out += static_cast<char>(*high * 16 + *low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

MHD_Result add_header(void* request, MHD_ValueKind /*kind*/, const char* name, const char* value) {
  std::string& all = static_cast<ServeRequest*>(request)->headers[to_lower(name)];
  if (!all.empty()) all += ", ";
  all += value == nullptr ? "" : value;
  return MHD_YES;
}

MHD_Result add_query(void* request, MHD_ValueKind /*kind*/, const char* name, const char* value) {
  static_cast<ServeRequest*>(request)->query.emplace(decoded(name),
                                                     decoded(value == nullptr ? "" : value));
  return MHD_YES;
}

// The decoded component that a route's `{...}` stands for, "" where it has none; nullopt: another
// path.
std::optional<std::string> match(const std::string& pattern, const std::string& path) {
  const std::size_t brace = pattern.find('{');
  if (brace == std::string::npos) {
    if (path == pattern) return "";
    return std::nullopt;
  }
  if (path.size() <= brace || path.compare(0, brace, pattern, 0, brace) != 0 ||
      path.find('/', brace) != std::string::npos) {
    return std::nullopt;
  }
  return decoded(std::string_view(path).substr(brace));
}

}  // namespace

std::string ServeRequest::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

ServeReply error_reply(int status, const std::string& error, const std::string& hint) {
  nlohmann::json body = {{"error", error}};
  if (!hint.empty()) body["hint"] = hint;
  return {.status = status,
          .headers = {},
          .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

ServeRequest read_request(MHD_Connection* connection, const std::string& method,
                          const std::string& path) {
  ServeRequest request{.method = method, .path = path};
  MHD_get_connection_values(connection, MHD_HEADER_KIND, &add_header, &request);
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &add_query, &request);
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (info != nullptr) request.peer = peer_name(info->client_addr);
  return request;
}

std::optional<ServeReply> find_route(const std::vector<Route>& routes, Exchange& exchange) {
  ServeRequest& request = exchange.request;
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  std::set<std::string> allowed;
  for (const Route& route : routes) {
    auto parameter = match(route.path, request.path);
    if (!parameter) continue;
    if (route.method == method) {
      request.parameter = std::move(*parameter);
      exchange.route = &route;
      return std::nullopt;
    }
    allowed.insert(route.method);
    if (route.method == "GET") allowed.insert("HEAD");
  }
  if (allowed.empty()) {
    return error_reply(404, "nothing is here", "the API is described by /api/v1/openapi.json");
  }
  std::string list;
  for (const std::string& one : allowed) list += (list.empty() ? "" : ", ") + one;
  ServeReply reply = error_reply(405, "this cannot be done here", "use " + list);
  reply.headers["Allow"] = list;
  return reply;
}

std::optional<ServeReply> refuse(const Exchange& exchange) {
  if (exchange.route->admit) {
    if (auto refused = exchange.route->admit(exchange.request)) return refused;
  }
  // Nobody needs one here, and without it the size is known before a byte is read.
  if (exchange.request.headers.contains("transfer-encoding")) {
    return error_reply(411, "the length is missing", "send the body with a Content-Length");
  }
  const std::string stated = exchange.request.header("content-length");
  if (stated.empty()) return std::nullopt;
  const auto length = parse_digits(stated);
  if (!length) return error_reply(400, "Content-Length is no number");
  if (*length > exchange.route->max_body_bytes) {
    return error_reply(
        413, "the body is too large",
        "at most " + std::to_string(exchange.route->max_body_bytes) + " bytes are read here");
  }
  return std::nullopt;
}

ServeReply handle(const Exchange& exchange, const std::stop_token& stop) {
  const auto broken = [&exchange](const char* what) {
    spdlog::error("serve method={} path={} threw=\"{}\"", exchange.request.method,
                  exchange.route->path, what);
    return error_reply(500, "this failed inside the service", "its log says more");
  };
  try {
    return exchange.route->handle(exchange.request, stop);
  } catch (const std::exception& thrown) {
    return broken(thrown.what());
  } catch (...) {
    return broken("something");
  }
}

MHD_Result queue(MHD_Connection* connection, const ServeReply& reply) {
  // MHD_RESPMEM_MUST_COPY reads it only.
  MHD_Response* made = MHD_create_response_from_buffer(
      reply.body.size(), const_cast<char*>(reply.body.data()), MHD_RESPMEM_MUST_COPY);
  if (made == nullptr) return MHD_NO;
  std::map<std::string, std::string> headers = {{"Content-Type", "application/json"},
                                                {"Cache-Control", "no-store"},
                                                {"X-Content-Type-Options", "nosniff"}};
  for (const auto& [name, value] : reply.headers) headers[name] = value;
  MHD_Result queued = MHD_YES;
  for (const auto& [name, value] : headers) {
    if (MHD_add_response_header(made, name.c_str(), value.c_str()) != MHD_YES) queued = MHD_NO;
  }
  if (queued == MHD_YES) {
    queued = MHD_queue_response(connection, static_cast<unsigned int>(reply.status), made);
  }
  MHD_destroy_response(made);
  return queued;
}

int socket_of(MHD_Connection* connection) {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == nullptr ? -1 : info->connect_fd;
}

}  // namespace homeostat
