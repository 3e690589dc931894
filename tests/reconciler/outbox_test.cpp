#include "reconciler/outbox.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "tests/reconciler/ledger_case.hpp"
#include "tests/support/process.hpp"

namespace homeostat {
namespace {

using namespace ledger_case;
using namespace std::chrono_literals;

const Time start = at(1'800'000'000);

Message message(const std::string& id, Time made = start) {
  return {.id = id, .site = "home", .title = id, .at = made};
}

Delivery answer(DeliveryState state, const std::string& why = {},
                std::optional<Time> not_before = std::nullopt) {
  return {.state = state,
          .not_before = not_before,
          .error = Error{ErrorKind::transient, why, {}, {}, {}}};
}

// A ledger with messages for `phone`, and a notifier that answers as it is told.
struct Post {
  TempDir dir;
  Ledger ledger = open_ledger(dir.path() + "/ledger.db");
  Time now = start;
  std::vector<std::string> delivered = {};
  std::map<std::string, Delivery> answers = {};  // else: accepted
  std::stop_source stop = {};

  void put(const std::vector<std::string>& ids, const std::string& notifier = "phone") {
    Telling telling;
    for (const std::string& id : ids) telling.messages.push_back({notifier, message(id, now)});
    succeed(ledger.tell(telling));
  }
  OutboxTurn send() {
    const auto deliver = [this](const Message& sent) {
      delivered.push_back(sent.id);
      const auto found = answers.find(sent.id);
      return found == answers.end() ? Delivery{} : found->second;
    };
    return value_of(send_waiting(
        ledger, "phone", deliver, [this] { return now; }, stop.get_token()));
  }
  std::vector<std::string> take() { return std::exchange(delivered, {}); }
  std::vector<Trouble> troubles(const std::set<std::string>& notifiers = {"phone", "mail"}) {
    return notifier_troubles(value_of(ledger.notifiers()), notifiers, now);
  }
};

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("outbox: what waits is sent in order, once") {
  Post post;
  post.put({"a", "b", "c"});
  post.put({"x"}, "mail");
  const OutboxTurn turn = post.send();
  CHECK(post.take() == Ids{"a", "b", "c"});
  CHECK(turn.sent == 3);
  CHECK_FALSE(turn.next);
  CHECK(post.send().sent == 0);
  CHECK(post.take().empty());
  CHECK(value_of(post.ledger.outbox("mail")).size() == 1);
}

TEST_CASE("outbox: one that has to wait holds back those behind it, for longer each time") {
  Post post;
  post.put({"a", "b"});
  post.answers["a"] = answer(DeliveryState::later, "no answer");
  std::vector<std::chrono::seconds> pauses;
  for (int i = 0; i < 10; ++i) {
    const OutboxTurn turn = post.send();
    CHECK(post.take() == Ids{"a"});
    REQUIRE(turn.next);
    pauses.push_back(*turn.next - post.now);
    // A moment too early nothing is tried, and the same moment is named.
    post.now = *turn.next - 1s;
    CHECK(post.send().next == turn.next);
    CHECK(post.take().empty());
    post.now = *turn.next;
  }
  CHECK(pauses == std::vector<std::chrono::seconds>{30s, 60s, 120s, 240s, 480s, 960s, 1920s, 3600s,
                                                    3600s, 3600s});
  post.answers.clear();
  CHECK(post.send().sent == 2);
  CHECK(post.take() == Ids{"a", "b"});
}

TEST_CASE("outbox: where the other side says when, it is tried then") {
  Post post;
  post.put({"a"});
  post.answers["a"] = answer(DeliveryState::later, "too many requests", post.now + 7s);
  CHECK(post.send().next == post.now + 7s);
  // A moment that has passed is no answer, one in the next century neither.
  post.now += 7s;
  post.answers["a"].not_before = post.now;
  CHECK(post.send().next == post.now + 60s);
  post.now += 60s;
  post.answers["a"].not_before = post.now + std::chrono::days(40'000);
  CHECK(post.send().next == start + std::chrono::days(7));
}

TEST_CASE("outbox: what is refused is given up, and the next one is sent") {
  Post post;
  post.put({"a"});
  post.answers["a"] = answer(DeliveryState::refused, "notifier phone: chat not found");
  const OutboxTurn turn = post.send();
  CHECK(turn.failed == 1);
  CHECK_FALSE(turn.next);
  const auto troubles = post.troubles();
  REQUIRE(troubles.size() == 1);
  CHECK(troubles[0].kind == TroubleKind::notifier);
  CHECK(troubles[0].key == "notifier phone");
  CHECK(troubles[0].title == "notifier phone does not take a message: chat not found");
  CHECK(troubles[0].since == start);
  CHECK(post.troubles({"mail"}).empty());  // it went from the spec
  post.put({"b"});
  CHECK(post.send().sent == 1);
  CHECK(post.take() == Ids{"a", "b"});
  CHECK(post.troubles().empty());
}

TEST_CASE("outbox: a notifier that takes nothing for an hour is a trouble") {
  Post post;
  post.put({"a", "b"});
  post.answers["a"] = answer(DeliveryState::later, "no answer");
  static_cast<void>(post.send());
  post.now += 1h - 1s;
  CHECK(post.troubles().empty());
  post.now += 1s;
  const auto troubles = post.troubles();
  REQUIRE(troubles.size() == 1);
  CHECK(troubles[0].title == "notifier phone cannot be reached: no answer");
  CHECK(troubles[0].details == "2 messages waiting\n");
  CHECK(troubles[0].since == start);
}

TEST_CASE("outbox: what nobody took within a week is given up, with the reason") {
  Post post;
  post.put({"a", "b"});
  post.answers["a"] = answer(DeliveryState::later, "no answer");
  static_cast<void>(post.send());
  static_cast<void>(post.take());
  post.now = start + std::chrono::days(7);
  post.put({"c"});
  const OutboxTurn turn = post.send();
  CHECK(turn.failed == 2);
  CHECK(turn.sent == 1);
  CHECK(post.take() == Ids{"c"});
  Post silent;
  silent.put({"a"});
  silent.answers["a"] = answer(DeliveryState::later, "no answer");
  static_cast<void>(silent.send());
  silent.now = start + std::chrono::days(7);
  static_cast<void>(silent.send());
  REQUIRE(silent.troubles().size() == 1);
  CHECK(silent.troubles()[0].title ==
        "notifier phone does not take a message: not accepted within 7 days; at last: no answer");
}

TEST_CASE("outbox: a stop sends nothing more, and is no answer") {
  Post post;
  post.put({"a", "b"});
  post.answers["a"] = answer(DeliveryState::later);
  post.answers["a"].error.kind = ErrorKind::cancelled;
  CHECK_FALSE(post.send().next);
  CHECK(post.take() == Ids{"a"});
  CHECK(value_of(post.ledger.outbox("phone")).at(0).attempts == 0);
  post.stop.request_stop();
  CHECK(post.send().sent == 0);
  CHECK(post.take().empty());
}

TEST_CASE("outbox: an error of the disk is no second message by itself") {
  Post post;
  post.put({"a", "b"});
  RawDatabase(post.dir.path() + "/ledger.db")
      .run("CREATE TRIGGER no BEFORE UPDATE ON outbox BEGIN SELECT RAISE(ABORT, 'no'); END");
  const auto deliver = [&](const Message& sent) {
    post.delivered.push_back(sent.id);
    return Delivery{};
  };
  CHECK_FALSE(send_waiting(post.ledger, "phone", deliver, [&] { return post.now; }, {}));
  CHECK(post.take() == Ids{"a"});
}

// The program that is killed, and begins again where its ledger says.
namespace {

constexpr int steps = 14;

// What is wrong at a step: a few things that come and go, one of which cannot be seen at times.
Sight world(int step) {
  Sight sight;
  for (int i = 0; i < 4; ++i) {
    if ((step / (i + 2)) % 2 != 0) continue;
    const std::string key = fmt::format("drift r{}", i);
    sight.troubles.push_back({.key = key, .title = key, .subject = fmt::format("plan in {}", i)});
  }
  if (step % 5 == 3) sight.unknown.insert("plan in 2");
  return sight;
}

void live_on(const std::string& folder) {
  Ledger ledger = open_ledger(folder + "/ledger.db");
  const std::string noted = value_of(ledger.note("step"));
  for (int step = noted.empty() ? 0 : std::stoi(noted); step < steps; ++step) {
    const Time now = start + step * 17min;
    Told told = follow_up(value_of(ledger.incidents(now - 1h)), world(step), now);
    Telling telling{.incidents = std::move(told.incidents)};
    for (Message& one : messages_of(told.events, "home")) {
      telling.messages.push_back({"phone", std::move(one)});
    }
    succeed(ledger.tell(telling));
    const auto deliver = [&](const Message& sent) {
      std::ofstream(folder + "/chat", std::ios::app) << sent.id << "\n";
      // Every third one is asked for again.
      const bool busy = std::hash<std::string>()(sent.id) % 3 == 0 && step % 2 == 0;
      return busy ? answer(DeliveryState::later, "busy") : Delivery{};
    };
    static_cast<void>(value_of(send_waiting(ledger, "phone", deliver, [now] { return now; }, {})));
    succeed(ledger.save_note("step", std::to_string(step + 1)));
  }
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// What the ledger knows in the end, without what a repeat may change.
std::string outcome(const std::string& folder) {
  std::string text;
  const Ledger ledger = open_ledger(folder + "/ledger.db", false);
  for (const Incident& one : value_of(ledger.incidents(Time()))) {
    text +=
        fmt::format("{} {} {} {}\n", one.id, one.trouble.key, one.opened.time_since_epoch().count(),
                    one.closed ? one.closed->time_since_epoch().count() : 0);
  }
  for (const Waiting& one : value_of(ledger.outbox("phone"))) text += one.message.id + " waits\n";
  return text;
}

}  // namespace

TEST_CASE("outbox: a story with messages comes to its end") {
  // The next one plays it in a child, and kills that.
  const char* folder = std::getenv("HOMEOSTAT_TEST_FOLDER");  // NOLINT(concurrency-mt-unsafe)
  const TempDir own;
  live_on(folder == nullptr ? own.path() : folder);
}

TEST_CASE("outbox: killed at any moment no incident is lost, and none is told in other words") {
  const auto run = [](const std::string& folder, const std::string& failpoint) {
    return test::run_process(
        {.command = {std::filesystem::read_symlink("/proc/self/exe").string(),
                     "--test-case=outbox: a story with messages comes to its end"},
         .environment = {{"HOMEOSTAT_TEST_FOLDER", folder}, {"HOMEOSTAT_FAILPOINT", failpoint}}});
  };
  const TempDir whole;
  REQUIRE(run(whole.path(), "").exit_code == 0);
  const std::string unharmed = outcome(whole.path());
  const auto told = lines_of(whole.path() + "/chat");
  REQUIRE(told.size() > 12);
  int killed = 0;
  for (const char* failpoint : {"ledger.before_commit", "ledger.after_commit", "outbox.in_telling",
                                "outbox.before_sent", "outbox.after_sent"}) {
    for (const int pass : {1, 2, 5, 9}) {
      CAPTURE(failpoint);
      CAPTURE(pass);
      const TempDir dir;
      const auto first = run(dir.path(), fmt::format("{}:{}", failpoint, pass));
      CHECK(first.exit_code == 128 + SIGKILL);
      if (first.exit_code == 128 + SIGKILL) ++killed;
      const auto next = run(dir.path(), "");
      CHECK_MESSAGE(next.exit_code == 0, next.out);
      CHECK(outcome(dir.path()) == unharmed);
      // The chat reads the same, but for one message that may stand there twice in a row.
      auto chat = lines_of(dir.path() + "/chat");
      const auto seen = chat.size();
      const bool lost_answer = seen == told.size() + 1;
      CHECK((seen == told.size() || lost_answer));
      if (lost_answer) {
        const auto differs = std::mismatch(told.begin(), told.end(), chat.begin()).second;
        REQUIRE(differs != chat.begin());
        CHECK(*differs == *std::prev(differs));
        chat.erase(differs);
      }
      CHECK(chat == told);
    }
  }
  CHECK(killed == 20);
}

}  // namespace homeostat
