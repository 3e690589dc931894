// One service -> its resources.
#include <doctest/doctest.h>

#include "tests/support/spec.hpp"

using namespace homeostat;
using Lines = std::vector<std::string>;

namespace {

const std::string forgejo = R"(services:
  forgejo:
    container: { vmid: 110, template: debian-12, memory: 2GiB }
    name: forgejo.lab.example.org
    web: { domain: git.example.org, port: 3000 }
    monitor: { path: /api/healthz }
)";

}  // namespace

TEST_CASE("services: one service gives container, records in every view, proxy host and monitor") {
  const Spec spec = loaded(forgejo);
  Lines addresses;
  for (const auto& [address, resource] : spec.desired) {
    addresses.push_back(to_string(address));
    CHECK(resource.service == "forgejo");
  }
  CHECK(addresses == Lines{"home:container/forgejo@pve", "home:dns/inside/git/A@dns",
                           "home:dns/lab/forgejo/A@dns", "home:dns/public/git/A@pub",
                           "home:monitor/forgejo@kuma", "home:proxy_host/forgejo@npm"});
}

TEST_CASE("services: the container gets the defaults and an automatic address") {
  const Spec spec = loaded(forgejo);
  const Resource& container = find(spec, "container/forgejo");
  CHECK(container.attributes == Attributes{{"vmid", 110},
                                           {"template", "debian-12"},
                                           {"memory", "2GiB"},
                                           {"network", "lab"},
                                           {"ip", "auto"}});
  CHECK(lines_of(spec, container, "memory") == Lines{"spec.yaml:3"});
  CHECK(lines_of(spec, container, "network") == Lines{"homeostat.yaml:21"});
  CHECK(lines_of(spec, container, "ip") ==
        Lines{"spec.yaml:3", "homeostat.yaml:21", "homeostat.yaml:15"});
}

TEST_CASE("services: each view points where it says") {
  const Spec spec = loaded(forgejo);
  const Resource& lab = find(spec, "dns/lab/forgejo/A");
  CHECK(open_at(lab, "/values/0") == "<home:container/forgejo@pve ip>");
  CHECK(lab.attributes == Attributes{{"values", {"${container.forgejo.ip}"}}, {"ttl", "1h"}});
  CHECK(find(spec, "dns/inside/git/A").attributes == Attributes{{"values", {"10.5.0.6"}}});
  CHECK(find(spec, "dns/public/git/A").attributes ==
        Attributes{{"values", {"203.0.113.7"}}, {"ttl", "5m"}});
  CHECK(lines_of(spec, lab, "values") == Lines{"spec.yaml:4", "spec.yaml:3", "homeostat.yaml:21",
                                               "homeostat.yaml:15", "homeostat.yaml:17"});
  CHECK(lines_of(spec, lab, "ttl") == Lines{"homeostat.yaml:17"});
}

TEST_CASE("services: the proxy host forwards to the container, the monitor asks the domain") {
  const Spec spec = loaded(forgejo);
  const Resource& proxy = find(spec, "proxy_host/forgejo");
  CHECK(proxy.attributes == Attributes{{"domains", {"git.example.org"}},
                                       {"forward_scheme", "http"},
                                       {"forward_host", "${container.forgejo.ip}"},
                                       {"forward_port", 3000},
                                       {"force_https", true},
                                       {"certificate", "letsencrypt"}});
  CHECK(open_at(proxy, "/forward_host") == "<home:container/forgejo@pve ip>");
  CHECK(find(spec, "monitor/forgejo").attributes ==
        Attributes{{"type", "http"},
                   {"target", "https://git.example.org/api/healthz"},
                   {"interval", "1m"}});
}

TEST_CASE("services: a container on a host is reached at the host's address and published port") {
  const Spec spec = loaded(R"(services:
  jelly:
    container: { provider: dock, image: "jellyfin:10.9", ports: ["18096:8096"] }
    name: jelly.lab.example.org
    web: { domain: tv.example.org, port: 8096, certificate: none }
    monitor: true
)");
  CHECK(find(spec, "container/jelly").attributes ==
        Attributes{{"image", "jellyfin:10.9"}, {"ports", {"18096:8096/tcp"}}});
  CHECK(find(spec, "dns/lab/jelly/A").attributes["values"] == Attributes{"10.5.0.111"});
  const Resource& proxy = find(spec, "proxy_host/jelly");
  CHECK(proxy.attributes["forward_host"] == "10.5.0.111");
  CHECK(proxy.attributes["forward_port"] == 18096);
  CHECK(lines_of(spec, proxy, "forward_port") == Lines{"spec.yaml:5", "spec.yaml:3"});
  CHECK(find(spec, "monitor/jelly").attributes["target"] == "http://tv.example.org/");
}

TEST_CASE("services: a port that the host does not publish is an error") {
  CHECK(errors_in(R"(services:
  jelly:
    container: { provider: dock, image: "jellyfin:10.9", ports: ["18096:8097"] }
    web: { domain: tv.example.org, port: 8096 }
)") == "spec.yaml:4:42: port 8096 of container `jelly` is not published on its host\n"
       "      web: { domain: tv.example.org, port: 8096 }\n"
       "                                           ^\n"
       "  hint: add `ports: [\"8096:8096\"]` to the container\n");
}

