// `homeostat provider check`, as the author of a provider calls it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <csignal>
#include <fstream>

#include "tests/e2e/lab.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/pdns_server.hpp"

namespace homeostat::test {
namespace {

using Json = nlohmann::json;

// An instance of `files` with a zone, for nothing but this.
class FilesScratch {
 public:
  FilesScratch() {
    lab.edit("homeostat.yaml", "networks:", "  it: { type: files, path: scratch }\nnetworks:");
    lab.edit("homeostat.yaml",
             "defaults:", "  scratch: { zone: scratch.example.org, on: [it] }\ndefaults:");
    lab.commit("a place for checks");
  }
  Lab lab;
};

// A zone of a real server, with a wire in front of it.
class DnsScratch {
 public:
  explicit DnsScratch(PdnsBackend backend = PdnsBackend::sqlite)
      : server(backend), wire(server.port()) {
    server.create_zone(zone);
    lab.remove("services.yaml");
    lab.remove("dns.yaml");
    lab.write("homeostat.yaml",
              fmt::format("homeostat: 1\nsite: home\nproviders:\n"
                          "  dns: {{ type: powerdns, url: \"{}\", key: \"${{secret.key}}\" }}\n"
                          "secrets:\n  key: {{ env: PDNS_KEY }}\n"
                          "zones:\n  scratch: {{ zone: {}, on: [dns] }}\n",
                          wire.url(), zone));
    lab.commit("a place for checks");
  }

  [[nodiscard]] ProcessResult run(const std::vector<std::string>& words) const {
    return lab.run_with({{"PDNS_KEY", PdnsServer::key}}, words);
  }
  [[nodiscard]] ProcessResult check() const {
    return run({"provider", "check", "dns/scratch", "--yes"});
  }
  // Owner and type of all that is not the zone's own.
  [[nodiscard]] std::vector<std::string> sets() const {
    std::vector<std::string> names;
    const Json all = server.zone(zone);
    for (const Json& set : all.at("rrsets")) {
      const auto type = set.at("type").get<std::string>();
      if (type != "SOA" && type != "NS") names.push_back(set.at("name").get<std::string>() + type);
    }
    return names;
  }

  static constexpr const char* zone = "scratch.example.org";
  PdnsServer server;
  FaultProxy wire;
  Lab lab;
};

std::size_t lines_with(const std::string& text, const std::string& begin) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    if (text.compare(at, begin.size(), begin) == 0) ++count;
    if (text.find('\n', at) == std::string::npos) break;
  }
  return count;
}

}  // namespace

TEST_CASE("provider check: files keep the contract, and nothing is left behind") {
  const FilesScratch scratch;
  for (const auto& [scope, summary] : {std::pair{"it", "35 ok, 0 failed, 5 cannot be done"},
                                       {"it/scratch", "16 ok, 0 failed, 4 "}}) {
    const ProcessResult checked = scratch.lab.run({"provider", "check", scope, "--yes"});
    CAPTURE(checked.out);
    CAPTURE(checked.err);
    CHECK(checked.exit_code == 0);
    CHECK(has(checked.out, summary));
    CHECK(has(checked.out, "nothing of it is left behind"));
    CHECK(lines_with(checked.out, "FAILED") == 0);
    CHECK(lines_with(checked.out, "cannot do") > 0);
    CHECK(Lab::snapshot(scratch.lab.folder() + "/scratch").empty());
  }
  // It is somebody else's business, and no run of this site.
  CHECK(has(scratch.lab.run({"history"}).out, "nothing was changed"));
}

