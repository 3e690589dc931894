// What a resource needs besides fields that are right one by one.
#include <doctest/doctest.h>

#include "specs/kinds/kinds.hpp"
#include "tests/support/spec.hpp"

using namespace homeostat;

namespace {

// The messages and hints alone, one a line.
std::string said(const std::string& text) {
  std::string out;
  const auto spec = load_text(text);
  if (spec) return out;
  for (const Error& error : spec.error()) out += error.message + " (" + error.hint + ")\n";
  return out;
}

std::string monitor(const std::string& fields) {
  return said("monitors: { m: { " + fields + " } }\n");
}
std::string proxy(const std::string& fields) {
  return said("proxy_hosts: { p: { " + fields + " } }\n");
}
std::string container(const std::string& fields) {
  return said("containers: { c: { " + fields + " } }\n");
}

std::string target(std::string_view type, std::string_view text) {
  const Result<std::string> result = monitor_target(type, text);
  return result ? *result : result.error().message + " (" + result.error().hint + ")";
}

std::string target_in(const std::string& fields) {
  const Spec spec = loaded("monitors: { m: { " + fields + " } }\n");
  return find(spec, "monitor/m").attributes.at("target").get<std::string>();
}

}  // namespace

TEST_CASE("monitors: each type says what it watches in one field") {
  CHECK(target_in("target: HTTPS://Git.example.org:443/x") == "https://git.example.org/x");
  CHECK(target_in("type: keyword, keyword: ok, target: \"http://a.example\"") ==
        "http://a.example/");
  CHECK(target_in("type: tcp, target: NAS.lab.example.org.:22") == "nas.lab.example.org:22");
  CHECK(target_in("type: tcp, target: \"[2001:DB8::1]:22\"") == "[2001:db8::1]:22");
  CHECK(target_in("type: ping, target: NAS") == "nas");
  CHECK(target_in("type: ping, target: \"2001:DB8::1\"") == "2001:db8::1");
  CHECK(target_in("type: dns, target: Git.example.org, dns_server: \"10.5.0.53:5353\"") ==
        "git.example.org");
  CHECK(target_in("type: docker, target: My.App") == "My.App");
  CHECK(target_in("type: tcp, target: \"${network.lab.gateway}:80\"") == "10.5.0.254:80");
}

TEST_CASE("monitors: a target of another type is an error that says what to write") {
  CHECK(target("http", "git.example.org") ==
        "`git.example.org` is no http or https URL (write `target: https://git.example.org`)");
  CHECK(target("json", "ftp://x") ==
        "`ftp://x` is no http or https URL (write `target: "
        "https://HOST/`)");
  CHECK(target("tcp", "10.5.0.7") == "`10.5.0.7` has no port (write `target: 10.5.0.7:22`)");
  CHECK(target("tcp", "2001:db8::1") ==
        "`2001:db8::1` has no port (write `target: [2001:db8::1]:22`)");
  CHECK(target("tcp", "nas:70000") ==
        "`nas:70000` has no port between 1 and 65535 (write HOST:PORT, such as 10.5.0.110:22)");
  CHECK(target("ping", "nas:22") ==
        "`nas:22` has a port, and a ping monitor asks none (write `target: 10.5.0.110`, or `type: "
        "tcp`)");
  CHECK(target("ping", "http://nas/") ==
        "`http://nas/` is a URL, and a ping monitor asks a host (write `target: 10.5.0.110`, or "
        "`type: http`)");
  CHECK(target("dns", "a.example:53") ==
        "`a.example:53` has a port, and a dns monitor asks none (write `target: git.example.org`; "
        "`dns_server` may have a port)");
  CHECK(target("docker", "a/b") ==
        "`a/b` is no name of a container (write it as `docker ps` shows "
        "it, such as jellyfin)");
  CHECK(errors_in("monitors:\n  m: { type: tcp, target: nas }\n") ==
        "spec.yaml:2:27: monitor/m: `target`: `nas` has no port\n"
        "    m: { type: tcp, target: nas }\n                            ^\n"
        "  hint: write `target: nas:22`\n");
}

