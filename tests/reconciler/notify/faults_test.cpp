// What all types over HTTP have in common, whatever is at the other end.
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

#include "tests/reconciler/notify/fake_telegram.hpp"
#include "tests/reconciler/notify/notify_lab.hpp"
#include "tests/support/raw_server.hpp"

using namespace homeostat;
using namespace homeostat::test;
using nlohmann::json;

namespace {

struct Kind {
  std::string type;
  json settings;
};

// Every type that speaks HTTP, towards one server; all their secrets hold `c4nary`.
std::vector<Kind> kinds_to(const std::string& url) {
  return {{"telegram", {{"token", FakeTelegram::token}, {"chat", "1"}, {"url", url}}},
          {"ntfy", {{"topic", "lab"}, {"token", "tk_c4nary_x"}, {"url", url}}},
          {"discord", {{"url", url + "/api/webhooks/1/c4nary-webhook-token"}}},
          {"slack", {{"url", url + "/services/T/B/c4nary-hook-token"}}},
          {"matrix", {{"url", url}, {"room", "!a:b.org"}, {"token", "syt_c4nary"}}},
          {"webhook",
           {{"url", url + "/c4nary-path-token?t=c4nary-q"},
            {"secret", "c4nary-key"},
            {"headers", {{"Authorization", "Bearer c4nary-header"}}}}}};
}

void for_each_kind(const RawServer::Script& script, DeliveryState expected,
                   const std::set<std::string>& without = {}, const json& more = json::object()) {
  const RawServer server(script);
  for (const Kind& kind : kinds_to(server.url())) {
    if (without.contains(kind.type)) continue;
    CAPTURE(kind.type);
    json settings = kind.settings;
    settings.update(more);
    const Delivery delivery = open(kind.type, settings)->deliver(sample(), {});
    CAPTURE(words(delivery));
    CHECK(delivery.state == expected);
    CHECK(words(delivery).find("c4nary") == std::string::npos);
    CHECK(words(delivery).find("notifier phone: ") != std::string::npos);
  }
}

RawServer::Script answering(const std::string& answer) {
  return [answer](Peer& peer, int) {
    while (!peer.read_request().empty()) peer.write(answer);
  };
}

std::string page(int status) {
  const std::string body = "<!DOCTYPE html><html>Sign in</html>";
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Type: text/html\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// All that is logged while it lives, at every level.
class LogText {
 public:
  LogText() : before_(spdlog::default_logger()) {
    auto log = std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
    log->set_level(spdlog::level::trace);
    spdlog::set_default_logger(log);
  }
  LogText(const LogText&) = delete;
  LogText& operator=(const LogText&) = delete;
  ~LogText() { spdlog::set_default_logger(before_); }
  [[nodiscard]] std::string str() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

}  // namespace

TEST_CASE("notify faults: nobody there, an answer cut off or missing: later") {
  for (const Kind& kind : kinds_to("http://127.0.0.1:" + std::to_string(closed_port()))) {
    CAPTURE(kind.type);
    CHECK(open(kind.type, kind.settings)->deliver(sample(), {}).state == DeliveryState::later);
  }
  for_each_kind([](Peer& peer, int) { peer.read_request(); }, DeliveryState::later);
  for_each_kind(
      [](Peer& peer, int) {
        peer.read_request();
        peer.write(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
            "500\r\n\r\n{\"ok\":true,\"id\"");
      },
      DeliveryState::later);
  for_each_kind(
      [](Peer& peer, int) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Le");
        peer.reset();
      },
      DeliveryState::later);
}

TEST_CASE("notify faults: a page from something in between is no word of the service's") {
  for_each_kind(answering(page(200)), DeliveryState::later, {"webhook"});
  for_each_kind(answering(page(403)), DeliveryState::later, {"webhook", "slack"});
  for_each_kind(answering(page(502)), DeliveryState::later);
  for_each_kind(answering(http_answer(200, R"({"ok":true,"id")")), DeliveryState::later,
                {"webhook"});
  for_each_kind(answering(http_answer(200, "[]")), DeliveryState::later, {"webhook"});
}

TEST_CASE("notify faults: an error of the server's is for later, one of ours is refused") {
  const json error = {{"ok", false}, {"error_code", 500}, {"description", "oops"}};
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    CAPTURE(status);
    for_each_kind(answering(http_answer(status, error.dump())), DeliveryState::later);
  }
  for (const int status : {301, 400, 401, 403, 404, 410, 413}) {
    CAPTURE(status);
    for_each_kind(answering(http_answer(status, error.dump(), "Location: http://x.org/\r\n")),
                  DeliveryState::refused);
  }
}

