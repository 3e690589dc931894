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

// The records of a test of PTRs: what `dns:` says of the zone.
void records(Lab& lab, const std::string& lines) {
  lab.write("dns.yaml", "dns:\n  lab:\n" + lines);
  lab.commit("records");
}

std::string ptr(const Lab& lab, const std::string& owner) {
  const std::string path = "live/dns/dns/lab~v4/" + owner + "/PTR.yaml";
  return lab.exists(path) ? lab.read(path) : "";
}

constexpr const char* others = "    a: 10.5.0.5\n    b: 10.5.0.6\n    c: 10.5.0.7\n";

}  // namespace

TEST_CASE("undo: PTRs follow their records and are never kept by themselves") {
  Lab lab;
  records(lab, std::string(others) + "    nas: 10.5.0.9\n");
  lab.apply();
  records(lab, std::string(others) + "    nas: 10.5.0.10\n");
  lab.apply();
  const std::string run = last_run(lab);
  CHECK(ptr(lab, "9").empty());

  SUBCASE("until git says something else") {
    const ProcessResult undone = undo(lab, run);
    CAPTURE(undone.out);
    CHECK(undone.exit_code == 0);
    CHECK(has(flat(undone.out), "dns/lab~v4/9/PTR nas.lab.example.org undo of run " + run));
    CHECK(has(flat(undone.out), "dns/lab~v4/10/PTR was nas.lab.example.org undo of run " + run));
    CHECK(has(ptr(lab, "9"), "nas.lab"));
    CHECK(ptr(lab, "10").empty());
    const ProcessResult plan = lab.run({"plan"});
    CAPTURE(plan.out);
    CHECK(plan.exit_code == 0);
    CHECK(has(flat(plan.out), "or `homeostat resume dns/lab/nas/A`"));
    CHECK_FALSE(has(flat(plan.out), "PTR is as it was"));
    CHECK_FALSE(has(lab.run({"explain", "dns/lab~v4/9/PTR"}).out, "at :0"));

    records(lab, std::string(others) + "    nas: 10.5.0.11\n    x1: 10.5.0.9\n");
    lab.apply();
    CHECK(has(ptr(lab, "9"), "x1.lab"));
    CHECK(has(ptr(lab, "11"), "nas.lab"));
    CHECK_FALSE(has(lab.run({"plan"}).out, "was undone"));
    records(lab, std::string(others) + "    nas: 10.5.0.11\n");
    lab.apply();
    CHECK(ptr(lab, "9").empty());
  }
  SUBCASE("nor where git is back already") {
    records(lab, std::string(others) + "    nas: 10.5.0.9\n");
    lab.apply();
    const ProcessResult undone = undo(lab, run);
    CAPTURE(undone.out);
    CHECK(undone.exit_code == 0);
    CHECK(has(undone.out, "git says the same by now, and goes on being followed"));
    CHECK_FALSE(has(lab.run({"plan"}).out, "was undone"));
  }
}

TEST_CASE("undo: of a repair, what is derived from it follows in the same run") {
  Lab lab;
  records(lab, std::string(others) + "    mail: 10.5.0.44\n");
  lab.apply();
  lab.edit("live/dns/dns/lab/mail/A.yaml", "10.5.0.44", "10.5.0.91");
  lab.apply();
  const std::string run = last_run(lab);
  const ProcessResult undone = undo(lab, run);
  CAPTURE(undone.out);
  CAPTURE(undone.err);
  CHECK(undone.exit_code == 0);
  CHECK(has(lab.read("live/dns/dns/lab/mail/A.yaml"), "10.5.0.91"));
  CHECK(has(ptr(lab, "91"), "mail.lab"));
  CHECK(ptr(lab, "44").empty());
  CHECK(has(flat(undone.out), "dns/lab~v4/91/PTR mail.lab.example.org undo of run " + run));
  CHECK(has(flat(undone.out), "dns/lab~v4/44/PTR was mail.lab.example.org undo of run " + run));
  const ProcessResult plan = lab.run({"plan"});
  CAPTURE(plan.out);
  CHECK(plan.exit_code == 0);
  // What is broken afterwards was not git either.
  lab.remove("live/dns/dns/lab~v4/91/PTR.yaml");
  CHECK(has(flat(lab.run({"plan"}).out), "drift"));
}

