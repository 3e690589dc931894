#include "reconciler/machine.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/support/temp_repo.hpp"

using namespace homeostat;

namespace {

struct File {
  TempDir dir;
  std::string path = dir.path() + "/machine.yaml";

  explicit File(const std::string& text, mode_t mode = 0644) {
    dir.write("machine.yaml", text);
    REQUIRE(::chmod(path.c_str(), mode) == 0);
  }
  // All errors, with the folder left out.
  [[nodiscard]] std::string errors() const {
    const auto rules = load_machine_file(path);
    if (rules) return "";
    std::string text;
    for (const Error& error : rules.error()) text += to_string(error) + "\n";
    for (auto at = text.find(dir.path()); at != std::string::npos; at = text.find(dir.path())) {
      text.erase(at, dir.path().size() + 1);
    }
    return text;
  }
};

const std::string hash = "sha256:" + std::string(64, 'a');

}  // namespace

TEST_CASE("machine file: pins and what is forbidden") {
  const File file(
      "pin:\n  \"home:provider/pve\": " + hash +
      "\nforbid:\n  secrets: [command, env]\n  providers: [exec]\n  notifiers: [email]\n");
  const auto rules = load_machine_file(file.path);
  REQUIRE(rules);
  CHECK(rules->path == file.path);
  REQUIRE(rules->pin_of("home", "provider/pve") != nullptr);
  CHECK(*rules->pin_of("home", "provider/pve") == hash);
  CHECK(rules->pin_of("away", "provider/pve") == nullptr);
  const auto forbids = [&rules](const std::string& name, const nlohmann::json& text) {
    return rules->forbids({name, text, {}, {}});
  };
  CHECK(forbids("secret/a", {{"command", {"pass"}}}) == "command secrets");
  CHECK(forbids("secret/a", {{"file", "a"}}).empty());
  CHECK(forbids("provider/a", {{"type", "exec"}, {"command", "x"}}) == "exec providers");
  CHECK(forbids("provider/a", {{"type", "proxmox"}, {"env", "x"}}).empty());
  CHECK(forbids("provider/a", {{"type", "email"}}).empty());
  CHECK(forbids("notifier/a", {{"type", "email"}}) == "email notifiers");
  CHECK(forbids("notifier/a", {{"type", "exec"}}).empty());
}

TEST_CASE("machine file: none, or an empty one, forbids nothing") {
  const TempDir dir;
  const auto none = load_machine_file(dir.path() + "/machine.yaml");
  REQUIRE(none);
  CHECK(none->path.empty());
  const File empty("# nothing yet\n");
  CHECK(empty.errors().empty());
}

TEST_CASE("machine file: mistakes are all told, with their places") {
  CHECK(File("pins: {}\n").errors() ==
        "machine.yaml:1:1: `pins` is not a field of `machine file` (did you mean `pin`?)\n");
  CHECK(File("pin:\n  pve: " + hash + "\n  \"home:provider/dns\": abc\n").errors() ==
        "machine.yaml:2:3: `pve` names no connection (write \"SITE:provider/NAME\", "
        "\"SITE:secret/NAME\" or \"SITE:notifier/NAME\", in quotes)\n"
        "machine.yaml:3:24: `home:provider/dns`: is no hash of a connection (write sha256: and 64 "
        "hex digits, as `homeostat trust` shows them)\n");
  CHECK(File("pin: [\n").errors().find("machine.yaml:1:6: ") == 0);
  CHECK(File("pin: {}\n---\npin: {}\n").errors().find("a machine file is one document") !=
        std::string::npos);
  CHECK(File("- pin\n").errors().find("machine.yaml:1:1: ") == 0);
}

TEST_CASE("machine file: one that others may write is not believed") {
  CHECK(File("pin: {}\n", 0664).errors() ==
        "the machine file machine.yaml may be written by others (chmod go-w machine.yaml)\n");
  const TempDir dir;
  CHECK_FALSE(load_machine_file(dir.path()));
}
