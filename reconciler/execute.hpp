// Walks a plan through the lanes: graph order, one outcome a change, a failure holds back what
// needs it and nothing else.
#pragma once

#include <functional>

#include "providers/core/timing.hpp"
#include "reconciler/plan.hpp"
#include "reconciler/resolve.hpp"

namespace homeostat {

enum class OutcomeKind : std::uint8_t { done, failed, skipped, cancelled };

struct Outcome {
  Address address;
  Action action = Action::update;
  OutcomeKind kind = OutcomeKind::skipped;
  std::optional<Error> error;       // failed; skipped: what it waited for
  std::string native_id;            // done: of what is there now
  Attributes attributes = nullptr;  // done: as the server answered
};

enum class Progress : std::uint8_t { started, finished };

// A change that is about to be written, with all its values, secrets included. Of what goes, and of
// the park step, `filled` is empty.
struct Intended {
  const Change& change;
  const Attributes& filled;
  bool park = false;
};

struct ExecuteInput {
  const Planned& planned;
  const Spec& spec;
  Providers& providers;  // opened for writing
  const SecretValues& secrets;
  bool by_service = false;  // each service to its end before the next; stop at the first failure
  // After each service of `by_service`: observes and compares; an error stops the walk.
  std::function<Status(const std::vector<Outcome>&)> verify_service = {};
  // Called from the coordinating thread, in order.
  std::function<void(Progress, const Change&, const Outcome*)> on_progress = {};
  // Before what is written together (one change, a batch, a park step), and after each outcome,
  // from the coordinating thread: the ledger's place. An error: it is not written, and nothing new
  // starts.
  std::function<Status(std::span<const Intended>)> before_write = {};
  // An error: nothing new starts.
  std::function<Status(const Change&, const Outcome&)> after_write = {};
  Timing timing = {};  // empty functions: the real clock
};

// First stop request: nothing new starts, what is in flight is finished. Second (`cancel`): the
// providers are told to stop. One outcome for each change that is not held, in order of completion.
// What may pass (ErrorKind::transient, not exhausted) is tried three times more, with growing
// pauses.
[[nodiscard]] std::vector<Outcome> execute(const ExecuteInput& input, std::stop_token stop,
                                           std::stop_token cancel);

}  // namespace homeostat