TEST_CASE(
    "notify faults: Retry-After is told, as a number or as a date, and one request was made") {
  const RawServer server([](Peer& peer, int) {
    while (!peer.read_request().empty()) {
      peer.write(http_answer(503, R"({"ok":false,"description":"x"})", "Retry-After: 90\r\n"));
    }
  });
  for (const Kind& kind : kinds_to(server.url())) {
    CAPTURE(kind.type);
    const int before = server.connections();
    const Delivery delivery = open(kind.type, kind.settings)->deliver(sample(), {});
    CHECK(delivery.not_before == still_now() + std::chrono::seconds(91));
    CHECK(server.connections() == before + 1);
  }
  const RawServer dated(answering(http_answer(429, R"({"ok":false,"description":"x"})",
                                              "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n")));
  const Kind kind = kinds_to(dated.url()).front();
  CHECK(open(kind.type, kind.settings)->deliver(sample(), {}).not_before ==
        still_now() + std::chrono::seconds(61));
}

TEST_CASE("notify faults: a server that repeats all it is told makes no secret appear anywhere") {
  const LogText log;
  const auto echo = [](int status, bool json_body) {
    return [status, json_body](Peer& peer, int) {
      for (std::string request = peer.read_request(); !request.empty();
           request = peer.read_request()) {
        const std::string head = request.substr(0, request.find("\r\n\r\n"));
        const json body = {
            {"ok", false}, {"description", head}, {"message", head}, {"error", head}};
        peer.write(http_answer(status, json_body ? body.dump() : head));
      }
    };
  };
  for (const bool json_body : {true, false}) {
    for_each_kind(echo(401, json_body), DeliveryState::refused,
                  json_body ? std::set<std::string>{} : std::set<std::string>{"telegram"});
    for_each_kind(echo(500, json_body), DeliveryState::later);
  }
  for_each_kind(echo(200, false), DeliveryState::later, {"webhook"});
  CHECK(log.str().find("c4nary") == std::string::npos);
}

TEST_CASE("notify faults: a stop request ends a delivery that hangs") {
  for (const char* type : {"telegram", "webhook"}) {
    std::stop_source stop;
    const RawServer silent([&stop](Peer& peer, int) {
      peer.read_request();
      stop.request_stop();
      peer.wait_for_end();
    });
    for (const Kind& kind : kinds_to(silent.url())) {
      if (kind.type != type) continue;
      json settings = kind.settings;
      settings["timeout"] = "10m";
      const Delivery delivery = open(kind.type, settings)->deliver(sample(), stop.get_token());
      CHECK(delivery.state == DeliveryState::later);
      CHECK(delivery.error.kind == ErrorKind::cancelled);
    }
  }
}

TEST_CASE("notify: every type has a table, each in order, and each field says what it is") {
  std::vector<std::string> types;
  for (const NotifierSchema& schema : notifier_schemas()) {
    types.push_back(schema.type);
    CHECK(!schema.doc.empty());
    for (const FieldSchema& field : schema.settings) {
      CAPTURE(schema.type + " " + field.name);
      CHECK(!field.doc.empty());
      if (field.required) CHECK(!field.example.empty());
    }
  }
  CHECK(types == std::vector<std::string>{"discord", "email", "exec", "matrix", "ntfy", "slack",
                                          "telegram", "webhook"});
}

TEST_CASE("notify: an unknown type, an unknown setting and a missing one are named") {
  const auto said = [](const std::string& type, const json& settings) {
    const auto opened = try_open(type, settings);
    return opened ? std::string("opened") : to_string(opened.error());
  };
  CHECK(said("pigeon", json::object()) == "notifier phone: there is no type `pigeon`");
  CHECK(said("ntfy", {{"topic", "x"}, {"colour", "red"}}) ==
        "notifier phone: `colour` is not one of its settings");
  CHECK(said("ntfy", json::object()) == "notifier phone: `topic` is missing");
  CHECK(said("ntfy", {{"topic", "a/b"}}).find("is no topic") != std::string::npos);
  CHECK(said("matrix", {{"url", "https://m.org"}, {"room", "#lab:m.org"}, {"token", "x"}})
            .find("is no room's id") != std::string::npos);
  CHECK(said("slack", {{"url", "c4nary"}}) ==
        "notifier phone: `url`: the value has a wrong form (it is a secret)");
}
