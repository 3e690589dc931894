#include "reconciler/job.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/collisions.hpp"
#include "reconciler/lookups.hpp"

namespace homeostat {
namespace {

bool goes(const Change& change) {
  return change.action == Action::remove || change.action == Action::release;
}

// What came out of references only now is nobody else's.
Status check_bound(const JobInput& input, const Resource& before, const Resource& bound) {
  const Planned& planned = input.execute.planned;
  const Zones& zones = input.execute.spec.zones;
  if (bound.address.kind == "dns") return {};
  for (const std::string& token :
       new_tokens(bound.address, before.attributes, bound.attributes, zones)) {
    for (const auto& [address, other] : planned.desired) {
      if (address.kind == "dns" || address == bound.address) continue;
      const auto known = input.known.find(address);
      const std::vector<std::string> held =
          tokens_of(address, known == input.known.end() ? other.attributes : known->second, zones);
      if (std::ranges::binary_search(held, token)) {
        return fail(ErrorKind::conflict,
                    fmt::format("{} is already taken by {}", claimed_thing(token),
                                display(address, false, false)));
      }
    }
  }
  return {};
}

// The declaration with what was not known when the plan was made.
Result<Resource> bound(const JobInput& input, const Address& address) {
  const Planned& planned = input.execute.planned;
  const auto desired = planned.desired.find(address);
  if (desired == planned.desired.end()) {
    return fail(ErrorKind::internal, "is to be written, and nothing says what");
  }
  Resource resource = desired->second;
  const auto pending = planned.pending.find(address);
  if (pending == planned.pending.end()) return resource;
  const BindInput values{input.known, input.execute.spec,
                         extra_of(input.provider.info(), address.kind)};
  TRY(bind(resource, pending->second, values));
  resource.attributes = input.provider.canonical(address, std::move(resource.attributes));
  TRY(check_bound(input, desired->second, resource));
  return resource;
}

}  // namespace

Outcome ended(OutcomeKind kind, Error why) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.error = std::move(why);
  return outcome;
}

const LiveResource* live_of(const Planned& planned, const Address& address) {
  const auto found = planned.live.find(address);
  return found == planned.live.end() ? nullptr : found->second;
}

Error needs_error(const Change& needed, std::string_view what) {
  return Error{ErrorKind::conflict,
               fmt::format("needs {}, which {}", display(needed.address, false, false), what),
               {},
               {},
               {}};
}

Status add_writes(Job& job, const JobInput& input, std::size_t index, Phase phase) {
  const Change& change = input.execute.planned.plan.changes[index];
  Attributes filled = Attributes::object();
  std::optional<Resource> resource;
  if (!goes(change) && phase != Phase::park) {
    TRY_ASSIGN(resource, bound(input, change.address));
    TRY_ASSIGN(filled, fill_secrets(*resource, input.execute.secrets,
                                    extra_of(input.provider.info(), change.address.kind)));
  }
  const WritesInput wanted{.change = change,
                           .desired = resource ? &*resource : nullptr,
                           .filled = filled,
                           .live = live_of(input.execute.planned, change.address),
                           .provider = input.provider.info(),
                           .site = input.execute.spec.site,
                           .parked = phase == Phase::after_park};
  if (phase == Phase::park) {
    job.writes.push_back(park_write(wanted));
  } else {
    for (Write& write : writes_of(wanted)) job.writes.push_back(std::move(write));
  }
  job.writer.resize(job.writes.size(), index);
  if (resource) job.wanted[index] = std::move(resource->attributes);
  job.filled[index] = std::move(filled);
  return {};
}

Outcome outcome_of(const Job& job, const ExecuteInput& input, std::size_t index,
                   const std::vector<Result<StepResult>>& results) {
  const auto& changes = input.planned.plan.changes;
  const Change& change = changes[index];
  const LiveResource* live = live_of(input.planned, change.address);
  Outcome outcome;
  outcome.kind = OutcomeKind::done;
  outcome.native_id = change.native_id;
  if (!goes(change)) outcome.attributes = live == nullptr ? Attributes::object() : live->attributes;
  const Change* broken = nullptr;  // whose write failed first
  for (std::size_t w = 0; w < results.size(); ++w) {
    const bool mine = job.writer[w] == index;
    if (results[w]) {
      if (!mine) continue;
      if (!results[w]->native_id.empty()) outcome.native_id = results[w]->native_id;
      if (!goes(change)) outcome.attributes = results[w]->attributes;
      continue;
    }
    const Error& error = results[w].error();
    const bool attempted = error.kind != ErrorKind::cancelled;
    if (attempted && broken == nullptr) broken = &changes[job.writer[w]];
    if (!mine) continue;
    outcome.attributes = nullptr;
    if (attempted || broken == nullptr || broken == &change) {
      outcome.kind = attempted ? OutcomeKind::failed : OutcomeKind::cancelled;
      outcome.error = error;
    } else {
      outcome.kind = OutcomeKind::skipped;
      outcome.error = needs_error(*broken, "failed");
    }
    return outcome;
  }
  return outcome;
}

}  // namespace homeostat
