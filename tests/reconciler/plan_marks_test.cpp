// What proves that a live thing is ours: its mark, and how far the ledger's word goes.
#include "reconciler/suspend.hpp"
#include "tests/reconciler/plan_fixture.hpp"

using namespace homeostat;
using namespace homeostat::testing;

TEST_CASE("plan: what stands without a mark where ours was is not ours") {
  Situation s("containers: { web: { vmid: 110, memory: 2GiB } }");
  s.settle();
  CHECK(s.row("container/web").marked);
  LiveResource& live = s.at("container/web");
  live.marker.reset();
  live.attributes["memory"] = "4GiB";
  CHECK(s.outline() ==
        "adopt container/web [adopt_differs]\n"
        "  memory \"4GiB\" -> \"2GiB\" first contact\n");
  s.at("container/web").attributes["memory"] = "2GiB";
  CHECK(s.outline() == "adopt container/web (quiet)\n");
}

TEST_CASE("plan: what stands without a mark where ours was stays when the lines go") {
  Situation s("dns: { lab: { www: 10.5.0.8 } }");
  s.settle();
  s.options.allow_deletes = 9;
  s.at("dns/lab/www/A").marker.reset();
  s.commit("");
  const Plan plan = s.plan().plan;
  CHECK(outline(plan) == "release dns/lab/www/A (quiet)\n");
  REQUIRE(plan.findings.size() == 1);
  CHECK(plan.findings.front().text ==
        "it stands where dns/lab/www/A was, and does not carry its mark: it is left as it is");
}

TEST_CASE("plan: what was adopted and never marked is ours by the ledger's word") {
  Situation s("dns: { lab: { www: 10.5.0.8 } }");
  s.live("dns/lab/www/A", {{"values", {"10.5.0.8"}}, {"ttl", "1h"}});
  s.settle();
  s.options.allow_deletes = 9;
  CHECK(change_of(s.commit("").plan().plan, "dns/lab/www/A").action == Action::remove);
}

TEST_CASE("plan: protect goes into the mark when it changes") {
  Situation s("containers: { web: { vmid: 110 } }");
  s.settle();
  s.commit("containers: { web: { vmid: 110, protect: true } }");
  CHECK(s.outline() == "update container/web\n  protect false -> true git\n");
  s.apply(s.plan());
  CHECK(s.outline() == "");
  s.ledger = LedgerView();
  CHECK(s.at("container/web").marker->protect);
  CHECK(s.outline() == "");
}

TEST_CASE("plan: what was forgotten takes its mark's protect along when it is taken over again") {
  Situation s("dns: { lab: { www: { A: 10.5.0.8, protect: true } } }");
  s.settle();
  s.ledger.forgotten.insert(s.address("dns/lab/www/A"));
  s.ledger.owned.clear();
  s.options.adopt = {"*"};
  s.commit("dns: { lab: { www: { A: 10.5.0.8 } } }");
  CHECK(s.outline() == "adopt dns/lab/www/A (quiet)\n");
  s.commit("dns: { lab: { www: { A: 10.5.0.8, protect: false } } }");
  CHECK(s.outline() == "adopt dns/lab/www/A\n  protect true -> false git\n");
  s.apply(s.plan());
  CHECK(s.outline() == "");
  CHECK_FALSE(s.at("dns/lab/www/A").marker->protect);
}

TEST_CASE("plan: protection outlives its own line too, until the spec says false") {
  Situation s("containers: { web: { vmid: 110, protect: true } }");
  s.settle();
  s.commit("containers: { web: { vmid: 110, cores: 2 } }");
  CHECK(s.outline() == "update container/web\n  cores null -> 2 git\n");
  s.apply(s.plan());
  CHECK(s.outline() == "");
  CHECK(s.row("container/web").protect);
  CHECK(s.at("container/web").marker->protect);
  s.row("container/web").protect = false;  // the mark alone, or the ledger alone, says it too
  CHECK(s.outline() == "");
  s.ledger.owned.clear();
  CHECK(s.outline() == "");
  s.erase("container/web");
  s.commit("containers: { web: { vmid: 110, cores: 2, protect: false } }");
  s.apply(s.plan());
  CHECK(s.outline() == "");
  CHECK_FALSE(s.at("container/web").marker->protect);
}

