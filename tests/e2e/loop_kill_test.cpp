// Kills the service with -9 while people push and change things by hand, at moments that a seed
// says: it ends at the last commit each time, and every change by hand is told as one incident.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "tests/e2e/loop_lab.hpp"

namespace homeostat::test {
namespace {

namespace fs = std::filesystem;

unsigned stated(const char* variable, unsigned otherwise) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

// What a notifier was given, in the order in which it came.
struct Delivery {
  int parent = 0;  // who sent it: the service's process, or another one where that was dead already
  std::string event;
  std::string kind;
  std::string title;
};

std::vector<Delivery> deliveries(const std::string& told) {
  std::vector<Delivery> all;
  std::istringstream lines(told);
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.find(' ');
    const auto message = nlohmann::json::parse(line.substr(space + 1), nullptr, false);
    REQUIRE_MESSAGE(message.is_object(), line);
    Delivery one{std::atoi(line.c_str()), message.at("event").get<std::string>(),
                 message.at("kind").get<std::string>(), message.at("title").get<std::string>()};
    if (message.contains("incident") && !message.at("incident").get<std::string>().empty()) {
      all.push_back(one);
      continue;
    }
    // Many at once are one message that lists them.
    std::istringstream rows(message.at("text").get<std::string>());
    const std::string event = one.event;
    while (std::getline(rows, one.title)) {
      one.event = event + " " + one.title;
      all.push_back(one);
    }
  }
  return all;
}

// One site under a stream of commits and of changes by hand. `git*` and `more*` are changed by
// commits alone, `hand*` by hands alone, so that it is known what is drift. A third incident of one
// record within the hour would be told as flapping: each is changed by hand twice at most.
class Stream {
 public:
  Stream(unsigned seed, unsigned kills) : random_(seed), hands_(2 * kills) {
    // Its own line each, in one write; and whose word it is.
    std::ofstream(lab_.scratch() + "/book", std::ios::trunc)
        << "#!/bin/sh\nread -r line\nprintf '%s %s\\n' \"$PPID\" \"$line\" >>" << lab_.scratch()
        << "/told\n";
    for (unsigned i = 0; i < 8; ++i) wanted_[fmt::format("git{}", i)] = new_value();
    for (unsigned i = 0; i < hands_; ++i) wanted_[hand(i)] = new_value();
    push();
    lab_.set("HOMEOSTAT_FAILPOINT_LOG", lab_.scratch() + "/passes");
    start("");
    REQUIRE(in_sync());  // agreed, too: what is changed before that is no drift
    change();
    REQUIRE(settled());
    REQUIRE(lab_.stop() == 0);
    lab_.set("HOMEOSTAT_FAILPOINT_LOG", "/dev/null");
    std::ifstream passes(lab_.scratch() + "/passes");
    for (std::string name; std::getline(passes, name);) ++passes_[name];
    REQUIRE(passes_.size() > 15);
    start("");
  }

  // One kill while something is to be done, then a start, and the last commit is there.
  void round() {
    const unsigned way = pick(4);
    story_ += fmt::format("way {}", way);
    if (way == 0) {
      change();
      die_within(1500);  // it asks the repository every second
    } else {
      lab_.kill();
      change();
      // The first turn comes at once.
      start(way == 1 ? "" : any_failpoint());
      if (way == 1) {
        die_within(400);
      } else {
        die_there();
      }
    }
    if (pick(3) == 0) change();  // on top of what was half made
    start("");
    const bool there = settled();
    story_ += fmt::format(", alive as {}\n", lab_.pid());
    REQUIRE_MESSAGE(there, "runs: ", lab_.running(), "\n", difference(), story_, lab_.log());
  }

