// What comes of undone runs: what they moved back, and what follows from that, which is PTR
// records and values that refer to it. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reconciler/ledger_view.hpp"
#include "reconciler/plan.hpp"
#include "specs/load.hpp"

namespace homeostat {

using Suspensions = std::map<Address, Suspension>;

// A PTR record that the spec itself says nothing of: it is derived, or was declared once.
[[nodiscard]] bool is_loose_ptr(const Spec& spec, const Address& address);

// A and AAAA records, by the PTR records that are made from them.
class Forwards {
 public:
  explicit Forwards(const Spec& spec);  // with those that it declares; it must outlive this
  void add(const Address& address);     // one that it does not declare now
  // Those that a PTR record with one of these names (a list, or nothing) may be made from.
  [[nodiscard]] std::vector<Address> of_ptr(const Address& ptr, const nlohmann::json& names) const;

 private:
  const Spec& spec_;
  std::multimap<std::pair<std::string, std::string>, Address> known_;  // by provider and name
};

// What git seems to have caused, and what comes of an undone run in truth, says so: the cause is
// `undo` (`both` stays), and the provenance names the run.
void say_undone(Plan& plan, const Spec& spec, const Suspensions& suspended);

// What a plan changes because these are as they were: they themselves left out.
[[nodiscard]] std::vector<Address> what_follows(const Plan& plan, const Spec& spec,
                                                const Suspensions& suspended);

}  // namespace homeostat
