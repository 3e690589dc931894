#include "tests/support/smtp_server.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <stdexcept>

namespace homeostat::test {

SmtpServer::SmtpServer(const std::vector<std::string>& options) {
  // Isolated: Debian's own Python, whatever others this machine has and the environment prefers.
  std::vector<std::string> words = {
      "/usr/bin/python3", "-I", std::string(HOMEOSTAT_SOURCE_DIR) + "/tests/support/smtp_server.py",
      folder_.path()};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string log = folder_.path() + "/log";
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("no process");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    dup2(ends[1], STDOUT_FILENO);
    dup2(open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    execv(argv.front(), argv.data());
    _exit(127);
  }
  close(ends[1]);
  std::string said;
  std::array<char, 64> bytes{};
  while (said.find('\n') == std::string::npos) {
    const ssize_t count = read(ends[0], bytes.data(), bytes.size());
    if (count <= 0) break;
    said.append(bytes.data(), static_cast<std::size_t>(count));
  }
  close(ends[0]);
  if (said.find('\n') == std::string::npos) {
    waitpid(pid_, nullptr, 0);
    throw std::runtime_error("smtp_server.py did not start: " + folder_.read("log"));
  }
  port_ = std::stoi(said);
}

SmtpServer::~SmtpServer() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::string SmtpServer::url(const std::string& scheme) const {
  return scheme + "://127.0.0.1:" + std::to_string(port_);
}

std::vector<nlohmann::json> SmtpServer::mails() const {
  std::vector<nlohmann::json> all;
  while (true) {
    const std::string file = std::to_string(all.size() + 1) + ".json";
    if (!std::filesystem::exists(folder_.path() + "/" + file)) return all;
    all.push_back(nlohmann::json::parse(folder_.read(file)));
  }
}

}  // namespace homeostat::test
