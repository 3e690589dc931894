#include "reconciler/serve/server.hpp"

#include <doctest/doctest.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "providers/core/http.hpp"
#include "tests/support/certificate.hpp"
#include "tests/support/client_socket.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat {
namespace {

using std::chrono::milliseconds;
using test::ClientSocket;
using test::raw_http;

constexpr std::chrono::seconds a_minute(60);

ServeReply say(const std::string& text) { return {.status = 200, .headers = {}, .body = text}; }

Route route(const std::string& method, const std::string& path,
            std::function<ServeReply(const ServeRequest&)> handle) {
  return {.method = method,
          .path = path,
          .handle = [handle = std::move(handle)](const auto& request, const auto&) {
            return handle(request);
          }};
}

Route healthz() {
  return route("GET", "/healthz", [](const ServeRequest&) { return say("alive"); });
}

Server serve(std::vector<Route> routes, ServerSettings settings = {}) {
  if (settings.listen.empty()) settings.listen = "127.0.0.1:0";
  auto server = Server::open(std::move(settings), std::move(routes));
  if (!server) FAIL(to_string(server.error()));
  return std::move(*server);
}

std::string error_of(const ServerSettings& settings) {
  const auto server = Server::open(settings, {healthz()});
  return server ? "" : to_string(server.error());
}

TEST_CASE("server: a request comes to its route with all that was sent") {
  ServeRequest seen;
  Route hook = route("POST", "/webhooks/{site}", [&seen](const ServeRequest& request) {
    seen = request;
    return ServeReply{.status = 202, .headers = {{"X-Seen", "yes"}}, .body = "{}"};
  });
  hook.max_body_bytes = 100;
  const Server server = serve({hook});
  const auto reply =
      raw_http(server.port(), "POST", "/webhooks/ho%6De?a=1&b=x%20y%00z&a=2",
               std::string("q\0r", 3), "X-Signature: abc\r\nX-Twice: 1\r\nx-twice: 2\r\n");
  CHECK(reply.status == 202);
  CHECK(reply.head.find("X-Seen: yes") != std::string::npos);
  CHECK(reply.head.find("Content-Type: application/json") != std::string::npos);
  CHECK(seen.method == "POST");
  CHECK(seen.path == "/webhooks/ho%6De");
  CHECK(seen.parameter == "home");
  CHECK(seen.query == std::multimap<std::string, std::string>{
                          {"a", "1"}, {"a", "2"}, {"b", std::string("x y\0z", 5)}});
  CHECK(seen.header("x-signature") == "abc");
  CHECK(seen.header("x-twice") == "1, 2");
  CHECK(seen.body == std::string("q\0r", 3));
  CHECK(seen.peer == "127.0.0.1");
}

TEST_CASE("server: several requests go over one connection") {
  const Server server = serve({healthz()});
  const ClientSocket client(server.port());
  for (int i = 0; i < 3; ++i) {
    REQUIRE(client.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(client.read_until("alive").starts_with("HTTP/1.1 200"));
  }
  // Two at once.
  REQUIRE(
      client.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /no HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(client.read_until("nothing is here").find("404") != std::string::npos);
  CHECK(server.counts().accepted == 1);
  CHECK(server.counts().requests == 5);
}

TEST_CASE("server: what it does not have or do, it says, as JSON with a hint") {
  Route post = route("POST", "/hook", [](const ServeRequest&) { return say(""); });
  const Server server = serve({healthz(), post});
  const auto unknown = raw_http(server.port(), "GET", "/healthz/");
  CHECK(unknown.status == 404);
  CHECK(nlohmann::json::parse(unknown.body).contains("hint"));
  const auto wrong = raw_http(server.port(), "DELETE", "/healthz");
  CHECK(wrong.status == 405);
  CHECK(wrong.head.find("Allow: GET, HEAD") != std::string::npos);
  CHECK(raw_http(server.port(), "GET", "/hook").head.find("Allow: POST") != std::string::npos);
  CHECK(raw_http(server.port(), "GET", "/webhooks//x").status == 404);
  const auto head = raw_http(server.port(), "HEAD", "/healthz");
  CHECK(head.status == 200);
  CHECK(head.head.find("Content-Length: 5") != std::string::npos);
  CHECK(head.body.empty());
}

TEST_CASE("server: a handler that throws gives 500, and the server goes on") {
  const Server server =
      serve({healthz(), route("GET", "/bad", [](const ServeRequest&) -> ServeReply {
               throw std::runtime_error("inner matters");
             })});
  const auto reply = raw_http(server.port(), "GET", "/bad");
  CHECK(reply.status == 500);
  CHECK(reply.body.find("inner matters") == std::string::npos);
  CHECK(raw_http(server.port(), "GET", "/healthz").status == 200);
}

TEST_CASE("server: a body that is too long is refused before it is read") {
  int handled = 0;
  Route hook = route("POST", "/hook", [&handled](const ServeRequest& request) {
    ++handled;
    return say(std::to_string(request.body.size()));
  });
  hook.max_body_bytes = 100'000;
  const Server server = serve({healthz(), hook});
  CHECK(raw_http(server.port(), "POST", "/hook", std::string(100'000, 'x')).body == "100000");
  const ClientSocket client(server.port());
  REQUIRE(client.write("POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n"));
  CHECK(client.read_until("are read here").starts_with("HTTP/1.1 413"));
  CHECK(client.closes_within(a_minute));
  CHECK(raw_http(server.port(), "GET", "/healthz", "x").status == 413);
  const ClientSocket pieces(server.port());
  REQUIRE(pieces.write("POST /hook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
  CHECK(pieces.read_until("Content-Length\"}").starts_with("HTTP/1.1 411"));
  CHECK(handled == 1);
}

TEST_CASE("server: bodies that come in at once are bounded together") {
  Route hook = route("POST", "/hook", [](const ServeRequest&) { return say("taken"); });
  hook.max_body_bytes = 1000;
  const Server server = serve({healthz(), hook}, {.max_bodies_bytes = 1500});
  const std::string head = "POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
  const ClientSocket first(server.port());
  const ClientSocket second(server.port());
  // The first one's bytes are there when a later connection has its answer.
  REQUIRE(first.write(head + std::string(999, 'x')));
  CHECK(raw_http(server.port(), "GET", "/healthz").status == 200);
  REQUIRE(second.write(head + std::string(999, 'x')));
  CHECK(second.closes_within(a_minute));
  REQUIRE(first.write("x"));
  CHECK(first.read_until("taken").starts_with("HTTP/1.1 200"));
  CHECK_MESSAGE(raw_http(server.port(), "POST", "/hook", std::string(1000, 'x')).status == 200,
                "what has gone counts no more");
}

TEST_CASE("server: heads that are too long, and what is no HTTP, are answered or closed") {
  const Server server = serve({healthz()});
  const std::string long_head =
      "GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + std::string(100'000, 'a') + "\r\n\r\n";
  CHECK(test::raw_exchange(server.port(), long_head).find(" 200 ") == std::string::npos);
  const std::string long_path =
      "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n";
  CHECK(test::raw_exchange(server.port(), long_path).find(" 200 ") == std::string::npos);
  for (const std::string& garbage :
       {std::string("garbage\r\n\r\n"), std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9),
        std::string("GET\r\n\r\n"), std::string("GET /healthz HTTP/1.1\r\n\r\n"),
        std::string("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999"
                    "\r\n\r\n"),
        std::string(200'000, '\n'), std::string(200'000, '\0')}) {
    const ClientSocket client(server.port());
    client.write(garbage);
    client.write("\r\n\r\n");
    CHECK(raw_http(server.port(), "GET", "/healthz").status == 200);
  }
}

TEST_CASE("server: who is silent, or dribbles a head or a body, is let go in time") {
  Route hook = route("POST", "/hook", [](const ServeRequest&) { return say(""); });
  hook.max_body_bytes = 100'000;
  const Server server = serve({healthz(), hook}, {.receive_limit = milliseconds(200)});
  const ClientSocket silent(server.port());
  CHECK(silent.closes_within(a_minute));
  // Bytes keep coming, so nothing is idle; yet the whole request has its limit.
  for (const std::string& beginning :
       {std::string("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "),
        std::string("POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n")}) {
    const ClientSocket dribbling(server.port());
    REQUIRE(dribbling.write(beginning));
    const auto end = std::chrono::steady_clock::now() + a_minute;
    bool closed = false;
    while (!closed && std::chrono::steady_clock::now() < end) {
      closed = !dribbling.write("x") || dribbling.closes_within(milliseconds(20));
    }
    CHECK(closed);
  }
  CHECK(server.counts().late == 3);
}

TEST_CASE("server: who does not take the answer is let go in time") {
  const std::string large(std::size_t{32} << 20, 'x');
  const Server server =
      serve({healthz(), route("GET", "/large", [&large](const auto&) { return say(large); })},
            {.send_limit = milliseconds(200)});
  const ClientSocket client(server.port());
  client.set_small_buffer();
  REQUIRE(client.write("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
  const auto end = std::chrono::steady_clock::now() + a_minute;
  while (server.counts().late == 0 && std::chrono::steady_clock::now() < end) {
    CHECK(raw_http(server.port(), "GET", "/healthz").status == 200);
  }
  CHECK(server.counts().late == 1);
  CHECK(client.closes_within(a_minute));
}

TEST_CASE("server: what takes long runs beside, and what is too much of it is refused") {
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0;
  bool open = false;
  Route plan = route("GET", "/plan", [&](const ServeRequest&) {
    std::unique_lock lock(mutex);
    ++running;
    changed.notify_all();
    changed.wait(lock, [&] { return open; });
    return say("planned");
  });
  plan.slow = true;
  const Server server = serve({healthz(), plan}, {.slow_threads = 2, .max_slow = 3});
  const std::string ask = "GET /plan HTTP/1.1\r\nHost: x\r\n\r\n";
  std::vector<std::unique_ptr<ClientSocket>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<ClientSocket>(server.port()));
    REQUIRE(clients.back()->write(ask));
  }
  {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, a_minute, [&] { return running == 2; }));
  }
  CHECK(raw_http(server.port(), "GET", "/healthz").body == "alive");
  const auto refused = raw_http(server.port(), "GET", "/plan");
  CHECK(refused.status == 503);
  CHECK(refused.head.find("Retry-After: 5") != std::string::npos);
  {
    const std::lock_guard lock(mutex);
    CHECK(running == 2);
    open = true;
  }
  changed.notify_all();
  for (const auto& client : clients) {
    CHECK(client->read_until("planned").starts_with("HTTP/1.1 200"));
  }
  CHECK(raw_http(server.port(), "GET", "/plan").body == "planned");
}

TEST_CASE("server: a stop ends what is slow, lets its answer go out, and takes no more") {
  std::mutex mutex;
  std::condition_variable_any changed;
  bool running = false;
  Route plan{.method = "GET",
             .path = "/plan",
             .handle =
                 [&](const ServeRequest&, const std::stop_token& stop) {
                   std::unique_lock lock(mutex);
                   running = true;
                   changed.notify_all();
                   changed.wait(lock, stop, [] { return false; });
                   return say("stopped");
                 },
             .slow = true};
  auto server = std::make_unique<Server>(serve({plan}, {.slow_threads = 1}));
  const int port = server->port();
  const ClientSocket idle(port);
  const ClientSocket first(port);
  const ClientSocket second(port);
  REQUIRE(first.write("GET /plan HTTP/1.1\r\nHost: x\r\n\r\n"));
  {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, a_minute, [&] { return running; }));
  }
  REQUIRE(second.write("GET /plan HTTP/1.1\r\nHost: x\r\n\r\n"));
  server.reset();
  CHECK(first.read_until("stopped").starts_with("HTTP/1.1 200"));
  CHECK(first.closes_within(a_minute));
  CHECK(second.closes_within(a_minute));
  CHECK(idle.closes_within(a_minute));
  CHECK(test::raw_exchange(port, "GET /plan HTTP/1.1\r\n\r\n").empty());
}

TEST_CASE("server: TLS with a certificate of one's own, and with none that does not fit") {
  const TempDir folder;
  const auto good = test::make_certificate({.folder = folder.path(), .file = "good"});
  const auto other = test::make_certificate({.folder = folder.path(), .file = "other"});
  for (const auto& made : {good, other}) {
    std::filesystem::permissions(made.key_file, std::filesystem::perms(0600));
  }
  const Server server =
      serve({healthz()}, {.certificate_file = good.file, .key_file = good.key_file});
  CHECK(server.url() == "https://127.0.0.1:" + std::to_string(server.port()));
  const auto client = HttpClient::open({.name = "t", .url = server.url(), .ca_file = good.file});
  REQUIRE(client);
  const auto reply = client->send({.path = "/healthz"}, {});
  REQUIRE_MESSAGE(reply, to_string(reply.error()));
  CHECK(reply->body == "alive");
  // Plain text at the TLS port neither answers nor harms.
  CHECK(raw_http(server.port(), "GET", "/healthz").status == 0);
  CHECK(client->send({.path = "/healthz"}, {}));

  const auto with = [](const std::string& certificate, const std::string& key) {
    return error_of({.listen = "127.0.0.1:0", .certificate_file = certificate, .key_file = key});
  };
  CHECK(with(good.file, other.key_file).find("is not the one of the certificate") !=
        std::string::npos);
  CHECK(with(good.file, "").find("needs a certificate and its key") != std::string::npos);
  CHECK(with(good.file, "/nowhere/key").find("cannot read the key") != std::string::npos);
  CHECK(with(good.key_file, good.key_file).find("holds no certificate") != std::string::npos);
  CHECK(with(good.file, good.file).find("open to everybody") != std::string::npos);
}

TEST_CASE("server: an address that is none, or taken, is an error that says so") {
  const Server server = serve({healthz()});
  const std::string taken = "127.0.0.1:" + std::to_string(server.port());
  CHECK(
      error_of({.listen = taken}).find("cannot listen on " + taken + ": Address already in use") !=
      std::string::npos);
  for (const char* wrong : {"", "8471", "localhost:8471", "127.0.0.1", "127.0.0.1:70000",
                            "::1:8471", "[::1]", "[127.0.0.1]:8471", "127.0.0.1:x"}) {
    CAPTURE(wrong);
    CHECK(error_of({.listen = wrong}).find("no address to listen on") != std::string::npos);
  }
}

TEST_CASE("server: IPv6, where the machine has it") {
  const auto server = Server::open({.listen = "[::1]:0"}, {healthz()});
  if (!server) {
    CHECK(to_string(server.error()).find("cannot listen on [::1]:0") != std::string::npos);
    return;
  }
  const auto client = HttpClient::open({.name = "t", .url = server->url()});
  REQUIRE(client);
  CHECK(client->send({.path = "/healthz"}, {}));
}

}  // namespace
}  // namespace homeostat
