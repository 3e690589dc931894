#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cerrno>
#include <fstream>
#include <future>
#include <thread>

#include "reconciler/follow/wire.hpp"
#include "tests/reconciler/follow/git_servers.hpp"
#include "tests/reconciler/follow/mirror_lab.hpp"
#include "tests/support/process.hpp"
#include "tests/support/raw_server.hpp"

using namespace homeostat;
using namespace homeostat::test;
using follow::Remote;

namespace {

// Accepts, and says nothing. Notes who calls, and who has gone.
struct SilentRemote {
  std::promise<void> called;
  std::promise<void> gone;
  RawServer server{[this](Peer& peer, int connection) {
    if (connection == 1) called.set_value();
    peer.wait_for_end();
    if (connection == 1) gone.set_value();
  }};

  // By whichever transport.
  [[nodiscard]] Remote remote(const std::string& scheme) const {
    return {.url = scheme + server.url().substr(std::string("http").size()) + "/lab",
            .branch = "main"};
  }
};

bool has_no_child() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

constexpr std::chrono::seconds deadline{60};

}  // namespace

TEST_CASE("mirror: a remote that says nothing is given up at the time limit") {
  const MirrorLab lab;
  for (const std::string scheme : {"http", "https", "ssh"}) {
    CAPTURE(scheme);
    SilentRemote silent;
    Remote remote = silent.remote(scheme);
    remote.time_limit = std::chrono::milliseconds(300);
    CHECK(problem(lab.mirror(remote).fetch({})) ==
          "transient: " + remote.url +
              ": the fetch did not end in 0.3 s (is the remote there? a large repository may need "
              "a longer fetch_timeout)");
    CHECK(has_no_child());
  }
}

TEST_CASE("mirror: a stop request ends a fetch from a remote that says nothing") {
  const MirrorLab lab;
  SilentRemote silent;
  Remote remote = silent.remote("https");
  remote.time_limit = std::chrono::hours(1);
  std::stop_source stop;
  const std::jthread stopper([&] {
    silent.called.get_future().wait_for(deadline);
    stop.request_stop();
  });
  CHECK(problem(lab.mirror(remote).fetch(stop.get_token())) == "cancelled: the fetch was stopped");
  CHECK(has_no_child());
  CHECK(silent.gone.get_future().wait_for(deadline) == std::future_status::ready);
}

TEST_CASE("mirror: a fetch that was stopped in the middle is taken up by the next") {
  MirrorLab lab;
  const std::string first = lab.repo.save("a.yaml", "1", "First");
  good(lab.mirror().fetch({}));
  std::stop_source stop;
  stop.request_stop();
  CHECK(problem(lab.mirror().fetch(stop.get_token())) == "cancelled: the fetch was stopped");
  CHECK(lab.mirror().last_commit() == first);
  CHECK(good(lab.mirror().fetch({})).commit == first);
}

TEST_CASE("mirror: the child of a fetch dies with who waits for it") {
  const TempDir folder;
  SilentRemote silent;
  Remote remote = silent.remote("http");
  follow::FetchRequest request{.folder = folder.path() + "/mirror", .remote = remote, .parent = 0};
  folder.write("request", follow::write_request(request));
  const std::string pipe = folder.path() + "/pipe";
  must({"/usr/bin/mkfifo", pipe});
  // A shell that starts it, and kills itself when it is told.
  const std::jthread caller([&] {
    (void)run_process({.command = {"/bin/sh", "-c",
                                   homeostat_program() + " --fetch-child <request >answer 2>&1 & "
                                                         "read line <pipe; kill -9 $$"},
                       .folder = folder.path()});
  });
  CHECK(silent.called.get_future().wait_for(deadline) == std::future_status::ready);
  std::ofstream(pipe) << "now\n";
  CHECK(silent.gone.get_future().wait_for(deadline) == std::future_status::ready);
}

TEST_CASE("mirror: a program that is not there, or answers nonsense, is an error of this machine") {
  MirrorLab lab;
  const Remote remote{.url = lab.repo.path(), .branch = "main"};
  const auto said = [&](const std::string& program) {
    return problem(follow::Mirror(lab.folder(), remote, program).fetch({}));
  };
  CHECK(said("/nowhere/homeostat") ==
        "not_found: cannot run /nowhere/homeostat: No such file or directory");
  CHECK(said("/bin/echo") == "internal: the answer of a fetch is garbled");
  CHECK(said("/bin/false") ==
        "internal: " + lab.repo.path() + ": the fetch broke off: exit code 1");
}

TEST_CASE("mirror: a secret stands in no argument and no environment of the child") {
  const TempDir folder;
  const MirrorLab lab;
  // In the place of the child: what can be seen of it from outside, and what it was told.
  const std::string spy = folder.path() + "/spy";
  folder.write("spy", "#!/bin/sh\ntr '\\0' '\\n' </proc/$$/cmdline >" + folder.path() +
                          "/words\nenv >" + folder.path() + "/environment\ncat >" + folder.path() +
                          "/request\n");
  must({"/bin/chmod", "700", spy});
  const Remote remote{.url = "https://git.example.org/lab",
                      .branch = "main",
                      .auth = {.username = "ana", .password = "hunter2"}};
  CHECK_FALSE(follow::Mirror(lab.folder(), remote, spy).fetch({}).has_value());
  CHECK(folder.read("request").find("hunter2") != std::string::npos);
  CHECK(folder.read("words").find("--fetch-child") != std::string::npos);
  CHECK(folder.read("words").find("hunter2") == std::string::npos);
  CHECK(folder.read("environment").find("hunter2") == std::string::npos);
}

TEST_CASE("mirror: a request that is garbled is answered, and harms nobody") {
  const auto answer = [](const std::string& input) {
    const ProcessResult result =
        run_process({.command = {homeostat_program(), "--fetch-child"}, .input = input});
    CHECK(result.exit_code == 0);
    return result.out;
  };
  for (const std::string input : {"", "{", "[]", "{\"folder\":1}"}) {
    CHECK(answer(input).find("the request of a fetch is garbled") != std::string::npos);
  }
}
