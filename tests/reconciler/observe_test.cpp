#include "reconciler/observe.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "reconciler/open_providers.hpp"
#include "tests/support/fake_provider.hpp"

using namespace homeostat;

namespace {

LiveResource live(const std::string& kind, const std::string& name, const std::string& provider) {
  LiveResource resource;
  resource.address = Address{"home", kind, name, provider};
  resource.native_id = kind + "/" + name;
  return resource;
}

struct Lab {
  Spec spec;
  Providers providers;
  CallLog log;
  Time clock{std::chrono::seconds(1000)};

  FakeProvider& add(const std::string& name, int max_in_flight = 4) {
    spec.providers[name].name = name;
    spec.providers[name].max_in_flight = max_in_flight;
    return add_fake(providers, name, log);
  }
  void add_zone(const std::string& key, const std::vector<std::string>& on) {
    spec.zones[key].key = key;
    spec.zones[key].on = on;
  }
  Observed look(std::stop_token stop = {}) {
    return observe(
        spec, providers, scopes_of(spec), [this] { return clock += std::chrono::seconds(1); },
        stop);
  }
};

std::string why(const Observed& observed, const Scope& scope) {
  const auto& unknown = observed.scopes.at(scope).unknown;
  return unknown ? unknown->message : "";
}

}  // namespace

TEST_CASE("observe: what should be put right on a server is told, and the scope is known") {
  Lab lab;
  lab.add("pve").warnings = {Error{ErrorKind::invalid_spec, "the clock is wrong", {}, {}, {}}};
  const Observed observed = lab.look();
  const ScopeState& pve = observed.scopes.at({"pve", ""});
  CHECK_FALSE(pve.unknown);
  REQUIRE(pve.warnings.size() == 1);
  CHECK(pve.warnings.front().message == "the clock is wrong");
}

TEST_CASE("observe: a spec has a scope for each provider and for each zone on it") {
  Lab lab;
  lab.add("dns");
  lab.add("pve");
  lab.add_zone("lab", {"dns"});
  lab.add_zone("public", {"dns", "pub"});
  const std::set<Scope> expected = {
      {"dns", ""}, {"dns", "lab"}, {"dns", "public"}, {"pub", "public"}, {"pve", ""}};
  CHECK(scopes_of(lab.spec) == expected);
}

TEST_CASE("observe: every scope is looked at, and has its time") {
  Lab lab;
  FakeProvider& dns = lab.add("dns");
  lab.add_zone("lab", {"dns"});
  dns.put(live("dns", "lab/b/A", "dns"));
  dns.put(live("dns", "lab/a/A", "dns"));
  dns.put(live("container", "web", "dns"));
  const Observed observed = lab.look();
  REQUIRE(observed.scopes.size() == 2);
  const ScopeState& zone = observed.scopes.at({"dns", "lab"});
  CHECK_FALSE(zone.unknown);
  CHECK(zone.at > Time(std::chrono::seconds(1000)));
  REQUIRE(zone.resources.size() == 2);
  CHECK(zone.resources[0].native_id == "dns/lab/a/A");
  CHECK(zone.resources[1].native_id == "dns/lab/b/A");
  CHECK(observed.scopes.at({"dns", ""}).resources.size() == 1);
}

TEST_CASE("observe: one that does not answer is unknown with its own words, and harms no other") {
  Lab lab;
  FakeProvider& kuma = lab.add("kuma");
  lab.add("pve").put(live("container", "web", "pve"));
  kuma.put(live("monitor", "web", "kuma"));
  kuma.next("observe", {});
  const Observed observed = lab.look();
  CHECK(why(observed, {"kuma", ""}) == "no answer in 10 s");
  CHECK(observed.scopes.at({"kuma", ""}).resources.empty());
  CHECK(why(observed, {"pve", ""}).empty());
  CHECK(observed.scopes.at({"pve", ""}).resources.size() == 1);
}

TEST_CASE("observe: a zone that fails leaves the provider's other zones known") {
  Lab lab;
  lab.add("dns").next("observe dns/lab", {});
  lab.add_zone("lab", {"dns"});
  lab.add_zone("public", {"dns"});
  const Observed observed = lab.look();
  CHECK(why(observed, {"dns", "lab"}) == "no answer in 10 s");
  CHECK(why(observed, {"dns", "public"}).empty());
}

TEST_CASE("observe: what was read only in part is unknown, and nothing of it is kept") {
  Lab lab;
  FakeProvider& pve = lab.add("pve");
  pve.put(live("container", "a", "pve"));
  pve.put(live("container", "b", "pve"));
  const Error error{ErrorKind::internal, "page 2 of 3 is missing", {}, {}, {}};
  pve.next("observe", {Fault::Kind::partial, error});
  const Observed observed = lab.look();
  CHECK(why(observed, {"pve", ""}) == "page 2 of 3 is missing");
  CHECK(observed.scopes.at({"pve", ""}).resources.empty());
}

TEST_CASE("observe: a provider that throws is unknown, as our own bug") {
  Lab lab;
  lab.add("pve").next("observe", {Fault::Kind::throw_it});
  const Observed observed = lab.look();
  const ScopeState& state = observed.scopes.at({"pve", ""});
  REQUIRE(state.unknown);
  CHECK(state.unknown->kind == ErrorKind::internal);
  CHECK(state.unknown->message == "the provider broke: out of cheese");
}

TEST_CASE("observe: two resources under one native id make the scope unknown") {
  Lab lab;
  FakeProvider& pve = lab.add("pve");
  pve.put(live("container", "a", "pve"));
  pve.next("observe", {Fault::Kind::twice});
  CHECK(why(lab.look(), {"pve", ""}) == "`container/a` is listed twice");
}

TEST_CASE("observe: a provider that could not be opened makes all its scopes unknown") {
  Lab lab;
  lab.add("dns");
  lab.add_zone("lab", {"dns"});
  lab.providers.insert_or_assign(
      "dns", Result<std::unique_ptr<Provider>>(fail(ErrorKind::auth, "the token is refused")));
  const Observed observed = lab.look();
  CHECK(why(observed, {"dns", ""}) == "the token is refused");
  CHECK(why(observed, {"dns", "lab"}) == "the token is refused");
  CHECK(lab.log.lines().empty());
}

TEST_CASE("observe: a stop request gives cancelled scopes, and ends what is in flight") {
  Lab lab;
  lab.add("slow").next("observe", {Fault::Kind::hang});
  std::stop_source stop;
  std::jthread second([&] {
    while (lab.log.lines().empty()) std::this_thread::yield();
    stop.request_stop();
  });
  const Observed observed = lab.look(stop.get_token());
  REQUIRE(observed.scopes.at({"slow", ""}).unknown);
  CHECK(observed.scopes.at({"slow", ""}).unknown->kind == ErrorKind::cancelled);

  lab.add("late");
  const Observed nothing = lab.look(stop.get_token());
  REQUIRE(nothing.scopes.at({"late", ""}).unknown);
  CHECK(nothing.scopes.at({"late", ""}).unknown->kind == ErrorKind::cancelled);
  CHECK(lab.log.lines() == std::vector<std::string>{"slow: observe slow"});
}

TEST_CASE("traffic: a line for each instance that counts its calls") {
  Lab lab;
  lab.add("pve").traffic_of_it = "2 calls";
  lab.add("files");
  lab.add("dns").traffic_of_it = "1 call";
  lab.providers.emplace("npm", fail(ErrorKind::auth, "no password"));
  CHECK(traffic(lab.providers) ==
        std::map<std::string, std::string>{{"dns", "1 call"}, {"pve", "2 calls"}});
}
