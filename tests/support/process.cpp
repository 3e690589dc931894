#include "tests/support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace homeostat::test {
namespace {

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return {ends[0], ends[1]};
}

// In the child, between fork and exec.
[[noreturn]] void become(const ProcessInput& input, const Pipe& in, const Pipe& out,
                         const Pipe& err) {
  dup2(in.read, STDIN_FILENO);
  dup2(out.write, STDOUT_FILENO);
  dup2(err.write, STDERR_FILENO);
  if (!input.folder.empty() && chdir(input.folder.c_str()) != 0) _exit(126);
  for (const auto& [name, value] : input.environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : input.command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execv(words[0], words.data());
  _exit(127);
}

// Both at once, so that neither pipe fills up.
void drain(int out, int err, ProcessResult& result) {
  std::array<pollfd, 2> waited{{{out, POLLIN, 0}, {err, POLLIN, 0}}};
  std::array<std::string*, 2> texts{&result.out, &result.err};
  std::size_t open = 2;
  while (open > 0 && poll(waited.data(), waited.size(), -1) >= 0) {
    for (std::size_t i = 0; i < waited.size(); ++i) {
      if (waited[i].revents == 0) continue;
      std::array<char, 65536> bytes{};
      const ssize_t count = read(waited[i].fd, bytes.data(), bytes.size());
      if (count > 0) {
        texts[i]->append(bytes.data(), static_cast<std::size_t>(count));
        continue;
      }
      waited[i].fd = -1;
      waited[i].revents = 0;
      --open;
    }
  }
}

}  // namespace

ProcessResult run_process(const ProcessInput& input) {
  const Pipe in = make_pipe();
  const Pipe out = make_pipe();
  const Pipe err = make_pipe();
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) become(input, in, out, err);
  close(in.read);
  close(out.write);
  close(err.write);
  // Small inputs only: they fit into the pipe's buffer. A child that never reads must not kill us.
  std::signal(SIGPIPE, SIG_IGN);
  [[maybe_unused]] const ssize_t written = write(in.write, input.input.data(), input.input.size());
  close(in.write);
  ProcessResult result;
  drain(out.read, err.read, result);
  close(out.read);
  close(err.read);
  int status = 0;
  waitpid(child, &status, 0);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace homeostat::test