TEST_CASE("plan: protection that git has just lifted holds until that was applied") {
  Situation s("containers: { web: { vmid: 110, template: debian-12, protect: true } }");
  s.settle();
  s.options.allow_destroy = {"container/web"};
  s.commit("containers: { web: { vmid: 110, template: debian-13, protect: false } }");
  CHECK(holds(s.plan().plan) ==
        "container/web protected: template can only change by making it anew, and it is protected "
        "until `protect: false` was applied: put the old value back for that\n");
  s.commit("containers: { web: { vmid: 110, template: debian-12, protect: false } }");
  s.apply(s.plan());
  s.commit("containers: { web: { vmid: 110, template: debian-13, protect: false } }");
  CHECK(holds(s.plan().plan) == "");
}

TEST_CASE("plan: a protection that is undone goes out of the mark until git says more") {
  Situation s("containers: { web: { vmid: 110 } }");
  s.settle();
  s.commit("containers: { web: { vmid: 110, protect: true } }");
  s.apply(s.plan());
  const Spec git = s.spec;
  RunHistory run;
  run.run.id = 2;
  ChangeRecord change;
  change.address = s.address("container/web");
  change.action = "update";
  change.outcome = "done";
  FieldRecord field;
  field.path = protect_path;
  field.before = false;
  field.after = true;
  change.fields.push_back(field);
  run.changes.push_back(change);
  s.ledger.suspended = undo_of(run, s.spec).suspensions;
  suspend(s.spec, s.ledger);
  CHECK(s.outline() == "update container/web\n  protect true -> false git\n");
  s.apply(s.plan());
  CHECK(s.outline() == "");
  s.commit("containers: { web: { vmid: 110 } }");
  suspend(s.spec, s.ledger);
  CHECK(s.ledger.suspended.empty());
}

TEST_CASE("plan: a container that moves is not let go before it can be made elsewhere") {
  Situation s("containers: { web: { vmid: 110, network: lab } }");
  s.settle();
  s.commit("containers: { web: { vmid: 110, network: lab, provider: plain } }");
  const std::string first = s.outline();
  CHECK(first.find("release container/web (keep) [depends]") != std::string::npos);
  s.apply(s.plan());
  CHECK(s.outline() == first);
  CHECK(s.at("container/web@pve").marker);
}

TEST_CASE("plan: what moves waits for where it goes, whatever holds that back") {
  const auto moving = [](const std::string& more) {
    Situation s("containers: { web: { vmid: 110, " + more + " } }");
    s.settle();
    s.options.allow_destroy = {"container/web"};
    s.options.allow_deletes = 9;
    s.commit("containers: { web: { vmid: 110, provider: plain, " + more + " } }");
    return s;
  };
  Situation s = moving("cores: 2");
  CHECK(holds(s.plan().plan) == "");
  const Plan free = s.plan().plan;
  CHECK(free.changes.back().action == Action::release);
  CHECK(free.changes.back().needs == std::vector{s.address("container/web@plain")});

  for (const auto& [more, what] : std::map<std::string, std::string>{
           {"cores: 2", "release container/web (keep) [depends]\n"},
           {"on_remove: delete", "delete container/web [depends]\n"}}) {
    Situation unknown = moving(more);
    unknown.unknown({"plain", ""});
    CHECK(unknown.outline() == what);
    CHECK(holds(unknown.plan().plan) ==
          "container/web depends: it is declared on plain now, which is unknown: it is let go once "
          "it is known to be there\n");
    Situation left_out = moving(more);
    left_out.options.only = {"container/web@pve"};
    CHECK(left_out.outline() == what);
    // Something else stands there.
    Situation held = moving(more);
    held.live("container/other@plain", {{"vmid", 110}, {"cores", 8}, {"memory", "9GiB"}}).fixed =
        true;
    CHECK(held.outline().find(what) != std::string::npos);
    CHECK(holds(held.plan().plan).find("it waits for container/web@plain, which is held back") !=
          std::string::npos);
  }
}