TEST_CASE("provider check: a scope that holds or declares anything is not touched") {
  FilesScratch scratch;
  Lab& lab = scratch.lab;
  const ProcessResult declared = lab.run({"provider", "check", "dns/lab", "--yes"});
  CAPTURE(declared.err);
  CHECK(declared.exit_code == 1);
  CHECK(has(declared.err, "no scratch scope"));
  CHECK_FALSE(lab.exists("live"));

  lab.write("scratch/container/mine.yaml", "cores: 2\n");
  const auto before = Lab::snapshot(lab.folder() + "/scratch");
  const ProcessResult full = lab.run({"provider", "check", "it", "--yes"});
  CAPTURE(full.err);
  CHECK(full.exit_code == 1);
  CHECK(has(full.out, "container/mine"));
  CHECK(has(full.err, "no scratch scope"));
  CHECK(Lab::snapshot(lab.folder() + "/scratch") == before);

  const ProcessResult typo = lab.run({"provider", "check", "it/scrath", "--yes"});
  CHECK(typo.exit_code == 1);
  CHECK(has(typo.err, "it/scratch"));
}

TEST_CASE("provider check: without a terminal it needs a yes, and has written nothing before") {
  const FilesScratch scratch;
  const ProcessResult asked = scratch.lab.run({"provider", "check", "it"});
  CAPTURE(asked.err);
  CHECK(asked.exit_code == 1);
  CHECK(has(asked.err, "--yes"));
  CHECK_FALSE(scratch.lab.exists("scratch"));
}

TEST_CASE("provider check: what an earlier check has left is removed, and nothing else") {
  FilesScratch scratch;
  Lab& lab = scratch.lab;
  lab.write("scratch/container/homeostat-check-1.yaml", "cores: 2\n");
  lab.write("scratch/monitor/other.yaml",
            "type: push\nhomeostat:\n  site: homeostat-check\n"
            "  address: homeostat-check:monitor/other@it\n  id: monitor/other\n");
  const ProcessResult asked = lab.run({"provider", "check", "it"});
  CHECK(asked.exit_code == 1);
  CHECK(has(asked.out, "container/homeostat-check-1"));
  CHECK(has(asked.out, "monitor/other"));
  CHECK(lab.exists("scratch/container/homeostat-check-1.yaml"));
  const ProcessResult checked = lab.run({"provider", "check", "it", "--yes"});
  CAPTURE(checked.out);
  CAPTURE(checked.err);
  CHECK(checked.exit_code == 0);
  CHECK(Lab::snapshot(lab.folder() + "/scratch").empty());

  // Of another site, whatever it is called.
  lab.write("scratch/monitor/homeostat-check-1.yaml",
            "type: http\nhomeostat:\n  site: home\n"
            "  address: home:monitor/homeostat-check-1@it\n"
            "  id: monitor/homeostat-check-1\n");
  CHECK(lab.run({"provider", "check", "it", "--yes"}).exit_code == 1);
  CHECK(lab.exists("scratch/monitor/homeostat-check-1.yaml"));
}

TEST_CASE("provider check: powerdns keeps the contract, once it is trusted") {
  const DnsScratch scratch;
  const ProcessResult untrusted = scratch.check();
  CAPTURE(untrusted.err);
  CHECK(untrusted.exit_code == 3);
  CHECK(has(untrusted.err, "homeostat trust"));
  CHECK(scratch.wire.log().empty());

  REQUIRE(scratch.run({"trust", "--yes"}).exit_code == 0);
  const ProcessResult checked = scratch.check();
  CAPTURE(checked.out);
  CAPTURE(checked.err);
  CHECK(checked.exit_code == 0);
  CHECK(has(checked.out, "18 ok, 0 failed, 2 cannot be done"));
  CHECK(scratch.sets().empty());
  CHECK_FALSE(has(checked.out + checked.err, PdnsServer::key));

  scratch.server.put(scratch.zone, "mine.scratch.example.org", "A", 300, {"10.5.0.1"});
  CHECK(scratch.check().exit_code == 1);
  CHECK(scratch.sets() == std::vector<std::string>{"mine.scratch.example.org.A"});
}

TEST_CASE("provider check: where no marker can be kept, that is said, and all else is checked") {
  const DnsScratch scratch(PdnsBackend::lmdb);
  REQUIRE(scratch.run({"trust", "--yes"}).exit_code == 0);
  const ProcessResult checked = scratch.check();
  CAPTURE(checked.out);
  CAPTURE(checked.err);
  CHECK(checked.exit_code == 0);
  CHECK(has(checked.out, "16 ok, 0 failed, 4 cannot be done"));
  CHECK(has(checked.out, "there is no place for a marker"));
  CHECK(scratch.sets().empty());
}

