// Questions as people get them: on a terminal.
#include <doctest/doctest.h>
#include <poll.h>
#include <pty.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>

#include "tests/e2e/lab.hpp"

namespace homeostat::test {
namespace {

// homeostat WORDS... on a terminal of its own.
class Terminal {
 public:
  Terminal(const Lab& lab, std::vector<std::string> words) {
    words.insert(words.begin(), Lab::binary());
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    child_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
    REQUIRE(child_ >= 0);
    if (child_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setenv("HOMEOSTAT_STATE_DIR", lab.state().c_str(), 1);
    setenv("NO_COLOR", "1", 1);
    if (::chdir(lab.folder().c_str()) != 0) _exit(126);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    ::close(terminal_);
  }

  // Reads on until it shows; false after half a minute, or at the end.
  bool shows(const std::string& text) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!has(seen_, text) && std::chrono::steady_clock::now() < until && read_more()) {
    }
    return has(seen_, text);
  }
  void type(const std::string& keys) const {
    REQUIRE(::write(terminal_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
  }
  void signal(int number) const { ::kill(child_, number); }
  // Its exit code; -1 where it does not end.
  int end() {
    if (!shows_the_end()) return -1;
    int status = 0;
    waitpid(child_, &status, 0);
    child_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  [[nodiscard]] const std::string& seen() const { return seen_; }

 private:
  bool read_more() {
    pollfd there = {.fd = terminal_, .events = POLLIN, .revents = 0};
    if (poll(&there, 1, 100) == 0) return true;
    char bytes[4096];
    const ssize_t count = ::read(terminal_, bytes, sizeof bytes);
    if (count <= 0) return false;  // EIO: nobody holds the other end
    seen_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  bool shows_the_end() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < until) {
      if (!read_more()) return true;
    }
    return false;
  }

  int terminal_ = -1;
  pid_t child_ = 0;
  std::string seen_;
};

constexpr const char* question = "Only `yes` is taken: ";

}  // namespace

TEST_CASE("terminal: only `yes` is a yes") {
  Lab lab;
  for (const std::string answer : {"\n", "y\n", "YES\n", "no\n", "\x04"}) {
    CAPTURE(answer);
    Terminal apply(lab, {"apply"});
    REQUIRE(apply.shows(question));
    apply.type(answer);
    CHECK(apply.end() != 0);
  }
  CHECK(Lab::snapshot(lab.folder() + "/live").empty());
  Terminal apply(lab, {"apply"});
  REQUIRE(apply.shows(question));
  apply.type("yes\n");
  CHECK(apply.end() == 0);
  CHECK(lab.exists("live/pve/container/forgejo.yaml"));
}

TEST_CASE("terminal: who is asked can go, and whoever is next finds nothing locked") {
  Lab lab;
  const auto go = [](Terminal& asked, int signal) {
    if (signal == 0) {
      asked.type("\x03");  // Ctrl-C
    } else {
      asked.signal(signal);
    }
  };
  for (const int signal : {0, SIGTERM}) {
    CAPTURE(signal);
    Terminal apply(lab, {"apply"});
    REQUIRE(apply.shows(question));
    go(apply, signal);
    CHECK(apply.end() == 1);
    CHECK(has(apply.seen(), "stopped before there was an answer"));
    Terminal trust(lab, {"plan"});
    CHECK(trust.end() == 2);
  }
  CHECK(Lab::snapshot(lab.folder() + "/live").empty());
  lab.apply();
}

}  // namespace homeostat::test
