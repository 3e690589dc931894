#include <atomic>
#include <vector>

#include "tests/providers/core/http_lab.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/raw_server.hpp"

using namespace homeostat;
using namespace homeostat::test;

namespace {

using Pauses = std::vector<long>;

// Answers each call with the next of `answers`, at the end with the last for ever.
class Script {
 public:
  explicit Script(std::vector<FakeAnswer> answers)
      : answers_(std::move(answers)), server_([this](const FakeRequest&) {
          const std::size_t call = calls_++;
          return answers_[std::min(call, answers_.size() - 1)];
        }) {}
  [[nodiscard]] HttpSettings settings() {
    HttpSettings made = http_to(server_.url());
    made.retries = 3;
    made.timing = clock.timing();
    return made;
  }
  [[nodiscard]] HttpClient client() { return open_http(settings()); }
  [[nodiscard]] std::size_t calls() const { return calls_; }
  StillClock clock;

 private:
  std::vector<FakeAnswer> answers_;
  std::atomic<std::size_t> calls_ = 0;
  FakeHttp server_;
};

FakeAnswer failing(int status, const std::string& retry_after = {}) {
  FakeAnswer answer;
  answer.status = status;
  if (!retry_after.empty()) answer.headers["Retry-After"] = retry_after;
  return answer;
}

const HttpRequest post{.method = "POST", .path = "/"};
const HttpRequest patch{.method = "PATCH", .path = "/", .idempotent = true};

}  // namespace

TEST_CASE("http retry: a call that may come twice is tried again until it succeeds") {
  for (const int status : {429, 500, 502, 503, 504}) {
    Script script({failing(status), failing(status), FakeAnswer{}});
    const HttpClient client = script.client();
    CHECK(client.send(patch, {}));
    CHECK(script.calls() == 3);
    CHECK(script.clock.pauses() == Pauses{250, 500});
    CHECK(client.counts().calls == 3);
    CHECK(client.counts().retries == 2);
  }
}

TEST_CASE("http retry: the fourth failure is the last, and the executor need not try again") {
  Script script({failing(503)});
  const auto reply = get(script.client(), "/");
  REQUIRE(!reply);
  CHECK(reply.error().kind == ErrorKind::transient);
  CHECK(reply.error().exhausted);
  CHECK(script.calls() == 4);
  CHECK(script.clock.pauses() == Pauses{250, 500, 1000});
}

TEST_CASE("http retry: a call that may not come twice is sent once") {
  for (const int status : {429, 500, 502, 503, 504}) {
    Script script({failing(status), FakeAnswer{}});
    const auto reply = script.client().send(post, {});
    REQUIRE(!reply);
    CHECK(script.calls() == 1);
    CHECK(script.clock.pauses().empty());
    // Of a 429 the server says that it did nothing: whoever knows the step may repeat it.
    CHECK(reply.error().kind == (status == 429 ? ErrorKind::transient : ErrorKind::conflict));
    CHECK(!reply.error().exhausted);
  }
}

TEST_CASE("http retry: what will not pass is asked once") {
  for (const int status : {400, 401, 403, 404, 409, 422, 501}) {
    Script script({failing(status), FakeAnswer{}});
    CHECK(!get(script.client(), "/"));
    CHECK(script.calls() == 1);
  }
}

TEST_CASE("http retry: Retry-After is waited for, in seconds or until a date") {
  for (const std::string after : {"7", "Sun, 06 Nov 1994 08:49:44 GMT"}) {
    Script script({failing(429, after), FakeAnswer{}});
    CHECK(get(script.client(), "/"));
    // What of it is left after the pause of our own.
    CHECK(script.clock.pauses() == Pauses{250, 6750});
  }
}

TEST_CASE("http retry: a Retry-After that has passed or says nothing changes nothing") {
  for (const std::string after : {"0", "Sun, 06 Nov 1994 08:00:00 GMT", "soon", "-5"}) {
    Script script({failing(503, after), FakeAnswer{}});
    CHECK(get(script.client(), "/"));
    CHECK(script.clock.pauses() == Pauses{250});
  }
}