TEST_CASE("undo: of two runs on one record, the later word gives nothing back to git") {
  Lab lab;
  const auto nas = [](const std::string& address, const std::string& ttl) {
    return others + ("    nas: { A: { values: [" + address + "], ttl: " + ttl + " } }\n");
  };
  const auto live = [&lab] { return lab.read("live/dns/dns/lab/nas/A.yaml"); };
  records(lab, nas("10.5.0.9", "10m"));
  lab.apply();
  records(lab, nas("10.5.0.10", "10m"));
  lab.apply();
  const std::string moved = last_run(lab);
  records(lab, nas("10.5.0.10", "20m"));
  lab.apply();
  const std::string longer = last_run(lab);
  CHECK(undo(lab, longer).exit_code == 0);
  CHECK(has(live(), "10.5.0.10"));
  CHECK(has(live(), "10m"));
  CHECK(undo(lab, moved).exit_code == 0);
  CHECK(has(live(), "10.5.0.9"));
  CHECK(has(live(), "10m"));
  CHECK(lab.run({"plan"}).exit_code == 0);
  // Back to the longer one alone: the other stays undone.
  CHECK(undo(lab, last_run(lab)).exit_code == 0);
  CHECK(has(live(), "10.5.0.10"));
  CHECK(has(live(), "10m"));
  CHECK(lab.run({"resume", "dns/lab/nas/A"}).exit_code == 0);
  lab.apply();
  CHECK(has(live(), "20m"));
}

TEST_CASE("undo: what refers to what is undone follows too") {
  Lab lab;
  lab.apply();
  const std::string container = "live/pve/container/forgejo.yaml";
  lab.edit(container, "10.5.0.110", "10.5.0.111");
  lab.apply();
  const std::string run = last_run(lab);
  const ProcessResult undone = undo(lab, run);
  CAPTURE(undone.out);
  CAPTURE(undone.err);
  CHECK(undone.exit_code == 0);
  CHECK(has(lab.read("live/dns/dns/lab/forgejo/A.yaml"), "10.5.0.111"));
  CHECK(has(flat(undone.out), "dns/lab/forgejo/A 10.5.0.110 -> 10.5.0.111 undo of run " + run));
  CHECK(has(ptr(lab, "111"), "forgejo.lab"));
  CHECK(has(flat(undone.out), "dns/lab~v4/111/PTR forgejo.lab.example.org undo of run " + run));
  CHECK(has(flat(undone.out), "forward_host 10.5.0.110 -> 10.5.0.111 undo of run " + run));
  CHECK(lab.run({"plan"}).exit_code == 0);
}

TEST_CASE("undo: a type that git changes again is not held by the one that came back") {
  Lab lab;
  records(lab, std::string(others) + "    www: 10.5.0.9\n");
  lab.apply();
  records(lab, std::string(others) + "    www: { CNAME: a }\n");
  lab.apply();
  CHECK(undo(lab, last_run(lab)).exit_code == 0);
  CHECK(lab.exists("live/dns/dns/lab/www/A.yaml"));
  CHECK(lab.run({"plan"}).exit_code == 0);
  records(lab, std::string(others) + "    www: { CNAME: b }\n");
  lab.apply();
  CHECK_FALSE(lab.exists("live/dns/dns/lab/www/A.yaml"));
  CHECK(has(lab.read("live/dns/dns/lab/www/CNAME.yaml"), "b.lab"));
  CHECK_FALSE(has(lab.run({"plan"}).out, "was undone"));
}

TEST_CASE("resume: git is followed again where a run was undone") {
  Lab lab;
  lab.apply();
  lab.edit("services.yaml", "memory: 2GiB", "memory: 4GiB");
  lab.edit("dns.yaml", "    www: { CNAME: nas }\n", "");
  lab.commit("more memory, no www");
  lab.apply();
  CHECK(undo(lab, last_run(lab)).exit_code == 0);
  CHECK(has(lab.run({"explain", "dns/lab/www/CNAME"}).out, "not declared: kept as it was before"));
  CHECK(lab.run({"resume", "container/nobody"}).exit_code == 1);
  const ProcessResult whole = lab.run({"resume"});
  CHECK(whole.exit_code == 1);
  CHECK(has(whole.err, "container/forgejo"));

  const ProcessResult one = lab.run({"resume", "container/forgejo"});
  CAPTURE(one.err);
  CHECK(one.exit_code == 0);
  CHECK(has(one.out, "container/forgejo: git is followed again"));
  CHECK(has(flat(lab.run({"plan"}).out), "memory 2GiB -> 4GiB git"));
  CHECK(lab.run({"resume", "dns/*"}).exit_code == 0);
  lab.apply();
  CHECK_FALSE(lab.exists("live/dns/dns/lab/www/CNAME.yaml"));
  CHECK_FALSE(has(lab.run({"plan"}).out, "was undone"));
  CHECK(lab.run({"resume", "dns/*"}).exit_code == 1);
}

TEST_CASE("forget: what an undone run has brought back is let go, as nothing declares it") {
  Lab lab;
  lab.apply();
  lab.edit("dns.yaml", "    www: { CNAME: nas }\n", "");
  lab.commit("no www");
  lab.apply();
  CHECK(undo(lab, last_run(lab)).exit_code == 0);
  const ProcessResult forgotten = lab.run({"forget", "dns/lab/www/CNAME"});
  CHECK(forgotten.exit_code == 0);
  CHECK_FALSE(has(forgotten.out, "still declared"));
  const ProcessResult plan = lab.run({"plan"});
  CHECK(plan.exit_code == 0);
  CHECK_FALSE(has(plan.out, "was undone"));
  CHECK(lab.exists("live/dns/dns/lab/www/CNAME.yaml"));
}

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
