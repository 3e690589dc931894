// Records of a real PowerDNS server, through the real binary.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/e2e/lab.hpp"
#include "tests/support/pdns_server.hpp"

namespace homeostat::test {
namespace {

using Answers = std::vector<std::vector<std::string>>;

// One provider, one zone.
class DnsLab {
 public:
  explicit DnsLab(PdnsBackend backend = PdnsBackend::sqlite) : server(backend) {
    server.create_zone("lab.example.org");
    lab.remove("services.yaml");
    lab.write("homeostat.yaml",
              fmt::format("homeostat: 1\nsite: home\nproviders:\n"
                          "  dns: {{ type: powerdns, url: \"{}\", key: \"${{secret.key}}\" }}\n"
                          "secrets:\n  key: {{ env: PDNS_KEY }}\n"
                          "zones:\n  lab: {{ zone: lab.example.org, on: [dns], ttl: 5m }}\n",
                          server.url()));
    spec("nas: 10.5.0.20\n    www: { CNAME: nas }\n");
    REQUIRE(run({"trust", "--yes"}).exit_code == 0);
  }

  DnsLab(const DnsLab&) = delete;
  DnsLab& operator=(const DnsLab&) = delete;
  // Whatever it did: ledger, trust, saved plans and the repo know no key.
  ~DnsLab() {
    CHECK(files_with(lab.state(), PdnsServer::key).empty());
    CHECK(files_with(lab.folder(), PdnsServer::key).empty());
  }

  void spec(const std::string& records) {
    lab.write("dns.yaml", "dns:\n  lab:\n    " + records);
    lab.commit("records");
  }

  ProcessResult run(const std::vector<std::string>& words,
                    const std::string& key = PdnsServer::key) {
    ProcessResult result = lab.run_with({{"PDNS_KEY", key}}, words);
    CHECK_FALSE(has(result.out, PdnsServer::key));
    CHECK_FALSE(has(result.err, PdnsServer::key));
    return result;
  }

