// Verify, stuck, and lost answers, over whole rounds.
#include <numeric>

#include "reconciler/resume.hpp"
#include "tests/reconciler/ledger_case.hpp"
#include "tests/reconciler/round_lab.hpp"

namespace homeostat {
namespace {

using std::chrono::milliseconds;

constexpr const char* small = "containers: { web: { vmid: 110, cores: 1 } }\n";
constexpr const char* bigger = "containers: { web: { vmid: 110, cores: 2 } }\n";

void lie(const RoundLab& lab) { lab.server("pve").next("apply", {Fault::Kind::lie, Error()}); }

TEST_CASE("verify: a server that reads stale is looked at again until it shows what was written") {
  RoundLab lab;
  lab.spec(small);
  CHECK(lab.run() == 0);
  CHECK(lab.waits.empty());
  lab.spec(bigger);
  Round round = lab.look();
  lab.read_stale("pve", 3);
  const Applied applied = lab.apply(round);
  CHECK(applied.lingering.empty());
  CHECK(applied.after.plan.changes.empty());
  CHECK(lab.waits ==
        std::vector<milliseconds>{milliseconds(250), milliseconds(500), milliseconds(1000)});
}

TEST_CASE("verify: what does not read back within ten seconds did not converge, with its field") {
  RoundLab lab;
  lab.spec(small);
  CHECK(lab.run() == 0);
  lab.spec(bigger);
  lie(lab);
  Round round = lab.look();
  const Applied applied = lab.apply(round);
  REQUIRE(applied.lingering.size() == 1);
  REQUIRE(applied.lingering[0]->fields.size() == 1);
  CHECK(applied.lingering[0]->fields[0].path == "cores");
  CHECK(std::accumulate(lab.waits.begin(), lab.waits.end(), milliseconds(0)) ==
        milliseconds(10'000));
  CHECK(lab.run() == 0);
}

TEST_CASE("verify: by service, the next one waits until the one before reads back") {
  RoundLab lab;
  lab.spec(
      "services:\n"
      "  a: { container: { vmid: 111 } }\n"
      "  b: { container: { vmid: 112 } }\n");
  Round round = lab.look();
  lab.read_stale("pve", 2);
  CHECK(lab.apply(round, true).after.plan.changes.empty());
  CHECK(lab.waits.size() == 2);

  lab.spec(
      "services:\n"
      "  a: { container: { vmid: 111, cores: 2 } }\n"
      "  b: { container: { vmid: 112, cores: 2 } }\n");
  lie(lab);
  Round next = lab.look();
  const Applied applied = lab.apply(next, true);
  REQUIRE(applied.outcomes.size() == 2);
  CHECK(applied.outcomes[0].kind == OutcomeKind::done);
  CHECK(applied.outcomes[1].kind == OutcomeKind::cancelled);
  CHECK(applied.outcomes[1].error->message == "not begun: container/a did not converge");
}

TEST_CASE("stuck: the same change written three times without effect is not written again") {
  RoundLab lab;
  lab.spec(small);
  CHECK(lab.run() == 0);
  lab.spec(bigger);
  for (int i = 0; i < 3; ++i) {
    CHECK(changes_of(lab.look().planned.plan) == "update container/web\n");
    lie(lab);
    CHECK(lab.run() == 2);
  }
  const Round round = lab.look();
  CHECK(changes_of(round.planned.plan) == "update container/web [stuck]\n");
  CHECK(exit_code(round.planned.plan) == 2);
  REQUIRE(round.planned.plan.changes.size() == 1);
  CHECK(round.planned.plan.changes[0].hold->text.find("written 3 times") != std::string::npos);

  SUBCASE("until the spec moves") {
    lab.spec("containers: { web: { vmid: 110, cores: 3 } }\n");
    CHECK(lab.run() == 0);
  }
  SUBCASE("until the live value moves") {
    LiveResource live = *lab.server("pve").find("container/web");
    live.attributes["cores"] = 7;
    lab.server("pve").put(live);
    CHECK(lab.run() == 0);
  }
  CHECK(lab.look().memory.tried.empty());
}

TEST_CASE("stuck: what is wanted no more is forgotten, and may come back later") {
  RoundLab lab;
  const auto cores = [&lab](int of_web) {
    lab.spec("containers: { nas: { vmid: 120 }, web: { vmid: 110, cores: " +
             std::to_string(of_web) + " } }\n");
  };
  cores(1);
  CHECK(lab.run() == 0);
  cores(2);
  for (int i = 0; i < 3; ++i) {
    lie(lab);
    CHECK(lab.run() == 2);
  }
  lab.options.only = {"container/nas"};  // what is left out is not compared
  CHECK(lab.run() == 0);
  lab.options.only.clear();
  CHECK(lab.look().memory.tried.size() == 1);
  cores(1);
  CHECK(lab.run() == 0);
  CHECK(lab.look().memory.tried.empty());
  cores(2);
  CHECK(lab.run() == 0);
  CHECK(lab.server("pve").find("container/web")->attributes["cores"] == 2);
}

TEST_CASE("stuck: a server that was healed gets the write again once somebody says so") {
  RoundLab lab;
  const std::string stays =
      "  nas: { provider: plain, hostname: nas, vmid: 120, on_remove: delete }\n";
  lab.spec("containers:\n" + stays +
           "  web: { vmid: 110, cores: 1 }\n"
           "  old: { provider: plain, hostname: old, vmid: 111, on_remove: delete }\n");
  CHECK(lab.run() == 0);
  lab.options.allow_deletes = 9;
  lab.options.allow_destroy = {"container/old"};
  lab.spec("containers:\n" + stays + "  web: { vmid: 110, cores: 2 }\n");
  for (int i = 0; i < 3; ++i) {
    lie(lab);
    lab.server("plain").next("apply", {Fault::Kind::lie, Error()});
    CHECK(lab.run() == 2);
  }
  const Round round = lab.look();
  CHECK(changes_of(round.planned.plan) ==
        "update container/web [stuck]\ndelete container/old [stuck]\n");
  for (const Change& change : round.planned.plan.changes) {
    const std::string way_out = "homeostat resume container/" + change.address.name;
    CHECK(change.hold->text.find(way_out) != std::string::npos);
  }
  CHECK(lab.run() == 2);  // for ever, if nobody says a word

  Ledger ledger = ledger_case::open_ledger(lab.ledger());
  CHECK(ledger_case::value_of(what_waits_for_resume(ledger)) ==
        std::vector<std::string>{"container/old", "container/web"});
  SUBCASE("of one") {
    const Resumed resumed = ledger_case::value_of(resume(ledger, "container/old", true));
    CHECK(resumed.stuck.size() == 1);
    CHECK_FALSE(resumed.hold);
    CHECK(changes_of(lab.look().planned.plan) ==
          "update container/web [stuck]\ndelete container/old\n");
  }
  SUBCASE("of all that a glob matches") {
    CHECK(ledger_case::value_of(resume(ledger, "container/*", true)).stuck.size() == 2);
    CHECK(ledger_case::value_of(resume(ledger, "container/*", true)).stuck.empty());
    CHECK(lab.run() == 0);
    CHECK_FALSE(lab.server("plain").find("container/old"));
    lab.options.allow_destroy.clear();  // nothing is called so any more
    CHECK(lab.look().memory.tried.empty());
  }
  SUBCASE("of one that a run under way knows as stuck: what it writes down takes nothing back") {
    lab.options.only = {"container/web"};
    lab.spec("containers:\n" + stays + "  web: { vmid: 110, cores: 3 }\n");
    Round busy = lab.look();
    CHECK(ledger_case::value_of(resume(ledger, "container/old", true)).stuck.size() == 1);
    CHECK(lab.apply(busy).errors.empty());
    lab.options.only.clear();
    CHECK(changes_of(lab.look().planned.plan) == "delete container/old\n");
  }
}

TEST_CASE("stuck: one try that works in between, and counting begins anew") {
  RoundLab lab;
  lab.spec(small);
  CHECK(lab.run() == 0);
  for (int i = 0; i < 3; ++i) {
    lab.spec(bigger);
    lie(lab);
    CHECK(lab.run() == 2);
    lie(lab);
    CHECK(lab.run() == 2);
    CHECK(lab.run() == 0);
    lab.spec(small);
    CHECK(lab.run() == 0);
  }
}

TEST_CASE("stuck: a create that never shows is not made for ever") {
  RoundLab lab;
  lab.spec("containers: { nas: { vmid: 120 } }\n");
  CHECK(lab.run() == 0);
  lab.spec("containers: { nas: { vmid: 120 }, web: { vmid: 110 } }\n");
  for (int i = 0; i < 3; ++i) {
    lie(lab);
    CHECK(lab.run() == 2);
  }
  CHECK(changes_of(lab.look().planned.plan) == "create container/web [stuck]\n");
}

TEST_CASE("intents: an answer that was lost is found out by looking, in the same run") {
  RoundLab lab;
  lab.spec("containers: { nas: { provider: plain, vmid: 120 } }\n");
  lab.server("plain").next("apply",
                           {Fault::Kind::lose, Error{ErrorKind::internal, "500", {}, {}, {}}});
  Round round = lab.look();
  const Applied applied = lab.apply(round);
  REQUIRE(applied.outcomes.size() == 1);
  CHECK(applied.outcomes[0].kind == OutcomeKind::failed);
  CHECK(applied.after.plan.changes.empty());
  const Round next = lab.look();
  CHECK(next.memory.intents.empty());
  CHECK(next.memory.owned.size() == 1);
  CHECK(next.planned.plan.changes.empty());
}

TEST_CASE("intents: a write that surely failed leaves no intent behind") {
  RoundLab lab;
  lab.spec(small);
  lab.server("pve").next("apply", {Fault::Kind::fail, Error{ErrorKind::auth, "403", {}, {}, {}}});
  Round round = lab.look();
  CHECK(lab.apply(round).outcomes[0].kind == OutcomeKind::failed);
  const Round next = lab.look();
  CHECK(next.memory.intents.empty());
  CHECK(next.planned.plan.cut_off == 0);
  CHECK(changes_of(next.planned.plan) == "create container/web\n");
}

TEST_CASE("history: each write is kept with its values, cause and outcome") {
  RoundLab lab;
  lab.spec(small);
  CHECK(lab.run() == 0);
  lab.spec(bigger);
  lab.server("pve").next("apply", {Fault::Kind::fail, Error{ErrorKind::auth, "403", {}, {}, {}}});
  Round round = lab.look();
  static_cast<void>(lab.apply(round));
  lab.spec("containers: { site: { vmid: 110, cores: 2 } }\n");
  CHECK(lab.run() == 0);
  const Ledger ledger = ledger_case::open_ledger(lab.ledger(), false);
  const Address site = round.planned.desired.begin()->first;
  Address now = site;
  now.name = "site";
  const auto runs = ledger_case::value_of(ledger.history(now, 10));
  REQUIRE(runs.size() == 3);
  REQUIRE(runs[0].changes.size() == 1);
  CHECK(runs[0].changes[0].from == site);
  CHECK(runs[0].changes[0].outcome == "done");
  REQUIRE(runs[1].changes.size() == 1);
  CHECK(runs[1].changes[0].outcome == "failed");
  CHECK(runs[1].changes[0].message == "403");
  CHECK(runs[1].changes[0].fields ==
        std::vector<FieldRecord>{{"cores", 1, 2, "git", {}, {}, {}, false}});
  CHECK(runs[2].changes[0].action == "create");
  CHECK(ledger_case::value_of(ledger.history(std::nullopt, 2)).size() == 2);
  Address other = site;
  other.name = "other";
  CHECK(ledger_case::value_of(ledger.history(other, 10)).empty());
  CHECK(ledger_case::value_of(ledger.run(runs[1].run.id)).value().changes.size() == 1);
  CHECK_FALSE(ledger_case::value_of(ledger.run(999)));
}

}  // namespace
}  // namespace homeostat
