// In which order a plan is walked, what is sent together, and how a walk ends early.
#include <doctest/doctest.h>

#include "tests/support/plan_lab.hpp"

using namespace homeostat;
using Lines = std::vector<std::string>;

namespace {

const Error refused{ErrorKind::auth, "no", {}, {}, {}};

}  // namespace

TEST_CASE("execute: what a change needs comes first, over providers") {
  PlanLab lab;
  lab.add("pve");
  lab.add("dns");
  lab.add("npm");
  lab.create("proxy_host/web@npm", {"dns/lab/web/A@dns"});
  lab.create("dns/lab/web/A@dns", {"container/web@pve"});
  lab.create("container/web@pve", {"container/in_sync@pve"});
  CHECK(lines(lab.run()) ==
        Lines{"done container/web", "done dns/lab/web/A", "done proxy_host/web"});
  CHECK(lab.log.lines() == Lines{"pve: create container/web", "dns: create dns/lab/web/A",
                                 "npm: create proxy_host/web"});
}

TEST_CASE("execute: a failure holds back what needs it, and nothing else") {
  PlanLab lab;
  lab.add("pve", 1).next("apply container/a", {Fault::Kind::fail, refused});
  lab.create("container/a@pve");
  lab.create("container/b@pve", {"container/a@pve"});
  lab.create("container/c@pve", {"container/b@pve"});
  lab.create("container/d@pve");
  CHECK(lines(lab.run()) ==
        Lines{"failed container/a: no", "skipped container/b: needs container/a, which failed",
              "skipped container/c: needs container/b, which was not made", "done container/d"});
}

TEST_CASE("execute: what is held is not touched, has no outcome, and holds back what needs it") {
  PlanLab lab;
  lab.add("pve", 1);
  lab.create("container/a@pve").hold = Hold{HoldCode::protected_one, "it is protected"};
  lab.create("container/b@pve", {"container/a@pve"});
  lab.create("container/c@pve");
  CHECK(lines(lab.run()) ==
        Lines{"skipped container/b: needs container/a, which is held back", "done container/c"});
  CHECK(lab.log.lines() == Lines{"pve: create container/c"});
}

TEST_CASE("execute: no more calls are in flight than a provider allows, and others go on beside") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 2);
  FakeProvider& dns = lab.add("dns", 1);
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;
  bool dns_done = false;
  pve.on_apply = [&](std::span<const Step>) {
    std::unique_lock lock(mutex);
    ++waiting;
    changed.notify_all();
    changed.wait(lock, [&] { return waiting >= 2 && dns_done; });
  };
  dns.on_apply = [&](std::span<const Step>) {
    const std::lock_guard lock(mutex);
    dns_done = true;
    changed.notify_all();
  };
  for (int i = 0; i < 10; ++i) lab.create("container/c" + std::to_string(i) + "@pve");
  lab.create("dns/lab/web/A@dns");
  CHECK(lab.run().size() == 11);
  CHECK(pve.most_in_flight() == 2);
  CHECK(dns.most_in_flight() == 1);
}

TEST_CASE("execute: a group goes as one call, deletes first, where the provider can batch") {
  PlanLab lab;
  FakeProvider& dns = lab.add("dns");
  dns.info_of_it.batches = true;
  lab.have("dns/lab/www/CNAME@dns", {{"values", {"nas.lab.example.org"}}});
  lab.create("container/nas@dns");
  lab.create("dns/lab/www/A@dns", {"container/nas@dns", "dns/lab/www/CNAME@dns"}).group = "www";
  lab.change(Action::remove, "dns/lab/www/CNAME@dns").group = "www";
  CHECK(lines(lab.run()) ==
        Lines{"done container/nas", "done dns/lab/www/CNAME", "done dns/lab/www/A"});
  CHECK(lab.log.lines() == Lines{"dns: create container/nas", "dns: batch of 2",
                                 "dns: remove dns/lab/www/CNAME", "dns: create dns/lab/www/A"});
}

TEST_CASE("execute: without batches a group goes one by one, and stops at what fails") {
  for (const bool batches : {false, true}) {
    CAPTURE(batches);
    PlanLab lab;
    FakeProvider& dns = lab.add("dns");
    dns.info_of_it.batches = batches;
    dns.next("apply dns/lab/www/CNAME", {Fault::Kind::fail, refused});
    lab.have("dns/lab/www/CNAME@dns", {{"values", {"nas.lab.example.org"}}});
    lab.create("dns/lab/www/A@dns").group = "www";
    lab.change(Action::remove, "dns/lab/www/CNAME@dns").group = "www";
    lab.create("container/web@dns", {"dns/lab/www/A@dns"});
    CHECK(lines(lab.run()) ==
          Lines{"failed dns/lab/www/CNAME: no",
                "skipped dns/lab/www/A: needs dns/lab/www/CNAME, which failed",
                "skipped container/web: needs dns/lab/www/A, which was not made"});
    CHECK(dns.find("dns/lab/www/A") == nullptr);
    CHECK(dns.find("dns/lab/www/CNAME") != nullptr);
  }
}

