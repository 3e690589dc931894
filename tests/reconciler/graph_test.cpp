#include "reconciler/graph.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tests/support/cases.hpp"
#include "tests/support/site.hpp"

namespace homeostat {
namespace {

// A plan written by hand over a site: `before` is what is live, `after` what is declared.
struct Ordering {
  Site site;
  Plan plan;
  std::map<Address, Address> reverse_of;

  Ordering() {
    site.provider("pve", {"container", "ip"});
    site.network("lab", "10.5.0.0/24", Assign::vmid);
  }

  Change& change(Action action, const std::string& text) {
    Change& made = plan.changes.emplace_back();
    made.action = action;
    made.address = Site::address(text);
    return made;
  }

  void create(const std::string& text, const Attributes& after = Attributes::object()) {
    site.declare(text, after);
    change(Action::create, text).after = after;
  }

  Change& remove(const std::string& text, const Attributes& before = Attributes::object()) {
    site.see_ours(text, before);
    Change& made = change(Action::remove, text);
    made.before = before;
    return made;
  }

  Change& update(const std::string& text, const Attributes& before, const Attributes& after,
                 Action action = Action::update) {
    site.see_ours(text, before);
    site.declare(text, after);
    Change& made = change(action, text);
    made.before = before;
    made.after = after;
    for (const auto& [name, value] : after.items()) {
      if (before.contains(name) && before.at(name) == value) continue;
      FieldDiff& field = made.fields.emplace_back();
      field.path = name;
      field.desired = value;
    }
    return made;
  }

  void order() {
    const std::map<std::string, Result<std::string>> secrets;
    const PlanOptions options;
    const std::function<Attributes(const Address&, Attributes)> as_is;
    const SecretHash hash;
    const PlanInput input{site.spec, site.observed, site.ledger, options, site.providers,
                          as_is,     secrets,       hash,        Time{}};
    Resolved resolved;
    resolved.desired = site.spec.desired;
    resolved.reverse_of = reverse_of;
    const LiveIndex live = site.index();
    order_changes(plan, resolved, live, input);
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const Change& one : plan.changes) found.push_back(display(one.address, false, false));
    return found;
  }

  [[nodiscard]] const Change& at(const std::string& text) const {
    const Address address = Site::address(text);
    const auto found = std::find_if(plan.changes.begin(), plan.changes.end(),
                                    [&](const Change& one) { return one.address == address; });
    REQUIRE(found != plan.changes.end());
    return *found;
  }

  [[nodiscard]] std::vector<std::string> needs(const std::string& text) const {
    std::vector<std::string> found;
    for (const Address& need : at(text).needs) found.push_back(display(need, false, false));
    return found;
  }
};

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

TEST_CASE("graph: a swap of addresses parks its first member on the lowest free one") {
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

TEST_CASE("graph: what refers to a parked change waits for its end") {
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

TEST_CASE("graph: spare values of each kind") {
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

TEST_CASE("graph: a circle that nobody can leave is held and named") {
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

TEST_CASE("graph: a circle with a change that is held already is held, and nothing is parked") {
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

TEST_CASE("graph: what goes into a circle of depends_on is held, not looped over") {
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

// Walks the plan as an executor would: each change as soon as what it needs is there. `holder`
// says who has which address; nobody may take one that is still held.
void check_walk(const Ordering& plan) {
  std::map<std::string, Address> holder;
  const auto let_go = [&holder](const Address& address) {
    std::erase_if(holder, [&](const auto& row) { return row.second == address; });
  };
  std::set<Address> done;
  std::set<Address> parked;
  const auto take = [&](const std::string& ip, const Address& address) {
    CAPTURE(ip);
    const auto other = holder.find(ip);
    REQUIRE((other == holder.end() || other->second == address));
    let_go(address);
    holder[ip] = address;
  };
  for (const Change& change : plan.plan.changes) {
    if (!change.before.is_null()) {
      holder[change.before["ip"].get<std::string>()] = change.address;
    }
  }
  for (const Change& change : plan.plan.changes) {
    if (!change.park) continue;
    take(change.park->value.get<std::string>(), change.address);
    parked.insert(change.address);
  }
  for (const Change& change : plan.plan.changes) {
    if (change.hold) continue;
    CAPTURE(to_string(change.address));
    for (const Address& need : change.needs) {
      const Change& other = plan.at(to_string(need));
      const bool freed = other.park && std::count(other.park->frees.begin(),
                                                  other.park->frees.end(), change.address) != 0;
      REQUIRE((done.count(need) != 0 || freed || other.hold));
    }
    let_go(change.address);
    if (change.action != Action::remove)
      take(change.after["ip"].get<std::string>(), change.address);
    done.insert(change.address);
  }
}

TEST_CASE("graph: whatever is swapped, nobody takes what is still held (property)") {
  std::mt19937 random(9);
  for (int i = 0; i < property_cases(); ++i) {
    CAPTURE(i);
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
    for (std::size_t k = 0; k < plan.plan.changes.size(); ++k) {
      REQUIRE(plan.plan.changes[k].needs == again.plan.changes[k].needs);
      REQUIRE(plan.plan.changes[k].park.has_value() == again.plan.changes[k].park.has_value());
    }
    check_walk(plan);
  }
}

}  // namespace
}  // namespace homeostat
