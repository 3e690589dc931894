// The service as its users see it: they push, and look at what happens.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/e2e/lab.hpp"
#include "tests/e2e/loop_lab.hpp"
#include "tests/support/json_schema.hpp"

namespace homeostat::test {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

constexpr const char* renumbered = "dns:\n  lab:\n    nas: 10.5.0.20\n    www: 10.5.0.11\n";

}  // namespace

TEST_CASE("loop: what is pushed is made, and what somebody changes by hand is put right") {
  LoopLab lab;
  lab.start();
  CHECK(LoopLab::soon([&] { return has(lab.log(), "in sync: 2 resources"); }));
  CHECK(has(lab.live("nas"), "10.5.0.10"));
  lab.write("dns.yaml", renumbered);
  lab.push("the nas moves");
  CHECK(LoopLab::soon([&] { return has(lab.live("nas"), "10.5.0.20"); }));
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  CHECK(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.11"); }));
  // Though it was put right at once, it was an incident, and is told as one.
  CHECK(LoopLab::soon([&] { return count(lab.told(), "\"closed\"") == 1; }));
  CHECK(count(lab.told(), "\"opened\"") == 1);
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: a report by hand tells what incidents are open, and what has closed lately") {
  LoopLab lab("{ mode: report }");
  REQUIRE(lab.run({"apply", "--yes", "--rev", "main", lab.origin()}).exit_code == 0);
  const auto report = [&](const std::string& form) {
    return lab.run({"report", "--rev", "main", lab.origin(), "--include", "incidents", form});
  };
  lab.start();
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  CHECK(LoopLab::soon([&] { return count(lab.told(), "\"opened\"") == 1; }));
  const ProcessResult open = report("--text");
  CHECK(open.exit_code == 0);  // as ever: of drift, which was not asked for
  CHECK(has(open.out, "Open incidents\n  ! drift  dns/lab/www/A"));
  CHECK_FALSE(has(open.out, "Incidents closed"));
  lab.edit_live("www", "10.5.0.66", "10.5.0.11");
  CHECK(LoopLab::soon([&] { return count(lab.told(), "\"closed\"") == 1; }));
  const auto document = nlohmann::json::parse(report("--json").out);
  CHECK(validate("reconciler/report/report.schema.json", document) == "");
  CHECK(document["incidents"].empty());
  REQUIRE(document["closed_incidents"].size() == 1);
  CHECK(document["closed_incidents"][0]["kind"] == "drift");
  CHECK(has(report("--markdown").out, "#### Incidents closed since"));
  CHECK(has(report("--html").out, "no open incident, 1 closed"));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: in report mode nothing is changed, and drift is told once and closed once") {
  LoopLab lab("{ mode: report }");
  REQUIRE(lab.run({"run", "--help"}).exit_code == 0);
  // By hand, as a hand may.
  REQUIRE(lab.run({"apply", "--yes", "--rev", "main", lab.origin()}).exit_code == 0);
  lab.start();
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  CHECK(LoopLab::soon([&] { return count(lab.told(), "\"opened\"") == 1; }));
  CHECK(has(lab.live("www"), "10.5.0.66"));
  CHECK(lab.stop() == 0);
  lab.start();  // over a restart it is not told again
  lab.edit_live("www", "10.5.0.66", "10.5.0.11");
  CHECK(LoopLab::soon([&] { return count(lab.told(), "\"closed\"") == 1; }));
  CHECK(count(lab.told(), "\"opened\"") == 1);
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: a bad commit leaves the last good one in force, and is told") {
  LoopLab lab;
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "in sync: 2 resources"); }));
  lab.write("dns.yaml", "dns:\n  lab:\n    nas: 10.5.0.400\n");
  lab.push("a typo");
  CHECK(LoopLab::soon([&] { return has(lab.told(), "dns.yaml:3"); }));
  // Drift is still repaired, after a restart too.
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  CHECK(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.11"); }));
  CHECK(lab.stop() == 0);
  lab.start();
  lab.edit_live("www", "10.5.0.11", "10.5.0.67");
  CHECK(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.11"); }));
  CHECK(has(lab.live("nas"), "10.5.0.10"));
  lab.write("dns.yaml", renumbered);
  lab.push("put right");
  CHECK(LoopLab::soon([&] { return has(lab.live("nas"), "10.5.0.20"); }));
  CHECK(LoopLab::soon([&] { return has(lab.told(), "\"closed\""); }));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: an empty tree and a deleted branch are no wish to delete everything") {
  LoopLab lab;
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "in sync: 2 resources"); }));
  lab.remove("dns.yaml");
  lab.remove("homeostat.yaml");
  lab.push("everything is gone");
  CHECK(LoopLab::soon([&] { return has(lab.told(), "commit"); }));
  CHECK(has(lab.live("nas"), "10.5.0.10"));
  lab.git({"push", "--quiet", "origin", ":main"});
  CHECK(LoopLab::soon([&] { return has(lab.told(), "is an empty repository"); }));
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  CHECK(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.11"); }));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: what is suspended is left alone until it is resumed, over a restart") {
  LoopLab lab;
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "in sync: 2 resources"); }));
  CHECK(lab.run({"suspend", "dns/lab/nas/*", "--reason", "it is being moved"}).exit_code == 0);
  lab.write("dns.yaml", "dns:\n  lab:\n    nas: 10.5.0.20\n    www: 10.5.0.21\n");
  lab.push("both move");
  CHECK(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.21"); }));
  CHECK(lab.stop() == 0);
  lab.start();
  lab.edit_live("www", "10.5.0.21", "10.5.0.66");
  CHECK(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.21"); }));
  CHECK(has(lab.live("nas"), "10.5.0.10"));
  CHECK(lab.run({"resume", "dns/lab/nas/*"}).exit_code == 0);
  CHECK(LoopLab::soon([&] { return has(lab.live("nas"), "10.5.0.20"); }));
  CHECK(lab.run({"resume", "dns/lab/nas/*"}).exit_code == 1);
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: with `approve: always` a plan waits for a word, and the word is for that plan") {
  LoopLab lab("{ mode: enforce, approve: always }");
  lab.start();
  CHECK(LoopLab::soon([&] { return has(lab.run({"approve"}).out, "create dns/lab/nas/A"); }));
  CHECK(lab.live("nas").empty());
  const std::string first = lab.run({"approve"}).out.substr(0, 12);
  lab.write("dns.yaml", renumbered);
  lab.push("the plan is another one now");
  CHECK(LoopLab::soon([&] {
    const std::string waits = lab.run({"approve"}).out;
    return has(waits, "waiting") && waits.substr(0, 12) != first;
  }));
  CHECK(lab.run({"approve", first}).exit_code == 1);
  CHECK(lab.live("nas").empty());
  CHECK(lab.run({"approve", lab.run({"approve"}).out.substr(0, 12)}).exit_code == 0);
  CHECK(LoopLab::soon([&] { return has(lab.live("nas"), "10.5.0.20"); }));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: what the guard holds back waits for an approval") {
  LoopLab lab("{ mode: enforce, max_deletes: 1 }");
  lab.write("dns.yaml",
            "dns:\n  lab:\n    a: 10.5.0.1\n    b: 10.5.0.2\n    c: 10.5.0.3\n    d: 10.5.0.4\n");
  lab.push("four");
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "in sync: 4 resources"); }));
  lab.write("dns.yaml", "dns:\n  lab:\n    a: 10.5.0.1\n");
  lab.push("three of them go");
  CHECK(LoopLab::soon([&] { return has(lab.told(), "homeostat approve"); }));
  CHECK(has(lab.live("d"), "10.5.0.4"));
  CHECK(lab.run({"approve", lab.run({"approve"}).out.substr(0, 12)}).exit_code == 0);
  CHECK(LoopLab::soon([&] { return lab.live("d").empty() && lab.live("b").empty(); }));
  CHECK(has(lab.live("a"), "10.5.0.1"));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: drift is given its time before it is repaired, and git does not wait for it") {
  LoopLab lab("{ mode: enforce, heal_after: 1h }");
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "in sync: 2 resources"); }));
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  CHECK(LoopLab::soon([&] { return has(lab.told(), "dns/lab/www/A"); }));
  lab.write("dns.yaml", renumbered);
  lab.push("git does not wait");
  CHECK(LoopLab::soon([&] { return has(lab.live("nas"), "10.5.0.20"); }));
  CHECK(has(lab.live("www"), "10.5.0.66"));
  CHECK(lab.stop() == 0);
}

TEST_CASE("loop: told to read its settings again, it goes on") {
  LoopLab lab;
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "in sync: 2 resources"); }));
  lab.signal(SIGHUP);  // reads its settings again, and goes on
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  CHECK(LoopLab::soon([&] { return has(lab.live("www"), "10.5.0.11"); }));
  CHECK(lab.running());
  CHECK(lab.stop() == 0);
}

}  // namespace homeostat::test
