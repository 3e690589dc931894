// A provider in memory, with a script of faults and a log of calls.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "providers/core/provider.hpp"

namespace homeostat {

// What a call does instead of its work, or a step of it. Each fault serves once, oldest first. What
// comes behind a failed step of a batch (of zone batches: on the same name) is not done.
struct Fault {
  enum class Kind : std::uint8_t {
    fail,      // returns `error`, and does nothing
    lose,      // does the work, and returns `error`: the answer was lost
    lie,       // does nothing, and says that all went well
    partial,   // observe: half of the resources, and `incomplete` is set
    twice,     // observe: the first resource is listed twice
    throw_it,  // throws
    too_few,   // apply: one answer too few
    hang,      // waits until a stop is requested, then says so
  };
  Kind kind = Kind::fail;
  Error error = {ErrorKind::transient, "no answer in 10 s", {}, {}, {}};
};

// What every instance of the test has seen, in order: "dns: update dns/lab/www/A", "dns: batch of
// 2", "dns: observe dns/lab".
class CallLog {
 public:
  void add(std::string line);
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_
};

class FakeProvider final : public Provider {
 public:
  FakeProvider(std::string name, CallLog& log);

  // --- for the test, before the calls or between them
  ProviderInfo info_of_it;
  Errors warnings;  // of every observe
  std::string traffic_of_it;
  std::optional<CallCounts> calls_of_it;
  void put(LiveResource resource);
  void erase(const std::string& native_id);
  // nullptr where there is none.
  [[nodiscard]] const LiveResource* find(const std::string& native_id) const;
  // The next call about it: "observe" or "observe <scope>", "apply" or "apply <address>".
  void next(const std::string& call, Fault fault);
  // Called at the start of each apply, outside all locks: tests wait in it, or request a stop.
  std::function<void(std::span<const Step>)> on_apply;
  std::function<void()> on_canonical;
  [[nodiscard]] std::size_t most_in_flight() const;

  [[nodiscard]] const ProviderInfo& info() const override { return info_of_it; }
  [[nodiscard]] Attributes canonical(const Address&, Attributes wanted) const override {
    if (on_canonical) on_canonical();
    return wanted;
  }
  [[nodiscard]] Result<Observation> observe(const Scope& scope, std::stop_token stop) override;
  [[nodiscard]] std::vector<Result<StepResult>> apply(std::span<const Step> steps,
                                                      std::stop_token stop) override;
  [[nodiscard]] std::string traffic() const override { return traffic_of_it; }
  [[nodiscard]] std::optional<CallCounts> calls() const override { return calls_of_it; }

 private:
  std::optional<Fault> take_fault(const std::string& call, const std::string& about);
  Result<StepResult> apply_one(const Step& step);
  Result<StepResult> answer(const Step& step, const std::optional<Fault>& fault,
                            const std::stop_token& stop);

  std::string name_;
  CallLog& log_;
  mutable std::mutex mutex_;
  std::map<std::string, LiveResource> live_;         // by native id; guarded by mutex_
  std::vector<std::pair<std::string, Fault>> next_;  // guarded by mutex_
  std::size_t in_flight_ = 0;                        // guarded by mutex_
  std::size_t most_in_flight_ = 0;                   // guarded by mutex_
};

// An instance in a table as observe() and execute() want it; the pointer is to the table's own.
FakeProvider& add_fake(std::map<std::string, Result<std::unique_ptr<Provider>>>& providers,
                       const std::string& name, CallLog& log);

}  // namespace homeostat
