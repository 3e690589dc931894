#include "reconciler/circles.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tests/support/cases.hpp"
#include "tests/support/ordering.hpp"

namespace homeostat {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("circles: a swap of addresses parks its first member on the lowest free one") {
  Ordering plan;
  plan.update("container/b@pve", {{"ip", "10.5.0.1"}}, {{"ip", "10.5.0.2"}});
  plan.update("container/a@pve", {{"ip", "10.5.0.2"}}, {{"ip", "10.5.0.1"}});
  plan.order();
  const Change& parked = plan.at("container/a@pve");
  REQUIRE(parked.park);
  CHECK(parked.park->path == "ip");
  CHECK(parked.park->value == "10.5.0.3");
  CHECK(parked.park->frees == std::vector<Address>{Site::address("container/b@pve")});
  CHECK(plan.needs("container/a@pve") == Names{"container/b"});
  CHECK(plan.needs("container/b@pve") == Names{"container/a"});
  CHECK_FALSE(plan.at("container/b@pve").park);
  CHECK(plan.names() == Names{"container/b", "container/a"});
}

TEST_CASE("circles: what refers to a parked change waits for its end") {
  Ordering plan;
  plan.update("container/a@pve", {{"ip", "10.5.0.2"}}, {{"ip", "10.5.0.1"}});
  plan.update("container/b@pve", {{"ip", "10.5.0.1"}}, {{"ip", "10.5.0.2"}});
  Resource& record = plan.site.declare("dns/lab/a/A@dns", {{"values", {""}}});
  Site::refer(record, "/values/0", "${container.a@pve.ip}");
  plan.change(Action::create, "dns/lab/a/A@dns");
  plan.order();
  CHECK(plan.names() == Names{"container/b", "container/a", "dns/lab/a/A"});
  CHECK(plan.at("container/a@pve").park->frees.size() == 1);
}

TEST_CASE("circles: spare values of each kind") {
  Ordering plan;
  SUBCASE("a domain that nobody asks for") {
    plan.update("proxy_host/a@npm", {{"domains", {"x.example.org"}}},
                {{"domains", {"y.example.org"}}});
    plan.update("proxy_host/b@npm", {{"domains", {"y.example.org"}}},
                {{"domains", {"x.example.org"}}});
    plan.order();
    CHECK(plan.at("proxy_host/a@npm").park->value == nlohmann::json::array({"parked-a.invalid"}));
  }
  SUBCASE("the domains that stay") {
    plan.update("proxy_host/a@npm", {{"domains", {"k.example.org", "x.example.org"}}},
                {{"domains", {"k.example.org", "y.example.org"}}});
    plan.update("proxy_host/b@npm", {{"domains", {"y.example.org"}}},
                {{"domains", {"x.example.org"}}});
    plan.order();
    CHECK(plan.at("proxy_host/a@npm").park->value == nlohmann::json::array({"k.example.org"}));
  }
  SUBCASE("a name") {
    plan.update("monitor/a@kuma", {{"name", "X"}}, {{"name", "Y"}});
    plan.update("monitor/b@kuma", {{"name", "Y"}}, {{"name", "X"}});
    plan.order();
    CHECK(plan.at("monitor/a@kuma").park->value == "X (parked)");
  }
  SUBCASE("the address of an ip") {
    plan.update("ip/lab/a@pve", {{"address", "10.5.0.1"}}, {{"address", "10.5.0.2"}});
    plan.update("ip/lab/b@pve", {{"address", "10.5.0.2"}}, {{"address", "10.5.0.1"}});
    plan.order();
    CHECK(plan.at("ip/lab/a@pve").park->path == "address");
  }
}

TEST_CASE("circles: a circle that nobody can leave is held and named") {
  Ordering plan;
  SUBCASE("ports") {
    plan.update("container/a@pve", {{"ports", {"80:80/tcp"}}}, {{"ports", {"81:80/tcp"}}});
    plan.update("container/b@pve", {{"ports", {"81:80/tcp"}}}, {{"ports", {"82:80/tcp"}}});
    plan.update("container/c@pve", {{"ports", {"82:80/tcp"}}}, {{"ports", {"80:80/tcp"}}});
    plan.order();
    for (const Change& change : plan.plan.changes) {
      REQUIRE(change.hold);
      CHECK(change.hold->code == HoldCode::cycle);
      CHECK(change.needs.empty());
    }
    CHECK(
        plan.plan.changes.front().hold->text ==
        "container/a -> container/b -> container/c -> container/a: each waits for the next to let "
        "go of something; move one of them to a spare value first");
  }
  SUBCASE("no spare address, because a provider is unknown") {
    plan.site.provider("dock", {"container"});
    plan.site.unknown("dock", "no answer");
    plan.update("container/a@pve", {{"ip", "10.5.0.1"}}, {{"ip", "10.5.0.2"}});
    plan.update("container/b@pve", {{"ip", "10.5.0.2"}}, {{"ip", "10.5.0.1"}});
    plan.order();
    CHECK(plan.at("container/a@pve").hold->code == HoldCode::cycle);
  }
  SUBCASE("an address that can be parked, and a port that cannot") {
    plan.update("container/a@pve", {{"ip", "10.5.0.1"}, {"ports", {"80:80/tcp"}}},
                {{"ip", "10.5.0.2"}, {"ports", {"81:80/tcp"}}});
    plan.update("container/b@pve", {{"ip", "10.5.0.2"}, {"ports", {"81:80/tcp"}}},
                {{"ip", "10.5.0.1"}, {"ports", {"80:80/tcp"}}});
    plan.order();
    CHECK(plan.at("container/a@pve").hold->code == HoldCode::cycle);
    CHECK_FALSE(plan.at("container/a@pve").park);
  }
}

TEST_CASE("circles: a circle with a change that is held already is held, and nothing is parked") {
  Ordering plan;
  plan.update("container/a@pve", {{"ip", "10.5.0.1"}}, {{"ip", "10.5.0.2"}});
  plan.update("container/b@pve", {{"ip", "10.5.0.2"}}, {{"ip", "10.5.0.1"}}).hold =
      Hold{HoldCode::self, "Homeostat itself runs in it"};
  plan.order();
  CHECK_FALSE(plan.at("container/a@pve").park);
  CHECK(plan.at("container/a@pve").hold->code == HoldCode::depends);
  CHECK(plan.at("container/a@pve").hold->text == "waits for container/b, which is held back");
  CHECK(plan.at("container/b@pve").hold->code == HoldCode::self);
}

TEST_CASE("circles: what goes into a circle of depends_on is held, not looped over") {
  Ordering plan;
  plan.create("container/a@pve");
  plan.create("container/b@pve");
  plan.site.spec.desired[Site::address("container/a@pve")].depends_on = {
      Site::address("container/b@pve")};
  plan.site.spec.desired[Site::address("container/b@pve")].depends_on = {
      Site::address("container/a@pve")};
  plan.order();
  CHECK(plan.at("container/a@pve").hold->code == HoldCode::cycle);
  CHECK(plan.names().size() == 2);
}

// --- properties ---------------------------------------------------------------------------------

void fill_randomly(Ordering& plan, std::mt19937& random) {
  const auto below = [&random](int limit) {
    return std::uniform_int_distribution<int>(0, limit - 1)(random);
  };
  const int count = 2 + below(7);
  std::vector<int> addresses(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) addresses[static_cast<std::size_t>(i)] = i + 1;
  std::shuffle(addresses.begin(), addresses.end(), random);
  const auto ip = [](int host) { return "10.5.0." + std::to_string(host); };
  for (int i = 0; i < count; ++i) {
    const std::string name = "container/" + std::string(1, static_cast<char>('a' + i)) + "@pve";
    const std::string before = ip(i + 1);
    const std::string after = ip(addresses[static_cast<std::size_t>(i)]);
    switch (below(5)) {
      case 0:
        plan.remove(name, {{"ip", before}});
        break;
      case 1:
        plan.create(name, {{"ip", after}});
        break;
      default:
        plan.update(name, {{"ip", before}}, {{"ip", after}});
    }
  }
  for (auto& [address, resource] : plan.site.spec.desired) {
    // Only ever to the left: without circles, as the loader sees to it.
    for (auto& [target, other] : plan.site.spec.desired) {
      if (target < address && below(6) == 0) resource.depends_on.push_back(target);
    }
  }
}

// Walks the plan as an executor would: park steps, then each change in its turn. Says what is wrong
// where a change comes before what it needs, or takes an address that another one still has.
class Walk {
 public:
  explicit Walk(const Ordering& plan) : plan_(plan) {}

