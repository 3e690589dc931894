#include "reconciler/secrets.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "tests/support/temp_repo.hpp"

using namespace homeostat;

namespace {

struct Safe {
  TempDir dir;
  Spec spec;

  Safe() {
    spec.folder = dir.path();
    spec.files = {"homeostat.yaml"};
  }
  void declare(const std::string& name, SecretSource::Kind kind, std::vector<std::string> words) {
    SecretSource source;
    source.name = name;
    source.kind = kind;
    source.words = std::move(words);
    source.where = Origin{0, 7, 3};
    spec.secrets[name] = source;
  }
  void file(const std::string& text, mode_t mode) {
    dir.write("secret", text);
    REQUIRE(::chmod((dir.path() + "/secret").c_str(), mode) == 0);
    declare("s", SecretSource::Kind::file, {"secret"});
  }
  void command(std::vector<std::string> words) {
    declare("s", SecretSource::Kind::command, std::move(words));
  }
  std::string value(const SecretLimits& limits = {}) {
    const SecretValues values = load_secrets(spec, {"s"}, {}, limits);
    const Result<std::string>& result = values.at("s");
    return result ? *result : "error: " + to_string(result.error());
  }
};

}  // namespace

TEST_CASE("secrets: a private file gives its text less one newline at the end") {
  Safe safe;
  safe.file("hunter2\n", 0600);
  CHECK(safe.value() == "hunter2");
  safe.file("hunter2\n\n", 0400);
  CHECK(safe.value() == "hunter2\n");
  safe.file("hunter2", 0600);
  CHECK(safe.value() == "hunter2");
}

