// Secrets with a mark of their own go through everything that can be done with them; then every
// artefact that was left is searched for the mark.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "tests/e2e/lab.hpp"

namespace homeostat::test {
namespace {

namespace fs = std::filesystem;

// Standard base64 of the whole groups in `text`.
std::string base64(std::string_view text) {
  static constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i + 2 < text.size(); i += 3) {
    const unsigned group = static_cast<unsigned char>(text[i]) * 65536U +
                           static_cast<unsigned char>(text[i + 1]) * 256U +
                           static_cast<unsigned char>(text[i + 2]);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) out += digits[(group >> shift) & 63U];
  }
  return out;
}

std::string each_byte(std::string_view text, const char* format) {
  std::string out;
  for (const char c : text) {
    out += fmt::format(fmt::runtime(format), static_cast<unsigned char>(c));
  }
  return out;
}

// What a text that holds the mark must hold, whatever was done with it.
std::vector<std::string> forms_of(const std::string& mark) {
  std::string reversed(mark.rbegin(), mark.rend());
  return {mark,
          std::move(reversed),
          base64(mark),
          base64(std::string_view(mark).substr(1)),
          base64(std::string_view(mark).substr(2)),
          each_byte(mark, "%{:02X}"),
          each_byte(mark, "%{:02x}"),
          each_byte(mark, "{:02x}"),
          each_byte(mark, "{:02X}")};
}

class Canaries {
 public:
  // As the values of secrets; none of them is a part of another one.
  const std::string variable = "canaryTweet1q7/variable+x y";
  const std::string file = "canaryTweet2q7:file%&\"'";
  const std::string command = "canaryTweet3q7=command==";
  const std::string by_hand = "canaryTweet4q7by-hand";
  const std::string mark = "canaryTweet";
  // What the container says, all with secrets.
  const std::string stated =
      R"(env: { A: "${secret.variable}", B: "smb://${secret.file}@nas", C: "${secret.command}" })"
      R"(, command: [run, "--pw=${secret.variable}"], description: "d ${secret.variable}")";

  Canaries() {
    lab.edit("homeostat.yaml", "networks:", R"(secrets:
  variable: { env: CANARY, expires: 2020-01-01 }
  file:     { file: )" + cage_.path() + R"(/file }
  command:  { command: [cat, )" + cage_.path() + R"(/command] }
networks:)");
    lab.edit("services.yaml", "memory: 2GiB }", "memory: 2GiB, " + stated + " }");
    lab.edit("services.yaml", "path: /api/healthz",
             "path: /api/healthz, headers: { X-Key: \"${secret.command}\" }, "
             "password: \"${secret.file}\"");
    lab.commit("what it needs to know");
    cage_.write("file", file + "\n");
    cage_.write("command", command + "\n");
    fs::permissions(cage_.path() + "/file", fs::perms::owner_read | fs::perms::owner_write);
  }

  ProcessResult run(const std::vector<std::string>& words) {
    ProcessResult result = lab.run_with({{"CANARY", variable},
                                         {"TMPDIR", scratch_.path()},
                                         {"HOME", scratch_.path()},
                                         {"XDG_CONFIG_HOME", scratch_.path() + "/config"},
                                         {"XDG_CACHE_HOME", scratch_.path() + "/cache"}},
                                        words);
    std::string shown;
    for (const std::string& word : words) shown += word + " ";
    left_["stdout of " + shown] += result.out;
    left_["stderr of " + shown] += result.err;
    return result;
  }

  // Everything but the live system, which is where secrets go.
  [[nodiscard]] std::map<std::string, std::string> left() const {
    std::map<std::string, std::string> all = left_;
    for (const std::string& folder : {lab.folder(), lab.state(), scratch_.path()}) {
      for (const auto& [path, bytes] : Lab::snapshot(folder)) {
        if (!path.starts_with(lab.folder() + "/live/")) all[path] = path + "\n" + bytes;
      }
    }
    return all;
  }

  Lab lab;

 private:
  TempDir cage_;     // where the values come from
  TempDir scratch_;  // where the program might leave something
  std::map<std::string, std::string> left_;
};

}  // namespace

