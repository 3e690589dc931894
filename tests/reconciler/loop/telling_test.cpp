// Reports on a schedule: what they tell, and of which time.
#include "reconciler/loop/telling.hpp"

#include <doctest/doctest.h>

#include "specs/cron.hpp"
#include "tests/reconciler/ledger_case.hpp"

namespace homeostat {
namespace {

using ledger_case::at;
using ledger_case::open_ledger;
using ledger_case::succeed;
using ledger_case::value_of;

constexpr std::int64_t monday = 1'767'596'400;  // 2026-01-05T07:00:00Z
constexpr std::int64_t week = 7 * 86'400;

Turn turn_with_report() {
  Turn turn;
  turn.spec.site = turn.planned.plan.site = "home";
  turn.planned.plan.ledger = true;
  ScheduledReport report;
  report.cron = value_of(parse_cron("0 7 * * 1"));
  report.text = "0 7 * * 1";
  report.timezone = "UTC";
  report.to = {"book"};
  report.include = {ReportPart::incidents};
  turn.spec.reports = {report};
  return turn;
}

Incident incident(std::int64_t id, const std::string& title, std::int64_t opened,
                  std::optional<std::int64_t> closed) {
  Incident out{.id = id,
               .trouble = {.kind = TroubleKind::remote, .key = title, .title = title},
               .opened = at(opened)};
  out.trouble.since = out.opened;
  if (closed) out.closed = at(*closed);
  return out;
}

TEST_CASE("telling: a report tells what is open, and what has closed since the one before it") {
  const TempDir dir;
  Ledger ledger = open_ledger(dir.path() + "/ledger.db");
  const Turn turn = turn_with_report();
  CHECK(value_of(make_reports(ledger, turn, at(monday - 60))).made == 0);
  succeed(ledger.tell({.incidents = {incident(1, "over before", monday - 50, monday - 30),
                                     incident(2, "over since", monday - 40, monday + 60),
                                     incident(3, "still so", monday - 20, std::nullopt)}}));
  CHECK(value_of(make_reports(ledger, turn, at(monday))).made == 1);
  CHECK(value_of(make_reports(ledger, turn, at(monday + week))).made == 1);
  const auto sent = value_of(ledger.outbox("book"));
  REQUIRE(sent.size() == 2);
  const auto tells = [&](std::size_t i, const char* what) {
    return sent[i].message.text.find(what) != std::string::npos;
  };
  CHECK(tells(0, "over before"));
  CHECK(tells(0, "Incidents closed since"));
  CHECK_FALSE(tells(1, "over before"));
  CHECK(tells(1, "over since"));
  CHECK(tells(1, "still so"));
  CHECK(sent[1].message.title == "1 open incident, 1 closed");
}

TEST_CASE("telling: who is used for reports only is missed too when a report is refused") {
  const TempDir dir;
  Ledger ledger = open_ledger(dir.path() + "/ledger.db");
  const Turn turn = turn_with_report();
  succeed(ledger.tell({.messages = {{"book", Message{.id = "a", .at = at(monday)}}}}));
  const auto waiting = value_of(ledger.outbox("book"));
  REQUIRE(waiting.size() == 1);
  succeed(ledger.mark_failed(waiting[0].id, at(monday), "no such chat"));
  succeed(tell_incidents(ledger, &turn, {}, "home", {"phone"}, at(monday)));
  const auto incidents = value_of(ledger.incidents(at(0)));
  REQUIRE(incidents.size() == 1);
  CHECK(incidents[0].trouble.kind == TroubleKind::notifier);
  CHECK(value_of(ledger.outbox("phone")).size() == 1);
}

}  // namespace
}  // namespace homeostat
