// What the service is told by signals: SIGHUP puts the new settings in force, SIGTERM ends it
// between two writes and never within one.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "tests/e2e/lab.hpp"
#include "tests/e2e/loop_tools.hpp"
#include "tests/support/notify_socket.hpp"

namespace homeostat::test {
namespace {

constexpr const char* in_sync = "in sync: 2 resources";
constexpr const char* all_in_sync = "in sync: 3 resources";

// The PowerDNS, and somebody who hears when the service has begun to stop.
class StopLab : public WireLab {
 public:
  StopLab() : systemd_(scratch() + "/notify") {
    set("NOTIFY_SOCKET", scratch() + "/notify");
    start();
    REQUIRE(soon([&] { return has(log(), all_in_sync); }));
  }
  // x moves, and the write is on its way.
  void move_x() {
    const std::size_t writes = wire.count("PATCH");
    declare("10.5.0.10", "10.5.0.8");
    push("x moves");
    REQUIRE(soon([&] { return wire.count("PATCH") > writes; }));
  }
  // SIGTERM; it has come when this returns.
  void begin_to_stop() const {
    signal(SIGTERM);
    REQUIRE(systemd_.hears("STOPPING=1"));
  }
  // The exit code of one that ends by itself.
  int ended() {
    REQUIRE(soon([&] { return !running(); }));
    return stop();
  }
  [[nodiscard]] std::string history() const {
    return flat(run({"history", "dns/out/x/A", work()}).out);
  }

 private:
  const NotifySocket systemd_;
};

}  // namespace

TEST_CASE("loop: SIGHUP makes it follow the branch that the machine file names now") {
  LoopLab lab;
  lab.git({"push", "--quiet", "origin", "main:trial"});
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
  lab.git({"checkout", "--quiet", "-B", "trial"});
  lab.write("dns.yaml", "dns:\n  lab:\n    nas: 10.5.0.20\n    www: 10.5.0.11\n");
  lab.git({"commit", "--quiet", "--all", "--message", "on trial"});
  lab.git({"push", "--quiet", "origin", "trial"});
  lab.machine("      branch: trial\n");
  lab.signal(SIGHUP);
  CHECK(LoopLab::soon([&] { return has(lab.live("nas"), "10.5.0.20"); }));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: SIGHUP brings a site, and a token in the place of the old one") {
  LoopLab lab;
  lab.git({"checkout", "--quiet", "--orphan", "office"});
  lab.write("homeostat.yaml",
            fmt::format("homeostat: 1\nsite: office\nproviders:\n"
                        "  dns: {{ type: files, path: {}/office }}\n"
                        "zones:\n  lab: {{ zone: office.example.org, on: [dns], ttl: 5m }}\n"
                        "policy: {{ mode: enforce }}\n",
                        lab.scratch()));
  lab.git({"commit", "--quiet", "--all", "--message", "the office"});
  lab.git({"push", "--quiet", "origin", "office"});
  trust(lab);
  lab.machine("", listens());
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "home: " + std::string(in_sync)); }));
  CHECK(ask(lab, "/api/v1/status").status == 200);

  const std::string other = "another-token-of-32-characters-or-more";
  lab.machine(
      fmt::format("    office: {{ repo: \"{}\", branch: office, poll: 1s }}\n", lab.origin()),
      listens(other));
  lab.signal(SIGHUP);
  CHECK(LoopLab::soon([&] { return has(lab.log(), "office: " + std::string(in_sync)); }));
  CHECK(LoopLab::soon([&] { return ask(lab, "/api/v1/status", other).status == 200; }));
  CHECK(ask(lab, "/api/v1/status").status == 401);
  CHECK(has(ask(lab, "/api/v1/status", other).body, "\"office\""));
  // The first one is followed as before.
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  CHECK(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.11"); }));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: SIGTERM lets a write that is on its way come to its end, and it is recorded") {
  std::atomic<bool> held = true;  // outlives the wire
  StopLab lab;
  lab.wire.before_forward([&held](const std::string& method, const std::string&) {
    if (method == "PATCH") static_cast<void>(LoopLab::soon([&held] { return !held; }));
  });
  lab.move_x();
  lab.begin_to_stop();
  CHECK(lab.running());
  held = false;
  CHECK(lab.ended() == 0);
  CHECK(lab.x() == "10.5.0.8");
  const std::string history = lab.history();
  CHECK_MESSAGE(has(history, "update dns/out/x/A: done"), history);
  CHECK_FALSE(has(history, "cut off"));
  const std::size_t writes = lab.wire.count("PATCH");
  const std::size_t before = count(lab.log(), all_in_sync);
  lab.start();
  CHECK(LoopLab::soon([&] { return count(lab.log(), all_in_sync) > before; }));
  CHECK(lab.stop() == 0);
  CHECK(lab.wire.count("PATCH") == writes);
  CHECK_FALSE(has(lab.history(), "cut off"));
}

TEST_CASE(
    "loop: a second SIGTERM ends a write that gets no answer, and the next start settles it") {
  StopLab lab;
  lab.wire.add({.method = "PATCH", .fault = {.kind = WireFault::Kind::silent}});
  lab.move_x();
  lab.begin_to_stop();
  CHECK(lab.running());
  lab.signal(SIGTERM);
  CHECK(lab.ended() == 0);
  CHECK(lab.x() == "10.5.0.9");
  lab.wire.clear();
  lab.start();
  CHECK(LoopLab::soon([&] { return lab.x() == "10.5.0.8"; }));
  CHECK(LoopLab::soon([&] { return count(lab.log(), all_in_sync) >= 2; }));
  CHECK(lab.stop() == 0);
  const std::string history = lab.history();
  CHECK_MESSAGE(has(history, "update dns/out/x/A: done"), history);
}

}  // namespace homeostat::test
