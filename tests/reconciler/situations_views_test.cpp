// What is known of the live system, and names and values of all sorts.
#include "tests/reconciler/story.hpp"

namespace homeostat::testing {
namespace {

TEST_CASE("situation: a provider gives no answer") {
  Story story;
  story.edit("memory: 2GiB", "memory: 3GiB");
  story.s.unknown({"kuma", ""});
  story.show("unknown_provider");
}

TEST_CASE("situation: of a DNS server one zone is unknown") {
  std::string head = standard_head();
  head.replace(head.find("zones:\n"), 7,
               "zones:\n  cabin: { zone: cabin.example.org, on: [dns] }\n");
  Story story(head, small_lab());
  story.s.unknown({"dns", "lab"}, "the answer was cut off after 4096 bytes");
  story.show("unknown_zone", true);
}

TEST_CASE("situation: nothing gives an answer") {
  Story story;
  for (const char* provider : {"pve", "dns", "npm", "kuma", "plain"}) {
    story.s.unknown({provider, ""}, "connect to 10.5.0.254:443: no route to host");
  }
  story.s.unknown({"dns", "lab"}, "connect to 10.5.0.254:443: no route to host");
  story.show("unknown_all");
}

TEST_CASE("situation: a laptop without the site's ledger") {
  Story story;
  story.by_hand("container/web", "memory", "8GiB");
  story.s.ledger = LedgerView();
  story.show("no_ledger");
}

TEST_CASE("situation: planned against the last observation") {
  Story story;
  story.edit("memory: 2GiB", "memory: 3GiB");
  story.offline = true;
  story.s.now = november(20, 14, 2, 11);
  story.show("offline");
}

TEST_CASE("situation: wildcards and the apex") {
  Story()
      .edit("    www: { CNAME: web }\n", R"(    www: { CNAME: web }
    "*": 10.5.0.110
    "@": { MX: ["10 web"], TXT: ["v=spf1 mx -all"] }
    "*.apps": { CNAME: web }
)")
      .show("names");
}

TEST_CASE("situation: secrets are named, never shown") {
  const std::string head = standard_head() + "secrets:\n  old: { env: OLD }\n  new: { env: NEW }\n";
  std::string before = small_lab();
  before.replace(before.find("cores: 2, memory: 2GiB"), 22,
                 "cores: 2, memory: 2GiB, env: { PW: \"${secret.old}\", MODE: quiet }");
  Story story = Story::from_nothing(head, before);
  story.s.secrets.emplace("old", std::string("hunter2"));
  story.s.secrets.emplace("new", std::string("correct horse"));
  story.s.settle();
  story.edit("${secret.old}", "${secret.new}")
      .edit("MODE: quiet", "MODE: loud, KEY: \"k-${secret.old}\"")
      .show("secrets");
}

TEST_CASE("situation: an address that the server gives, and what waits for it") {
  Story::from_nothing(R"(containers:
  web: { vmid: 110, template: debian-12, network: lab, ip: dhcp }
dns: { lab: { web: "${container.web.ip}" } }
monitors: { web: { type: ping, target: "${container.web.ip}" } }
)")
      .show("pending");
}

TEST_CASE("situation: one name in three views") {
  const std::string head = R"(homeostat: 1
site: home
providers:
  pve: { type: box }
  dns: { type: box }
  pub: { type: box }
  npm: { type: box, address: 10.5.0.2 }
  kuma: { type: box }
networks:
  lab: { cidr: 10.5.0.0/24, gateway: 10.5.0.254, assign: vmid }
zones:
  lab: { zone: lab.example.org, on: [dns], points_to: container, reverse: true }
  inside: { zone: example.org, on: [dns], points_to: proxy }
  public: { zone: example.org, on: [pub], points_to: 203.0.113.7, ttl: 5m }
defaults:
  container: { provider: pve, network: lab }
  proxy_host: { provider: npm }
  monitor: { provider: kuma }
)";
  Story::from_nothing(head, R"(services:
  git:
    container: { vmid: 120, template: debian-12 }
    name: git.lab.example.org
    web: { domain: git.example.org, port: 3000 }
)")
      .show("views");
}

TEST_CASE("situation: one record on two servers") {
  std::string head = standard_head();
  head.replace(head.find("on: [dns] }"), 11, "on: [dns, plain] }");
  Story story(head, small_lab());
  story.edit("    db: 10.5.0.111\n", "    db: 10.5.0.112\n").show("two_servers");
}

TEST_CASE("situation: long values lose their middle") {
  const std::string key =
      "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA7vQ2x0bXnYw0T3oLq1mYp6Zs8";
  std::string before = small_lab();
  before.replace(before.find("    www:"), 8,
                 "    mail._domainkey: { TXT: [\"" + key + "aaaa\"] }\n    www:");
  Story(before).edit("Zs8aaaa", "Zs8bbbb").show("long_values");
}

TEST_CASE("situation: long values in full") {
  const std::string key =
      "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA7vQ2x0bXnYw0T3oLq1mYp6Zs8";
  std::string before = small_lab();
  before.replace(before.find("    www:"), 8,
                 "    mail._domainkey: { TXT: [\"" + key + "aaaa\"] }\n    www:");
  Story(before).edit("Zs8aaaa", "Zs8bbbb").show("long_values_verbose", true);
}

TEST_CASE("situation: a part of the plan only") {
  Story story;
  story.edit("memory: 2GiB", "memory: 3GiB").edit("interval: 60s", "interval: 30s");
  story.s.options.only = {"monitor/*"};
  story.show("only");
}

TEST_CASE("situation: a clone carries our marker, an ignore has expired") {
  std::string before = small_lab();
  before.replace(before.find("memory: 2GiB"), 12,
                 "memory: 2GiB, ignore: [{ field: cores, reason: tuning, until: 2026-11-19 }]");
  Story story(before);
  LiveResource clone = story.s.at("container/web");
  clone.native_id = "n99";
  clone.attributes["vmid"] = 199;
  clone.attributes["ip"] = "10.5.0.199";
  story.s.observed.scopes.at({"pve", ""}).resources.push_back(clone);
  story.show("clone_and_expired_ignore");
}

TEST_CASE("situation: hostile text stays text") {
  Story story;
  story.by_hand("container/web", "memory", "\x1b[31m</code><script>|`x`\nrm -rf")
      .seen_since("container/web", "memory", november(20, 13, 41), "@all](http://evil.example)")
      .show("hostile_text");
}

}  // namespace
}  // namespace homeostat::testing
