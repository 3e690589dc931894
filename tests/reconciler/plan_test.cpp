#include "reconciler/plan.hpp"

#include "tests/reconciler/plan_fixture.hpp"

using namespace homeostat;
using namespace homeostat::testing;

namespace {

constexpr auto web = "containers: { web: { vmid: 110, memory: 2GiB, cores: 2 } }";

}  // namespace

TEST_CASE("plan: what is declared and neither live nor known is created, because of git") {
  const Situation s(
      "monitors: { site: { type: http, target: \"https://example.org\", interval: 60s } }");
  const Plan plan = s.plan().plan;
  REQUIRE(plan.changes.size() == 1);
  const Change& change = plan.changes.front();
  CHECK(change.action == Action::create);
  CHECK(change.cause == Cause::git);
  CHECK(change.before.is_null());
  CHECK(change.after["interval"] == "1m");
  CHECK(change.where.file == "lab.yaml");
  CHECK(change.where.line == 1);
  CHECK(change.native_id == "");
  CHECK_FALSE(change.hold);
}

TEST_CASE("plan: after an apply the plan is empty") {
  Situation s(web);
  s.settle();
  CHECK(s.outline() == "");
  CHECK(s.plan().plan.resources == 1);
  CHECK(s.plan().in_sync.at(s.address("container/web")).size() >= 3);
}

TEST_CASE("plan: a changed spec is an update by git") {
  Situation s(web);
  s.settle().commit("containers: { web: { vmid: 110, memory: 4GiB, cores: 2 } }");
  CHECK(s.outline() == "update container/web\n  memory \"2GiB\" -> \"4GiB\" git\n");
  const Change change = s.plan().plan.changes.front();
  CHECK(change.cause == Cause::git);
  CHECK(change.before["memory"] == "2GiB");
  CHECK(change.native_id == "n1");
  CHECK(change.data);
}

TEST_CASE("plan: a value changed by hand is drift since it was first seen") {
  Situation s(web);
  s.settle();
  s.at("container/web").attributes["memory"] = "1GiB";
  CHECK(s.outline() == "update container/web\n  memory \"1GiB\" -> \"2GiB\" drift\n");
  CHECK(s.plan().plan.changes.front().cause == Cause::drift);
  CHECK(s.plan().plan.changes.front().fields.front().since == s.now);
}

TEST_CASE("plan: git and hand at once is both, and one to the same is nothing") {
  Situation s(web);
  s.settle().commit("containers: { web: { vmid: 110, memory: 4GiB, cores: 3 } }");
  s.at("container/web").attributes["memory"] = "1GiB";
  s.at("container/web").attributes["cores"] = 3;
  CHECK(s.outline() == "update container/web\n  memory \"1GiB\" -> \"4GiB\" both\n");
  CHECK(s.plan().plan.changes.front().cause == Cause::both);
}

TEST_CASE("plan: a field newly stated on what is ours comes from git") {
  Situation s(web);
  s.settle().commit("containers: { web: { vmid: 110, memory: 2GiB, cores: 2, swap: 1GiB } }");
  CHECK(s.outline() == "update container/web\n  swap null -> \"1GiB\" git\n");
}

TEST_CASE("plan: the dearest field decides between update, restart and replace") {
  Situation s("containers: { web: { vmid: 110, memory: 2GiB, hostname: a, template: debian-12 } }");
  s.settle().commit(
      "containers: { web: { vmid: 110, memory: 4GiB, hostname: b, template: debian-12 } }");
  CHECK(change_of(s.plan().plan, "container/web").action == Action::restart);
  s.commit("containers: { web: { vmid: 110, memory: 4GiB, hostname: b, template: debian-13 } }");
  CHECK(change_of(s.plan().plan, "container/web").action == Action::replace);
}

