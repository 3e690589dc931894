// What the loop keeps in the ledger: incidents, messages, questions, suspensions, reports.
#include <fmt/format.h>

#include <filesystem>

#include "tests/reconciler/ledger_case.hpp"

using namespace homeostat;
using namespace homeostat::ledger_case;

namespace {

Incident incident(std::int64_t id, Time opened) {
  return {.id = id,
          .trouble = {.kind = TroubleKind::secret_expiry,
                      .key = fmt::format("secret_expiry s{}", id),
                      .title = "secret s expires \xc3\xa9",
                      .details = "one\ntwo\n",
                      .since = at(50),
                      .by = "ops",
                      .subject = "plan"},
          .opened = opened,
          .moved = opened};
}

Message message(const std::string& id) {
  return {.id = id,
          .site = "home",
          .kind = Message::Kind::report,
          .title = "a \"title\"",
          .text = "one\ntwo\t\xc3\xa9",
          .markdown = "*one*",
          .html = "<p>one</p>",
          .at = at(1000),
          .incident = "7"};
}

std::vector<std::string> waiting(const Ledger& ledger, const std::string& notifier) {
  std::vector<std::string> ids;
  for (const Waiting& one : value_of(ledger.outbox(notifier))) ids.push_back(one.message.id);
  return ids;
}

Approval question(const std::string& plan, const std::string& digest) {
  return {.plan = plan, .addresses = {jelly, www}, .digest = digest, .reason = "2 to delete"};
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("ledger: incidents read back the same, open ones and those opened since then") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Incident open = incident(1, at(100));
  Incident old = incident(2, at(200));
  old.closed = at(210);
  Incident young = incident(3, at(300));
  young.closed = at(310);
  young.flapping = true;
  young.there = false;
  young.moved = at(305);
  Incident newest = incident(4, at(250));
  newest.closed = at(260);
  succeed(open_ledger(path).tell({.incidents = {open, old, young, newest}}));
  for (const bool create : {false, true}) {
    const Ledger ledger = open_ledger(path, create);
    CHECK(value_of(ledger.incidents(at(300))) == std::vector<Incident>{open, young, newest});
    CHECK(value_of(ledger.incidents(Time())) == std::vector<Incident>{open, old, young, newest});
  }
  // One that is told again is the same one.
  open.closed = at(400);
  open.trouble.title = "another";
  Ledger ledger = open_ledger(path);
  succeed(ledger.tell({.incidents = {open}}));
  CHECK(value_of(ledger.incidents(at(100))) == std::vector<Incident>{open, old, young, newest});
  CHECK(value_of(ledger.incidents(at(1000))) == std::vector<Incident>{newest});
}

TEST_CASE("ledger: an incident that did not change is not written") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger ledger = open_ledger(path);
  succeed(ledger.tell({.incidents = {incident(1, at(100))}}));
  RawDatabase other(path);
  const auto before = other.number("PRAGMA data_version");
  succeed(ledger.tell({.incidents = {incident(1, at(100))}}));
  CHECK(other.number("PRAGMA data_version") == before);
}

TEST_CASE("ledger: closed incidents are kept up to a number, open ones for ever") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger ledger = open_ledger(path);
  Telling telling;
  for (int i = 1; i <= 1'100; ++i) {
    telling.incidents.push_back(incident(i, at(i)));
    if (i % 100 != 0) telling.incidents.back().closed = at(i + 1);
  }
  succeed(ledger.tell(telling));
  const auto kept = value_of(ledger.incidents(Time()));
  CHECK(kept.size() == 1'011);
  CHECK(kept.front().id == 90);
  CHECK(kept.back().id == 1'100);
}

TEST_CASE("ledger: an incident and the word of it are written together or not at all") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger ledger = open_ledger(path);
  RawDatabase(path).run(
      "CREATE TRIGGER no BEFORE INSERT ON report_runs BEGIN SELECT RAISE(ABORT, 'no'); END");
  const Telling telling{.incidents = {incident(1, at(100))},
                        .messages = {{"phone", message("home-1")}},
                        .reports = {{"weekly", at(100)}}};
  CHECK_FALSE(ledger.tell(telling));
  CHECK(value_of(ledger.incidents(Time())).empty());
  CHECK(waiting(ledger, "phone").empty());
  RawDatabase(path).run("DROP TRIGGER no");
  succeed(ledger.tell(telling));
  CHECK(value_of(ledger.incidents(Time())).size() == 1);
  CHECK(waiting(ledger, "phone") == Ids{"home-1"});
  CHECK(value_of(ledger.report_runs()) == std::map<std::string, Time>{{"weekly", at(100)}});
}

