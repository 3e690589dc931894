// A client for tests, and a clock that only waiting moves.
#pragma once

#include <doctest/doctest.h>

#include <mutex>
#include <vector>

#include "providers/core/http.hpp"

namespace homeostat::test {

// Waiting takes no time: it moves the clock. Chance is always a half.
class StillClock {
 public:
  [[nodiscard]] Timing timing() {
    Timing made;
    made.now = [this] {
      const std::lock_guard lock(mutex_);
      return now_;
    };
    made.wait = [this](std::chrono::milliseconds pause, const std::stop_token&) {
      if (pause.count() == 0) return;
      const std::lock_guard lock(mutex_);
      now_ += pause;
      pauses_.push_back(pause.count());
    };
    // Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110.
    made.date = [] { return std::chrono::sys_seconds(std::chrono::seconds(784111777)); };
    made.chance = [] { return 0.5; };
    return made;
  }
  [[nodiscard]] std::vector<long> pauses() {
    const std::lock_guard lock(mutex_);
    return pauses_;
  }

 private:
  std::mutex mutex_;
  std::chrono::steady_clock::time_point now_;  // guarded by mutex_
  std::vector<long> pauses_;                   // guarded by mutex_
};

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