TEST_CASE("http retry: who asks for more than a call waits for is not waited for") {
  for (const std::string after : {"91", "99999999999", "99999999999999999999999"}) {
    Script script({failing(429, after), FakeAnswer{}});
    const HttpClient client = script.client();
    const auto reply = get(client, "/");
    if (after.size() > 20) {  // no number that anybody could mean
      CHECK(reply);
      continue;
    }
    REQUIRE(!reply);
    CHECK(reply.error().exhausted);
    CHECK(reply.error().message.find("; it asks to wait ") != std::string::npos);
    CHECK(reply.error().message.ends_with(" s, and a call waits 90 s at most"));
    CHECK(script.calls() == 1);
    CHECK(script.clock.pauses().empty());
  }
}

TEST_CASE("http retry: a quota that is used up is waited for, where it is known until when") {
  FakeAnswer limited = failing(429);
  limited.headers = {{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "784111784"}};
  Script script({limited, FakeAnswer{}});
  CHECK(get(script.client(), "/"));
  CHECK(script.clock.pauses() == Pauses{250, 6750});

  for (const auto& [remaining, reset] :
       std::map<std::string, std::string>{{"1", "784111784"}, {"0", "784111000"}, {"", ""}}) {
    limited.headers = {{"X-RateLimit-Remaining", remaining}, {"X-RateLimit-Reset", reset}};
    Script other({limited, FakeAnswer{}});
    CHECK(get(other.client(), "/"));
    CHECK(other.clock.pauses() == Pauses{250});
  }
}

TEST_CASE("http retry: after a Retry-After every call of the client waits") {
  Script script({failing(429, "5"), FakeAnswer{}});
  const HttpClient client = script.client();
  CHECK(!client.send(post, {}));
  CHECK(client.send(post, {}));
  CHECK(script.clock.pauses() == Pauses{5000});
}

