// A plan written by hand over a small site, to be put in order.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "reconciler/graph.hpp"
#include "tests/support/site.hpp"

namespace homeostat {

// `before` is what is live, `after` what is declared.
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

}  // namespace homeostat
