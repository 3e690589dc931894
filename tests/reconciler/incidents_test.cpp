#include "reconciler/incidents.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/support/cases.hpp"

namespace homeostat {
namespace {

using namespace std::chrono_literals;
using Kind = Event::Kind;

const Time start = Time(std::chrono::seconds(1'800'000'000));

Trouble trouble(const std::string& key, const std::string& subject = {}) {
  return {.kind = TroubleKind::drift,
          .key = key,
          .title = key + " is wrong",
          .details = "memory is 2GiB, should be 4GiB\n",
          .since = start,
          .by = "ops",
          .subject = subject};
}

Sight sight(std::vector<Trouble> troubles, std::set<std::string> unknown = {}) {
  return {.troubles = std::move(troubles), .unknown = std::move(unknown)};
}

// "opened 1, closed 2"
std::string said(const std::vector<Event>& events) {
  std::string text;
  for (const Event& event : events) {
    const char* word = event.kind == Kind::opened   ? "opened"
                       : event.kind == Kind::closed ? "closed"
                                                    : "flapping";
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", word, event.incident.id);
  }
  return text;
}

// One after the other, with nothing kept in between but the rows.
class Teller {
 public:
  std::string look(std::chrono::seconds at, const Sight& seen) {
    Told told = follow_up(std::move(rows), seen, start + at);
    rows = std::move(told.incidents);
    return said(told.events);
  }
  std::vector<Incident> rows;
};

}  // namespace

TEST_CASE("incidents: told once when it opens and once when it closes") {
  Teller teller;
  CHECK(teller.look(0s, sight({trouble("a")})) == "opened 1");
  CHECK(teller.look(60s, sight({trouble("a")})) == "");
  CHECK(teller.look(120s, sight({})) == "closed 1");
  CHECK(teller.look(180s, sight({})) == "");
  REQUIRE(teller.rows.size() == 1);
  CHECK(teller.rows[0].opened == start);
  CHECK(teller.rows[0].closed == start + 120s);
  CHECK(teller.look(240s, sight({trouble("a"), trouble("b")})) == "opened 2, opened 3");
}

TEST_CASE("incidents: of troubles with one key the first counts") {
  Teller teller;
  Trouble other = trouble("a");
  other.title = "another title";
  CHECK(teller.look(0s, sight({trouble("a"), other})) == "opened 1");
  CHECK(teller.rows.at(0).trouble.title == "a is wrong");
}

TEST_CASE("incidents: an open one says what is wrong now, since it began") {
  Teller teller;
  Trouble worse = trouble("a");
  worse.title = "a is worse";
  worse.since = start + 30s;
  static_cast<void>(teller.look(0s, sight({trouble("a")})));
  CHECK(teller.look(60s, sight({worse})) == "");
  CHECK(teller.rows.at(0).trouble.title == "a is worse");
  CHECK(teller.rows.at(0).trouble.since == start);
}

TEST_CASE("incidents: what is unknown neither opens nor closes") {
  Teller teller;
  const Trouble inside = trouble("a", "plan in dns/lab");
  CHECK(teller.look(0s, sight({inside}, {"plan in dns/lab"})) == "");
  CHECK(teller.look(60s, sight({inside}, {"plan in dns/public", "plan in dns"})) == "opened 1");
  CHECK(teller.look(120s, sight({}, {"plan in dns/lab"})) == "");
  CHECK(teller.look(180s, sight({}, {"plan"})) == "");  // the first word stands for all
  CHECK(teller.look(240s, sight({}, {"plan in dns"})) == "closed 1");
}

TEST_CASE("incidents: one that comes and goes is told as flapping, then not until it is steady") {
  Teller teller;
  const Sight there = sight({trouble("a")});
  const Sight gone = sight({});
  CHECK(teller.look(0min, there) == "opened 1");
  CHECK(teller.look(5min, gone) == "closed 1");
  CHECK(teller.look(10min, there) == "opened 2");
  CHECK(teller.look(15min, gone) == "closed 2");
  CHECK(teller.look(20min, there) == "flapping 3");
  CHECK(teller.look(25min, gone) == "");
  CHECK(teller.look(30min, there) == "");
  CHECK(teller.look(35min, gone) == "");
  CHECK(teller.look(94min, gone) == "");
  SUBCASE("gone for an hour: it is closed, and the next is one as any other") {
    CHECK(teller.look(95min, gone) == "closed 3");
    CHECK(teller.look(96min, there) == "opened 4");
  }
  SUBCASE("there for an hour: it is open as any other") {
    CHECK(teller.look(95min - 1s, there) == "");
    CHECK(teller.look(155min - 1s, there) == "");
    CHECK(teller.look(156min, gone) == "closed 3");
  }
}

TEST_CASE("incidents: flapping is counted for each trouble alone") {
  Teller teller;
  for (int i = 0; i < 4; ++i) {
    const std::string key = fmt::format("{}", i);
    CHECK(teller.look(i * 2min, sight({trouble(key)})) == fmt::format("opened {}", i + 1));
    CHECK(teller.look(i * 2min + 1min, sight({})) == fmt::format("closed {}", i + 1));
  }
}

TEST_CASE("incidents: numbers go on from the newest one, closed or not") {
  Incident old{.id = 41, .trouble = trouble("a"), .opened = start - 48h, .closed = start - 47h};
  const Told told = follow_up({old}, sight({trouble("b")}), start);
  REQUIRE(told.incidents.size() == 2);
  CHECK(told.incidents[0] == old);
  CHECK(told.incidents[1].id == 42);
}

namespace {

// A few troubles that come and go, seen now and then, by a process that forgets all but the rows.
class History {
 public:
  explicit History(int seed) : random_(static_cast<std::uint32_t>(seed)) {}

  void run() {
    for (int step = 0; step < 40; ++step) look(false);
    // Then all is quiet, and seen.
    look(true);
    now_ += 61min;
    look(true);
    now_ += 61min;
    look(true);
    for (const Incident& incident : rows_) {
      if (!incident.closed) expect(there_.contains(incident.trouble.key));
    }
    for (const std::string& key : there_) expect(open_rows(key) == 1);
    CHECK_MESSAGE(wrong_ == 0, "line ", wrong_);
  }

 private:
  // As CHECK, which costs more than all that is checked here.
  void expect(bool holds, unsigned line = __builtin_LINE()) {
    if (!holds && wrong_ == 0) wrong_ = line;
  }

  int below(int bound) { return static_cast<int>(random_() % static_cast<std::uint32_t>(bound)); }

  void look(bool quiet) {
    if (!quiet) move_on();
    Sight seen;
    for (const std::string& key : there_) seen.troubles.push_back(trouble(key, subject_of(key)));
    if (!quiet) {
      for (int i = 0; i < 3; ++i) {
        if (below(4) == 0) seen.unknown.insert(fmt::format("plan in {}", i));
      }
      if (below(12) == 0) seen.unknown.insert("plan");
    }
    std::vector<Incident> before;
    for (const Incident& incident : rows_) {
      if (is_unknown(incident.trouble.key, seen)) before.push_back(incident);
    }
    const Told told = follow_up(recall(), seen, now_);
    for (const Incident& incident : told.incidents) keep(incident);
    for (const Event& event : told.events) check_event(event, seen);
    check_rows(before);
    expect(std::ranges::all_of(there_, [&](const std::string& key) {
      return is_unknown(key, seen) || open_rows(key) == 1;
    }));
  }

  void move_on() {
    now_ += std::chrono::seconds(below(40 * 60));
    for (int i = 0; i < 5; ++i) {
      const std::string key = fmt::format("k{}", i);
      if (below(3) != 0) continue;
      if (!there_.erase(key)) there_.insert(key);
    }
  }

  static std::string subject_of(const std::string& key) {
    return fmt::format("plan in {}", (key.back() - '0') % 3);
  }
  static bool is_unknown(const std::string& key, const Sight& seen) {
    return seen.unknown.contains("plan") || seen.unknown.contains(subject_of(key));
  }

  // What follow_up() asks for, in any order, and no more.
  std::vector<Incident> recall() {
    std::vector<Incident> known;
    for (const Incident& incident : rows_) {
      if (!incident.closed || incident.opened >= now_ - 1h || incident.id == rows_.back().id) {
        known.push_back(incident);
      }
    }
    std::shuffle(known.begin(), known.end(), random_);
    return known;
  }

  void keep(const Incident& incident) {
    const auto found = std::ranges::find(rows_, incident.id, &Incident::id);
    if (found == rows_.end()) {
      expect((rows_.empty() || rows_.back().id < incident.id));
      rows_.push_back(incident);
    } else {
      *found = incident;
    }
  }

  void check_event(const Event& event, const Sight& seen) {
    const std::int64_t id = event.incident.id;
    const std::string& key = event.incident.trouble.key;
    expect(!is_unknown(key, seen));
    if (event.kind == Kind::closed) {
      expect(opened_.contains(id));
      expect(closed_.insert(id).second);
      expect(!there_.contains(key));
    } else {
      expect(opened_.insert(id).second);
      expect(there_.contains(key));
    }
    // Held down: after the word that it flaps, nothing before it was steady for an hour.
    if (const auto held = held_.find(key); held != held_.end()) {
      expect(event.kind == Kind::closed);
      expect(event.at - held->second >= 1h);
      held_.erase(held);
    }
    if (event.kind == Kind::flapping) held_[key] = event.at;
    if (event.kind != Kind::closed) {
      auto& times = openings_[key];
      times.push_back(event.at);
      std::erase_if(times, [&](Time at) { return at < event.at - 1h; });
      expect(times.size() <= 3);
    }
  }

  void check_rows(const std::vector<Incident>& before) {
    bool still = true;
    for (const Incident& incident : before) {
      still = still && *std::ranges::find(rows_, incident.id, &Incident::id) == incident;
    }
    expect(still);
    bool told = true;
    for (const Incident& incident : rows_) {
      told = told && opened_.contains(incident.id) &&
             closed_.contains(incident.id) == incident.closed.has_value();
    }
    expect(told);
  }

  std::ptrdiff_t open_rows(const std::string& key) const {
    return std::ranges::count_if(rows_, [&](const Incident& incident) {
      return incident.trouble.key == key && !incident.closed;
    });
  }

  std::mt19937 random_;
  unsigned wrong_ = 0;  // the line
  Time now_ = start;
  std::set<std::string> there_;
  std::vector<Incident> rows_;
  std::set<std::int64_t> opened_;
  std::set<std::int64_t> closed_;
  std::map<std::string, Time> held_;
  std::map<std::string, std::vector<Time>> openings_;
};

}  // namespace

TEST_CASE(
    "incidents: over any history each is told once as open and once as closed, none is lost") {
  for_each_case([](int i) {
    CAPTURE(i);
    History(i).run();
  });
}

namespace {

std::vector<Event> events_of(Kind kind, int count) {
  std::vector<Event> events;
  for (int i = 1; i <= count; ++i) {
    const Incident incident{
        .id = i, .trouble = trouble(fmt::format("r{}", i)), .opened = start, .moved = start};
    events.push_back({kind, incident, kind == Kind::closed ? start + 2h : start});
  }
  return events;
}

}  // namespace

TEST_CASE("incidents: a message says what, since when and who") {
  const auto opened = messages_of(events_of(Kind::opened, 1), "home");
  REQUIRE(opened.size() == 1);
  CHECK(opened[0] ==
        Message{.id = "home-1-1800000000-opened",
                .site = "home",
                .kind = Message::Kind::opened,
                .title = "r1 is wrong",
                .text = "memory is 2GiB, should be 4GiB\nsince 2027-01-15T08:00:00Z, by ops\n",
                .at = start,
                .incident = "1"});
  const auto closed = messages_of(events_of(Kind::closed, 1), "home");
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].kind == Message::Kind::closed);
  CHECK(closed[0].id == "home-1-1800000000-closed");
  CHECK(closed[0].title == "over: r1 is wrong");
  CHECK(closed[0].text == "it was open for 2 h, from 2027-01-15T08:00:00Z\n");
  const auto flapping = messages_of(events_of(Kind::flapping, 1), "home");
  REQUIRE(flapping.size() == 1);
  CHECK(flapping[0].title == "flapping: r1 is wrong");
  CHECK(flapping[0].text.ends_with(
      "it comes and goes: nothing more is told of it until it has been steady for a while\n"));
}

TEST_CASE("incidents: many at once are one message that names them all") {
  CHECK(messages_of(events_of(Kind::opened, 5), "home").size() == 5);
  std::vector<Event> events = events_of(Kind::opened, 60);
  const auto closed = events_of(Kind::closed, 2);
  events.insert(events.end(), closed.begin(), closed.end());
  const auto messages = messages_of(events, "home");
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].kind == Message::Kind::closed);
  CHECK(messages[2].id == "home-1-1800000000-opened-and-59-more");
  CHECK(messages[2].title == "60 incidents opened");
  CHECK(messages[2].incident == "");
  for (int i = 1; i <= 60; ++i) {
    CHECK(messages[2].text.find(fmt::format("r{0} is wrong  (incident {0})\n", i)) !=
          std::string::npos);
  }
}

TEST_CASE("incidents: every kind has a word and is found by it") {
  for (int i = 0; i <= static_cast<int>(TroubleKind::remote); ++i) {
    const auto kind = static_cast<TroubleKind>(i);
    CHECK_FALSE(name_of(kind).empty());
    CHECK(trouble_kind(name_of(kind)) == kind);
  }
  CHECK_FALSE(trouble_kind("rain"));
}

}  // namespace homeostat
