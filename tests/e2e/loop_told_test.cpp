// Who is told what of a running service, and what it answers: a forge, a notifier, whoever asks.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "reconciler/ledger.hpp"
#include "tests/e2e/lab.hpp"
#include "tests/e2e/loop_tools.hpp"
#include "tests/reconciler/forge/fake_forge.hpp"
#include "tests/reconciler/forge/webhook_case.hpp"

namespace homeostat::test {
namespace {

constexpr const char* in_sync = "in sync: 2 resources";
constexpr const char* renumbered = "dns:\n  lab:\n    nas: 10.5.0.20\n    www: 10.5.0.11\n";

// The site's lines of the machine file.
std::string forge_lines(const LoopLab& lab, FakeForge& forge) {
  const ForgeSettings settings = forge.settings();
  put(lab.scratch() + "/forge-token", settings.token);
  return fmt::format(
      "      forge: {{ type: {}, url: \"{}\", repo: {}, token: {{ file: {}/forge-token }} }}\n",
      to_string(settings.type), settings.url, settings.repository, lab.scratch());
}

// The forge gets a commit before the service sees it.
std::string push(LoopLab& lab, FakeForge& forge, const std::string& text) {
  lab.write("dns.yaml", text);
  const std::string tree = lab.git({"rev-parse", "HEAD"});
  lab.git({"commit", "--quiet", "--all", "--message", "after " + tree});
  std::string commit = lab.git({"rev-parse", "HEAD"});
  forge.at_rest([&] { forge.commits.push_back(commit); });
  lab.git({"push", "--quiet", "origin", "main"});
  return commit;
}

// "pending looking at it\nsuccess in sync: 2 resources": what a commit was given, in order.
std::string statuses(FakeForge& forge, const std::string& commit) {
  return forge.at_rest([&] {
    std::string all;
    for (const FakeForge::Told& told : forge.told) {
      if (told.commit != commit) continue;
      all += (all.empty() ? "" : "\n") + told.state + " " + told.description;
    }
    return all;
  });
}

// The messages of a kind that the notifier was given.
std::vector<nlohmann::json> messages(const LoopLab& lab, const std::string& kind) {
  std::vector<nlohmann::json> all;
  std::istringstream lines(lab.told());
  for (std::string line; std::getline(lines, line);) {
    nlohmann::json message = nlohmann::json::parse(line, nullptr, false);
    if (message.is_object() && message["kind"] == kind) all.push_back(std::move(message));
  }
  return all;
}

int deliver(const LoopLab& lab, const Hook& hook) {
  std::string headers;
  for (const auto& [name, value] : hook.headers) {
    if (name != "content-type") headers += name + ": " + value + "\r\n";
  }
  return raw_http(port_of(lab), "POST", "/webhooks/home", hook.body, headers).status;
}

}  // namespace

TEST_CASE("loop: a push is followed at once where the forge tells of it") {
  for (const ForgeType type : every_forge) {
    CAPTURE(to_string(type));
    LoopLab lab;
    put(lab.scratch() + "/secret", std::string(secret));
    lab.pace("1h", "1h");
    lab.machine(fmt::format("      webhook: {{ forge: {}, secret: {{ file: {}/secret }} }}\n",
                            to_string(type), lab.scratch()),
                listens());
    lab.start();
    REQUIRE(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
    lab.write("dns.yaml", renumbered);
    lab.push("the nas moves");
    Hook forged = push_of(type, "d1");
    forged.body += " ";
    if (type == ForgeType::gitlab) forged.headers["X-Gitlab-Token"] = "a guess";
    CHECK(deliver(lab, forged) == 401);
    CHECK(has(lab.live("nas"), "10.5.0.10"));
    CHECK(deliver(lab, push_of(type, "d2")) == 202);
    CHECK(LoopLab::soon([&] { return has(lab.live("nas"), "10.5.0.20"); }));
    CHECK(lab.stop() == 0);
  }
}

TEST_CASE("loop: the forge shows a commit as pending, and then how it went") {
  for (const ForgeType type : {ForgeType::forgejo, ForgeType::gitlab}) {
    CAPTURE(to_string(type));
    FakeForge forge(type);
    LoopLab lab;
    const std::string first = lab.git({"rev-parse", "main"});
    forge.commits = {first};
    lab.machine(forge_lines(lab, forge));
    lab.start();
    const std::string went_well = "pending looking at it\nsuccess in sync: 2 resources";
    CHECK(LoopLab::soon([&] { return statuses(forge, first) == went_well; }));
    const std::string bad = push(lab, forge, "dns:\n  lab:\n    nas: 10.5.0.400\n");
    CHECK(LoopLab::soon([&] { return statuses(forge, bad).find("fail") == 0; }));
    CHECK_MESSAGE(has(statuses(forge, bad), "10.5.0.400"), statuses(forge, bad));
    // One that can be read, and nothing that anybody wants.
    const std::string empty = push(lab, forge, "x-nothing: here\n");
    CHECK(LoopLab::soon([&] { return has(statuses(forge, empty), "\nfail"); }));
    CHECK(statuses(forge, empty).find("pending looking at it\n") == 0);
    CHECK(has(statuses(forge, empty), "the spec declares nothing"));
    const std::string good = push(lab, forge, renumbered);
    CHECK(LoopLab::soon([&] { return statuses(forge, good) == went_well; }));
    CHECK(lab.stop() == 0);
    // Each was told once, however often it was looked at.
    CHECK(statuses(forge, first) == went_well);
    CHECK(count(statuses(forge, bad), "\n") == 0);
  }
}

TEST_CASE(
    "loop: a write that a server refuses is told once, with its words, and closed by success") {
  WireLab lab;
  FakeForge forge(ForgeType::gitea);
  forge.commits = {lab.git({"rev-parse", "main"})};
  lab.machine(forge_lines(lab, forge));
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), "in sync: 3 resources"); }));
  lab.wire.add({.method = "PATCH",
                .fault = {.status = 422,
                          .headers = "Content-Type: application/json\r\n",
                          .body = "{\"error\": \"the moon is not right\"}"}});
  lab.declare("10.5.0.10", "10.5.0.8");
  const std::size_t writes = lab.wire.count("PATCH");
  lab.git({"commit", "--quiet", "--all", "--message", "x moves"});
  const std::string tip = lab.git({"rev-parse", "HEAD"});
  forge.at_rest([&] { forge.commits.push_back(tip); });
  lab.git({"push", "--quiet", "origin", "main"});
  REQUIRE(LoopLab::soon([&] { return messages(lab, "opened").size() == 1; }));
  const std::string title = messages(lab, "opened")[0].value("title", "");
  CHECK_MESSAGE(has(title, "dns/out/x/A"), title);
  CHECK_MESSAGE(has(title, "the moon is not right"), title);
  CHECK(has(flat(lab.run({"incidents"}).out), "the moon is not right"));
  CHECK(LoopLab::soon([&] { return has(statuses(forge, tip), "\nfailure "); }));
  // It is tried again, and that is nothing new.
  REQUIRE(LoopLab::soon([&] { return lab.wire.count("PATCH") >= writes + 2; }));
  lab.wire.clear();
  CHECK(LoopLab::soon([&] { return messages(lab, "closed").size() == 1; }));
  CHECK(lab.x() == "10.5.0.8");
  CHECK(has(lab.run({"incidents"}).out, "no open incidents"));
  CHECK(lab.stop() == 0);
  CHECK(messages(lab, "opened").size() == 1);
}

