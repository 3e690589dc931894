// For execute.cpp alone: a provider while a plan is carried out.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "providers/core/timing.hpp"
#include "reconciler/lane.hpp"

namespace homeostat {

// A provider instance at work.
struct Worker {
  Result<Provider*> provider = nullptr;
  bool batches = false;       // ProviderInfo's; one that breaks when it is asked gets no batch
  bool zone_batches = false;  // likewise
  const ProviderConfig* config = nullptr;
  std::unique_ptr<Pace> pace;
  std::set<std::size_t> ready;  // units that may start, in the order of the plan
  std::set<std::string> busy;   // zones that a call is writing to
  std::size_t in_flight = 0;
  std::unique_ptr<Lane> lane;  // made with the first write; last: it joins before the rest goes
};

}  // namespace homeostat
