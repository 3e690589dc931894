#include <fcntl.h>
#include <sys/socket.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <thread>

#include "tests/providers/core/http_lab.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/raw_server.hpp"
#include "tests/support/temp_repo.hpp"

using namespace homeostat;
using namespace homeostat::test;

TEST_CASE("http: a request arrives as it was made, and so does the answer") {
  FakeRequest seen;
  const FakeHttp server([&seen](const FakeRequest& request) {
    seen = request;
    return FakeAnswer{201, R"({"id":7})", "application/json", {{"X-Serial", " 12 "}}};
  });
  HttpSettings settings = http_to(server.url() + "/api/");
  settings.headers = {{"X-API-Key", "key", true}};
  const HttpClient client = open_http(settings);
  const auto reply = client.send({.method = "PATCH",
                                  .path = "/zones/a%2Fb?rrset_name=%40&x=1",
                                  .headers = {{"If-Match", "\"7\""}},
                                  .body = R"({"a":"b"})"},
                                 {});
  REQUIRE(reply);
  CHECK(seen.method == "PATCH");
  CHECK(seen.path == "/api/zones/a/b");
  CHECK(seen.query == std::multimap<std::string, std::string>{{"rrset_name", "@"}, {"x", "1"}});
  CHECK(seen.headers["x-api-key"] == "key");
  CHECK(seen.headers["if-match"] == "\"7\"");
  CHECK(seen.headers["content-type"] == "application/json");
  CHECK(seen.headers["accept"] == "application/json");
  CHECK(seen.body == R"({"a":"b"})");
  CHECK(reply->status == 201);
  CHECK(reply->header("x-serial") == "12");
  CHECK(reply->header("x-other").empty());
  CHECK(json_of(*reply).value()["id"] == 7);
  CHECK(reply->origin == "PATCH " + server.url() + "/api/zones/a%2Fb");
}

TEST_CASE("http: every method is sent with its body or without one") {
  std::vector<std::string> heads;
  RawServer server([&heads](Peer& peer, int) {
    for (std::string head = peer.read_request(); !head.empty(); head = peer.read_request()) {
      heads.push_back(head);
      peer.write(head.starts_with("HEAD") ? "HTTP/1.1 200 X\r\nContent-Length: 999999999999\r\n\r\n"
                                          : http_answer(200, "{}"));
    }
  });
  const HttpClient client = open_http(http_to(server.url()));
  for (const std::string method : {"GET", "HEAD", "DELETE", "POST", "PUT"}) {
    const auto reply = client.send({.method = method, .path = "/"}, {});
    REQUIRE_MESSAGE(reply, reply.error().message);
    CHECK(reply->body == (method == "HEAD" ? "" : "{}"));
  }
  REQUIRE(client.send({.method = "DELETE", .path = "/", .body = "[1]"}, {}));
  REQUIRE(heads.size() == 6);
  for (std::size_t i = 0; i < 3; ++i) CHECK(heads[i].find("Content-Length") == std::string::npos);
  for (std::size_t i = 3; i < 5; ++i)
    CHECK(heads[i].find("Content-Length: 0\r") != std::string::npos);
  CHECK(heads[5].ends_with("Content-Length: 3\r\n\r\n[1]"));
  CHECK(server.connections() == 1);
}

TEST_CASE("http: headers of a provisional answer are not those of the answer") {
  RawServer server([](Peer& peer, int) {
    peer.read_request();
    peer.write("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" + http_answer(200, "{}"));
  });
  const auto reply = get(open_http(http_to(server.url())), "/");
  REQUIRE(reply);
  CHECK(reply->status == 200);
  CHECK(reply->header("x-early").empty());
  CHECK(reply->header("content-length") == "2");
}

TEST_CASE("http: a path is sent as it is written") {
  std::string head;
  RawServer server([&head](Peer& peer, int) {
    head = peer.read_request();
    peer.write(http_answer(200, "{}"));
  });
  const HttpClient client = open_http(http_to(server.url() + "/base"));
  CHECK(get(client, "/a/../%2E%2E/./b?x=../c"));
  CHECK(head.starts_with("GET /base/a/../%2E%2E/./b?x=../c HTTP/1.1\r\n"));
}