TEST_CASE("loop: a report that was missed while nobody ran is sent once, and no more") {
  // Once a year, half a year from now.
  const auto days = std::chrono::duration_cast<std::chrono::hours>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count() /
                    24 % 365;
  LoopLab lab("{ mode: enforce }",
              fmt::format("reports:\n  - {{ cron: \"0 0 1 {} *\", timezone: UTC, to: [book] }}\n",
                          (days / 31 + 6) % 12 + 1));
  const std::string ledger_path = lab.scratch() + "/state/home/ledger.db";
  const auto last = [&] {
    const auto ledger = Ledger::open(ledger_path, false);
    return ledger ? ledger->report_runs().value_or(std::map<std::string, Time>{})
                  : std::map<std::string, Time>{};
  };
  lab.start();
  REQUIRE(LoopLab::soon([&] { return last().size() == 1; }));
  CHECK(lab.stop() == 0);
  CHECK(messages(lab, "report").empty());
  {
    auto ledger = Ledger::open(ledger_path, true);
    REQUIRE(ledger);
    auto runs = last();
    for (auto& [name, at] : runs) at -= std::chrono::hours(3 * 366 * 24);
    REQUIRE(ledger->tell({.reports = runs}));
  }
  lab.start();
  CHECK(LoopLab::soon([&] { return messages(lab, "report").size() == 1; }));
  // Of looks that come later nobody hears.
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  CHECK(LoopLab::soon([&] { return messages(lab, "closed").size() == 1; }));
  CHECK(lab.stop() == 0);
  const auto reports = messages(lab, "report");
  REQUIRE(reports.size() == 1);
  CHECK(reports[0]["site"] == "home");
  CHECK(reports[0]["title"] == "no drift: 2 resources compared");
}

