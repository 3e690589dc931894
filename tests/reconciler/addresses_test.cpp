#include "reconciler/addresses.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tests/support/cases.hpp"
#include "tests/support/site.hpp"

namespace homeostat {
namespace {

// 10.5.0.0/24 by the rule of the VMID, with a gateway, a DHCP range and a reserved one.
Site lab() {
  Site site;
  site.provider("pve", {"container"});
  Network& network = site.network("lab", "10.5.0.0/24", Assign::vmid);
  network.gateway = parse_ip("10.5.0.254").value();
  network.dhcp = {parse_ip_range("10.5.0.20-10.5.0.99").value()};
  network.reserved = {parse_ip_range("10.5.0.1-10.5.0.9").value()};
  return site;
}

Resource& wish(Site& site, const std::string& name, int vmid) {
  return site.declare("container/" + name + "@pve",
                      {{"vmid", vmid}, {"network", "lab"}, {"ip", "auto"}});
}

std::string ip_of(const Resolved& resolved, const std::string& name) {
  const Attributes& attributes =
      resolved.desired.at(Site::address("container/" + name + "@pve")).attributes;
  const auto ip = attributes.find("ip");
  return ip == attributes.end() ? "" : ip->get<std::string>();
}

std::string only_error(const Resolved& resolved) {
  REQUIRE(resolved.errors.size() == 1);
  return to_string(resolved.errors.front());
}

TEST_CASE("addresses: the rule makes the VMID the host part") {
  Site site = lab();
  wish(site, "web", 110);
  CHECK(ip_of(site.resolved(), "web") == "10.5.0.110");
}

TEST_CASE("addresses: where the rule cannot be met, what it has stays, else the lowest is given") {
  struct Row {
    std::string what;
    int vmid;
    std::string live;
    std::string expected;
  };
  const std::vector<Row> rows = {
      {"outside of the network, nothing live", 1000, "", "10.5.0.10"},
      {"outside of the network, in use", 1000, "10.5.0.200", "10.5.0.200"},
      {"the gateway", 254, "", "10.5.0.10"},
      {"the broadcast address", 255, "", "10.5.0.10"},
      {"in the DHCP range", 50, "", "10.5.0.10"},
      {"in the DHCP range, and there it is", 50, "10.5.0.50", "10.5.0.10"},
      {"reserved", 5, "", "10.5.0.10"},
      {"reserved, and there it is", 5, "10.5.0.5", "10.5.0.5"},
      {"can be met, though it has another one", 110, "10.5.0.200", "10.5.0.110"},
      {"live, but in another network", 1000, "192.168.1.5", "10.5.0.10"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Site site = lab();
    wish(site, "web", row.vmid);
    if (!row.live.empty()) {
      site.see_ours("container/web@pve", {{"vmid", row.vmid}, {"ip", row.live}});
    }
    CHECK(ip_of(site.resolved(), "web") == row.expected);
  }
}

TEST_CASE("addresses: the ledger's address comes before the lowest, unless somebody has it now") {
  Site site = lab();
  wish(site, "web", 1000);
  site.remember("container/web@pve").agreed = {{"ip", "10.5.0.150", "", {}}};
  CHECK(ip_of(site.resolved(), "web") == "10.5.0.150");
  site.see("container/other@pve", {{"ip", "10.5.0.150"}});
  CHECK(ip_of(site.resolved(), "web") == "10.5.0.10");
}

TEST_CASE("addresses: the lowest free one is nobody's, as far as anybody knows") {
  Site site = lab();
  site.provider("dock", {"container"});
  site.provider("kuma", {"monitor"});
  site.zone("lab", "lab.example.org", "dns");
  wish(site, "web", 1000);
  site.declare("ip/lab/printer@pve", {{"address", "10.5.0.10"}});
  site.declare("container/db@pve", {{"network", "lab"}, {"ip", "10.5.0.11"}});
  site.declare("dns/lab/nas/A@dns", {{"values", {"10.5.0.12"}}});
  site.see("container/stray@dock", {{"ip", "10.5.0.13"}});
  site.see("dns/lab/tv/A@dns", {{"values", {"10.5.0.14"}}});
  site.spec.providers["kuma"].settings = {{"url", "http://10.5.0.15:3001"}};
  site.spec.providers["dock"].settings = {{"address", "10.5.0.16"}};
  CHECK(ip_of(site.resolved(), "web") == "10.5.0.17");
}

TEST_CASE("addresses: who is in the way of a rule keeps its address, unless it is told to move") {
  Site site = lab();
  wish(site, "web", 110);
  SUBCASE("not ours") {
    site.see("container/stray@pve", {{"vmid", 300}, {"ip", "10.5.0.110"}});
    CHECK(ip_of(site.resolved(), "web") == "10.5.0.10");
  }
  SUBCASE("ours, and it moves to its own rule") {
    site.see_ours("container/web@pve", {{"vmid", 110}, {"ip", "10.5.0.111"}});
    site.see_ours("container/db@pve", {{"vmid", 111}, {"ip", "10.5.0.110"}});
    wish(site, "db", 111);
    const Resolved resolved = site.resolved();
    CHECK(ip_of(resolved, "web") == "10.5.0.110");
    CHECK(ip_of(resolved, "db") == "10.5.0.111");
  }
  SUBCASE("ours, and it has no rule of its own") {
    site.see_ours("container/db@pve", {{"vmid", 1000}, {"ip", "10.5.0.110"}});
    wish(site, "db", 1000);
    const Resolved resolved = site.resolved();
    CHECK(ip_of(resolved, "web") == "10.5.0.10");
    CHECK(ip_of(resolved, "db") == "10.5.0.110");
  }
  SUBCASE("ours, and the spec does not say where it goes") {
    site.see_ours("container/db@pve", {{"vmid", 111}, {"ip", "10.5.0.110"}});
    site.declare("container/db@pve", {{"vmid", 111}, {"network", "lab"}, {"ip", "dhcp"}});
    CHECK(ip_of(site.resolved(), "web") == "10.5.0.10");
  }
  SUBCASE("ours, and no longer declared") {
    site.see_ours("container/db@pve", {{"vmid", 111}, {"ip", "10.5.0.110"}});
    CHECK(ip_of(site.resolved(), "web") == "10.5.0.10");
  }
}

TEST_CASE("addresses: who fails its rule stays, and may fail the rule of the next") {
  Site site = lab();
  site.see("container/stray@pve", {{"vmid", 300}, {"ip", "10.5.0.110"}});
  site.see_ours("container/a@pve", {{"vmid", 110}, {"ip", "10.5.0.111"}});
  site.see_ours("container/b@pve", {{"vmid", 111}, {"ip", "10.5.0.112"}});
  wish(site, "a", 110);
  wish(site, "b", 111);
  wish(site, "c", 112);
  const Resolved resolved = site.resolved();
  CHECK(ip_of(resolved, "a") == "10.5.0.111");
  CHECK(ip_of(resolved, "b") == "10.5.0.112");
  CHECK(ip_of(resolved, "c") == "10.5.0.10");
}

TEST_CASE("addresses: two that must have one address are an error with both places") {
  Site site = lab();
  wish(site, "web", 110).origins = {{"vmid", {{0, 4, 9}}}};
  SUBCASE("two rules") {
    site.declare("container/db@other", {{"vmid", 110}, {"network", "lab"}, {"ip", "auto"}});
    CHECK(only_error(site.resolved()) ==
          "a.yaml:4:9: 10.5.0.110 would be used twice: by container/web (its vmid), and by "
          "container/db at a.yaml:2:1 (give one of them another vmid or address)");
  }
  SUBCASE("a rule and a statement") {
    site.declare("ip/lab/printer@pve", {{"address", "10.5.0.110"}}).origins = {
        {"address", {{0, 7, 3}}}};
    CHECK(only_error(site.resolved()) ==
          "a.yaml:4:9: 10.5.0.110 would be used twice: by container/web (its vmid), and by "
          "ip/lab/printer at a.yaml:7:3 (give one of them another vmid or address)");
  }
}

TEST_CASE("addresses: a network that is full is an error") {
  Site site = lab();
  site.network("tiny", "10.6.0.0/30", Assign::lowest);
  for (const char* name : {"a", "b", "c"}) {
    site.declare(std::string("container/") + name + "@pve", {{"network", "tiny"}, {"ip", "auto"}});
  }
  CHECK(only_error(site.resolved()) ==
        "a.yaml:3:1: container/c: the network tiny has no free address left (make the network "
        "larger, or its dhcp and reserved ranges smaller)");
}

TEST_CASE("addresses: `auto` without a declared network is an error") {
  Site site = lab();
  site.declare("container/web@pve", {{"vmid", 110}, {"ip", "auto"}});
  CHECK(only_error(site.resolved()) ==
        "a.yaml:1:1: container/web: `ip: auto` needs a network that is declared (write `network:`, "
        "or the address itself)");
}

TEST_CASE("addresses: while a provider that could hold one is unknown, no new address is given") {
  Site site = lab();
  site.provider("dock", {"container"});
  site.unknown("dock", "no answer in 10 s");
  wish(site, "web", 110);
  const Address web = Site::address("container/web@pve");
  SUBCASE("not even by rule") {
    const Resolved resolved = site.resolved();
    CHECK(resolved.held.at(web).code == HoldCode::value_unknown);
    CHECK(resolved.held.at(web).text ==
          "container/web gets no new address in lab while dock is unknown: no answer in 10 s");
  }
  SUBCASE("what it has by rule stays") {
    site.see_ours("container/web@pve", {{"vmid", 110}, {"ip", "10.5.0.110"}});
    const Resolved resolved = site.resolved();
    CHECK(resolved.held.empty());
    CHECK(resolved.warnings.empty());
    CHECK(ip_of(resolved, "web") == "10.5.0.110");
  }
  SUBCASE("what the ledger agreed on is not new") {
    site.remember("container/web@pve").agreed = {{"ip", "10.5.0.110", "", {}}};
    CHECK(ip_of(site.resolved(), "web") == "10.5.0.110");
  }
  SUBCASE("what it has elsewhere stays for now, and that is said") {
    site.see_ours("container/web@pve", {{"vmid", 110}, {"ip", "10.5.0.200"}});
    const Resolved resolved = site.resolved();
    CHECK(ip_of(resolved, "web") == "10.5.0.200");
    REQUIRE(resolved.warnings.size() == 1);
    CHECK(resolved.warnings.front().message ==
          "container/web keeps 10.5.0.200: 10.5.0.110 is not given while dock is unknown");
  }
  SUBCASE("what it has from DHCP is left alone, and that is said") {
    site.see_ours("container/web@pve", {{"vmid", 110}, {"ip", "10.5.0.50"}});
    const Resolved resolved = site.resolved();
    CHECK(ip_of(resolved, "web").empty());
    CHECK(resolved.held.empty());
    CHECK(resolved.warnings.size() == 1);
  }
}

TEST_CASE("addresses: a provider that holds no addresses may be unknown") {
  Site site = lab();
  site.provider("kuma", {"monitor"});
  site.unknown("kuma", "no answer");
  wish(site, "web", 110);
  CHECK(ip_of(site.resolved(), "web") == "10.5.0.110");
}

TEST_CASE("addresses: IPv6 networks have no broadcast address, and the rule works there") {
  Site site = lab();
  site.network("six", "2001:db8::/120", Assign::vmid);
  site.declare("container/a@pve", {{"vmid", 255}, {"network", "six"}, {"ip", "auto"}});
  CHECK(ip_of(site.resolved(), "a") == "2001:db8::ff");
}

TEST_CASE("addresses: at the end of the address space the search ends too") {
  Site site = lab();
  site.network("last", "255.255.255.252/30", Assign::lowest).dhcp = {
      parse_ip_range("255.255.255.253-255.255.255.254").value()};
  site.declare("container/a@pve", {{"network", "last"}, {"ip", "auto"}});
  CHECK(site.resolved().errors.size() == 1);
}

// --- properties ---------------------------------------------------------------------------------

Site random_site(std::mt19937& random) {
  const auto below = [&random](int limit) {
    return std::uniform_int_distribution<int>(0, limit - 1)(random);
  };
  Site site = lab();
  site.network("wide", "10.7.0.0/23", below(2) == 0 ? Assign::vmid : Assign::lowest);
  const int count = 1 + below(8);
  for (int i = 0; i < count; ++i) {
    const std::string name = std::string(1, static_cast<char>('a' + i));
    const std::string network = below(4) == 0 ? "wide" : "lab";
    Attributes attributes = {{"network", network}, {"ip", "auto"}};
    // Different for each, so that rules do not collide; some outside of the network.
    const int vmid = below(4) == 0 ? 1000 + i : 8 * below(32) + i;
    if (vmid > 0) attributes["vmid"] = vmid;
    site.declare("container/" + name + "@pve", attributes);
    const std::string somewhere = "10.5.0." + std::to_string(1 + below(254));
    if (below(2) == 0) {
      site.see_ours("container/" + name + "@pve", {{"vmid", vmid}, {"ip", somewhere}}, name);
    }
    if (below(3) == 0) {
      site.remember("container/" + name + "@pve", name).agreed = {
          {"ip", "10.5.0." + std::to_string(100 + below(4)), "", {}}};
    }
    if (below(3) == 0) {
      site.see("container/stray" + name + "@pve",
               {{"vmid", 5000 + i}, {"ip", "10.5.0." + std::to_string(1 + below(254))}},
               "stray" + name);
    }
  }
  return site;
}

std::map<std::string, std::string> all_ips(const Resolved& resolved) {
  std::map<std::string, std::string> all;
  for (const auto& [address, resource] : resolved.desired) {
    all[address.name] = ip_of(resolved, address.name);
  }
  return all;
}

TEST_CASE("addresses: no two are equal, none is forbidden, and what is given stays (property)") {
  for_each_case([](int seed) {
    CAPTURE(seed);
    std::mt19937 random(static_cast<std::uint32_t>(seed));
    Site site = random_site(random);
    const Resolved resolved = site.resolved();
    REQUIRE(resolved.errors.empty());
    const std::map<std::string, std::string> given = all_ips(resolved);
    std::set<std::string> once;
    for (const auto& [name, text] : given) {
      const Resource& resource = site.spec.desired.at(Site::address("container/" + name + "@pve"));
      const Network& network =
          site.spec.networks.at(resource.attributes.at("network").get<std::string>());
      const Result<IpAddress> ip = parse_ip(text);
      const bool fine = ip && is_host_address(network, *ip) && once.insert(text).second;
      if (!fine) FAIL(name << " got " << text);
    }
    // The order in which things were observed does not matter.
    std::vector<LiveResource>& live = site.observed.scopes[{"pve", ""}].resources;
    std::shuffle(live.begin(), live.end(), random);
    REQUIRE(all_ips(site.resolved()) == given);
    // Once applied, the same again, and without the ledger too.
    std::erase_if(live, [](const LiveResource& one) { return one.marker.has_value(); });
    for (const auto& [name, text] : given) {
      Attributes attributes =
          site.spec.desired.at(Site::address("container/" + name + "@pve")).attributes;
      attributes["ip"] = text;
      site.see_ours("container/" + name + "@pve", attributes, name);
    }
    REQUIRE(all_ips(site.resolved()) == given);
    site.ledger = {};
    REQUIRE(all_ips(site.resolved()) == given);
  });
}

}  // namespace
}  // namespace homeostat
