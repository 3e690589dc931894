#include "reconciler/resolve.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/site.hpp"

namespace homeostat {
namespace {

const Attributes& attributes_of(const Resolved& resolved, const std::string& text) {
  return resolved.desired.at(Site::address(text)).attributes;
}

// A record, a proxy host and a monitor that refer to a container.
Site forgejo() {
  Site site;
  site.provider("pve", {"container"});
  site.provider("npm", {"proxy_host"});
  site.zone("lab", "lab.example.org", "dns");
  site.declare("container/forgejo@pve", {{"ip", "10.5.0.110"}, {"vmid", 110}});
  Site::refer(site.declare("dns/lab/forgejo/A@dns", {{"values", {""}}}), "/values/0",
              "${container.forgejo@pve.ip}");
  return site;
}

TEST_CASE("resolve: a reference to a stated field takes its value") {
  Site site = forgejo();
  const Resolved resolved = site.resolved();
  CHECK(attributes_of(resolved, "dns/lab/forgejo/A@dns")["values"] ==
        nlohmann::json::array({"10.5.0.110"}));
  CHECK(resolved.desired.at(Site::address("dns/lab/forgejo/A@dns")).open.empty());
  CHECK(resolved.pending.empty());
  CHECK(resolved.held.empty());
}

TEST_CASE("resolve: references are filled in the order in which they need each other") {
  Site site = forgejo();
  // "a" < "b" < "c" by address, and each refers to the next one.
  Site::refer(site.declare("monitor/a@kuma", {{"type", "http"}}), "/target",
              "${monitor.b@kuma.target}/healthz");
  Site::refer(site.declare("monitor/b@kuma", {{"type", "http"}}), "/target",
              "http://${monitor.c@kuma.hostname}:3000");
  Site::refer(site.declare("monitor/c@kuma", {{"type", "ping"}}), "/hostname",
              "${container.forgejo@pve.ip}");
  CHECK(attributes_of(site.resolved(), "monitor/a@kuma")["target"] ==
        "http://10.5.0.110:3000/healthz");
}

TEST_CASE("resolve: a reference alone keeps the type, inside a text it becomes text") {
  Site site = forgejo();
  Resource& proxy = site.declare("proxy_host/git@npm", Attributes::object());
  Site::refer(proxy, "/forward_port", "${container.forgejo@pve.vmid}");
  Site::refer(proxy, "/description", "VMID ${container.forgejo@pve.vmid}");
  const Resolved resolved = site.resolved();
  CHECK(attributes_of(resolved, "proxy_host/git@npm")["forward_port"] == 110);
  CHECK(attributes_of(resolved, "proxy_host/git@npm")["description"] == "VMID 110");
}

TEST_CASE("resolve: what no spec states comes from the live system") {
  Site site = forgejo();
  site.provider("ipam", {"ip"});
  Site::refer(site.declare("ip/lab/forgejo@ipam", {{"address", "10.5.0.7"}}), "/mac",
              "${container.forgejo@pve.mac}");
  const Address ip = Site::address("ip/lab/forgejo@ipam");
  SUBCASE("by marker") {
    site.see_ours("container/forgejo@pve", {{"vmid", 110}, {"mac", "BC:24:11:00:00:07"}});
    CHECK(attributes_of(site.resolved(), "ip/lab/forgejo@ipam")["mac"] == "BC:24:11:00:00:07");
  }
  SUBCASE("by natural key, before it is adopted") {
    site.see("container/105@pve", {{"vmid", 110}, {"mac", "BC:24:11:00:00:07"}});
    CHECK(attributes_of(site.resolved(), "ip/lab/forgejo@ipam")["mac"] == "BC:24:11:00:00:07");
  }
  SUBCASE("after it was made") {
    const Resolved resolved = site.resolved();
    REQUIRE(resolved.pending.count(ip) == 1);
    CHECK(resolved.pending.at(ip).front().pointer == "/mac");
    CHECK(resolved.pending.at(ip).front().after ==
          std::vector<Address>{Site::address("container/forgejo@pve")});
    CHECK(resolved.desired.at(ip).open.size() == 1);
    CHECK(resolved.held.empty());
  }
  SUBCASE("from the ledger while its scope is unknown") {
    site.unknown("pve", "no answer");
    site.remember("container/forgejo@pve").agreed = {{"mac", "BC:24:11:00:00:07", "", {}}};
    CHECK(attributes_of(site.resolved(), "ip/lab/forgejo@ipam")["mac"] == "BC:24:11:00:00:07");
  }
  SUBCASE("from nowhere while its scope is unknown and no ledger knows it") {
    site.unknown("pve", "no answer");
    const Resolved resolved = site.resolved();
    CHECK(resolved.pending.empty());
    CHECK(resolved.held.at(ip).code == HoldCode::value_unknown);
    CHECK(resolved.held.at(ip).text ==
          "ip/lab/forgejo needs container/forgejo.mac, and pve is unknown: no answer");
  }
}

TEST_CASE("resolve: `dhcp` is no address to refer to") {
  Site site = forgejo();
  site.spec.desired.at(Site::address("container/forgejo@pve")).attributes["ip"] = "dhcp";
  CHECK(site.resolved().pending.count(Site::address("dns/lab/forgejo/A@dns")) == 1);
  site.see_ours("container/forgejo@pve", {{"vmid", 110}, {"ip", "10.5.0.44"}});
  CHECK(attributes_of(site.resolved(), "dns/lab/forgejo/A@dns")["values"].front() == "10.5.0.44");
}

TEST_CASE("resolve: what refers to a value that is not known is not known either") {
  Site site = forgejo();
  Site::refer(site.declare("ip/lab/a@ipam", Attributes::object()), "/mac",
              "${container.forgejo@pve.mac}");
  Site::refer(site.declare("ip/lab/0@ipam", Attributes::object()), "/mac", "${ip.lab/a@ipam.mac}");
  SUBCASE("pending") {
    const Resolved resolved = site.resolved();
    CHECK(resolved.pending.at(Site::address("ip/lab/0@ipam")).front().after ==
          std::vector<Address>{Site::address("ip/lab/a@ipam")});
  }
  SUBCASE("held") {
    site.unknown("pve", "no answer");
    CHECK(site.resolved().held.at(Site::address("ip/lab/0@ipam")).text ==
          "ip/lab/0 needs ip/lab/a.mac, and that is not known: ip/lab/a needs "
          "container/forgejo.mac, and pve is unknown: no answer");
  }
}

TEST_CASE("resolve: a secret stays as written, and travels along references") {
  Site site = forgejo();
  Resource& from = site.declare("container/db@pve", {{"env", Attributes::object()}});
  Site::refer(from, "/env/URL", "pg://u:${secret.db}@${container.forgejo@pve.ip}");
  Resource& to = site.declare("container/app@pve", {{"env", Attributes::object()}});
  Site::refer(to, "/env/DB", "${container.db@pve.env/URL}?x=1");
  const Resolved resolved = site.resolved();
  const Resource& app = resolved.desired.at(to.address);
  CHECK(app.attributes["env"]["DB"] == "${container.db@pve.env/URL}?x=1");
  REQUIRE(app.open.size() == 1);
  SecretValues secrets;
  secrets["db"] = std::string("s3cret");
  const Result<Attributes> filled = fill_secrets(app, secrets, nullptr);
  REQUIRE(filled);
  CHECK((*filled)["env"]["DB"] == "pg://u:s3cret@10.5.0.110?x=1");
  CHECK(resolved.pending.empty());
}

TEST_CASE("resolve: a value that is wrong once it is known is an error at its place") {
  Site site = forgejo();
  SUBCASE("an address of the other family") {
    site.spec.desired.at(Site::address("container/forgejo@pve")).attributes["ip"] = "2001:db8::7";
    const Resolved resolved = site.resolved();
    REQUIRE(resolved.errors.size() == 1);
    CHECK(to_string(resolved.errors.front()) ==
          "a.yaml:2:1: dns/lab/forgejo/A.values/0, once its references are filled in: 2001:db8::7 "
          "is an IPv6 address, and a record of type A takes IPv4 only (write the record as type "
          "AAAA)");
  }
  SUBCASE("not a number") {
    Site::refer(site.declare("proxy_host/git@npm", Attributes::object()), "/forward_port",
                "${container.forgejo@pve.ip}");
    const Resolved resolved = site.resolved();
    REQUIRE(resolved.errors.size() == 1);
    CHECK(resolved.errors.front().where == SourceRef{"a.yaml", 3, 1});
  }
}

TEST_CASE("resolve: references that go round in a circle end in errors") {
  Site site;
  Site::refer(site.declare("monitor/a@kuma", Attributes::object()), "/target",
              "${monitor.b@kuma.target}");
  Site::refer(site.declare("monitor/b@kuma", Attributes::object()), "/target",
              "${monitor.a@kuma.target}");
  CHECK(site.resolved().errors.size() == 2);
}

TEST_CASE("resolve: filled sets are sorted again, and open values follow their place") {
  Site site = forgejo();
  Resource& record = site.declare("dns/lab/all/A@dns", {{"values", {"", "10.5.0.120", "", ""}}});
  Site::refer(record, "/values/0", "${container.new@pve.ip}");
  Site::refer(record, "/values/2", "${container.forgejo@pve.ip}");
  Site::refer(record, "/values/3", "${container.forgejo@pve.ip}");
  site.declare("container/new@pve", {{"ip", "dhcp"}});
  const Resolved resolved = site.resolved();
  CHECK(attributes_of(resolved, "dns/lab/all/A@dns")["values"] ==
        nlohmann::json::array({"${container.new@pve.ip}", "10.5.0.110", "10.5.0.120"}));
  CHECK(resolved.pending.at(record.address).front().pointer == "/values/0");

  Resource bound = resolved.desired.at(record.address);
  const std::map<Address, Attributes> known = {
      {Site::address("container/new@pve"), {{"ip", "10.5.0.115"}}}};
  REQUIRE(bind(bound, resolved.pending.at(record.address), {known, site.spec, nullptr}));
  CHECK(bound.attributes["values"] ==
        nlohmann::json::array({"10.5.0.110", "10.5.0.115", "10.5.0.120"}));
  CHECK(bound.open.empty());
}

TEST_CASE("resolve: the provider's canonical form comes last") {
  Site site = forgejo();
  const LiveIndex live = site.index();
  const std::function<Attributes(const Address&, Attributes)> canonical = [](const Address& address,
                                                                             Attributes wanted) {
    wanted["seen"] = address.kind + " " + std::to_string(wanted.size());
    return wanted;
  };
  const Resolved resolved = resolve(
      {site.spec, site.observed, site.ledger, live, site.providers, canonical}, site.spec.desired);
  CHECK(attributes_of(resolved, "container/forgejo@pve")["seen"] == "container 2");
}

TEST_CASE("bind: a value that does not pass, or never came, is an error that names it") {
  Site site = forgejo();
  site.spec.desired.at(Site::address("container/forgejo@pve")).attributes["ip"] = "dhcp";
  const Resolved resolved = site.resolved();
  const Address record = Site::address("dns/lab/forgejo/A@dns");
  const auto outcome = [&](const Attributes& answer) {
    Resource bound = resolved.desired.at(record);
    const std::map<Address, Attributes> known = {{Site::address("container/forgejo@pve"), answer}};
    const Status done = bind(bound, resolved.pending.at(record), {known, site.spec, nullptr});
    return done ? bound.attributes["values"].dump() : done.error().message;
  };
  CHECK(outcome({{"ip", "10.5.0.44"}}) == "[\"10.5.0.44\"]");
  CHECK(outcome({{"ip", "2001:db8::7"}}) ==
        "dns/lab/forgejo/A.values/0: 2001:db8::7 is an IPv6 address, and a record of type A takes "
        "IPv4 only");
  CHECK(outcome(Attributes::object()) ==
        "dns/lab/forgejo/A.values/0: container/forgejo.ip is still not known");
}

TEST_CASE("fill_secrets: an error names the secret or the field, never the value") {
  Resource resource;
  resource.address = Site::address("container/db@pve");
  resource.attributes = {{"env", Attributes::object()}};
  Site::refer(resource, "/memory", "${secret.memory}");
  SecretValues secrets;
  CHECK(fill_secrets(resource, secrets, nullptr).error().message == "no secret is called memory");
  secrets["memory"] = std::string("hunter2");
  CHECK(fill_secrets(resource, secrets, nullptr).error().message ==
        "the secret in container/db.memory does not fit there");
  secrets["memory"] = std::string("2048MiB");
  CHECK(fill_secrets(resource, secrets, nullptr).value()["memory"] == "2GiB");
  secrets["memory"] = fail(ErrorKind::auth, "age failed");
  CHECK(fill_secrets(resource, secrets, nullptr).error().message == "age failed");
}

}  // namespace
}  // namespace homeostat