TEST_CASE("plan: what somebody deleted is created again, as drift") {
  Situation s(web);
  s.settle();
  s.erase("container/web");
  s.observed.scopes[{"pve", ""}].resources.clear();
  s.live("container/other", {{"vmid", 111}});
  Change change = change_of(s.plan().plan, "container/web");
  CHECK(change.action == Action::create);
  CHECK(change.cause == Cause::drift);
  CHECK(change.since == s.now);
  s.row("container/web").drift = {{"", s.now - std::chrono::hours(3), ""}};
  change = change_of(s.plan().plan, "container/web");
  CHECK(change.since == s.now - std::chrono::hours(3));
  CHECK(change.fields.front().since == s.now - std::chrono::hours(3));
  s.commit("containers: { web: { vmid: 110, memory: 4GiB, cores: 2 } }");
  CHECK(change_of(s.plan().plan, "container/web").cause == Cause::both);
}

TEST_CASE("plan: lines that are gone delete what holds no data") {
  Situation s("dns: { lab: { nas: 10.5.0.7, www: 10.5.0.8, a: 10.5.0.9 } }");
  s.settle().commit("dns: { lab: { nas: 10.5.0.7, a: 10.5.0.9 } }");
  CHECK(s.outline() == "delete dns/lab/www/A\n");
  const Change change = s.plan().plan.changes.front();
  CHECK(change.cause == Cause::git);
  CHECK(change.before["values"] == nlohmann::json({"10.5.0.8"}));
  CHECK(change.after.is_null());
  CHECK(change.where.file == "lab.yaml");
  s.apply(s.plan());
  CHECK(s.outline() == "");
  CHECK(s.find(s.address("dns/lab/www/A")) == nullptr);
}

TEST_CASE("plan: lines that are gone release what holds data") {
  Situation s(web);
  s.settle().commit("");
  s.commit("monitors: { site: { type: http, target: \"https://example.org\" } }");
  CHECK(s.outline() ==
        "create monitor/site\n"
        "  target null -> \"https://example.org/\" git\n"
        "  type null -> \"http\" git\n"
        "release container/web (keep)\n");
}

TEST_CASE("plan: on_remove says what becomes of data when its lines go") {
  for (const auto& row :
       std::map<std::string, std::string>{{"keep", "release container/web (keep)\n"},
                                          {"stop", "release container/web (stop)\n"},
                                          {"delete", "delete container/web [needs_consent]\n"}}) {
    const auto& how = row.first;
    CAPTURE(how);
    Situation s("containers: { web: { vmid: 110, on_remove: " + how + " }, db: { vmid: 111 } }");
    s.settle().commit("containers: { db: { vmid: 111 } }");
    CHECK(s.outline() == row.second);
  }
}

TEST_CASE("plan: on_remove: keep releases what holds no data") {
  Situation s("dns: { lab: { www: { A: 10.5.0.8, on_remove: keep }, nas: 10.5.0.7 } }");
  s.settle().commit("dns: { lab: { nas: 10.5.0.7 } }");
  CHECK(s.outline() == "release dns/lab/www/A (keep)\n");
  s.apply(s.plan());
  CHECK(s.outline() == "");
  CHECK_FALSE(s.at("dns/lab/www/A").marker);
}

TEST_CASE("plan: what is gone from spec and live system leaves the ledger, and that is no change") {
  Situation s("dns: { lab: { nas: 10.5.0.7, www: 10.5.0.8 } }");
  s.settle().commit("dns: { lab: { nas: 10.5.0.7 } }");
  s.erase("dns/lab/www/A");
  CHECK(s.outline() == "release dns/lab/www/A (quiet)\n");
  CHECK(s.plan().plan.changes.front().before.is_null());
}

TEST_CASE("plan: another key for the same thing is a rename that writes nothing else") {
  Situation s(web);
  s.settle().commit("containers: { shop: { vmid: 110, hostname: web, memory: 2GiB, cores: 2 } }");
  s.at("container/web").attributes["hostname"] = "web";
  s.row("container/web").agreed.push_back({"zz", 1, "", {}});
  CHECK(s.outline() == "rename container/shop from container/web\n");
  s.apply(s.plan());
  CHECK(s.outline() == "");
  CHECK(s.at("container/shop").native_id == "n1");
  CHECK_FALSE(s.ledger.owned.contains(s.address("container/web")));
}

TEST_CASE("plan: a rename with other values is one update, and agreed values go along") {
  Situation s(web);
  s.settle().commit("containers: { shop: { vmid: 110, memory: 4GiB, cores: 2 } }");
  s.at("container/web").attributes["cores"] = 1;
  CHECK(s.outline() ==
        "update container/shop from container/web\n"
        "  cores 1 -> 2 drift\n"
        "  memory \"2GiB\" -> \"4GiB\" git\n");
}