TEST_CASE("canary: secrets reach the live system, and nothing that is printed or kept") {
  Canaries canaries;
  Lab& lab = canaries.lab;
  const std::string container = "live/pve/container/forgejo.yaml";
  (void)canaries.run({"plan"});
  REQUIRE(canaries.run({"trust", "--yes"}).exit_code == 0);
  (void)canaries.run({"trust", "--list"});
  (void)canaries.run({"plan", "--json"});
  CHECK(canaries.run({"plan", "--out", "plan.json"}).exit_code == 2);
  (void)canaries.run({"plan", "--markdown"});
  (void)canaries.run({"-vv", "--log-format", "json", "apply", "--yes"});
  REQUIRE(has(lab.read(container), canaries.variable));
  REQUIRE(has(lab.read(container), canaries.command));
  REQUIRE(has(lab.read("live/kuma/monitor/forgejo.yaml"), "canaryTweet2q7"));
  const ProcessResult in_sync = canaries.run({"plan"});
  CAPTURE(in_sync.out);
  CHECK(in_sync.exit_code == 0);
  CHECK(has(in_sync.out, "HAS EXPIRED"));

  SUBCASE("when all goes well") {
    CHECK(has(canaries.run({"history"}).out, "create container/forgejo"));
  }
  SUBCASE("when somebody changes one by hand") {
    lab.edit(container, canaries.variable, canaries.by_hand);
    CHECK(canaries.run({"drift"}).exit_code == 2);
    CHECK(canaries.run({"drift", "--json"}).exit_code == 2);
    (void)canaries.run({"explain", "container/forgejo"});
    (void)canaries.run({"-vv", "plan", "--offline"});
    CHECK(canaries.run({"plan", "--out", "repair.json"}).exit_code == 2);
    CHECK(canaries.run({"apply", "plan.json", "--yes"}).exit_code == 1);
    CHECK(canaries.run({"-vv", "apply", "repair.json", "--yes"}).exit_code == 0);
  }
  SUBCASE("when the live file is broken where one stands") {
    for (const char* damage :
         {"\"canaryTweet5q7", "[canaryTweet5q7", "canaryTweet5q7: : :", "@canaryTweet5q7",
          "&canaryTweet5q7 *canaryTweet6q7", "!canaryTweet5q7 x", "{canaryTweet5q7: 1"}) {
      CAPTURE(damage);
      const std::string good = lab.read(container);
      lab.edit(container, "A: ", std::string("A: ") + damage);
      CHECK(canaries.run({"-vv", "plan"}).exit_code == 3);
      CHECK(canaries.run({"status", "--json"}).exit_code == 3);
      lab.write(container, good);
    }
  }
  const std::string plain = "env: { A: x }, command: [run], description: d";
  SUBCASE("when its lines become plain text") {
    lab.edit("services.yaml", canaries.stated, plain);
    lab.commit("no secrets");
    CHECK(canaries.run({"plan"}).exit_code == 2);
    CHECK(canaries.run({"plan", "--json"}).exit_code == 2);
    CHECK(canaries.run({"drift"}).exit_code == 0);
    const ProcessResult told = canaries.run({"explain", "container/forgejo"});
    CHECK(has(told.out, "live    (secret)"));
    CHECK(has(told.out, "agreed  (secret)"));
  }
  SUBCASE("when its lines became plain text, and that is undone") {
    lab.edit("services.yaml", canaries.stated, plain);
    lab.commit("no secrets");
    const std::string consent = "container/forgejo";
    // What the secret is trusted for has become less, which wants nobody's word.
    CHECK(canaries.run({"apply", "--yes", "--allow-destroy", consent}).exit_code == 0);
    CHECK(has(canaries.run({"history"}).out, "env/A (secret) -> (secret)"));
    const ProcessResult undone = canaries.run({"undo", "2", "--yes", "--allow-destroy", consent});
    CAPTURE(undone.out);
    CHECK(undone.exit_code == 1);
    CHECK(has(undone.out, "env/A is a secret, and the old value is not kept"));
  }
  SUBCASE("when one is no longer stated at all") {
    lab.edit("services.yaml", ", description: \"d ${secret.variable}\"", "");
    lab.commit("no description");
    CHECK(canaries.run({"drift"}).exit_code == 0);
    CHECK(canaries.run({"get", "container/forgejo.description"}).exit_code == 1);
  }
  SUBCASE("when it is let go, and declared again without them") {
    const std::string services = lab.read("services.yaml");
    lab.write("services.yaml", services.substr(0, services.find("  forgejo:")));
    lab.commit("gone");
    (void)canaries.run({"plan", "--json"});
    (void)canaries.run({"apply", "--yes", "--allow-deletes", "9"});
    REQUIRE(lab.exists(container));
    (void)canaries.run({"plan", "--json", "--offline"});
    lab.write("services.yaml", services);
    lab.edit("services.yaml", canaries.stated, plain);
    lab.commit("back");
    CHECK(canaries.run({"plan"}).exit_code == 2);
    (void)canaries.run({"plan", "--json"});
    (void)canaries.run({"apply", "--yes"});
    lab.write("services.yaml", services);
    lab.commit("back as it was");
  }
  SUBCASE("when the ledger is lost and its lines are gone") {
    fs::remove(lab.state() + "/home/ledger.db");
    const std::string services = lab.read("services.yaml");
    lab.write("services.yaml", services.substr(0, services.find("  forgejo:")));
    lab.commit("gone");
    (void)canaries.run({"plan"});
    (void)canaries.run({"plan", "--json"});
    (void)canaries.run({"apply", "--yes"});
    (void)canaries.run({"plan", "--json", "--offline"});
    lab.write("services.yaml", services);
    lab.commit("back as it was");
  }
  SUBCASE("when a write fails") {
    lab.edit("services.yaml", "cores: 2", "cores: 3");
    lab.commit("more cores");
    lab.remove(container);
    fs::create_directories(lab.folder() + "/" + container + "/in the way");
    const ProcessResult failed = canaries.run({"-vv", "apply", "--yes"});
    CHECK((failed.exit_code == 1 || failed.exit_code == 3));
  }
  SUBCASE("when the spec is wrong beside one") {
    lab.edit("services.yaml", "${secret.variable}", "${secret.varable}");
    CHECK(canaries.run({"validate"}).exit_code == 1);
    CHECK(canaries.run({"plan"}).exit_code == 1);
  }
  SUBCASE("when one cannot be had") {
    lab.edit("homeostat.yaml", "command: [cat, ", "command: [sh, -c, 'cat \"$0\"; exit 3', ");
    lab.commit("it fails");
    REQUIRE(canaries.run({"trust", "--yes"}).exit_code == 0);
    const ProcessResult plan = canaries.run({"plan"});
    CAPTURE(plan.out);
    CHECK(has(plan.out, "exit code 3"));
  }

  (void)canaries.run({"explain", "container/forgejo"});
  (void)canaries.run({"get", "container/forgejo.env/A"});
  (void)canaries.run({"get", "monitor/forgejo.password"});
  (void)canaries.run({"status"});
  (void)canaries.run({"unmanaged"});
  (void)canaries.run({"history"});
  (void)canaries.run({"history", "--json"});
  (void)canaries.run({"history", "container/forgejo"});
  // Whatever the last run was about, and the first one, which made everything.
  for (const char* run : {"2", "1"}) {
    (void)canaries.run({"-vv", "undo", run});
    (void)canaries.run({"-vv", "undo", run, "--yes", "--allow-deletes", "99"});
    (void)canaries.run({"plan", "--json"});
  }
  (void)canaries.run({"history", "--json"});
  (void)canaries.run({"forget", "container/forgejo"});

  const std::vector<std::string> forms = forms_of(canaries.mark);
  const auto artefacts = canaries.left();
  CHECK(artefacts.contains(lab.state() + "/home/ledger.db"));
  CHECK(artefacts.contains(lab.state() + "/home/trust.json"));
  CHECK(artefacts.contains(lab.folder() + "/plan.json"));
  for (const auto& artefact : artefacts) {
    CAPTURE(artefact.first);
    for (const std::string& form : forms) {
      CAPTURE(form);
      CHECK_FALSE(has(artefact.second, form));
    }
  }
}

