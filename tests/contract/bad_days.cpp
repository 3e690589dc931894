#include "tests/contract/bad_days.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "reconciler/contract/story.hpp"

namespace homeostat::contract {
namespace {

using test::WireFault;
using Kind = WireFault::Kind;
using Lines = std::vector<std::string>;

constexpr const char* html = "Content-Type: text/html\r\n";
constexpr const char* json = "Content-Type: application/json\r\n";
constexpr const char* page = "<html><body><h1>Bad Gateway</h1></body></html>";
constexpr const char* said = R"({"error": "no"})";

struct Trouble {
  std::string title;
  WireFault fault;
};

std::vector<Trouble> troubles() {
  return {{"401", {Kind::answer, 401, json, said}},
          {"403", {Kind::answer, 403, json, said}},
          {"404", {Kind::answer, 404, json, said}},
          {"409", {Kind::answer, 409, json, said}},
          {"422", {Kind::answer, 422, json, said}},
          {"429 with Retry-After", {Kind::answer, 429, "Retry-After: 1\r\n", ""}},
          {"500", {Kind::answer, 500, json, said}},
          {"502 in HTML", {Kind::answer, 502, html, page}},
          {"200 in HTML", {Kind::answer, 200, html, page}},
          {"an answer that breaks off", {Kind::cut_off}},
          {"an answer that is too short, and does not say so", {Kind::truncated}},
          {"a slow peer", {Kind::slow}},
          {"a silent peer", {Kind::silent}},
          {"a peer that resets the connection", {Kind::reset}},
          {"an answer of 1 GB", {Kind::huge}}};
}

// One thing that stays as it is, one that changes, one that goes, one that is to come, and one of
// others beside them.
enum Number { stays = 1, changes = 2, goes = 3, comes = 4, theirs = 9 };

class BadDay {
 public:
  // `timeout` is what one call may take.
  BadDay(WiredBench& bench, const Sample& sample, const std::string& timeout = patient)
      : story_(with(bench, timeout), sample), bench_(bench) {
    bench.wire().clear();
    bench.plant(sample, theirs, true);
    for (const int number : {stays, changes, goes}) story_.declare(number);
    story_.settle("before anything is wrong");
    for (const int number : {stays, changes, goes, theirs}) {
      before_[number] = bench.peek(story_.name(number));
    }
    // Everything else that there is to do.
    const auto& [field, value] = *sample.fields.begin();
    const auto other = sample.others.find(field);
    story_.declare(changes, {{field, other == sample.others.end() ? value : other->second}});
    story_.undeclare(goes);
    story_.declare(comes);
  }

  Story& story() { return story_; }
  WiredBench& bench() { return bench_; }

  void break_looks(const WireFault& fault) { break_methods(fault, true); }
  void break_writes(const WireFault& fault) { break_methods(fault, false); }

  [[nodiscard]] std::size_t writes() const {
    std::size_t count = 0;
    for (const std::string& line : bench_.wire().log()) {
      if (!bench_.only_looks(line.substr(0, line.find(' ')))) ++count;
    }
    return count;
  }

  // Whatever the trouble: nothing that should stay has gone or changed, nothing is there twice.
  void nothing_is_lost(const std::string& when) {
    for (const int number : {stays, theirs}) {
      story_.expect(bench_.peek(story_.name(number)) == before_[number],
                    fmt::format("{}, {} was touched", when, story_.name(number)));
    }
    story_.expect(!bench_.peek(story_.name(changes)).empty(),
                  fmt::format("{}, {} was deleted", when, story_.name(changes)));
    story_.expect(bench_.count() <= 5, when + ", something is there twice");
  }
  void nothing_happened(const std::string& when) {
    for (const int number : {stays, changes, goes, theirs}) {
      story_.expect(bench_.peek(story_.name(number)) == before_[number],
                    fmt::format("{}, {} was touched", when, story_.name(number)));
    }
    story_.expect(bench_.count() == 4, when + ", something came or went");
  }