TEST_CASE("plan: a zone's new key renames its records") {
  Situation s("dns: { lab: { www: 10.5.0.8 } }");
  s.settle();
  std::string head = standard_head();
  head.replace(head.find("  lab: { zone:"), 6, "  home:");
  Observed before = s.observed;
  s.commit_files({{"homeostat.yaml", head}, {"lab.yaml", "dns: { home: { www: 10.5.0.8 } }"}});
  // The zone is seen under its new key, the record says what it was called.
  s.observed.scopes[{"dns", "home"}] = before.scopes[{"dns", "lab"}];
  s.observed.scopes.erase({"dns", "lab"});
  CHECK(s.outline() == "rename dns/home/www/A from dns/lab/www/A\n");
}

TEST_CASE("plan: an unknown scope has no change, and says what was not compared") {
  Situation s("containers: { web: { vmid: 110 } }\ndns: { lab: { www: 10.5.0.8 } }");
  s.unknown({"pve", ""});
  CHECK(s.outline() == "create dns/lab/www/A\n  values null -> [\"10.5.0.8\"] git\n");
  const Plan plan = s.plan().plan;
  CHECK(plan.unknown.at({"pve", ""}).at("container") == 1);
  const auto scope = std::ranges::find(plan.scopes, Scope{"pve", ""}, &ScopeSummary::scope);
  REQUIRE(scope != plan.scopes.end());
  CHECK(scope->not_compared == 1);
  CHECK(scope->unknown->message == "no answer in 10 s");
}

TEST_CASE("plan: an unknown scope keeps what is ours there, declared or not") {
  Situation s(web);
  s.settle().commit("dns: { lab: { www: 10.5.0.8 } }");
  s.unknown({"pve", ""});
  CHECK(s.outline() == "create dns/lab/www/A\n  values null -> [\"10.5.0.8\"] git\n");
}

TEST_CASE("plan: --only and --exclude leave everything else alone, removals too") {
  Situation s("dns: { lab: { a: 10.5.0.7, b: 10.5.0.8, c: 10.5.0.9, d: 10.5.0.10 } }");
  s.settle().commit("dns: { lab: { a: 10.5.0.17, b: 10.5.0.18, e: 10.5.0.11, f: 10.5.0.12 } }");
  s.options.only = {"dns/lab/b/*", "dns/lab/c/*", "dns/lab/f/*"};
  s.options.exclude = {"dns/lab/f/A"};
  CHECK(s.outline() ==
        "update dns/lab/b/A\n  values [\"10.5.0.8\"] -> [\"10.5.0.18\"] git\n"
        "delete dns/lab/c/A\n");
}

TEST_CASE("plan: a value that comes from what is created first waits for it") {
  const Situation s(R"(
containers:
  web: { vmid: 110, network: lab, ip: dhcp }
dns: { lab: { www: "${container.web.ip}" } }
)");
  const Change change = change_of(s.plan().plan, "dns/lab/www/A");
  REQUIRE(change.fields.size() == 1);
  CHECK(change.fields.front().after == std::vector<Address>{s.address("container/web")});
  CHECK(change.fields.front().desired.is_null());
  CHECK(change.needs == std::vector<Address>{s.address("container/web")});
}

TEST_CASE("plan: a value that nothing in this plan will bring is not known") {
  Situation s(R"(
containers:
  web: { vmid: 110, network: lab, ip: dhcp }
dns: { lab: { www: "${container.web.ip}" } }
)");
  s.options.only = {"dns/*"};
  CHECK(s.outline() == "create dns/lab/www/A [value_unknown]\n");
}

