#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "tests/providers/core/http_lab.hpp"
#include "tests/support/raw_server.hpp"

using namespace homeostat;
using namespace homeostat::test;
using std::chrono::milliseconds;

namespace {

const std::string endless_head =
    "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

// Sends the head, then chunks until the client goes.
void send_for_ever(Peer& peer) {
  peer.read_request();
  const std::string chunk = "1000\r\n" + std::string(0x1000, ' ') + "\r\n";
  if (!peer.write(endless_head)) return;
  while (peer.write(chunk)) {
  }
}

Error error_from(const RawServer::Script& script, HttpSettings settings) {
  RawServer server(script);
  settings.url = server.url();
  const auto reply = get(open_http(settings), "/x");
  REQUIRE(!reply);
  Error error = reply.error();
  const std::string at = "GET " + server.url() + "/x: ";
  CHECK(error.message.starts_with(at));
  error.message.erase(0, at.size());
  return error;
}

}  // namespace

TEST_CASE("http faults: a silent server is given up") {
  HttpSettings settings = patient(http_to(""));
  settings.idle_limit = milliseconds(50);
  const Error error = error_from(
      [](Peer& peer, int) {
        peer.read_request();
        peer.wait_for_end();
      },
      settings);
  CHECK(error.kind == ErrorKind::transient);
  CHECK(error.message == "no answer in 50 ms");
  CHECK(error.exhausted);
}

TEST_CASE("http faults: a server that falls silent in its answer is given up") {
  HttpSettings settings = patient(http_to(""));
  settings.idle_limit = milliseconds(50);
  const Error error = error_from(
      [](Peer& peer, int) {
        peer.read_request();
        peer.write("HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\n12345");
        peer.wait_for_end();
      },
      settings);
  CHECK(error.message == "no answer in 50 ms");
}

TEST_CASE("http faults: a server that answers for ever, byte by byte, is given up") {
  HttpSettings settings = patient(http_to(""));
  settings.total_limit = milliseconds(200);
  settings.max_body_bytes = std::size_t{1} << 40;
  const Error error = error_from(
      [](Peer& peer, int) {
        peer.read_request();
        peer.write(endless_head);
        while (peer.write("1\r\n \r\n")) {
        }
      },
      settings);
  CHECK(error.kind == ErrorKind::transient);
  CHECK(error.message == "not answered in full in 200 ms");
  CHECK(error.exhausted);
}

