// What a plan and its spec show to be wrong.
#include <fmt/format.h>

#include <algorithm>

#include "reconciler/incidents.hpp"
#include "tests/reconciler/plan_fixture.hpp"

using namespace homeostat;
using namespace homeostat::testing;

namespace {

constexpr const char* web = "containers: { web: { vmid: 110, memory: 2GiB, cores: 2 } }\n";
constexpr const char* enforced = "policy: { mode: enforce }\n";

Sight sight_of(const Situation& s, const std::set<Scope>& left_out = {}) {
  std::set<Scope> looked = scopes_of(s.spec);
  for (const Scope& scope : left_out) looked.erase(scope);
  return troubles_of(s.plan().plan, s.spec, looked);
}

// "key: title", a line each.
std::string outline(const Sight& sight) {
  std::string text;
  for (const Trouble& trouble : sight.troubles) text += trouble.key + ": " + trouble.title + "\n";
  return text;
}

std::set<std::string> of_kind(const Sight& sight, TroubleKind kind) {
  std::set<std::string> keys;
  for (const Trouble& trouble : sight.troubles) {
    if (trouble.kind == kind) keys.insert(trouble.key);
  }
  return keys;
}

}  // namespace

TEST_CASE("troubles: nothing is wrong where all is as declared") {
  Situation s(web);
  s.settle();
  const Sight sight = sight_of(s);
  CHECK(outline(sight) == "");
  CHECK(sight.unknown.empty());
}

TEST_CASE("troubles: what was changed by hand is drift, with since when and who") {
  Situation s(web);
  s.settle();
  LiveResource& live = s.at("container/web");
  live.attributes["memory"] = "4GiB";
  live.changed_at = s.now + std::chrono::seconds(60);
  live.changed_by = "root@pam";
  s.now += std::chrono::seconds(600);
  Sight sight = sight_of(s);
  REQUIRE(sight.troubles.size() == 1);
  const Trouble& drift = sight.troubles[0];
  CHECK(drift.kind == TroubleKind::drift);
  CHECK(drift.key == "drift container/web@pve");
  CHECK(drift.title == "container/web: memory is 4GiB, should be 2GiB");
  CHECK(drift.since == s.now - std::chrono::seconds(540));
  CHECK(drift.by == "root@pam");
  CHECK(drift.subject == "plan in pve");
  live.attributes["cores"] = 8;
  sight = sight_of(s);
  REQUIRE(sight.troubles.size() == 1);
  CHECK(sight.troubles[0].key == "drift container/web@pve");
  CHECK(sight.troubles[0].title ==
        "container/web: cores is 8, should be 2 (and 1 difference more)");
  CHECK(sight.troubles[0].details.find("memory is 4GiB, should be 2GiB\n") != std::string::npos);
}

TEST_CASE("troubles: what was deleted by hand is drift") {
  Situation s("dns: { lab: { nas: 10.5.0.120 } }\n");
  s.settle();
  s.erase("dns/lab/nas/A");
  const Sight sight = sight_of(s);
  CHECK(outline(sight) ==
        "drift dns/lab/nas/A@dns: dns/lab/nas/A: is gone, should be 10.5.0.120\n");
  REQUIRE(sight.troubles.size() == 1);
  CHECK(sight.troubles[0].subject == "plan in dns/lab");
}

TEST_CASE("troubles: what git changed is none, what both changed is one") {
  Situation s(web);
  s.settle().commit(
      "containers: { web: { vmid: 110, memory: 3GiB, cores: 2 }, db: { vmid: 111 } }\n");
  CHECK(outline(sight_of(s)) == "");
  s.at("container/web").attributes["memory"] = "4GiB";
  CHECK(outline(sight_of(s)) ==
        "drift container/web@pve: container/web: memory is 4GiB, should be 3GiB\n");
}

TEST_CASE("troubles: first contact is one where the mode is report, and none under enforce") {
  const std::string head = "containers: { web: { vmid: 110, memory: 2GiB } }\n";
  Situation report(head);
  report.live("container/web", {{"vmid", 110}, {"memory", "4GiB"}});
  CHECK(of_kind(sight_of(report), TroubleKind::drift) ==
        std::set<std::string>{"drift container/web@pve"});
  Situation enforce(head + enforced);
  enforce.live("container/web", {{"vmid", 110}, {"memory", "4GiB"}});
  CHECK(outline(sight_of(enforce)) == "");
}

