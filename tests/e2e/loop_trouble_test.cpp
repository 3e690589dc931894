// What goes wrong around the service: it is told once, to whoever it concerns, and nothing is lost.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/lab.hpp"
#include "tests/e2e/loop_lab.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/pdns_server.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/raw_server.hpp"

namespace homeostat::test {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

constexpr const char* renumbered = "dns:\n  lab:\n    nas: 10.5.0.20\n    www: 10.5.0.11\n";
constexpr const char* in_sync = "in sync: 2 resources";

void put(const std::string& path, const std::string& text, mode_t mode = 0600) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  ::chmod(path.c_str(), mode);
}

// Two keys; commits are signed by the one called `ana`, and count where they are signed by those of
// the file `signers`.
class SignedLab : public LoopLab {
 public:
  SignedLab() {
    for (const std::string name : {"ana", "eve"}) {
      must({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key(name)});
    }
    git({"config", "gpg.format", "ssh"});
    git({"config", "user.signingkey", key("ana")});
    allow("ana");
  }
  void sign(bool on) const { git({"config", "commit.gpgsign", on ? "true" : "false"}); }
  void allow(const std::string& name) const {
    std::ifstream in(key(name) + ".pub");
    std::string line;
    std::getline(in, line);
    put(scratch() + "/signers", name + " " + line + "\n");
  }
  void ask_for_signatures() const {
    machine(fmt::format("      require_signed_commits: {{ ssh: {}/signers }}\n", scratch()));
  }

 private:
  [[nodiscard]] std::string key(const std::string& name) const { return scratch() + "/" + name; }
  static void must(const std::vector<std::string>& command) {
    REQUIRE(run_process({.command = command}).exit_code == 0);
  }
};

// A zone more, on a server that answers as it likes.
void add_server(LoopLab& lab, const std::string& url) {
  put(lab.scratch() + "/key", "a-key");
  lab.write("homeostat.yaml",
            fmt::format("homeostat: 1\nsite: home\nproviders:\n"
                        "  dns: {{ type: files, path: {0}/live }}\n"
                        "  pdns: {{ type: powerdns, url: \"{1}\", key: \"${{secret.pdns}}\" }}\n"
                        "zones:\n  lab: {{ zone: lab.example.org, on: [dns], ttl: 5m }}\n"
                        "  out: {{ zone: out.example.org, on: [pdns], ttl: 5m }}\n"
                        "secrets:\n  pdns: {{ file: {0}/key }}\n"
                        "notifiers:\n  book: {{ type: exec, command: [{0}/book] }}\n"
                        "policy: {{ mode: enforce }}\n",
                        lab.scratch(), url));
  lab.write("dns.yaml",
            "dns:\n  lab:\n    nas: 10.5.0.10\n    www: 10.5.0.11\n  out:\n    x: 10.5.0.9\n");
  lab.push("a server");
  lab.git({"clone", "--quiet", lab.origin(), lab.scratch() + "/clone"});
  const ProcessResult trusted = lab.run({"trust", "--yes", lab.scratch() + "/clone"});
  REQUIRE_MESSAGE(trusted.exit_code == 0, trusted.err);
}

std::string listening_port(const LoopLab& lab) {
  const std::string log = lab.log();
  const std::string words = "listening on http://127.0.0.1:";
  const auto at = log.rfind(words);
  if (at == std::string::npos) return "";
  const auto begin = at + words.size();
  return log.substr(begin, log.find_first_not_of("0123456789", begin) - begin);
}

}  // namespace

TEST_CASE("loop: a drift that was repaired is told once, whatever happens afterwards") {
  LoopLab lab;
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  REQUIRE(LoopLab::soon([&] { return count(lab.told(), "\"closed\"") == 1; }));
  std::filesystem::rename(lab.origin(), lab.scratch() + "/away");
  REQUIRE(LoopLab::soon([&] { return count(lab.told(), "\"opened\"") == 2; }));
  std::filesystem::rename(lab.scratch() + "/away", lab.origin());
  REQUIRE(LoopLab::soon([&] { return has(lab.run({"incidents"}).out, "no open incidents"); }));
  lab.write("dns.yaml", "dns:\n  lab:\n    nas: 10.5.0.400\n");
  lab.push("a typo");
  REQUIRE(LoopLab::soon([&] { return has(lab.told(), "dns.yaml:3"); }));
  lab.write("dns.yaml", renumbered);
  lab.push("put right");
  REQUIRE(LoopLab::soon([&] { return has(lab.live("nas"), "10.5.0.20"); }));
  REQUIRE(LoopLab::soon([&] { return count(lab.told(), "\"closed\"") >= 3; }));
  CHECK(lab.stop() == 0);
  CHECK(count(lab.told(), "\"opened\"") == 3);
  CHECK(count(lab.told(), "\"closed\"") == 3);
  CHECK_FALSE(has(lab.told(), "flapping"));
}

