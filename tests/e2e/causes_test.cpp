// Which commit a plan names, where a value is made of lines that stand elsewhere: settings of
// networks, zones and providers, and lines that are gone.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/lab.hpp"

namespace homeostat::test {
namespace {

constexpr const char* head = R"(homeostat: 1
site: home
providers:
  live:
    type: files
    path: live
    address: 10.5.0.9
networks:
  lab:
    cidr: 10.5.0.0/24
    assign: vmid
zones:
  lab:
    zone: lab.example.org
    on: [live]
    points_to: container
    ttl: 1h
    reverse: true
  inside:
    zone: example.org
    on: [live]
    points_to: proxy
defaults:
  container: { provider: live, node: core, network: lab }
  dns: { ttl: 30m }
)";

constexpr const char* services = R"(services:
  forgejo:
    container:
      vmid: 110
      ip: 10.5.0.210
    name: forgejo.lab.example.org
    web:
      domain: git.example.org
      port: 3000
    monitor:
      path: /api/healthz
  wiki:
    container:
      vmid: 111
    address: 10.5.0.99
    name: wiki.lab.example.org
)";

constexpr const char* records = R"(dns:
  lab:
    nas: 10.5.0.20
    www: { CNAME: nas }
    fj: "${container.forgejo.ip}"
)";

// Applied once; then one commit changes something, among others that change nothing of it.
struct Causes {
  Causes() {
    lab.write("homeostat.yaml", head);
    lab.write("services.yaml", services);
    lab.write("dns.yaml", records);
    lab.commit("start");
    lab.apply();
    other("a");
  }

  void other(const std::string& name) {
    lab.write("other.yaml", "x-" + name + ": 1\n");
    lab.commit("something else", "Zed");
  }

  void cause() {
    commit = lab.commit("the cause", "Ben");
    other("b");
    other("c");
    const ProcessResult planned = lab.run({"plan", "--json"});
    plan = nlohmann::json::parse(planned.out);
  }

  // The commit that is named for a change ("dns/lab/nas/A"), or for one of its fields; "none" where
  // none is, "" where there is no such change.
  [[nodiscard]] std::string named(const std::string& address, const std::string& field = "") const {
    for (const auto& change : plan.at("changes")) {
      const std::string full = address.find('@') == std::string::npos ? address + "@live" : address;
      if (change.at("address") != "home:" + full) continue;
      if (field.empty()) return commit_in(change);
      for (const auto& each : change.at("fields")) {
        if (each.at("path") == field) return commit_in(each);
      }
    }
    return "";
  }

  static std::string commit_in(const nlohmann::json& said) {
    const auto provenance = said.find("provenance");
    return provenance == said.end() ? "none" : provenance->value("commit", "none");
  }

  Lab lab;
  std::string commit;
  nlohmann::json plan;
};

}  // namespace

TEST_CASE("causes: a zone's ttl that changed, went, or came") {
  Causes test;
  SUBCASE("changed") {
    test.lab.edit("homeostat.yaml", "ttl: 1h", "ttl: 2h");
    test.cause();
    CHECK(test.named("dns/lab/nas/A", "ttl") == test.commit);
    CHECK(test.named("dns/lab/wiki/A", "ttl") == test.commit);
    CHECK(test.named("dns/lab~v4/20/PTR", "ttl") == test.commit);
  }
  SUBCASE("went") {
    test.lab.edit("homeostat.yaml", "    ttl: 1h\n", "");
    test.cause();
    CHECK(test.named("dns/lab/nas/A", "ttl") == test.commit);
    CHECK(test.named("dns/lab/wiki/A", "ttl") == test.commit);
  }
  SUBCASE("came") {
    test.lab.edit("homeostat.yaml", "points_to: proxy", "points_to: proxy\n    ttl: 5m");
    test.cause();
    CHECK(test.named("dns/inside/git/A", "ttl") == test.commit);
  }
}