TEST_CASE("plan: a secret that is not here is not compared, and holds what must write it") {
  const std::string yaml = R"(
secrets: { db: { env: DB } }
containers: { web: { vmid: 110, env: { PASS: "${secret.db}", TZ: UTC } } }
)";
  Situation s(yaml);
  s.secrets["db"] = "hunter2";
  s.settle();
  CHECK(s.at("container/web").attributes["env"]["PASS"] == "hunter2");
  s.secrets["db"] = fail(ErrorKind::not_found, "DB is not set");
  CHECK(s.outline() == "");
  REQUIRE(s.plan().plan.warnings.size() == 1);
  CHECK(s.plan().plan.warnings.front().message ==
        "secret db is not available here, so 1 value is not compared: DB is not set");
  s.at("container/web").attributes["env"]["TZ"] = "Europe/Vienna";
  CHECK(s.outline() ==
        "restart container/web [value_unknown]\n  env/TZ \"Europe/Vienna\" -> \"UTC\" drift\n");
}

TEST_CASE("plan: no secret stands anywhere in a plan") {
  Situation s(R"(
secrets: { db: { env: DB } }
containers: { web: { vmid: 110, env: { PASS: "${secret.db}", TZ: UTC } } }
)");
  s.secrets["db"] = "hunter2";
  s.settle();
  s.at("container/web").attributes["env"] = {{"PASS", "hunter3"}, {"TZ", "x"}, {"KEY", "hunter4"}};
  s.secrets["db"] = "hunter5";
  const Change change = change_of(s.plan().plan, "container/web");
  CHECK(s.outline() ==
        "restart container/web\n"
        "  env/PASS \"(secret)\" -> \"${secret.db}\" both\n"
        "  env/TZ \"x\" -> \"UTC\" drift\n");
  CHECK(change.before["env"]["PASS"] == "(secret)");
  CHECK(change.before["env"]["KEY"] == "(secret)");
  CHECK(change.after["env"]["PASS"] == "${secret.db}");
}

TEST_CASE("plan: a plan id stands for what would be written") {
  Situation s(web);
  const std::string id = plan_id(s.plan().plan);
  CHECK(id.size() == 12);
  CHECK(id == plan_id(s.plan().plan));
  s.now += std::chrono::hours(1);
  s.spec.revision.commit = "0123456789012345678901234567890123456789";
  CHECK(id == plan_id(s.plan().plan));
  s.commit("containers: { web: { vmid: 110, memory: 3GiB, cores: 2 } }");
  CHECK(id != plan_id(s.plan().plan));
}

TEST_CASE("plan: what is held is not part of the plan's id") {
  Situation s("dns: { lab: { a: 10.5.0.7, b: 10.5.0.8 } }");
  const std::string both = plan_id(s.plan().plan);
  s.live("dns/lab/b/A", {{"values", {"10.5.0.9"}}});
  const std::string one = plan_id(s.plan().plan);
  CHECK(one != both);
  s.commit("dns: { lab: { a: 10.5.0.7 } }");
  CHECK(plan_id(s.plan().plan) == one);
}

TEST_CASE("plan: the header says what the plan was made from") {
  Situation s(web);
  s.observed.scopes[{"kuma", ""}].at = s.now - std::chrono::minutes(5);
  s.spec.revision.commit = "0123456789012345678901234567890123456789";
  s.spec.revision.branch = "main";
  s.spec.revision.work_tree = true;
  s.spec.revision.uncommitted = {"lab.yaml"};
  const Plan plan = s.plan().plan;
  CHECK(plan.site == "home");
  CHECK(plan.branch == "main");
  CHECK(plan.uncommitted);
  CHECK(plan.ledger);
  CHECK(plan.at == s.now - std::chrono::minutes(5));
  CHECK(plan.scopes.size() == 6);
}

TEST_CASE("plan: an ignore that ended is a warning with its place") {
  Situation s(
      "containers: { web: { vmid: 110, memory: 2GiB,\n"
      "  ignore: [{ field: memory, reason: tuned, until: 2025-12-31 }] } }");
  s.settle();
  REQUIRE(s.plan().plan.warnings.size() == 1);
  CHECK(s.plan().plan.warnings.front().where.line == 2);
}

TEST_CASE("plan: what a provider warns of is among the warnings, and holds nothing back") {
  Situation s(web);
  s.observed.scopes[{"kuma", ""}].warnings = {
      Error{ErrorKind::invalid_spec, "the clock is wrong", {}, {}, {}}};
  const Plan plan = s.plan().plan;
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings.front().message == "the clock is wrong");
  CHECK(outline(plan).find("create container/web") != std::string::npos);
}
