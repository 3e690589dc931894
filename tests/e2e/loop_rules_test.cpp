// What the policy says of when the service may change something, and what: windows, healing, modes;
// and what it looks at.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "reconciler/places.hpp"
#include "tests/e2e/lab.hpp"
#include "tests/e2e/loop_tools.hpp"

namespace homeostat::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* in_sync = "in sync: 2 resources";

// The day of the week in so many days, by the clock of UTC.
std::string day_in(int days) {
  // The first day of 1970 was a Thursday.
  static constexpr std::array names = {"thu", "fri", "sat", "sun", "mon", "tue", "wed"};
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(
      std::chrono::system_clock::now().time_since_epoch());
  return names.at(static_cast<std::size_t>(hours.count() / 24 + days) % names.size());
}

// A window of whole days for what `glob` means.
std::string window(const std::string& glob, const std::string& days) {
  return fmt::format(
      "{{ only: [\"{}\"], days: [{}], from: \"00:00\", to: \"24:00\", timezone: UTC }}", glob,
      days);
}

// The state of a resource, by the API.
std::string state_of(const LoopLab& lab, const std::string& address) {
  const nlohmann::json all = ask_json(lab, "/api/v1/resources");
  if (!all.is_object()) return "";
  for (const nlohmann::json& row : all["resources"]) {
    if (has(row.value("address", ""), address)) return row.value("state", "");
  }
  return "";
}

// Two folders, two zones and a monitor, with modes besides the policy's: of the second provider, of
// monitors, and of one record.
void add_modes(LoopLab& lab, const std::string& policy_mode, const std::string& other_mode) {
  lab.write("homeostat.yaml",
            fmt::format("homeostat: 1\nsite: home\nproviders:\n"
                        "  dns: {{ type: files, path: {0}/live }}\n"
                        "  two: {{ type: files, path: {0}/two }}\n"
                        "  kuma: {{ type: files, path: {0}/kuma }}\n"
                        "zones:\n  lab: {{ zone: lab.example.org, on: [dns], ttl: 5m }}\n"
                        "  far: {{ zone: far.example.org, on: [two], ttl: 5m }}\n"
                        "notifiers:\n  book: {{ type: exec, command: [{0}/book] }}\n"
                        "policy:\n  mode: {1}\n  kinds: {{ monitor: {{ mode: {2} }} }}\n"
                        "  providers: {{ two: {{ mode: {2} }} }}\n",
                        lab.scratch(), policy_mode, other_mode));
  lab.write("dns.yaml", fmt::format("dns:\n  lab:\n    nas: {{ A: 10.5.0.10, mode: {} }}\n"
                                    "    www: 10.5.0.11\n  far:\n    x: 10.5.0.9\n"
                                    "monitors:\n  site: {{ provider: kuma, type: http, "
                                    "target: \"http://www.lab.example.org\" }}\n",
                                    other_mode));
  lab.push("modes");
  trust(lab);
}

std::vector<std::string> made(const LoopLab& lab) {
  std::vector<std::string> files;
  for (const std::string folder : {"live", "two", "kuma"}) {
    const std::string top = lab.scratch() + "/" + folder;
    if (!fs::exists(top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(top)) {
      if (entry.path().extension() == ".yaml") {
        files.push_back(fs::relative(entry.path(), lab.scratch()));
      }
    }
  }
  std::ranges::sort(files);
  return files;
}

std::size_t looks_at_the_server(const WireLab& lab) {
  const auto log = lab.wire.log();
  return static_cast<std::size_t>(std::ranges::count_if(
      log, [](const std::string& line) { return line.starts_with("GET ") && has(line, "zones"); }));
}

}  // namespace

