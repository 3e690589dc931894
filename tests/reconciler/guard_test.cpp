#include "reconciler/guard.hpp"

#include <fmt/format.h>

#include "tests/reconciler/plan_fixture.hpp"

using namespace homeostat;
using namespace homeostat::testing;

namespace {

// Records r0, r1, ... from `first` up to `end`.
std::string records(int first, int end) {
  std::string text = "dns: { lab: { ";
  for (int i = first; i < end; ++i) text += fmt::format("r{}: 10.5.0.{}, ", i, 100 + i);
  return text + "} }";
}

std::size_t held(const Plan& plan, HoldCode code) {
  std::size_t count = 0;
  for (const Change& change : plan.changes) {
    if (change.hold && change.hold->code == code) ++count;
  }
  return count;
}

const ScopeSummary& scope_in(const Plan& plan, const Scope& scope) {
  const auto found = std::ranges::find(plan.scopes, scope, &ScopeSummary::scope);
  REQUIRE(found != plan.scopes.end());
  return *found;
}

}  // namespace

TEST_CASE("guard: the limit is a count and a share, and one may always go") {
  const Policy policy;  // 5, 30 %
  for (const auto& row : std::map<std::size_t, std::size_t>{
           {0, 1}, {1, 1}, {3, 1}, {6, 1}, {7, 2}, {10, 3}, {16, 4}, {17, 5}, {1000, 5}}) {
    CAPTURE(row.first);
    CHECK(delete_limit(policy, row.first) == row.second);
  }
  Policy strict;
  strict.max_deletes = 0;
  CHECK(delete_limit(strict, 100) == 0);
}

TEST_CASE("guard: up to the limit goes without a word, and is counted") {
  Situation s(records(0, 20));
  s.settle().commit(records(5, 20));
  const Plan plan = s.plan().plan;
  CHECK(holds(plan) == "");
  const ScopeSummary& scope = scope_in(plan, {"dns", "lab"});
  CHECK(scope.owned == 20);
  CHECK(scope.going == 5);
  CHECK(scope.limit == 5);
}

TEST_CASE("guard: one more than the limit holds back all deletes of the scope") {
  Situation s(
      records(0, 20) +
      "\nmonitors: { a: { type: ping, target: 10.5.0.7 }, b: { type: ping, target: 10.5.0.8 } }");
  s.settle().commit(records(6, 20) + "\nmonitors: { b: { type: ping, target: 10.5.0.8 } }");
  const Plan plan = s.plan().plan;
  CHECK(held(plan, HoldCode::too_many_deletes) == 6);
  CHECK(scope_in(plan, {"dns", "lab"}).going == 0);
  CHECK(change_of(plan, "dns/lab/r0/A").hold->text ==
        "6 of 20 owned in dns/lab would be deleted or replaced, and 5 may: --allow-deletes 6");
  CHECK_FALSE(change_of(plan, "monitor/a").hold);
}

TEST_CASE("guard: more than the share, and at least two, holds back") {
  Situation s(records(0, 6));
  s.settle().commit(records(1, 6));
  CHECK(holds(s.plan().plan) == "");
  s.commit(records(2, 6));
  CHECK(held(s.plan().plan, HoldCode::too_many_deletes) == 2);
}

TEST_CASE("guard: --allow-deletes lets that many through, and not one more") {
  Situation s(records(0, 20));
  s.settle().commit(records(7, 20));
  s.options.allow_deletes = 6;
  CHECK(held(s.plan().plan, HoldCode::too_many_deletes) == 7);
  s.options.allow_deletes = 7;
  CHECK(holds(s.plan().plan) == "");
  CHECK(scope_in(s.plan().plan, {"dns", "lab"}).going == 7);
}

TEST_CASE("guard: --allow-deletes counts over all scopes that need it") {
  std::string monitors = "\nmonitors: {";
  for (int i = 0; i < 10; ++i)
    monitors += fmt::format(" m{}: {{ type: ping, target: 10.5.0.{} }},", i, i + 1);
  Situation s(records(0, 20) + monitors + " }");
  s.settle().commit(records(7, 20) + "\nmonitors: { m0: { type: ping, target: 10.5.0.1 } }");
  s.options.allow_deletes = 9;
  CHECK(held(s.plan().plan, HoldCode::too_many_deletes) == 16);
  s.options.allow_deletes = 16;
  CHECK(holds(s.plan().plan) == "");
}

TEST_CASE("guard: creates, updates and releases are not held by the count") {
  Situation s(records(0, 20));
  s.settle().commit(records(6, 19) + "\nmonitors: { b: { type: ping, target: 10.5.0.8 } }");
  s.commit(records(7, 20) + "\nmonitors: { b: { type: ping, target: 10.5.0.8 } }");
  CHECK_FALSE(change_of(s.plan().plan, "monitor/b").hold);
  CHECK(held(s.plan().plan, HoldCode::too_many_deletes) == 7);
}

TEST_CASE("guard: a scope that would become empty keeps what it has") {
  Situation s("dns: { lab: { www: 10.5.0.8 } }\nmonitors: { m: { type: ping, target: 10.5.0.1 } }");
  s.settle().commit("monitors: { m: { type: ping, target: 10.5.0.1 } }");
  CHECK(s.outline() == "delete dns/lab/www/A [would_empty]\n");
  CHECK(holds(s.plan().plan) ==
        "dns/lab/www/A would_empty: nothing of ours would be left in dns/lab: --allow-deletes 1\n");
  s.options.allow_deletes = 1;
  CHECK(s.outline() == "delete dns/lab/www/A\n");
}

TEST_CASE("guard: a scope that gets something new does not become empty") {
  Situation s("dns: { lab: { www: 10.5.0.8 } }");
  s.settle().commit("dns: { lab: { nas: 10.5.0.9 } }");
  CHECK(holds(s.plan().plan) == "");
}

