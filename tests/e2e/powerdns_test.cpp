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