TEST_CASE("ledger: messages wait in order, each for its notifier, and once") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger ledger = open_ledger(path);
  succeed(ledger.tell({.messages = {{"phone", message("a")}, {"mail", message("a")}}}));
  succeed(ledger.tell({.messages = {{"phone", message("b")}, {"phone", message("a")}}}));
  CHECK(waiting(ledger, "phone") == Ids{"a", "b"});
  CHECK(waiting(ledger, "mail") == Ids{"a"});
  CHECK(waiting(ledger, "nobody").empty());
  const auto queue = value_of(open_ledger(path, false).outbox("phone"));
  CHECK(queue.at(0).message == message("a"));
  CHECK(queue.at(0).attempts == 0);
  CHECK(queue.at(0).not_before == Time());
  succeed(ledger.put_off(queue[0].id, at(2000), "no answer"));
  const auto later = value_of(ledger.outbox("phone"));
  CHECK(later.at(0).message.id == "a");
  CHECK(later.at(0).attempts == 1);
  CHECK(later.at(0).not_before == at(2000));
  CHECK(later.at(0).error == "no answer");
  succeed(ledger.mark_sent(queue[0].id, at(2000)));
  CHECK(waiting(ledger, "phone") == Ids{"b"});
  // What is over stays as it is, and the same event is not put there again.
  succeed(ledger.mark_failed(queue[0].id, at(2001), "refused"));
  succeed(ledger.put_off(queue[0].id, at(3000), "no answer"));
  succeed(ledger.tell({.messages = {{"phone", message("a")}}}));
  CHECK(waiting(ledger, "phone") == Ids{"b"});
  CHECK_FALSE(value_of(ledger.notifiers()).at("phone").failed);
}

TEST_CASE("ledger: of each notifier it is known what waits, and how the last message ended") {
  const TempDir dir;
  Ledger ledger = open_ledger(dir.path() + "/ledger.db");
  CHECK(value_of(ledger.notifiers()).empty());
  Message second = message("b");
  second.at = at(1500);
  succeed(ledger.tell({.messages = {{"phone", message("a")},
                                    {"phone", second},
                                    {"mail", message("a")},
                                    {"phone", message("c")}}}));
  const auto queue = value_of(ledger.outbox("phone"));
  succeed(ledger.mark_failed(queue.at(0).id, at(2000), "chat not found"));
  succeed(ledger.put_off(queue.at(1).id, at(2600), "no answer"));
  const auto states = value_of(ledger.notifiers());
  CHECK(states.size() == 2);
  CHECK(states.at("mail") == NotifierState{.waiting = 1, .oldest = at(1000)});
  CHECK(states.at("phone") == NotifierState{.waiting = 2,
                                            .oldest = at(1500),
                                            .attempts = 1,
                                            .error = "no answer",
                                            .failed = true,
                                            .ended = at(2000),
                                            .failure = "chat not found"});
  succeed(ledger.mark_sent(queue.at(1).id, at(3000)));
  succeed(ledger.mark_sent(queue.at(2).id, at(3001)));
  CHECK(value_of(ledger.notifiers()).at("phone") == NotifierState{.ended = at(3001)});
}

TEST_CASE("ledger: what was sent is kept up to a number, and the last of each notifier") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger ledger = open_ledger(path);
  succeed(ledger.tell({.messages = {{"rare", message("0")}}}));
  succeed(ledger.mark_failed(1, at(1), "chat not found"));
  // As many others as if they had been sent long ago.
  RawDatabase(path).run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)"
      " INSERT INTO outbox(notifier, event, message, made, state)"
      " SELECT 'phone', i, '{}', 0, 'sent' FROM n");
  succeed(ledger.tell({.messages = {{"phone", message("last")}, {"phone", message("open")}}}));
  succeed(ledger.mark_sent(1502, at(2000)));
  CHECK(RawDatabase(path).number("SELECT count(*) FROM outbox WHERE state = 'sent'") == 1000);
  CHECK(value_of(ledger.notifiers()).at("rare").failed);
  CHECK(waiting(ledger, "phone") == Ids{"open"});
}