TEST_CASE("secrets: a file that others may read is refused, and its text not shown") {
  Safe safe;
  for (const mode_t mode : {0644U, 0640U, 0660U, 0604U, 0700U}) {
    safe.file("hunter2", mode);
    const std::string got = safe.value();
    CAPTURE(got);
    CHECK(got.find("homeostat.yaml:7:3: secret s: secret: others may read or write it (mode 0") !=
          std::string::npos);
    CHECK(got.find("(chmod 600 secret)") != std::string::npos);
    CHECK(got.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("secrets: what is no regular file, or not there, is refused") {
  Safe safe;
  safe.declare("s", SecretSource::Kind::file, {"."});
  CHECK(safe.value() == "error: homeostat.yaml:7:3: secret s: .: is not a file");
  safe.declare("s", SecretSource::Kind::file, {"absent"});
  CHECK(safe.value() == "error: homeostat.yaml:7:3: secret s: absent: No such file or directory");
  REQUIRE(::mkfifo((safe.dir.path() + "/pipe").c_str(), 0600) == 0);
  safe.declare("s", SecretSource::Kind::file, {"pipe"});
  CHECK(safe.value() == "error: homeostat.yaml:7:3: secret s: pipe: is not a file");
}

TEST_CASE("secrets: a link to a file is refused, wherever it leads") {
  Safe safe;
  safe.file("hunter2", 0600);
  REQUIRE(::symlink("secret", (safe.dir.path() + "/link").c_str()) == 0);
  safe.declare("s", SecretSource::Kind::file, {"link"});
  CHECK(safe.value() ==
        "error: homeostat.yaml:7:3: secret s: link: is a symbolic link (name the file itself)");
}

TEST_CASE("secrets: a date that is near or past is a warning, and never an error") {
  using namespace std::chrono;
  Safe safe;
  safe.declare("s", SecretSource::Kind::env, {"HOMEOSTAT_TEST_SECRET"});
  const auto said = [&safe](sys_days day) {
    const Errors warnings = expiry_warnings(safe.spec, day + hours(23));
    return warnings.empty() ? std::string() : to_string(warnings.front());
  };
  const sys_days day = year(2027) / March / 1;
  CHECK(said(day).empty());
  safe.spec.secrets["s"].expires = "2027-03-01";
  CHECK(said(day - days(31)).empty());
  CHECK(said(day - days(30)) ==
        "homeostat.yaml:7:3: secret s expires on 2027-03-01, in 30 days (renew it, and write its "
        "new `expires`)");
  CHECK(said(day - days(1)).find("in 1 day (") != std::string::npos);
  CHECK(said(day).find("secret s expires today") != std::string::npos);
  CHECK(said(day + days(2)).find("secret s HAS EXPIRED: 2 days ago, on 2027-03-01") !=
        std::string::npos);
}

TEST_CASE("secrets: a file of another user is refused") {
  if (::geteuid() != 0) {
    std::printf("skipped: only root can make a file of another user (rights)\n");
    return;
  }
  Safe safe;
  safe.file("hunter2", 0600);
  REQUIRE(::chown((safe.dir.path() + "/secret").c_str(), 12345, 12345) == 0);
  CHECK(safe.value().find("belongs to somebody else") != std::string::npos);
}

TEST_CASE("secrets: an empty value is an error, wherever it comes from") {
  Safe safe;
  safe.file("\n", 0600);
  CHECK(safe.value() == "error: homeostat.yaml:7:3: secret s: its value is empty");
  safe.command({"true"});
  CHECK(safe.value() == "error: homeostat.yaml:7:3: secret s: its value is empty");
}

TEST_CASE("secrets: a variable is taken as it is, and must be set") {
  Safe safe;
  safe.declare("s", SecretSource::Kind::env, {"HOMEOSTAT_TEST_SECRET"});
  ::unsetenv("HOMEOSTAT_TEST_SECRET");
  CHECK(safe.value() ==
        "error: homeostat.yaml:7:3: secret s: the variable HOMEOSTAT_TEST_SECRET is not set");
  ::setenv("HOMEOSTAT_TEST_SECRET", "hunter2\n", 1);
  CHECK(safe.value() == "hunter2\n");
  ::unsetenv("HOMEOSTAT_TEST_SECRET");
}

TEST_CASE("secrets: a command runs without a shell, in the spec's folder, with no input") {
  Safe safe;
  safe.command({"printf", "%s\n", "$HOME; `id`"});
  CHECK(safe.value() == "$HOME; `id`");
  safe.dir.write("vault.txt", "hunter2\n");
  safe.command({"cat", "vault.txt"});
  CHECK(safe.value() == "hunter2");
  safe.command({"sh", "-c", "cat; echo hunter2"});
  CHECK(safe.value() == "hunter2");
}

TEST_CASE("secrets: a command runs though the spec's folder is not on the disk") {
  Safe safe;
  safe.spec.folder = safe.dir.path() + "/of/a/revision";
  safe.command({"sh", "-c", "pwd -P"});
  CHECK(safe.value() == "/");
  safe.dir.write("vault.txt", "hunter2\n");
  safe.spec.revision.repo = safe.dir.path();
  safe.command({"cat", "vault.txt"});
  CHECK(safe.value() == "hunter2");
  safe.command({"./tell", "it"});
  CHECK(safe.value().find("./tell leads nowhere: the folder " + safe.spec.folder +
                          " is not on the disk (give the whole path of the program") !=
        std::string::npos);
}

TEST_CASE("secrets: a command that fails says how, and nothing of what it wrote") {
  Safe safe;
  safe.command({"sh", "-c", "echo hunter2; echo hunter3 >&2; exit 3"});
  CHECK(safe.value() ==
        "error: homeostat.yaml:7:3: secret s: sh failed: exit code 3 (run it by "
        "hand to see what it says)");
  safe.command({"sh", "-c", "echo hunter2; kill -9 $$"});
  CHECK(safe.value().find("sh failed: signal 9") != std::string::npos);
  safe.command({"no-such-program-here"});
  CHECK(safe.value() ==
        "error: homeostat.yaml:7:3: secret s: cannot run no-such-program-here: No "
        "such file or directory");
}

TEST_CASE("secrets: a command that never ends, or never stops talking, is ended") {
  Safe safe;
  safe.command({"sh", "-c", "echo hunter2; exec tail -f /dev/null"});
  CHECK(safe.value({.time = std::chrono::milliseconds(50)}).find("sh did not end in 0.05 s") !=
        std::string::npos);
  safe.command({"yes", "hunter2"});
  CHECK(safe.value({.bytes = 10'240}).find("yes wrote more than 10 KiB") != std::string::npos);
}

TEST_CASE("secrets: at a stop request no command is waited for, and none is begun") {
  Safe safe;
  safe.command({"sh", "-c", "touch was-run; exec sleep 100"});
  safe.declare("t", SecretSource::Kind::command, {"touch", "too"});
  std::stop_source stop;
  const auto begun = std::chrono::steady_clock::now();
  const std::jthread impatient([&] {
    while (::access((safe.dir.path() + "/was-run").c_str(), F_OK) != 0) std::this_thread::yield();
    stop.request_stop();
  });
  const SecretValues values = load_secrets(safe.spec, {"s", "t"}, stop.get_token());
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
  for (const auto& [name, value] : values) {
    REQUIRE_FALSE(value);
    CHECK(value.error().kind == ErrorKind::cancelled);
  }
  CHECK(values.at("s").error().message == "secret s: stopped before it was read");
  CHECK(::access((safe.dir.path() + "/too").c_str(), F_OK) != 0);
}

TEST_CASE("secrets: only those that are asked for are read, and those that nobody declared named") {
  Safe safe;
  safe.command({"sh", "-c", "touch was-run; echo hunter2"});
  safe.declare("other", SecretSource::Kind::env, {"HOME"});
  const SecretValues values = load_secrets(safe.spec, {"other", "ghost"}, {});
  CHECK(values.size() == 2);
  CHECK(values.at("other").has_value());
  CHECK(values.at("ghost").error().message == "secret ghost is not declared");
  CHECK(::access((safe.dir.path() + "/was-run").c_str(), F_OK) != 0);
}
