// What must not run ahead of what it leads to.
#include "tests/reconciler/plan_fixture.hpp"

using namespace homeostat;
using namespace homeostat::testing;

namespace {

// A zone with reverse records; the service `web` has a container, a name and a monitor.
Texts service(const std::string& container, const std::string& key = "web") {
  std::string head = standard_head();
  const std::string zone = "zone: lab.example.org,";
  head.replace(head.find(zone), zone.size(), zone + " points_to: container, reverse: true,");
  std::string text = "services: { " + key + ": { container: { " + container +
                     " }, name: web.lab.example.org, monitor: { port: 80 } } }\n";
  if (key.empty()) text = "dns: { lab: { other: 10.5.0.9 } }\n";
  return {{"homeostat.yaml", head}, {"lab.yaml", std::move(text)}};
}

}  // namespace

TEST_CASE("plan: the old PTR goes once its name has moved, and is held with it") {
  Situation s;
  s.commit_files(service("vmid: 110, network: lab, template: debian-12")).settle();
  const std::string old = "dns/lab~v4/110/PTR";
  s.commit_files(service("vmid: 111, network: lab, template: debian-12"));
  SUBCASE("the container waits for consent") {
    const Plan plan = s.plan().plan;
    CHECK(change_of(plan, "container/web").hold->code == HoldCode::needs_consent);
    for (const char* name : {"dns/lab/web/A", "dns/lab~v4/111/PTR", old.c_str(), "monitor/web"}) {
      CAPTURE(name);
      REQUIRE(change_of(plan, name).hold);
      CHECK(change_of(plan, name).hold->code == HoldCode::depends);
    }
  }
  SUBCASE("with consent everything moves, the container first") {
    s.options.allow_destroy = {"container/web"};
    s.options.allow_deletes = 9;
    const Plan plan = s.plan().plan;
    CHECK(holds(plan) == "");
    CHECK(change_of(plan, old).needs == std::vector{s.address("dns/lab/web/A")});
    s.apply(s.plan());
    CHECK(s.outline() == "");
  }
}

TEST_CASE("plan: what follows a resource that a filter leaves out waits for it") {
  Situation s;
  s.commit_files(service("vmid: 110, network: lab"));
  SUBCASE("which is not there") {
    s.options.exclude = {"container/*"};
    CHECK(change_of(s.plan().plan, "dns/lab/web/A").hold->text ==
          "it needs container/web.ip, which is not there yet, and which this plan leaves out");
    CHECK(change_of(s.plan().plan, "dns/lab~v4/110/PTR").hold);
    CHECK(change_of(s.plan().plan, "monitor/web").hold);
  }
  SUBCASE("which is to get another address") {
    s.settle();
    s.commit_files(service("vmid: 110, network: lab, ip: 10.5.0.200"));
    s.options.only = {"dns/*"};
    const Plan plan = s.plan().plan;
    CHECK(change_of(plan, "dns/lab/web/A").hold->text ==
          "it needs container/web.ip, which is still to change, and which this plan leaves out");
    CHECK(change_of(plan, "dns/lab~v4/200/PTR").hold);
    CHECK(change_of(plan, "dns/lab~v4/110/PTR").hold);
    s.options.only = {"dns/*", "container/*"};
    CHECK(holds(s.plan().plan) == "");
  }
  SUBCASE("which is unknown, and stood elsewhere when it was last seen") {
    s.settle();
    s.commit_files(service("vmid: 110, network: lab, ip: 10.5.0.200"));
    s.unknown({"pve", ""});
    CHECK(change_of(s.plan().plan, "dns/lab/web/A").hold->code == HoldCode::value_unknown);
  }
  SUBCASE("which is as it should be") {
    s.settle();
    s.at("dns/lab/web/A").attributes["values"] = {"10.5.0.7"};
    s.options.only = {"dns/*"};
    CHECK(holds(s.plan().plan) == "");
  }
}

TEST_CASE("plan: what depends on something that a filter leaves out waits until it is there") {
  Situation s(R"(
containers: { db: { vmid: 111 }, web: { vmid: 110, depends_on: [container/db] } }
)");
  s.options.exclude = {"container/db"};
  CHECK(change_of(s.plan().plan, "container/web").hold->code == HoldCode::depends);
  s.options.exclude = {};
  s.settle().options.exclude = {"container/db"};
  s.at("container/web").attributes["vmid"] = 110;
  CHECK(s.outline() == "");
}

TEST_CASE("plan: what is stopped stops after what leads to it has gone") {
  Situation s;
  s.commit_files(service("vmid: 110, network: lab, on_remove: stop")).settle();
  s.commit_files(service("", ""));
  const Plan plan = s.plan().plan;
  const Change& stop = change_of(plan, "container/web");
  REQUIRE(stop.on_remove == OnRemove::stop);
  CHECK(std::ranges::count(stop.needs, s.address("monitor/web")) == 1);
  CHECK(std::ranges::count(stop.needs, s.address("dns/lab/web/A")) == 1);
  REQUIRE(change_of(plan, "monitor/web").hold);  // nothing of ours would be left there
  CHECK(stop.hold->code == HoldCode::depends);
}