  std::string run() {
    for (const Change& change : plan_.plan.changes) {
      if (!change.before.is_null()) take(change.before["ip"], change.address);
    }
    for (const Change& change : plan_.plan.changes) {
      if (change.park) take(change.park->value, change.address);
    }
    for (const Change& change : plan_.plan.changes) {
      if (!change.hold) make(change);
    }
    return wrong_;
  }

 private:
  void make(const Change& change) {
    for (const Address& need : change.needs) {
      const Change& other = plan_.at(to_string(need));
      const bool freed = other.park && std::count(other.park->frees.begin(),
                                                  other.park->frees.end(), change.address) != 0;
      if (other.hold) return;  // the guard holds this one too
      if (done_.count(need) == 0 && !freed) wrong_ = to_string(change.address) + " is too early";
    }
    if (change.action == Action::remove) {
      let_go(change.address);
    } else {
      take(change.after["ip"], change.address);
    }
    done_.insert(change.address);
  }

  void take(const nlohmann::json& ip, const Address& address) {
    const auto other = holder_.find(ip.get<std::string>());
    if (other != holder_.end() && other->second != address) {
      wrong_ = to_string(address) + " takes what " + to_string(other->second) + " has";
    }
    let_go(address);
    holder_[ip.get<std::string>()] = address;
  }

  void let_go(const Address& address) {
    std::erase_if(holder_, [&](const auto& row) { return row.second == address; });
  }

  const Ordering& plan_;
  std::map<std::string, Address> holder_;
  std::set<Address> done_;
  std::string wrong_;
};

TEST_CASE("circles: whatever is swapped, nobody takes what is still held (property)") {
  for_each_case([](int seed) {
    CAPTURE(seed);
    std::mt19937 random(static_cast<std::uint32_t>(seed));
    Ordering plan;
    fill_randomly(plan, random);
    Ordering again;
    again.site = plan.site;
    again.plan = plan.plan;
    again.site.infos.clear();
    again.site.providers.clear();
    std::shuffle(again.plan.changes.begin(), again.plan.changes.end(), random);
    plan.order();
    again.order();
    REQUIRE(plan.names() == again.names());
    const bool same =
        std::equal(plan.plan.changes.begin(), plan.plan.changes.end(), again.plan.changes.begin(),
                   [](const Change& a, const Change& b) {
                     return a.needs == b.needs && a.park.has_value() == b.park.has_value();
                   });
    REQUIRE(same);
    REQUIRE(Walk(plan).run() == "");
  });
}

}  // namespace
}  // namespace homeostat
