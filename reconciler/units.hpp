// What is applied together, and what it waits for. Pure.
#pragma once

#include "reconciler/plan.hpp"

namespace homeostat {

// A thing that can be waited for: a change, or the park step of one.
struct Milestone {
  std::size_t change = 0;  // index into Plan::changes
  bool park = false;
  friend auto operator<=>(const Milestone&, const Milestone&) = default;
};

// One change, one batch of changes, or one park step.
struct Unit {
  std::vector<std::size_t> changes;  // deletes first
  bool park = false;
  std::string provider;
  std::vector<Milestone> needs;           // sorted; none of its own
  std::optional<std::size_t> needs_held;  // a change that is held
};

// Units of all changes that are not held, in the order of the plan.
[[nodiscard]] std::vector<Unit> make_units(const Plan& plan);

// Indexes of units, stage by stage: one stage for each service, less what must be done together
// (services that need each other, or share a batch). What a service needs comes before it; ties by
// the service's name, what belongs to none after the services, by address.
[[nodiscard]] std::vector<std::vector<std::size_t>> stages_by_service(
    const Plan& plan, const std::vector<Unit>& units);

}  // namespace homeostat
