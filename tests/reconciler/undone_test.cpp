// What is derived from what an undone run has brought back.
#include "reconciler/undone.hpp"

#include <doctest/doctest.h>

#include "reconciler/suspend.hpp"
#include "tests/reconciler/plan_fixture.hpp"

namespace homeostat::testing {
namespace {

constexpr const char* settled = "a: 10.5.0.1\n    b: 10.5.0.2\n    c: 10.5.0.3\n    nas: ";

void commit(Situation& s, const std::string& records) {
  std::string head = standard_head();
  const std::string zone = "on: [dns] }";
  head.replace(head.find(zone), zone.size(), "on: [dns], reverse: true }");
  s.commit_files({{"homeostat.yaml", head}, {"lab.yaml", "dns:\n  lab:\n    " + records + "\n"}});
  s.options.allow_deletes = 9;
}

Situation lab(const std::string& records) {
  Situation s;
  commit(s, records);
  s.settle();
  return s;
}

ChangeRecord change(const Situation& s, const std::string& address, const std::string& action) {
  ChangeRecord made;
  made.address = s.address(address);
  made.action = action;
  made.outcome = "done";
  return made;
}

// nas went from 9 to 10.
RunHistory move_of(const Situation& s) {
  RunHistory run;
  run.run.id = 2;
  run.changes = {change(s, "dns/lab/nas/A", "update"), change(s, "dns/lab~v4/9/PTR", "delete"),
                 change(s, "dns/lab~v4/10/PTR", "create")};
  FieldRecord field;
  field.path = "values";
  field.before = {"10.5.0.9"};
  field.after = {"10.5.0.10"};
  run.changes[0].fields = {field};
  run.changes[1].before = {{"values", {"nas.lab.example.org"}}};
  return run;
}

std::string causes(Situation& s) {
  Plan plan = s.plan().plan;
  say_undone(plan, s.spec, s.ledger.suspended);
  return outline(plan);
}

std::string names(const std::vector<Address>& addresses) {
  std::string text;
  for (const Address& address : addresses) text += display(address, false, false) + "\n";
  return text;
}

}  // namespace

TEST_CASE("undone: PTR records follow their A record, in the plan and by cause") {
  Situation s = lab(settled + std::string("10.5.0.10"));
  const Undo undo = undo_of(move_of(s), s.spec);
  CHECK(undo.left.empty());
  REQUIRE(undo.suspensions.size() == 1);
  s.ledger.suspended = undo.suspensions;
  CHECK(suspend(s.spec, s.ledger).empty());
  CHECK(names(what_follows(s.plan().plan, s.spec, undo.suspensions)) ==
        "dns/lab~v4/9/PTR\ndns/lab~v4/10/PTR\n");
  const std::string text = causes(s);
  CAPTURE(text);
  CHECK(text.find(" git") == std::string::npos);
  s.apply(s.plan());
  CHECK(s.outline() == "");

  // The name that git gives the address from which nas went is git's.
  commit(s, settled + std::string("10.5.0.10\n    x1: 10.5.0.10"));
  CHECK(suspend(s.spec, s.ledger).empty());
  const std::string more = causes(s);
  CAPTURE(more);
  CHECK(more.find("create dns/lab~v4/10/PTR") != std::string::npos);
  CHECK(more.find("undo") == std::string::npos);
  commit(s, settled + std::string("10.5.0.11\n    x1: 10.5.0.9"));
  CHECK(suspend(s.spec, s.ledger) == std::vector{s.address("dns/lab/nas/A")});
  s.apply(s.plan());
  CHECK(s.at("dns/lab~v4/9/PTR").attributes["values"] == nlohmann::json{"x1.lab.example.org"});
}

TEST_CASE("undone: what older versions kept of derived PTRs is let go") {
  Situation s = lab(settled + std::string("10.5.0.11"));
  Suspension kept;
  kept.run = 2;
  kept.values["values"] = {"nas.lab.example.org"};
  s.ledger.suspended[s.address("dns/lab~v4/9/PTR")] = kept;
  CHECK(suspend(s.spec, s.ledger) == std::vector{s.address("dns/lab~v4/9/PTR")});
  CHECK(s.outline() == "");
}

TEST_CASE("undone: a PTR whose A record was not changed back is told, and not kept") {
  Situation s = lab(settled + std::string("10.5.0.10"));
  RunHistory run = move_of(s);
  run.changes.erase(run.changes.begin());
  const Undo undo = undo_of(run, s.spec);
  CHECK(undo.suspensions.empty());
  REQUIRE(undo.left.size() == 1);
  CHECK(undo.left[0] ==
        "dns/lab~v4/9/PTR: it is derived from dns/lab/nas/A, which leads elsewhere and was not "
        "changed by this run");
}

TEST_CASE("undone: a PTR record that was declared comes back by itself") {
  Situation s = lab(settled + std::string("10.5.0.10"));
  RunHistory run = move_of(s);
  run.changes = {run.changes[1]};
  run.changes[0].before = {{"values", {"printer.example.net"}}};
  s.ledger.suspended = undo_of(run, s.spec).suspensions;
  REQUIRE(s.ledger.suspended.size() == 1);
  CHECK(suspend(s.spec, s.ledger).empty());
  CHECK(causes(s).find("create dns/lab~v4/9/PTR") != std::string::npos);
}

TEST_CASE("undone: what git says already is not kept") {
  Situation s = lab(settled + std::string("10.5.0.9"));
  s.ledger.suspended = undo_of(move_of(s), s.spec).suspensions;
  CHECK(suspend(s.spec, s.ledger) == std::vector{s.address("dns/lab/nas/A")});
  CHECK(s.spec.warnings.empty());
  CHECK(s.outline() == "");
}

}  // namespace homeostat::testing