TEST_CASE("canary: the search finds a mark in every form that it looks for") {
  const std::vector<std::string> forms = forms_of("canaryTweet");
  // base64 of "user:canaryTweet1" and its like, so that the mark begins at each place of a group.
  for (const char* text :
       {"dXNlcjpjYW5hcnlUd2VldDE=", "dXNlcnM6Y2FuYXJ5VHdlZXQx", "dXM6Y2FuYXJ5VHdlZXQx",
        "%63%61%6E%61%72%79%54%77%65%65%74", "teewTyranac"}) {
    CAPTURE(text);
    CHECK(std::any_of(forms.begin(), forms.end(),
                      [&](const std::string& form) { return has(text, form); }));
  }
}

TEST_CASE("canary: no program that is started may write a core") {
  Lab lab;
  lab.edit("homeostat.yaml", "networks:",
           "secrets:\n  core: { command: [sh, -c, \"ulimit -c; ulimit -Hc\"] }\nnetworks:");
  lab.edit("services.yaml", "memory: 2GiB }", "memory: 2GiB, env: { CORE: \"${secret.core}\" } }");
  lab.commit("asks for its limits");
  REQUIRE(lab.run({"trust", "--yes"}).exit_code == 0);
  (void)lab.run({"apply", "--yes"});
  CHECK(has(lab.read("live/pve/container/forgejo.yaml"), "CORE: |-\n    0\n    0\n"));
}

}  // namespace homeostat::test
