#include "reconciler/attempt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <random>

#include "providers/core/failpoint.hpp"
namespace homeostat {
namespace {

using std::chrono::milliseconds;

constexpr int max_retries = 3;
constexpr milliseconds first_pause{500};

using Results = std::vector<Result<StepResult>>;

Error not_attempted() {
  return Error{ErrorKind::cancelled, "not attempted: what comes before it failed", {}, {}, {}};
}

// Doubles each time; half of it is left to chance, so that many who failed together do not come
// back together.
milliseconds pause_before(int retry) {
  std::random_device chance;
  const milliseconds longest = first_pause * (1 << retry);
  return milliseconds(std::uniform_int_distribution<milliseconds::rep>(longest.count() / 2,
                                                                       longest.count())(chance));
}

Results call(const Attempt& attempt, std::span<const Step> steps) {
  Results results;
  const Status called = guarded([&]() -> Status {
    failpoint("executor.before_call");
    results = attempt.provider.apply(steps, attempt.cancel);
    failpoint("executor.after_call");
    if (results.size() == steps.size()) return {};
    return fail(ErrorKind::internal, fmt::format("the provider gave {} answers to {} steps",
                                                 results.size(), steps.size()));
  });
  if (!called) return Results(steps.size(), tl::unexpected(called.error()));
  return results;
}

bool is_kind(const Result<StepResult>& result, ErrorKind kind) {
  return !result && result.error().kind == kind;
}

// Nothing failed for good, and something failed that may pass. In a batch, steps behind a failed
// one come back as cancelled.
bool may_pass(const Results& results) {
  const auto is_transient = [](const auto& result) {
    return is_kind(result, ErrorKind::transient);
  };
  const auto is_final = [](const auto& result) {
    return !result && !is_kind(result, ErrorKind::transient) &&
           !is_kind(result, ErrorKind::cancelled);
  };
  return std::any_of(results.begin(), results.end(), is_transient) &&
         std::none_of(results.begin(), results.end(), is_final);
}

// One call with all steps; then with those that are not done. `begun`: what was written before is
// only half of it, so that a stop request comes too late.
Results call_with_retries(const Attempt& attempt, std::span<const Write> writes, bool begun) {
  Results results(writes.size(), tl::unexpected(not_attempted()));
  for (int retry = 0;; ++retry) {
    attempt.timing.wait(attempt.pace.take_turn(attempt.timing.now()), attempt.stop);
    if (attempt.stop.stop_requested() && retry > 0) return results;
    if (attempt.stop.stop_requested() && !begun) {
      return Results(writes.size(), fail(ErrorKind::cancelled, "stopped before it was written"));
    }
    std::vector<std::size_t> open;
    std::vector<Step> steps;
    for (std::size_t i = 0; i < writes.size(); ++i) {
      if (results[i]) continue;
      open.push_back(i);
      steps.push_back(as_step(writes[i]));
    }
    Results answers = call(attempt, steps);
    for (std::size_t i = 0; i < open.size(); ++i) results[open[i]] = std::move(answers[i]);
    if (retry == max_retries || !may_pass(results)) return results;
    attempt.timing.wait(pause_before(retry), attempt.stop);
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

Timing real_timing() {
  Timing timing;
  timing.now = [] { return std::chrono::steady_clock::now(); };
  timing.wait = [](milliseconds pause, const std::stop_token& stop) {
    if (pause.count() <= 0) return;
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, pause, [] { return false; });
  };
  return timing;
}

milliseconds Pace::take_turn(std::chrono::steady_clock::time_point now) {
  if (per_second_ <= 0) return milliseconds(0);
  const std::lock_guard lock(mutex_);
  const auto mine = std::max(now, next_);
  next_ = mine + std::chrono::nanoseconds(std::chrono::seconds(1)) / per_second_;
  return std::chrono::ceil<milliseconds>(mine - now);
}

Results attempt_writes(const Attempt& attempt, const std::vector<Write>& writes, bool batch) {
  if (batch) return call_with_retries(attempt, writes, false);
  Results results;
  bool failed = false;
  for (const Write& write : writes) {
    if (failed) {
      results.push_back(tl::unexpected(not_attempted()));
      continue;
    }
    const bool begun = !results.empty();
    if (begun) failpoint("executor.between_writes");
    results.push_back(std::move(call_with_retries(attempt, std::span(&write, 1), begun).front()));
    failed = !results.back();
  }
  return results;
}

}  // namespace homeostat