TEST_CASE("troubles: what is alarm_only is repaired without a message") {
  const char* const quiet =
      "containers: { web: { vmid: 110, memory: 2GiB, alarm_only: true }, db: { vmid: 111 } }\n";
  Situation s(quiet);
  s.settle();
  s.at("container/web").attributes["memory"] = "4GiB";
  CHECK(s.plan().plan.changes.size() == 1);
  CHECK(outline(sight_of(s)) == "");
  s.erase("container/web");
  CHECK(s.plan().plan.changes.size() == 1);
  CHECK(outline(sight_of(s)) == "");
  s.erase("container/db");
  CHECK(of_kind(sight_of(s), TroubleKind::drift) ==
        std::set<std::string>{"drift container/db@pve"});
}

TEST_CASE("troubles: what is written without effect is stuck") {
  Situation s(web);
  s.settle().commit("containers: { web: { vmid: 110, memory: 3GiB, cores: 2 } }\n");
  s.try_in_vain(2);
  CHECK(outline(sight_of(s)) == "");
  s.try_in_vain(3);
  const Sight sight = sight_of(s);
  CHECK(outline(sight) ==
        "stuck container/web@pve: container/web: the update of memory has no effect\n");
  REQUIRE(sight.troubles.size() == 1);
  CHECK(sight.troubles[0].details.starts_with("stuck: it was written 3 times without effect"));
}

TEST_CASE("troubles: a provider that cannot be looked at is one, with all its zones") {
  Situation s("dns: { lab: { nas: 10.5.0.120 } }\n");
  s.settle();
  s.erase("dns/lab/nas/A");
  s.unknown({"dns", ""});
  s.unknown({"dns", "lab"});
  const Sight sight = sight_of(s);
  CHECK(outline(sight) == "unreachable dns: dns cannot be looked at: no answer in 10 s\n");
  REQUIRE(sight.troubles.size() == 1);
  CHECK(sight.troubles[0].details == "dns: no answer in 10 s\ndns/lab: no answer in 10 s\n");
  CHECK(sight.unknown == std::set<std::string>{"plan in dns", "plan in dns/lab"});
}

TEST_CASE("troubles: of what was not looked at this time nothing is known") {
  Situation s(std::string(web) + "dns: { lab: { nas: 10.5.0.120 } }\n");
  s.settle();
  const Sight sight = sight_of(s, {{"dns", "lab"}, {"pve", ""}});
  CHECK(sight.unknown == std::set<std::string>{"plan in dns/lab", "plan answer of dns",
                                               "plan in pve", "plan answer of pve"});
  // A part that was asked and did not answer is enough.
  s.unknown({"dns", ""});
  const Sight failed = sight_of(s, {{"dns", "lab"}});
  CHECK(failed.unknown == std::set<std::string>{"plan in dns", "plan in dns/lab"});
  CHECK(of_kind(failed, TroubleKind::unreachable) == std::set<std::string>{"unreachable dns"});
}

TEST_CASE("troubles: a secret is one from 14 days before its date") {
  Situation s(
      "secrets: { near: { env: NEAR, expires: 2026-01-15 }, far: { env: FAR, expires: 2026-01-16 },"
      " past: { env: PAST, expires: 2025-12-31 }, never: { env: NEVER } }\n");
  CHECK(outline(sight_of(s)) ==
        "secret_expiry near: secret near expires on 2026-01-15\n"
        "secret_expiry past expired: secret past has expired on 2025-12-31\n");
}

TEST_CASE("troubles: an ignore is one from the day after its last") {
  const auto text = [](const char* until) {
    return fmt::format(
        "containers: {{ web: {{ vmid: 110, memory: 2GiB, ignore: [{{ field: memory, reason: \"a "
        "test\", until: {} }}] }} }}\n",
        until);
  };
  Situation today(text("2026-01-01"));
  today.settle();
  CHECK(outline(sight_of(today)) == "");
  Situation yesterday(text("2025-12-31"));
  yesterday.settle();
  const Sight sight = sight_of(yesterday);
  CHECK(outline(sight) ==
        "ignore_expired container/web@pve memory: container/web: `ignore` of memory ended on "
        "2025-12-31 (a test)\n");
}

TEST_CASE("troubles: no secret is told") {
  Situation s(
      "secrets: { key: { env: KEY } }\n"
      "containers: { web: { vmid: 110, env: { KEY: \"${secret.key}\" } } }\n");
  s.secrets.emplace("key", "canary-one");
  s.settle();
  s.at("container/web").attributes["env"]["KEY"] = "canary-two";
  const Sight sight = sight_of(s);
  REQUIRE(sight.troubles.size() == 1);
  const std::string all = sight.troubles[0].title + sight.troubles[0].details;
  CHECK(all.find("env/KEY") != std::string::npos);
  CHECK(all.find("canary") == std::string::npos);
}