TEST_CASE("http: a program that is started inherits no connection") {
  RawServer server([](Peer& peer, int) {
    peer.read_request();
    peer.write(http_answer(200, "{}"));
    peer.wait_for_end();
  });
  const HttpClient client = open_http(http_to(server.url()));
  REQUIRE(get(client, "/"));
  int sockets = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (!target.starts_with("socket:")) continue;
    // The pair by which libcurl wakes itself carries nothing.
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const int socket = std::stoi(entry.path().filename().string());
    if (getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &length) != 0) continue;
    if (peer.ss_family != AF_INET) continue;
    ++sockets;
    CHECK((fcntl(socket, F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(sockets == 2);  // both ends
}

TEST_CASE("http: calls one after the other share one connection, and are counted") {
  const FakeHttp server([](const FakeRequest&) { return FakeAnswer{}; });
  const HttpClient client = open_http(http_to(server.url()));
  for (int i = 0; i < 20; ++i) REQUIRE(get(client, "/"));
  const HttpCounts counts = client.counts();
  CHECK(counts.calls == 20);
  CHECK(counts.connects == 1);
  CHECK(counts.retries == 0);
  CHECK(counts.bytes_sent > 20 * 50);
  CHECK(counts.bytes_received > 20 * 50);
}

TEST_CASE("http: calls at once take a connection each, and no more than may be in flight") {
  std::mutex mutex;
  std::condition_variable arrived;
  int inside = 0;
  int most = 0;
  const FakeHttp server([&](const FakeRequest&) {
    std::unique_lock lock(mutex);
    most = std::max(most, ++inside);
    arrived.notify_all();
    // The first three meet; whoever comes later finds `most` reached.
    arrived.wait(lock, [&] { return most >= 3; });
    --inside;
    return FakeAnswer{};
  });
  HttpSettings settings = patient(http_to(server.url()));
  settings.max_in_flight = 3;
  const HttpClient client = open_http(settings);
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(8);
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 5; ++k) answered += get(client, "/") ? 1 : 0;
      });
    }
  }
  CHECK(answered == 40);
  CHECK(most == 3);
  CHECK(client.counts().calls == 40);
  CHECK(client.counts().connects == 3);
}

TEST_CASE("http: calls are spaced where only so many a second may be made") {
  const FakeHttp server([](const FakeRequest&) { return FakeAnswer{}; });
  StillClock clock;
  HttpSettings settings = http_to(server.url());
  settings.max_per_second = 5;
  settings.timing = clock.timing();
  const HttpClient client = open_http(settings);
  for (int i = 0; i < 4; ++i) REQUIRE(get(client, "/"));
  CHECK(clock.pauses() == std::vector<long>{200, 200, 200});
}

TEST_CASE("http: a client for looking sends nothing but GET and HEAD") {
  std::atomic<int> calls = 0;
  const FakeHttp server([&calls](const FakeRequest&) {
    ++calls;
    return FakeAnswer{};
  });
  HttpSettings settings = http_to(server.url());
  settings.read_only = true;
  const HttpClient client = open_http(settings);
  for (const std::string method : {"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get"}) {
    const auto reply = client.send({.method = method, .path = "/x", .idempotent = true}, {});
    REQUIRE(!reply);
    CHECK(reply.error().kind == ErrorKind::internal);
    CHECK(reply.error().message ==
          method + " " + server.url() + "/x: opened for looking only, nothing was sent");
  }
  CHECK(calls == 0);
  CHECK(get(client, "/x"));
  CHECK(client.send({.method = "HEAD", .path = "/x"}, {}));
  CHECK(calls == 2);
  CHECK(HttpSettings().read_only);
  // A login changes nothing, and without it some servers show nothing.
  CHECK(client.send({.method = "POST", .path = "/login", .only_reads = true}, {}));
  CHECK(calls == 3);
}

