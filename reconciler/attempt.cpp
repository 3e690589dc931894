#include "reconciler/attempt.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "providers/core/failpoint.hpp"

namespace homeostat {
namespace {

constexpr int max_retries = 3;

Error not_attempted() {
  return Error{ErrorKind::cancelled, "not attempted: what comes before it failed", {}, {}, {}};
}

StepResults call(const Attempt& attempt, std::span<const Step> steps) {
  StepResults results;
  const Status called = guarded([&]() -> Status {
    failpoint("executor.before_call");
    results = attempt.provider.apply(steps, attempt.cancel);
    failpoint("executor.after_call");
    if (results.size() == steps.size()) return {};
    return fail(ErrorKind::internal, fmt::format("the provider gave {} answers to {} steps",
                                                 results.size(), steps.size()));
  });
  if (!called) return StepResults(steps.size(), tl::unexpected(called.error()));
  return results;
}

bool is_kind(const Result<StepResult>& result, ErrorKind kind) {
  return !result && result.error().kind == kind;
}

// Nothing failed for good, and something failed that may pass and was not tried often enough. In a
// batch, steps behind a failed one come back as cancelled.
bool may_pass(const StepResults& results) {
  const auto is_transient = [](const auto& result) {
    return is_kind(result, ErrorKind::transient);
  };
  const auto is_final = [](const auto& result) {
    if (result || is_kind(result, ErrorKind::cancelled)) return false;
    return !is_kind(result, ErrorKind::transient) || result.error().exhausted;
  };
  return std::any_of(results.begin(), results.end(), is_transient) &&
         std::none_of(results.begin(), results.end(), is_final);
}

using Writes = std::span<const Write>;

// A step of a call: which write of which unit.
struct Position {
  std::size_t unit;
  std::size_t write;
};

// What is not done of the units that may still be; before the first call, everything.
std::vector<Position> open_steps(const std::vector<Writes>& units,
                                 const std::vector<StepResults>& results, bool first) {
  std::vector<Position> open;
  for (std::size_t u = 0; u < units.size(); ++u) {
    if (!first && !may_pass(results[u])) continue;
    for (std::size_t w = 0; w < units[u].size(); ++w) {
      if (!results[u][w]) open.push_back({u, w});
    }
  }
  return open;
}

// One call with all steps; then with those that are not done, of the units that may still be.
// `begun`: what was written before is only half of it, so that a stop request comes too late.
std::vector<StepResults> call_with_retries(const Attempt& attempt, const std::vector<Writes>& units,
                                           bool begun) {
  std::vector<StepResults> results;
  const auto fill = [&](const Error& error) {
    results.clear();
    for (const Writes& writes : units) {
      results.emplace_back(writes.size(), tl::unexpected(error));
    }
  };
  fill(not_attempted());
  for (int retry = 0;; ++retry) {
    attempt.timing.wait(attempt.pace.take_turn(attempt.timing.now()), attempt.stop);
    if (attempt.stop.stop_requested() && retry > 0) return results;
    if (attempt.stop.stop_requested() && !begun) {
      fill(Error{ErrorKind::cancelled, "stopped before it was written", {}, {}, {}});
      return results;
    }
    const std::vector<Position> open = open_steps(units, results, retry == 0);
    std::vector<Step> steps;
    steps.reserve(open.size());
    for (const Position& at : open) steps.push_back(as_step(units[at.unit][at.write]));
    StepResults answers = call(attempt, steps);
    for (std::size_t i = 0; i < open.size(); ++i) {
      results[open[i].unit][open[i].write] = std::move(answers[i]);
    }
    if (retry == max_retries || std::none_of(results.begin(), results.end(), may_pass)) {
      return results;
    }
    attempt.timing.wait(backoff(attempt.timing, retry), attempt.stop);
  }
}

}  // namespace

Status guarded(const std::function<Status()>& call) {
  try {
    return call();
  } catch (const std::exception& thrown) {
    return fail(ErrorKind::internal, fmt::format("the provider broke: {}", thrown.what()));
  } catch (...) {
    return fail(ErrorKind::internal, "the provider broke");
  }
}

StepResults attempt_writes(const Attempt& attempt, const std::vector<Write>& writes, bool batch) {
  if (batch) return std::move(call_with_retries(attempt, {Writes(writes)}, false).front());
  StepResults results;
  bool failed = false;
  for (const Write& write : writes) {
    if (failed) {
      results.push_back(tl::unexpected(not_attempted()));
      continue;
    }
    const bool begun = !results.empty();
    if (begun) failpoint("executor.between_writes");
    auto answers = call_with_retries(attempt, {Writes(&write, 1)}, begun);
    results.push_back(std::move(answers.front().front()));
    failed = !results.back();
  }
  return results;
}

std::vector<StepResults> attempt_units(const Attempt& attempt,
                                       const std::vector<const std::vector<Write>*>& units) {
  std::vector<Writes> writes;
  writes.reserve(units.size());
  for (const std::vector<Write>* unit : units) writes.emplace_back(*unit);
  return call_with_retries(attempt, writes, false);
}

}  // namespace homeostat