TEST_CASE("services: a monitor without web asks a port, or pings") {
  const Spec spec = loaded(R"(services:
  db:
    container: { vmid: 120 }
    monitor: { port: 5432 }
  nas:
    address: nas.lab.example.org
    monitor: true
  api:
    container: { vmid: 121 }
    monitor: { port: 8080, path: /health }
)");
  const Resource& db = find(spec, "monitor/db");
  CHECK(db.attributes["type"] == "tcp");
  CHECK(open_at(db, "/target") == "<home:container/db@pve ip>:5432");
  CHECK(find(spec, "monitor/nas").attributes["type"] == "ping");
  CHECK(find(spec, "monitor/nas").attributes["target"] == "nas.lab.example.org");
  CHECK(open_at(find(spec, "monitor/api"), "/target") ==
        "http://<home:container/api@pve ip>:8080/health");
}

TEST_CASE("services: several web entries and domains, with a key of their own where said") {
  const Spec spec = loaded(R"(services:
  app:
    container: { vmid: 120 }
    web:
      - { domains: [b.example.org, a.example.org], port: 80 }
      - { domain: c.example.org, port: 81, force_https: false }
      - { domain: d.example.org, port: 82, key: admin, dns: false }
)");
  CHECK(find(spec, "proxy_host/app").attributes["domains"] ==
        Attributes{"a.example.org", "b.example.org"});
  CHECK(find(spec, "proxy_host/app-2").attributes["force_https"] == false);
  CHECK(has(spec, "proxy_host/admin"));
  CHECK(has(spec, "dns/inside/c/A"));
  CHECK_FALSE(has(spec, "dns/inside/d/A"));
}

TEST_CASE("services: a name that no proxy serves points at the container, also in a proxy view") {
  const Spec spec = loaded(R"(services:
  git:
    container: { vmid: 120 }
    name: [ssh.example.org, example.org]
)");
  CHECK(open_at(find(spec, "dns/inside/ssh/A"), "/values/0") == "<home:container/git@pve ip>");
  CHECK(find(spec, "dns/public/ssh/A").attributes["values"] == Attributes{"203.0.113.7"});
  CHECK(has(spec, "dns/inside/@/A"));
}

TEST_CASE("services: options of the service hold for all that is derived") {
  const Spec spec = loaded(R"(services:
  git:
    container: { vmid: 120, mode: report }
    name: git.lab.example.org
    mode: enforce
    protect: true
    depends_on: container/db
    ignore: [ttl, memory]
containers:
  db: { vmid: 121 }
)");
  const Resource& container = find(spec, "container/git");
  const Resource& record = find(spec, "dns/lab/git/A");
  CHECK(container.mode == Mode::report);
  CHECK(record.mode == Mode::enforce);
  CHECK(container.protect == true);
  CHECK(record.protect == true);
  REQUIRE(record.depends_on.size() == 1);
  CHECK(to_string(record.depends_on[0]) == "home:container/db@pve");
  REQUIRE(container.ignore.size() == 1);
  CHECK(container.ignore[0].field == "memory");
  REQUIRE(record.ignore.size() == 1);
  CHECK(record.ignore[0].field == "ttl");
}

TEST_CASE("services: a domain without a zone is an error, unless its record is kept elsewhere") {
  CHECK(errors_in(R"(services:
  git:
    container: { vmid: 110 }
    web: { domain: git.example.com, port: 3000 }
)") == "spec.yaml:4:20: no zone of this spec holds `git.example.com`: it would have no record\n"
       "      web: { domain: git.example.com, port: 3000 }\n"
       "                     ^\n"
       "  hint: declare a zone `example.com` under `zones:`, or say `dns: false` in this `web:` "
       "where its record is kept elsewhere\n");
}

TEST_CASE("services: two services cannot have one name") {
  CHECK(errors_in(R"(services:
  a: { container: { vmid: 110 }, name: x.lab.example.org }
  b: { container: { vmid: 111 }, name: x.lab.example.org }
)") == "spec.yaml:3:40: dns/lab/x/A is declared by service `b`, and already at spec.yaml:2:40 by "
       "service `a`\n"
       "    b: { container: { vmid: 111 }, name: x.lab.example.org }\n"
       "                                         ^\n"
       "  hint: a resource is declared once: remove or rename one of the two\n");
}

TEST_CASE("services: a service whose address nobody knows is an error with what to add") {
  CHECK(errors_in("services:\n  a: { name: a.lab.example.org }\n") ==
        "spec.yaml:2:14: service `a` has no address to point at\n"
        "    a: { name: a.lab.example.org }\n"
        "               ^\n"
        "  hint: add `address:` to the service, or a `container:`\n");
}

TEST_CASE("services: the lint names web pages that nothing watches") {
  const std::string lint = "policy: { lint: { unmonitored: warning } }\n";
  const std::string web =
      "services:\n  a: { address: 10.5.0.3, web: { domain: a.example.org, port: 1 }";
  CHECK(warnings_in(lint + web + " }\n") ==
        "spec.yaml:3:3: service `a` has a web page and no monitor\n"
        "    a: { address: 10.5.0.3, web: { domain: a.example.org, port: 1 } }\n"
        "    ^\n"
        "  hint: add `monitor: true`, or `monitor: false` to leave it so\n");
  CHECK(warnings_in(lint + web + ", monitor: false }\n").empty());
}