TEST_CASE("loop: outside its window a change waits and is shown so; inside of one it is made") {
  const std::string open = day_in(-1) + ", " + day_in(0) + ", " + day_in(1);
  LoopLab lab(fmt::format("{{ mode: enforce, windows: [{}, {}] }}",
                          window("dns/lab/nas/*", day_in(3)), window("dns/lab/www/*", open)));
  lab.machine("", listens());
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.11"); }));
  REQUIRE(LoopLab::soon([&] { return state_of(lab, "dns/lab/www/A") == "in_sync"; }));
  CHECK(state_of(lab, "dns/lab/nas/A") == "waiting");
  // Looks that come later change nothing of that.
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  REQUIRE(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.11"); }));
  CHECK(lab.live("nas").empty());
  const std::string waits = "waits for its window, which opens at ";
  CHECK(LoopLab::soon([&] {
    return has(lab.run({"status", "--rev", "main", lab.origin()}).out, "exit 2: 1 waiting");
  }));
  put(lab.scratch() + "/token", api_token);
  const ProcessResult plan =
      lab.run({"plan", "--server", fmt::format("http://127.0.0.1:{}", port_of(lab)), "--token-file",
               lab.scratch() + "/token"});
  CHECK_MESSAGE(has(flat(plan.out), waits), plan.out);
  CHECK(plan.exit_code == 2);
  CHECK(has(flat(ask(lab, "/api/v1/resources").body), waits));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: drift is repaired when its time is up, and nobody has to look before") {
  LoopLab lab("{ mode: enforce, heal_after: 3s }");
  lab.pace("1s", "1h");
  lab.machine();
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  // A word that makes it look, once.
  CHECK(lab.run({"suspend", "dns/lab/nas/*", "--reason", "so that it looks"}).exit_code == 0);
  REQUIRE(LoopLab::soon([&] { return count(lab.told(), "\"opened\"") == 1; }));
  CHECK(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.11"); }));
  CHECK(LoopLab::soon([&] { return count(lab.log(), in_sync) == 2; }));
  CHECK(lab.stop() == 0);
  // Between the look and the repair it was known, and waited.
  const std::string log = lab.log();
  const auto waited = log.find("1 waiting");
  REQUIRE_MESSAGE(waited != std::string::npos, log);
  CHECK_MESSAGE(waited < log.find("update dns/lab/www/A@dns: done"), log);
}

TEST_CASE("loop: where the site only reports, what is to be enforced is changed, and only that") {
  LoopLab lab;
  add_modes(lab, "report", "enforce");
  lab.start();
  const std::vector<std::string> wanted = {"kuma/monitor/site.yaml", "live/dns/lab/nas/A.yaml",
                                           "two/dns/far/x/A.yaml"};
  CHECK(LoopLab::soon([&] { return made(lab) == wanted; }));
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "report only"); }));
  CHECK(lab.stop() == 0);
  CHECK(made(lab) == wanted);
}

TEST_CASE("loop: where the site enforces, what is only to be reported is left alone") {
  LoopLab lab;
  add_modes(lab, "enforce", "report");
  lab.start();
  const std::vector<std::string> wanted = {"live/dns/lab/www/A.yaml"};
  CHECK(LoopLab::soon([&] { return made(lab) == wanted; }));
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "report only"); }));
  CHECK(lab.stop() == 0);
  CHECK(made(lab) == wanted);
}

TEST_CASE("loop: a commit makes it look at what the commit touches, and at nothing else") {
  WireLab lab;
  lab.pace("1s", "1h");
  lab.machine();
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "in sync: 3 resources"); }));
  REQUIRE(lab.x() == "10.5.0.9");
  const std::size_t looks = looks_at_the_server(lab);
  CHECK(looks > 0);
  lab.server.put("out.example.org", "x.out.example.org", "A", 300, {"10.5.0.7"});
  lab.declare("10.5.0.20", "10.5.0.9");
  lab.push("the nas moves");
  REQUIRE(LoopLab::soon([&] { return count(lab.log(), "is in force") == 2; }));
  CHECK(has(lab.live("nas"), "10.5.0.20"));
  CHECK(looks_at_the_server(lab) == looks);
  CHECK(lab.x() == "10.5.0.7");
  // This would write nothing, by what was seen last; but it is about that server.
  lab.declare("10.5.0.20", "{ A: 10.5.0.9, mode: enforce }");
  lab.push("a word about x");
  REQUIRE(LoopLab::soon([&] { return count(lab.log(), "is in force") == 3; }));
  CHECK(looks_at_the_server(lab) > looks);
  CHECK(lab.x() == "10.5.0.9");
  CHECK(lab.stop() == 0);
}

TEST_CASE(
    "loop: while somebody else writes, the service says whom it waits for, and does nothing") {
  LoopLab lab;
  const std::string state = lab.scratch() + "/state/home";
  {
    Places places;
    places.state = state;
    places.lock = state + "/lock";
    const auto lock = SiteLock::acquire(
        places, "home", "the other one",
        std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    REQUIRE(lock);
    lab.start();
    REQUIRE(LoopLab::soon([&] { return has(lab.log(), "waits: the other one, process "); }));
    // It asks again at once for a commit; once it is said, that is enough.
    lab.write("dns.yaml", "dns:\n  lab:\n    nas: 10.5.0.20\n    www: 10.5.0.11\n");
    const std::string commit = lab.push("the nas moves");
    REQUIRE(LoopLab::soon([&] {
      return has(lab.git({"--git-dir", state + "/mirror/repository", "rev-list", "--all"}), commit);
    }));
    CHECK(lab.live("nas").empty());
    CHECK(lab.run({"apply", "--yes", "--rev", "main", lab.origin()}).exit_code == 1);
  }
  CHECK(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
  CHECK(has(lab.live("nas"), "10.5.0.20"));
  CHECK(count(lab.log(), "waits: ") == 1);
  CHECK(lab.stop() == 0);
}

}  // namespace homeostat::test
