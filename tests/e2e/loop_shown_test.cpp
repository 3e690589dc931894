// What a running service shows of itself, and whom it tells.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "reconciler/serve/auth.hpp"
#include "tests/e2e/lab.hpp"
#include "tests/e2e/loop_lab.hpp"
#include "tests/support/certificate.hpp"
#include "tests/support/raw_http.hpp"

namespace homeostat::test {
namespace {

constexpr const char* token = "a-token-of-32-characters-or-more";
constexpr const char* in_sync = "in sync: 2 resources";
constexpr const char* renumbered = "dns:\n  lab:\n    nas: 10.5.0.20\n    www: 10.5.0.11\n";

void put(const std::string& path, const std::string& text, mode_t mode = 0600) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  ::chmod(path.c_str(), mode);
}

std::size_t lines(const std::string& path) {
  std::ifstream in(path);
  std::size_t count = 0;
  for (std::string line; std::getline(in, line);) ++count;
  return count;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

std::string server() {
  return fmt::format("  listen: 127.0.0.1:0\n  token_hash: \"{}\"\n", token_hash(token));
}

std::string get(const LoopLab& lab, const std::string& path) {
  const std::string log = lab.log();
  const std::string words = "listening on http://127.0.0.1:";
  const auto at = log.rfind(words);
  REQUIRE(at != std::string::npos);
  return raw_http(std::stoi(log.substr(at + words.size())), "GET", path, "",
                  fmt::format("Authorization: Bearer {}\r\n", token))
      .body;
}

}  // namespace

TEST_CASE("loop: a notifier that cannot be opened is an incident, and said once") {
  LoopLab lab("{ mode: enforce }");
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
  const std::string spec =
      "homeostat: 1\nsite: home\nproviders:\n  dns: { type: files, path: " + lab.scratch() +
      "/live }\nzones:\n  lab: { zone: lab.example.org, on: [dns], ttl: 5m }\nnotifiers:\n"
      "  book: { type: exec, command: [" +
      lab.scratch() + "/book] }\n";
  lab.write("homeostat.yaml",
            spec + "  new: { type: exec, command: [/bin/true] }\npolicy: { mode: enforce }\n");
  lab.push("one more");
  CHECK(LoopLab::soon([&] { return has(lab.told(), "notifier new: "); }));
  CHECK(LoopLab::soon([&] { return has(lab.run({"incidents"}).out, "notifier new: "); }));
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");  // a turn later
  CHECK(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.11"); }));
  lab.write("homeostat.yaml", spec + "policy: { mode: enforce }\n");
  lab.push("without it");
  CHECK(LoopLab::soon([&] { return has(lab.run({"incidents"}).out, "no open incidents"); }));
  CHECK(lab.stop() == 0);
  const std::string log = lab.log();
  const auto first = log.find("notifier new: ");
  CHECK(log.find("notifier new: ", first + 1) == std::string::npos);
}

TEST_CASE("loop: report mode has a ledger and says so, and calls what it finds by its name") {
  LoopLab lab("{ mode: report }");
  lab.start();
  CHECK(LoopLab::soon([&] { return has(lab.log(), "2 differences, report only"); }));
  const std::vector<std::string> at = {"--rev", "main", lab.origin()};
  for (const std::string verb : {"plan", "status", "report"}) {
    std::vector<std::string> words = {verb};
    words.insert(words.end(), at.begin(), at.end());
    const ProcessResult said = lab.run(words);
    CAPTURE(said.out);
    CHECK_FALSE(has(said.out, "no ledger"));
    CHECK_FALSE(has(said.out, "without a ledger"));
  }
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: what is suspended or waits shows in the status and in the service's plan") {
  LoopLab lab("{ mode: enforce, approve: always }");
  lab.machine("", server());
  lab.start();
  const std::vector<std::string> words = {"status", "--rev", "main", lab.origin()};
  CHECK(LoopLab::soon([&] { return has(lab.run(words).out, "homeostat approve "); }));
  CHECK(lab.run({"suspend", "dns/lab/nas/*", "--reason", "it is being moved"}).exit_code == 0);
  CHECK(has(lab.run(words).out, "suspended: dns/lab/nas/* since "));
  const auto json =
      nlohmann::json::parse(lab.run({"status", "--json", "--rev", "main", lab.origin()}).out);
  REQUIRE(json.value("suspended", nlohmann::json::array()).size() == 1);
  CHECK(json["suspended"][0]["reason"] == "it is being moved");
  CHECK(json["approvals"].size() == 1);
  CHECK(LoopLab::soon([&] { return has(get(lab, "/api/v1/plan?format=text"), "suspended"); }));
  CHECK(lab.run({"suspend", "", "--reason", "x"}).exit_code == 1);
  CHECK(lab.run({"suspend", "--reason", "  "}).exit_code == 1);
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: a refused commit is shown with its author and its subject") {
  LoopLab lab;
  lab.machine("", server());
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
  lab.remove("dns.yaml");
  lab.remove("homeostat.yaml");
  const std::string commit = lab.push("everything is gone");
  REQUIRE(LoopLab::soon([&] { return has(lab.told(), "homeostat.yaml"); }));
  CHECK(has(lab.told(), "there is no homeostat.yaml in commit " + commit.substr(0, 7)));
  const auto status = nlohmann::json::parse(get(lab, "/api/v1/status"));
  const auto refused = status["sites"][0]["refused"];
  CHECK(refused["commit"] == commit);
  CHECK(refused["subject"] == "everything is gone");
  CHECK(refused["author"] == "Ana");
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: the service's own certificate is told of before it ends") {
  LoopLab lab;
  const Certificate made =
      make_certificate({.folder = lab.scratch(), .file = "own", .valid_to = 3 * 24 * 3600});
  ::chmod(made.key_file.c_str(), 0600);
  lab.machine("", fmt::format("  listen: 127.0.0.1:0\n  tls: {{ certificate: {}, key: {} }}\n",
                              made.file, made.key_file));
  lab.start();
  CHECK(LoopLab::soon(
      [&] { return has(lab.told(), "the certificate of this service expires on 20"); }));
  CHECK(has(lab.run({"incidents"}).out, "the certificate of this service expires on 20"));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: a message on its way when the service stops, or is told new settings, goes once") {
  LoopLab lab;
  put(lab.scratch() + "/book",
      "#!/bin/sh\ncat >/dev/null\necho >>" + lab.scratch() + "/begun\nsleep 2\n", 0700);
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
  lab.write("dns.yaml", "dns:\n  lab:\n    nas: 10.5.0.400\n");
  lab.push("a typo");
  REQUIRE(LoopLab::soon([&] { return lines(lab.scratch() + "/begun") == 1; }));
  SUBCASE("stopped") {
    CHECK(lab.stop() == 0);
    lab.start();
  }
  SUBCASE("told new settings") {
    lab.signal(SIGHUP);
    REQUIRE(LoopLab::soon([&] { return count(lab.log(), in_sync) == 2; }));
  }
  lab.write("dns.yaml", renumbered);
  lab.push("put right");
  CHECK(LoopLab::soon([&] { return has(lab.live("nas"), "10.5.0.20"); }));
  CHECK(LoopLab::soon([&] { return lines(lab.scratch() + "/begun") == 2; }));
  CHECK(lab.stop() == 0);
  CHECK(lines(lab.scratch() + "/begun") == 2);  // opened, closed
}

}  // namespace homeostat::test