TEST_CASE("guard: a scope that suddenly reads empty is not filled again without a word") {
  Situation s(
      "dns: { lab: { www: 10.5.0.8, nas: 10.5.0.7 } }\nmonitors: { m: { type: ping, target: "
      "10.5.0.1 } }");
  s.settle().commit(
      "dns: { lab: { www: 10.5.0.8 } }\nmonitors: { m: { type: ping, target: 10.5.0.2 } }");
  s.observed.scopes[{"dns", "lab"}].resources.clear();
  const Plan plan = s.plan().plan;
  CHECK(change_of(plan, "dns/lab/www/A").hold->code == HoldCode::reads_empty);
  CHECK(change_of(plan, "dns/lab/www/A").hold->text ==
        "dns/lab held 2 resources when last looked at and reads empty now: --accept-empty dns/lab");
  CHECK(change_of(plan, "dns/lab/nas/A").hold->code == HoldCode::reads_empty);  // its row stays
  CHECK_FALSE(change_of(plan, "monitor/m").hold);
  s.options.accept_empty = {"dns/lab"};
  CHECK(holds(s.plan().plan) == "");
}

TEST_CASE("guard: a scope that reads empty stays held, however often it is looked at") {
  Situation s("dns: { lab: { www: 10.5.0.8, nas: 10.5.0.7 } }");
  s.settle();
  s.observed.scopes[{"dns", "lab"}].resources.clear();
  s.ledger.scopes[{"dns", "lab"}].resources = 0;  // the look before saw it empty already
  const Plan plan = s.plan().plan;
  CHECK(change_of(plan, "dns/lab/nas/A").hold->text ==
        "dns/lab reads empty, and 2 resources of ours should be there: --accept-empty dns/lab");
  s.options.accept_empty = {"dns/lab"};
  CHECK(holds(s.plan().plan).empty());
}

TEST_CASE("guard: a scope that never held anything may be filled") {
  Situation s("dns: { lab: { www: 10.5.0.8 } }");
  s.ledger.scopes[{"dns", "lab"}] = {0, s.now};
  CHECK(holds(s.plan().plan) == "");
}

TEST_CASE("guard: replacing or deleting data needs its address in --allow-destroy") {
  Situation s("containers: { web: { vmid: 110, template: debian-12 }, db: { vmid: 111 } }");
  s.settle().commit("containers: { web: { vmid: 110, template: debian-13 }, db: { vmid: 111 } }");
  CHECK(holds(s.plan().plan) ==
        "container/web needs_consent: it holds data, which would be lost: --allow-destroy "
        "container/web\n");
  for (const char* no : {"container/*", "*", "container/db", "monitor/web", "container/web@kuma"}) {
    CAPTURE(no);
    s.options.allow_destroy = {no};
    CHECK(held(s.plan().plan, HoldCode::needs_consent) == 1);
  }
  for (const char* yes : {"container/web", "home:container/web@pve", "container/web@pve"}) {
    CAPTURE(yes);
    s.options.allow_destroy = {yes};
    CHECK(holds(s.plan().plan) == "");
  }
}

TEST_CASE("guard: what waits for something held is held, and what waits for that") {
  Plan plan;
  for (const char* name : {"a", "b", "c", "d"}) {
    Change change;
    change.address = {"home", "monitor", name, "kuma"};
    plan.changes.push_back(change);
  }
  plan.changes[0].hold = Hold{HoldCode::self, "no"};
  plan.changes[1].needs = {plan.changes[0].address};
  plan.changes[2].needs = {plan.changes[1].address};
  const Situation s("monitors: { m: { type: ping, target: 10.5.0.1 } }");
  const std::function<Attributes(const Address&, Attributes)> as_it_is;
  guard(plan,
        PlanInput{
            s.spec, s.observed, s.ledger, s.options, {}, as_it_is, s.secrets, SecretHash(), s.now});
  CHECK(holds(plan) ==
        "monitor/a self: no\n"
        "monitor/b depends: it waits for monitor/a, which is held back\n"
        "monitor/c depends: it waits for monitor/b, which is held back\n");
}

TEST_CASE("guard: a spec that declares nothing stops the run where something is owned") {
  Situation s("dns: { lab: { www: 10.5.0.8 } }");
  s.commit("x-nothing: {}");
  CHECK(s.plan().plan.stops.empty());
  s.commit("dns: { lab: { www: 10.5.0.8 } }");
  s.settle().commit("x-nothing: {}");
  CHECK(s.plan().plan.stops.size() == 1);
  s.ledger.owned.clear();
  CHECK(s.plan().plan.stops.size() == 1);  // a marker is enough
}

TEST_CASE("guard: two replaces that take from each other what they hold count as one") {
  std::string text = "containers: {";
  for (int i = 0; i < 7; ++i)
    text += fmt::format(" c{}: {{ vmid: {}, hostname: h{} }},", i, 110 + i, i);
  Situation s(text + " }");
  s.settle();
  std::string swapped = text;
  swapped.replace(swapped.find("vmid: 110"), 9, "vmid: 999");
  swapped.replace(swapped.find("vmid: 111"), 9, "vmid: 110");
  swapped.replace(swapped.find("vmid: 999"), 9, "vmid: 111");
  s.commit(swapped + " }");
  s.options.allow_destroy = {"container/c0", "container/c1"};
  const Plan plan = s.plan().plan;
  CHECK(change_of(plan, "container/c0").action == Action::replace);
  CHECK(change_of(plan, "container/c1").action == Action::replace);
  CHECK(held(plan, HoldCode::too_many_deletes) == 0);
}
