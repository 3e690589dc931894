#include "reconciler/run_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <system_error>

namespace homeostat {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How often a program that says nothing is looked after.
constexpr milliseconds glance{20};

class Descriptor {
 public:
  explicit Descriptor(int opened) : fd_(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() { close(); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

tl::unexpected<Error> cannot_run(const Command& command, int code) {
  ErrorKind kind = ErrorKind::internal;
  if (code == ENOENT) kind = ErrorKind::not_found;
  const bool may_pass = code == EAGAIN || code == ENOMEM || code == EMFILE || code == ENFILE;
  if (may_pass) kind = ErrorKind::transient;
  return fail(kind, fmt::format("cannot run {}: {}", command.words.front(),
                                std::generic_category().message(code)));
}

// A program that is running, with all that it started. Killed where it does not end by itself.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child(Child&&) = delete;
  Child& operator=(Child&&) = delete;
  ~Child() { end(); }
  // Not reaped by this: until it is, no other group can have its number.
  [[nodiscard]] bool has_ended() const {
    siginfo_t info = {};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid_;
  }
  // The status as waitpid() gives it. Whatever still runs of its group is killed.
  int end() {
    int status = 0;
    if (pid_ <= 0) return status;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

// A file in memory rather than a pipe: nobody has to feed it, and nobody is hurt where it is not
// read.
int input_file(const std::string& input) {
  if (input.empty()) return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int file = ::memfd_create("input", MFD_CLOEXEC);
  std::size_t written = 0;
  while (file >= 0 && written < input.size()) {
    const ssize_t count = ::write(file, input.data() + written, input.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      ::close(file);
      return -1;
    }
    written += static_cast<std::size_t>(count);
  }
  if (file >= 0) ::lseek(file, 0, SEEK_SET);
  return file;
}

// Zero, or why not; `pid` of the leader of a new session.
int spawn(const Command& command, int input, int output, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addchdir_np(&actions, command.folder.c_str());
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  sigset_t none;
  sigset_t usual;
  sigemptyset(&none);
  sigfillset(&usual);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(
      &attributes,
      static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  std::vector<char*> argv;
  for (const std::string& word : command.words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const int code = ::posix_spawnp(&pid, argv.front(), &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return code;
}

// What it says meanwhile.
class Talk {
 public:
  Talk(int fd, std::size_t limit) : fd_(fd), limit_(limit) {}
  // Waits for `pause` where there is nothing to read. False: no more will come.
  bool listen(milliseconds pause) {
    if (closed_) return false;
    pollfd wanted{fd_, POLLIN, 0};
    if (::poll(&wanted, 1, static_cast<int>(pause.count())) <= 0) return true;
    std::array<char, 4096> buffer = {};
    const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
    if (got > 0) said_.append(buffer.data(), static_cast<std::size_t>(got));
    closed_ = got == 0 || (got < 0 && errno != EINTR);
    return !closed_;
  }
  // What lies in the pipe when its writer has ended.
  void listen_to_the_rest() {
    while (!too_much() && !closed_) {
      pollfd wanted{fd_, POLLIN, 0};
      if (::poll(&wanted, 1, 0) <= 0) return;
      listen(milliseconds(0));
    }
  }
  [[nodiscard]] bool too_much() const { return said_.size() > limit_; }
  [[nodiscard]] std::string take() { return std::move(said_); }

 private:
  const int fd_;
  const std::size_t limit_;
  std::string said_;
  bool closed_ = false;
};

// Until it has ended; else why it may not go on.
std::optional<CommandEnd> watch(const Child& child, Talk& talk, Clock::time_point deadline,
                                const std::stop_token& stop) {
  while (true) {
    if (stop.stop_requested()) return CommandEnd::stopped;
    if (child.has_ended()) {
      talk.listen_to_the_rest();
      return talk.too_much() ? std::optional(CommandEnd::too_much_output) : std::nullopt;
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return CommandEnd::out_of_time;
    // Who closes it is about to end: that is worth a shorter look.
    if (!talk.listen(std::min(left, glance))) ::poll(nullptr, 0, 5);
    if (talk.too_much()) return CommandEnd::too_much_output;
  }
}

}  // namespace

std::string to_string(const CommandResult& result, const Command& command) {
  switch (result.end) {
    case CommandEnd::exited:
      return fmt::format("exit code {}", result.code);
    case CommandEnd::signalled:
      return fmt::format("signal {}", result.code);
    case CommandEnd::out_of_time:
      return fmt::format("did not end in {} s",
                         std::chrono::duration<double>(command.time_limit).count());
    case CommandEnd::too_much_output:
      return fmt::format("wrote more than {} KiB", command.output_limit / 1024);
    case CommandEnd::stopped:
      break;
  }
  return "stopped";
}

Result<CommandResult> run_command(const Command& command, const std::stop_token& stop) {
  const Clock::time_point deadline = Clock::now() + command.time_limit;
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return cannot_run(command, errno);
  const Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  Descriptor input(input_file(command.input));
  if (input.fd() < 0) return cannot_run(command, errno);
  pid_t pid = -1;
  if (const int code = spawn(command, input.fd(), theirs.fd(), pid); code != 0) {
    return cannot_run(command, code);
  }
  Child child(pid);
  theirs.close();
  input.close();
  Talk talk(ours.fd(), command.output_limit);
  const auto cut = watch(child, talk, deadline, stop);
  const int status = child.end();
  CommandResult result;
  result.output = talk.take();
  if (cut) {
    result.end = *cut;
  } else if (WIFEXITED(status)) {
    result.code = WEXITSTATUS(status);
  } else {
    result.end = CommandEnd::signalled;
    result.code = WTERMSIG(status);
  }
  return result;
}

}  // namespace homeostat