TEST_CASE("loop: who stops the service in the middle of a look gets no incident of it") {
  LoopLab lab;
  RawServer server([](Peer& peer, int) {
    peer.read_request();
    peer.wait_for_end();
  });
  add_server(lab, server.url());
  lab.start();
  REQUIRE(LoopLab::soon([&] { return server.connections() > 0; }));
  CHECK(lab.stop() == 0);
  CHECK_FALSE(has(lab.run({"incidents", "--all"}).out, "stopped"));
  CHECK(lab.told().empty());
}

TEST_CASE("loop: what a server takes and does not do is stuck, until somebody says resume") {
  LoopLab lab;
  PdnsServer server;
  server.create_zone("out.example.org");
  FaultProxy wire(server.port());
  add_server(lab, wire.url());
  put(lab.scratch() + "/key", PdnsServer::key);
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "in sync: 3 resources"); }));
  wire.add({.method = "PATCH", .fault = {.status = 204}});
  lab.write("dns.yaml",
            "dns:\n  lab:\n    nas: 10.5.0.10\n    www: 10.5.0.11\n  out:\n    x: 10.5.0.8\n");
  lab.push("x moves");
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "did not converge: dns/out/x/A"); }));
  // Three tries of ten seconds each.
  const auto is_stuck = [&] { return has(lab.told(), "written 3 times without effect"); };
  const bool stuck = LoopLab::soon(is_stuck) || LoopLab::soon(is_stuck);
  REQUIRE(stuck);
  const auto writes = wire.count("PATCH");
  wire.clear();  // healed, and nobody knows
  const auto looks = wire.count("GET");
  REQUIRE(LoopLab::soon([&] { return wire.count("GET") > looks + 4; }));
  CHECK(wire.count("PATCH") == writes);
  CHECK(lab.run({"resume", "dns/out/x/A"}).exit_code == 0);
  CHECK(LoopLab::soon([&] { return has(lab.run({"incidents"}).out, "no open incidents"); }));
  CHECK(wire.count("PATCH") == writes + 1);
  CHECK(lab.stop() == 0);
  // The key stands in its own file, and in nothing that the service has left.
  CHECK(files_with(lab.scratch(), PdnsServer::key) ==
        std::vector<std::string>{lab.scratch() + "/key"});
}

TEST_CASE("loop: a stop while a signature is checked says nothing against the commit") {
  SignedLab lab;
  lab.sign(true);
  lab.push("signed");
  lab.ask_for_signatures();
  ::mkdir((lab.scratch() + "/bin").c_str(), 0700);
  put(lab.scratch() + "/bin/ssh-keygen",
      "#!/bin/sh\necho >" + lab.scratch() + "/asked\nexec sleep 60\n", 0700);
  lab.set("PATH", lab.scratch() + "/bin:/usr/bin:/bin");
  lab.start();
  REQUIRE(LoopLab::soon([&] { return std::filesystem::exists(lab.scratch() + "/asked"); }));
  CHECK(lab.stop() == 0);
  CHECK_FALSE(has(lab.log(), "commit "));
  lab.set("PATH", "/usr/bin:/bin");
  lab.start();
  CHECK(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
  CHECK(lab.stop() == 0);
  CHECK_FALSE(has(lab.told(), "\"opened\""));
}

TEST_CASE("loop: a commit that was refused for its signer is taken once the signer is known") {
  SignedLab lab;
  lab.sign(true);
  lab.write("dns.yaml", renumbered);
  const std::string commit = lab.push("signed");
  lab.allow("eve");
  lab.ask_for_signatures();
  lab.start();
  const std::string title = "commit " + commit.substr(0, 7) + ": it is signed by a key that is not";
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), title); }));
  lab.allow("ana");
  CHECK(LoopLab::soon([&] { return has(lab.live("nas"), "10.5.0.20"); }));
  CHECK(lab.stop() == 0);
  CHECK(count(lab.log(), title) == 1);
}