TEST_CASE("ledger: one question is open at a time, and goes stale with its plan") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger ledger = open_ledger(path);
  CHECK_FALSE(value_of(ledger.ask(std::nullopt, at(1))));
  const auto first = value_of(ledger.ask(question("7c1e3f000001", "d1"), at(10)));
  REQUIRE(first);
  CHECK(first->id == 1);
  CHECK(first->requested == at(10));
  CHECK(first->state == Approval::State::waiting);
  CHECK(value_of(ledger.ask(question("7c1e3f000001", "d1"), at(20))) == first);
  CHECK(value_of(open_ledger(path, false).approvals()) == std::vector<Approval>{*first});
  const auto second = value_of(ledger.ask(question("aaaa00000002", "d2"), at(30)));
  REQUIRE(second);
  const auto all = value_of(ledger.approvals());
  REQUIRE(all.size() == 2);
  CHECK(all[0] == *second);
  CHECK(all[1].state == Approval::State::stale);
  CHECK(all[1].ended == at(30));
  CHECK_FALSE(value_of(ledger.ask(std::nullopt, at(40))));
  CHECK(value_of(ledger.approvals()).at(0).state == Approval::State::stale);
  // The same question as one that is stale is a new one.
  CHECK(value_of(ledger.ask(question("7c1e3f000001", "d1"), at(50)))->id == 3);
}

TEST_CASE("ledger: what is approved is that plan and no other, and once") {
  const TempDir dir;
  Ledger loop = open_ledger(dir.path() + "/ledger.db");
  Ledger hand = open_ledger(dir.path() + "/ledger.db");
  static_cast<void>(value_of(loop.ask(question("7c1e3f000001", "d1"), at(10))));
  CHECK(hand.approve("7c1", "ana", at(15)).error().kind == ErrorKind::not_found);
  CHECK(hand.approve("ffff", "ana", at(15)).error().message ==
        "nothing called ffff waits for approval");
  const Approval approved = value_of(hand.approve("7c1e3f", "ana", at(20)));
  CHECK(approved.state == Approval::State::approved);
  CHECK(approved.approved == at(20));
  CHECK(approved.by == "ana");
  CHECK(value_of(hand.approve("7c1e3f000001", "ben", at(30))) == approved);
  CHECK(value_of(loop.ask(question("7c1e3f000001", "d1"), at(40))) == approved);
  succeed(loop.end_approval(approved.id, Approval::State::done, "2 changes made", at(50)));
  succeed(loop.end_approval(approved.id, Approval::State::failed, "too late", at(60)));
  const Approval over = value_of(loop.approvals()).at(0);
  CHECK(over.state == Approval::State::done);
  CHECK(over.outcome == "2 changes made");
  CHECK(over.ended == at(50));
  const auto again = hand.approve("7c1e3f", "ana", at(70));
  REQUIRE_FALSE(again);
  CHECK(again.error().kind == ErrorKind::conflict);
  CHECK(again.error().message == "plan 7c1e3f000001 was approved and is done");
  static_cast<void>(value_of(loop.ask(question("aaaa00000002", "d2"), at(80))));
  static_cast<void>(value_of(loop.ask(question("bbbb00000003", "d3"), at(90))));
  const auto stale = hand.approve("aaaa", "ana", at(100));
  REQUIRE_FALSE(stale);
  CHECK(stale.error().message ==
        "plan aaaa00000002 is stale: what would be done is not the same any more");
}

TEST_CASE("ledger: a fork's tip is asked about until it moves, beside the question of a plan") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger loop = open_ledger(path);
  Ledger hand = open_ledger(path);
  const auto fork = [](std::int64_t number, const std::string& tip) {
    return Approval{.plan = tip, .digest = tip, .reason = "from eve\n", .pull_request = number};
  };
  const auto state_of = [&](const std::string& tip) {
    for (const Approval& known : value_of(loop.approvals())) {
      if (known.plan == tip) return known.state;
    }
    FAIL("nobody asked about ", tip);
    return Approval::State::failed;
  };
  const std::string first = "aaaa" + std::string(36, '1');
  const std::string second = "aaaa" + std::string(36, '2');
  const std::string other = "bbbb" + std::string(36, '3');
  const auto plan = value_of(loop.ask(question("7c1e3f000001", "d1"), at(5)));
  const auto asked = value_of(loop.ask_about_forks({fork(7, first), fork(8, other)}, at(10)));
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].requested == at(10));
  CHECK(asked[0].pull_request == 7);
  CHECK(value_of(loop.ask(question("7c1e3f000001", "d1"), at(20))) == plan);
  CHECK(state_of(first) == Approval::State::waiting);
  CHECK(value_of(hand.approve("bbbb", "ana", at(30))).pull_request == 8);
  // Asked again, it is the same question, with its answer; the plan's is none of its business.
  const auto again = value_of(loop.ask_about_forks({fork(8, other), fork(7, first)}, at(40)));
  CHECK(again.size() == 2);
  CHECK(state_of(other) == Approval::State::approved);
  CHECK(state_of("7c1e3f000001") == Approval::State::waiting);
  // The tip moves, and begins as the one before it did: nobody says yes to the wrong one.
  static_cast<void>(value_of(loop.ask_about_forks({fork(7, second)}, at(50))));
  CHECK(state_of(first) == Approval::State::stale);
  CHECK(state_of(other) == Approval::State::stale);
  const auto unclear = hand.approve("aaaa", "ana", at(60));
  REQUIRE_FALSE(unclear);
  CHECK(unclear.error().message == "aaaa may mean " + second + " or " + first);
  const auto late = hand.approve(first, "ana", at(60));
  REQUIRE_FALSE(late);
  CHECK(late.error().kind == ErrorKind::conflict);
  CHECK(late.error().message ==
        "pull request 7 has moved on from commit " + first + ", or is closed");
  CHECK(state_of(second) == Approval::State::waiting);
  CHECK(value_of(hand.approve(second, "ana", at(70))).state == Approval::State::approved);
  CHECK(value_of(loop.ask_about_forks({}, at(80))).empty());
  CHECK(state_of(second) == Approval::State::stale);
  CHECK(state_of("7c1e3f000001") == Approval::State::waiting);
}

