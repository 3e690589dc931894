// What stands between libmicrohttpd's words and ours: how a request is read, and an answer queued.
#pragma once

#include <microhttpd.h>

#include <optional>
#include <string>
#include <vector>

#include "reconciler/serve/server.hpp"

namespace homeostat {

// One request and what becomes of it.
struct Exchange {
  MHD_Connection* connection = nullptr;
  ServeRequest request;
  const Route* route = nullptr;     // nullptr: there is none, and `reply` says so
  std::optional<ServeReply> reply;  // there when it can be sent
};

// All but the body and what a route adds.
[[nodiscard]] ServeRequest read_request(MHD_Connection* connection, const std::string& method,
                                        const std::string& path);
// The route of this request; else what is answered. Sets its `parameter`.
[[nodiscard]] std::optional<ServeReply> find_route(const std::vector<Route>& routes,
                                                   Exchange& exchange);
// What is to be said of a request before its body is read; nullopt: it may come.
[[nodiscard]] std::optional<ServeReply> refuse(const Exchange& exchange);
[[nodiscard]] ServeReply handle(const Exchange& exchange, const std::stop_token& stop);
[[nodiscard]] MHD_Result queue(MHD_Connection* connection, const ServeReply& reply);

[[nodiscard]] int socket_of(MHD_Connection* connection);

}  // namespace homeostat