TEST_CASE("execute: a batch that fails for a while is sent again with what is not done yet") {
  PlanLab lab;
  FakeProvider& dns = lab.add("dns");
  dns.info_of_it.batches = true;
  dns.next("apply dns/lab/www/A", {});
  lab.have("dns/lab/www/CNAME@dns", {{"values", {"nas.lab.example.org"}}});
  lab.change(Action::remove, "dns/lab/www/CNAME@dns").group = "www";
  lab.create("dns/lab/www/A@dns").group = "www";
  CHECK(lines(lab.run()) == Lines{"done dns/lab/www/CNAME", "done dns/lab/www/A"});
  CHECK(lab.log.lines() == Lines{"dns: batch of 2", "dns: remove dns/lab/www/CNAME",
                                 "dns: create dns/lab/www/A", "dns: create dns/lab/www/A"});
}

TEST_CASE("execute: a circle of takes is broken by the park step") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve");
  lab.want("container/a@pve", {{"ip", "10.5.0.2"}});
  lab.want("container/b@pve", {{"ip", "10.5.0.1"}});
  lab.have("container/a@pve", {{"ip", "10.5.0.1"}});
  lab.have("container/b@pve", {{"ip", "10.5.0.2"}});
  lab.create("dns/lab/a/A@pve", {"container/a@pve"});
  Change& a = lab.change(Action::update, "container/a@pve", {"ip"}, {"container/b@pve"});
  a.park = Park{"ip", "10.5.0.200", {PlanLab::address("container/b@pve")}};
  lab.change(Action::update, "container/b@pve", {"ip"}, {"container/a@pve"});
  Lines ips;
  std::vector<Attributes> before;
  pve.on_apply = [&](std::span<const Step> steps) {
    if (steps[0].address.kind != "container") return;
    ips.push_back(steps[0].address.name + " " + steps[0].after["ip"].get<std::string>());
    before.push_back(steps[0].before["ip"]);
  };
  Lines intents;
  ExecuteInput input = lab.input();
  input.before_write = [&](std::span<const Intended> intended) -> Status {
    for (const Intended& one : intended) {
      intents.push_back((one.park ? "park " : "write ") + one.change.address.name);
    }
    return {};
  };
  CHECK(lines(lab.run(input)) == Lines{"done container/b", "done container/a", "done dns/lab/a/A"});
  CHECK(ips == Lines{"a 10.5.0.200", "b 10.5.0.1", "a 10.5.0.2"});
  CHECK(before == std::vector<Attributes>{"10.5.0.1", "10.5.0.2", "10.5.0.200"});
  CHECK(intents == Lines{"park a", "write b", "write a", "write lab/a/A"});
  CHECK(pve.find("container/a")->attributes["ip"] == "10.5.0.2");
}

TEST_CASE("execute: a park step that fails fails its change, and what waits for it is skipped") {
  PlanLab lab;
  lab.add("pve").next("apply container/a", {Fault::Kind::fail, refused});
  for (const char* name : {"a", "b"}) {
    const std::string text = std::string("container/") + name + "@pve";
    lab.want(text, {{"ip", "10.5.0.9"}});
    lab.have(text, {{"ip", "10.5.0.1"}});
  }
  Change& a = lab.change(Action::update, "container/a@pve", {"ip"}, {"container/b@pve"});
  a.park = Park{"ip", "10.5.0.200", {PlanLab::address("container/b@pve")}};
  lab.change(Action::update, "container/b@pve", {"ip"}, {"container/a@pve"});
  CHECK(lines(lab.run()) ==
        Lines{"failed container/a: no", "skipped container/b: needs container/a, which failed"});
}

TEST_CASE("execute: a circle that no park breaks ends as our own error, and does not hang") {
  PlanLab lab;
  lab.add("pve");
  lab.create("container/a@pve", {"container/b@pve"});
  lab.create("container/b@pve", {"container/a@pve"});
  CHECK(lines(lab.run()) == Lines{"failed container/a: waits for itself around a circle",
                                  "failed container/b: waits for itself around a circle"});
}

TEST_CASE("execute: the first stop lets what is in flight finish, and nothing new start") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  pve.on_apply = [&](std::span<const Step>) { lab.stop.request_stop(); };
  for (const char* name : {"a", "b"}) lab.create(std::string("container/") + name + "@pve");
  CHECK(lines(lab.run()) ==
        Lines{"done container/a", "cancelled container/b: stopped before it was begun"});
}

TEST_CASE("execute: a stop request ends the retries, not the change in flight") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  pve.next("apply", {});
  pve.on_apply = [&](std::span<const Step>) { lab.stop.request_stop(); };
  lab.create("container/a@pve");
  CHECK(lines(lab.run()) == Lines{"failed container/a: no answer in 10 s"});
  CHECK(lab.log.lines().size() == 1);
}