TEST_CASE("http retry: a server that asks for a minute again and again is asked twice") {
  Script script({failing(429, "60"), failing(429, "60"), FakeAnswer{}});
  const HttpClient client = script.client();
  const auto reply = get(client, "/");
  REQUIRE(!reply);
  CHECK(reply.error().exhausted);
  CHECK(
      reply.error().message.ends_with(": 429 Too Many Requests; it asks to wait 60 s more after 60 "
                                      "s, and a call waits 90 s at most"));
  CHECK(script.clock.pauses() == Pauses{250, 59'750});
  CHECK(script.calls() == 2);

  // Nobody else finds it out anew, until it is over.
  const auto other = get(client, "/other");
  REQUIRE(!other);
  CHECK(other.error().kind == ErrorKind::transient);
  CHECK(other.error().exhausted);
  CHECK(other.error().message.ends_with(
      "/other: not sent, the server asked for 60 s more without a call"));
  CHECK(script.calls() == 2);
  script.clock.timing().wait(std::chrono::seconds(60), {});
  CHECK(get(client, "/other"));
}

TEST_CASE("http retry: a write that is asked to wait a second time is not repeated by others") {
  Script script({failing(429, "60")});
  const HttpClient client = script.client();
  const auto first = client.send(post, {});
  REQUIRE(!first);
  CHECK(!first.error().exhausted);
  const auto second = client.send(post, {});
  REQUIRE(!second);
  CHECK(second.error().exhausted);
  CHECK(script.clock.pauses() == Pauses{60'000});
}

TEST_CASE("http retry: no try begins when a call has had its time") {
  StillClock clock;
  std::atomic<int> calls = 0;
  const FakeHttp server([&](const FakeRequest&) {
    ++calls;
    clock.timing().wait(std::chrono::seconds(40), {});  // so long it takes to fail
    return failing(503);
  });
  HttpSettings settings = http_to(server.url());
  settings.retries = 3;
  settings.timing = clock.timing();
  const auto reply = get(open_http(settings), "/");
  REQUIRE(!reply);
  CHECK(reply.error().exhausted);
  CHECK(reply.error().message.ends_with("503 Service Unavailable; not tried again after 120 s"));
  CHECK(calls == 3);
}

TEST_CASE("http retry: a call whose turn does not come in time is not sent") {
  Script script({FakeAnswer{}});
  HttpSettings settings = script.settings();
  settings.max_per_second = 1;
  settings.patience = std::chrono::milliseconds(500);
  const HttpClient client = open_http(settings);
  CHECK(get(client, "/"));
  const auto reply = get(client, "/");
  REQUIRE(!reply);
  CHECK(reply.error().exhausted);
  CHECK(reply.error().message.ends_with("/: not sent, its turn does not come within 500 ms"));
  CHECK(script.calls() == 1);
  CHECK(script.clock.pauses().empty());
}

TEST_CASE("http retry: a connection that is refused is tried again, for calls that may be") {
  for (const bool twice : {true, false}) {
    StillClock clock;
    HttpSettings settings = http_to("http://127.0.0.1:" + std::to_string(closed_port()));
    settings.retries = 2;
    settings.timing = clock.timing();
    const HttpClient client = open_http(settings);
    const auto reply = client.send(twice ? patch : post, {});
    REQUIRE(!reply);
    CHECK(reply.error().kind == ErrorKind::transient);
    CHECK(reply.error().message.find("no connection: Connection refused") != std::string::npos);
    CHECK(reply.error().exhausted == twice);
    CHECK(clock.pauses() == (twice ? Pauses{250, 500} : Pauses{}));
    CHECK(client.counts().calls == 0);
    CHECK(client.counts().connects == 0);
  }
}

TEST_CASE("http retry: a connection that breaks is tried again, for calls that may be") {
  for (const bool twice : {true, false}) {
    RawServer server([](Peer& peer, int connection) {
      if (peer.read_request().empty()) return;
      if (connection == 1) {
        peer.reset();
      } else {
        peer.write(http_answer(200, "{}"));
      }
    });
    StillClock clock;
    HttpSettings settings = http_to(server.url());
    settings.retries = 2;
    settings.timing = clock.timing();
    const HttpClient client = open_http(settings);
    const auto reply = client.send(twice ? patch : post, {});
    CHECK(reply.has_value() == twice);
    CHECK(server.connections() == (twice ? 2 : 1));
    if (reply) continue;
    CHECK(reply.error().kind == ErrorKind::conflict);
    CHECK(reply.error().message.ends_with("; whether it was done is not known"));
  }
}

// libcurl sends a request again, a POST too, when a kept connection closes before any answer.
TEST_CASE("http retry: a write is not sent twice when a kept connection closes under it") {
  std::atomic<int> requests = 0;
  RawServer server([&requests](Peer& peer, int) {
    while (!peer.read_request().empty()) {
      if (++requests == 2) return;
      peer.write(http_answer(200, "{}"));
    }
  });
  const HttpClient client = open_http(http_to(server.url()));
  REQUIRE(get(client, "/"));
  const auto reply = client.send(post, {});
  REQUIRE(!reply);
  CHECK(reply.error().kind == ErrorKind::conflict);
  CHECK(requests == 2);
  CHECK(client.counts().calls == 2);
}

TEST_CASE("http retry: what ran into a time limit had its time") {
  RawServer server([](Peer& peer, int) {
    peer.read_request();
    peer.wait_for_end();
  });
  StillClock clock;
  HttpSettings settings = http_to(server.url());
  settings.retries = 3;
  settings.total_limit = std::chrono::milliseconds(100);
  settings.timing = clock.timing();
  const auto reply = get(open_http(settings), "/");
  REQUIRE(!reply);
  CHECK(reply.error().exhausted);
  CHECK(server.connections() == 1);
  CHECK(clock.pauses().empty());
}
