// Ten thousand clients that say nothing: they are another process, so that what is counted here is
// the server's.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "providers/core/http.hpp"
#include "reconciler/serve/server.hpp"
#include "tests/support/certificate.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat {
namespace {

constexpr std::size_t clients = 10'000;
constexpr std::size_t room = 200;
constexpr std::chrono::minutes long_enough(2);

// In the child, between fork and exit: system calls and memory that was there before.
[[noreturn]] void be_idle(int port, int told, int tell, std::vector<int>& sockets) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int connected = 0;
  for (int& one : sockets) {
    one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (one < 0) _exit(1);
    if (connect(one, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) ++connected;
  }
  [[maybe_unused]] ssize_t done = write(tell, &connected, sizeof connected);
  char word = 0;
  done = read(told, &word, 1);
  int open = 0;
  for (const int one : sockets) {
    pollfd waited{one, POLLIN | POLLRDHUP, 0};
    if (poll(&waited, 1, 0) == 0) ++open;
  }
  done = write(tell, &open, sizeof open);
  done = read(told, &word, 1);
  _exit(0);
}

// The clients' process. It goes with this.
class Crowded {
 public:
  explicit Crowded(int port) {
    std::array<int, 2> up{};
    std::array<int, 2> down{};
    if (pipe(up.data()) != 0 || pipe(down.data()) != 0) throw std::runtime_error("no pipe");
    std::vector<int> sockets(clients, -1);
    child_ = fork();
    if (child_ == 0) be_idle(port, down[0], up[1], sockets);
    close(up[1]);
    close(down[0]);
    told_ = up[0];
    tell_ = down[1];
  }
  Crowded(const Crowded&) = delete;
  Crowded& operator=(const Crowded&) = delete;
  ~Crowded() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    close(told_);
    close(tell_);
  }
  // What it reports next, where it does so now.
  std::optional<int> report(int wait_ms) const {
    pollfd waited{told_, POLLIN, 0};
    int count = -1;
    if (poll(&waited, 1, wait_ms) != 1 || read(told_, &count, sizeof count) != sizeof count) {
      return std::nullopt;
    }
    return count;
  }
  void go_on() const { [[maybe_unused]] const ssize_t done = write(tell_, "x", 1); }

 private:
  pid_t child_ = -1;
  int told_ = -1;
  int tell_ = -1;
};

std::size_t descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& one : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t whole = 0;
  std::size_t resident = 0;
  in >> whole >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

bool enough_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max >= clients + 100) return true;
  std::printf("skipped: %zu connections need more descriptors than we may have (rights)\n",
              clients);
  return false;
}

template <class Condition>
bool comes_true(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + long_enough;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

// `ask`: whether /healthz is answered.
void flood(const ServerSettings& settings, const std::function<bool(int)>& ask) {
  if (!enough_descriptors()) return;
  const auto server = Server::open(
      settings, {{.method = "GET", .path = "/healthz", .handle = [](const auto&, const auto&) {
                    return ServeReply{.status = 200, .headers = {}, .body = "alive"};
                  }}});
  REQUIRE_MESSAGE(server, to_string(server.error()));
  REQUIRE(ask(server->port()));
  const std::size_t descriptors_before = descriptors();
  const std::size_t memory_before = resident_bytes();
  std::size_t most_descriptors = 0;
  std::size_t answered = 0;
  {
    const Crowded crowd(server->port());
    std::optional<int> connected;
    const auto end = std::chrono::steady_clock::now() + long_enough;
    while (!connected && std::chrono::steady_clock::now() < end) {
      REQUIRE_MESSAGE(ask(server->port()), "while they come");
      ++answered;
      most_descriptors = std::max(most_descriptors, descriptors());
      connected = crowd.report(0);
    }
    CHECK(connected == static_cast<int>(clients));
    CHECK(comes_true([&] { return server->counts().accepted >= clients + answered; }));
    CHECK_MESSAGE(ask(server->port()), "while they are there");
    CHECK(comes_true([&] { return server->counts().open <= room; }));
    // Dropped, and not for being late: that limit is an hour here.
    CHECK(server->counts().dropped >= clients - room);
    CHECK(server->counts().late == 0);
    crowd.go_on();
    const auto open = crowd.report(60'000);
    REQUIRE(open);
    CHECK(*open <= static_cast<int>(room));
    CHECK_MESSAGE(*open >= static_cast<int>(room) / 2, "what there is room for may stay");
    CHECK(most_descriptors <= descriptors_before + room + 200);
    // Each connection has its buffers; TLS has more of them.
    CHECK(resident_bytes() < memory_before + (std::size_t{48} << 20));
  }
  CHECK_MESSAGE(comes_true([&] { return server->counts().open == 0; }), "they are gone");
  CHECK(descriptors() <= descriptors_before);
  CHECK(ask(server->port()));
}

ServerSettings settings() {
  return {.listen = "127.0.0.1:0", .max_connections = room, .receive_limit = std::chrono::hours(1)};
}

TEST_SUITE_BEGIN("once");

TEST_CASE("server: with 10,000 silent clients /healthz answers, and what they cost is bounded") {
  flood(settings(),
        [](int port) { return test::raw_http(port, "GET", "/healthz").body == "alive"; });
}

TEST_CASE("server: with 10,000 clients that begin no TLS /healthz answers likewise") {
  const TempDir folder;
  const auto made = test::make_certificate({.folder = folder.path(), .file = "own"});
  std::filesystem::permissions(made.key_file, std::filesystem::perms(0600));
  ServerSettings tls = settings();
  tls.certificate_file = made.file;
  tls.key_file = made.key_file;
  flood(tls, [&made](int port) {
    HttpSettings to;
    to.name = "t";
    to.url = "https://127.0.0.1:" + std::to_string(port);
    to.fingerprint = made.fingerprint;
    to.retries = 0;
    to.total_limit = to.idle_limit = to.connect_limit = long_enough;
    const auto client = HttpClient::open(to);
    if (!client) return false;
    const auto reply = client->send({.path = "/healthz"}, {});
    if (!reply) MESSAGE(to_string(reply.error()));
    return reply && reply->body == "alive";
  });
}

TEST_SUITE_END();

}  // namespace
}  // namespace homeostat
