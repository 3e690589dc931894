// ntfy, Discord, Slack and Matrix, each against a server that takes nothing but what its API says.
#include <mutex>

#include "tests/reconciler/notify/notify_lab.hpp"
#include "tests/support/fake_http.hpp"

using namespace homeostat;
using namespace homeostat::test;
using nlohmann::json;

namespace {

// Keeps what was asked for; answers as it is told.
class Listener {
 public:
  explicit Listener(FakeAnswer answer)
      : answer_(std::move(answer)), server_([this](const FakeRequest& request) {
          const std::lock_guard lock(mutex_);
          requests_.push_back(request);
          return answer_;
        }) {}
  [[nodiscard]] std::string url() const { return server_.url(); }
  void answer(FakeAnswer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  [[nodiscard]] std::vector<FakeRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  [[nodiscard]] json body(std::size_t index = 0) const {
    return json::parse(requests().at(index).body);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<FakeRequest> requests_;  // guarded by mutex_
  FakeAnswer answer_;                  // guarded by mutex_
  FakeHttp server_;                    // last: it calls us
};

Message with_text(std::string text) {
  Message message = sample();
  message.text = std::move(text);
  return message;
}

std::string long_text() {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "line ``` <&> " + std::to_string(i) + "\n";
  return text;
}

}  // namespace

TEST_CASE("ntfy: JSON goes to the server's root, with a priority by kind and the token") {
  const Listener server({.body = R"({"id":"x","event":"message"})"});
  const auto phone =
      open("ntfy", {{"url", server.url()}, {"topic", "lab"}, {"token", "tk_c4nary"}});
  CHECK(words(phone->deliver(sample(), {})) == "accepted");
  const FakeRequest got = server.requests().front();
  CHECK(got.method == "POST");
  CHECK(got.path == "/");
  CHECK(got.headers.at("authorization") == "Bearer tk_c4nary");
  CHECK(server.body() ==
        json({{"topic", "lab"},
              {"title", "drift: container/jellyfin"},
              {"message",
               "memory 4GiB, wanted 2GiB\nsince 2026-11-21 13:41 UTC, by ops\nhome · 2026-11-21 "
               "14:02 UTC · opened · event home-17-opened"},
              {"priority", 4},
              {"tags", {"rotating_light"}}}));
  CHECK(words(phone->deliver(with_text(long_text()), {})) == "accepted");
  CHECK(server.body(1)["message"].get<std::string>().size() <= 4096);
  CHECK(server.body(1)["message"].get<std::string>().find("left out") != std::string::npos);
}

TEST_CASE("ntfy: what its answers mean") {
  Listener server({.status = 429,
                   .body = R"({"code":42901,"http":429,"error":"limit reached"})",
                   .headers = {{"Retry-After", "7"}}});
  const auto phone = open("ntfy", {{"url", server.url()}, {"topic", "lab"}});
  const Delivery limited = phone->deliver(sample(), {});
  CHECK(limited.state == DeliveryState::later);
  CHECK(limited.not_before == still_now() + std::chrono::seconds(8));
  server.answer({.status = 403, .body = R"({"code":40301,"http":403,"error":"forbidden"})"});
  CHECK(words(phone->deliver(sample(), {})).find("refused: ") == 0);
  server.answer({.status = 200, .body = R"({"welcome":true})"});
  CHECK(words(phone->deliver(sample(), {})).find("later: ") == 0);
}

TEST_CASE("discord: content within 2000, no mention, no preview, asked whether it was kept") {
  const Listener server({.body = R"({"id":"1","content":"x"})"});
  const auto phone =
      open("discord", {{"url", server.url() + "/api/webhooks/1/c4nary-webhook-token"}});
  CHECK(words(phone->deliver(with_text("@everyone ``` <@1> _x_"), {})) == "accepted");
  const FakeRequest got = server.requests().front();
  CHECK(got.path == "/api/webhooks/1/c4nary-webhook-token");
  CHECK(got.query.find("wait")->second == "true");
  const json body = server.body();
  CHECK(body.size() == 3);
  CHECK(body["allowed_mentions"] == json({{"parse", json::array()}}));
  CHECK(body["flags"] == 4);
  const auto content = body["content"].get<std::string>();
  CHECK(content.starts_with("**drift\\: container\\/jellyfin**\n```\n@everyone `"));
  // The block is ended by us alone.
  const auto block = content.find("```\n") + 4;
  CHECK(content.find("```", block) == content.rfind("```"));

  CHECK(words(phone->deliver(with_text(long_text()), {})) == "accepted");
  REQUIRE(server.requests().size() == 4);
  for (std::size_t i = 1; i < 4; ++i) {
    CHECK(server.body(i)["content"].get<std::string>().size() <= 2000 + 600);  // bytes
  }
  CHECK(server.body(3)["content"].get<std::string>().find("left out") != std::string::npos);
}

TEST_CASE("discord: a limit in parts of a second, and a webhook that is gone") {
  Listener server(
      {.status = 429, .body = R"({"message":"slow","retry_after":0.35,"global":false})"});
  const auto phone =
      open("discord", {{"url", server.url() + "/api/webhooks/1/c4nary-webhook-token"}});
  CHECK(phone->deliver(sample(), {}).not_before == still_now() + std::chrono::seconds(2));
  server.answer({.status = 404, .body = R"({"message":"Unknown Webhook","code":10015})"});
  CHECK(words(phone->deliver(sample(), {})) ==
        "refused: notifier phone: POST " + server.url() +
            "/api/webhooks/1/(secret): 404 Not Found: Unknown Webhook");
}

TEST_CASE("slack: escaped, in a block, and taken only where it says so") {
  Listener server({.body = "ok", .type = "text/html"});
  const auto phone = open("slack", {{"url", server.url() + "/services/T1/B1/c4nary-hook-token"}});
  CHECK(words(phone->deliver(with_text("<!channel> & ``` x"), {})) == "accepted");
  const json body = server.body();
  const auto text = body["text"].get<std::string>();
  CHECK(text.starts_with("*drift: container/jellyfin*\n```\n&lt;!channel&gt; &amp; `"));
  CHECK(text.find('<') == std::string::npos);
  CHECK(body["unfurl_links"] == false);
  CHECK(words(phone->deliver(with_text(long_text()), {})) == "accepted");
  CHECK(server.body(1)["text"].get<std::string>().size() < 40'000);
  server.answer({.status = 404, .body = "no_service", .type = "text/plain"});
  CHECK(words(phone->deliver(sample(), {})) ==
        "refused: notifier phone: POST " + server.url() +
            "/services/T1/B1/(secret): 404 Not Found: no_service");
  server.answer({.body = "<html>Log in to the wifi</html>", .type = "text/html"});
  CHECK(words(phone->deliver(sample(), {})).find("later: ") == 0);
}

TEST_CASE("matrix: a repeat is the same transaction, and the event stays within its limit") {
  Listener server({.body = R"({"event_id":"$x"})"});
  const auto phone = open(
      "matrix", {{"url", server.url()}, {"room", "!a/b:example.org"}, {"token", "syt_c4nary"}});
  Message message = with_text("a <b> & c");
  message.id = "home/17 opened";
  CHECK(words(phone->deliver(message, {})) == "accepted");
  const FakeRequest got = server.requests().front();
  CHECK(got.method == "PUT");
  CHECK(got.path == "/_matrix/client/v3/rooms/!a/b:example.org/send/m.room.message/home/17 opened");
  CHECK(got.headers.at("authorization") == "Bearer syt_c4nary");
  const json body = server.body();
  CHECK(body["msgtype"] == "m.text");
  CHECK(body["format"] == "org.matrix.custom.html");
  CHECK(body["m.mentions"] == json::object());
  CHECK(body["formatted_body"].get<std::string>().find("<pre><code>a &lt;b&gt; &amp; c</code>") !=
        std::string::npos);
  CHECK(body["body"].get<std::string>().find("\na <b> & c\n") != std::string::npos);
  CHECK(words(phone->deliver(with_text(std::string(100'000, '"')), {})) == "accepted");
  CHECK(server.requests().back().body.size() < 65'000);

  server.answer({.status = 429, .body = R"({"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500})"});
  CHECK(phone->deliver(message, {}).not_before == still_now() + std::chrono::seconds(4));
  server.answer({.status = 403, .body = R"({"errcode":"M_FORBIDDEN","error":"not in room"})"});
  CHECK(words(phone->deliver(message, {})).find("403 Forbidden: not in room") != std::string::npos);
}