TEST_CASE("monitors: what a type needs must be there") {
  CHECK(monitor("interval: 30s") ==
        "monitor/m: a http monitor needs a `target`: what it watches (add `target: "
        "https://git.example.org/`)\n");
  CHECK(monitor("type: tcp").find("add `target: 10.5.0.110:22`") != std::string::npos);
  CHECK(monitor("type: dns").find("add `target: git.example.org`") != std::string::npos);
  CHECK(monitor("type: keyword, target: \"http://a.example/\"") ==
        "monitor/m: a keyword monitor needs `keyword` (add `keyword: ok`: the text that must be in "
        "the answer)\n");
  CHECK(
      monitor("type: json, target: \"http://a.example/\"") ==
      "monitor/m: a json monitor needs `expected` (add `expected: ok`: the value that must stand "
      "there)\n"
      "monitor/m: a json monitor needs `json_path` (add `json_path: $.status`: where in the answer "
      "the value stands)\n");
  CHECK(monitor("target: \"http://a.example/\", keyword: ok") ==
        "monitor/m: `keyword` means nothing to an http monitor (add `type: keyword`, or remove "
        "it)\n");
  CHECK(monitor("type: push, target: a") ==
        "monitor/m: a push monitor has no `target` (remove it, "
        "or write another `type`)\n");
  CHECK(monitor("type: push").empty());
  CHECK(monitor("type: group").empty());
  CHECK(monitor("target: [a]") != "");  // one error, not also a missing one
  CHECK(monitor("target: [a]").find("needs a `target`") == std::string::npos);
}

TEST_CASE("monitors: parts of a target are led to it") {
  CHECK(monitor("type: tcp, target: a.example:22, host: a, port: 22, url: b") ==
        "`host` is not a field of `monitor` (`host` belongs into the target: `target: "
        "10.5.0.110`)\n"
        "`port` is not a field of `monitor` (`port` belongs into the target: `target: "
        "10.5.0.110:22`)\n"
        "`url` is not a field of `monitor` (`url` belongs into the target: `target: "
        "https://git.example.org/`)\n");
}

TEST_CASE("monitors: a parent is a group of the same server") {
  const std::string group = "monitors:\n  media: { type: group, name: Media }\n  m: { type: push, ";
  CHECK(said(group + "parent: Media }\n").empty());
  CHECK(said(group + "parent: Medai }\n") ==
        "the parent `Medai` of monitor/m is no group of `kuma` (did you mean `Media`?)\n");
  CHECK(
      monitor("type: push, parent: X") ==
      "the parent `X` of monitor/m is no group of `kuma` (declare it: `monitors: { media: { type: "
      "group, name: X } }`)\n");
  CHECK(monitor("type: group, parent: m") ==
        "the parent `m` of monitor/m is that group itself (name another group, or remove the "
        "line)\n");
}

TEST_CASE("proxy hosts: one target, forwarded to or redirected to") {
  CHECK(proxy("domains: a.example.org") ==
        "proxy_host/p: a proxy host needs a target: where its requests go (add `forward_host: "
        "10.5.0.110` and `forward_port: 3000`, or a `redirect`)\n");
  CHECK(proxy("domains: a.example.org, forward_host: 10.5.0.1, forward_port: 1, redirect: { to: "
              "b.example.org }") ==
        "proxy_host/p: a proxy host forwards or redirects, and this one says both (remove "
        "`redirect`, or `forward_host` and `forward_port`)\n");
  CHECK(proxy("domains: a.example.org, forward_host: 10.5.0.1") ==
        "proxy_host/p: `forward_host` needs a `forward_port` (add `forward_port: 3000`)\n");
  CHECK(proxy("domains: a.example.org, forward_port: 1") ==
        "proxy_host/p: `forward_port` needs a `forward_host` (add `forward_host: 10.5.0.110`)\n");
  CHECK(proxy("domains: [], redirect: { to: b.example.org }") ==
        "proxy_host/p: a proxy host without a domain answers nobody (name at least one: `domains: "
        "[git.example.org]`)\n");
  CHECK(proxy("domains: a.example.org, redirect: { to: b.example.org }").empty());
}

