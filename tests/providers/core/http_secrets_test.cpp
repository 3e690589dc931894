#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

#include "tests/providers/core/http_lab.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/raw_server.hpp"

using namespace homeostat;
using namespace homeostat::test;

namespace {

// All that is logged while it lives, at every level.
class LogText {
 public:
  LogText() : before_(spdlog::default_logger()) {
    auto log = std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
    log->set_level(spdlog::level::trace);
    log->set_pattern("%l %v");
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

const std::string key = "k3y-c4nary";
const std::string token = "t0k/n c4nary";
const std::string password = "p4ss-c4nary";

HttpSettings secretive(const std::string& url) {
  HttpSettings settings = http_to(url);
  settings.headers = {{"Authorization", "Bearer " + key, true}, {"X-Plain", "plain"}};
  settings.secrets = {token, password};
  return settings;
}

void check_clean(const std::string& text) {
  CHECK(text.find("c4nary") == std::string::npos);
  CHECK(text.find(url_component(token)) == std::string::npos);
}

}  // namespace

TEST_CASE("http secrets: a server that echoes everything makes none of them appear") {
  const FakeHttp server([](const FakeRequest& request) {
    FakeAnswer answer;
    const nlohmann::json all = {
        {"message", request.headers.at("authorization") + " " + request.body + " " +
                        (request.query.empty() ? "" : request.query.begin()->second)}};
    answer.status = request.path.starts_with("/ok") ? 200 : 422;
    answer.type = request.path == "/ok/html" ? "text/html" : "application/json";
    answer.body = request.path == "/ok/html" ? key + token + password : all.dump();
    return answer;
  });
  LogText log;
  const HttpClient client = open_http(secretive(server.url()));
  for (const std::string path : {"/bad", "/ok", "/ok/html"}) {
    const auto reply = client.send({.method = "PUT",
                                    .path = path + "?token=" + url_component(token),
                                    .headers = {{"X-Once", "0nce-c4nary", true}},
                                    .body = password},
                                   {});
    if (reply) {
      CHECK(reply->body.find("c4nary") != std::string::npos);
      check_clean(reply->origin + reply->excerpt);
      if (path == "/ok/html") check_clean(json_of(*reply).error().message);
    } else {
      CHECK(reply.error().message ==
            "PUT " + server.url() + "/bad: 422 Unprocessable Entity: (secret) (secret) (secret)");
      check_clean(to_string(reply.error()));
    }
  }
  check_clean(log.str());
  CHECK(log.str().find("method=PUT url=" + server.url() + "/ok/html status=200") !=
        std::string::npos);
}

TEST_CASE("http secrets: neither does a token in the path, nor one of a single request") {
  const FakeHttp server([](const FakeRequest& request) {
    return FakeAnswer{404, request.headers.at("x-once") + request.path, "text/plain"};
  });
  LogText log;
  const HttpClient client = open_http(secretive(server.url()));
  const auto reply = client.send(
      {.path = "/bot" + password + "/send", .headers = {{"X-Once", "0nce-c4nary", true}}}, {});
  REQUIRE(!reply);
  CHECK(reply.error().message ==
        "GET " + server.url() + "/bot(secret)/send: 404 Not Found: (secret)/bot(secret)/send");
  check_clean(log.str());
}

TEST_CASE("http secrets: nor when there is no answer") {
  LogText log;
  HttpSettings settings = secretive("http://127.0.0.1:" + std::to_string(closed_port()));
  settings.retries = 1;
  StillClock clock;
  settings.timing = clock.timing();
  const auto reply = get(open_http(settings), "/bot" + password + "?token=" + url_component(token));
  REQUIRE(!reply);
  check_clean(to_string(reply.error()) + log.str());
  CHECK(log.str().find("retry=1") != std::string::npos);
}

TEST_CASE("http secrets: of a sensitive answer nothing is shown") {
  const FakeHttp server([](const FakeRequest& request) {
    return FakeAnswer{request.path == "/ok" ? 200 : 422, R"({"error":"new-c4nary"})", "text/plain"};
  });
  LogText log;
  const HttpClient client = open_http(http_to(server.url()));
  const auto fine = client.send({.path = "/ok", .sensitive = true}, {});
  REQUIRE(fine);
  CHECK(fine->excerpt.empty());
  check_clean(json_of(*fine).error().message);
  check_clean(client.send({.path = "/", .sensitive = true}, {}).error().message);
  check_clean(log.str());
}

TEST_CASE("http secrets: what a server says is one printable line of bounded length") {
  const FakeHttp server([](const FakeRequest&) {
    return FakeAnswer{500, "a\x1B[2J\nb" + std::string(5000, 'x'), "text/plain"};
  });
  const auto reply = get(open_http(http_to(server.url())), "/");
  REQUIRE(!reply);
  CHECK(reply.error().message.find("500 Internal Server Error: a [2J bxxx") != std::string::npos);
  CHECK(reply.error().message.size() < 500);
}
