#include "reconciler/execute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "providers/core/failpoint.hpp"
#include "reconciler/attempt.hpp"
#include "reconciler/inbox.hpp"
#include "reconciler/job.hpp"
#include "reconciler/units.hpp"
#include "reconciler/worker.hpp"

namespace homeostat {
namespace {

enum class UnitState : std::uint8_t { waiting, running, over };

class Executor {
 public:
  Executor(const ExecuteInput& input, std::stop_token stop, std::stop_token cancel)
      : in_(input),
        changes_(input.planned.plan.changes),
        stop_(std::move(stop)),
        cancel_(std::move(cancel)),
        timing_(with_real_timing(input.timing)),
        units_(make_units(input.planned.plan)),
        jobs_(units_.size()),
        states_(units_.size(), UnitState::waiting),
        missing_(units_.size()) {}

  std::vector<Outcome> run();

 private:
  void run_stage(const std::vector<std::size_t>& stage);
  void start_ready();
  Call next_call(Worker& worker) const;
  void start(Call call, Worker& worker);
  bool prepare(std::size_t unit, const Worker& worker);
  Status prepare_change(std::size_t unit, std::size_t change, Provider& provider);
  Status announce(const std::vector<std::size_t>& units);
  void refuse(std::size_t unit, std::size_t change, const Error& why);
  void submit(Call call, Worker& worker);
  void receive(Call call);
  void receive_unit(std::size_t unit, const StepResults& results);
  void finish(std::size_t change, Outcome outcome);
  void finish_park(std::size_t change, const Result<StepResult>& result);
  void remember(const Job& job, std::size_t change, const Outcome& outcome);
  void settle();
  void give_up(std::size_t unit, const Error& why);
  void cancel_rest();
  Worker& worker_of(const std::string& provider);
  [[nodiscard]] bool halted() const { return !halt_.empty() || stop_.stop_requested(); }

