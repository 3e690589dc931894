// What takes something that another one holds.
#include "tests/reconciler/plan_fixture.hpp"

using namespace homeostat;
using namespace homeostat::testing;

TEST_CASE("plan: an address that something unowned uses is not taken") {
  Situation s("containers: { web: { vmid: 110, network: lab, ip: 10.5.0.110 } }");
  s.live("container/other", {{"vmid", 150}, {"ip", "10.5.0.110"}});
  CHECK(holds(s.plan().plan) ==
        "container/web in_the_way: 10.5.0.110 is used by container/other, which is not ours\n");
}

TEST_CASE("plan: an update does not take what something unowned uses") {
  Situation s("containers: { web: { vmid: 110, ports: [\"80:80\"] } }");
  s.settle();
  s.live("container/other", {{"vmid", 150}, {"ports", {"81:81/tcp"}}});
  s.commit("containers: { web: { vmid: 110, ports: [\"81:80\"] } }");
  CHECK(holds(s.plan().plan) ==
        "container/web in_the_way: port 81/tcp is used by container/other, which is not ours\n");
}

TEST_CASE("plan: what is already held by the one that changes is not in its own way") {
  Situation s("containers: { web: { vmid: 110, ports: [\"80:80\"], memory: 1GiB } }");
  s.settle();
  s.commit("containers: { web: { vmid: 110, ports: [\"80:80\", \"81:81\"], memory: 2GiB } }");
  CHECK(holds(s.plan().plan) == "");
}

TEST_CASE("plan: what this plan frees may be taken, by a delete and by a change") {
  Situation s(R"(
containers:
  a: { vmid: 110, ports: ["80:80"] }
  b: { vmid: 111, ports: ["81:81"], on_remove: delete }
  c: { vmid: 112 }
)");
  s.settle();
  s.options.allow_destroy = {"container/b"};
  s.commit(R"(
containers:
  a: { vmid: 110, ports: ["82:80"] }
  c: { vmid: 112, ports: ["80:80", "81:81"] }
)");
  CHECK(holds(s.plan().plan) == "");
  s.apply(s.plan());
  CHECK(s.outline() == "");
}

TEST_CASE("plan: what is released stays, and keeps what it holds") {
  Situation s("containers: { a: { vmid: 110, ports: [\"80:80\"] }, b: { vmid: 111 } }");
  s.settle().commit("containers: { b: { vmid: 111, ports: [\"80:80\"] } }");
  CHECK(holds(s.plan().plan) ==
        "container/b in_the_way: port 80/tcp is used by container/a, which is let go and stays\n");
}

TEST_CASE("plan: ours that holds something without saying so keeps it") {
  Situation s("containers: { a: { vmid: 110 }, b: { vmid: 111 } }");
  s.settle();
  s.at("container/a").attributes["ports"] = {"80:80/tcp"};
  s.commit("containers: { a: { vmid: 110 }, b: { vmid: 111, ports: [\"80:80\"] } }");
  CHECK(holds(s.plan().plan) ==
        "container/b in_the_way: port 80/tcp is used by container/a, which keeps it\n");
}

TEST_CASE("plan: an unowned CNAME is in the way of any record at its name") {
  Situation s("dns: { lab: { www: 10.5.0.8 } }");
  s.live("dns/lab/www/CNAME", {{"values", {"nas.lab.example.org"}}});
  CHECK(holds(s.plan().plan) ==
        "dns/lab/www/A in_the_way: dns/lab/www/CNAME stands at the same name, is not ours, and the "
        "two exclude each other\n");
}

TEST_CASE("plan: any unowned record is in the way of a CNAME at its name") {
  Situation s("dns: { lab: { www: { CNAME: nas.lab.example.org } } }");
  s.live("dns/lab/www/TXT", {{"values", {"hello"}}});
  s.live("dns/lab/other/TXT", {{"values", {"hello"}}});
  CHECK(change_of(s.plan().plan, "dns/lab/www/CNAME").hold->code == HoldCode::in_the_way);
}

