// What only shows when all is there: addresses, collisions, targets, lint; and the ten likeliest
// mistakes with the exact words that people get.
#include <doctest/doctest.h>

#include "tests/support/spec.hpp"

using namespace homeostat;

TEST_CASE("mistakes: an unquoted reference in braces") {
  CHECK(errors_in("containers:\n  a: { env: { TOKEN: ${secret.pve} } }\n") ==
        "spec.yaml:2:22: `${...}` inside { } or [ ] must be quoted\n"
        "    a: { env: { TOKEN: ${secret.pve} } }\n                       ^\n"
        "  hint: write \"${secret.pve}\"\n");
}

TEST_CASE("mistakes: a bare size and a bare duration") {
  CHECK(errors_in("containers:\n  a: { memory: 2048 }\nmonitors:\n  m: { type: ping, target: "
                  "a.example, interval: 60 }\n") ==
        "spec.yaml:2:16: `memory`: 2048 what?\n    a: { memory: 2048 }\n                 ^\n"
        "  hint: write 2048MiB\n"
        "spec.yaml:4:49: `interval`: 60 what?\n"
        "    m: { type: ping, target: a.example, interval: 60 }\n"
        "                                                  ^\n"
        "  hint: write 60s or 1m\n");
}

TEST_CASE("mistakes: a typo in a key") {
  CHECK(errors_in("containers:\n  a: { memroy: 2GiB }\n") ==
        "spec.yaml:2:8: `memroy` is not a field of `container`\n"
        "    a: { memroy: 2GiB }\n         ^\n"
        "  hint: did you mean `memory`?\n");
}

TEST_CASE("mistakes: a key under the wrong parent") {
  CHECK(errors_in(R"(services:
  git:
    memory: 2GiB
    container: { vmid: 110, domain: git.example.org }
    monitor: { port: 22, container: a, forward_port: 1 }
)") == "spec.yaml:3:5: `memory` is not a field of `service`\n      memory: 2GiB\n      ^\n"
       "  hint: `memory` belongs under `container:`\n"
       "spec.yaml:4:29: `domain` is not a field of `container`\n"
       "      container: { vmid: 110, domain: git.example.org }\n"
       "                              ^\n"
       "  hint: `domain` belongs under `web:`\n"
       "spec.yaml:5:26: `container` is not a field of `monitor`\n"
       "      monitor: { port: 22, container: a, forward_port: 1 }\n"
       "                           ^\n"
       "  hint: `container` belongs one level up, in the service\n"
       "spec.yaml:5:40: `forward_port` is not a field of `monitor`\n"
       "      monitor: { port: 22, container: a, forward_port: 1 }\n"
       "                                         ^\n"
       "  hint: `forward_port` belongs under `web:`\n");
}

TEST_CASE("mistakes: a duplicate service") {
  CHECK(errors_in(Texts{{"homeostat.yaml", homelab()},
                        {"a.yaml", "services:\n  git: { container: { vmid: 110 } }\n"},
                        {"b.yaml", "services:\n  git: { container: { vmid: 111 } }\n"}}) ==
        "b.yaml:2:3: `git` in `services` is already declared at a.yaml:2:3\n"
        "    git: { container: { vmid: 111 } }\n    ^\n"
        "  hint: a name is declared once over all files: remove or rename one of the two\n");
}

TEST_CASE("mistakes: a duplicate address") {
  CHECK(errors_in("containers:\n  a: { ip: 10.5.0.7 }\nips: { lab: { printer: 10.5.0.7 } }\n") ==
        "spec.yaml:3:24: address 10.5.0.7 of ip/lab/printer is already taken by container/a "
        "(spec.yaml:2:12)\n"
        "  ips: { lab: { printer: 10.5.0.7 } }\n                         ^\n"
        "  hint: each has its own: change one of the two\n");
}

TEST_CASE("mistakes: an address in the DHCP range") {
  CHECK(errors_in("containers:\n  a: { ip: 10.5.0.42 }\n") ==
        "spec.yaml:2:12: 10.5.0.42 of container/a lies in the DHCP range 10.5.0.20-10.5.0.99 of "
        "network `lab` (homeostat.yaml:15:3)\n"
        "    a: { ip: 10.5.0.42 }\n             ^\n"
        "  hint: state an address outside it: DHCP may give this one to anybody\n");
}

TEST_CASE("mistakes: one address as gateway and as host") {
  CHECK(errors_in("ips: { lab: { router: 10.5.0.254 } }\n") ==
        "spec.yaml:1:23: 10.5.0.254 of ip/lab/router is the gateway of network `lab` "
        "(homeostat.yaml:15:3)\n"
        "  ips: { lab: { router: 10.5.0.254 } }\n                        ^\n"
        "  hint: a gateway is no host: state another address\n");
}

