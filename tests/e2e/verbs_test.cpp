// The other verbs, as a user calls them.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/e2e/lab.hpp"

namespace homeostat::test {
TEST_CASE("verbs: validate counts, or shows the place, the line and what to write") {
  Lab lab;
  const ProcessResult good = lab.run({"validate"});
  CAPTURE(good.err);
  CHECK(good.exit_code == 0);
  CHECK(has(good.out, "ok: site home"));
  lab.edit("services.yaml", "memory: 2GiB", "memry: 2GiB");
  const ProcessResult bad = lab.run({"validate"});
  CAPTURE(bad.err);
  CHECK(bad.exit_code == 1);
  CHECK(has(bad.err, "services.yaml:6:"));
  CHECK(has(bad.err, "^"));
  CHECK(has(bad.err, "memory"));
}

TEST_CASE("verbs: validate finds a url that cannot be asked") {
  Lab lab;
  const auto said = [&lab](const std::string& settings) {
    lab.write("more.yaml", "providers:\n  more: { type: powerdns, key: \"${secret.k}\", " +
                               settings + " }\nsecrets: { k: { env: K } }\n");
    const ProcessResult told = lab.run({"validate"});
    CHECK(has(told.err, "more.yaml:2:"));
    return flat(told.err);
  };
  const std::string pin = "fingerprint: \"" + std::string(64, 'a') + "\"";
  CHECK(has(said("url: \"ftp://10.5.0.3\""), "is no url of an HTTP API"));
  CHECK(has(said("url: \"http://10.5.0.3/?a=b\""), "its url has a query"));
  CHECK(has(said("url: \"http://10.5.0.3\", " + pin), "no certificate to compare"));
  CHECK(has(said("url: \"https://10.5.0.3\", ca_file: x.pem, " + pin), "exclude each other"));
}

TEST_CASE("verbs: get prints one value and nothing else, derived ones too") {
  const Lab lab;
  CHECK(lab.run({"get", "container/forgejo.ip"}).out == "10.5.0.110\n");
  CHECK(lab.run({"get", "container/forgejo.memory"}).out == "2GiB\n");
  CHECK(lab.run({"get", "dns/inside/git/A.values"}).out == "[\"10.5.0.103\"]\n");
  const ProcessResult typo = lab.run({"get", "container/forgjo.ip"});
  CHECK(typo.exit_code == 1);
  CHECK(has(typo.err, "container/forgejo"));
  CHECK(lab.run({"get", "container/forgejo.nothing"}).exit_code == 1);
}

TEST_CASE("verbs: explain says where each value was written") {
  const Lab lab;
  lab.apply();
  const ProcessResult told = lab.run({"explain", "container/forgejo"});
  CAPTURE(told.out);
  CHECK(told.exit_code == 0);
  CHECK(has(told.out, "home:container/forgejo@pve"));
  CHECK(has(told.out, "services.yaml:6"));
  CHECK(has(told.out, "in sync"));
}

TEST_CASE("verbs: status counts resources by state, and knows the last run") {
  Lab lab;
  lab.apply();
  lab.edit("live/npm/proxy_host/forgejo.yaml", "force_https: true", "force_https: false");
  const ProcessResult told = lab.run({"status"});
  CAPTURE(told.out);
  CHECK(told.exit_code == 2);
  CHECK(has(told.out, "1 drifted"));
  CHECK(has(told.out, "last run: apply"));
  const auto json = nlohmann::json::parse(lab.run({"status", "--json"}).out);
  CHECK(json.at("resources").at("drifted") == 1);
  CHECK(json.at("last_run").at("exit_code") == 0);
}

TEST_CASE("verbs: apply without a terminal logs each change, and explain names a place once") {
  Lab lab;
  const ProcessResult applied = lab.run({"apply", "--yes"});
  CHECK(has(applied.err, "action=create address=container/forgejo outcome=done"));
  for (const char* what : {"container/forgejo", "proxy_host/forgejo", "dns/lab/@/MX"}) {
    std::istringstream lines(lab.run({"explain", what}).out);
    for (std::string line; std::getline(lines, line);) {
      const auto from = line.find("   from ");
      if (from == std::string::npos) continue;
      std::istringstream words(line.substr(from + 8));
      std::set<std::string> places;
      for (std::string word; words >> word;) {
        CAPTURE(line);
        if (word.ends_with(',')) word.pop_back();
        CHECK((!has(word, ".yaml:") || places.insert(word).second));
      }
    }
  }
}

TEST_CASE("verbs: a forgotten resource is no longer compared, changed or deleted") {
  Lab lab;
  lab.apply();
  CHECK(lab.run({"forget", "proxy_host/forgejo"}).exit_code == 0);
  lab.edit("live/npm/proxy_host/forgejo.yaml", "force_https: true", "force_https: false");
  CHECK(lab.run({"plan"}).exit_code == 0);
  std::string services = lab.read("services.yaml");
  services.erase(services.find("    web:"));
  lab.write("services.yaml", services);
  lab.commit("no web");
  (void)lab.run({"apply", "--yes", "--allow-deletes", "9"});
  CHECK(has(lab.read("live/npm/proxy_host/forgejo.yaml"), "force_https: false"));
}

TEST_CASE("verbs: unmanaged lists what is live and not declared") {
  Lab lab;
  lab.apply();
  lab.write("live/dns/dns/lab/stranger/A.yaml", "values: [10.5.0.66]\n");
  std::filesystem::copy(lab.folder() + "/live/pve/container/forgejo.yaml",
                        lab.folder() + "/live/pve/container/clone.yaml");
  const ProcessResult told = lab.run({"unmanaged"});
  CAPTURE(told.out);
  CHECK(has(told.out, "unmanaged  dns/lab/stranger/A"));
  CHECK(has(told.out, "copy"));
  CHECK(lab.run({"plan"}).exit_code == 0);
}

TEST_CASE("verbs: providers lists types, kinds and fields; version prints one line") {
  const Lab lab;
  const ProcessResult told = lab.run({"providers"});
  CHECK(told.exit_code == 0);
  CHECK(has(told.out, "files"));
  CHECK(has(told.out, "proxy_host"));
  CHECK(has(told.out, "forward_port"));
  CHECK(has(lab.run({"version"}).out, "homeostat 0."));
}

TEST_CASE("verbs: told to stop while a secret is fetched, a plan ends at once") {
  Lab lab;
  lab.edit("homeostat.yaml",
           "networks:", "secrets:\n  slow: { command: [sh, -c, \"sleep 100\"] }\nnetworks:");
  lab.edit("services.yaml", "memory: 2GiB }", "memory: 2GiB, env: { DB: \"${secret.slow}\" } }");
  REQUIRE(lab.run({"trust", "--yes"}).exit_code == 0);
  const auto begun = std::chrono::steady_clock::now();
  const ProcessResult plan =
      run_process({.command = {"/usr/bin/timeout", "-s", "INT", "1", Lab::binary(), "plan"},
                   .environment = {{"HOMEOSTAT_STATE_DIR", lab.state()}},
                   .folder = lab.folder()});
  CAPTURE(plan.out);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
  CHECK(has(plan.err, "stopping"));
}

TEST_CASE("verbs: each explains itself with an example, and a wrong word is an error") {
  const Lab lab;
  for (const char* verb : {"validate", "plan", "apply", "drift", "status", "explain", "get",
                           "history", "undo", "forget", "unmanaged", "adopt", "confirm-ownership",
                           "trust", "provider", "providers", "version"}) {
    CAPTURE(verb);
    const ProcessResult help = lab.run({verb, "--help"});
    CHECK(help.exit_code == 0);
    CHECK(has(help.out, "Examples:\n  "));
  }
  CHECK(has(lab.run({"provider", "check", "--help"}).out, "Examples:\n  "));
  CHECK(lab.run({"provider"}).exit_code == 1);
  CHECK(lab.run({"plam"}).exit_code == 1);
  CHECK(lab.run({"plan", "--nonsense"}).exit_code == 1);
  CHECK(lab.run({}).exit_code == 1);
}

TEST_CASE("verbs: a consent or filter that fits nothing is an error, never ignored") {
  const Lab lab;
  lab.apply();
  const auto refused = [&lab](const std::vector<std::string>& words, const std::string& why) {
    const ProcessResult result = lab.run(words);
    CAPTURE(result.err);
    CHECK(result.exit_code == 1);
    CHECK(has(result.err, why));
  };
  refused({"plan", "--allow-deletes", "-1"}, "--allow-deletes");
  refused({"plan", "--allow-destroy", "container/frogejo"}, "container/frogejo");
  refused({"plan", "--adopt", "container/frogejo"}, "container/frogejo");
  refused({"plan", "--allow-destroy", "container/*"}, "is a glob");
  refused({"plan", "--only", "container/*", "--exclude", "*"}, "nothing was selected");
  refused({"plan", "--accept-empty", "pev"}, "pve");
  refused({"plan", "--path", "lab"}, "--rev");
  refused({"explain", "contaner/forgejo"}, "container/forgejo");
  refused({"explain", "container/forgejo@dns"}, "container/forgejo@pve");
}

TEST_CASE("verbs: -C and a positional folder find the repo from elsewhere") {
  const Lab lab;
  const auto elsewhere = [&lab](std::vector<std::string> words) {
    words.insert(words.begin(), HOMEOSTAT_BINARY);
    return run_process(
        {.command = words, .environment = {{"HOMEOSTAT_STATE_DIR", lab.state()}}, .folder = "/"});
  };
  CHECK(elsewhere({"validate", lab.folder()}).exit_code == 0);
  CHECK(elsewhere({"-C", lab.folder(), "validate"}).exit_code == 0);
  CHECK(elsewhere({"validate"}).exit_code == 1);
}

TEST_CASE(
    "verbs: a zone with full authority is swept once what is in it was listed and confirmed") {
  Lab lab;
  lab.apply();
  lab.write("live/dns/dns/lab/stranger/A.yaml", "values: [10.5.0.66]\n");
  lab.write("live/dns/dns/lab/_acme-challenge.git/TXT.yaml", "values: [token]\n");
  const ProcessResult shared = lab.run({"adopt", "--zone", "lab", "--yes"});
  CHECK(shared.exit_code == 1);
  CHECK(has(shared.err, "authority: full"));
  CHECK(has(shared.err, "homeostat.yaml:"));
  lab.edit("homeostat.yaml", "zone: lab.example.org,", "zone: lab.example.org, authority: full,");
  lab.commit("the lab zone is ours alone");
  CHECK(lab.run({"apply", "--yes"}).exit_code == 0);
  CHECK(lab.exists("live/dns/dns/lab/stranger/A.yaml"));

  const ProcessResult unasked = lab.run({"adopt", "--zone", "lab"});
  CAPTURE(unasked.out);
  CHECK(unasked.exit_code == 1);
  CHECK(has(unasked.out, "dns/lab/stranger/A  10.5.0.66"));
  CHECK(has(unasked.out, "stays: dns/lab/_acme-challenge.git/TXT"));
  CHECK(lab.run({"plan"}).exit_code == 0);

  CHECK(lab.run({"adopt", "--zone", "lba", "--yes"}).exit_code == 1);
  CHECK(lab.run({"adopt", "--zone", "lab", "--yes"}).exit_code == 0);
  const ProcessResult plan = lab.run({"plan"});
  CAPTURE(plan.out);
  CHECK(plan.exit_code == 2);
  CHECK(has(plan.out, "- dns/lab/stranger/A"));
  CHECK(lab.run({"apply", "--yes"}).exit_code == 0);
  CHECK_FALSE(lab.exists("live/dns/dns/lab/stranger/A.yaml"));
  CHECK(lab.exists("live/dns/dns/lab/_acme-challenge.git/TXT.yaml"));
}

TEST_CASE("verbs: a zone that cannot be read is not confirmed") {
  Lab lab;
  lab.edit("homeostat.yaml", "zone: lab.example.org,", "zone: lab.example.org, authority: full,");
  lab.commit("the lab zone is ours alone");
  lab.apply();
  lab.write("live/dns/dns/lab/stranger/A.yaml", "values: [\n");
  const ProcessResult refused = lab.run({"adopt", "--zone", "lab", "--yes"});
  CHECK(refused.exit_code == 3);
  CHECK(has(refused.err, "unknown"));
  lab.write("live/dns/dns/lab/stranger/A.yaml", "values: [10.5.0.66]\n");
  CHECK(lab.run({"plan"}).exit_code == 0);
}

TEST_CASE("verbs: get takes dots below a field, and says what a field is called") {
  Lab lab;
  lab.edit("services.yaml", "memory: 2GiB }", "memory: 2GiB, env: { TZ: Europe/Oslo } }");
  CHECK(lab.run({"get", "container/forgejo.env/TZ"}).out == "Europe/Oslo\n");
  CHECK(lab.run({"get", "container/forgejo.env.TZ"}).out == "Europe/Oslo\n");
  const ProcessResult typo = lab.run({"get", "container/forgejo.memry"});
  CHECK(typo.exit_code == 1);
  CHECK(has(typo.err, "memory"));
}

TEST_CASE("verbs: explain tells what a value was made of, and who may write it") {
  Lab lab;
  lab.edit("services.yaml", "memory: 2GiB }", "memory: 2GiB, labels: { a: one, b: two } }");
  lab.edit("homeostat.yaml",
           "networks:", "policy: { kinds: { dns: { mode: enforce } } }\nnetworks:");
  lab.commit("labels");
  lab.apply();
  const ProcessResult record = lab.run({"explain", "dns/lab/forgejo/A"});
  CAPTURE(record.out);
  CHECK(has(record.out, "mode: enforce"));
  CHECK(has(record.out, "by container/forgejo"));
  const ProcessResult container = lab.run({"explain", "container/forgejo"});
  CAPTURE(container.out);
  CHECK(has(container.out, "mode: report"));
  CHECK(has(container.out, "10.5.0.110   from services.yaml:6"));  // by its vmid
  lab.edit("services.yaml", ", b: two", "");
  const ProcessResult fewer = lab.run({"explain", "container/forgejo"});
  CAPTURE(fewer.out);
  CHECK(has(fewer.out, "no longer stated"));
  CHECK_FALSE(has(fewer.out, "derived\n    live    two"));
}

TEST_CASE("verbs: --only counts what it selected") {
  const Lab lab;
  lab.apply();
  const ProcessResult all = lab.run({"plan"});
  const ProcessResult some = lab.run({"plan", "--only", "container/*"});
  CHECK(has(some.out, "in sync: 2 resources"));
  CHECK_FALSE(has(all.out, "in sync: 2 resources"));
}

TEST_CASE("verbs: with --log-format json every line on standard error is JSON") {
  Lab lab;
  const auto lines = [](const std::string& text) {
    std::vector<nlohmann::json> all;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) all.push_back(nlohmann::json::parse(line));
    return all;
  };
  const auto applied = lines(lab.run({"--log-format", "json", "-v", "apply", "--yes"}).err);
  REQUIRE(!applied.empty());
  CHECK(applied.front().at("level") == "info");
  CHECK(has(applied.front().at("message").get<std::string>(), "outcome=done"));
  lab.edit("services.yaml", "memory: 2GiB", "memry: 2GiB");
  const auto refused = lines(lab.run({"--log-format", "json", "validate"}).err);
  REQUIRE(refused.size() == 1);
  CHECK(refused.front().at("level") == "error");
  CHECK(refused.front().at("file") == "services.yaml");
  CHECK(refused.front().at("line") == 6);
}