TEST_CASE("plan: what is on two providers and leaves one waits for nothing") {
  Situation s("monitors: { web: { type: ping, target: 10.5.0.7, provider: [kuma, plain] } }");
  s.settle();
  s.options.allow_deletes = 9;
  s.commit("monitors: { web: { type: ping, target: 10.5.0.8, provider: plain } }");
  CHECK(holds(s.plan().plan) == "");
}

TEST_CASE("plan: a copy that has the place of ours is in the way") {
  Situation s(
      "monitors: { s6: { type: ping, target: 10.5.0.6 }, s7: { type: ping, target: 10.5.0.7 } }");
  s.settle();
  LiveResource& copy = s.at("monitor/s7");
  copy.marker->address = to_string(s.address("monitor/s6"));
  copy.address = s.address("monitor/s6");
  const Plan plan = s.plan().plan;
  const Change& create = change_of(plan, "monitor/s7");
  CHECK(create.action == Action::create);
  REQUIRE(create.hold);
  CHECK(create.hold->code == HoldCode::in_the_way);
  CHECK(plan.changes.size() == 1);
}

TEST_CASE("plan: of two things that could be adopted none is chosen") {
  Situation s("monitors: { web: { type: ping, target: 10.5.0.7, name: web } }");
  s.live("monitor/1", {{"type", "ping"}, {"host", "10.5.0.7"}, {"name", "web"}});
  s.live("monitor/2", {{"type", "ping"}, {"host", "10.5.0.7"}, {"name", "web"}});
  const Plan plan = s.plan().plan;
  const Change& adopt = change_of(plan, "monitor/web");
  REQUIRE(adopt.hold);
  CHECK(adopt.hold->code == HoldCode::in_the_way);
  CHECK(adopt.hold->text.find("monitor/1") != std::string::npos);
  CHECK(adopt.hold->text.find("monitor/2") != std::string::npos);
}

TEST_CASE("plan: an address that a stranger has is said when the vmid would give it") {
  Situation s("containers: { web: { vmid: 110, network: lab } }");
  s.live("container/other", {{"vmid", 900}, {"hostname", "other"}, {"ip", "10.5.0.110"}});
  const Plan plan = s.plan().plan;
  CHECK(change_of(plan, "container/web").after["ip"] == "10.5.0.1");
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings.front().message ==
        "container/web does not get 10.5.0.110 by its vmid: container/other has it, which is not "
        "ours");
}

TEST_CASE("plan: a disk is not made smaller") {
  Situation s("containers: { web: { vmid: 110, disk: 16GiB } }");
  s.settle();
  s.commit("containers: { web: { vmid: 110, disk: 8GiB } }");
  const Plan smaller = s.plan().plan;
  REQUIRE(change_of(smaller, "container/web").hold);
  CHECK(change_of(smaller, "container/web").hold->text ==
        "disk can grow, not shrink: state 16GiB or more");
  s.commit("containers: { web: { vmid: 110, disk: 32GiB } }");
  CHECK_FALSE(change_of(s.plan().plan, "container/web").hold);
}

TEST_CASE("plan: the monitor of a service follows its new key without a ledger too") {
  const auto service = [](const std::string& key) {
    return "services: { " + key +
           ": { container: { vmid: 110, network: lab }, monitor: { port: 80 } } }";
  };
  Situation s(service("forgejo"));
  s.settle().commit(service("git"));
  s.ledger = LedgerView();
  CHECK(change_of(s.plan().plan, "monitor/git").action == Action::rename);
}
