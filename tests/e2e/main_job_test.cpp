// The main job through the real binary: YAML in git -> plan -> apply -> empty plan, and what
// follows.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/e2e/lab.hpp"

namespace homeostat::test {
TEST_CASE("main job: plan shows all, apply makes it, a second plan is empty") {
  const Lab lab;
  const ProcessResult first = lab.run({"plan"});
  CAPTURE(first.out);
  CAPTURE(first.err);
  CHECK(first.exit_code == 2);
  CHECK(has(first.out, "container/forgejo"));
  CHECK(has(first.out, "dns/inside/git/A"));
  CHECK(has(first.out, "to create"));
  CHECK_FALSE(lab.exists("live"));

  lab.apply();
  CHECK(has(lab.read("live/pve/container/forgejo.yaml"), "10.5.0.110"));
  CHECK(has(lab.read("live/dns/dns/lab/forgejo/A.yaml"), "10.5.0.110"));
  CHECK(has(lab.read("live/dns/dns/inside/git/A.yaml"), "10.5.0.103"));
  CHECK(has(lab.read("live/dns/dns/lab~v4/110/PTR.yaml"), "forgejo.lab.example.org"));
  CHECK(has(lab.read("live/npm/proxy_host/forgejo.yaml"), "10.5.0.110"));

  const ProcessResult second = lab.run({"plan"});
  CAPTURE(second.out);
  CHECK(second.exit_code == 0);
  CHECK(has(second.out, "in sync"));
}

TEST_CASE("main job: a plan writes nothing, neither live nor in the ledger") {
  Lab lab;
  lab.apply();
  lab.edit("live/npm/proxy_host/forgejo.yaml", "force_https: true", "force_https: false");
  lab.edit("services.yaml", "cores: 2", "cores: 3");
  const auto live = Lab::snapshot(lab.folder() + "/live");
  const auto state = Lab::snapshot(lab.state());
  CHECK(lab.run({"plan"}).exit_code == 2);
  CHECK(lab.run({"plan", "--json"}).exit_code == 2);
  CHECK(lab.run({"plan", "--offline"}).exit_code == 2);
  CHECK(Lab::snapshot(lab.folder() + "/live") == live);
  CHECK(Lab::snapshot(lab.state()) == state);
}

TEST_CASE("main job: drift and a commit are told apart, and one apply repairs both") {
  Lab lab;
  lab.apply();
  lab.edit("live/npm/proxy_host/forgejo.yaml", "force_https: true", "force_https: false");
  const ProcessResult drift = lab.run({"drift"});
  CAPTURE(drift.out);
  CHECK(drift.exit_code == 2);
  CHECK(has(drift.out, "force_https is false, should be true"));
  CHECK(has(drift.out, "drift since"));

  lab.edit("services.yaml", "memory: 2GiB", "memory: 4GiB");
  const std::string commit = lab.commit("forgejo: more memory", "Ben");
  const ProcessResult plan = lab.run({"plan"});
  CAPTURE(plan.out);
  CHECK(plan.exit_code == 2);
  CHECK(has(plan.out, "memory 2GiB -> 4GiB"));
  CHECK(has(plan.out, "git " + commit.substr(0, 7)));
  CHECK(has(plan.out, "Ben"));
  CHECK(has(plan.out, "drift since"));

  lab.apply();
  CHECK(has(lab.read("live/npm/proxy_host/forgejo.yaml"), "force_https: true"));
  CHECK(has(lab.read("live/pve/container/forgejo.yaml"), "memory: 4GiB"));
  CHECK(lab.run({"drift"}).exit_code == 0);
}

TEST_CASE("main job: a change of both hands says what is lost") {
  Lab lab;
  lab.apply();
  lab.edit("live/pve/container/forgejo.yaml", "memory: 2GiB", "memory: 8GiB");
  lab.edit("services.yaml", "memory: 2GiB", "memory: 4GiB");
  lab.commit("forgejo: more memory");
  const ProcessResult plan = lab.run({"plan"});
  CAPTURE(plan.out);
  CHECK(has(plan.out, "memory 8GiB -> 4GiB"));
  CHECK(has(plan.out, "lost"));
}

TEST_CASE("main job: apply without a terminal needs --yes, and writes nothing without it") {
  const Lab lab;
  const ProcessResult refused = lab.run({"apply"});
  CHECK(refused.exit_code == 1);
  CHECK(has(refused.err, "--yes"));
  CHECK_FALSE(lab.exists("live"));
}

TEST_CASE(
    "main job: an uncommitted work tree is planned as such and applied only with --uncommitted") {
  Lab lab;
  lab.apply();
  lab.edit("services.yaml", "cores: 2", "cores: 3");
  const ProcessResult plan = lab.run({"plan"});
  CAPTURE(plan.out);
  CHECK(has(plan.out, "uncommitted"));
  const ProcessResult refused = lab.run({"apply", "--yes"});
  CHECK(refused.exit_code == 1);
  CHECK(has(refused.err, "services.yaml"));
  CHECK(has(refused.err, "--uncommitted"));
  CHECK(has(lab.read("live/pve/container/forgejo.yaml"), "cores: 2"));
  CHECK(lab.run({"apply", "--yes", "--uncommitted"}).exit_code == 0);
  CHECK(has(lab.read("live/pve/container/forgejo.yaml"), "cores: 3"));
}

TEST_CASE("main job: lines that go take records along, and keep what holds data") {
  Lab lab;
  lab.apply();
  lab.edit("dns.yaml", "    www: { CNAME: nas }\n", "");
  std::string services = lab.read("services.yaml");
  services.erase(services.find("  forgejo:"));
  lab.write("services.yaml", services);
  lab.commit("forgejo moves out");
  const ProcessResult plan = lab.run({"plan", "--allow-deletes", "9"});
  CAPTURE(plan.out);
  CHECK(has(plan.out, "- dns/lab/www/CNAME"));
  CHECK(has(plan.out, "o container/forgejo"));
  CHECK(has(plan.out, "removed, Ana"));
  const ProcessResult applied = lab.run({"apply", "--yes", "--allow-deletes", "9"});
  CAPTURE(applied.out);
  CAPTURE(applied.err);
  CHECK(applied.exit_code == 0);
  CHECK_FALSE(lab.exists("live/dns/dns/lab/www/CNAME.yaml"));
  CHECK_FALSE(lab.exists("live/kuma/monitor/forgejo.yaml"));
  CHECK(lab.exists("live/pve/container/forgejo.yaml"));
  CHECK(lab.run({"plan"}).exit_code == 0);
}

TEST_CASE("main job: many deletes at once are held back until somebody says the number") {
  Lab lab;
  std::string records = "dns:\n  lab:\n";
  for (int i = 0; i < 12; ++i) {
    records += "    host" + std::to_string(i) + ": 10.5.0." + std::to_string(200 + i) + "\n";
  }
  lab.write("more.yaml", records);
  lab.commit("hosts");
  lab.apply();
  lab.remove("more.yaml");
  lab.commit("no hosts");
  const ProcessResult held = lab.run({"apply", "--yes"});
  CAPTURE(held.out);
  CHECK(held.exit_code == 2);
  CHECK(has(held.out, "--allow-deletes"));
  CHECK(lab.exists("live/dns/dns/lab/host0/A.yaml"));
  CHECK(lab.run({"apply", "--yes", "--allow-deletes", "11"}).exit_code == 2);
  CHECK(lab.exists("live/dns/dns/lab/host0/A.yaml"));
  const ProcessResult allowed = lab.run({"apply", "--yes", "--allow-deletes", "24"});
  CAPTURE(allowed.out);
  CHECK(allowed.exit_code == 0);
  CHECK_FALSE(lab.exists("live/dns/dns/lab/host0/A.yaml"));
}

TEST_CASE("main job: a scope that cannot be read is unknown, and the rest goes on") {
  Lab lab;
  lab.apply();
  lab.edit("live/kuma/monitor/forgejo.yaml", "type: http", "type: [");
  lab.edit("services.yaml", "memory: 2GiB", "memory: 4GiB");
  lab.commit("more memory");
  const ProcessResult plan = lab.run({"plan"});
  CAPTURE(plan.out);
  CHECK(plan.exit_code == 3);
  CHECK(has(plan.out, "kuma UNKNOWN"));
  CHECK(has(plan.out, "forgejo.yaml:"));
  CHECK(has(plan.out, "? monitor/*"));
  CHECK(lab.run({"apply", "--yes"}).exit_code == 3);
  CHECK(has(lab.read("live/pve/container/forgejo.yaml"), "memory: 4GiB"));
}

TEST_CASE("main job: without the ledger nothing is deleted until the orphans are confirmed") {
  Lab lab;
  lab.apply();
  std::filesystem::remove_all(lab.state() + "/home");
  lab.edit("dns.yaml", "    www: { CNAME: nas }\n", "");
  lab.commit("no www");
  const ProcessResult plan = lab.run({"plan"});
  CAPTURE(plan.out);
  CHECK(has(plan.out, "no ledger"));
  (void)lab.run({"apply", "--yes"});
  CHECK(lab.exists("live/dns/dns/lab/www/CNAME.yaml"));
  CHECK(lab.run({"confirm-ownership"}).exit_code == 1);
  CHECK(lab.run({"confirm-ownership", "--yes"}).exit_code == 0);
  const ProcessResult applied = lab.run({"apply", "--yes"});
  CAPTURE(applied.out);
  CHECK(applied.exit_code == 0);
  CHECK_FALSE(lab.exists("live/dns/dns/lab/www/CNAME.yaml"));
}

TEST_CASE("main job: a damaged ledger is set aside, and nothing is deleted until confirmed") {
  Lab lab;
  lab.apply();
  const std::string ledger = lab.state() + "/home/ledger.db";
  std::filesystem::resize_file(ledger, 6000);
  lab.edit("dns.yaml", "    www: { CNAME: nas }\n", "");
  lab.commit("no www");
  const ProcessResult plan = lab.run({"plan"});
  CAPTURE(plan.out);
  CHECK(has(flat(plan.out), "is damaged"));
  CHECK(has(plan.out, "no ledger"));
  CHECK(lab.run({"drift"}).exit_code == 1);

  const ProcessResult applied = lab.run({"apply", "--yes"});
  CAPTURE(applied.out);
  CHECK(has(flat(applied.out), "set aside"));
  CHECK(lab.exists("live/dns/dns/lab/www/CNAME.yaml"));
  lab.edit("dns.yaml", "    nas: 10.5.0.10\n", "");
  lab.commit("no nas");
  (void)lab.run({"apply", "--yes"});
  CHECK(lab.exists("live/dns/dns/lab/nas/A.yaml"));
  const ProcessResult confirmed = lab.run({"confirm-ownership", "--yes"});
  CHECK(has(confirmed.out, "dns/lab/www/CNAME"));
  CHECK(lab.run({"apply", "--yes"}).exit_code == 0);
  CHECK_FALSE(lab.exists("live/dns/dns/lab/www/CNAME.yaml"));
  CHECK_FALSE(lab.exists("live/dns/dns/lab/nas/A.yaml"));
}

TEST_CASE("main job: a filter that matches nothing, and an empty revision, are errors") {
  const Lab lab;
  CHECK(lab.run({"plan", "--only", "dns/nope*"}).exit_code == 1);
  CHECK(lab.run({"apply", "--yes", "--exclude", "container/frogejo"}).exit_code == 1);
  CHECK_FALSE(lab.exists("live"));
  CHECK(lab.run({"plan", "--only", "dns/lab/*"}).exit_code == 2);
  CHECK(lab.run({"plan", "--rev", ""}).exit_code == 1);
}

TEST_CASE("main job: what is deleted by hand comes back, told as drift") {
  Lab lab;
  lab.apply();
  lab.remove("live/dns/dns/lab/www/CNAME.yaml");
  const ProcessResult drift = lab.run({"drift"});
  CAPTURE(drift.out);
  CHECK(drift.exit_code == 2);
  CHECK(has(drift.out, "dns/lab/www/CNAME"));
  lab.apply();
  CHECK(lab.exists("live/dns/dns/lab/www/CNAME.yaml"));
}

TEST_CASE("main job: what exists and differs is taken over only when somebody says so") {
  Lab lab;
  lab.write("live/dns/dns/lab/nas/A.yaml", "values: [10.5.0.77]\n");
  const ProcessResult first = lab.run({"apply", "--yes"});
  CAPTURE(first.out);
  CHECK(first.exit_code == 2);
  CHECK(has(first.out, "--adopt"));
  CHECK(has(lab.read("live/dns/dns/lab/nas/A.yaml"), "10.5.0.77"));
  CHECK(lab.run({"apply", "--yes", "--adopt", "dns/lab/nas/A"}).exit_code == 0);
  CHECK(has(lab.read("live/dns/dns/lab/nas/A.yaml"), "10.5.0.10"));
}

TEST_CASE("main job: a bare repository is planned and applied at a revision") {
  Lab lab;
  const TempDir bare_folder;
  const std::string bare = bare_folder.path() + "/bare.git";
  REQUIRE(
      run_process({.command = {"/usr/bin/git", "clone", "--quiet", "--bare", lab.folder(), bare}})
          .exit_code == 0);
  // A relative path would lie inside git's own folder.
  const ProcessResult relative = lab.run({"apply", "--yes", bare, "--rev", "HEAD"});
  CAPTURE(relative.out);
  CHECK(relative.exit_code == 3);
  CHECK(has(relative.out, "write an absolute path"));
  CHECK_FALSE(std::filesystem::exists(bare + "/live"));

  std::string head = lab.read("homeostat.yaml");
  for (auto at = head.find("path: live"); at != std::string::npos;
       at = head.find("path: live", at + 1)) {
    head.replace(at, 10, "path: " + bare_folder.path() + "/live");
  }
  lab.write("homeostat.yaml", head);
  lab.commit("absolute paths");
  REQUIRE(run_process(
              {.command = {"/usr/bin/git", "-C", lab.folder(), "push", "--quiet", bare, "main"}})
              .exit_code == 0);
  REQUIRE(lab.run({"trust", "--yes", bare, "--rev", "HEAD"}).exit_code == 0);
  const ProcessResult applied = lab.run({"apply", "--yes", bare, "--rev", "HEAD"});
  CAPTURE(applied.out);
  CAPTURE(applied.err);
  CHECK(applied.exit_code == 0);
  CHECK(std::filesystem::exists(bare_folder.path() + "/live/pve/container/forgejo.yaml"));
}

TEST_CASE("main job: a spec below the top of its repository is found by a hint") {
  Lab lab;
  std::filesystem::create_directory(lab.folder() + "/homelab");
  for (const char* file : {"homeostat.yaml", "services.yaml", "dns.yaml"}) {
    std::filesystem::rename(lab.folder() + "/" + file, lab.folder() + "/homelab/" + file);
  }
  lab.commit("a folder of its own");
  const ProcessResult top = lab.run({"validate"});
  CHECK(top.exit_code == 1);
  CHECK(has(top.err, "there is one in homelab: give that folder"));
  CHECK(lab.run({"validate", "homelab"}).exit_code == 0);
  const TempDir bare_folder;
  const std::string bare = bare_folder.path() + "/bare.git";
  REQUIRE(
      run_process({.command = {"/usr/bin/git", "clone", "--quiet", "--bare", lab.folder(), bare}})
          .exit_code == 0);
  CHECK(has(lab.run({"validate", bare, "--rev", "HEAD"}).err, "--path homelab"));
  CHECK(lab.run({"validate", bare, "--rev", "HEAD", "--path", "homelab"}).exit_code == 0);
}

TEST_CASE("main job: what came of no commit is told so, what a commit did by its commit") {
  Lab lab;
  lab.apply();
  lab.edit("services.yaml", "vmid: 110", "vmid: 111");
  const std::string moved = lab.commit("forgejo moves", "Ben").substr(0, 7);
  const ProcessResult renumbered = lab.run({"plan", "--allow-destroy", "container/forgejo"});
  CAPTURE(renumbered.out);
  const auto plan = nlohmann::json::parse(
      lab.run({"plan", "--json", "--allow-destroy", "container/forgejo"}).out);
  for (const auto& change : plan.at("changes")) {
    CAPTURE(change.at("address"));
    if (change.contains("provenance")) {
      CHECK(change.at("provenance").at("commit").get<std::string>().substr(0, 7) == moved);
      continue;  // of what comes or goes, fields are not asked about
    }
    for (const auto& field : change.at("fields")) {
      CAPTURE(field.at("path"));
      CHECK(field.at("provenance").at("commit").get<std::string>().substr(0, 7) == moved);
    }
  }
}

}  // namespace homeostat::test