TEST_CASE("verbs: a second writer stops at once and names the first") {
  const Lab lab;
  lab.apply();
  const std::string path = lab.state() + "/home/lock";
  REQUIRE(std::filesystem::exists(path));
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(flock(file, LOCK_EX | LOCK_NB) == 0);
  const ProcessResult refused = lab.run({"apply", "--yes"});
  CHECK(refused.exit_code == 1);
  CHECK(has(refused.err, "home"));
  CHECK(lab.run({"plan"}).exit_code == 0);
  close(file);
}

TEST_CASE("verbs: a secret reaches the server, and nothing that is printed or kept") {
  Lab lab;
  lab.edit("homeostat.yaml", "networks:", "secrets:\n  db: { env: DB_PASSWORD }\nnetworks:");
  lab.edit("services.yaml", "memory: 2GiB }", "memory: 2GiB, env: { DB: \"${secret.db}\" } }");
  lab.commit("a database password");
  REQUIRE(lab.run({"trust", "--yes"}).exit_code == 0);
  const std::map<std::string, std::string> environment = {{"DB_PASSWORD", "canary-4711"}};
  std::string printed;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"plan"},
                                                {"plan", "--json"},
                                                {"plan", "--markdown"},
                                                {"apply", "--yes", "-vv"},
                                                {"explain", "container/forgejo"},
                                                {"drift"},
                                                {"status"}}) {
    const ProcessResult result = lab.run_with(environment, words);
    CAPTURE(result.err);
    CHECK(result.exit_code != 1);
    printed += result.out + result.err;
  }
  CHECK(has(lab.read("live/pve/container/forgejo.yaml"), "canary-4711"));
  // A new value is seen without being shown; so is one that somebody changed by hand.
  const ProcessResult rotated = lab.run_with({{"DB_PASSWORD", "canary-4712"}}, {"plan"});
  CHECK(rotated.exit_code == 2);
  lab.edit("live/pve/container/forgejo.yaml", "canary-4711", "canary-4713");
  const ProcessResult drifted = lab.run_with(environment, {"drift"});
  CHECK(drifted.exit_code == 2);
  printed += rotated.out + drifted.out;
  CHECK_FALSE(has(printed, "canary"));
  CHECK(lab.run_with(environment, {"get", "container/forgejo.env/DB"}).exit_code == 1);
  for (const auto& entry : Lab::snapshot(lab.state())) {
    CAPTURE(entry.first);
    CHECK_FALSE(has(entry.second, "canary"));
  }
}

}  // namespace homeostat::test
