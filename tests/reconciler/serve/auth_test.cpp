#include "reconciler/serve/auth.hpp"

#include <doctest/doctest.h>

namespace homeostat {
namespace {

using std::chrono::seconds;

// A gate whose time stands still until it is moved.
struct GateLab {
  Gate::Moment now = {};
  Gate gate;

  explicit GateLab(const Gate::Limits& limits = {})
      : gate(*Gate::open(token_hash("right"), limits, [this] { return now; })) {}

  // The status, 0 where the peer may come in.
  int ask(const std::string& peer, const std::string& authorization) {
    ServeRequest request{.method = "GET", .path = "/api/v1/status", .peer = peer};
    if (!authorization.empty()) request.headers["authorization"] = authorization;
    const auto refused = gate.refuse(request);
    wait = refused && refused->headers.contains("Retry-After")
               ? std::stoi(refused->headers.at("Retry-After"))
               : 0;
    return refused ? refused->status : 0;
  }
  int wait = 0;  // what the last one was told
};

TEST_CASE("auth: the right token comes in, in whatever case Bearer is written") {
  GateLab lab;
  CHECK(lab.ask("10.0.0.1", "Bearer right") == 0);
  CHECK(lab.ask("10.0.0.1", "bearer  right ") == 0);
  for (const char* wrong : {"Bearer Right", "Bearer righ", "Bearer rightt", "Basic right", "right",
                            "Bearer", "Bearer right, Bearer right"}) {
    CAPTURE(wrong);
    GateLab fresh;
    CHECK(fresh.ask("10.0.0.1", wrong) == 401);
  }
  CHECK(lab.ask("10.0.0.1", "") == 401);
}

TEST_CASE("auth: without a hash the API is off, and a hash that is none is an error") {
  Gate off = *Gate::open("");
  const auto refused = off.refuse({.method = "GET", .path = "/", .peer = "10.0.0.1"});
  REQUIRE(refused);
  CHECK(refused->status == 403);
  CHECK(refused->body.find("token_hash") != std::string::npos);
  const std::string good = token_hash("right");
  // printf right | sha256sum
  CHECK(good == "sha256:27042f4e6eca7d0b2a7ee4026df2ecfa51d3339e6d122aa099118ecd8563bad9");
  CHECK(Gate::open(good));
  for (const std::string& wrong :
       {good.substr(7), good + "0", good.substr(0, 70), "sha256:" + std::string(64, 'g'),
        "sha256:" + std::string(64, 'A'), "md5:" + good.substr(7), std::string("right")}) {
    CAPTURE(wrong);
    CHECK_FALSE(Gate::open(wrong));
  }
}

TEST_CASE("auth: after a few wrong tokens a peer waits, with the right one too") {
  GateLab lab({.peer_tries = 3, .peer_pause = seconds(10)});
  for (int i = 0; i < 3; ++i) CHECK(lab.ask("10.0.0.1", "Bearer wrong") == 401);
  CHECK(lab.ask("10.0.0.1", "Bearer wrong") == 429);
  CHECK(lab.wait == 10);
  CHECK(lab.ask("10.0.0.1", "Bearer right") == 429);
  CHECK_MESSAGE(lab.ask("10.0.0.2", "Bearer right") == 0, "others do not");
  lab.now += seconds(4);
  CHECK(lab.ask("10.0.0.1", "Bearer right") == 429);
  CHECK(lab.wait == 6);
  lab.now += seconds(6);
  CHECK(lab.ask("10.0.0.1", "Bearer wrong") == 401);
  CHECK(lab.ask("10.0.0.1", "Bearer right") == 429);
  lab.now += seconds(1000);
  CHECK(lab.ask("10.0.0.1", "Bearer right") == 0);
  CHECK_MESSAGE(lab.ask("10.0.0.1", "") == 401, "no token is no guess");
  for (int i = 0; i < 3; ++i) CHECK(lab.ask("10.0.0.1", "Bearer wrong") == 401);
  CHECK(lab.ask("10.0.0.1", "Bearer wrong") == 429);
}

TEST_CASE("auth: one household of IPv6 is one peer") {
  GateLab lab({.peer_tries = 2});
  CHECK(lab.ask("2001:db8::1", "Bearer wrong") == 401);
  CHECK(lab.ask("2001:db8::2", "Bearer wrong") == 401);
  CHECK(lab.ask("2001:db8:0:0:ffff::3", "Bearer wrong") == 429);
  CHECK(lab.ask("2001:db8:0:1::1", "Bearer wrong") == 401);
}

TEST_CASE("auth: wrong tokens from everywhere hold back all but who had the right one") {
  GateLab lab({.all_tries = 20, .all_pause = seconds(2)});
  CHECK(lab.ask("10.0.0.1", "Bearer right") == 0);
  int let_in = 0;
  for (int i = 0; i < 1000; ++i) {
    if (lab.ask("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250),
                "Bearer wrong") == 401) {
      ++let_in;
    }
  }
  CHECK(let_in == 20);
  CHECK(lab.ask("10.0.0.1", "Bearer right") == 0);
  CHECK(lab.ask("10.0.0.2", "Bearer right") == 429);
  CHECK(lab.wait == 2);
  lab.now += seconds(2);
  CHECK(lab.ask("10.0.0.2", "Bearer right") == 0);
  lab.now += std::chrono::hours(25);
  for (int i = 0; i < 20; ++i) {
    CHECK(lab.ask("10.3.0." + std::to_string(i), "Bearer wrong") == 401);
  }
  CHECK_MESSAGE(lab.ask("10.0.0.1", "Bearer right") == 429, "that was yesterday");
}

TEST_CASE("auth: of many peers the last ones are remembered") {
  GateLab lab({.peer_tries = 1, .all_tries = 1000, .peers = 3});
  for (int i = 1; i <= 4; ++i) {
    lab.now += std::chrono::milliseconds(1);
    CHECK(lab.ask("10.0.0." + std::to_string(i), "Bearer wrong") == 401);
  }
  CHECK(lab.ask("10.0.0.4", "Bearer wrong") == 429);
  CHECK(lab.ask("10.0.0.2", "Bearer wrong") == 429);
  CHECK_MESSAGE(lab.ask("10.0.0.1", "Bearer wrong") == 401, "forgotten for the fourth");
}

}  // namespace
}  // namespace homeostat
