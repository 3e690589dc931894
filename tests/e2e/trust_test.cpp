// Connections through the real binary: nothing of a repo runs, is read or is told a secret on a
// machine where nobody has said yes to it. A `files` folder outside the repo stands for a server.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/e2e/lab.hpp"

namespace homeostat::test {
namespace {

namespace fs = std::filesystem;

// Monitors are kept outside the repo, in one of two folders.
struct TrustLab {
  Lab lab;
  TempDir outside;
  TempDir config;
  const std::string first = outside.path() + "/first";
  const std::string second = outside.path() + "/second";
  const std::string line = "kuma: { type: files, path: " + first + " }";

  TrustLab() {
    lab.edit("homeostat.yaml", "kuma: { type: files, path: live/kuma }", line);
    // Else no address would be given out while a provider that could hold one is unknown.
    lab.edit("services.yaml", "vmid: 103,", "vmid: 103, ip: 10.5.0.103,");
    lab.edit("services.yaml", "vmid: 110,", "vmid: 110, ip: 10.5.0.110,");
    lab.commit("monitors are kept elsewhere");
  }
  [[nodiscard]] ProcessResult run(const std::vector<std::string>& words,
                                  std::map<std::string, std::string> environment = {}) const {
    environment.emplace("XDG_CONFIG_HOME", config.path());
    return lab.run_with(environment, words);
  }
  void trust() const { REQUIRE(run({"trust", "--yes"}).exit_code == 0); }
  void apply() const {
    const ProcessResult applied = run({"apply", "--yes"});
    CAPTURE(applied.out);
    CAPTURE(applied.err);
    REQUIRE(applied.exit_code == 0);
  }
  void point_to(const std::string& folder) {
    lab.edit("homeostat.yaml", first, folder);
    lab.commit("monitors move");
  }
  [[nodiscard]] std::string record() const { return lab.state() + "/home/trust.json"; }
  // A secret that leaves a trace where it is read.
  void add_secret(const std::string& source) {
    lab.edit("homeostat.yaml", "networks:", "secrets:\n  db: " + source + "\nnetworks:");
    lab.edit("services.yaml", "memory: 2GiB }", "memory: 2GiB, env: { DB: \"${secret.db}\" } }");
    lab.commit("a password");
  }
  [[nodiscard]] std::string tracing(const std::string& name) const {
    return "{ command: [sh, -c, \"touch " + outside.path() + "/" + name + "; echo " + name +
           "\"] }";
  }
  [[nodiscard]] bool was_run(const std::string& name) const {
    return fs::exists(outside.path() + "/" + name);
  }
};

}  // namespace

TEST_CASE("trust: a connection that nobody has seen here is unknown, and the rest goes on") {
  const TrustLab it;
  const ProcessResult plan = it.run({"plan"});
  CAPTURE(plan.out);
  CHECK(plan.exit_code == 3);
  CHECK(has(plan.out, "kuma UNKNOWN: not trusted on this machine: homeostat trust"));
  CHECK(has(plan.out, "+ container/forgejo"));
  CHECK(it.run({"apply", "--yes"}).exit_code == 3);
  CHECK(it.lab.exists("live/pve/container/forgejo.yaml"));
  CHECK_FALSE(fs::exists(it.first));
}

TEST_CASE("trust: folders inside the repo need none") {
  const Lab lab;
  const ProcessResult shown = lab.run({"trust"});
  CHECK(shown.exit_code == 0);
  CHECK(shown.out == "nothing here needs trust\n");
  CHECK(lab.run({"plan"}).exit_code == 2);
  CHECK_FALSE(fs::exists(lab.state() + "/home/trust.json"));
}

TEST_CASE("trust: a folder that a link in the repo stands for is where the link leads") {
  TrustLab it;
  it.point_to(".out");
  fs::create_directory_symlink(it.outside.path(), it.lab.folder() + "/.out");
  const ProcessResult plan = it.run({"plan"});
  CAPTURE(plan.out);
  CAPTURE(plan.err);
  CHECK(plan.exit_code == 3);
  CHECK(has(plan.out, "kuma UNKNOWN: not trusted on this machine"));
}

TEST_CASE("trust: shows what is new, needs a yes, and records it for the user alone") {
  const TrustLab it;
  const ProcessResult shown = it.run({"trust"});
  CAPTURE(shown.out);
  CHECK(shown.exit_code == 1);
  CHECK(has(shown.out, "new      provider/kuma   homeostat.yaml:7:"));
  CHECK(has(shown.out, "path: " + it.first));
  CHECK_FALSE(has(shown.out, "provider/pve"));  // its folder lies inside the repo
  CHECK(has(shown.err, "--yes"));
  CHECK_FALSE(fs::exists(it.record()));

  CHECK(it.run({"trust", "--yes"}).exit_code == 0);
  CHECK((fs::status(it.record()).permissions() & fs::perms::all) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  it.apply();
  CHECK(fs::exists(it.first + "/monitor/forgejo.yaml"));
  const ProcessResult again = it.run({"trust"});
  CHECK(again.exit_code == 0);
  CHECK(has(again.out, "nothing to trust: 1 connection"));
}

TEST_CASE("trust: a changed connection is shown as blocked, and planned as it is trusted") {
  TrustLab it;
  it.trust();
  it.apply();
  it.point_to(it.second);
  const ProcessResult plan = it.run({"plan"});
  CAPTURE(plan.out);
  CHECK(plan.exit_code == 2);
  CHECK(has(plan.out, "blocked: homeostat.yaml:7: provider/kuma: path"));
  CHECK(has(plan.out, "homeostat trust"));
  CHECK(has(plan.out, "1 connection blocked"));
  CHECK_FALSE(has(plan.out, "to create"));
  const auto json = nlohmann::json::parse(it.run({"plan", "--json"}).out);
  REQUIRE(json.contains("blocked_connections"));
  const auto& blocked = json.at("blocked_connections").at(0);
  CHECK(blocked.at("name") == "provider/kuma");
  CHECK(blocked.at("fields").at(0) ==
        nlohmann::json({{"name", "path"}, {"trusted", it.first}, {"wanted", it.second}}));
  CHECK(has(it.run({"plan", "--markdown"}).out, "`provider/kuma` is blocked:"));

  it.lab.edit("services.yaml", "memory: 2GiB", "memory: 4GiB");
  it.lab.edit("services.yaml", "path: /api/healthz", "path: /healthz");
  it.lab.commit("more memory, another path");
  CHECK(it.run({"apply", "--yes"}).exit_code == 2);
  CHECK(has(it.lab.read("live/pve/container/forgejo.yaml"), "4GiB"));
  CHECK(has(it.outside.read("first/monitor/forgejo.yaml"), "/healthz"));
  CHECK_FALSE(fs::exists(it.second));

  const ProcessResult shown = it.run({"trust", "--yes"});
  CHECK(has(shown.out, "changed  provider/kuma"));
  CHECK(has(shown.out, "path: " + it.first + " -> " + it.second));
  const ProcessResult then = it.run({"plan"});
  CAPTURE(then.out);
  CHECK(then.exit_code == 2);
  CHECK_FALSE(has(then.out, "blocked"));
  // What is trusted takes effect, and the guard sees that nothing is there.
  CHECK_FALSE(fs::exists(it.second));
  CHECK(it.run({"apply", "--yes", "--accept-empty", "kuma"}).exit_code == 0);
  CHECK(fs::exists(it.second + "/monitor/forgejo.yaml"));
}

TEST_CASE("trust: another revision is planned with what is trusted") {
  TrustLab it;
  it.trust();
  it.apply();
  (void)it.lab.run({"version"});
  it.point_to(it.second);
  const ProcessResult plan = it.run({"plan", "--rev", "HEAD"});
  CAPTURE(plan.out);
  CHECK(plan.exit_code == 2);
  CHECK(has(plan.out, "provider/kuma: path"));
  CHECK_FALSE(fs::exists(it.second));
  CHECK(it.run({"plan", "--rev", "HEAD~1"}).exit_code == 0);
}

TEST_CASE("trust: what another revision adds is shown as blocked") {
  TrustLab it;
  it.trust();
  it.apply();
  it.lab.write("evil.yaml", "notifiers: { evil: { type: exec, command: [sh, -c, evil] } }\n");
  it.lab.commit("a program");
  const ProcessResult plan = it.run({"plan", "--rev", "HEAD"});
  CAPTURE(plan.out);
  CHECK(has(plan.out, "1 connection blocked"));
  CHECK(has(flat(plan.out), "blocked: evil.yaml:1"));
  CHECK(has(flat(plan.out), "notifier/evil: command (none) -> "));
  CHECK(has(flat(plan.out), "new here, and not trusted on this machine: homeostat trust"));
  const auto json = nlohmann::json::parse(it.run({"plan", "--json"}).out);
  CHECK(json.at("blocked_connections").at(0).at("name") == "notifier/evil");
}

TEST_CASE("trust: no secret is read from where nobody said yes to") {
  TrustLab it;
  it.add_secret(it.tracing("one"));
  for (const std::vector<std::string>& words : {std::vector<std::string>{"plan"},
                                                {"apply", "--yes"},
                                                {"drift"},
                                                {"status"},
                                                {"validate"},
                                                {"trust"},
                                                {"trust", "--list"},
                                                {"plan", "--offline"}}) {
    (void)it.run(words);
    CHECK_FALSE(it.was_run("one"));
  }
  CHECK(has(it.run({"plan"}).out, "secret db"));
  it.trust();
  it.apply();
  CHECK(it.was_run("one"));
  CHECK(has(it.lab.read("live/pve/container/forgejo.yaml"), "DB: one"));

  it.lab.edit("homeostat.yaml", it.tracing("one"), it.tracing("two"));
  it.lab.commit("another command");
  const ProcessResult plan = it.run({"plan"});
  CAPTURE(plan.out);
  CHECK(plan.exit_code == 2);
  CHECK(has(plan.out, "secret/db: command"));
  CHECK_FALSE(has(plan.out, "env"));  // compared with the value of the trusted source
  CHECK_FALSE(it.was_run("two"));
}

TEST_CASE("trust: a secret is read only where its provider is opened") {
  TrustLab it;
  it.lab.edit("homeostat.yaml",
              "networks:", "secrets:\n  db: " + it.tracing("one") + "\nnetworks:");
  it.lab.edit("services.yaml", "path: /api/healthz",
              "path: /api/healthz, password: \"${secret.db}\"");
  it.lab.commit("a password of a monitor");
  CHECK(it.run({"trust", "--yes", "--only", "secret/db"}).exit_code == 0);
  CHECK(it.run({"plan"}).exit_code == 3);
  CHECK_FALSE(it.was_run("one"));
  it.trust();
  CHECK(it.run({"plan"}).exit_code == 2);
  CHECK(it.was_run("one"));
}

TEST_CASE("trust: what only a provider is told reaches no resource by a commit alone") {
  TrustLab it;
  it.point_to("\"" + it.outside.path() + "/${secret.folder}\"");
  it.lab.edit("homeostat.yaml", "networks:", "secrets: { folder: { env: FOLDER } }\nnetworks:");
  it.lab.commit("a folder that nobody is to know");
  const std::map<std::string, std::string> with = {{"FOLDER", "hidden"}};
  REQUIRE(it.run({"trust", "--yes"}).exit_code == 0);
  CHECK(it.run({"apply", "--yes"}, with).exit_code == 0);
  CHECK(fs::exists(it.outside.path() + "/hidden/monitor/forgejo.yaml"));

  it.lab.edit("services.yaml", "memory: 2GiB }",
              "memory: 2GiB, env: { F: \"${secret.folder}\" } }");
  it.lab.commit("let me see it");
  const ProcessResult plan = it.run({"plan"}, with);
  CAPTURE(plan.out);
  CHECK(plan.exit_code == 3);  // a value is not compared
  CHECK(has(plan.out, "kuma ok"));
  CHECK(has(flat(plan.out), "secret/folder: resources (none) -> container/forgejo@pve"));
  CHECK(it.run({"apply", "--yes"}, with).exit_code == 3);
  CHECK_FALSE(has(it.lab.read("live/pve/container/forgejo.yaml"), "hidden"));
  REQUIRE(it.run({"trust", "--yes"}).exit_code == 0);
  CHECK(it.run({"apply", "--yes"}, with).exit_code == 0);
  CHECK(has(it.lab.read("live/pve/container/forgejo.yaml"), "hidden"));
}

TEST_CASE("trust: a command that uses files of the repo says so, since a push can change them") {
  TrustLab it;
  it.lab.write("bin/password", "#!/bin/sh\necho one\n");
  it.add_secret("{ command: [./bin/password, /bin/sh, bin] }");
  const ProcessResult shown = it.run({"trust"});
  CAPTURE(shown.out);
  CHECK(has(shown.out, "uses ./bin/password of this repo"));
  CHECK_FALSE(has(shown.out, "uses /bin/sh"));
  CHECK_FALSE(has(shown.out, "uses bin "));
}

TEST_CASE("trust: the date on which a secret ends is no part of it") {
  TrustLab it;
  it.add_secret("{ env: HOME }");
  it.trust();
  it.lab.edit("homeostat.yaml", "{ env: HOME }", "{ env: HOME, expires: 2100-01-01 }");
  it.lab.commit("it ends");
  CHECK(it.run({"trust"}).exit_code == 0);
}

TEST_CASE("trust: a reference keeps leading to where it was seen, whatever a revision says") {
  TrustLab it;
  it.point_to("\"" + it.outside.path() + "/${container.forgejo.ip}\"");
  const ProcessResult shown = it.run({"trust", "--yes"});
  CAPTURE(shown.out);
  CHECK(has(shown.out, "${container.forgejo@pve.ip}"));
  CHECK(has(shown.out, "path is now: " + it.outside.path() + "/10.5.0.110"));
  const auto move = [&it] {
    it.lab.edit("services.yaml", "ip: 10.5.0.110,", "ip: 10.5.0.120,");
    it.lab.commit("forgejo moves");
  };
  const std::string here = it.outside.path() + "/10.5.0.110";
  const std::string there = it.outside.path() + "/10.5.0.120";

  SUBCASE("where nothing was applied yet: as it was trusted") {
    fs::create_directories(here + "/container");
    fs::create_directories(there + "/broken");  // whoever looks here finds no folder of a kind
    move();
    const ProcessResult plan = it.run({"plan"});
    CAPTURE(plan.out);
    CHECK(plan.exit_code == 2);
    CHECK(has(it.run({"trust"}).out, "moved    provider/kuma"));
  }
  SUBCASE("else where it was last") {
    it.apply();
    CHECK(fs::exists(here + "/monitor/forgejo.yaml"));
    fs::create_directories(there + "/broken");
    move();
    const ProcessResult plan = it.run({"plan"});
    CAPTURE(plan.out);
    CHECK(plan.exit_code == 2);
    CHECK(has(plan.out, "10.5.0.110 -> 10.5.0.120"));
  }
}

TEST_CASE("trust: is listed with its time, and can be taken back") {
  TrustLab it;
  CHECK(has(it.run({"trust", "--list"}).out, "provider/kuma  not trusted"));
  it.trust();
  CHECK(has(it.run({"trust", "--list"}).out, "provider/kuma  sha256:"));
  it.point_to(it.second);
  CHECK(has(it.run({"trust", "--list"}).out, "changed since: homeostat trust"));
  const ProcessResult typo = it.run({"trust", "--forget", "provider/kumo"});
  CHECK(typo.exit_code == 1);
  CHECK(has(typo.err, "provider/kuma"));
  CHECK(it.run({"trust", "--forget", "provider/kuma"}).exit_code == 0);
  CHECK(it.run({"plan"}).exit_code == 3);
  CHECK(it.run({"trust", "--only", "provider/nothing", "--yes"}).exit_code == 1);
}

TEST_CASE("trust: a record that others could have written, or that is damaged, stops everything") {
  const TrustLab it;
  it.trust();
  std::string good = Lab::snapshot(it.lab.state()).at(it.record());
  fs::permissions(it.record(), fs::perms::group_read, fs::perm_options::add);
  const ProcessResult open = it.run({"plan"});
  CHECK(open.exit_code == 1);
  CHECK(has(open.err, "chmod 600"));
  fs::permissions(it.record(), fs::perms::group_read, fs::perm_options::remove);
  CHECK(it.run({"plan"}).exit_code == 2);

  TempDir state;
  state.write("home/trust.json", good.replace(good.find(it.first), it.first.size(), it.second));
  fs::permissions(state.path() + "/home/trust.json",
                  fs::perms::owner_read | fs::perms::owner_write);
  const ProcessResult damaged = it.run({"plan"}, {{"HOMEOSTAT_STATE_DIR", state.path()}});
  CHECK(damaged.exit_code == 1);
  CHECK(has(damaged.err, "is damaged"));
}

TEST_CASE("trust: the machine file has the last word") {
  TrustLab it;
  const auto rules = [&it](const std::string& text) {
    it.config.write("machine.yaml", text);
    fs::permissions(it.config.path() + "/machine.yaml",
                    fs::perms::owner_read | fs::perms::owner_write);
  };
  const std::map<std::string, std::string> with = {
      {"HOMEOSTAT_MACHINE_FILE", it.config.path() + "/machine.yaml"}};

  SUBCASE("a pinned connection needs no yes, and no other one gets it") {
    const std::string shown = it.run({"trust"}).out;
    const std::string hash = shown.substr(shown.find("sha256:"), 71);
    rules("pin: { \"home:provider/kuma\": " + hash + " }\n");
    CHECK(it.run({"plan"}, with).exit_code == 2);
    CHECK(it.run({"trust"}, with).exit_code == 0);
    it.point_to(it.second);
    const ProcessResult plan = it.run({"plan"}, with);
    CAPTURE(plan.out);
    CHECK(plan.exit_code == 3);
    CHECK(has(plan.out, "pins it to another"));
    CHECK(it.run({"trust", "--yes"}, with).exit_code == 2);
    CHECK_FALSE(fs::exists(it.record()));
  }
  SUBCASE("what is forbidden stays so, trusted or not") {
    it.add_secret(it.tracing("one"));
    it.trust();
    rules("forbid:\n  secrets: [command]\n  providers: [files]\n");
    const ProcessResult plan = it.run({"plan"}, with);
    CAPTURE(plan.out);
    CHECK(plan.exit_code == 3);
    CHECK(has(plan.out, "files providers are forbidden on this machine by"));
    CHECK(has(plan.out, "command secrets are forbidden"));
    CHECK_FALSE(it.was_run("one"));
    const ProcessResult asked = it.run({"trust", "--yes"}, with);
    CHECK(asked.exit_code == 2);
    CHECK(has(asked.out, "refused"));
  }
  SUBCASE("a wrong one stops everything, and says where") {
    rules("forbid:\n  secrets: [comand]\n");
    const ProcessResult wrong = it.run({"plan"}, with);
    CAPTURE(wrong.err);
    CHECK(wrong.exit_code == 1);
    CHECK(has(wrong.err, "machine.yaml:2:13: "));
    CHECK(has(wrong.err, "^"));
    fs::remove(it.config.path() + "/machine.yaml");
    CHECK(it.run({"plan"}, with).exit_code == 1);
  }
}

}  // namespace homeostat::test