TEST_CASE("http: redirects are not followed") {
  std::atomic<int> calls = 0;
  const FakeHttp other([&calls](const FakeRequest&) {
    ++calls;
    return FakeAnswer{};
  });
  for (const int status : {301, 302, 303, 307, 308}) {
    const FakeHttp server([&](const FakeRequest&) {
      return FakeAnswer{status, "", "text/html", {{"Location", other.url() + "/login?t=1"}}};
    });
    const HttpClient client = open_http(http_to(server.url()));
    const auto reply = get(client, "/");
    REQUIRE(!reply);
    CHECK(reply.error().kind == ErrorKind::invalid_spec);
    CHECK(reply.error().message == "GET " + server.url() + "/: " + std::to_string(status) +
                                       ", it redirects to " + other.url() +
                                       ", which is not followed");
  }
  CHECK(calls == 0);
}

TEST_CASE("http: a status that is judged by the caller is a reply, others are errors") {
  const FakeHttp server([](const FakeRequest& request) {
    return FakeAnswer{request.path == "/gone" ? 404 : 422, R"({"error":"no"})"};
  });
  HttpSettings settings = http_to(server.url());
  settings.refine = [](const HttpRequest& request, const HttpReply& reply, Error error) {
    if (reply.status == 422) error.kind = ErrorKind::conflict;
    error.message += " [" + request.method + "]";
    return error;
  };
  const HttpClient client = open_http(settings);
  const auto judged = client.send({.path = "/gone", .judged = {404}}, {});
  REQUIRE(judged);
  CHECK(judged->status == 404);
  CHECK(get(client, "/gone").error().kind == ErrorKind::not_found);
  const auto refined = get(client, "/bad");
  REQUIRE(!refined);
  CHECK(refined.error().kind == ErrorKind::conflict);
  CHECK(refined.error().message ==
        "GET " + server.url() + "/bad: 422 Unprocessable Entity: no [GET]");
}

TEST_CASE("http: speaks over a unix socket") {
  const TempDir dir;
  const std::string path = dir.path() + "/api.sock";
  std::string seen;
  RawServer server(
      [&seen](Peer& peer, int) {
        while (!(seen = peer.read_request()).empty()) peer.write(http_answer(200, "[1]"));
      },
      path);
  {
    const HttpClient client = open_http(http_to(server.url()));
    const auto reply = get(client, "/v1.43/info");
    REQUIRE(reply);
    CHECK(reply->body == "[1]");
    CHECK(reply->origin == "GET unix://" + path + "/v1.43/info");
    REQUIRE(get(client, "/v1.43/info"));
    CHECK(client.counts().connects == 1);
  }
  const HttpClient lost = open_http(http_to("unix://" + dir.path() + "/none.sock"));
  const auto reply = get(lost, "/");
  REQUIRE(!reply);
  CHECK(reply.error().kind == ErrorKind::transient);
  CHECK(reply.error().message.find("no connection") != std::string::npos);
}

TEST_CASE("http: what is no path or no method is not sent") {
  const HttpClient client = open_http(http_to("http://127.0.0.1:1"));
  for (const std::string path : {"", "x", "/a b", "/a\r\nX: y", "/\xC3\xA4", "/a#b"}) {
    const auto reply = get(client, path);
    REQUIRE(!reply);
    CHECK(reply.error().kind == ErrorKind::internal);
    CHECK(reply.error().message.find('\n') == std::string::npos);
  }
  for (const std::string method : {"", "GET /x", "G\nET"}) {
    CHECK(client.send({.method = method, .path = "/"}, {}).error().kind == ErrorKind::internal);
  }
  const auto smuggled = client.send({.path = "/", .headers = {{"A", "b\r\nC: d"}}}, {});
  CHECK(smuggled.error().kind == ErrorKind::invalid_spec);
  CHECK(client.send({.path = "/", .headers = {{"A b", "c"}}}, {}).error().kind ==
        ErrorKind::internal);
  CHECK(client.counts().calls == 0);
}

TEST_CASE("http: the environment's proxy is not used") {
  const FakeHttp server([](const FakeRequest&) { return FakeAnswer{}; });
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  const HttpClient client = open_http(http_to(server.url()));
  const auto reply = get(client, "/");
  unsetenv("http_proxy");
  CHECK(reply);
}