TEST_CASE("loop: a commit that something live stood in the way of is tried again") {
  LoopLab lab("{ mode: enforce }",
              "networks:\n  lab: { cidr: 10.5.0.0/30, gateway: 10.5.0.1, assign: lowest }\n"
              "defaults: { container: { provider: dns, network: lab } }\n");
  const std::string stranger = lab.scratch() + "/live/container/stranger.yaml";
  std::filesystem::create_directories(lab.scratch() + "/live/container");
  put(stranger, "vmid: 105\nip: 10.5.0.2\n");
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
  lab.write("boxes.yaml", "containers: { a: { vmid: 101, ip: auto } }\n");
  lab.push("a box");
  REQUIRE(LoopLab::soon([&] { return has(lab.told(), "no free address"); }));
  std::filesystem::remove(stranger);
  CHECK(LoopLab::soon([&] { return has(lab.log(), "in sync: 3 resources"); }));
  CHECK(LoopLab::soon([&] { return has(lab.run({"incidents"}).out, "no open incidents"); }));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: a yes to a connection is looked at, long before the next interval") {
  LoopLab lab;
  put(lab.scratch() + "/machine.yaml",
      fmt::format("service: {{ sites: {{ home: {{ repo: {}, poll: 1s, interval: 1h }} }} }}\n",
                  lab.origin()));
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
  lab.write("homeostat.yaml",
            fmt::format("homeostat: 1\nsite: home\nproviders:\n"
                        "  dns: {{ type: files, path: {0}/live }}\n"
                        "  far: {{ type: files, path: {0}/far }}\n"
                        "zones:\n  lab: {{ zone: lab.example.org, on: [dns], ttl: 5m }}\n"
                        "  out: {{ zone: out.example.org, on: [far], ttl: 5m }}\n"
                        "notifiers:\n  book: {{ type: exec, command: [{0}/book] }}\n"
                        "policy: {{ mode: enforce }}\n",
                        lab.scratch()));
  lab.write("dns.yaml", std::string(renumbered) + "  out:\n    x: 10.5.0.9\n");
  lab.push("another folder");
  REQUIRE(LoopLab::soon([&] { return has(lab.told(), "not trusted"); }));
  const std::string made = lab.scratch() + "/far/dns/out/x/A.yaml";
  CHECK_FALSE(std::filesystem::exists(made));
  lab.git({"clone", "--quiet", lab.origin(), lab.scratch() + "/clone"});
  REQUIRE(lab.run({"trust", "--yes", lab.scratch() + "/clone"}).exit_code == 0);
  CHECK(LoopLab::soon([&] { return std::filesystem::exists(made); }));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: what was in force before signatures were asked for stays, and is told") {
  SignedLab lab;
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
  CHECK(lab.stop() == 0);
  lab.ask_for_signatures();
  lab.start();
  CHECK(LoopLab::soon([&] { return has(lab.told(), ": it is not signed"); }));
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  CHECK(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.11"); }));
  lab.sign(true);
  lab.push("signed");
  CHECK(LoopLab::soon([&] { return has(lab.run({"incidents"}).out, "no open incidents"); }));
  CHECK(lab.stop() == 0);
  // A good one that is known is nothing new.
  lab.start();
  CHECK(LoopLab::soon([&] { return count(lab.log(), in_sync) > 2; }));
  CHECK(lab.stop() == 0);
  CHECK(count(lab.log(), "is in force") == 2);
}

TEST_CASE("loop: settings by which nobody can listen leave the old ones in force") {
  LoopLab lab;
  const RawServer taken([](Peer& peer, int) { peer.wait_for_end(); });
  lab.machine("", "  listen: 127.0.0.1:0\n");
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
  const std::string address = taken.url().substr(taken.url().find("//") + 2);
  lab.machine("", "  listen: " + address + "\n");
  lab.signal(SIGHUP);
  CHECK(LoopLab::soon([&] { return has(lab.log(), "the settings stay as they were"); }));
  CHECK(LoopLab::soon([&] { return count(lab.log(), "listening on") == 2; }));
  REQUIRE(lab.running());
  lab.machine("", "  listen: 127.0.0.1:0\n  tls: { certificate: /nowhere, key: /nowhere }\n");
  lab.signal(SIGHUP);
  CHECK(LoopLab::soon([&] { return count(lab.log(), "the settings stay as they were") == 2; }));
  REQUIRE(lab.running());
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  CHECK(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.11"); }));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: a machine file that cannot be read is named, and so is what that means") {
  LoopLab lab;
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
  put(lab.scratch() + "/machine.yaml", "service:\n  sites: [\n");
  lab.signal(SIGHUP);
  CHECK(LoopLab::soon([&] { return has(lab.log(), "until the machine file can be read"); }));
  CHECK(LoopLab::soon([&] { return has(lab.told(), "machine.yaml:"); }));
  lab.machine();
  CHECK(LoopLab::soon([&] { return has(lab.told(), "\"closed\""); }));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: the metrics tell the calls of each provider, and which of them failed") {
  LoopLab lab;
  RawServer server([](Peer& peer, int) {
    while (!peer.read_request().empty()) peer.write(http_answer(401, "no"));
  });
  add_server(lab, server.url());
  lab.machine("", "  listen: 127.0.0.1:0\n");
  lab.start();
  REQUIRE(LoopLab::soon([&] { return !listening_port(lab).empty(); }));
  const std::string port = listening_port(lab);
  std::string text;
  CHECK(LoopLab::soon([&] {
    text = raw_http(std::stoi(port), "GET", "/metrics").body;
    return has(text, "homeostat_provider_calls_total{site=\"home\",provider=\"pdns\"} ") &&
           has(text, "homeostat_provider_errors_total{site=\"home\",provider=\"pdns\"} ");
  }));
  CHECK_FALSE(has(text, "provider=\"pdns\"} 0\n"));
  const ProcessResult checked =
      run_process({.command = {"/usr/bin/promtool", "check", "metrics"}, .input = text});
  CHECK_MESSAGE(checked.exit_code == 0, checked.err);
  CHECK(lab.stop() == 0);
}

}  // namespace homeostat::test
