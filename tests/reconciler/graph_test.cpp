#include "reconciler/graph.hpp"

#include <doctest/doctest.h>

#include "tests/support/ordering.hpp"

namespace homeostat {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("graph: a change waits for what it refers to, where that moves") {
  Ordering plan;
  plan.site.declare("container/web@pve", {{"ip", "10.5.0.7"}, {"memory", "1GiB"}});
  Resource& record = plan.site.declare("dns/lab/web/A@dns", {{"values", {""}}});
  Site::refer(record, "/values/0", "${container.web@pve.ip}");
  plan.change(Action::create, "dns/lab/web/A@dns");
  Change& web = plan.change(Action::update, "container/web@pve");
  web.before = {{"ip", "10.5.0.6"}, {"memory", "1GiB"}};
  FieldDiff& field = web.fields.emplace_back();
  SUBCASE("the field that is referred to") {
    field.path = "ip";
    plan.order();
    CHECK(plan.needs("dns/lab/web/A@dns") == Names{"container/web"});
  }
  SUBCASE("another field") {
    field.path = "memory";
    plan.order();
    CHECK(plan.needs("dns/lab/web/A@dns").empty());
  }
  CHECK(plan.names() == Names{"container/web", "dns/lab/web/A"});
}

TEST_CASE("graph: creates come in the order of depends_on, ties by address") {
  Ordering plan;
  plan.create("container/a@pve");
  plan.create("container/b@pve");
  plan.create("container/c@pve");
  plan.site.spec.desired[Site::address("container/a@pve")].depends_on = {
      Site::address("container/c@pve"), Site::address("container/gone@pve")};
  plan.order();
  CHECK(plan.names() == Names{"container/b", "container/c", "container/a"});
  CHECK(plan.needs("container/a@pve") == Names{"container/c"});
}

TEST_CASE("graph: a PTR waits for what its address record waits for") {
  Ordering plan;
  plan.create("container/web@pve", {{"ip", "10.5.0.7"}});
  Resource& record = plan.site.declare("dns/lab/web/A@dns", {{"values", {""}}});
  Site::refer(record, "/values/0", "${container.web@pve.ip}");
  plan.create("dns/lab~v4/7/PTR@dns", {{"values", {"web.lab.example.org"}}});
  plan.reverse_of[Site::address("dns/lab~v4/7/PTR@dns")] = record.address;
  plan.order();
  CHECK(plan.needs("dns/lab~v4/7/PTR@dns") == Names{"container/web"});
}

TEST_CASE("graph: what writes nothing is waited for by nobody") {
  Ordering plan;
  plan.create("container/a@pve");
  plan.site.spec.desired[Site::address("container/a@pve")].depends_on = {
      Site::address("container/b@pve"), Site::address("container/c@pve")};
  plan.change(Action::adopt, "container/b@pve").quiet = true;
  plan.change(Action::rename, "container/c@pve");
  plan.order();
  CHECK(plan.needs("container/a@pve").empty());
}

TEST_CASE("graph: removals come last, and what leads to a thing goes before it") {
  Ordering plan;
  plan.remove("container/old@pve").service = "old";
  plan.remove("dns/lab/old/A@dns").service = "old";
  plan.remove("monitor/old@kuma").service = "old";
  plan.remove("proxy_host/old@npm").service = "old";
  plan.remove("container/other@pve").service = "other";
  plan.create("proxy_host/zzz@npm");
  plan.order();
  CHECK(plan.names() == Names{"proxy_host/zzz", "monitor/old", "proxy_host/old", "dns/lab/old/A",
                              "container/old", "container/other"});
  CHECK(plan.needs("container/old@pve") == Names{"dns/lab/old/A", "monitor/old", "proxy_host/old"});
  CHECK(plan.needs("container/other@pve").empty());
}

TEST_CASE("graph: a group of monitors goes after those that are in it have gone or left") {
  Ordering plan;
  plan.remove("monitor/a@kuma", {{"type", "group"}, {"name", "Media"}});
  plan.remove("monitor/b@kuma", {{"type", "ping"}, {"parent", "Media"}});
  plan.update("monitor/c@kuma", {{"parent", "Media"}}, {{"parent", "Other"}});
  plan.update("monitor/d@kuma", {{"parent", "Media"}, {"interval", "1m"}},
              {{"parent", "Media"}, {"interval", "2m"}});
  plan.remove("monitor/e@kuma", {{"type", "group"}});
  plan.remove("monitor/f@other", {{"parent", "Media"}});
  plan.order();
  CHECK(plan.needs("monitor/a@kuma") == Names{"monitor/b", "monitor/c"});
  CHECK(plan.needs("monitor/e@kuma").empty());
}

TEST_CASE("graph: what takes something waits for what lets go of it") {
  Ordering plan;
  SUBCASE("a removal") {
    plan.create("container/a@pve", {{"ip", "10.5.0.7"}});
    plan.remove("container/z@pve", {{"ip", "10.5.0.7"}});
    plan.order();
    CHECK(plan.names() == Names{"container/z", "container/a"});
    CHECK(plan.needs("container/a@pve") == Names{"container/z"});
  }
  SUBCASE("an update, along a chain") {
    plan.update("container/a@pve", {{"ip", "10.5.0.6"}}, {{"ip", "10.5.0.7"}});
    plan.update("container/b@pve", {{"ip", "10.5.0.7"}}, {{"ip", "10.5.0.8"}});
    plan.order();
    CHECK(plan.names() == Names{"container/b", "container/a"});
    CHECK_FALSE(plan.at("container/b@pve").park);
  }
  SUBCASE("of another kind") {
    plan.update("container/a@pve", {{"ip", "10.5.0.6"}}, {{"ip", "10.5.0.7"}});
    plan.remove("ip/lab/printer@pve", {{"address", "10.5.0.7"}});
    plan.order();
    CHECK(plan.needs("container/a@pve") == Names{"ip/lab/printer"});
  }
  SUBCASE("not what stays with it") {
    plan.update("container/a@pve", {{"ip", "10.5.0.7"}}, {{"ip", "10.5.0.7"}, {"memory", "1GiB"}});
    plan.create("container/b@pve", {{"ip", "10.5.0.7"}});
    plan.order();
    CHECK(plan.needs("container/b@pve").empty());
  }
  SUBCASE("not what is only let go of") {
    plan.remove("container/a@pve", {{"ip", "10.5.0.7"}}).action = Action::release;
    plan.create("container/b@pve", {{"ip", "10.5.0.7"}});
    plan.order();
    CHECK(plan.needs("container/b@pve").empty());
  }
}

TEST_CASE("graph: steps on one owner name are one group, deletes first") {
  Ordering plan;
  ProviderInfo& dns = plan.site.provider("dns", {"dns"});
  plan.site.zone("lab", "lab.example.org", "dns");
  plan.create("container/m@pve");
  plan.create("dns/lab/www/A@dns", {{"values", {"10.5.0.7"}}});
  plan.create("dns/lab/alone/A@dns", {{"values", {"10.5.0.8"}}});
  plan.remove("dns/lab/www/CNAME@dns", {{"values", {"web.lab.example.org"}}});
  SUBCASE("atomic") { dns.atomic_batches = true; }
  SUBCASE("not atomic: the gap is shown") { dns.atomic_batches = false; }
  plan.order();
  CHECK(plan.names() ==
        Names{"container/m", "dns/lab/alone/A", "dns/lab/www/CNAME", "dns/lab/www/A"});
  CHECK(plan.at("dns/lab/www/A@dns").group == "dns/lab/www@dns");
  CHECK(plan.at("dns/lab/www/CNAME@dns").group == "dns/lab/www@dns");
  CHECK(plan.at("dns/lab/alone/A@dns").group.empty());
  CHECK(plan.at("dns/lab/www/A@dns").gap == !dns.atomic_batches);
  CHECK(plan.at("dns/lab/www/CNAME@dns").gap == !dns.atomic_batches);
  CHECK(plan.needs("dns/lab/www/A@dns") == Names{"dns/lab/www/CNAME"});
}

TEST_CASE("graph: a group waits for what its members need, and groups that cross are taken apart") {
  Ordering plan;
  plan.site.zone("lab", "lab.example.org", "dns");
  for (const char* name : {"a/A", "a/TXT", "b/A", "b/TXT"}) {
    plan.create(std::string("dns/lab/") + name + "@dns", {{"values", {"10.5.0.7"}}});
  }
  plan.create("container/z@pve");
  auto& desired = plan.site.spec.desired;
  desired[Site::address("dns/lab/a/A@dns")].depends_on = {Site::address("dns/lab/b/A@dns"),
                                                          Site::address("container/z@pve")};
  SUBCASE("one way") {
    plan.order();
    CHECK(plan.names() ==
          Names{"container/z", "dns/lab/b/A", "dns/lab/b/TXT", "dns/lab/a/A", "dns/lab/a/TXT"});
    CHECK(plan.at("dns/lab/a/TXT@dns").group == "dns/lab/a@dns");
  }
  SUBCASE("both ways") {
    desired[Site::address("dns/lab/b/TXT@dns")].depends_on = {Site::address("dns/lab/a/TXT@dns")};
    plan.order();
    CHECK(plan.names() ==
          Names{"container/z", "dns/lab/a/TXT", "dns/lab/b/A", "dns/lab/a/A", "dns/lab/b/TXT"});
    for (const Change& change : plan.plan.changes) CHECK(change.group.empty());
  }
}

}  // namespace
}  // namespace homeostat
