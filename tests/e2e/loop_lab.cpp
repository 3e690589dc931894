#include "tests/e2e/loop_lab.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/e2e/lab.hpp"

namespace homeostat::test {
namespace {

namespace fs = std::filesystem;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

LoopLab::LoopLab(const std::string& policy, const std::string& more) {
  // What is told is kept: one line a message.
  dir_.write("book",
             "#!/bin/sh\ntr -d '\\n' >>" + scratch() + "/told\necho >>" + scratch() + "/told\n");
  ::chmod((scratch() + "/book").c_str(), 0700);
  work_.write("homeostat.yaml",
              fmt::format("homeostat: 1\nsite: home\nproviders:\n"
                          "  dns: {{ type: files, path: {0}/live }}\n"
                          "zones:\n  lab: {{ zone: lab.example.org, on: [dns], ttl: 5m }}\n"
                          "notifiers:\n  book: {{ type: exec, command: [{0}/book] }}\n"
                          "policy: {1}\n{2}",
                          scratch(), policy, more));
  work_.write("dns.yaml", "dns:\n  lab:\n    nas: 10.5.0.10\n    www: 10.5.0.11\n");
  work_.git({"init", "--quiet", "--bare", "--initial-branch=main", origin()});
  work_.git({"--git-dir", origin(), "config", "receive.denyDeleteCurrent", "ignore"});
  work_.git({"remote", "add", "origin", origin()});
  push("the records");
  machine();
  const ProcessResult trusted = run({"trust", "--yes", work_.path()});
  REQUIRE_MESSAGE(trusted.exit_code == 0, trusted.err);
}

LoopLab::~LoopLab() { kill(); }

void LoopLab::machine(const std::string& more, const std::string& server) const {
  dir_.write("machine.yaml", fmt::format("service:\n{}  sites:\n    home:\n      repo: {}\n"
                                         "      poll: {}\n      interval: {}\n{}",
                                         server, origin(), poll_, interval_, more));
  ::chmod((scratch() + "/machine.yaml").c_str(), 0600);
}

std::map<std::string, std::string> LoopLab::environment() const {
  return {{"HOMEOSTAT_STATE_DIR", scratch() + "/state"},
          {"HOMEOSTAT_MACHINE_FILE", scratch() + "/machine.yaml"},
          {"TZ", "UTC"}};
}

void LoopLab::start(const std::vector<std::string>& words) {
  std::vector<std::string> command = {Lab::binary(), "run"};
  command.insert(command.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  auto variables = environment();
  variables.insert(set_.begin(), set_.end());
  const std::string log = scratch() + "/log";
  child_ = fork();
  REQUIRE(child_ >= 0);
  if (child_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
  for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
  if (::chdir(scratch().c_str()) != 0) _exit(126);
  execv(arguments[0], arguments.data());
  _exit(127);
}

int LoopLab::stop() {
  signal(SIGTERM);
  int status = 0;
  REQUIRE(waitpid(child_, &status, 0) == child_);
  child_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void LoopLab::kill() {
  if (child_ == 0) return;
  ::kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
  child_ = 0;
}

void LoopLab::signal(int number) const {
  REQUIRE(child_ > 0);
  ::kill(child_, number);
}

bool LoopLab::running() const {
  siginfo_t ended = {};
  return child_ > 0 &&
         waitid(P_PID, static_cast<id_t>(child_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == 0;
}

std::string LoopLab::push(const std::string& subject) {
  std::string commit = work_.commit(subject);
  work_.git({"push", "--quiet", "origin", "main"});
  return commit;
}

ProcessResult LoopLab::run(const std::vector<std::string>& words) const {
  ProcessInput input{.command = {Lab::binary()}, .environment = environment(), .folder = scratch()};
  input.command.insert(input.command.end(), words.begin(), words.end());
  return run_process(input);
}

std::string LoopLab::live(const std::string& name) const {
  return read_file(scratch() + "/live/dns/lab/" + name + "/A.yaml");
}

void LoopLab::edit_live(const std::string& name, const std::string& from,
                        const std::string& to) const {
  std::string text = live(name);
  const auto at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, text);
  text.replace(at, from.size(), to);
  // In one step, as an editor does: half a file is another story.
  dir_.write("edited", text);
  fs::rename(scratch() + "/edited", scratch() + "/live/dns/lab/" + name + "/A.yaml");
}

void LoopLab::remove_live(const std::string& name) const {
  dir_.remove("live/dns/lab/" + name + "/A.yaml");
}

std::string LoopLab::log() const { return read_file(scratch() + "/log"); }
std::string LoopLab::told() const { return read_file(scratch() + "/told"); }

bool LoopLab::soon(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < deadline) {
    if (holds()) return true;
    std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

}  // namespace homeostat::test
