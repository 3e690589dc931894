// Providers that take the steps of a whole zone in one call.
#include <doctest/doctest.h>

#include "tests/support/plan_lab.hpp"

using namespace homeostat;
using Lines = std::vector<std::string>;

namespace {

FakeProvider& add_dns(PlanLab& lab, int max_in_flight = 4) {
  FakeProvider& dns = lab.add("dns", max_in_flight);
  dns.info_of_it.batches = true;
  dns.info_of_it.zone_batches = true;
  return dns;
}

}  // namespace

TEST_CASE("execute: all that can be made in a zone is one call, each zone for itself") {
  PlanLab lab;
  add_dns(lab, 1);
  for (const char* name : {"a", "b", "c"}) {
    lab.create(std::string("dns/lab/") + name + "/A@dns");
  }
  lab.create("dns/office/a/A@dns");
  lab.create("dns/office/b/A@dns");
  CHECK(lab.run().size() == 5);
  CHECK(lab.log.lines() == Lines{"dns: batch of 3", "dns: create dns/lab/a/A",
                                 "dns: create dns/lab/b/A", "dns: create dns/lab/c/A",
                                 "dns: batch of 2", "dns: create dns/office/a/A",
                                 "dns: create dns/office/b/A"});
}

TEST_CASE("execute: in a zone's call a failure is one name's, and what needs that name's") {
  PlanLab lab;
  add_dns(lab).next("apply dns/lab/b/A", {Fault::Kind::fail, {ErrorKind::auth, "no", {}, {}, {}}});
  lab.create("dns/lab/a/A@dns");
  lab.create("dns/lab/b/A@dns").group = "b";
  lab.create("dns/lab/b/TXT@dns").group = "b";
  lab.create("dns/lab/c/A@dns");
  lab.create("dns/lab/d/A@dns", {"dns/lab/b/A@dns"});
  CHECK(lines(lab.run()) == Lines{"done dns/lab/a/A", "failed dns/lab/b/A: no",
                                  "skipped dns/lab/b/TXT: needs dns/lab/b/A, which failed",
                                  "skipped dns/lab/d/A: needs dns/lab/b/A, which failed",
                                  "done dns/lab/c/A"});
}

TEST_CASE("execute: of a zone's call only what may pass is tried again") {
  PlanLab lab;
  FakeProvider& dns = add_dns(lab);
  dns.next("apply dns/lab/b/A", {});
  dns.next("apply dns/lab/c/A", {Fault::Kind::fail, {ErrorKind::auth, "no", {}, {}, {}}});
  for (const char* name : {"a", "b", "c"}) {
    lab.create(std::string("dns/lab/") + name + "/A@dns");
  }
  CHECK(lines(lab.run()) ==
        Lines{"done dns/lab/a/A", "done dns/lab/b/A", "failed dns/lab/c/A: no"});
  CHECK(lab.log.lines() == Lines{"dns: batch of 3", "dns: create dns/lab/a/A",
                                 "dns: create dns/lab/b/A", "dns: create dns/lab/c/A",
                                 "dns: create dns/lab/b/A"});
  CHECK(lab.pauses.size() == 1);
}

TEST_CASE("execute: one call a zone at a time; what becomes ready meanwhile goes together") {
  PlanLab lab;
  FakeProvider& dns = add_dns(lab);
  lab.add("pve");
  lab.create("container/b@pve");
  lab.create("container/c@pve");
  lab.create("dns/lab/a/A@dns");
  lab.create("dns/lab/b/A@dns", {"container/b@pve"});
  lab.create("dns/lab/c/A@dns", {"container/c@pve"});
  std::mutex mutex;
  std::condition_variable changed;
  int containers = 0;
  ExecuteInput input = lab.input();
  input.on_progress = [&](Progress step, const Change& change, const Outcome*) {
    if (step != Progress::finished || change.address.kind != "container") return;
    const std::lock_guard lock(mutex);
    ++containers;
    changed.notify_all();
  };
  dns.on_apply = [&](std::span<const Step> steps) {
    if (steps.front().address.name != "lab/a/A") return;
    std::unique_lock lock(mutex);
    CHECK(changed.wait_for(lock, std::chrono::seconds(20), [&] { return containers == 2; }));
  };
  CHECK(lab.run(input).size() == 5);
  CHECK(dns.most_in_flight() == 1);
  const Lines log = lab.log.lines();
  CHECK(std::count(log.begin(), log.end(), "dns: batch of 2") == 1);
}

TEST_CASE("execute: a zone's call that is stopped before it begins writes nothing") {
  PlanLab lab;
  add_dns(lab);
  lab.create("dns/lab/a/A@dns");
  lab.create("dns/lab/b/A@dns");
  lab.stop.request_stop();
  CHECK(lines(lab.run()) == Lines{"cancelled dns/lab/a/A: stopped before it was begun",
                                  "cancelled dns/lab/b/A: stopped before it was begun"});
  CHECK(lab.log.lines().empty());
}
