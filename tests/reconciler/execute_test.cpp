#include "reconciler/execute.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/plan_lab.hpp"

using namespace homeostat;
using Lines = std::vector<std::string>;

namespace {

const Attributes web = {{"memory", "2GiB"}, {"cores", 2}};

// The step that the provider was given last.
struct Seen {
  std::vector<Attributes> after, before;
  std::vector<Marker> markers;
  std::vector<std::string> ids;

  explicit Seen(FakeProvider& provider) {
    provider.on_apply = [this](std::span<const Step> steps) {
      for (const Step& step : steps) {
        after.push_back(step.after);
        before.push_back(step.before);
        markers.push_back(step.marker);
        ids.push_back(step.native_id);
      }
    };
  }
};

}  // namespace

TEST_CASE("execute: a create writes all fields with the marker, and brings the answer back") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  const Seen seen(pve);
  lab.want("container/web@pve", web).protect = true;
  lab.change(Action::create, "container/web@pve");
  const auto outcomes = lab.run();
  CHECK(lines(outcomes) == Lines{"done container/web"});
  CHECK(outcomes[0].native_id == "container/web");
  CHECK(outcomes[0].attributes == web);
  CHECK(seen.after.front() == web);
  CHECK(seen.before.front().is_null());
  CHECK(seen.ids.front().empty());
  CHECK(seen.markers.front() == Marker{"home", "home:container/web@pve", "", true});
  CHECK(lab.progress == Lines{"started container/web", "finished container/web"});
}

TEST_CASE("execute: an update writes what differs and nothing else") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  const Seen seen(pve);
  lab.want("container/web@pve", {{"memory", "4GiB"},
                                 {"cores", 2},
                                 {"description", "ignored"},
                                 {"env", {{"A", "1"}, {"B", "2"}}},
                                 {"tags", {"x", "y"}}});
  lab.have("container/web@pve", {{"memory", "2GiB"},
                                 {"cores", 2},
                                 {"env", {{"A", "0"}, {"B", "2"}, {"OLD", "3"}, {"HAND", "4"}}},
                                 {"tags", {"x", "old", "hand"}}});
  lab.change(Action::update, "container/web@pve",
             {"env/A", "env/OLD", "memory", "tags/old", "tags/y"});
  const auto outcomes = lab.run();
  CHECK(lines(outcomes) == Lines{"done container/web"});
  CHECK(seen.after.front() == Attributes{{"memory", "4GiB"},
                                         {"env", {{"A", "1"}, {"OLD", nullptr}}},
                                         {"tags", {{"old", nullptr}, {"y", true}}}});
  CHECK(seen.before.front() == lab.live.front().attributes);
  CHECK(outcomes[0].attributes["env"] == Attributes{{"A", "1"}, {"B", "2"}, {"HAND", "4"}});
  CHECK(outcomes[0].attributes["tags"] == Attributes::array({"hand", "x", "y"}));
}

TEST_CASE("execute: each action comes to its own steps") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    const std::string text = std::string("container/") + name + "@pve";
    lab.want(text, {{"memory", "4GiB"}});
    lab.have(text, web);
  }
  lab.change(Action::restart, "container/a@pve", {"memory"});
  lab.change(Action::replace, "container/b@pve", {"memory"});
  lab.change(Action::remove, "container/c@pve");
  lab.change(Action::release, "container/d@pve").on_remove = OnRemove::keep;
  lab.change(Action::release, "container/e@pve").on_remove = OnRemove::stop;
  lab.change(Action::adopt, "container/f@pve", {"memory"});
  const auto outcomes = lab.run();
  CHECK(lab.log.lines() == Lines{"pve: restart container/a", "pve: replace container/b",
                                 "pve: remove container/c", "pve: mark container/d",
                                 "pve: stop container/e", "pve: mark container/e",
                                 "pve: update container/f"});
  CHECK(outcomes.size() == 6);
  CHECK(pve.find("container/b")->attributes == Attributes{{"memory", "4GiB"}});
  CHECK(pve.find("container/c") == nullptr);
  CHECK_FALSE(pve.find("container/d")->marker);
  CHECK_FALSE(pve.find("container/e")->marker);
  CHECK(pve.find("container/e")->attributes["running"] == false);
}