TEST_CASE("execute: what was begun in several steps is finished after a stop request") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  pve.on_apply = [&](std::span<const Step>) { lab.stop.request_stop(); };
  lab.have("container/a@pve", {{"memory", "2GiB"}});
  lab.change(Action::release, "container/a@pve").on_remove = OnRemove::stop;
  CHECK(lines(lab.run()) == Lines{"done container/a"});
  CHECK(lab.log.lines() == Lines{"pve: stop container/a", "pve: mark container/a"});
}

TEST_CASE("execute: the second stop reaches the provider") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  pve.next("apply", {Fault::Kind::hang});
  pve.on_apply = [&](std::span<const Step>) {
    lab.stop.request_stop();
    lab.cancel.request_stop();
  };
  for (const char* name : {"a", "b"}) lab.create(std::string("container/") + name + "@pve");
  CHECK(lines(lab.run()) == Lines{"cancelled container/a: told to stop",
                                  "cancelled container/b: stopped before it was begun"});
}

TEST_CASE(
    "execute: by service, each is written and verified before the next one it does not need") {
  PlanLab lab;
  lab.add("pve", 1);
  lab.add("dns", 1);
  lab.create("container/z@pve").service = "z";
  lab.create("dns/lab/z/A@dns", {"container/z@pve"}).service = "z";
  lab.create("container/a@pve", {"container/z@pve"}).service = "a";
  lab.create("container/b@pve").service = "b";
  lab.create("container/alone@pve");
  Lines verified;
  ExecuteInput input = lab.input();
  input.by_service = true;
  input.verify_service = [&](const std::vector<Outcome>& outcomes) -> Status {
    std::string line;
    for (const std::string& text : lines(outcomes)) line += text + ";";
    verified.push_back(line);
    return {};
  };
  lab.run(input);
  CHECK(verified == Lines{"done container/z;done dns/lab/z/A;", "done container/a;",
                          "done container/b;", "done container/alone;"});
}

TEST_CASE("execute: by service, the first failure stops everything that comes later") {
  PlanLab lab;
  lab.add("pve", 1).next("apply container/b1", {Fault::Kind::fail, refused});
  lab.create("container/a@pve").service = "a";
  lab.create("container/b1@pve").service = "b";
  lab.create("container/b2@pve").service = "b";
  lab.create("container/c@pve").service = "c";
  CHECK(lines(lab.run(true)) == Lines{"done container/a", "failed container/b1: no",
                                      "cancelled container/b2: not begun: container/b1 failed",
                                      "cancelled container/c: not begun: container/b1 failed"});
}

TEST_CASE("execute: by service, what does not verify stops the walk") {
  PlanLab lab;
  lab.add("pve", 1);
  lab.create("container/a@pve").service = "a";
  lab.create("container/b@pve").service = "b";
  ExecuteInput input = lab.input();
  input.by_service = true;
  input.verify_service = [](const std::vector<Outcome>&) -> Status {
    return fail(ErrorKind::conflict, "a: memory did not converge");
  };
  CHECK(lines(lab.run(input)) ==
        Lines{"done container/a", "cancelled container/b: not begun: a: memory did not converge"});
}

TEST_CASE("execute: by service, services that need each other are one") {
  PlanLab lab;
  lab.add("pve", 1);
  lab.create("container/a1@pve").service = "a";
  lab.create("container/b1@pve", {"container/a1@pve"}).service = "b";
  lab.create("container/a2@pve", {"container/b1@pve"}).service = "a";
  lab.create("container/c@pve").service = "c";
  std::vector<std::size_t> sizes;
  ExecuteInput input = lab.input();
  input.by_service = true;
  input.verify_service = [&](const std::vector<Outcome>& outcomes) -> Status {
    sizes.push_back(outcomes.size());
    return {};
  };
  CHECK(lines(lab.run(input)) ==
        Lines{"done container/a1", "done container/b1", "done container/a2", "done container/c"});
  CHECK(sizes == std::vector<std::size_t>{3, 1});
}

TEST_CASE("execute: a chain of many thousand changes is walked, and given up, without recursion") {
  for (const bool broken : {false, true}) {
    PlanLab lab;
    FakeProvider& pve = lab.add("pve", 1);
    if (broken) pve.next("apply container/c00000", {Fault::Kind::fail, refused});
    std::string before;
    for (int i = 0; i < 20000; ++i) {
      std::string name = std::to_string(i);
      name.insert(0, 5 - name.size(), '0');
      const std::string text = "container/c" + name + "@pve";
      lab.create(text, before.empty() ? Lines{} : Lines{before});
      before = text;
    }
    const auto outcomes = lab.run();
    REQUIRE(outcomes.size() == 20000);
    CHECK((outcomes.back().kind == OutcomeKind::done) == !broken);
  }
}