TEST_CASE("http faults: a host that takes no connection is given up") {
  // Its queue of one is full, so that a further connection is neither taken nor refused.
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0);
  REQUIRE(listen(listener, 0) == 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    (void)connect(fillers.back(), reinterpret_cast<sockaddr*>(&address), length);
  }
  HttpSettings settings =
      patient(http_to("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port))));
  settings.connect_limit = milliseconds(100);
  settings.retries = 3;
  const HttpClient client = open_http(settings);
  const auto reply = client.send({.method = "POST", .path = "/"}, {});
  REQUIRE(!reply);
  CHECK(reply.error().kind == ErrorKind::transient);
  CHECK(reply.error().message.ends_with("/: no connection in 100 ms"));
  CHECK(reply.error().exhausted);
  for (const int filler : fillers) close(filler);
  close(listener);
}

TEST_CASE("http faults: a connection that is closed or reset before an answer") {
  const Error closed = error_from([](Peer& peer, int) { peer.read_request(); }, http_to(""));
  CHECK(closed.kind == ErrorKind::transient);
  CHECK(closed.message == "the connection was closed before an answer");
  const Error reset = error_from(
      [](Peer& peer, int) {
        peer.read_request();
        peer.reset();
      },
      http_to(""));
  CHECK(reset.kind == ErrorKind::transient);
  CHECK(reset.message.starts_with("the connection broke: "));
}

TEST_CASE("http faults: an answer that is cut off is no answer") {
  const Error plain = error_from(
      [](Peer& peer, int) {
        peer.read_request();
        peer.write("HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\n[1,2]");
      },
      http_to(""));
  CHECK(plain.kind == ErrorKind::transient);
  CHECK(plain.message == "the answer was cut off after 5 bytes");
  const Error chunked = error_from(
      [](Peer& peer, int) {
        peer.read_request();
        peer.write(endless_head + "5\r\n[1,2]\r\n");
      },
      http_to(""));
  CHECK(chunked.kind == ErrorKind::transient);
}

TEST_CASE("http faults: what is not HTTP is said to be so") {
  const Error error = error_from(
      [](Peer& peer, int) {
        peer.read_request();
        peer.write("220 mail.example.org ESMTP\r\n");
      },
      http_to(""));
  CHECK(error.kind == ErrorKind::internal);
  CHECK(error.message.starts_with("it does not speak HTTP: "));
}

TEST_CASE("http faults: a body of a gigabyte is refused by its length, before it comes") {
  RawServer server([](Peer& peer, int) {
    peer.read_request();
    peer.write("HTTP/1.1 200 X\r\nContent-Length: 1073741824\r\n\r\n");
    const std::string part(1 << 16, ' ');
    while (peer.write(part)) {
    }
  });
  const HttpClient client = open_http(patient(http_to(server.url())));
  const auto reply = get(client, "/");
  REQUIRE(!reply);
  CHECK(reply.error().kind == ErrorKind::internal);
  CHECK(reply.error().message == "GET " + server.url() + "/: the answer is larger than 67.1 MB");
  CHECK(client.counts().bytes_received < 100'000);
}

TEST_CASE("http faults: a body without an end is refused where the limit is") {
  RawServer server([](Peer& peer, int) { send_for_ever(peer); });
  HttpSettings settings = patient(http_to(server.url()));
  settings.max_body_bytes = 200'000;
  const HttpClient client = open_http(settings);
  const auto reply = get(client, "/");
  REQUIRE(!reply);
  CHECK(reply.error().kind == ErrorKind::internal);
  CHECK(reply.error().message.ends_with("/: the answer is larger than 200.0 kB"));
  CHECK(client.counts().bytes_received < 300'000);
}

TEST_CASE("http faults: a body of just the limit is taken") {
  RawServer server([](Peer& peer, int) {
    while (!peer.read_request().empty()) peer.write(http_answer(200, std::string(1000, ' ')));
  });
  HttpSettings settings = http_to(server.url());
  settings.max_body_bytes = 1000;
  CHECK(get(open_http(settings), "/"));
  settings.max_body_bytes = 999;
  CHECK(!get(open_http(settings), "/"));
}

TEST_CASE("http faults: headers without an end are refused") {
  const Error error = error_from(
      [](Peer& peer, int) {
        peer.read_request();
        peer.write("HTTP/1.1 200 X\r\n");
        while (peer.write("X-More: and more and more and more\r\n")) {
        }
      },
      patient(http_to("")));
  CHECK(error.kind == ErrorKind::internal);
  CHECK(error.message == "the answer's headers do not end");
}

TEST_CASE("http faults: a client goes on after any of them") {
  RawServer server([](Peer& peer, int connection) {
    if (connection == 1) return send_for_ever(peer);
    while (!peer.read_request().empty()) peer.write(http_answer(200, "{}"));
  });
  HttpSettings settings = patient(http_to(server.url()));
  settings.max_body_bytes = 10'000;
  const HttpClient client = open_http(settings);
  CHECK(!get(client, "/"));
  CHECK(get(client, "/"));
  CHECK(get(client, "/"));
  CHECK(server.connections() == 2);
}

TEST_CASE("http stop: a call is given up while a server is silent, or sends for ever") {
  for (const bool silent : {true, false}) {
    std::stop_source stop;
    RawServer server([&stop, silent](Peer& peer, int) {
      if (silent) {
        peer.read_request();
        stop.request_stop();
        peer.wait_for_end();
      } else {
        stop.request_stop();
        send_for_ever(peer);
      }
    });
    HttpSettings settings = patient(http_to(server.url()));
    settings.max_body_bytes = std::size_t{1} << 40;
    settings.retries = 3;
    const auto reply = open_http(settings).send({.path = "/"}, stop.get_token());
    REQUIRE(!reply);
    CHECK(reply.error().kind == ErrorKind::cancelled);
    CHECK(reply.error().message == "GET " + server.url() + "/: stopped");
    CHECK(server.connections() == 1);
  }
}

TEST_CASE("http stop: a pause before a retry is given up, and one that the server asked for") {
  for (const std::string after : {"", "Retry-After: 50\r\n"}) {
    std::stop_source stop;
    RawServer server([&](Peer& peer, int) {
      peer.read_request();
      peer.write(http_answer(503, "{}", after));
      peer.wait_for_end();
    });
    HttpSettings settings = patient(http_to(server.url()));
    settings.retries = 3;
    // A pause of five minutes, at which somebody stops us.
    settings.timing.chance = [&stop] {
      stop.request_stop();
      return 600.0;
    };
    const auto reply = open_http(settings).send({.path = "/"}, stop.get_token());
    REQUIRE(!reply);
    CHECK(reply.error().kind == ErrorKind::cancelled);
    CHECK(server.connections() == 1);
  }
}

TEST_CASE("http stop: a call that waits for its turn is given up") {
  std::mutex mutex;
  std::condition_variable changed;
  bool busy = false;
  RawServer server([&](Peer& peer, int) {
    peer.read_request();
    {
      const std::lock_guard lock(mutex);
      busy = true;
    }
    changed.notify_all();
    peer.wait_for_end();
  });
  HttpSettings settings = patient(http_to(server.url()));
  settings.max_in_flight = 1;
  const HttpClient client = open_http(settings);
  std::stop_source first_stop;
  std::jthread first([&] { (void)client.send({.path = "/"}, first_stop.get_token()); });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return busy; });
  }
  std::stop_source second_stop;
  std::jthread stopper([&] { second_stop.request_stop(); });
  const auto second = client.send({.path = "/"}, second_stop.get_token());
  REQUIRE(!second);
  CHECK(second.error().kind == ErrorKind::cancelled);
  CHECK(client.counts().calls == 0);  // the first one still runs
  first_stop.request_stop();
}
