// What history says of writes that were cut off, or that the server took and did not make.
#include <atomic>

#include "reconciler/names.hpp"
#include "reconciler/record.hpp"
#include "reconciler/suspend.hpp"
#include "tests/reconciler/ledger_case.hpp"
#include "tests/reconciler/round_lab.hpp"

namespace homeostat {
namespace {

using ledger_case::succeed;
using ledger_case::value_of;

constexpr const char* small = "containers: { web: { vmid: 110, cores: 1 } }\n";
constexpr const char* bigger = "containers: { web: { vmid: 110, cores: 2 } }\n";
// Ours, and in no marker.
constexpr const char* two_plain =
    "containers: { nas: { provider: plain, vmid: 120 }, web: { provider: plain, vmid: 110 } }\n";
constexpr const char* one_plain = "containers: { nas: { provider: plain, vmid: 120 } }\n";

void lie(const RoundLab& lab, const std::string& server) {
  lab.server(server).next("apply", {Fault::Kind::lie, Error()});
}

// A process that was killed once its writes were under way. Its run. `parking`: only what is parked
// first was.
std::int64_t begin_and_die(const RoundLab& lab, bool parking = false) {
  Round round = lab.look();
  const auto run =
      value_of(round.ledger->begin_run(ledger_case::run_of("apply", "", ledger_case::at(10))));
  std::vector<Attributes> values;
  values.reserve(round.planned.plan.changes.size());
  std::vector<Intended> intended;
  for (const Change& change : round.planned.plan.changes) {
    if (parking) {
      values.push_back(Attributes::object());
      if (change.park) intended.push_back({change, values.back(), true});
      continue;
    }
    const auto declared = round.planned.desired.find(change.address);
    values.push_back(declared == round.planned.desired.end() ? Attributes::object()
                                                             : declared->second.attributes);
    intended.push_back({change, values.back()});
  }
  succeed(record_intents(round, run, intended));
  return run;
}

RunHistory told(const RoundLab& lab, std::int64_t run) {
  return value_of(ledger_case::open_ledger(lab.ledger(), false).run(run)).value();
}

// "update: done: why", a line each.
std::string lines(const RunHistory& history) {
  std::string text;
  for (const ChangeRecord& change : history.changes) {
    text += change.action + ": " + change.outcome;
    if (!change.message.empty()) text += ": " + change.message;
    text += "\n";
  }
  return text;
}

std::string causes(const Plan& plan) {
  std::string text;
  for (const Change& change : plan.changes) {
    text += std::string(name_of(change.action)) + " " + std::string(name_of(change.cause)) + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("history: what a killed run wrote is told, and can be undone") {
  RoundLab lab;
  lab.spec(small);
  CHECK(lab.run() == 0);
  lab.spec(bigger);
  const std::int64_t run = begin_and_die(lab);
  CHECK(told(lab, run).run.exit_code == -1);
  LiveResource live = *lab.server("pve").find("container/web");
  live.attributes["cores"] = 2;
  lab.server("pve").put(live);
  const Round next = lab.look();
  CHECK(next.planned.plan.changes.empty());
  CHECK(next.planned.plan.cut_off == 1);

  const RunHistory history = told(lab, run);
  CHECK(lines(history) == "update: done: cut off, and found by looking\n");
  REQUIRE(history.changes.size() == 1);
  CHECK(history.changes[0].fields ==
        std::vector<FieldRecord>{{"cores", 1, 2, "git", {}, {}, {}, false}});
  CHECK(history.run.exit_code == 1);
  CHECK(history.run.ended > history.run.started);
  CHECK(history.run.summary == "cut off");
  const auto runs = value_of(
      ledger_case::open_ledger(lab.ledger(), false).history(history.changes[0].address, 9));
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].run.id == run);
  const Undo undo = undo_of(history, next.spec);
  REQUIRE(undo.suspensions.size() == 1);
  CHECK(undo.suspensions.begin()->second.values.at("cores") == 1);
}

TEST_CASE("history: of a killed run, what was half made, or not at all, is told so") {
  RoundLab lab;
  lab.spec("containers: { db: { vmid: 111, cores: 1, swap: 1GiB } }\n");
  CHECK(lab.run() == 0);
  lab.spec("containers: { db: { vmid: 111, cores: 2, swap: 2GiB } }\n");
  const std::int64_t run = begin_and_die(lab);
  const Spec spec = load(lab.request()).value();
  CHECK(lines(told(lab, run)) == "update: begun\n");
  CHECK(undo_of(told(lab, run), spec).suspensions.size() == 1);  // it may have been made
  SUBCASE("half") {
    LiveResource live = *lab.server("pve").find("container/db");
    live.attributes["cores"] = 2;
    lab.server("pve").put(live);
    CHECK(changes_of(lab.look().planned.plan) == "update container/db\n");
    CHECK(lines(told(lab, run)) == "update: partly done: cut off, and found by looking\n");
    CHECK(undo_of(told(lab, run), spec).suspensions.size() == 1);
  }
  SUBCASE("not at all") {
    CHECK(changes_of(lab.look().planned.plan) == "update container/db\n");
    CHECK(lines(told(lab, run)) == "update: not made: cut off\n");
    CHECK(undo_of(told(lab, run), spec).suspensions.empty());
  }
  CHECK(told(lab, run).run.exit_code == 1);
}

TEST_CASE("history: of a swap that was cut off, what was only parked is not done") {
  RoundLab lab;
  const auto swap = [](const std::string& a, const std::string& b) {
    return "containers: { a: { vmid: 111, ip: 10.5.0." + a + " }, b: { vmid: 112, ip: 10.5.0." + b +
           " } }\n";
  };
  lab.spec(swap("11", "12"));
  CHECK(lab.run() == 0);
  lab.spec(swap("12", "11"));
  const Round planned = lab.look();
  const auto first = std::ranges::find_if(planned.planned.plan.changes,
                                          [](const Change& change) { return !!change.park; });
  REQUIRE(first != planned.planned.plan.changes.end());
  const std::int64_t run = begin_and_die(lab, true);
  CHECK(lines(told(lab, run)) == "update: begun\n");
  SUBCASE("parked") {
    LiveResource live = *lab.server("pve").find("container/" + first->address.name);
    live.attributes["ip"] = first->park->value;
    lab.server("pve").put(live);
    const Plan next = lab.look().planned.plan;
    CHECK(causes(next) == "update git\nupdate git\n");
    CHECK(lines(told(lab, run)) == "update: partly done: cut off, and found by looking\n");
  }
  SUBCASE("not even that") {
    CHECK(causes(lab.look().planned.plan) == "update git\nupdate git\n");
    CHECK(lines(told(lab, run)) == "update: not made: cut off\n");
  }
  CHECK(lab.run() == 0);
  CHECK(lab.look().planned.plan.changes.empty());
}

TEST_CASE("history: a delete whose answer nobody waited for was made all the same") {
  RoundLab lab;
  lab.spec("containers: { nas: { vmid: 120 }, web: { vmid: 110, on_remove: delete } }\n");
  CHECK(lab.run() == 0);
  lab.spec("containers: { nas: { vmid: 120 } }\n");
  lab.options.allow_destroy = {"container/web"};
  lab.options.allow_deletes = 1;
  Round round = lab.look();
  REQUIRE(changes_of(round.planned.plan) == "delete container/web\n");
  std::stop_source stop;
  lab.server("pve").on_apply = [&stop](std::span<const Step>) { stop.request_stop(); };
  lab.server("pve").next(
      "apply", {Fault::Kind::lose, Error{ErrorKind::cancelled, "told to stop", {}, {}, {}}});
  const Applied applied = apply(round, {}, stop.get_token(), stop.get_token());
  REQUIRE(applied.outcomes.size() == 1);
  CHECK(applied.outcomes[0].kind == OutcomeKind::cancelled);
  lab.server("pve").on_apply = nullptr;
  lab.options = {};
  const std::int64_t run = value_of(round.ledger->last_run()).value().id;
  CHECK(lines(told(lab, run)) == "delete: cancelled: told to stop\n");
  const Round next = lab.look();
  CHECK(next.planned.plan.changes.empty());
  CHECK(lines(told(lab, run)) == "delete: done: found by looking, after: told to stop\n");
  CHECK(undo_of(told(lab, run), next.spec).suspensions.size() == 1);
}

TEST_CASE("history: an answer that was lost and found in the same run") {
  RoundLab lab;
  lab.spec(small);
  lab.server("pve").next("apply",
                         {Fault::Kind::lose, Error{ErrorKind::internal, "500", {}, {}, {}}});
  Round round = lab.look();
  static_cast<void>(lab.apply(round));
  const RunRecord run = value_of(round.ledger->last_run()).value();
  CHECK(lines(told(lab, run.id)) == "create: done: found by looking, after: 500\n");
  CHECK(run.summary != "cut off");
}

TEST_CASE("history: what does not read back did not converge, and undo takes it back too") {
  RoundLab lab;
  lab.spec(small);
  CHECK(lab.run() == 0);
  lab.spec(bigger);
  lie(lab, "pve");
  Round round = lab.look();
  static_cast<void>(lab.apply(round));
  const RunRecord run = value_of(round.ledger->last_run()).value();
  CHECK(lines(told(lab, run.id)) == "update: did not converge: cores\n");
  CHECK(run.exit_code == 1);  // as the command ends
  const Undo undo = undo_of(told(lab, run.id), round.spec);
  REQUIRE(undo.suspensions.size() == 1);
  CHECK(undo.suspensions.begin()->second.values.at("cores") == 1);
}

TEST_CASE("verify: a create that the server swallowed was never there, and nobody removed it") {
  for (const std::string server : {"pve", "plain"}) {
    CAPTURE(server);
    const std::string nas = "containers: { nas: { provider: " + server + ", vmid: 120 }";
    RoundLab lab;
    lab.spec(nas + " }\n");
    CHECK(lab.run() == 0);
    lab.spec(nas + ", web: { provider: " + server + ", vmid: 110 } }\n");
    for (int tries = 0; tries < 2; ++tries) {
      lie(lab, server);
      CHECK(lab.run() == 2);
      CHECK(causes(lab.look().planned.plan) == "create git\n");
    }
    CHECK(lab.run() == 0);  // it is made once the server does what it says
    CHECK(lab.look().planned.plan.changes.empty());
    lab.server(server).erase("container/web");
    CHECK(causes(lab.look().planned.plan) == "create drift\n");
  }
}

TEST_CASE("verify: what was made and shows up late is ours, and is not made twice") {
  for (const char* lines_of_it : {two_plain, one_plain}) {
    CAPTURE(lines_of_it);
    RoundLab lab;
    lab.spec(one_plain);
    CHECK(lab.run() == 0);
    lab.spec(two_plain);
    lie(lab, "plain");
    CHECK(lab.run() == 2);
    LiveResource late = *lab.server("plain").find("container/nas");
    late.address.name = "web";
    late.native_id = "container/web";
    late.attributes["vmid"] = 110;
    late.attributes["hostname"] = "web";
    late.attributes["ip"] = "10.5.0.110";
    lab.server("plain").put(late);
    lab.spec(lines_of_it);
    const Round next = lab.look();
    CHECK(next.planned.plan.changes.size() == (lines_of_it == two_plain ? 0 : 1));
    for (const Change& change : next.planned.plan.changes) {
      CHECK(change.action == Action::release);  // data is kept
    }
  }
}

TEST_CASE("plan: while another process is at work, nothing was cut off") {
  RoundLab lab;
  lab.spec(small);
  CHECK(lab.run() == 0);
  lab.spec(bigger);
  static_cast<void>(begin_and_die(lab));  // by the lock that follows: it lives
  Request request = lab.request();
  request.record = false;
  request.locked = false;
  const auto warnings = [&request] {
    const auto round = look(request, std::stop_token());
    REQUIRE(round);
    CHECK(changes_of(round->planned.plan) == "update container/web\n");
    return std::pair(joined(round->planned.plan.warnings), round->planned.plan.cut_off);
  };
  {
    const auto held = SiteLock::acquire(lab.places(), "home", "homeostat apply", now());
    REQUIRE(held);
    const auto [text, cut_off] = warnings();
    CHECK(cut_off == 0);
    CHECK(text.find("homeostat apply, process ") != std::string::npos);
    CHECK(text.find("is at work") != std::string::npos);
  }
  const auto [text, cut_off] = warnings();
  CHECK(cut_off == 1);
  CHECK(text.find("is at work") == std::string::npos);
}

}  // namespace homeostat