TEST_CASE("mistakes: a relative target that was meant absolute, and the other way round") {
  CHECK(warnings_in("dns:\n  lab: { nas: 10.5.0.10 }\n  inside: { files: { CNAME: nas } }\n") ==
        "spec.yaml:3:29: `nas` is read as nas.example.org, which zone `inside` does not declare; "
        "zone `lab` has `nas`\n"
        "    inside: { files: { CNAME: nas } }\n                              ^\n"
        "  hint: write `nas.lab.example.org` if you mean that one\n");
  CHECK(
      warnings_in("dns:\n  lab: { nas.rack: 10.5.0.10, files: { CNAME: nas.rack } }\n") ==
      "spec.yaml:2:47: `nas.rack` is read as the absolute name nas.rack, and zone `lab` has a name "
      "`nas.rack` too\n"
      "    lab: { nas.rack: 10.5.0.10, files: { CNAME: nas.rack } }\n"
      "                                                ^\n"
      "  hint: write `nas.rack.lab.example.org` for that one, or `nas.rack.` to say that you mean "
      "it as it is\n");
  CHECK(warnings_in("dns:\n  lab: { nas: 10.5.0.10, files: { CNAME: nas } }\n").empty());
}

TEST_CASE("mistakes: a domain without a record") {
  CHECK(errors_in("services:\n  git: { address: 10.5.0.3, web: { domain: git.example.net, port: 80 "
                  "} }\n") ==
        "spec.yaml:2:44: no zone of this spec holds `git.example.net`: it would have no record\n"
        "    git: { address: 10.5.0.3, web: { domain: git.example.net, port: 80 } }\n"
        "                                             ^\n"
        "  hint: declare a zone `example.net` under `zones:`, or say `dns: false` in this `web:` "
        "where its record is kept elsewhere\n");
}

TEST_CASE("checks: a vmid, a domain and a host port are held once on their provider") {
  CHECK(errors_in("containers:\n  a: { vmid: 110 }\n  b: { vmid: 110 }\n") ==
        "spec.yaml:3:14: vmid 110 of container/b is already taken by container/a (spec.yaml:2:14)\n"
        "    b: { vmid: 110 }\n               ^\n"
        "  hint: each has its own: change one of the two\n");
  CHECK(errors_in("proxy_hosts:\n"
                  "  a: { domains: x.example.org, forward_host: 10.5.0.3, forward_port: 1 }\n"
                  "  b: { domains: x.example.org, forward_host: 10.5.0.3, forward_port: 2 }\n")
            .find("spec.yaml:3:17: domain x.example.org of proxy_host/b is already taken by "
                  "proxy_host/a (spec.yaml:2:17)") == 0);
  CHECK(errors_in("containers:\n  a: { provider: dock, ports: [\"80:1\"] }\n"
                  "  b: { provider: dock, ports: [\"80:2\"] }\n")
            .find("spec.yaml:3:31: host port 80/tcp of container/b is already taken by container/a "
                  "(spec.yaml:2:31)") == 0);
}

TEST_CASE("checks: an address outside its network, or at its edge, is an error") {
  CHECK(errors_in("containers:\n  a: { ip: 10.6.0.7 }\n") ==
        "spec.yaml:2:12: 10.6.0.7 of container/a does not lie in 10.5.0.0/24, network `lab` "
        "(homeostat.yaml:15:3)\n"
        "    a: { ip: 10.6.0.7 }\n             ^\n"
        "  hint: state an address of that network, or another network\n");
  CHECK(errors_in("ips: { lab: { x: 10.5.0.255 } }\n").find("first or the last address") !=
        std::string::npos);
}

TEST_CASE("checks: an automatic address needs a network with a rule") {
  CHECK(errors_in("networks: { iot: { cidr: 10.6.0.0/24 } }\ncontainers:\n"
                  "  a: { network: iot, ip: auto }\n") ==
        "spec.yaml:3:26: `ip: auto` of container/a is not possible: network `iot` has no `assign`\n"
        "    a: { network: iot, ip: auto }\n                           ^\n"
        "  hint: add `assign: vmid` or `assign: lowest` to the network, or state the address\n");
  CHECK(errors_in("containers:\n  a: { network: lba }\n") ==
        "spec.yaml:2:17: there is no network `lba`\n    a: { network: lba }\n                  ^\n"
        "  hint: did you mean `lab`?\n");
}