TEST_CASE("containers: what cannot be is an error") {
  CHECK(
      container("provider: f, image: a, template: b } }\nproviders: { f: { type: files, path: "
                "/tmp/f") ==
      "container/c: a container is made of an `image` or of a `template`, not of both (remove one "
      "of the two)\n");
  CHECK(container("memory: 0MiB") == "`memory`: `0MiB` is too small (write 4MiB or more)\n");
  CHECK(container("mounts: [{ source: /a, target: data }]") ==
        "`target`: `data` is relative, and nobody says to which folder (write it from the top: "
        "`/data`)\n");
  CHECK(container("volumes: [{ name: a, target: data }]").find("`/data`") != std::string::npos);
  CHECK(container("mounts: [{ type: bind, source: tank/a, target: /a }]") ==
        "container/c: a bind mount needs a path from the top, and `tank/a` is relative (write "
        "`source: /tank/a`, or `type: volume`)\n");
  CHECK(container("mounts: [{ type: bind, target: /a }]") ==
        "container/c: a bind mount needs a `source` (add the path on the host: `source: "
        "/tank/media`)\n");
}

TEST_CASE("containers: a gateway is another host of their network") {
  CHECK(container("vmid: 110, gateway: 10.6.0.1") ==
        "the gateway 10.6.0.1 of container/c does not lie in 10.5.0.0/24, network `lab` "
        "(homeostat.yaml:15:3) (write 10.5.0.254, or leave it out: it is that of the network)\n");
  CHECK(container("ip: 10.5.0.7, gateway: 10.5.0.7") ==
        "the gateway 10.5.0.7 of container/c is its own address (a gateway is another host: state "
        "the router's address)\n");
  CHECK(container("ip: 10.5.0.7, gateway: 10.5.0.1").empty());
}

TEST_CASE("services: an address is one that a host may have") {
  const auto service = [](const std::string& address) {
    return said("services: { s: { address: " + address + ", name: s.lab.example.org } }\n");
  };
  CHECK(service("10.5.0.254") ==
        "10.5.0.254 of service `s` is the gateway of network `lab` (homeostat.yaml:15:3) (for the "
        "router itself write `address: \"${network.lab.gateway}\"`; else state another address)\n");
  CHECK(service("10.5.0.42").find("lies in the DHCP range 10.5.0.20-10.5.0.99") !=
        std::string::npos);
  CHECK(service("10.5.0.255").find("is the first or the last address") != std::string::npos);
  CHECK(service("\"${network.lab.gateway}\"").empty());
  CHECK(service("203.0.113.9").empty());
}

TEST_CASE("services: a monitor asks a host, never a wildcard") {
  const std::string web = "services:\n  s:\n    address: 10.5.0.3\n    web: { domains: ";
  CHECK(
      said(web + "\"*.apps.example.org\", port: 80 }\n    monitor: true\n") ==
      "the monitor of service `s` has no host to ask: `*.apps.example.org` stands for many (state "
      "one: `target: https://www.apps.example.org/`)\n");
  const Spec spec = loaded(web +
                           "[\"*.apps.example.org\", a.example.org], port: 80 }\n    monitor: "
                           "true\n");
  CHECK(find(spec, "monitor/s").attributes["target"] == "https://a.example.org/");
}

TEST_CASE("services: the type of a monitor follows from its target") {
  const auto type = [](const std::string& target) {
    const Spec spec =
        loaded("services: { s: { address: 10.5.0.3, monitor: { target: " + target + " } } }\n");
    return find(spec, "monitor/s").attributes["type"].get<std::string>();
  };
  CHECK(type("\"http://a.example/\"") == "http");
  CHECK(type("a.example:22") == "tcp");
  CHECK(type("a.example") == "ping");
  CHECK(
      said("services: { s: { address: 10.5.0.3, monitor: { type: ping, port: 22 } } }\n") ==
      "`port` is a part of a target that is derived; this monitor has none (remove `port`, or the "
      "`type` or `target` beside it)\n");
  const Spec spec = loaded(
      "services: { s: { address: 10.5.0.3, name: s.lab.example.org, monitor: "
      "{ type: dns } } }\n");
  CHECK(find(spec, "monitor/s").attributes["target"] == "s.lab.example.org");
}

TEST_CASE("services: a port that a host publishes for itself alone is reached from nowhere else") {
  const std::string published =
      "services:\n  s:\n    container: { provider: dock, image: \"a:1\", ports: "
      "[\"127.0.0.1:8080:80\"] }\n    web: { domain: s.example.org, port: 80 }\n";
  CHECK(errors_in(published) ==
        "spec.yaml:4:41: port 80 of container `s` is published on its host's own address only "
        "(spec.yaml:3:55), and is asked for from outside\n"
        "      web: { domain: s.example.org, port: 80 }\n"
        "                                          ^\n"
        "  hint: publish it on all: `ports: [\"8080:80\"]`\n");
}
