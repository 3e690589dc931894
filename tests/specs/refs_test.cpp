// References between resources.
#include <doctest/doctest.h>

#include "tests/support/spec.hpp"

using namespace homeostat;
using Lines = std::vector<std::string>;

namespace {

// One container `a` whose env refers to something, beside a container `db`.
std::string reference(const std::string& text) {
  return "containers:\n  a: { env: { X: \"" + text + "\" } }\n  db: { vmid: 120 }\n";
}

}  // namespace

TEST_CASE("refs: a reference finds its resource, with dot and with slash") {
  for (const char* text : {"http://${container.db.ip}:80", "http://${container/db.ip}:80",
                           "http://${container.db@pve.ip}:80"}) {
    const Spec spec = loaded(reference(text));
    CHECK(open_at(find(spec, "container/a"), "/env/X") == "http://<home:container/db@pve ip>:80");
    CHECK(find(spec, "container/a").attributes["env"]["X"] == text);
  }
}

TEST_CASE("refs: secrets stay open, providers and networks are filled in") {
  const Spec spec =
      loaded(reference("${secret.pve} ${provider.npm.address} ${network.lab.gateway} "
                       "${network.lab.cidr}"));
  CHECK(open_at(find(spec, "container/a"), "/env/X") ==
        "<secret pve> 10.5.0.6 10.5.0.254 10.5.0.0/24");
  const Spec known = loaded(reference("${network.lab.gateway}/24"));
  CHECK(find(known, "container/a").attributes["env"]["X"] == "10.5.0.254/24");
  CHECK(find(known, "container/a").open.empty());
}

TEST_CASE("refs: a value that is filled in is checked as if it were written") {
  CHECK(errors_in("containers:\n  a: { cores: \"${network.lab.cidr}\" }\n")
            .find("spec.yaml:2:15: `cores`: ") == 0);
}

TEST_CASE("refs: a set that was filled in has its canonical order") {
  const Spec spec = loaded("dns: { lab: { a: [\"${provider.npm.address}\", 10.5.0.1] } }\n");
  CHECK(find(spec, "dns/lab/a/A").attributes["values"] == Attributes{"10.5.0.1", "10.5.0.6"});
  CHECK(find(spec, "dns/lab/a/A").open.empty());
}

