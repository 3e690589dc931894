// New keys of services, new homes of containers, and values that two cannot share.
#include <fmt/format.h>

#include <algorithm>

#include "tests/reconciler/plan_fixture.hpp"

using namespace homeostat;
using namespace homeostat::testing;

TEST_CASE("plan: the monitor of a service follows the service's new key") {
  const auto service = [](const std::string& key) {
    return "services: { " + key +
           ": { container: { vmid: 110, network: lab }, monitor: { port: 80 } } }";
  };
  Situation s(service("forgejo"));
  s.settle().commit(service("git"));
  const Plan plan = s.plan().plan;
  const Change& monitor = change_of(plan, "monitor/git");
  CHECK(monitor.action == Action::rename);
  CHECK(monitor.from == s.address("monitor/forgejo"));
  for (const Change& change : plan.changes) CHECK(change.action == Action::rename);
  s.apply(s.plan());
  CHECK(s.outline() == "");
}

TEST_CASE("plan: a new service beside one that went takes nothing over from it") {
  Situation s("services: { a: { container: { vmid: 110, network: lab }, monitor: { port: 80 } } }");
  s.settle();
  s.options.allow_deletes = 9;
  s.commit("services: { b: { container: { vmid: 111, network: lab }, monitor: { port: 80 } } }");
  CHECK(change_of(s.plan().plan, "monitor/a").action == Action::remove);
  CHECK(change_of(s.plan().plan, "monitor/b").action == Action::create);
}

TEST_CASE("plan: swapped vmids are held as a circle that names the way out") {
  Situation s("containers: { a: { vmid: 110, hostname: a }, b: { vmid: 111, hostname: b } }");
  s.settle().commit("containers: { a: { vmid: 111, hostname: a }, b: { vmid: 110, hostname: b } }");
  s.options.allow_destroy = {"container/a", "container/b"};
  s.options.allow_deletes = 2;
  CHECK(change_of(s.plan().plan, "container/a").hold->text ==
        "container/a -> container/b -> container/a: each waits for the next to let go of "
        "something; what can only change by being made anew is not parked by itself, so move one "
        "of them to a spare value first");
}

TEST_CASE("plan: the way out of swapped vmids that a plan names is one") {
  const auto lab = [](int a, int b) {
    return fmt::format(
        "containers: {{ a: {{ vmid: {}, hostname: a }}, b: {{ vmid: {}, hostname: b }} }}", a, b);
  };
  Situation s(lab(110, 111));
  s.settle();
  s.options.allow_destroy = {"container/a", "container/b"};
  s.options.allow_deletes = 2;
  for (const auto& [a, b] : {std::pair(199, 110), std::pair(111, 110)}) {
    s.commit(lab(a, b));
    CHECK(holds(s.plan().plan) == "");
    s.apply(s.plan());
    CHECK(s.outline() == "");
  }
}

TEST_CASE("plan: a container that moves to another provider takes its address along") {
  Situation s("containers: { web: { vmid: 110, network: lab } }");
  s.settle();
  s.commit("containers: { web: { vmid: 110, network: lab, provider: plain } }");
  const Plan plan = s.plan().plan;
  const Address moved = s.address("container/web@plain");
  const auto change = std::ranges::find(plan.changes, moved, &Change::address);
  REQUIRE(change != plan.changes.end());
  CHECK(change->after["ip"] == "10.5.0.110");
  REQUIRE(change->hold);  // the old one is kept, and has it still
  CHECK(change->hold->text ==
        "10.5.0.110 is used by what it was on pve, which is let go and stays: remove that one, or "
        "give one of the two another address");
}

TEST_CASE("plan: a container that moves takes its address from what is deleted behind it") {
  const std::string fields = "vmid: 110, network: lab, on_remove: delete";
  Situation s("containers: { web: { " + fields + " } }");
  s.settle();
  s.options.allow_destroy = {"container/web"};
  s.options.allow_deletes = 1;
  s.commit("containers: { web: { " + fields + ", provider: plain } }");
  const Plan plan = s.plan().plan;
  CHECK(holds(plan) == "");
  const auto change =
      std::ranges::find(plan.changes, s.address("container/web@plain"), &Change::address);
  REQUIRE(change != plan.changes.end());
  CHECK(change->needs == std::vector{s.address("container/web")});
  s.apply(s.plan());
  CHECK(s.outline() == "");
}

TEST_CASE("plan: what two hold through references is an error with both places") {
  const auto message = [](const std::string& containers) {
    const Errors errors = Situation("containers:\n" + containers).errors();
    REQUIRE(errors.size() == 1);
    CHECK(errors.front().hint == "each has its own: change one of the two");
    return errors.front().where.file + ":" + std::to_string(errors.front().where.line) + ": " +
           errors.front().message;
  };
  const std::string now = ", now that references are filled in";
  CHECK(message("  a: { vmid: 110, ip: \"${container.b.ip}\" }\n"
                "  b: { vmid: 111, network: lab }\n") ==
        "lab.yaml:3: 10.5.0.111 of container/b is already taken by container/a (lab.yaml:2:23)" +
            now);
  CHECK(message("  a: { vmid: 110, memory: 1GiB }\n"
                "  b: { vmid: \"${container.a.vmid}\" }\n") ==
        "lab.yaml:3: vmid 110 of container/b is already taken by container/a (lab.yaml:2:14)" +
            now);
  CHECK(message("  a: { vmid: 110, ports: [\"110:80\"] }\n"
                "  b: { vmid: 111, ports: [\"${container.a.vmid}:80\"] }\n") ==
        "lab.yaml:3: port 110/tcp of container/b is already taken by container/a (lab.yaml:2:26)" +
            now);
}

TEST_CASE("plan: an address by rule knows a vmid that stands in a reference") {
  Situation s(R"(
containers:
  a: { vmid: 110, provider: plain }
  b: { vmid: "${container.a.vmid}", network: lab }
)");
  CHECK(change_of(s.plan().plan, "container/b").after["ip"] == "10.5.0.110");
}

TEST_CASE("plan: what --adopt cannot help with is said before --adopt") {
  Situation s("containers: { web: { vmid: 110, template: debian-12 } }");
  s.live("container/web", {{"vmid", 110}});
  CHECK(holds(s.plan().plan) ==
        "container/web never_field: template can only change by making it anew, which is not done "
        "to what is not ours: it has none, so leave the field out, or set it there by hand\n");
}

TEST_CASE("plan: two secrets in one set are compared together") {
  const std::string head = standard_head() + "secrets: { one: { env: ONE }, two: { env: TWO } }\n";
  Situation s;
  s.commit_files({{"homeostat.yaml", head},
                  {"lab.yaml",
                   "containers: { web: { vmid: 110, ssh_keys: [\"${secret.one}\", "
                   "\"${secret.two}\"] } }\n"}});
  s.secrets["one"] = "z-last";
  s.secrets["two"] = "a-first";
  s.settle();
  CHECK(s.at("container/web").attributes["ssh_keys"] ==
        nlohmann::json::array({"a-first", "z-last"}));
}
