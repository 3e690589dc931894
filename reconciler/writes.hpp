// What a change comes to at its provider: the steps, with every value in them. Pure.
#pragma once

#include "reconciler/plan.hpp"

namespace homeostat {

// A Step that owns what it speaks of.
struct Write {
  StepKind kind = StepKind::update;
  Address address;
  std::string native_id;  // "" for create
  Attributes before;
  Attributes after;
  Marker marker;
};
[[nodiscard]] Step as_step(const Write& write);

struct WritesInput {
  const Change& change;
  const Resource* desired;   // bound; null for what goes
  const Attributes& filled;  // desired->attributes with secrets
  const LiveResource* live;  // null: absent
  const ProviderInfo& provider;
  const std::string& site;
  bool parked = false;  // the park step was made
};

// In order; empty where nothing is to be written (a quiet adopt, a rename where there is no place
// for a marker, the release of what is gone). The park step is not among them.
[[nodiscard]] std::vector<Write> writes_of(const WritesInput& input);
// The first write of a change that has a `park`.
[[nodiscard]] Write park_write(const WritesInput& input);

}  // namespace homeostat
