// Living on a machine: what systemd is told, and what it thinks of our unit.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <sstream>

#include "tests/e2e/lab.hpp"
#include "tests/e2e/loop_lab.hpp"

namespace homeostat::test {
namespace {

constexpr const char* unit = HOMEOSTAT_SOURCE_DIR "/reconciler/deploy/homeostat.service";

// Stands for systemd.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path) : file_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(file_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const timeval limit = {.tv_sec = 30, .tv_usec = 0};
    setsockopt(file_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~NotifySocket() { close(file_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // Reads on until it is told so; false where nothing comes any more.
  [[nodiscard]] bool hears(const std::string& word) const {
    while (true) {
      std::array<char, 512> bytes = {};
      const ssize_t got = recv(file_, bytes.data(), bytes.size(), 0);
      if (got <= 0) return false;
      if (has(std::string(bytes.data(), static_cast<std::size_t>(got)), word)) return true;
    }
  }

 private:
  int file_;
};

}  // namespace

TEST_CASE("deploy: systemd is told when the service is ready, alive, reloading and stopping") {
  LoopLab lab;
  const NotifySocket systemd(lab.scratch() + "/notify");
  lab.set("NOTIFY_SOCKET", lab.scratch() + "/notify");
  lab.set("WATCHDOG_USEC", "2000000");
  lab.start();
  CHECK(systemd.hears("READY=1"));
  CHECK(systemd.hears("WATCHDOG=1"));
  CHECK(systemd.hears("WATCHDOG=1"));
  lab.signal(SIGHUP);
  CHECK(systemd.hears("RELOADING=1"));
  CHECK(systemd.hears("READY=1"));
  lab.signal(SIGTERM);
  CHECK(systemd.hears("STOPPING=1"));
  CHECK(lab.stop() == 0);
}

TEST_CASE("deploy: bad settings do not replace good ones") {
  LoopLab lab;
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "in sync: 2 resources"); }));
  lab.machine("      pol: 1s\n");
  lab.signal(SIGHUP);
  CHECK(LoopLab::soon([&] { return has(lab.log(), "the settings stay as they were"); }));
  CHECK(has(lab.log(), "`pol`"));
  lab.machine();
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  CHECK(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.11"); }));
  CHECK(lab.stop() == 0);
}

TEST_CASE("deploy: the unit is one that systemd takes, with little that it exposes") {
  const ProcessResult security = run_process({.command = {
                                                  "/usr/bin/systemd-analyze",
                                                  "security",
                                                  "--offline=true",
                                                  "--threshold=20",
                                                  unit,
                                              }});
  CHECK_MESSAGE(security.exit_code == 0, security.out.substr(security.out.find("Overall")));
  // The program is not where it will be; this one is.
  std::ifstream in(unit);
  std::ostringstream text;
  text << in.rdbuf();
  std::string there = text.str();
  const std::string program = "/usr/local/bin/homeostat";
  REQUIRE(has(there, "ExecStart=" + program));
  there.replace(there.find(program), program.size(), Lab::binary());
  TempDir dir;
  dir.write("homeostat.service", there);
  const ProcessResult verified = run_process(
      {.command = {"/usr/bin/systemd-analyze", "verify", dir.path() + "/homeostat.service"}});
  CHECK(verified.exit_code == 0);
  CHECK(verified.err == "");
}

}  // namespace homeostat::test