  PdnsServer server;
  Lab lab;
};

}  // namespace

TEST_CASE("main job: records on a PowerDNS server are made, changed, repaired and removed") {
  DnsLab dns;
  const ProcessResult plan = dns.run({"plan"});
  CAPTURE(plan.out);
  CAPTURE(plan.err);
  CHECK(plan.exit_code == 2);
  CHECK(has(plan.out, "dns/lab/nas/A"));
  CHECK(dns.server.dig({"nas.lab.example.org A"}) == Answers{{}});

  const ProcessResult applied = dns.run({"apply", "--yes"});
  CAPTURE(applied.out);
  CAPTURE(applied.err);
  CHECK(applied.exit_code == 0);
  CHECK(dns.server.dig({"nas.lab.example.org A", "www.lab.example.org CNAME"}) ==
        Answers{{"nas.lab.example.org. 300 A 10.5.0.20"},
                {"www.lab.example.org. 300 CNAME nas.lab.example.org."}});
  CHECK(dns.run({"plan"}).exit_code == 0);
  const ProcessResult verbose = dns.run({"plan", "-v"});
  CHECK(has(verbose.err, " call"));
  CHECK(has(verbose.err, " received"));
  CHECK_FALSE(has(dns.run({"plan"}).err, " received"));

  dns.server.put("lab.example.org", "nas.lab.example.org", "A", 300, {"10.5.0.99"});
  const ProcessResult drift = dns.run({"drift"});
  CHECK(drift.exit_code == 2);
  CHECK(has(drift.out, "10.5.0.99"));
  CHECK(dns.run({"apply", "--yes"}).exit_code == 0);
  CHECK(dns.server.dig({"nas.lab.example.org A"}) ==
        Answers{{"nas.lab.example.org. 300 A 10.5.0.20"}});

  dns.spec("nas: 10.5.0.21\n    www: 10.5.0.22\n");
  CHECK(dns.run({"apply", "--yes"}).exit_code == 0);
  CHECK(
      dns.server.dig({"nas.lab.example.org A", "www.lab.example.org A"}) ==
      Answers{{"nas.lab.example.org. 300 A 10.5.0.21"}, {"www.lab.example.org. 300 A 10.5.0.22"}});

  dns.spec("nas: 10.5.0.21\n");
  CHECK(dns.run({"apply", "--yes"}).exit_code == 0);
  CHECK(dns.server.dig({"www.lab.example.org A"}) == Answers{{}});
  CHECK(dns.run({"plan"}).exit_code == 0);
}

TEST_CASE("main job: what a renamed zone key or instance drops goes as it would have before") {
  DnsLab dns;
  std::string all;
  for (int i = 1; i <= 9; ++i) all += fmt::format("r{0}: 10.5.0.{0}\n    ", i);
  dns.spec(all + "last: 10.5.0.10\n");
  CHECK(dns.run({"apply", "--yes"}).exit_code == 0);
  const auto called = [&dns](const std::string& instance, const std::string& zone,
                             const std::string& records) {
    std::string head = dns.lab.read("homeostat.yaml");
    const auto replace = [&head](const std::string& from, const std::string& to) {
      const auto at = head.find(from);
      if (at != std::string::npos) head.replace(at, from.size(), to);
    };
    replace("  dns: { type", "  " + instance + ": { type");
    replace("  lab: { zone", "  " + zone + ": { zone");
    replace("on: [dns]", "on: [" + instance + "]");
    dns.lab.write("homeostat.yaml", head);
    dns.lab.write("dns.yaml", "dns:\n  " + zone + ":\n    " + records);
    dns.lab.commit("renamed");
    CHECK(dns.run({"trust", "--yes"}).exit_code == 0);
  };
  const auto gone = [&dns](const std::string& name) {
    return dns.server.dig({name + ".lab.example.org A"}) == Answers{{}};
  };
  const auto names = {std::pair<std::string, std::string>("dns", "home"), {"ns1", "lab"}};
  for (const auto& name : names) {
    const std::string& instance = name.first;
    const std::string& zone = name.second;
    CAPTURE(instance);
    SUBCASE(("to " + instance + " " + zone).c_str()) {
      called(instance, zone, "last: 10.5.0.10\n");
      const ProcessResult held = dns.run({"apply", "--yes"});
      CAPTURE(held.out);
      CHECK(held.exit_code == 2);
      CHECK(has(flat(held.out), "9 of 10 owned"));
      CHECK_FALSE(gone("r1"));
      CHECK(dns.run({"plan", "--out", "plan.json", "--allow-deletes", "9"}).exit_code == 2);
      const ProcessResult applied = dns.run({"apply", "plan.json", "--yes"});
      CAPTURE(applied.out);
      CAPTURE(applied.err);
      CHECK(applied.exit_code == 0);
      CHECK(gone("r1"));
      CHECK(gone("r9"));
      CHECK_FALSE(gone("last"));
      const ProcessResult after = dns.run({"plan"});
      CAPTURE(after.out);
      CHECK(after.exit_code == 0);
      const ProcessResult history =
          dns.run({"history", fmt::format("dns/{}/r1/A@{}", zone, instance)});
      CAPTURE(history.out);
      CHECK(has(history.out, "create"));
      CHECK(has(history.out, "delete"));
      CHECK(has(history.out, "done"));
    }
  }
}

TEST_CASE("main job: a wrong key makes a zone unknown, and nothing of it is planned") {
  DnsLab dns;
  CHECK(dns.run({"apply", "--yes"}).exit_code == 0);
  dns.spec("nas: 10.5.0.21\n");
  const ProcessResult plan = dns.run({"plan"}, "wrong-key-of-the-test");
  CAPTURE(plan.out);
  CHECK(plan.exit_code == 3);
  CHECK(has(plan.out, "UNKNOWN"));
  CHECK_FALSE(has(plan.out + plan.err, "wrong-key-of-the-test"));
  CHECK(dns.run({"apply", "--yes"}, "wrong-key-of-the-test").exit_code != 0);
  CHECK(dns.server.dig({"nas.lab.example.org A"}) ==
        Answers{{"nas.lab.example.org. 300 A 10.5.0.20"}});
}

TEST_CASE("main job: where no comments can be kept, the ledger alone knows what is ours") {
  DnsLab dns(PdnsBackend::lmdb);
  dns.server.put("lab.example.org", "theirs.lab.example.org", "A", 300, {"10.5.0.77"});
  dns.spec("nas: 10.5.0.20\n    www: 10.5.0.21\n");
  CHECK(dns.run({"apply", "--yes"}).exit_code == 0);
  CHECK(dns.run({"plan"}).exit_code == 0);
  dns.spec("nas: 10.5.0.30\n");
  CHECK(dns.run({"apply", "--yes"}).exit_code == 0);
  CHECK(dns.server.dig(
            {"nas.lab.example.org A", "www.lab.example.org A", "theirs.lab.example.org A"}) ==
        Answers{{"nas.lab.example.org. 300 A 10.5.0.30"},
                {},
                {"theirs.lab.example.org. 300 A 10.5.0.77"}});
  CHECK(dns.run({"plan"}).exit_code == 0);
}

}  // namespace homeostat::test