TEST_CASE("checks: an image without a version is what the policy says it is") {
  const std::string images =
      "containers:\n  a: { provider: dock, image: registry:5000/x }\n"
      "  b: { provider: dock, image: \"x:latest\" }\n  c: { provider: dock, image: \"x:1\" }\n"
      "  d: { provider: dock, image: \"x@sha256:00\" }\n";
  CHECK(warnings_in(images).empty());
  CHECK(errors_in("policy: { lint: { floating_image_tags: error } }\n" + images) ==
        "spec.yaml:3:31: image `registry:5000/x` of container/a is not fixed to a version\n"
        "    a: { provider: dock, image: registry:5000/x }\n                                ^\n"
        "  hint: add a version or a digest behind it: `registry:5000/x:1.2.3`\n"
        "spec.yaml:4:31: image `x:latest` of container/b is not fixed to a version\n"
        "    b: { provider: dock, image: \"x:latest\" }\n                                ^\n"
        "  hint: add a version or a digest behind it: `x:1.2.3`\n");
}

TEST_CASE("checks: an address of the other family than its network's is refused") {
  CHECK(
      errors_in("containers:\n  a: { vmid: 150, ip: \"fd00::1\" }\n") ==
      "spec.yaml:2:23: fd00::1 of container/a is IPv6, and network `lab` (homeostat.yaml:15:3) is "
      "IPv4\n"
      "    a: { vmid: 150, ip: \"fd00::1\" }\n                        ^\n"
      "  hint: state an address of that network, or the IPv6 one as `ip6`\n");
  CHECK(errors_in("ips:\n  lab:\n    p: \"fd00::7\"\n").find("fd00::7 of ip/lab/p is IPv6") !=
        std::string::npos);
  CHECK(errors_in("containers:\n  a: { vmid: 150, ip6: \"fd00::1\" }\n").empty());
}

TEST_CASE("checks: what looks like an address and is none is no host name either") {
  CHECK(errors_in("zones:\n  z: { zone: z.example, on: [dns], points_to: 999.0.113.7 }\n")
            .find("`points_to: 999.0.113.7` names neither an address nor a host") !=
        std::string::npos);
  CHECK(errors_in("services:\n  s: { address: 10.5.0.999, name: s.lab.example.org }\n")
            .find("spec.yaml:2:17: `address` is an address, a host name or a reference") !=
        std::string::npos);
}

TEST_CASE("checks: a page is the same with and without the slash behind its host") {
  const Spec spec = loaded(
      "monitors:\n  a: { type: http, target: \"https://A.example\" }\n"
      "  b: { type: keyword, keyword: x, target: \"http://a.example:8080?q=1\" }\n");
  CHECK(find(spec, "monitor/a").attributes.at("target") == "https://a.example/");
  CHECK(find(spec, "monitor/b").attributes.at("target") == "http://a.example:8080/?q=1");
  CHECK(find(loaded("monitors:\n  a: { target: \"https://a.example//x//y\" }\n"), "monitor/a")
            .attributes.at("target") == "https://a.example/x//y");
}

TEST_CASE("checks: a monitor needs the group that it is in") {
  const Spec spec = loaded(
      "monitors:\n  a: { type: ping, target: a.example, parent: Media }\n"
      "  z: { type: group, name: Media }\n");
  CHECK(find(spec, "monitor/a").depends_on ==
        std::vector<Address>{find(spec, "monitor/z").address});
  CHECK(find(spec, "monitor/z").depends_on.empty());
}

TEST_CASE("checks: live state that no provider claims is one mistake, not many") {
  const Texts texts = {
      {"homeostat.yaml",
       "homeostat: 1\nsite: home\nproviders:\n  here: { type: fils, path: state/here }\n"},
      {"state/here/container/a.yaml", "homeostat: { site: home }\nvmid: 110\n"},
      {"state/here/container/b.yaml", "vmid: 111\nmemory: 1GiB\n"}};
  const std::string said = errors_in(texts);
  CHECK(said.find("homeostat.yaml:4:17: there is no provider type `fils`") != std::string::npos);
  CHECK(said.find("unknown section") == std::string::npos);
  Texts elsewhere = texts;
  elsewhere["homeostat.yaml"] =
      "homeostat: 1\nsite: home\nproviders:\n  here: { type: files, path: stat/here }\n";
  CHECK(errors_in(elsewhere) ==
        "state/here/container/a.yaml: `state/here` holds live state of a `files` provider, and is "
        "the `path` of none\n"
        "  hint: say `path: state/here` at its provider, or name the folder in .homeostatignore\n");
}