TEST_CASE("loop: the API tells of a drift that was repaired: what, when and whose value it is") {
  LoopLab lab;
  lab.machine("", listens());
  lab.start();
  REQUIRE(LoopLab::soon([&] { return has(lab.log(), in_sync); }));
  lab.edit_live("www", "10.5.0.11", "10.5.0.66");
  REQUIRE(LoopLab::soon([&] { return messages(lab, "closed").size() == 1; }));

  CHECK(ask(lab, "/api/v1/resources", "no-token-of-this-service-at-all").status == 401);
  const auto resources = ask_json(lab, "/api/v1/resources")["resources"];
  REQUIRE(resources.size() == 2);
  CHECK(resources[1]["site"] == "home");
  CHECK(has(resources[1].value("address", ""), "dns/lab/www/A"));
  CHECK(resources[1]["state"] == "in_sync");

  CHECK(ask_json(lab, "/api/v1/incidents")["incidents"].empty());
  const auto incidents = ask_json(lab, "/api/v1/incidents?closed=true")["incidents"];
  REQUIRE(incidents.size() == 1);
  CHECK(incidents[0]["kind"] == "drift");
  CHECK(incidents[0]["site"] == "home");
  CHECK(has(incidents[0].value("title", ""), "dns/lab/www/A"));
  const std::string opened = incidents[0].value("opened", "");
  CHECK(opened >= incidents[0].value("since", ""));
  CHECK(incidents[0].value("closed", "") >= opened);

  const auto runs = ask_json(lab, "/api/v1/history?address=dns/lab/www/A@dns")["runs"];
  REQUIRE(runs.size() == 2);  // the newest first; then it was made
  CHECK(runs[0]["site"] == "home");
  CHECK(runs[0]["commit"] == lab.git({"rev-parse", "main"}));
  CHECK(runs[0]["exit_code"] == 0);
  REQUIRE(runs[0]["changes"].size() == 1);
  const nlohmann::json& change = runs[0]["changes"][0];
  CHECK(has(change.value("address", ""), "dns/lab/www/A"));
  CHECK(change["action"] == "update");
  CHECK(change["outcome"] == "done");
  CHECK(change["cause"] == "drift");
  CHECK(change.value("at", "") >= opened);
  REQUIRE(change["fields"].size() == 1);
  CHECK(has(change["fields"][0]["before"].dump(), "10.5.0.66"));
  CHECK(has(change["fields"][0]["after"].dump(), "10.5.0.11"));
  CHECK(runs[1]["changes"][0]["action"] == "create");
  CHECK(runs[1]["changes"][0]["cause"] == "git");
  CHECK(runs[1]["changes"][0]["fields"][0]["author"] == "Ana");
  CHECK(lab.stop() == 0);
}

}  // namespace homeostat::test
