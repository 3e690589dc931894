// Living on a machine: what systemd is told, and what it thinks of our unit.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/e2e/lab.hpp"
#include "tests/e2e/loop_lab.hpp"
#include "tests/support/notify_socket.hpp"

namespace homeostat::test {
namespace {

constexpr const char* unit = HOMEOSTAT_SOURCE_DIR "/reconciler/deploy/homeostat.service";

std::string read(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// One that nobody listens on now.
int free_port() {
  const int file = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(file, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(getsockname(file, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(file);
  return ntohs(address.sin_port);
}

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

TEST_CASE("deploy: the service is asked whether it is well, without any other program") {
  LoopLab lab;
  CHECK(has(lab.run({"health"}).err, "listens nowhere"));
  const int port = free_port();
  lab.machine("", fmt::format("  listen: 127.0.0.1:{}\n", port));
  CHECK(lab.run({"health"}).exit_code == 1);
  lab.start();
  CHECK(LoopLab::soon([&] { return lab.run({"health"}).exit_code == 0; }));
  CHECK(lab.run({"health"}).out == "the service is well\n");
  CHECK(lab.stop() == 0);
  CHECK(lab.run({"health"}).exit_code == 1);
}

TEST_CASE("deploy: the image has each library that the program is linked with") {
  const std::string text = read(HOMEOSTAT_SOURCE_DIR "/reconciler/deploy/Containerfile");
  const std::string last = text.substr(text.rfind("\nFROM "));
  const ProcessResult linked = run_process({.command = {"/usr/bin/ldd", Lab::binary()}});
  const ProcessResult direct =
      run_process({.command = {"/usr/bin/readelf", "--dynamic", Lab::binary()}});
  REQUIRE(linked.exit_code == 0);
  std::size_t seen = 0;
  std::istringstream lines(linked.out);
  for (std::string name, arrow, path, rest; lines >> name >> arrow >> path;) {
    std::getline(lines, rest);
    if (arrow != "=>" || !has(direct.out, "[" + name + "]")) continue;
    path = std::filesystem::canonical(path);
    // Debian's files of /lib are said to be in /lib or in /usr/lib.
    ProcessResult owner = run_process({.command = {"/usr/bin/dpkg", "-S", path}});
    if (owner.exit_code != 0) {
      owner = run_process({.command = {"/usr/bin/dpkg", "-S", path.substr(4)}});
    }
    REQUIRE_MESSAGE(owner.exit_code == 0, path);
    const std::string package = owner.out.substr(0, owner.out.find(':'));
    // Those that every Debian has.
    if (package == "libc6" || package == "libgcc-s1") continue;
    CHECK_MESSAGE(has(last, " " + package + " "), package);
    ++seen;
  }
  CHECK(seen > 10);
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
  std::string there = read(unit);
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