TEST_CASE("ledger: what is suspended by hand stays so until it is taken back") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  const ManualHold all{.glob = "*", .reason = "moving house", .by = "ana", .since = at(10)};
  const ManualHold one{.glob = "dns/lab/*", .reason = "", .by = "ben", .since = at(20)};
  {
    Ledger ledger = open_ledger(path);
    succeed(ledger.hold(one));
    succeed(ledger.hold(all));
  }
  Ledger ledger = open_ledger(path);
  CHECK(value_of(ledger.manual_holds()) == std::vector<ManualHold>{all, one});
  ManualHold again = all;
  again.reason = "still moving";
  succeed(ledger.hold(again));
  CHECK(value_of(ledger.manual_holds()) == std::vector<ManualHold>{again, one});
  CHECK(value_of(ledger.release("*")));
  CHECK_FALSE(value_of(ledger.release("*")));
  CHECK(value_of(ledger.manual_holds()) == std::vector<ManualHold>{one});
}

TEST_CASE("ledger: a word by hand waits for a write that is under way, and is heard by the loop") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger loop = open_ledger(path);
  Ledger hand = open_ledger(path);
  for (int i = 0; i < 20; ++i) {
    succeed(loop.tell({.incidents = {incident(i + 1, at(i))}}));
    succeed(hand.hold({.glob = std::to_string(i), .since = at(i)}));
    CHECK(value_of(loop.manual_holds()).size() == static_cast<std::size_t>(i) + 1);
  }
  CHECK(value_of(hand.incidents(Time())).size() == 20);
}

TEST_CASE("ledger: a file of format 5 gets the loop's tables, and keeps what it holds") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  succeed(open_ledger(path).save_owned({{www, sample()}}));
  RawDatabase(path).run(
      "DROP TABLE incidents; DROP TABLE outbox; DROP TABLE approvals; DROP TABLE holds;"
      "DROP TABLE report_runs; PRAGMA user_version = 5;");
  {
    const Ledger reader = open_ledger(path, false);
    CHECK(value_of(reader.view()).owned.at(www) == sample());
    CHECK(value_of(reader.incidents(Time())).empty());
    CHECK(value_of(reader.notifiers()).empty());
  }
  CHECK(RawDatabase(path).number("PRAGMA user_version") == 5);
  Ledger ledger = open_ledger(path);
  CHECK(value_of(ledger.view()).owned.at(www) == sample());
  CHECK(RawDatabase(path).number("PRAGMA user_version") == 7);
  succeed(
      ledger.tell({.incidents = {incident(1, at(100))}, .messages = {{"phone", message("a")}}}));
  CHECK(waiting(ledger, "phone") == Ids{"a"});
}

TEST_CASE("ledger: a row of the loop's that cannot be read is an error that names it") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger ledger = open_ledger(path);
  succeed(
      ledger.tell({.incidents = {incident(1, at(100))}, .messages = {{"phone", message("a")}}}));
  static_cast<void>(value_of(ledger.ask(question("7c1e3f000001", "d1"), at(10))));
  RawDatabase(path).run(
      "UPDATE incidents SET kind = 'rain'; UPDATE outbox SET message = '{\"id\":7}';"
      "UPDATE approvals SET addresses = '[7]'");
  const auto said = [&](const auto& read) {
    REQUIRE_FALSE(read);
    CHECK(is_damage(read.error(), path));
    return read.error().message.substr(read.error().message.rfind("damaged: "));
  };
  CHECK(said(ledger.incidents(Time())) == "damaged: incident 1");
  CHECK(said(ledger.outbox("phone")) == "damaged: message 1");
  CHECK(said(ledger.approvals()) == "damaged: approval 1 has an address that is no text");
}
