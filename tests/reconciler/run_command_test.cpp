#include "reconciler/run_command.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "tests/support/temp_repo.hpp"

using namespace homeostat;

namespace {

constexpr std::chrono::minutes ever{5};  // what no test waits for

CommandResult run(const Command& command, const std::stop_token& stop = {}) {
  Result<CommandResult> result = run_command(command, stop);
  REQUIRE_MESSAGE(result, result.error().message);
  return std::move(*result);
}

CommandResult shell(const std::string& script, const std::string& input = {}) {
  return run({.words = {"sh", "-c", script}, .input = input, .time_limit = ever});
}

// The process may be gone already, but for who collects what ended.
bool is_gone(pid_t pid) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < until) {
    if (::kill(pid, 0) != 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

const std::string leave_one_behind = "sleep 1000 & echo $!; ";

}  // namespace

TEST_CASE("run_command: a program gets its words and its input as they are, and is heard") {
  const CommandResult result =
      run({.words = {"printf", "%s|", "$HOME", "a b", "`id`"}, .time_limit = ever});
  CHECK(result.end == CommandEnd::exited);
  CHECK(result.code == 0);
  CHECK(result.output == "$HOME|a b|`id`|");
  CHECK(shell("cat", "one\ntwo").output == "one\ntwo");
  CHECK(shell("cat /dev/stdin; cat", "").output.empty());
}

TEST_CASE("run_command: an input larger than any pipe goes in and comes out whole") {
  const std::string large(std::size_t{700} << 10U, 'x');
  CHECK(shell("cat", large).output == large);
  const CommandResult deaf = shell("exec <&-; exit 4", large);
  CHECK(deaf.end == CommandEnd::exited);
  CHECK(deaf.code == 4);
}

TEST_CASE("run_command: it runs in its folder, in a session of its own, without our files") {
  const TempDir folder;
  const CommandResult place =
      run({.words = {"pwd", "-P"}, .folder = folder.path(), .time_limit = ever});
  CHECK(place.output == folder.path() + "\n");
  CHECK(shell("test $(cut -d' ' -f6 /proc/$$/stat) = $$").code == 0);
  // Three, and the folder that ls reads.
  CHECK(run({.words = {"ls", "/proc/self/fd"}, .time_limit = ever}).output == "0\n1\n2\n3\n");
}

TEST_CASE("run_command: how it ended is told, and a program that is not there is not found") {
  CHECK(shell("exit 75").code == 75);
  const CommandResult killed = shell("kill -9 $$");
  CHECK(killed.end == CommandEnd::signalled);
  CHECK(killed.code == 9);
  const auto none = run_command({.words = {"no-such-program-here"}}, {});
  REQUIRE(!none);
  CHECK(none.error().kind == ErrorKind::not_found);
  CHECK(none.error().message == "cannot run no-such-program-here: No such file or directory");
  CHECK(!run_command({.words = {"true"}, .folder = "/no/such/folder"}, {}));
}

TEST_CASE("run_command: at its limit of time it is killed with all that it started") {
  const CommandResult result = run({.words = {"sh", "-c", leave_one_behind + "exec sleep 1000"},
                                    .time_limit = std::chrono::milliseconds(300)});
  CHECK(result.end == CommandEnd::out_of_time);
  REQUIRE(!result.output.empty());
  CHECK(is_gone(std::stoi(result.output)));
}

TEST_CASE("run_command: what a program leaves behind neither holds us up nor stays") {
  const CommandResult result = shell(leave_one_behind + "exit 3");
  CHECK(result.end == CommandEnd::exited);
  CHECK(result.code == 3);
  CHECK(is_gone(std::stoi(result.output)));
}

TEST_CASE("run_command: who never stops talking, or never ends though silent, is ended") {
  CHECK(run({.words = {"yes"}, .time_limit = ever, .output_limit = 10'000}).end ==
        CommandEnd::too_much_output);
  CHECK(run({.words = {"sh", "-c", "exec >&-; exec sleep 1000"},
             .time_limit = std::chrono::milliseconds(50)})
            .end == CommandEnd::out_of_time);
}

TEST_CASE("run_command: a stop request ends it") {
  std::stop_source stop;
  std::jthread stopper([&stop] { stop.request_stop(); });
  const CommandResult result =
      run({.words = {"sleep", "1000"}, .time_limit = ever}, stop.get_token());
  CHECK(result.end == CommandEnd::stopped);
}