  // The wire is whole again: one round later all is as declared.
  void recovers(const std::string& when) {
    bench_.wire().clear();
    story_.settle(when + ", once the trouble is over");
    nothing_is_lost(when + ", once the trouble is over");
    story_.expect(bench_.peek(story_.name(changes)) != before_[changes],
                  when + ", the change was never made");
    story_.expect(bench_.peek(story_.name(goes)).empty(), when + ", the delete was never made");
    story_.expect(bench_.count() == 4, when + ", there are not four things in the end");
  }

 private:
  static WiredBench& with(WiredBench& bench, const std::string& timeout) {
    bench.timeout = timeout;
    return bench;
  }
  void break_methods(const WireFault& fault, bool looks) {
    for (const char* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}) {
      if (bench_.only_looks(method) == looks) bench_.wire().add({method, "", fault, 0, -1});
    }
  }

  Story story_;
  WiredBench& bench_;
  std::map<int, std::string> before_;
};

bool has_unknown(const Lines& lines) {
  return std::any_of(lines.begin(), lines.end(),
                     [](const std::string& line) { return line.starts_with("unknown "); });
}
bool has_change(const Lines& lines) {
  return std::any_of(lines.begin(), lines.end(),
                     [](const std::string& line) { return !line.starts_with("unknown "); });
}

// Only where the trouble is that nothing comes is a call given up early: nowhere else can a busy
// machine make one of its own.
std::string timeout_in(const Trouble& trouble) {
  const bool ends_by_itself =
      trouble.fault.kind != Kind::slow && trouble.fault.kind != Kind::silent;
  return ends_by_itself ? patient : "3s";
}

Complaints looks_in_trouble(WiredBench& bench, const Sample& sample, const Trouble& trouble) {
  BadDay day(bench, sample, timeout_in(trouble));
  Story& story = day.story();
  day.break_looks(trouble.fault);
  const std::size_t writes = day.writes();
  auto round = story.look();
  if (!round) return story.complaints();
  const Lines lines = Story::lines_of(*round);
  story.expect(has_unknown(lines), "nothing is unknown, the plan is " + joined(lines));
  story.expect(!has_change(lines), "a change is planned on what is unknown: " + joined(lines));
  story.carry_out(*round);
  story.expect(day.writes() == writes, "something was written on what is unknown");
  day.nothing_happened("while it cannot be looked at");
  day.recovers("after a look");
  return story.complaints();
}

Complaints writes_in_trouble(WiredBench& bench, const Sample& sample, const Trouble& trouble) {
  BadDay day(bench, sample, timeout_in(trouble));
  Story& story = day.story();
  auto round = story.look();
  if (!round) return story.complaints();
  day.break_writes(trouble.fault);
  const Lines outcome = story.carry_out(*round);
  // What the server has done in spite of its answer may be found out by looking again.
  const bool server_heard =
      trouble.fault.kind == Kind::lost_answer || trouble.fault.kind == Kind::cut_off ||
      trouble.fault.kind == Kind::truncated || trouble.fault.kind == Kind::slow;
  story.expect(!outcome.empty() || server_heard, "writes that failed are said to be done");
  if (!server_heard) day.nothing_happened("while nothing can be written");
  day.nothing_is_lost("while writing is in trouble");
  day.recovers("after a write");
  return story.complaints();
}

Complaints hears_of_failures_that_are_none(WiredBench& bench, const Sample& sample) {
  return writes_in_trouble(bench, sample, {"", {Kind::lost_answer, 500, json, said}});
}

Complaints is_lied_to(WiredBench& bench, const Sample& sample) {
  BadDay day(bench, sample);
  Story& story = day.story();
  auto round = story.look();
  if (!round) return story.complaints();
  day.break_writes(bench.lie());
  const Lines outcome = story.carry_out(*round);
  story.expect(!outcome.empty(), "writes that did nothing are said to be done");
  day.nothing_happened("while writes do nothing");
  day.recovers("after writes that did nothing");
  return story.complaints();
}

Complaints reads_what_was_before(WiredBench& bench, const Sample& sample) {
  BadDay day(bench, sample);
  Story& story = day.story();
  auto round = story.look();
  if (!round) return story.complaints();
  day.break_looks({Kind::stale});
  story.carry_out(*round);
  // And again, on a view that is too old.
  story.apply();
  day.nothing_is_lost("while it reads what was before");
  day.recovers("after reading what was before");
  return story.complaints();
}

Complaints some_looks_fail(WiredBench& bench, const Sample& sample) {
  BadDay day(bench, sample);
  bench.wire().add({"", "", {Kind::reset}, 0, 1});
  day.story().settle("although the first call of all breaks");
  day.nothing_is_lost("although the first call of all breaks");
  return day.story().complaints();
}

// Runs until the wire has been asked once more, and then is told to stop. Not stopped, it ends by a
// limit of its own, and says so.
template <class Work>
bool stop_in(WiredBench& bench, const Work& work) {
  const std::size_t asked = bench.wire().log().size();
  std::jthread worker([&](const std::stop_token& stop) { work(stop); });
  return bench.wire().wait_for(asked + 1);
}

Complaints is_told_to_stop(WiredBench& bench, const Sample& sample) {
  BadDay day(bench, sample);
  Story& story = day.story();
  day.break_looks({Kind::silent});
  std::set<std::string> endings;
  bool asked = stop_in(bench, [&](const std::stop_token& stop) {
    const auto round = story.look(stop);
    if (!round) return;
    for (const auto& [scope, state] : round->observed.scopes) {
      const bool cancelled = state.unknown && state.unknown->kind == ErrorKind::cancelled;
      endings.insert(cancelled ? "cancelled" : state.unknown ? state.unknown->message : "known");
    }
  });
  story.expect(asked, "it asked nothing when it was to look");
  story.expect(
      endings == std::set<std::string>{"cancelled"},
      "a stop request was not answered while looking: " + joined({endings.begin(), endings.end()}));
  bench.wire().clear();
  auto round = story.look();
  if (!round) return story.complaints();
  day.break_writes({Kind::silent});
  Lines outcome;
  asked = stop_in(
      bench, [&](const std::stop_token& stop) { outcome = story.carry_out(*round, stop, stop); });
  story.expect(asked, "it asked nothing when it was to write");
  const bool stopped = std::all_of(outcome.begin(), outcome.end(), [](const std::string& line) {
    return line.starts_with("cancelled ");
  });
  story.expect(stopped && !outcome.empty(),
               "a stop request was not answered while writing: " + joined(outcome));
  day.nothing_happened("when it was told to stop");
  day.recovers("after it was told to stop");
  return story.complaints();
}

}  // namespace

std::vector<BadChapter> bad_days() {
  std::vector<BadChapter> chapters;
  for (const Trouble& trouble : troubles()) {
    chapters.push_back({"looking, and all there is: " + trouble.title,
                        [trouble](WiredBench& bench, const Sample& sample) {
                          return looks_in_trouble(bench, sample, trouble);
                        }});
    chapters.push_back({"writing, and all there is: " + trouble.title,
                        [trouble](WiredBench& bench, const Sample& sample) {
                          return writes_in_trouble(bench, sample, trouble);
                        }});
  }
  chapters.push_back({"writes are done, and reported as failed", hears_of_failures_that_are_none});
  chapters.push_back({"writes are reported as done, and nothing happens", is_lied_to});
  chapters.push_back({"after a write, the server reads as before", reads_what_was_before});
  chapters.push_back({"one call in many breaks", some_looks_fail});
  chapters.push_back({"it is told to stop", is_told_to_stop});
  return chapters;
}

}  // namespace homeostat::contract