TEST_CASE("execute: a quiet adopt writes nothing, and what is live is what it came to") {
  PlanLab lab;
  lab.add("pve");
  lab.want("container/web@pve", {{"memory", "2GiB"}});
  lab.have("container/web@pve", web, false);
  lab.change(Action::adopt, "container/web@pve").quiet = true;
  bool asked = false;
  ExecuteInput input = lab.input();
  input.before_write = [&](std::span<const Intended>) -> Status {
    asked = true;
    return {};
  };
  const auto outcomes = lab.run(input);
  CHECK(lines(outcomes) == Lines{"done container/web"});
  CHECK(outcomes[0].attributes == web);
  CHECK(outcomes[0].native_id == "container/web");
  CHECK(lab.log.lines().empty());
  CHECK(lab.progress == Lines{"finished container/web"});
  CHECK_FALSE(asked);
}

TEST_CASE("execute: a rename writes the marker alone, or along with what differs") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  const Seen seen(pve);
  for (const char* name : {"new1", "new2"}) {
    const std::string text = std::string("container/") + name + "@pve";
    lab.want(text, {{"memory", "4GiB"}, {"cores", 2}});
    LiveResource& live = lab.have(text, web);
    live.native_id = std::string("ct-") + name;
    lab.change(Action::rename, text).from = PlanLab::address("container/old@pve");
  }
  lab.planned.plan.changes[1].fields.emplace_back().path = "memory";
  lab.run();
  CHECK(lab.log.lines() == Lines{"pve: mark container/new1", "pve: update container/new2"});
  CHECK(seen.ids == Lines{"ct-new1", "ct-new2"});
  CHECK(seen.after[0].is_null());
  CHECK(seen.after[1] == Attributes{{"memory", "4GiB"}});
  CHECK(seen.markers[0].address == "home:container/new1@pve");
}

TEST_CASE("execute: where a kind has no place for a marker, none is written") {
  PlanLab lab;
  lab.add("pve", 1).info_of_it.kinds["container"].marker = false;
  lab.want("container/new@pve", web);
  lab.have("container/new@pve", web, false);
  lab.have("container/gone@pve", web, false);
  lab.change(Action::rename, "container/new@pve").from = PlanLab::address("container/old@pve");
  lab.change(Action::release, "container/gone@pve").on_remove = OnRemove::keep;
  CHECK(lines(lab.run()) == Lines{"done container/new", "done container/gone"});
  CHECK(lab.log.lines().empty());
}

TEST_CASE("execute: the release of what is gone already writes nothing") {
  PlanLab lab;
  lab.add("pve");
  lab.change(Action::release, "container/gone@pve").native_id = "container/gone";
  CHECK(lines(lab.run()) == Lines{"done container/gone"});
  CHECK(lab.log.lines().empty());
}

TEST_CASE("execute: what may pass is tried three times more, with growing pauses") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  lab.create("container/web@pve");
  for (int i = 0; i < 3; ++i) pve.next("apply", {});
  CHECK(lines(lab.run()) == Lines{"done container/web"});
  CHECK(lab.log.lines().size() == 4);
  using std::chrono::milliseconds;
  CHECK(lab.pauses ==
        std::vector<milliseconds>{milliseconds(250), milliseconds(500), milliseconds(1000)});
}

TEST_CASE("execute: what was tried often enough below is not tried again") {
  PlanLab lab;
  Error tired{ErrorKind::transient, "no answer in 10 s", {}, {}, {}};
  tired.exhausted = true;
  lab.add("pve", 1).next("apply", {Fault::Kind::fail, tired});
  lab.create("container/web@pve");
  CHECK(lines(lab.run()) == Lines{"failed container/web: no answer in 10 s"});
  CHECK(lab.log.lines().size() == 1);
  CHECK(lab.pauses.empty());
}

TEST_CASE("execute: the fourth failure in a row is the last") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  lab.create("container/web@pve");
  for (int i = 0; i < 5; ++i) pve.next("apply", {});
  CHECK(lines(lab.run()) == Lines{"failed container/web: no answer in 10 s"});
  CHECK(lab.log.lines().size() == 4);
}

TEST_CASE("execute: what will not pass is tried once") {
  for (const ErrorKind kind : {ErrorKind::auth, ErrorKind::conflict, ErrorKind::internal,
                               ErrorKind::invalid_spec, ErrorKind::not_found}) {
    PlanLab lab;
    lab.add("pve", 1).next("apply", {Fault::Kind::fail, Error{kind, "no", {}, {}, {}}});
    lab.create("container/web@pve");
    CHECK(lines(lab.run()) == Lines{"failed container/web: no"});
    CHECK(lab.log.lines().size() == 1);
  }
}

