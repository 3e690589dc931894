// What was changed, and back again.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/lab.hpp"

namespace homeostat::test {
namespace {

nlohmann::json history(const Lab& lab, const std::vector<std::string>& words = {}) {
  std::vector<std::string> all = {"history", "--json"};
  all.insert(all.end(), words.begin(), words.end());
  const ProcessResult result = lab.run(all);
  CAPTURE(result.err);
  REQUIRE(result.exit_code == 0);
  return nlohmann::json::parse(result.out);
}

std::string last_run(const Lab& lab) {
  return std::to_string(history(lab).at("runs").at(0).at("run").get<int>());
}

ProcessResult undo(const Lab& lab, const std::string& run) {
  return lab.run({"undo", run, "--yes", "--allow-deletes", "9"});
}

}  // namespace

TEST_CASE("history: a value's way, with commit, author and outcome") {
  Lab lab;
  CHECK(has(lab.run({"history"}).out, "nothing was changed"));
  lab.apply();
  lab.edit("services.yaml", "memory: 2GiB", "memory: 4GiB");
  const std::string commit = lab.commit("forgejo: more memory", "Ben");
  lab.apply();
  const ProcessResult text = lab.run({"history", "container/forgejo"});
  CAPTURE(text.out);
  CHECK(has(text.out, "apply " + commit.substr(0, 7) + "   exit 0"));
  CHECK(has(text.out, "container/forgejo: done"));
  CHECK(has(text.out, "memory 2GiB -> 4GiB   git " + commit.substr(0, 7) + " Ben"));
  CHECK(has(text.out, "create container/forgejo: done"));
  CHECK_FALSE(has(text.out, "dns/"));

  const nlohmann::json runs = history(lab, {"container/forgejo"}).at("runs");
  REQUIRE(runs.size() == 2);
  const nlohmann::json& field = runs[0].at("changes").at(0).at("fields").at(0);
  CHECK(field.at("before") == "2GiB");
  CHECK(field.at("after") == "4GiB");
  CHECK(field.at("author") == "Ben");
  CHECK(field.at("commit") == commit);
  CHECK(history(lab, {"--limit", "1"}).at("runs").size() == 1);
  CHECK(lab.run({"history", "container/nobody"}).exit_code == 1);
}

TEST_CASE("history: of a secret nothing is shown") {
  Lab lab;
  lab.edit("homeostat.yaml", "networks:", "secrets: { token: { env: FORGEJO_TOKEN } }\nnetworks:");
  lab.edit("services.yaml", "vmid: 110, cores: 2",
           "vmid: 110, env: { TOKEN: \"${secret.token}\" }, cores: 2");
  lab.commit("a token");
  REQUIRE(lab.run({"trust", "--yes"}).exit_code == 0);
  for (const char* value : {"first-s3cret", "second-s3cret"}) {
    CHECK(lab.run_with({{"FORGEJO_TOKEN", value}}, {"apply", "--yes"}).exit_code == 0);
  }
  const std::string run = last_run(lab);
  for (const ProcessResult& result : {lab.run({"history"}), lab.run({"history", "--json"})}) {
    CHECK_FALSE(has(result.out, "s3cret"));
    CHECK(has(result.out, "env/TOKEN"));
  }
  const ProcessResult undone =
      lab.run_with({{"FORGEJO_TOKEN", "second-s3cret"}}, {"undo", run, "--yes"});
  CAPTURE(undone.out);
  CHECK(undone.exit_code == 1);
  CHECK(has(undone.out, "cannot be undone: container/forgejo: env/TOKEN is a secret"));
}

TEST_CASE("undo: the values before a run come back, and git is not followed until it moves") {
  Lab lab;
  lab.apply();
  lab.edit("services.yaml", "memory: 2GiB", "memory: 4GiB");
  lab.commit("forgejo: more memory");
  lab.apply();
  const std::string run = last_run(lab);
  const ProcessResult undone = undo(lab, run);
  CAPTURE(undone.out);
  CAPTURE(undone.err);
  CHECK(undone.exit_code == 0);
  CHECK(has(lab.read("live/pve/container/forgejo.yaml"), "memory: 2GiB"));
  const std::string cause = "undo of run " + run;
  CHECK(has(flat(undone.out), "memory 4GiB -> 2GiB " + cause));
  CHECK(has(lab.run({"history"}).out, "memory 4GiB -> 2GiB   " + cause));
  const nlohmann::json told = history(lab).at("runs").at(0);
  CHECK(told.at("verb") == "undo");
  CHECK(told.at("changes").at(0).at("cause") == cause);
  CHECK(told.at("changes").at(0).at("fields").at(0).at("cause") == cause);
  CHECK(told.at("changes").at(0).at("fields").at(0).at("commit").is_null());
  // What moves afterwards has causes of its own, until it is put right.
  lab.edit("live/pve/container/forgejo.yaml", "memory: 2GiB", "memory: 1GiB");
  CHECK(has(flat(lab.run({"plan"}).out), "memory 1GiB -> 2GiB drift"));
  lab.apply();

  // The next run does not do it again, and says why.
  const ProcessResult plan = lab.run({"plan"});
  CAPTURE(plan.out);
  CHECK(plan.exit_code == 0);
  CHECK(has(flat(plan.out), "container/forgejo is as it was before run " + run));
  lab.edit("dns.yaml", "nas: 10.5.0.10", "nas: 10.5.0.11");
  lab.commit("something else");
  lab.apply();
  CHECK(has(lab.read("live/pve/container/forgejo.yaml"), "memory: 2GiB"));

  lab.edit("services.yaml", "memory: 4GiB", "memory: 8GiB");
  lab.commit("forgejo: even more memory");
  lab.apply();
  CHECK(has(lab.read("live/pve/container/forgejo.yaml"), "memory: 8GiB"));
  CHECK_FALSE(has(flat(lab.run({"plan"}).out), "was undone"));
}

TEST_CASE("undo: what a run made goes, and what it deleted comes back") {
  Lab lab;
  lab.apply();
  const std::string www = lab.read("live/dns/dns/lab/www/CNAME.yaml");
  lab.edit("dns.yaml", "    www: { CNAME: nas }\n", "    files: { CNAME: nas }\n");
  lab.commit("www is called files");
  lab.apply();
  CHECK_FALSE(lab.exists("live/dns/dns/lab/www/CNAME.yaml"));
  const ProcessResult undone = undo(lab, last_run(lab));
  CAPTURE(undone.out);
  CAPTURE(undone.err);
  CHECK(undone.exit_code == 0);
  CHECK(lab.read("live/dns/dns/lab/www/CNAME.yaml") == www);
  CHECK_FALSE(lab.exists("live/dns/dns/lab/files/CNAME.yaml"));
  CHECK(lab.run({"plan"}).exit_code == 0);
}

TEST_CASE("undo: without a yes nothing is written and nothing suspended; unknown runs are errors") {
  Lab lab;
  lab.apply();
  lab.edit("services.yaml", "memory: 2GiB", "memory: 4GiB");
  lab.commit("forgejo: more memory");
  lab.apply();
  CHECK(lab.run({"undo", last_run(lab)}).exit_code == 1);
  CHECK(has(lab.read("live/pve/container/forgejo.yaml"), "memory: 4GiB"));
  CHECK_FALSE(has(flat(lab.run({"plan"}).out), "was undone"));
  const ProcessResult unknown = undo(lab, "999");
  CHECK(unknown.exit_code == 1);
  CHECK(has(unknown.err, "the ledger knows no run 999"));
}

}  // namespace homeostat::test