  // After the last round: everything was told, and nothing else.
  void check_told() {
    // One that has said that has also learnt to be stopped.
    CHECK(in_sync());
    static_cast<void>(LoopLab::soon([&] { return missing(deliveries(lab_.told())).empty(); }));
    REQUIRE(lab_.stop() == 0);
    const auto all = deliveries(lab_.told());
    CHECK_MESSAGE(missing(all).empty(), missing(all), story_, lab_.log());
    CHECK_MESSAGE(told_twice(all).empty(), told_twice(all));
    CHECK_MESSAGE(surplus(all).empty(), surplus(all), story_, lab_.log());
    const ProcessResult open = lab_.run({"incidents", "--site", "home"});
    CHECK_MESSAGE(open.exit_code == 0, open.out, open.err);
    const ProcessResult plan = lab_.run({"plan", "--rev", "main", lab_.origin()});
    CHECK_MESSAGE(plan.exit_code == 0, plan.out, plan.err);
    MESSAGE(fmt::format(
        "{} kills at work ({} at failpoints), {} idle; {} commits, {} changes by "
        "hand, {} messages, {} of them repeats",
        killed_, killed_there_, idle_kills_, commits_, edits_, all.size(), repeats(all)));
  }

  [[nodiscard]] unsigned killed() const { return killed_; }

 private:
  static std::string hand(unsigned i) { return fmt::format("hand{}", i); }
  unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }
  std::string new_value() {
    ++values_;
    return fmt::format("10.{}.{}.{}", 10 + values_ / 62500, values_ / 250 % 250, values_ % 250 + 1);
  }

  void start(const std::string& failpoint) {
    lab_.set("HOMEOSTAT_FAILPOINT", failpoint);
    if (!failpoint.empty()) story_ += ", until " + failpoint;
    log_before_ = lab_.log().size();
    lab_.start();
    pids_.insert(lab_.pid());
  }

  std::string any_failpoint() {
    auto one = passes_.begin();
    std::advance(one, pick(static_cast<unsigned>(passes_.size())));
    return fmt::format("{}:{}", one->first, 1 + pick(std::min(4U, one->second)));
  }

  // A commit and a change by hand, in either order.
  void change() {
    const bool hand_first = pick(2) == 0;
    if (hand_first) edit();
    for (unsigned i = 0, many = 1 + pick(3); i < many; ++i) {
      const std::string name = fmt::format("git{}", pick(8));
      wanted_[name] = new_value();
      story_ += fmt::format(", {} {}", name, wanted_[name]);
    }
    const std::string more = fmt::format("more{}", pick(4));
    if (pick(2) == 0 && wanted_.erase(more) == 0) wanted_[more] = new_value();
    push();
    if (!hand_first) edit();
  }

  void push() {
    std::string text = "dns:\n  lab:\n";
    for (const auto& [name, value] : wanted_) text += fmt::format("    {}: {}\n", name, value);
    lab_.write("dns.yaml", text);
    const std::string commit = lab_.push(fmt::format("commit {}", ++commits_));
    story_ += ", commit " + commit.substr(0, 7);
  }

  void edit() {
    const std::string name = hand(edits_++ % hands_);
    story_ += ", " + name;
    ++edited_[name];
    if (pick(3) == 0) {
      lab_.remove_live(name);
    } else {
      lab_.edit_live(name, wanted_.at(name), new_value());
    }
  }