TEST_CASE("execute: a write whose answer was lost is written again, and once only is there") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  pve.next("apply", {Fault::Kind::lose});
  lab.want("container/web@pve", web);
  lab.change(Action::create, "container/web@pve");
  CHECK(lines(lab.run()) == Lines{"done container/web"});
  CHECK(pve.find("container/web")->attributes == web);
}

TEST_CASE("execute: a provider that throws, or answers too little, fails that change only") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  pve.next("apply container/a", {Fault::Kind::throw_it});
  pve.next("apply container/b", {Fault::Kind::too_few});
  for (const char* name : {"a", "b", "c"}) lab.create(std::string("container/") + name + "@pve");
  CHECK(lines(lab.run()) == Lines{"failed container/a: the provider broke: out of cheese",
                                  "failed container/b: the provider gave 0 answers to 1 steps",
                                  "done container/c"});
}

TEST_CASE("execute: a provider that throws before its first write fails that change only") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  pve.on_canonical = [] { throw std::runtime_error("out of cheese"); };
  lab.create("container/a@pve");
  lab.create("container/b@pve", {"container/a@pve"});
  lab.create("container/c@pve");
  // Bound at apply: then its provider is asked for the canonical form.
  lab.planned.pending[PlanLab::address("container/b@pve")] = {};
  CHECK(lines(lab.run()) == Lines{"done container/a",
                                  "failed container/b: the provider broke: out of cheese",
                                  "done container/c"});
}

TEST_CASE("execute: a provider that could not be opened fails its own changes") {
  PlanLab lab;
  lab.add("dns", 1);
  lab.add("pve", 1);
  lab.providers.insert_or_assign(
      "pve", Result<std::unique_ptr<Provider>>(fail(ErrorKind::auth, "the token is refused")));
  lab.create("container/web@pve");
  lab.create("dns/lab/web/A@dns", {"container/web@pve"});
  lab.create("dns/lab/www/A@dns");
  CHECK(lines(lab.run()) == Lines{"failed container/web: the token is refused",
                                  "skipped dns/lab/web/A: needs container/web, which failed",
                                  "done dns/lab/www/A"});
}

TEST_CASE("execute: a secret goes to the provider, and not into the plan") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  const Seen seen(pve);
  Resource& resource = lab.want("container/web@pve", {{"env", {{"PW", "${secret.db}"}}}});
  OpenValue open;
  open.pointer = "/env/PW";
  open.parts = {TemplatePart{}};
  open.parts[0].kind = TemplatePart::Kind::secret;
  open.parts[0].text = "db";
  resource.open = {open};
  lab.change(Action::create, "container/web@pve");
  lab.secrets.emplace("db", std::string("hunter2"));
  CHECK(lines(lab.run()) == Lines{"done container/web"});
  CHECK(seen.after.front()["env"]["PW"] == "hunter2");

  lab.secrets.clear();
  lab.secrets.emplace("db", fail(ErrorKind::auth, "secret db: vault is sealed"));
  const auto outcomes = lab.run();
  REQUIRE(outcomes[0].kind == OutcomeKind::failed);
  CHECK(outcomes[0].error->message.find("vault is sealed") != std::string::npos);
  CHECK(lab.log.lines().size() == 1);
}

TEST_CASE("execute: a value that waits for another is bound to what the server answered") {
  PlanLab lab;
  FakeProvider& pve = lab.add("pve", 1);
  FakeProvider& dns = lab.add("dns", 1);
  const Seen seen(dns);
  lab.want("container/web@pve", {{"ip", "10.5.0.110"}});
  lab.change(Action::create, "container/web@pve");
  Resource& record = lab.want("dns/lab/web/A@dns", {{"values", {"${container.web.ip}"}}});
  OpenValue open;
  open.pointer = "/values/0";
  open.parts = {TemplatePart{}};
  open.parts[0].kind = TemplatePart::Kind::reference;
  open.parts[0].target = PlanLab::address("container/web@pve");
  open.parts[0].field = "ip";
  record.open = {open};
  lab.spec.zones["lab"].key = "lab";
  lab.spec.zones["lab"].zone = "lab.example.org";
  lab.planned.pending[record.address] = {
      Pending{"/values/0", {PlanLab::address("container/web@pve")}}};
  lab.change(Action::create, "dns/lab/web/A@dns", {}, {"container/web@pve"});
  CHECK(lines(lab.run()) == Lines{"done container/web", "done dns/lab/web/A"});
  CHECK(seen.after.front()["values"] == Attributes::array({"10.5.0.110"}));

  pve.next("apply", {Fault::Kind::fail, Error{ErrorKind::auth, "no", {}, {}, {}}});
  CHECK(lines(lab.run()) == Lines{"failed container/web: no",
                                  "skipped dns/lab/web/A: needs container/web, which failed"});
}

