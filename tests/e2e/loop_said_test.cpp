// What the service says of itself to those who look later: forges, the history, the status.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <csignal>

#include "tests/e2e/lab.hpp"
#include "tests/e2e/loop_tools.hpp"
#include "tests/reconciler/forge/fake_forge.hpp"

namespace homeostat::test {

TEST_CASE("loop: the forge is told when a commit that failed at first is in sync after all") {
  WireLab lab;
  FakeForge forge(ForgeType::gitea);
  forge.commits = {lab.git({"rev-parse", "main"})};
  put(lab.scratch() + "/forge-token", forge.settings().token);
  lab.machine(
      fmt::format("      forge: {{ type: gitea, url: \"{}\", repo: ana/lab, token: {{ file: "
                  "{}/forge-token }} }}\n",
                  forge.settings().url, lab.scratch()));
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "in sync: 3 resources"); }));
  lab.wire.add({.method = "PATCH", .fault = {.status = 422, .body = "{\"error\": \"not now\"}"}});
  lab.declare("10.5.0.10", "10.5.0.8");
  lab.git({"commit", "--quiet", "--all", "--message", "x moves"});
  const std::string tip = lab.git({"rev-parse", "HEAD"});
  forge.at_rest([&] { forge.commits.push_back(tip); });
  lab.git({"push", "--quiet", "origin", "main"});
  const auto last = [&] {
    return forge.at_rest([&] {
      std::string state;
      for (const auto& told : forge.told) state = told.commit == tip ? told.state : state;
      return state;
    });
  };
  REQUIRE(LoopLab::soon([&] { return last() == "failure"; }));
  lab.wire.clear();
  REQUIRE(LoopLab::soon([&] { return lab.x() == "10.5.0.8"; }));
  CHECK(LoopLab::soon([&] { return last() == "success"; }));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: `homeostat status` shows what waits for its window as waiting") {
  LoopLab lab(
      "{ mode: enforce, windows: [{ days: [mon], from: \"00:00\", to: \"00:01\", timezone: UTC }] "
      "}");
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "2 waiting"); }));
  const std::string text = lab.run({"status", "--rev", "main", lab.origin()}).out;
  CHECK_MESSAGE(has(text.substr(text.find("resources:")), "waiting"), text);
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: the commit status of a bad commit says where, as that of a pull request does") {
  LoopLab lab;
  FakeForge forge(ForgeType::gitea);
  put(lab.scratch() + "/forge-token", forge.settings().token);
  lab.machine(
      fmt::format("      forge: {{ type: gitea, url: \"{}\", repo: ana/lab, token: {{ file: "
                  "{}/forge-token }} }}\n",
                  forge.settings().url, lab.scratch()));
  lab.write("dns.yaml", "dns:\n  lab:\n    nas: 10.5.0.400\n");
  lab.git({"commit", "--quiet", "--all", "--message", "a typo"});
  forge.commits = {lab.git({"rev-parse", "HEAD"})};
  lab.git({"push", "--quiet", "origin", "main"});
  lab.start();
  const auto last = [&] {
    return forge.at_rest([&] { return forge.told.empty() ? "" : forge.told.back().description; });
  };
  REQUIRE(LoopLab::soon([&] { return !last().empty(); }));
  CHECK_MESSAGE(has(last(), "dns.yaml:3"), last());
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: history tells what the service did from what somebody did by hand") {
  LoopLab lab;
  lab.machine("", listens());
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "in sync: 2 resources"); }));
  CHECK(LoopLab::soon([&] {
    const auto runs = ask_json(lab, "/api/v1/history")["runs"];
    return !runs.empty() && runs[0]["verb"] == "run";
  }));
  CHECK(lab.stop() == 0);
}

}  // namespace homeostat::test