TEST_CASE("provider check: a write that is answered and not done is found") {
  DnsScratch scratch;
  REQUIRE(scratch.run({"trust", "--yes"}).exit_code == 0);
  const WireFault lie{WireFault::Kind::answer, 204, {}, {}};
  SUBCASE("at once, and nothing more is tried") {
    scratch.wire.add({"PATCH", "", lie, 0, -1});
    const ProcessResult checked = scratch.check();
    CAPTURE(checked.out);
    CHECK(checked.exit_code == 1);
    CHECK(has(checked.out, "FAILED     dns A       what is made can be removed again"));
    CHECK(has(checked.out, "what was made is not there"));
    CHECK(has(checked.out, "0 ok, 1 failed"));
  }
  SUBCASE("later on, in one chapter, and the others go on") {
    // After what is tried out: two samples, made and removed.
    scratch.wire.add({"PATCH", "", lie, 4, 1});
    const ProcessResult checked = scratch.check();
    CAPTURE(checked.out);
    CHECK(checked.exit_code == 1);
    CHECK(has(checked.out, "FAILED     dns A       what is declared comes to be"));
    CHECK(has(checked.out, "17 ok, 1 failed, 2 cannot be done; nothing of it is left behind"));
  }
  CHECK(scratch.sets().empty());
}

TEST_CASE("provider check: no site may have the name by which leftovers are found") {
  FilesScratch scratch;
  scratch.lab.edit("homeostat.yaml", "site: home", "site: homeostat-check");
  for (const char* verb : {"validate", "plan"}) {
    const ProcessResult refused = scratch.lab.run({verb});
    CHECK(refused.exit_code == 1);
    CHECK(has(refused.err, "site: homeostat-check is the name of what `provider check` makes"));
  }
}

TEST_CASE("provider check: a server that cannot be seen is unknown") {
  DnsScratch scratch;
  REQUIRE(scratch.run({"trust", "--yes"}).exit_code == 0);
  scratch.wire.add({"GET", "", {WireFault::Kind::answer, 403, {}, "no"}, 0, -1});
  const ProcessResult checked = scratch.check();
  CAPTURE(checked.err);
  CHECK(checked.exit_code == 3);
  CHECK(has(checked.err, "dns/scratch is unknown"));
}

TEST_CASE("provider check: told to stop, it removes what it has made") {
  DnsScratch scratch;
  REQUIRE(scratch.run({"trust", "--yes"}).exit_code == 0);
  const TempDir places;
  const std::string pid_file = places.path() + "/pid";
  int writes = 0;
  // In the middle of the first chapter's first write.
  scratch.wire.before_forward([&](const std::string& method, const std::string& /*path*/) {
    if (method != "PATCH" || ++writes != 5) return;
    std::ifstream in(pid_file);
    pid_t pid = 0;
    in >> pid;
    if (pid > 1) ::kill(pid, SIGINT);
  });
  const ProcessResult checked = run_process(
      {.command = {"/bin/sh", "-c", "echo $$ >\"$0\"; exec \"$@\"", pid_file, Lab::binary(),
                   "provider", "check", "dns/scratch", "--yes"},
       .environment = {{"HOMEOSTAT_STATE_DIR", scratch.lab.state()}, {"PDNS_KEY", PdnsServer::key}},
       .folder = scratch.lab.folder()});
  CAPTURE(checked.out);
  CAPTURE(checked.err);
  CHECK(checked.exit_code == 1);
  CHECK(has(checked.out, "it was told to stop"));
  CHECK(has(checked.out, "nothing of it is left behind"));
  CHECK(lines_with(checked.out, "ok") < 18);
  CHECK(scratch.sets().empty());
}

}  // namespace homeostat::test