TEST_CASE("plan: records that do not exclude each other stand side by side") {
  Situation s("dns: { lab: { www: 10.5.0.8 } }");
  s.live("dns/lab/www/TXT", {{"values", {"hello"}}});
  CHECK(holds(s.plan().plan) == "");
}

TEST_CASE("plan: our own record of another type gives way in the same plan") {
  Situation s("dns: { lab: { www: 10.5.0.8, a: 10.5.0.9 } }");
  s.settle().commit("dns: { lab: { www: { CNAME: nas.lab.example.org }, a: 10.5.0.9 } }");
  CHECK(holds(s.plan().plan) == "");
  s.apply(s.plan());
  CHECK(s.outline() == "");
}

TEST_CASE("plan: two that swap what they hold are no obstacle to each other") {
  Situation s(
      "containers: { a: { vmid: 110, ports: [\"80:80\"] }, b: { vmid: 111, ports: [\"81:81\"] } }");
  s.settle().commit(
      "containers: { a: { vmid: 110, ports: [\"81:80\"] }, b: { vmid: 111, ports: [\"80:81\"] } }");
  for (const Change& change : s.plan().plan.changes) {
    CHECK((!change.hold || change.hold->code != HoldCode::in_the_way));
  }
}

TEST_CASE("plan: an address by rule is taken from what goes, or is made anew without one") {
  Situation s(R"(
containers:
  a: { vmid: 110, on_remove: delete }
  b: { vmid: 111, template: debian-12 }
  c: { vmid: 112 }
)");
  s.settle();
  s.at("container/a").attributes["ip"] = "10.5.0.112";
  s.at("container/b").attributes["ip"] = "10.5.0.113";
  s.options.allow_destroy = {"container/a", "container/b"};
  s.options.allow_deletes = 2;
  s.commit(R"(
containers:
  b: { vmid: 111, template: debian-13 }
  c: { vmid: 112, network: lab }
  d: { vmid: 113, network: lab }
)");
  const Plan plan = s.plan().plan;
  CHECK(holds(plan) == "");
  CHECK(change_of(plan, "container/c").after["ip"] == "10.5.0.112");
  CHECK(change_of(plan, "container/c").needs == std::vector{s.address("container/a")});
  CHECK(change_of(plan, "container/d").needs == std::vector{s.address("container/b")});
  s.apply(s.plan());
  CHECK(s.outline() == "");
}

TEST_CASE("plan: an address by rule is not taken from what is only said to go") {
  Situation s("containers: { a: { vmid: 110, on_remove: delete }, c: { vmid: 112 } }");
  s.settle();
  s.at("container/a").attributes["ip"] = "10.5.0.112";
  s.commit("containers: { c: { vmid: 112, network: lab } }");  // without consent
  CHECK(change_of(s.plan().plan, "container/c").after["ip"] != "10.5.0.112");
}

TEST_CASE("plan: what a server gives to what is made anew is not known before") {
  Situation s(R"(
containers:
  a: { vmid: 110, template: debian-12 }
  b: { vmid: 111, env: { CARD: "${container.a.mac}" } }
)");
  s.settle();
  s.options.allow_destroy = {"container/a"};
  s.commit(R"(
containers:
  a: { vmid: 110, template: debian-13 }
  b: { vmid: 111, env: { CARD: "${container.a.mac}" } }
)");
  const Plan plan = s.plan().plan;
  const Change& follows = change_of(plan, "container/b");
  CHECK(follows.needs == std::vector{s.address("container/a")});
  CHECK(follows.fields.front().after == std::vector{s.address("container/a")});
  s.apply(s.plan());
  CHECK(s.outline() == "");
  CHECK(s.at("container/b").attributes["env"]["CARD"] == s.at("container/a").attributes["mac"]);
}