  const ExecuteInput& in_;
  const std::vector<Change>& changes_;
  std::stop_token stop_;
  std::stop_token cancel_;
  Timing timing_;
  std::vector<Unit> units_;
  std::vector<Job> jobs_;             // by unit
  std::vector<UnitState> states_;     // by unit
  std::vector<std::size_t> missing_;  // by unit: milestones that are still to come
  std::map<Milestone, std::vector<std::size_t>> waiting_for_;  // -> units
  std::map<Address, Attributes> known_;  // what was written, as the servers answered
  std::set<std::size_t> parked_;
  std::set<std::size_t> in_stage_;
  std::vector<Outcome> outcomes_;
  std::map<std::size_t, OutcomeKind> over_;         // changes that have their outcome
  std::deque<std::pair<Milestone, bool>> reached_;  // done or not; those who wait are not told yet
  std::string halt_;                                // why nothing new starts; "" = it may
  Inbox inbox_;
  std::map<std::string, Worker> workers_;
};

Worker& Executor::worker_of(const std::string& provider) {
  const auto [found, fresh] = workers_.try_emplace(provider);
  Worker& worker = found->second;
  if (!fresh) return worker;
  static const ProviderConfig no_config;
  const auto config = in_.spec.providers.find(provider);
  worker.config = config == in_.spec.providers.end() ? &no_config : &config->second;
  worker.pace = std::make_unique<Pace>(worker.config->max_per_second);
  const auto opened = in_.providers.find(provider);
  if (opened == in_.providers.end()) {
    worker.provider = fail(ErrorKind::internal, "its provider was not opened");
  } else if (!opened->second) {
    worker.provider = tl::unexpected(opened->second.error());
  } else {
    worker.provider = opened->second->get();
    (void)guarded([&worker]() -> Status {
      worker.batches = (*worker.provider)->info().batches;
      worker.zone_batches = (*worker.provider)->info().zone_batches;
      return {};
    });
  }
  return worker;
}

std::vector<Outcome> Executor::run() {
  for (std::size_t u = 0; u < units_.size(); ++u) {
    missing_[u] = units_[u].needs.size();
    for (const Milestone& need : units_[u].needs) waiting_for_[need].push_back(u);
  }
  for (std::size_t u = 0; u < units_.size(); ++u) {
    const auto& held = units_[u].needs_held;
    if (held) give_up(u, needs_error(changes_[*held], "is held back"));
  }
  settle();
  if (!in_.by_service) {
    std::vector<std::size_t> all(units_.size());
    for (std::size_t u = 0; u < all.size(); ++u) all[u] = u;
    run_stage(all);
  } else {
    for (const auto& stage : stages_by_service(in_.planned.plan, units_)) {
      if (halted()) break;
      const std::size_t before = outcomes_.size();
      run_stage(stage);
      const std::vector<Outcome> mine(outcomes_.begin() + static_cast<std::ptrdiff_t>(before),
                                      outcomes_.end());
      if (halted() || !in_.verify_service) continue;
      const Status verified = in_.verify_service(mine);
      if (!verified) halt_ = verified.error().message;
    }
  }
  cancel_rest();
  return std::move(outcomes_);
}

void Executor::run_stage(const std::vector<std::size_t>& stage) {
  in_stage_ = std::set<std::size_t>(stage.begin(), stage.end());
  for (const std::size_t u : stage) {
    const bool ready = states_[u] == UnitState::waiting && missing_[u] == 0;
    if (ready) worker_of(units_[u].provider).ready.insert(u);
  }
  while (true) {
    start_ready();
    const bool working = std::any_of(workers_.begin(), workers_.end(),
                                     [](const auto& entry) { return entry.second.in_flight > 0; });
    if (!working) break;
    receive(inbox_.take());
  }
}

// A change that writes nothing may make others ready at once: hence the outer loop.
void Executor::start_ready() {
  bool again = true;
  while (again) {
    again = false;
    for (auto& [name, worker] : workers_) {
      const auto limit = static_cast<std::size_t>(std::max(worker.config->max_in_flight, 1));
      while (!halted() && worker.in_flight < limit) {
        Call call = next_call(worker);
        if (call.units.empty()) break;
        start(std::move(call), worker);
        again = true;
      }
    }
  }
}

// The first unit that may start. With it, where the provider takes a zone as a whole, all others of
// its zone; what becomes ready while they are written goes together with the next call.
Call Executor::next_call(Worker& worker) const {
  Call call;
  for (auto at = worker.ready.begin(); at != worker.ready.end();) {
    const Address& address = changes_[units_[*at].changes.front()].address;
    const std::string zone = worker.zone_batches ? scope_of(address).zone : std::string();
    const bool fits = call.units.empty() ? worker.busy.count(zone) == 0 : zone == call.zone;
    if (!fits) {
      ++at;
      continue;
    }
    call.provider = units_[*at].provider;
    call.zone = zone;
    call.units.push_back(*at);
    at = worker.ready.erase(at);
    if (zone.empty()) break;
  }
  return call;
}

// The writes of one change, by what is known now.
Status Executor::prepare_change(std::size_t unit, std::size_t change, Provider& provider) {
  const Phase phase = units_[unit].park            ? Phase::park
                      : parked_.count(change) != 0 ? Phase::after_park
                                                   : Phase::whole;
  return guarded([&] {
    return add_writes(jobs_[unit], JobInput{in_, known_, provider}, change, phase);
  });
}

// False: it is over already.
bool Executor::prepare(std::size_t unit, const Worker& worker) {
  for (const std::size_t change : units_[unit].changes) {
    const Status ready = worker.provider ? prepare_change(unit, change, **worker.provider)
                                         : Status(tl::unexpected(worker.provider.error()));
    if (ready) continue;
    refuse(unit, change, ready.error());
    return false;
  }
  return true;
}

void Executor::refuse(std::size_t unit, std::size_t change, const Error& why) {
  jobs_[unit] = Job{};
  finish(change, ended(OutcomeKind::failed, why));
  give_up(unit, needs_error(changes_[change], "failed"));
  settle();
}

// The intents of a whole call, before its first write.
Status Executor::announce(const std::vector<std::size_t>& units) {
  if (!in_.before_write) return {};
  std::vector<Intended> intended;
  for (const std::size_t unit : units) {
    const Job& job = jobs_[unit];
    for (const auto& [change, filled] : job.filled) {
      if (std::find(job.writer.begin(), job.writer.end(), change) == job.writer.end()) continue;
      intended.push_back(Intended{changes_[change], filled, units_[unit].park});
    }
  }
  failpoint("executor.before_intent");
  Status recorded = in_.before_write(intended);
  failpoint("executor.after_intent");
  if (!recorded && halt_.empty()) halt_ = recorded.error().message;
  return recorded;
}

void Executor::start(Call call, Worker& worker) {
  const std::vector<std::size_t> units = std::move(call.units);
  call.units.clear();
  for (const std::size_t unit : units) states_[unit] = UnitState::running;
  for (const std::size_t unit : units) {
    if (!prepare(unit, worker)) continue;
    if (jobs_[unit].writes.empty()) {
      receive_unit(unit, {});
    } else {
      call.units.push_back(unit);
    }
  }
  if (call.units.empty()) return;
  const Status recorded = announce(call.units);
  if (recorded) {
    submit(std::move(call), worker);
    return;
  }
  for (const std::size_t unit : call.units) {
    refuse(unit, units_[unit].changes.front(), recorded.error());
  }
}

void Executor::submit(Call call, Worker& worker) {
  std::vector<const std::vector<Write>*> writes;
  for (const std::size_t unit : call.units) {
    writes.push_back(&jobs_[unit].writes);
    for (const std::size_t change : units_[unit].changes) {
      if (in_.on_progress && parked_.count(change) == 0) {
        in_.on_progress(Progress::started, changes_[change], nullptr);
      }
    }
  }
  if (!worker.lane) {
    worker.lane =
        std::make_unique<Lane>(static_cast<std::size_t>(std::max(worker.config->max_in_flight, 1)));
  }
  ++worker.in_flight;
  if (!call.zone.empty()) worker.busy.insert(call.zone);
  const bool batch = units_[call.units.front()].changes.size() > 1 && worker.batches;
  worker.lane->submit([this, call = std::move(call), writes, &worker, batch]() mutable {
    const Attempt attempt{**worker.provider, *worker.pace, timing_, stop_, cancel_};
    if (call.zone.empty()) {
      call.results.push_back(attempt_writes(attempt, *writes.front(), batch));
    } else {
      call.results = attempt_units(attempt, writes);
    }
    inbox_.put(std::move(call));
  });
}

void Executor::receive(Call call) {
  Worker& worker = worker_of(call.provider);
  --worker.in_flight;
  worker.busy.erase(call.zone);
  for (std::size_t i = 0; i < call.units.size(); ++i) receive_unit(call.units[i], call.results[i]);
}

void Executor::receive_unit(std::size_t unit, const StepResults& results) {
  const Job& job = jobs_[unit];
  states_[unit] = UnitState::over;
  if (units_[unit].park) {
    finish_park(units_[unit].changes.front(), results.front());
  } else {
    for (const std::size_t change : units_[unit].changes) {
      Outcome outcome = outcome_of(job, in_, change, results);
      if (outcome.kind == OutcomeKind::done) remember(job, change, outcome);
      finish(change, std::move(outcome));
    }
  }
  jobs_[unit] = Job{};
  settle();
}

// What others may refer to: the server's word, else ours, else what was there before.
void Executor::remember(const Job& job, std::size_t index, const Outcome& outcome) {
  const auto wanted = job.wanted.find(index);
  if (wanted == job.wanted.end()) return;
  const Address& address = changes_[index].address;
  const LiveResource* live = live_of(in_.planned, address);
  Attributes known = live == nullptr ? Attributes::object() : live->attributes;
  known.update(wanted->second);
  known.update(outcome.attributes);
  known_[address] = std::move(known);
}

void Executor::finish_park(std::size_t change, const Result<StepResult>& result) {
  if (result) {
    failpoint("executor.after_park");
    parked_.insert(change);
  } else {
    const bool cancelled = result.error().kind == ErrorKind::cancelled;
    finish(change, ended(cancelled ? OutcomeKind::cancelled : OutcomeKind::failed, result.error()));
  }
  reached_.push_back({Milestone{change, true}, result.has_value()});
}

void Executor::finish(std::size_t index, Outcome outcome) {
  if (!over_.emplace(index, outcome.kind).second) return;
  const Change& change = changes_[index];
  outcome.address = change.address;
  outcome.action = change.action;
  outcomes_.push_back(std::move(outcome));
  const bool done = outcomes_.back().kind == OutcomeKind::done;
  if (in_.after_write) {
    failpoint("executor.before_result");
    const Status kept = in_.after_write(change, outcomes_.back());
    failpoint("executor.after_result");
    if (!kept && halt_.empty()) halt_ = kept.error().message;
  }
  if (in_.on_progress) in_.on_progress(Progress::finished, change, &outcomes_.back());
  if (outcomes_.back().kind == OutcomeKind::failed && in_.by_service && halt_.empty()) {
    halt_ = fmt::format("{} failed", display(change.address, false, false));
  }
  reached_.push_back({Milestone{index, false}, done});
}

// Tells those who wait. A list and no recursion: a chain may be as long as the plan.
void Executor::settle() {
  while (!reached_.empty()) {
    const auto [milestone, done] = reached_.front();
    reached_.pop_front();
    const auto waiting = waiting_for_.find(milestone);
    if (waiting == waiting_for_.end()) continue;
    for (const std::size_t u : waiting->second) {
      if (states_[u] != UnitState::waiting) continue;
      if (!done) {
        const bool failed = over_.at(milestone.change) == OutcomeKind::failed;
        give_up(u, needs_error(changes_[milestone.change], failed ? "failed" : "was not made"));
      } else if (--missing_[u] == 0 && in_stage_.count(u) != 0) {
        worker_of(units_[u].provider).ready.insert(u);
      }
    }
  }
}

void Executor::give_up(std::size_t unit, const Error& why) {
  states_[unit] = UnitState::over;
  for (const std::size_t change : units_[unit].changes) {
    finish(change, ended(OutcomeKind::skipped, why));
  }
}

// Without a reason to stop, what is left waits for itself: no plan of ours is like that.
void Executor::cancel_rest() {
  Outcome rest = ended(OutcomeKind::failed,
                       Error{ErrorKind::internal, "waits for itself around a circle", {}, {}, {}});
  if (stop_.stop_requested()) {
    rest = ended(OutcomeKind::cancelled,
                 Error{ErrorKind::cancelled, "stopped before it was begun", {}, {}, {}});
  } else if (!halt_.empty()) {
    const std::string why = fmt::format("not begun: {}", halt_);
    rest = ended(OutcomeKind::cancelled, Error{ErrorKind::cancelled, why, {}, {}, {}});
  }
  for (const Unit& unit : units_) {
    for (const std::size_t change : unit.changes) finish(change, rest);
  }
}

}  // namespace

std::vector<Outcome> execute(const ExecuteInput& input, std::stop_token stop,
                             std::stop_token cancel) {
  return Executor(input, std::move(stop), std::move(cancel)).run();
}

}  // namespace homeostat