  // The moment is the point of this wait, and nothing depends on its length.
  void die_within(unsigned milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(pick(milliseconds)));
    lab_.kill();
    story_ += ", killed";
    ++killed_;
  }

  // Where it does not come by so often, it has done its work, and dies idle.
  void die_there() {
    static_cast<void>(LoopLab::soon([&] { return !lab_.running() || is_settled(); }));
    ++(lab_.running() ? idle_kills_ : killed_there_);
    if (!lab_.running()) ++killed_;
    story_ += lab_.running() ? ", killed idle" : ", it died";
    lab_.kill();
  }

  [[nodiscard]] std::string difference() const {
    std::string text;
    std::set<std::string> there;
    for (const auto& entry : fs::directory_iterator(lab_.scratch() + "/live/dns/lab")) {
      if (fs::exists(entry.path() / "A.yaml")) there.insert(entry.path().filename());
    }
    for (const auto& [name, value] : wanted_) {
      const std::string is = lab_.live(name);
      there.erase(name);
      if (is.find("\"" + value + "\"") != std::string::npos ||
          is.find(value + "\n") != std::string::npos || is.find(value + "]") != std::string::npos) {
        continue;
      }
      text += fmt::format("{} should be {} and is: {}\n", name, value, is);
    }
    for (const std::string& name : there) text += name + " should not be there\n";
    return text;
  }
  [[nodiscard]] bool in_sync() const {
    return LoopLab::soon(
        [&] { return lab_.log().find("in sync", log_before_) != std::string::npos; });
  }
  [[nodiscard]] bool is_settled() const {
    return fs::exists(lab_.scratch() + "/live/dns/lab") && difference().empty();
  }
  [[nodiscard]] bool settled() const {
    return LoopLab::soon([&] { return is_settled(); });
  }

  // Each change by hand is an incident that opens once and closes once.
  [[nodiscard]] std::string missing(const std::vector<Delivery>& all) const {
    std::map<std::string, std::set<std::string>> opened;
    std::map<std::string, std::set<std::string>> closed;
    for (const Delivery& told : all) {
      (told.kind == "opened" ? opened : closed)[record_of(told)].insert(told.event);
    }
    std::string text;
    for (const auto& [name, times] : edited_) {
      if (opened[name].size() == times && closed[name].size() == times) continue;
      text += fmt::format("{} was changed {} times; opened {}, closed {}\n", name, times,
                          opened[name].size(), closed[name].size());
    }
    return text;
  }
  // "over: dns/lab/hand3/A: ..." -> "hand3"
  static std::string record_of(const Delivery& told) {
    const auto begin = told.title.find("dns/lab/");
    if (begin == std::string::npos) return told.title;
    return told.title.substr(begin + 8, told.title.find('/', begin + 8) - begin - 8);
  }
  [[nodiscard]] std::string surplus(const std::vector<Delivery>& all) const {
    std::string text;
    for (const Delivery& told : all) {
      if (!edited_.contains(record_of(told))) text += told.kind + ": " + told.title + "\n";
    }
    return text;
  }
  // One process tells an event once; another one repeats it only where the first died meanwhile.
  [[nodiscard]] std::string told_twice(const std::vector<Delivery>& all) const {
    std::string text;
    std::set<std::pair<std::string, int>> by_whom;
    for (const Delivery& told : all) {
      if (pids_.contains(told.parent) && !by_whom.emplace(told.event, told.parent).second) {
        text += told.event + " twice by one process\n";
      }
    }
    if (repeats(all) > killed_ + idle_kills_) text += "more repeats than kills\n";
    return text;
  }
  static std::size_t repeats(const std::vector<Delivery>& all) {
    std::set<std::string> events;
    for (const Delivery& told : all) events.insert(told.event);
    return all.size() - events.size();
  }

  std::mt19937 random_;
  const unsigned hands_;
  LoopLab lab_;
  std::map<std::string, std::string> wanted_;
  std::map<std::string, unsigned> passes_;  // failpoint -> how often a run came by
  std::map<std::string, unsigned> edited_;
  std::set<int> pids_;
  std::string story_;
  std::size_t log_before_ = 0;  // when it was started last
  unsigned values_ = 0;
  unsigned commits_ = 0, edits_ = 0;
  unsigned killed_ = 0, killed_there_ = 0, idle_kills_ = 0;
};

}  // namespace

TEST_CASE("service: killed under a stream of commits and changes by hand, it loses nothing" *
          doctest::test_suite("once")) {
  const unsigned seed = stated("HOMEOSTAT_SEED", std::random_device()());
  const unsigned kills = stated("HOMEOSTAT_KILLS", 20);
  MESSAGE("HOMEOSTAT_SEED=", seed);
  Stream stream(seed, kills);
  while (stream.killed() < kills) stream.round();
  stream.check_told();
}

}  // namespace homeostat::test
