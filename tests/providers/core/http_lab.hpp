// A client for tests.
#pragma once

#include <doctest/doctest.h>

#include "providers/core/http.hpp"
#include "tests/support/still_clock.hpp"

namespace homeostat::test {

[[nodiscard]] inline HttpSettings http_to(const std::string& url) {
  HttpSettings settings;
  settings.name = "dns";
  settings.url = url;
  settings.retries = 0;
  settings.read_only = false;
  return settings;
}

// Limits that no test waits for: what ends it then must be something else.
[[nodiscard]] inline HttpSettings patient(HttpSettings settings) {
  settings.connect_limit = settings.total_limit = settings.idle_limit = std::chrono::minutes(10);
  settings.patience = std::chrono::minutes(10);
  return settings;
}

[[nodiscard]] inline HttpClient open_http(HttpSettings settings) {
  Result<HttpClient> client = HttpClient::open(std::move(settings));
  REQUIRE_MESSAGE(client, client.error().message);
  return std::move(*client);
}

[[nodiscard]] inline Result<HttpReply> get(const HttpClient& client, const std::string& path) {
  return client.send({.path = path}, {});
}

}  // namespace homeostat::test
