// Providers, secrets, networks, zones, policy, defaults.
#include "specs/config.hpp"

#include <doctest/doctest.h>

#include "tests/support/spec.hpp"

using namespace homeostat;
using Lines = std::vector<std::string>;

namespace {

const std::string head = "homeostat: 1\nsite: home\n";

std::string errors_of(const std::string& text) {
  return errors_in({{"homeostat.yaml", head + text}});
}

}  // namespace

TEST_CASE(
    "config: a secret of a provider that stands in the spec is refused, and not shown again") {
  std::string text = homelab();
  text.replace(text.find("${secret.pub}"), 13, "hunter2");
  const std::string said = errors_in(Texts{{"homeostat.yaml", text}});
  CHECK(said ==
        "homeostat.yaml:7:1: `token` is a secret, and its value stands here\n"
        "  (not shown)\n  ^\n"
        "  hint: say in `secrets` where it comes from, and write `${secret.NAME}`\n");
}

TEST_CASE("config: a provider has common settings and those of its type") {
  const Spec spec = loaded(Texts{{"homeostat.yaml", head + R"(secrets: { k: { env: K } }
providers:
  pve:
    type: proxmox
    url: "https://10.5.0.254:8006"
    token: "${secret.k}"
    address: PVE.example.org.
    mode: enforce
    adopt: always
    max_in_flight: 2
    max_per_second: 5
)"}});
  const ProviderConfig& pve = spec.providers.at("pve");
  CHECK(pve.type == "proxmox");
  CHECK(pve.settings == Attributes{{"url", "https://10.5.0.254:8006"},
                                   {"token", "${secret.k}"},
                                   {"address", "pve.example.org"}});
  REQUIRE(pve.open.size() == 1);
  CHECK(pve.open[0].pointer == "/token");
  CHECK(pve.mode == Mode::enforce);
  CHECK(pve.adopt == Adopt::always);
  CHECK(pve.max_in_flight == 2);
  CHECK(pve.max_per_second == 5);
}

TEST_CASE("config: an unknown provider type or setting gets a suggestion") {
  CHECK(
      errors_of("providers:\n  a: { type: technitum, url: x }\n"
                "  b: { type: docker, url: \"unix:///x\", adress: 10.0.0.1 }\n  c: { url: x }\n") ==
      "homeostat.yaml:4:14: there is no provider type `technitum`\n"
      "    a: { type: technitum, url: x }\n               ^\n"
      "  hint: did you mean `technitium`?\n"
      "homeostat.yaml:5:40: `adress` is not a field of `docker provider`\n"
      "    b: { type: docker, url: \"unix:///x\", adress: 10.0.0.1 }\n"
      "                                         ^\n"
      "  hint: did you mean `address`?\n"
      "homeostat.yaml:6:3: provider `c` has no `type`\n"
      "    c: { url: x }\n    ^\n"
      "  hint: add `type:`, one of those that `homeostat providers` lists\n");
}

TEST_CASE("config: a secret says where its value is, never the value") {
  const Spec spec = loaded("x-nothing: 1\n");
  CHECK(spec.secrets.at("pve").kind == SecretSource::Kind::file);
  CHECK(spec.secrets.at("pve").words == Lines{"/etc/homeostat/pve"});
  CHECK(spec.secrets.at("pub").kind == SecretSource::Kind::command);
  CHECK(spec.secrets.at("pub").words == Lines{"pass", "cloudflare"});
  CHECK(
      errors_of("secrets:\n  a: hunter2\n  b: { env: A, file: B }\n") ==
      "homeostat.yaml:4:6: secret `a` does not say where its value comes from\n"
      "    a: hunter2\n       ^\n"
      "  hint: write { file: PATH }, { env: NAME } or { command: [PROGRAM, ...] }; never the value "
      "itself\n"
      "homeostat.yaml:5:6: secret `b` needs exactly one of `file`, `env` and `command`\n"
      "    b: { env: A, file: B }\n       ^\n"
      "  hint: keep the one that holds the value\n");
}

TEST_CASE("config: a secret that nothing uses is a warning") {
  CHECK(warnings_in("secrets:\n  old: { env: OLD, expires: 2027-03-01 }\n") ==
        "spec.yaml:2:3: secret `old` is used nowhere\n"
        "    old: { env: OLD, expires: 2027-03-01 }\n    ^\n"
        "  hint: remove it, or use it\n");
}

TEST_CASE("config: a network has ranges, a rule and a gateway inside it") {
  const Spec spec = loaded(R"(networks:
  iot: { cidr: 10.6.0.0/24, dhcp: [10.6.0.10-10.6.0.20, 10.6.0.30], reserved: 10.6.0.1,
         vlan: 20, bridge: vmbr2 }
)");
  const Network& iot = spec.networks.at("iot");
  CHECK(to_string(iot.cidr) == "10.6.0.0/24");
  CHECK(iot.dhcp.size() == 2);
  CHECK(iot.reserved.size() == 1);
  CHECK(iot.assign == Assign::none);
  CHECK(iot.vlan == 20);
  CHECK(iot.bridge == "vmbr2");
  CHECK(spec.networks.at("lab").assign == Assign::vmid);
}

TEST_CASE(
    "config: gateways and ranges outside their network, and networks that overlap, are errors") {
  CHECK(errors_of("networks:\n  a: { cidr: 10.5.0.0/24, gateway: 10.6.0.1 }\n"
                  "  b: { cidr: 10.0.0.0/8, dhcp: 11.0.0.1-11.0.0.9 }\n") ==
        "homeostat.yaml:4:36: the gateway 10.6.0.1 does not lie in 10.5.0.0/24\n"
        "    a: { cidr: 10.5.0.0/24, gateway: 10.6.0.1 }\n"
        "                                     ^\n"
        "  hint: a gateway has an address of its own network\n"
        "homeostat.yaml:5:3: network `b` (10.0.0.0/8) overlaps `a` (10.5.0.0/24, "
        "homeostat.yaml:4:3)\n"
        "    b: { cidr: 10.0.0.0/8, dhcp: 11.0.0.1-11.0.0.9 }\n    ^\n"
        "  hint: an address belongs to one network: make one of the two smaller\n"
        "homeostat.yaml:5:32: `11.0.0.1-11.0.0.9` (dhcp) does not lie in 10.0.0.0/8\n"
        "    b: { cidr: 10.0.0.0/8, dhcp: 11.0.0.1-11.0.0.9 }\n"
        "                                 ^\n"
        "  hint: the range belongs inside the network's `cidr`\n");
}

TEST_CASE("config: a zone names DNS providers that exist, and one view a provider") {
  CHECK(errors_in("zones:\n  a.example: { on: [dsn] }\n  b.example: { on: kuma }\n  c.example: {}\n"
                  "  more: { zone: lab.example.org, on: dns }\n") ==
        "spec.yaml:2:21: zone `a.example` is on `dsn`, which is no provider\n"
        "    a.example: { on: [dsn] }\n                      ^\n"
        "  hint: did you mean `dns`?\n"
        "spec.yaml:3:20: zone `b.example` cannot be on `kuma`: it manages no records\n"
        "    b.example: { on: kuma }\n                     ^\n"
        "  hint: `on` names DNS providers\n"
        "spec.yaml:4:3: zone `c.example` does not say which provider serves it\n"
        "    c.example: {}\n    ^\n"
        "  hint: add `on: [PROVIDER]`\n"
        "spec.yaml:5:3: zone `more` is lab.example.org on `dns`, and so is `lab` "
        "(homeostat.yaml:17:3)\n"
        "    more: { zone: lab.example.org, on: dns }\n    ^\n"
        "  hint: one view a provider: put both into one, or use another provider\n");
}

TEST_CASE("config: points_to is container, proxy, addresses or a host name") {
  const Spec spec = loaded(R"(zones:
  a.example: { on: dns, points_to: [203.0.113.7, "2001:DB8::1"] }
  b.example: { on: dns, points_to: Home.dyn.example. }
)");
  CHECK(spec.zones.at("a.example").values == Lines{"203.0.113.7", "2001:db8::1"});
  CHECK(spec.zones.at("b.example").values == Lines{"home.dyn.example"});
  CHECK(
      errors_in("zones:\n  a.example: { on: dns, points_to: containr }\n") ==
      "spec.yaml:2:36: `points_to: containr` names neither an address nor a host\n"
      "    a.example: { on: dns, points_to: containr }\n"
      "                                     ^\n"
      "  hint: write `container`, `proxy`, an address, a list of addresses, or a full host name\n");
}

TEST_CASE("config: the policy has modes, limits and lint") {
  const Spec spec = loaded(R"(policy:
  mode: enforce
  providers: { pve: { mode: report } }
  kinds: { dns: { mode: enforce } }
  max_deletes: 9
  max_delete_percent: 50
  lint: { unmonitored: error }
)");
  CHECK(spec.policy.mode == Mode::enforce);
  CHECK(spec.policy.provider_modes.at("pve") == Mode::report);
  CHECK(spec.policy.kind_modes.at("dns") == Mode::enforce);
  CHECK(spec.policy.max_deletes == 9);
  CHECK(spec.policy.max_delete_percent == 50);
  CHECK(spec.policy.lint.at("unmonitored") == Severity::error);
  CHECK(errors_in("policy:\n  mod: enforce\n  providers: { pev: { mode: report } }\n") ==
        "spec.yaml:2:3: unknown key `mod` in `policy`\n    mod: enforce\n    ^\n"
        "  hint: did you mean `mode`?\n"
        "spec.yaml:3:16: the policy names `pev`, which is none of the providers\n"
        "    providers: { pev: { mode: report } }\n                 ^\n"
        "  hint: did you mean `pve`?\n");
}

TEST_CASE("config: what a resource states wins over its default, keyed maps merge by key") {
  const Spec spec = loaded(Texts{{"homeostat.yaml", head + R"(providers:
  l: { type: files, path: live }
defaults:
  container:
    memory: 1GiB
    env: { TZ: UTC, A: "1" }
    healthcheck: { interval: 10s, retries: 2 }
    tags: [a]
    protect: true
    cores: 2
)"},
                                 {"c.yaml", R"(containers:
  x:
    env: { A: "2" }
    healthcheck: { interval: 20s }
    tags: [b]
    cores: !default
)"}});
  const Resource& x = find(spec, "container/x");
  CHECK(x.attributes["memory"] == "1GiB");
  CHECK(x.attributes["env"] == Attributes{{"TZ", "UTC"}, {"A", "2"}});
  CHECK(x.attributes["healthcheck"] == Attributes{{"interval", "20s"}, {"retries", 2}});
  CHECK(x.attributes["tags"] == Attributes{"b"});
  CHECK(x.attributes["cores"].is_null());
  CHECK(x.protect == true);
  CHECK(lines_of(spec, x, "env/A") == Lines{"c.yaml:3"});
  CHECK(lines_of(spec, x, "env/TZ") == Lines{"homeostat.yaml:8"});
  CHECK(lines_of(spec, x, "healthcheck/retries") == Lines{"homeostat.yaml:9"});
  CHECK(lines_of(spec, x, "memory") == Lines{"homeostat.yaml:7"});
}

TEST_CASE("config: a default applies where the provider's type can do it, a statement must fit") {
  const Spec spec = loaded("containers:\n  a: { provider: dock, image: \"x:1\" }\n  b: {}\n");
  CHECK_FALSE(find(spec, "container/a").attributes.contains("network"));
  CHECK(find(spec, "container/b").attributes["network"] == "lab");
  CHECK(errors_in("containers:\n  a: { provider: dock, vmid: 110 }\n") ==
        "spec.yaml:2:30: docker cannot do `vmid` of a container\n"
        "    a: { provider: dock, vmid: 110 }\n                               ^\n"
        "  hint: remove it, or put the resource on another provider\n");
}

TEST_CASE("config: a mistake in a default is said once, where it stands") {
  CHECK(errors_in("defaults: { dns: { ttl: 300 }, contaner: { cores: 1 } }\n"
                  "dns: { lab: { a: 10.5.0.1, b: 10.5.0.2 } }\n")
            .find("spec.yaml:1:25: `ttl`") == 0);
}

TEST_CASE("config: provider settings of the own type stand under extra") {
  const Spec spec = loaded(R"(containers:
  a: { vmid: 110, extra: { nesting: true } }
dns:
  public: { www: { A: 203.0.113.9, extra: { proxied: true } } }
)");
  CHECK(find(spec, "container/a").attributes["extra"] == Attributes{{"nesting", true}});
  CHECK(find(spec, "dns/public/www/A").attributes["extra"] == Attributes{{"proxied", true}});
  CHECK(lines_of(spec, find(spec, "container/a"), "extra/nesting") == Lines{"spec.yaml:2"});
  CHECK(errors_in("monitors:\n  a: { type: ping, target: a.example, extra: { x: 1 } }\n") ==
        "spec.yaml:2:46: uptime-kuma has no fields of its own for a monitor\n"
        "    a: { type: ping, target: a.example, extra: { x: 1 } }\n"
        "                                               ^\n"
        "  hint: remove `extra`\n");
}

TEST_CASE("config: extra fields in a default go to the types that know them") {
  const Spec spec =
      loaded(Texts{{"homeostat.yaml", homelab() + "  dns: { extra: { proxied: true } }\n"},
                   {"dns.yaml", "dns: { lab: { a: 10.5.0.1 }, public: { a: 10.5.0.2 } }\n"}});
  CHECK_FALSE(find(spec, "dns/lab/a/A").attributes.contains("extra"));
  CHECK(find(spec, "dns/public/a/A").attributes["extra"] == Attributes{{"proxied", true}});
  CHECK(errors_in("defaults: { dns: { extra: { proxid: true } } }\n")
            .find("`proxid` is not a field of `extra`") != std::string::npos);
}

TEST_CASE("config: a resource goes to the stated provider, the default's, or the only one") {
  const Texts two = {{"homeostat.yaml", head + "providers:\n  a: { type: files, path: /x/a }\n"
                                               "  b: { type: files, path: /x/b }\n"}};
  Texts texts = two;
  texts["c.yaml"] = "containers: { x: { provider: [a, b], memory: 1GiB } }\n";
  CHECK(loaded(texts).desired.size() == 2);
  texts["c.yaml"] = "containers: { x: { memory: 1GiB } }\n";
  CHECK(errors_in(texts) ==
        "c.yaml:1:15: more than one provider manages a container: `a`, `b`\n"
        "  containers: { x: { memory: 1GiB } }\n                ^\n"
        "  hint: say which: `provider: a` here, or for all under `defaults: { container: ... }`\n");
  texts["c.yaml"] = "containers: { x: { provider: c } }\n";
  CHECK(errors_in(texts) ==
        "c.yaml:1:30: there is no provider `c`\n  containers: { x: { provider: c } }\n"
        "                               ^\n  hint: there is: `a`, `b`\n");
  CHECK(errors_in("containers: { x: { provider: kuma } }\n") ==
        "spec.yaml:1:30: `kuma` (uptime-kuma) does not manage a container\n"
        "  containers: { x: { provider: kuma } }\n                               ^\n"
        "  hint: `homeostat providers` lists what each one does\n");
}

TEST_CASE("config: options of resources are read, and ignores name fields") {
  const Spec spec = loaded(R"(containers:
  a:
    mode: enforce
    on_remove: delete
    alarm_only: true
    ignore: [memory, { field: env/TZ, reason: set by hand, until: 2027-01-31 }]
)");
  const Resource& a = find(spec, "container/a");
  CHECK(a.mode == Mode::enforce);
  CHECK(a.on_remove == OnRemove::destroy);
  CHECK(a.alarm_only);
  REQUIRE(a.ignore.size() == 2);
  CHECK(a.ignore[0].field == "memory");
  CHECK(a.ignore[1].field == "env/TZ");
  CHECK(a.ignore[1].reason == "set by hand");
  CHECK(a.ignore[1].until == "2027-01-31");
  CHECK(errors_in("containers:\n  a: { ignore: [memroy] }\n") ==
        "spec.yaml:2:17: `ignore` names `memroy`, which is no field of a container\n"
        "    a: { ignore: [memroy] }\n                  ^\n"
        "  hint: did you mean `memory`?\n");
}

TEST_CASE("config: a hint for the provider of a network names only those that can be it") {
  CHECK(errors_of("providers: { kuma: { type: uptime-kuma, url: \"http://10.5.0.3\" } }\n"
                  "networks: { lab: { cidr: 10.5.0.0/24, provider: kuma } }\n")
            .find("hint: none of yours does: leave `provider` out") != std::string::npos);
}

TEST_CASE("config: a fingerprint wants a certificate, and no authority beside it") {
  const auto said = [](const std::string& settings) {
    return errors_of("notifiers: { n: { type: webhook, " + settings + " } }\n");
  };
  const std::string pin = "fingerprint: \"" + std::string(64, 'a') + "\"";
  CHECK(said("url: \"http://10.5.0.3/x\", " + pin).find("homeostat.yaml:3:") != std::string::npos);
  CHECK(said("url: \"http://10.5.0.3/x\", " + pin)
            .find("there is no certificate to compare `fingerprint` with") != std::string::npos);
  CHECK(said("url: \"https://10.5.0.3/x\", ca_file: /ca.pem, " + pin)
            .find("`ca_file` and `fingerprint` exclude each other") != std::string::npos);
}