TEST_CASE("refs: the address of a provider may itself be a reference") {
  const Spec spec = loaded(Texts{{"homeostat.yaml", R"(homeostat: 1
site: home
providers:
  pve: { type: proxmox, url: "https://x", token: "${secret.t}" }
  dock: { type: docker, url: "unix:///x", address: "${container.dockge.ip}" }
  dns: { type: technitium, url: "http://${provider.dock.address}:5380", token: "${secret.t}" }
secrets: { t: { env: T } }
networks: { lab: { cidr: 10.5.0.0/24 } }
zones: { lab.example: { on: dns, points_to: container } }
containers: { dockge: { provider: pve, network: lab, ip: 10.5.0.9 } }
services:
  web: { container: { provider: dock, image: "x:1" }, name: web.lab.example }
)"}});
  REQUIRE(spec.providers.at("dns").open.size() == 2);
  const OpenValue& url = spec.providers.at("dns").open[1];
  CHECK(url.pointer == "/url");
  REQUIRE(url.parts.size() == 3);
  CHECK(to_string(url.parts[1].target) == "home:container/dockge@pve");
  CHECK(open_at(find(spec, "dns/lab.example/web/A"), "/values/0") ==
        "<home:container/dockge@pve ip>");
}

TEST_CASE("refs: what is not there gets a suggestion") {
  CHECK(errors_in(reference("${container.bd.ip}")) ==
        "spec.yaml:2:18: `${container.bd.ip}`: there is no container `bd`\n"
        "    a: { env: { X: \"${container.bd.ip}\" } }\n                   ^\n"
        "  hint: did you mean `db`?\n");
  CHECK(errors_in(reference("${container.db.ipp}")) ==
        "spec.yaml:2:18: `${container.db.ipp}`: a container has no field `ipp`\n"
        "    a: { env: { X: \"${container.db.ipp}\" } }\n                   ^\n"
        "  hint: did you mean `ip`?\n");
  CHECK(errors_in(reference("${contaner.db.ip}")) ==
        "spec.yaml:2:18: `${contaner.db.ip}`: `contaner` is nothing to refer to\n"
        "    a: { env: { X: \"${contaner.db.ip}\" } }\n                   ^\n"
        "  hint: did you mean `container`?\n");
  CHECK(errors_in(reference("${secret.pvee}")) ==
        "spec.yaml:2:18: `${secret.pvee}`: there is no secret `pvee`\n"
        "    a: { env: { X: \"${secret.pvee}\" } }\n                   ^\n"
        "  hint: did you mean `pve`?\n");
}

TEST_CASE("refs: what refers to a resource that is wrong is not blamed for it") {
  const std::string errors = errors_in(
      "containers:\n  a: { env: { X: \"${container.b.ip}\" } }\n  b: { provider: nowhere }\n");
  CHECK(errors.find("`nowhere`") != std::string::npos);
  CHECK(errors.find("${container.b.ip}`") == std::string::npos);
}

TEST_CASE("refs: a name on several providers must say which") {
  CHECK(errors_in("containers:\n  a: { provider: [pve, dock] }\n"
                  "  b: { env: { X: \"${container.a.ip}\" } }\n")
            .find("spec.yaml:3:18: `${container.a.ip}`: container `a` is on more than one "
                  "provider\n") == 0);
}

TEST_CASE("refs: depends_on gets full addresses") {
  const Spec spec = loaded(
      "containers:\n  a: { depends_on: [container/db, monitor/m] }\n  db: {}\n"
      "monitors: { m: { type: ping, target: a.example } }\n");
  Lines edges;
  for (const Address& edge : find(spec, "container/a").depends_on) edges.push_back(to_string(edge));
  CHECK(edges == Lines{"home:container/db@pve", "home:monitor/m@kuma"});
  CHECK(errors_in("containers:\n  a: { depends_on: container/bd }\n  db: {}\n") ==
        "spec.yaml:2:20: `depends_on`: there is no container `bd`\n"
        "    a: { depends_on: container/bd }\n                     ^\n"
        "  hint: did you mean `db`?\n");
}

TEST_CASE("refs: circles are named") {
  CHECK(errors_in(R"(containers:
  a: { hostname: "${container.b.hostname}" }
  b: { hostname: "${container.a.hostname}" }
)") == "spec.yaml:2:18: a circle, in which each needs the next first: container/a.hostname -> "
       "container/b.hostname -> container/a.hostname\n"
       "    a: { hostname: \"${container.b.hostname}\" }\n                   ^\n"
       "  hint: state one of the values, or remove one of the references\n");
  CHECK(
      errors_in("containers:\n  a: { depends_on: container/b }\n  b: { depends_on: container/a }\n")
          .find("container/a -> container/b -> container/a") != std::string::npos);
  // What the spec states is known beforehand: these two can tell each other their addresses.
  CHECK(errors_in(R"(containers:
  a: { vmid: 110, env: { B: "${container.b.ip}" } }
  b: { vmid: 111, env: { A: "${container.a.ip}" } }
)")
            .empty());
  CHECK(errors_in(R"(containers:
  a: { vmid: 110, env: { B: "${container.b.mac}" } }
  b: { vmid: 111, env: { A: "${container.a.mac}" } }
)") != "");
}

TEST_CASE("refs: a provider that is opened at the address of its own container") {
  const std::string text = R"(providers:
  mon: { type: uptime-kuma, url: "http://${container.kuma.ip}:3001" }
defaults: { monitor: { provider: kuma }, container: { provider: pve, network: lab } }
containers: { kuma: { vmid: 112 } }
)";
  const Spec spec = loaded(Texts{
      {"homeostat.yaml", homelab().substr(0, homelab().rfind("defaults"))}, {"spec.yaml", text}});
  CHECK(spec.providers.at("mon").open.size() == 1);
}

TEST_CASE("refs: self names a declared container") {
  CHECK(to_string(*loaded("self: container/a\ncontainers: { a: {} }\n").self) ==
        "home:container/a@pve");
  CHECK(errors_in("self: container/b\ncontainers: { a: {} }\n") ==
        "spec.yaml:1:7: `self`: there is no container `b`\n  self: container/b\n        ^\n"
        "  hint: there is: `a`\n");
}

TEST_CASE("refs: an automatic address that its own provider is opened with is a circle") {
  const auto errors = [](const std::string& assign, const std::string& vmid) {
    return errors_in("networks: { iot: { cidr: 10.6.0.0/24, assign: " + assign + " } }\n" +
                     "providers: { own: { type: proxmox, url: \"http://${container.a.ip}/\", "
                     "token: \"${secret.pve}\" } }\n" +
                     "containers: { a: { provider: pve, network: iot" + vmid + " } }\n");
  };
  CHECK(errors("lowest", ", vmid: 110") ==
        "spec.yaml:2:41: a circle, in which each needs the next first: provider own -> "
        "container/a.ip (auto) -> provider own\n"
        "  providers: { own: { type: proxmox, url: \"http://${container.a.ip}/\", token: "
        "\"${secret.pve}\" } }\n"
        "                                          ^\n"
        "  hint: state one of the values, or remove one of the references\n");
  CHECK(!errors("vmid", "").empty());
  // A rule gives it without a look at anything.
  CHECK(errors("vmid", ", vmid: 110").empty());
}

TEST_CASE("references: all that is wrong in one text is said at once") {
  CHECK(errors_in("containers:\n  a: { env: { A: \"${foo} ${container.b} ${bar.} ${\" } }\n") ==
        "spec.yaml:2:18: `A`: `${foo}` is not a reference; `${container.b}` names no field; "
        "`${bar.}` is not a reference; `${` is not closed with `}`\n"
        "    a: { env: { A: \"${foo} ${container.b} ${bar.} ${\" } }\n"
        "                   ^\n"
        "  hint: write `${container.NAME.ip}` or `${secret.NAME}`, or `$${` for a plain `${`\n");
}
