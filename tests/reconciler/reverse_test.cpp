#include "reconciler/reverse.hpp"

#include <doctest/doctest.h>

#include "tests/support/site.hpp"

namespace homeostat {
namespace {

// lab.example.org with reverse views for 10.5.0.0/24 and 2001:db8::/64.
Site lab() {
  Site site;
  site.provider("pve", {"container"});
  Zone& zone = site.zone("lab", "lab.example.org", "dns");
  zone.reverse = {"lab~v4", "lab~v6"};
  zone.ttl = "1h";
  zone.where = {0, 89, 1};
  zone.origins = {{"zone", {{0, 90, 1}}}};
  site.zone("lab~v4", "0.5.10.in-addr.arpa", "dns").reverse_of = "lab";
  site.zone("lab~v6", "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "dns").reverse_of = "lab";
  return site;
}

Address ptr() { return Site::address("dns/lab~v4/110/PTR@dns"); }

std::string name_at(const Resolved& resolved, const Address& address) {
  const auto found = resolved.desired.find(address);
  return found == resolved.desired.end() ? "" : found->second.attributes["values"].dump();
}

TEST_CASE("reverse: an address record brings the PTR of each of its addresses") {
  Site site = lab();
  Resource& record =
      site.declare("dns/lab/web/A@dns", {{"values", {"10.5.0.110", "10.5.0.111", "192.0.2.1"}}});
  record.origins = {{"values", {{0, 4, 7}}}};
  record.mode = Mode::enforce;
  record.protect = true;
  site.declare("dns/lab/%40/AAAA@dns", {{"values", {"2001:db8::5"}}});
  const Resolved resolved = site.resolved();
  CHECK(resolved.desired.size() == 5);
  CHECK(name_at(resolved, ptr()) == "[\"web.lab.example.org\"]");
  const Resource& made = resolved.desired.at(ptr());
  CHECK(made.attributes["ttl"] == "1h");
  CHECK(made.mode == Mode::enforce);
  CHECK(made.protect == true);
  REQUIRE(made.origins.size() == 2);
  CHECK(made.origins[1].lines == std::vector<Origin>{{0, 4, 7}, {0, 90, 1}});
  CHECK(resolved.reverse_of.at(ptr()) == record.address);
  CHECK(name_at(resolved, Site::address("dns/lab~v6/5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0/PTR@dns")) ==
        "[\"lab.example.org\"]");
}

TEST_CASE("reverse: wildcards and other types bring none") {
  Site site = lab();
  site.declare("dns/lab/%2A/A@dns", {{"values", {"10.5.0.110"}}});
  site.declare("dns/lab/%2A.apps/A@dns", {{"values", {"10.5.0.110"}}});
  site.declare("dns/lab/txt/TXT@dns", {{"values", {"10.5.0.110"}}});
  CHECK(site.resolved().desired.size() == 3);
}

TEST_CASE("reverse: of several names of one address the service's own wins, else the first") {
  Site site = lab();
  site.declare("container/forgejo@pve", {{"ip", "10.5.0.110"}});
  site.declare("dns/lab/bbb/A@dns", {{"values", {"10.5.0.110"}}});
  site.declare("dns/lab/aaa/A@dns", {{"values", {"10.5.0.110"}}});
  CHECK(name_at(site.resolved(), ptr()) == "[\"aaa.lab.example.org\"]");
  Resource& own = site.declare("dns/lab/forgejo/A@dns", {{"values", {""}}});
  Site::refer(own, "/values/0", "${container.forgejo@pve.ip}");
  CHECK(name_at(site.resolved(), ptr()) == "[\"aaa.lab.example.org\"]");
  own.service = "forgejo";
  CHECK(name_at(site.resolved(), ptr()) == "[\"forgejo.lab.example.org\"]");
  CHECK(site.resolved().desired.at(ptr()).service == "forgejo");
}

TEST_CASE("reverse: a PTR that the spec states wins") {
  Site site = lab();
  site.declare("dns/lab/web/A@dns", {{"values", {"10.5.0.110"}}});
  site.declare("dns/lab~v4/110/PTR@dns", {{"values", {"other.example.org"}}});
  const Resolved resolved = site.resolved();
  CHECK(name_at(resolved, ptr()) == "[\"other.example.org\"]");
  CHECK(resolved.reverse_of.empty());
}

TEST_CASE("reverse: while the address is not known the PTR that is there stays as it is") {
  Site site = lab();
  site.declare("container/web@pve", {{"ip", "dhcp"}});
  Site::refer(site.declare("dns/lab/web/A@dns", {{"values", {""}}}), "/values/0",
              "${container.web@pve.ip}");
  site.see_ours("dns/lab~v4/110/PTR@dns", {{"values", {"web.lab.example.org"}}, {"ttl", "5m"}});
  site.see_ours("dns/lab~v4/111/PTR@dns", {{"values", {"gone.lab.example.org"}}});
  site.see("dns/lab~v4/112/PTR@dns", {{"values", {"web.lab.example.org"}}});
  // Another name of that address does not get it meanwhile.
  site.declare("dns/lab/aaa/A@dns", {{"values", {"10.5.0.110"}}});
  SUBCASE("pending") {
    const Resolved resolved = site.resolved();
    REQUIRE(resolved.warnings.size() == 1);
    CHECK(resolved.warnings.front().message ==
          "the PTR record of dns/lab/web/A follows once its address is known");
    CHECK(name_at(resolved, ptr()) == "[\"web.lab.example.org\"]");
    CHECK(resolved.desired.at(ptr()).attributes.count("ttl") == 0);
    CHECK(resolved.desired.size() == 4);
  }
  SUBCASE("held") {
    site.unknown("pve", "no answer");
    const Resolved resolved = site.resolved();
    CHECK(resolved.warnings.empty());
    CHECK(name_at(resolved, ptr()) == "[\"web.lab.example.org\"]");
    CHECK(resolved.held.size() == 1);
  }
}

TEST_CASE("reverse: each address goes to the narrowest of several reverse zones") {
  Site site = lab();
  site.zone("lab~v4~5.10", "5.10.in-addr.arpa", "dns").reverse_of = "lab";
  site.spec.zones["lab"].reverse.push_back("lab~v4~5.10");
  site.declare("dns/lab/web/A@dns", {{"values", {"10.5.0.110", "10.5.7.8", "10.6.0.1"}}});
  const Resolved resolved = site.resolved();
  CHECK(resolved.desired.size() == 3);
  CHECK(name_at(resolved, ptr()) == "[\"web.lab.example.org\"]");
  CHECK(name_at(resolved, Site::address("dns/lab~v4~5.10/8.7/PTR@dns")) ==
        "[\"web.lab.example.org\"]");
}

TEST_CASE("reverse: two zones share one reverse zone") {
  Site site = lab();
  site.zone("media", "media.example.org", "dns").reverse = {"lab~v4"};
  site.declare("dns/lab/web/A@dns", {{"values", {"10.5.0.110"}}});
  site.declare("dns/media/tv/A@dns", {{"values", {"10.5.0.111"}}});
  const Resolved resolved = site.resolved();
  CHECK(name_at(resolved, ptr()) == "[\"web.lab.example.org\"]");
  CHECK(name_at(resolved, Site::address("dns/lab~v4/111/PTR@dns")) == "[\"tv.media.example.org\"]");
}

TEST_CASE("reverse: a provider without the reverse view gets none") {
  Site site = lab();
  site.spec.zones["lab"].on = {"dns", "pub"};
  site.declare("dns/lab/web/A@pub", {{"values", {"10.5.0.110"}}});
  CHECK(site.resolved().desired.size() == 1);
}

}  // namespace
}  // namespace homeostat