TEST_CASE("causes: a network's cidr moves the addresses by rule, and what leads back from them") {
  Causes test;
  test.lab.edit("homeostat.yaml", "10.5.0.0/24", "10.5.0.0/16");
  test.cause();
  CHECK(test.named("dns/lab~v4/20.0/PTR") == test.commit);
  CHECK(test.named("dns/lab~v4/20/PTR") == test.commit);
  Causes moved;
  for (const char* file : {"homeostat.yaml", "dns.yaml", "services.yaml"}) {
    std::string text = moved.lab.read(file);
    for (auto at = text.find("10.5.0"); at != std::string::npos; at = text.find("10.5.0")) {
      text.replace(at, 6, "10.6.0");
    }
    moved.lab.write(file, text);
  }
  moved.cause();
  CHECK(moved.named("container/wiki", "ip") == moved.commit);
}

TEST_CASE("causes: where a zone points to, and the address of the provider that it points to") {
  Causes test;
  SUBCASE("another target") {
    test.lab.edit("homeostat.yaml", "points_to: proxy", "points_to: 203.0.113.7");
  }
  SUBCASE("another address") {
    test.lab.edit("homeostat.yaml", "address: 10.5.0.9", "address: 10.5.0.8");
  }
  test.cause();
  CHECK(test.named("dns/inside/git/A", "values") == test.commit);
}

TEST_CASE("causes: a zone's DNS name moves relative targets, and what PTR records say") {
  Causes test;
  test.lab.edit("homeostat.yaml", "zone: lab.example.org", "zone: lab2.example.org");
  test.lab.edit("services.yaml", "forgejo.lab.", "forgejo.lab2.");
  test.lab.edit("services.yaml", "wiki.lab.", "wiki.lab2.");
  test.cause();
  CHECK(test.named("dns/lab/www/CNAME", "values") == test.commit);
  CHECK(test.named("dns/lab~v4/20/PTR", "values") == test.commit);
}

TEST_CASE("causes: a line that is gone from a container is the cause of all that is made from it") {
  Causes test;
  test.lab.edit("services.yaml", "      ip: 10.5.0.210\n", "");
  test.cause();
  CHECK(test.named("container/forgejo", "ip") == test.commit);
  CHECK(test.named("dns/lab/fj/A", "values") == test.commit);
  CHECK(test.named("dns/lab/forgejo/A", "values") == test.commit);
  CHECK(test.named("proxy_host/forgejo", "forward_host") == test.commit);
  CHECK(test.named("dns/lab~v4/110/PTR") == test.commit);
  CHECK(test.named("dns/lab~v4/210/PTR") == test.commit);
}

TEST_CASE("causes: an address, or a path, that a service says no more") {
  Causes test;
  test.lab.edit("services.yaml", "    address: 10.5.0.99\n", "");
  test.lab.edit("services.yaml", "    monitor:\n      path: /api/healthz\n", "    monitor: true\n");
  test.cause();
  CHECK(test.named("dns/lab/wiki/A", "values") == test.commit);
  CHECK(test.named("dns/lab~v4/99/PTR") == test.commit);
  CHECK(test.named("dns/lab~v4/111/PTR") == test.commit);
  CHECK(test.named("monitor/forgejo", "target") == test.commit);
}

TEST_CASE("causes: an item that left a list of several lines") {
  Causes test;
  test.lab.edit("dns.yaml", "    nas: 10.5.0.20\n",
                "    nas:\n      - 10.5.0.20\n      - 10.5.0.21\n"
                "    two:\n    - 10.5.0.22\n    - 10.5.0.23\n");
  test.lab.edit("services.yaml", "domain: git.example.org",
                "domains:\n        - git.example.org\n        - code.example.org");
  test.lab.commit("several");
  test.lab.apply();
  test.lab.edit("dns.yaml", "      - 10.5.0.21\n", "");
  test.lab.edit("dns.yaml", "    - 10.5.0.22\n", "");
  test.lab.edit("services.yaml", "        - code.example.org\n", "");
  test.cause();
  CHECK(test.named("dns/lab/nas/A", "values") == test.commit);
  CHECK(test.named("dns/lab/two/A", "values") == test.commit);
  CHECK(test.named("proxy_host/forgejo", "domains") == test.commit);
  CHECK(test.named("dns/inside/code/A") == test.commit);
}