TEST_CASE("execute: before_write sees each value before it is written; a secret too") {
  PlanLab lab;
  const Seen seen(lab.add("pve", 1));
  Resource& resource = lab.want("container/a@pve", {{"memory", "2GiB"}, {"env", {{"PW", ""}}}});
  resource.attributes["env"]["PW"] = "${secret.pw}";
  resource.open.push_back({"/env/PW", parse_template("${secret.pw}").value(), {}});
  lab.secrets.emplace("pw", "s3cret");
  lab.change(Action::create, "container/a@pve");
  std::vector<Attributes> filled;
  ExecuteInput input = lab.input();
  input.before_write = [&](std::span<const Intended> intended) -> Status {
    CHECK(lab.log.lines().empty());
    for (const Intended& one : intended) filled.push_back(one.filled);
    return {};
  };
  lab.run(input);
  CHECK(filled == seen.after);
  CHECK(filled == std::vector<Attributes>{{{"memory", "2GiB"}, {"env", {{"PW", "s3cret"}}}}});
}

TEST_CASE("execute: what before_write refuses is not written, and nothing new starts") {
  PlanLab lab;
  lab.add("pve", 1);
  lab.have("container/a@pve", web);
  lab.change(Action::release, "container/a@pve").on_remove = OnRemove::stop;
  lab.create("container/b@pve");
  lab.create("container/c@pve", {"container/b@pve"});
  lab.create("container/d@pve");
  Lines asked;
  ExecuteInput input = lab.input();
  input.before_write = [&](std::span<const Intended> intended) -> Status {
    REQUIRE(intended.size() == 1);
    const std::string& name = intended.front().change.address.name;
    asked.push_back(name + " after " + std::to_string(lab.log.lines().size()));
    if (name == "b") return fail(ErrorKind::internal, "the disk is full");
    return {};
  };
  CHECK(lines(lab.run(input)) == Lines{"done container/a", "failed container/b: the disk is full",
                                       "skipped container/c: needs container/b, which failed",
                                       "cancelled container/d: not begun: the disk is full"});
  CHECK(asked == Lines{"a after 0", "b after 2"});
  CHECK(lab.log.lines() == Lines{"pve: stop container/a", "pve: mark container/a"});
}

TEST_CASE("execute: after_write sees every outcome, and its error lets nothing new start") {
  PlanLab lab;
  lab.add("pve", 1);
  for (const char* name : {"a", "b", "c"}) lab.create(std::string("container/") + name + "@pve");
  Lines seen;
  ExecuteInput input = lab.input();
  input.after_write = [&](const Change& change, const Outcome&) -> Status {
    seen.push_back(change.address.name);
    if (change.address.name == "a") return fail(ErrorKind::internal, "the ledger is gone");
    return {};
  };
  CHECK(lines(lab.run(input)) == Lines{"done container/a",
                                       "cancelled container/b: not begun: the ledger is gone",
                                       "cancelled container/c: not begun: the ledger is gone"});
  CHECK(seen == Lines{"a", "b", "c"});
}

TEST_CASE("execute: calls are spaced where a provider allows so many a second") {
  PlanLab lab;
  lab.add("pve", 1);
  lab.spec.providers["pve"].max_per_second = 4;
  for (const char* name : {"a", "b", "c"}) lab.create(std::string("container/") + name + "@pve");
  lab.run();
  // The clock stands still, so each call waits for all turns before it.
  using std::chrono::milliseconds;
  CHECK(lab.pauses == std::vector<milliseconds>{milliseconds(250), milliseconds(500)});
}
