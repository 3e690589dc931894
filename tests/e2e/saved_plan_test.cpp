// `plan --out FILE` and `apply FILE` through the real binary: what was shown is what is done, or
// nothing is.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/e2e/lab.hpp"

namespace homeostat::test {
namespace {

namespace fs = std::filesystem;

// In sync; then forgejo is to get more memory, and its proxy host was changed by hand.
struct SavedLab {
  Lab lab;
  const std::string container = "live/pve/container/forgejo.yaml";

  SavedLab() {
    lab.edit("services.yaml", "cores: 2, memory: 2GiB", "cores: 2, memory: 2GiB, env: { A: b }");
    lab.commit("a variable");
    lab.apply();
    lab.edit("services.yaml", "memory: 2GiB", "memory: 4GiB");
    lab.commit("more memory");
  }
  void save(const std::vector<std::string>& words = {}) const {
    std::vector<std::string> all = {"plan", "--out", "plan.json"};
    all.insert(all.end(), words.begin(), words.end());
    const ProcessResult saved = lab.run(all);
    CAPTURE(saved.out);
    CAPTURE(saved.err);
    REQUIRE(saved.exit_code == 2);
  }
  // `apply FILE` must refuse, say `why`, and leave the live state alone.
  void refused(const std::string& why, const std::vector<std::string>& words = {}) const {
    const auto before = Lab::snapshot(lab.folder() + "/live");
    std::vector<std::string> all = {"apply", "plan.json", "--yes"};
    all.insert(all.end(), words.begin(), words.end());
    const ProcessResult result = lab.run(all);
    CAPTURE(result.out);
    CAPTURE(result.err);
    CHECK(result.exit_code == 1);
    CHECK(has(result.err, why));
    CHECK(Lab::snapshot(lab.folder() + "/live") == before);
  }
  [[nodiscard]] ProcessResult applied() const {
    ProcessResult result = lab.run({"apply", "plan.json", "--yes"});
    CAPTURE(result.out);
    CAPTURE(result.err);
    REQUIRE(result.exit_code == 0);
    return result;
  }
};

}  // namespace

TEST_CASE("saved plan: is private, is JSON, and does what it showed") {
  const SavedLab it;
  it.save();
  CHECK((fs::status(it.lab.folder() + "/plan.json").permissions() & fs::perms::all) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  const auto file = nlohmann::json::parse(it.lab.read("plan.json"));
  CHECK(file.at("homeostat_saved_plan") == 1);
  CHECK(file.at("site") == "home");
  CHECK(file.at("changes").contains("home:container/forgejo@pve"));
  CHECK(has(it.applied().out, "applied 1 of 1"));
  CHECK(has(it.lab.read(it.container), "memory: 4GiB"));
  // Once is enough.
  it.refused("container/forgejo@pve: its live value has moved: memory");
}

TEST_CASE("saved plan: an unrelated commit or drift is left alone, and said") {
  SavedLab it;
  it.save();
  it.lab.edit("dns.yaml", "nas: 10.5.0.10", "nas: 10.5.0.11");
  it.lab.commit("another address");
  it.lab.edit("live/npm/proxy_host/forgejo.yaml", "force_https: true", "force_https: false");
  const ProcessResult applied = it.applied();
  CHECK(has(applied.out, "left alone, since the plan does not have them: "));
  CHECK(has(applied.out, "dns/lab/nas/A"));
  CHECK(has(it.lab.read(it.container), "memory: 4GiB"));
  CHECK(has(it.lab.read("live/dns/dns/lab/nas/A.yaml"), "10.5.0.10"));
  CHECK(has(it.lab.read("live/npm/proxy_host/forgejo.yaml"), "force_https: false"));
  // Nothing of the rest was agreed on meanwhile.
  CHECK(has(it.lab.run({"plan"}).out, "drift"));
}

TEST_CASE("saved plan: is stale where what it touches has moved") {
  SavedLab it;
  it.save();
  SUBCASE("in git") {
    it.lab.edit("services.yaml", "memory: 4GiB", "memory: 6GiB");
    it.lab.commit("still more");
    it.refused("container/forgejo@pve: its desired value has moved: memory");
  }
  SUBCASE("in git, in another field of the same resource") {
    it.lab.edit("services.yaml", "cores: 2", "cores: 4");
    it.lab.commit("cores");
    it.refused("its desired value has moved: cores");
  }
  SUBCASE("in git, back to what is live") {
    it.lab.edit("services.yaml", "memory: 4GiB", "memory: 2GiB");
    it.lab.commit("back");
    it.refused("container/forgejo@pve: its desired value has moved: memory");
  }
  SUBCASE("on the live system") {
    it.lab.edit(it.container, "memory: 2GiB", "memory: 3GiB");
    it.refused("container/forgejo@pve: its live value has moved: memory");
  }
  SUBCASE("on the live system, in another field") {
    it.lab.edit(it.container, "cores: 2", "cores: 8");
    it.refused("its live value has moved: cores");
  }
  SUBCASE("in the ledger") {
    it.lab.edit("services.yaml", "memory: 4GiB", "memory: 2GiB");
    it.lab.edit("services.yaml", "cores: 2", "cores: 3");
    it.lab.commit("cores instead");
    it.lab.edit(it.container, "cores: 2", "cores: 3");
    REQUIRE(it.lab.run({"drift"}).exit_code == 0);  // agrees on three cores
    it.lab.edit(it.container, "cores: 3", "cores: 2");
    it.lab.edit("services.yaml", "cores: 3", "cores: 2");
    it.lab.edit("services.yaml", "memory: 2GiB", "memory: 4GiB");
    it.lab.commit("as it was");
    it.refused("container/forgejo@pve: its agreed value has moved: cores");
  }
  SUBCASE("where its scope cannot be read") {
    it.lab.edit(it.container, "memory: ", "memory: [");
    it.refused("container/forgejo@pve: cannot be compared: ");
  }
}

TEST_CASE("saved plan: is stale where what it refers to has moved") {
  SavedLab it;
  it.lab.edit("services.yaml", "env: { A: b }", "env: { A: \"http://${container.proxy.ip}/\" }");
  it.lab.commit("asks the proxy");
  it.save();
  const std::string proxy = "live/pve/container/proxy.yaml";
  it.lab.edit(proxy, "10.5.0.103", "10.5.0.203");
  it.refused("container/proxy@pve: its live value has moved: ip");
  it.lab.edit(proxy, "10.5.0.203", "10.5.0.103");
  it.lab.edit(proxy, "cores: 1", "cores: 2");  // which nobody refers to
  (void)it.applied();
}

TEST_CASE("saved plan: is stale where a secret has another value") {
  SavedLab it;
  it.lab.edit("homeostat.yaml", "networks:", "secrets:\n  db: { env: DB }\nnetworks:");
  it.lab.edit("services.yaml", "env: { A: b }", "env: { A: \"${secret.db}\" }");
  it.lab.commit("a password");
  REQUIRE(it.lab.run({"trust", "--yes"}).exit_code == 0);
  REQUIRE(it.lab.run_with({{"DB", "one"}}, {"plan", "--out", "plan.json"}).exit_code == 2);
  const ProcessResult other = it.lab.run_with({{"DB", "two"}}, {"apply", "plan.json", "--yes"});
  CHECK(other.exit_code == 1);
  CHECK(has(other.err, "its desired value has moved: env"));
  CHECK(it.lab.run_with({{"DB", "one"}}, {"apply", "plan.json", "--yes"}).exit_code == 0);
  CHECK(has(it.lab.read(it.container), "A: one"));
}

TEST_CASE("saved plan: what was allowed and chosen when it was made travels along") {
  SavedLab it;
  it.lab.edit("dns.yaml", "    www: { CNAME: nas }\n", "");
  it.lab.commit("no www");
  it.save({"--only", "dns/*", "--allow-deletes", "3"});
  const auto options = nlohmann::json::parse(it.lab.read("plan.json")).at("options");
  CHECK(options.at("allow_deletes") == 3);
  it.refused("a saved plan is applied as it was made", {"--only", "dns/*"});
  it.refused("a saved plan is applied as it was made", {"--allow-deletes", "9"});
  (void)it.applied();
  CHECK_FALSE(it.lab.exists("live/dns/dns/lab/www/CNAME.yaml"));
  CHECK(has(it.lab.read(it.container), "memory: 2GiB"));
}

TEST_CASE("saved plan: consent to destroy data is good for the file that it was given for") {
  SavedLab it;
  it.lab.edit("services.yaml", "memory: 4GiB,", "memory: 4GiB, on_remove: delete,");
  it.lab.commit("goes with its lines");
  it.lab.apply();
  std::string services = it.lab.read("services.yaml");
  services.erase(services.find("  forgejo:"));
  it.lab.write("services.yaml", services);
  it.lab.commit("forgejo goes");
  const auto container_is_in = [&it] {
    return nlohmann::json::parse(it.lab.read("plan.json"))
        .at("changes")
        .contains("home:container/forgejo@pve");
  };
  it.save({"--allow-deletes", "9"});
  CHECK_FALSE(container_is_in());
  it.save({"--allow-deletes", "9", "--allow-destroy", "container/forgejo"});
  REQUIRE(container_is_in());
  (void)it.applied();
  CHECK_FALSE(it.lab.exists(it.container));
}

TEST_CASE("saved plan: one that is not to be believed is refused") {
  SavedLab it;
  it.save();
  const std::string good = it.lab.read("plan.json");
  SUBCASE("cut off") {
    it.lab.write("plan.json", good.substr(0, good.size() - 20));
    it.refused("plan.json is cut off, or no saved plan");
    it.lab.write("plan.json", "");
    it.refused("plan.json is cut off, or no saved plan");
  }
  SUBCASE("of another version") {
    it.lab.edit("plan.json", "\"homeostat_saved_plan\": 1", "\"homeostat_saved_plan\": 2");
    it.refused("plan.json is a saved plan of version 2, and this binary knows version 1");
  }
  SUBCASE("something else") {
    for (const char* text : {"[]", "{}", "1", "{\"homeostat_saved_plan\": 1}"}) {
      it.lab.write("plan.json", text);
      it.refused("plan.json");
    }
  }
  SUBCASE("nested so deep that nobody can copy it") {
    const std::string deep(200'000, '[');
    it.lab.edit(
        "plan.json", "\"changes\": {",
        "\"changes\": {\"home:container/x@pve\": " + deep + std::string(deep.size(), ']') + ",");
    it.refused("plan.json is cut off, or no saved plan");
  }
  SUBCASE("changed in what it does, and in every other place") {
    const auto file = nlohmann::json::parse(good);
    for (const auto& member : file.items()) {
      if (member.key() == "homeostat_saved_plan" || member.key() == "site") continue;
      auto changed = file;
      auto& value = changed[member.key()];
      if (value.is_string()) {
        value = value.get<std::string>() + "0";
      } else if (value.is_number()) {
        value = value.get<int>() + 1;
      } else {
        value["home:container/other@pve"] = value.empty() ? nlohmann::json() : *value.begin();
      }
      if (member.key() == "rev" || member.key() == "path") value = "";
      if (changed == file) changed["more"] = 1;
      it.lab.write("plan.json", changed.dump());
      it.refused("plan.json was ");
    }
  }
  SUBCASE("of another site") {
    it.lab.edit("homeostat.yaml", "site: home", "site: away");
    it.lab.commit("away");
    it.refused("plan.json is a plan of site home, and this repo is site away");
  }
  SUBCASE("made on another machine") {
    const TempDir elsewhere;
    const ProcessResult refused = it.lab.run_with({{"HOMEOSTAT_STATE_DIR", elsewhere.path()}},
                                                  {"apply", "plan.json", "--yes"});
    CHECK(refused.exit_code == 1);
    CHECK(has(refused.err, "plan.json was made with another key"));
  }
}

TEST_CASE("saved plan: is asked about like any other, and needs the same word for a work tree") {
  SavedLab it;
  it.save();
  const ProcessResult asked = it.lab.run({"apply", "plan.json"});
  CHECK(asked.exit_code == 1);
  CHECK(has(asked.err, "--yes"));
  it.lab.edit("services.yaml", "memory: 4GiB", "memory: 5GiB");
  it.save();
  const ProcessResult refused = it.lab.run({"apply", "plan.json", "--yes"});
  CHECK(refused.exit_code == 1);
  CHECK(has(refused.err, "--uncommitted"));
  CHECK(it.lab.run({"apply", "plan.json", "--yes", "--uncommitted"}).exit_code == 0);
  CHECK(has(it.lab.read(it.container), "memory: 5GiB"));
}

TEST_CASE("saved plan: is found from elsewhere, and goes over no link and no device") {
  const SavedLab it;
  const auto elsewhere = [&it](std::vector<std::string> words) {
    words.insert(words.begin(), {HOMEOSTAT_BINARY, "-C", it.lab.folder()});
    return run_process({.command = words,
                        .environment = {{"HOMEOSTAT_STATE_DIR", it.lab.state()}},
                        .folder = "/"});
  };
  CHECK(elsewhere({"plan", "--out", "plan.json"}).exit_code == 2);
  CHECK(it.lab.exists("plan.json"));
  CHECK(elsewhere({"apply", "plan.json", "--yes"}).exit_code == 0);
  CHECK(elsewhere({"plan", "--out", "/dev/null"}).exit_code == 1);
  CHECK(elsewhere({"plan", "--out", "no/such/folder.json"}).exit_code == 1);
  CHECK(elsewhere({"apply", "absent.json", "--yes"}).exit_code == 1);
}

TEST_CASE("saved plan: of a revision is applied at that revision") {
  SavedLab it;
  it.lab.edit("services.yaml", "memory: 4GiB", "memory: 8GiB");  // not committed
  it.save({"--rev", "HEAD"});
  (void)it.applied();
  CHECK(has(it.lab.read(it.container), "memory: 4GiB"));
}

}  // namespace homeostat::test