TEST_CASE("causes: a line behind one that still says the value is no cause") {
  Causes test;
  test.lab.edit("homeostat.yaml", "    ttl: 1h\n", "");
  test.lab.edit("dns.yaml", "nas: 10.5.0.20", "nas: { A: 10.5.0.20, ttl: 1h }");
  test.lab.commit("each its own");
  test.lab.apply();
  test.lab.edit("dns.yaml", "ttl: 1h", "ttl: 4h");
  test.cause();
  const std::string changed = test.commit;
  test.lab.edit("homeostat.yaml", "  dns: { ttl: 30m }\n", "");
  test.cause();
  CHECK(test.named("dns/lab/nas/A", "ttl") == changed);
}

TEST_CASE("causes: a line that has a word of what it said, and says something else") {
  Causes test;
  test.lab.edit("dns.yaml", "    nas: 10.5.0.20\n",
                "    nas: 10.5.0.20\n    g: { A: 10.5.0.21 }\n    h: 10.5.0.22\n");
  test.lab.commit("two more");
  test.lab.apply();
  test.lab.edit("dns.yaml", "g: { A: 10.5.0.21 }", "gg: { A: 10.5.0.21 }");
  test.lab.edit("dns.yaml", "h: 10.5.0.22", "h: { CNAME: nas }");
  test.cause();
  CHECK(test.named("dns/lab/gg/A") == test.commit);
  CHECK(test.named("dns/lab/h/CNAME") == test.commit);
  CHECK(test.named("dns/lab/g/A") == test.commit);
  CHECK(test.named("dns/lab/h/A") == test.commit);
}

TEST_CASE("causes: another key of a zone, or another provider, makes other resources") {
  Causes test;
  SUBCASE("key") {
    std::string text = test.lab.read("homeostat.yaml");
    const auto at = text.rfind("  lab:\n", text.find("zone: lab"));
    test.lab.write("homeostat.yaml", text.replace(at, 7, "  lab2:\n"));
    test.lab.edit("dns.yaml", "  lab:", "  lab2:");
    test.cause();
    CHECK(test.named("dns/lab2/nas/A") == test.commit);
    CHECK(test.named("dns/lab2/www/CNAME") == test.commit);
    CHECK(test.named("dns/lab2/wiki/A") == test.commit);
    CHECK(test.named("dns/lab2~v4/20/PTR") == test.commit);
  }
  SUBCASE("provider") {
    test.lab.edit("homeostat.yaml", "networks:", "  two: { type: files, path: live2 }\nnetworks:");
    test.lab.edit("homeostat.yaml", "{ provider: live,", "{ provider: two,");
    test.lab.edit("homeostat.yaml", "defaults:",
                  "defaults:\n  monitor: { provider: live }\n  proxy_host: { provider: live }");
    test.cause();
    CHECK(test.named("container/wiki@two") == test.commit);
    CHECK(test.named("container/wiki") == test.commit);
  }
}

TEST_CASE("causes: a zone that leaves the spec leaves its records unknown, and never silently") {
  Causes test;
  test.lab.edit("homeostat.yaml", "    reverse: true\n", "");
  test.cause();
  const ProcessResult planned = test.lab.run({"plan"});
  CAPTURE(planned.out);
  CHECK(planned.exit_code == 3);
  CHECK(has(flat(planned.out),
            "live/lab~v4 UNKNOWN: the spec no longer has it, and 3 resources "
            "are ours there, which stay as they are"));
  CHECK(test.lab.run({"apply", "--yes"}).exit_code == 3);
  CHECK(test.lab.run({"forget", "dns/lab~v4/2*"}).exit_code == 0);
  CHECK(test.lab.run({"plan"}).exit_code == 3);
  CHECK(test.lab.run({"forget", "dns/lab~v4/99/PTR"}).exit_code == 0);
  CHECK(test.lab.run({"forget", "dns/lab~v4/*"}).exit_code == 1);
  CHECK(test.lab.run({"plan"}).exit_code == 0);
}

}  // namespace homeostat::test
