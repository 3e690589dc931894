#include "reconciler/live_index.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/site.hpp"

namespace homeostat {
namespace {

const LiveEntry& entry_of(const LiveIndex& index, const std::string& native_id) {
  const auto found =
      std::find_if(index.entries().begin(), index.entries().end(),
                   [&](const LiveEntry& entry) { return entry.live->native_id == native_id; });
  REQUIRE(found != index.entries().end());
  return *found;
}

TEST_CASE("live index: a marker with its own id is ours, another site's is foreign") {
  Site site;
  site.see_ours("container/web@pve", {{"vmid", 110}}, "110");
  site.see_ours("container/db@pve", {{"vmid", 111}}, "111").marker->site = "work";
  const LiveIndex index = site.index();
  CHECK(entry_of(index, "110").ownership == Ownership::ours);
  CHECK(entry_of(index, "110").owner == Site::address("container/web@pve"));
  CHECK(entry_of(index, "111").ownership == Ownership::foreign);
  CHECK(index.owned_as(Site::address("container/db@pve")) == nullptr);
}

TEST_CASE("live index: a marker of another id, or that cannot be read, is a copy") {
  Site site;
  site.see_ours("container/web@pve", {{"vmid", 110}}, "110");
  site.see_ours("container/web@pve", {{"vmid", 120}}, "120").marker->id = "110";
  site.see_ours("container/x@pve", {{"vmid", 130}}, "130").marker->address = "///";
  const LiveIndex index = site.index();
  CHECK(index.owned_as(Site::address("container/web@pve"))->live->native_id == "110");
  CHECK(entry_of(index, "120").ownership == Ownership::copy);
  CHECK(entry_of(index, "130").ownership == Ownership::copy);
}

TEST_CASE("live index: without a marker the ledger's native id in that scope decides") {
  Site site;
  site.see("proxy_host/web@npm", {{"domains", {"a.example.org"}}}, "7");
  site.see("proxy_host/web@other", {{"domains", {"a.example.org"}}}, "7");
  site.remember("proxy_host/git@npm", "7");
  const LiveIndex index = site.index();
  const LiveEntry* ours = index.owned_as(Site::address("proxy_host/git@npm"));
  REQUIRE(ours != nullptr);
  CHECK(ours->scope == Scope{"npm", ""});
  CHECK(index.entries().at(1).ownership == Ownership::unowned);
}

TEST_CASE("live index: a native id of another kind in the same scope says nothing") {
  Site site;
  site.see("ip/lab/printer@pve", {{"address", "10.5.0.7"}}, "7");
  site.remember("container/web@pve", "7");
  CHECK(site.index().entries().front().ownership == Ownership::unowned);
}

TEST_CASE("live index: where marker and ledger claim one address for two things, the marker wins") {
  Site site;
  site.see("container/web@pve", {{"vmid", 110}}, "110");
  site.see_ours("container/web@pve", {{"vmid", 120}}, "120");
  site.remember("container/web@pve", "110");
  const LiveIndex index = site.index();
  CHECK(index.owned_as(Site::address("container/web@pve"))->live->native_id == "120");
  CHECK(entry_of(index, "110").ownership == Ownership::unowned);
}

TEST_CASE(
    "live index: of two true markers for one address the ledger's is ours, the other a copy") {
  Site site;
  site.see_ours("container/web@pve", {{"vmid", 110}}, "110");
  site.see_ours("container/web@pve", {{"vmid", 120}}, "120");
  site.remember("container/web@pve", "120");
  const LiveIndex index = site.index();
  CHECK(index.owned_as(Site::address("container/web@pve"))->live->native_id == "120");
  CHECK(entry_of(index, "110").ownership == Ownership::copy);
}

TEST_CASE("live index: what is fixed is ours only by the ledger's word") {
  Site site;
  site.zone("lab", "lab.example.org", "dns");
  site.see("dns/lab/lease/A@dns", {{"values", {"10.5.0.30"}}}, "lease").fixed = true;
  CHECK(site.index().entries().front().ownership == Ownership::unowned);
  site.remember("dns/lab/lease/A@dns", "lease");
  CHECK(site.index().entries().front().ownership == Ownership::ours);
}

TEST_CASE("live index: a natural claim finds the same thing under another name") {
  Site site;
  site.see_ours("container/old@pve", {{"vmid", 110}, {"hostname", "old"}}, "110");
  const Resource& renamed = site.declare("container/new@pve", {{"vmid", 110}, {"hostname", "new"}});
  const LiveIndex index = site.index();
  CHECK(index.owned_as(renamed.address) == nullptr);
  const LiveEntry* entry = index.same_thing(renamed.address, renamed.attributes, site.spec.zones);
  REQUIRE(entry != nullptr);
  CHECK(entry->owner == Site::address("container/old@pve"));
  CHECK(index.match(renamed) == entry);
}

TEST_CASE("live index: what is owned under an address that is still declared is that one") {
  Site site;
  site.see_ours("container/old@pve", {{"vmid", 110}, {"hostname", "old"}}, "110");
  site.declare("container/old@pve", {{"vmid", 110}});
  const Resource& second = site.declare("container/new@pve", {{"vmid", 110}});
  CHECK(site.index().match(second) == nullptr);
}

TEST_CASE("live index: a natural claim counts in the scope of the declaration only") {
  Site site;
  site.zone("lab", "lab.example.org", "dns");
  site.zone("inside", "lab.example.org", "other");
  site.see("dns/inside/www/A@other", {{"values", {"10.5.0.30"}}});
  const Resource& record = site.declare("dns/lab/www/A@dns", {{"values", {"10.5.0.30"}}});
  CHECK(site.index().match(record) == nullptr);
}

TEST_CASE("live index: ours are preferred to others with the same natural claim") {
  Site site;
  site.see("container/aaa@pve", {{"vmid", 120}, {"hostname", "web"}}, "120");
  site.see_ours("container/old@pve", {{"vmid", 130}, {"hostname", "web"}}, "130");
  const Resource& web = site.declare("container/web@pve", {{"vmid", 120}});
  const LiveIndex index = site.index();
  CHECK(index.match(web)->live->native_id == "130");
}

TEST_CASE("live index: a record whose marker names an old zone key is known by its name") {
  Site site;
  site.zone("lan", "lab.example.org", "dns");
  LiveResource& live = site.see("dns/lan/www/A@dns", {{"values", {"10.5.0.30"}}}, "www/A");
  live.marker = Marker{"home", "home:dns/lab/www/A@dns", "www/A", false};
  live.address = Site::address("dns/lab/www/A@dns");
  const Resource& record = site.declare("dns/lan/www/A@dns", {{"values", {"10.5.0.30"}}});
  const LiveIndex index = site.index();
  const LiveEntry* entry = index.match(record);
  REQUIRE(entry != nullptr);
  CHECK(entry->ownership == Ownership::ours);
}

TEST_CASE("live index: a copy does not stand at the address of its original") {
  Site site;
  site.see_ours("monitor/web@kuma", {{"name", "web (copy)"}}, "8").marker->id = "7";
  const Resource& monitor = site.declare("monitor/web@kuma", {{"name", "web"}});
  CHECK(site.index().match(monitor) == nullptr);
}

TEST_CASE("live index: holders of a claim come from every scope, in one order") {
  Site site;
  site.see("ip/lab/printer@ipam", {{"address", "10.5.0.7"}});
  site.see("container/b@pve", {{"ip", "10.5.0.7"}});
  site.see("container/a@pve", {{"ip", "10.5.0.7"}});
  const auto names = [](const Site& from) {
    const LiveIndex index = from.index();
    std::vector<std::string> found;
    for (const LiveEntry* entry : index.holders("ip:10.5.0.7")) {
      found.push_back(entry->live->address.name);
    }
    return found;
  };
  const std::vector<std::string> expected = {"lab/printer", "a", "b"};
  CHECK(names(site) == expected);
  std::reverse(site.observed.scopes[{"pve", ""}].resources.begin(),
               site.observed.scopes[{"pve", ""}].resources.end());
  CHECK(names(site) == expected);
  CHECK(site.index().holders("ip:10.5.0.8").empty());
}

}  // namespace
}  // namespace homeostat
