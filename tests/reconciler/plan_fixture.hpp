// One situation of planning in a few lines: a spec as YAML text, what is live, what the ledger
// knows. With a perfect server in memory, so that plans can be applied.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "reconciler/intents.hpp"
#include "reconciler/plan.hpp"
#include "tests/support/spec.hpp"

namespace homeostat::testing {

// Site `home`; providers `pve` (containers), `dns` (zone `lab`), `npm` (proxy hosts), `kuma`
// (monitors) and `plain` (anything, no place for markers), all of the type `box`, whose containers
// have a field `extra.pool`; network `lab` 10.5.0.0/24 with addresses by vmid.
[[nodiscard]] std::string standard_head();
[[nodiscard]] const ProviderInfo& box_info();
[[nodiscard]] const ProviderInfo& bare_info();  // type `bare`: as `box`, without markers

class Situation {
 public:
  // The YAML of resources, beside the standard head.
  explicit Situation(std::string_view resources = "");

  // The next commit.
  Situation& commit(std::string_view resources);
  Situation& commit_files(Texts files);

  // Addresses are written short: "container/web" is "home:container/web@pve".
  [[nodiscard]] Address address(std::string_view text) const;
  // A live thing that nobody owns; `seen_as` is what the provider calls it.
  LiveResource& live(std::string_view seen_as, Attributes attributes);
  // One with our marker.
  LiveResource& marked(std::string_view owner, Attributes attributes);
  // The live thing that stands at an address or is marked with it; fails the test where none does.
  [[nodiscard]] LiveResource& at(std::string_view text);
  [[nodiscard]] const LiveResource* find(const Address& address) const;
  void erase(std::string_view text);
  // The ledger's row.
  Owned& row(std::string_view text);
  // Puts another provider in an instance's place.
  void provider(const std::string& name, const ProviderInfo& info) { infos_[name] = &info; }
  void unknown(const Scope& scope, std::string_view why = "no answer in 10 s");

  [[nodiscard]] tl::expected<Planned, Errors> try_plan() const;
  [[nodiscard]] Planned plan() const;   // fails the test on errors
  [[nodiscard]] Errors errors() const;  // those of make_plan
  [[nodiscard]] std::string outline() const;
  // Does what a plan says, held changes excepted, and then agrees with what is equal.
  void apply(const Planned& planned);
  // Everything as declared, owned and agreed upon; fails the test where a plan is left.
  Situation& settle();

  // A change's intent goes to the ledger, as if the process died right after.
  void intend(const Planned& planned, std::string_view text);
  // As if the one change of this plan had been written so often without effect.
  void try_in_vain(int times);
  // What the next run makes of open intents.
  Settled settle_intents();

  Spec spec;
  Observed observed;
  LedgerView ledger;
  PlanOptions options;
  SecretValues secrets;
  Time now = Time(std::chrono::seconds(1'767'225'600));  // 2026-01-01T00:00:00Z

 private:
  // A server gives what is made its own id, and a card where nobody states one.
  void make_anew(LiveResource& live, const Change& change, const Attributes& wanted);
  void apply_one(const Change& change, const Planned& planned,
                 std::map<Address, Attributes>& known);
  void agree();
  [[nodiscard]] Attributes values_to_write(const Change& change, const Planned& planned,
                                           const std::map<Address, Attributes>& known) const;
  std::map<std::string, const ProviderInfo*> infos_;
  int next_id_ = 1;
};

// A change a line, its fields indented below:
//   update container/web
//     memory "4GiB" -> "2GiB" drift
//   adopt container/db [adopt_differs]
// Quiet ones end with "(quiet)".
[[nodiscard]] std::string outline(const Plan& plan);
// The changes' holds: "container/db adopt_differs: text", a line each.
[[nodiscard]] std::string holds(const Plan& plan);
// The change of an address; fails the test where there is none.
[[nodiscard]] const Change& change_of(const Plan& plan, std::string_view shown);

}  // namespace homeostat::testing
