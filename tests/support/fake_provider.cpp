#include "tests/support/fake_provider.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "providers/core/merge.hpp"

namespace homeostat {
namespace {

const char* name_of(StepKind kind) {
  switch (kind) {
    case StepKind::create:
      return "create";
    case StepKind::update:
      return "update";
    case StepKind::restart:
      return "restart";
    case StepKind::replace:
      return "replace";
    case StepKind::remove:
      return "remove";
    case StepKind::stop:
      return "stop";
    case StepKind::mark:
      break;
  }
  return "mark";
}

std::string id_of(const Step& step) {
  return step.native_id.empty() ? step.address.kind + "/" + step.address.name : step.native_id;
}

void wait_for_stop(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, stop, [] { return false; });
}

}  // namespace

void CallLog::add(std::string line) {
  const std::lock_guard lock(mutex_);
  lines_.push_back(std::move(line));
}

std::vector<std::string> CallLog::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

FakeProvider::FakeProvider(std::string name, CallLog& log) : name_(std::move(name)), log_(log) {
  info_of_it.schema.type = "fake";
  for (const KindSchema& kind : kinds()) {
    info_of_it.schema.kinds[kind.name] = {};
    info_of_it.kinds[kind.name] = {};
  }
}

void FakeProvider::put(LiveResource resource) {
  const std::lock_guard lock(mutex_);
  live_[resource.native_id] = std::move(resource);
}

void FakeProvider::erase(const std::string& native_id) {
  const std::lock_guard lock(mutex_);
  live_.erase(native_id);
}

const LiveResource* FakeProvider::find(const std::string& native_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = live_.find(native_id);
  return found == live_.end() ? nullptr : &found->second;
}

void FakeProvider::next(const std::string& call, Fault fault) {
  const std::lock_guard lock(mutex_);
  next_.emplace_back(call, std::move(fault));
}

std::size_t FakeProvider::most_in_flight() const {
  const std::lock_guard lock(mutex_);
  return most_in_flight_;
}

std::optional<Fault> FakeProvider::take_fault(const std::string& call, const std::string& about) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(next_.begin(), next_.end(), [&](const auto& fault) {
    return fault.first == call || fault.first == call + " " + about;
  });
  if (found == next_.end()) return std::nullopt;
  const Fault fault = found->second;
  next_.erase(found);
  return fault;
}

Result<Observation> FakeProvider::observe(const Scope& scope, std::stop_token stop) {
  log_.add(fmt::format("{}: observe {}", name_, to_string(scope)));
  const std::optional<Fault> fault = take_fault("observe", to_string(scope));
  Observation observation;
  observation.warnings = warnings;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, resource] : live_) {
      if (scope_of(resource.address).zone == scope.zone) observation.resources.push_back(resource);
    }
  }
  if (!fault) return observation;
  switch (fault->kind) {
    case Fault::Kind::partial:
      observation.resources.resize(observation.resources.size() / 2);
      observation.incomplete = fault->error;
      return observation;
    case Fault::Kind::twice:
      observation.resources.push_back(observation.resources.front());
      return observation;
    case Fault::Kind::throw_it:
      throw std::runtime_error("out of cheese");
    case Fault::Kind::hang:
      wait_for_stop(stop);
      return fail(ErrorKind::cancelled, "told to stop");
    default:
      return tl::unexpected(fault->error);
  }
}

// As loosely as a server would: no looking at `before`.
Result<StepResult> FakeProvider::apply_one(const Step& step) {
  const std::lock_guard lock(mutex_);
  const std::string id = id_of(step);
  if (step.kind == StepKind::remove) {
    live_.erase(id);
    return StepResult{id, Attributes::object()};
  }
  LiveResource& live = live_[id];
  live.native_id = id;
  live.address = step.address;
  if (step.marker.site.empty() || !info_of_it.kinds.at(step.address.kind).marker) {
    live.marker.reset();
  } else {
    live.marker = step.marker;
    live.marker->id = id;
  }
  const Attributes nothing = Attributes::object();
  const bool anew = step.kind == StepKind::create || step.kind == StepKind::replace;
  live.attributes = merge_after(*find_kind(step.address.kind), nullptr,
                                anew ? nothing : live.attributes, step.after);
  if (step.kind == StepKind::stop) live.attributes["running"] = false;
  return StepResult{id, live.attributes};
}

Result<StepResult> FakeProvider::answer(const Step& step, const std::optional<Fault>& fault,
                                        const std::stop_token& stop) {
  if (!fault || fault->kind == Fault::Kind::too_few) return apply_one(step);
  switch (fault->kind) {
    case Fault::Kind::lose:
      (void)apply_one(step);
      return tl::unexpected(fault->error);
    case Fault::Kind::lie:
      return StepResult{id_of(step), step.after};
    case Fault::Kind::throw_it:
      throw std::runtime_error("out of cheese");
    case Fault::Kind::hang:
      wait_for_stop(stop);
      return fail(ErrorKind::cancelled, "told to stop");
    default:
      return tl::unexpected(fault->error);
  }
}

std::vector<Result<StepResult>> FakeProvider::apply(std::span<const Step> steps,
                                                    std::stop_token stop) {
  if (steps.size() > 1) log_.add(fmt::format("{}: batch of {}", name_, steps.size()));
  std::vector<std::optional<Fault>> faults;
  for (const Step& step : steps) {
    const std::string address = display(step.address, false, false);
    log_.add(fmt::format("{}: {} {}", name_, name_of(step.kind), address));
    faults.push_back(take_fault("apply", address));
  }
  {
    const std::lock_guard lock(mutex_);
    most_in_flight_ = std::max(most_in_flight_, ++in_flight_);
  }
  const std::shared_ptr<void> leave(nullptr, [this](void*) {
    const std::lock_guard lock(mutex_);
    --in_flight_;
  });
  if (on_apply) on_apply(steps);
  std::vector<Result<StepResult>> results;
  std::set<std::string> failed;  // what nothing more is done about
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string& name = steps[i].address.name;
    const std::string about = info_of_it.zone_batches ? name.substr(0, name.rfind('/')) : "";
    if (failed.count(about) != 0) {
      results.push_back(fail(ErrorKind::cancelled, "a step before it failed"));
      continue;
    }
    results.push_back(answer(steps[i], faults[i], stop));
    if (!results.back()) failed.insert(about);
  }
  if (faults.front() && faults.front()->kind == Fault::Kind::too_few) results.pop_back();
  return results;
}

FakeProvider& add_fake(std::map<std::string, Result<std::unique_ptr<Provider>>>& providers,
                       const std::string& name, CallLog& log) {
  auto fake = std::make_unique<FakeProvider>(name, log);
  FakeProvider& reference = *fake;
  providers.insert_or_assign(name, Result<std::unique_ptr<Provider>>(std::move(fake)));
  return reference;
}

}  // namespace homeostat
