// Messages from the ledger to notifiers: each stands there until it was accepted. At least once;
// twice only where the process dies or the answer is lost between sending and recording, and then
// with the same id.
#pragma once

#include <functional>
#include <set>

#include "reconciler/ledger.hpp"

namespace homeostat {

using Deliver = std::function<Delivery(const Message&)>;

struct OutboxLimits {
  std::chrono::seconds first_pause = std::chrono::seconds(30);  // doubled with every attempt
  std::chrono::seconds longest_pause = std::chrono::hours(1);
  std::chrono::seconds given_up = std::chrono::days(7);  // after its message was made
  std::chrono::seconds noticed = std::chrono::hours(1);  // a notifier that takes nothing so long
};

// What comes of an answer.
struct Fate {
  enum class Kind : std::uint8_t { sent, failed, waits, untried };
  Kind kind = Kind::sent;
  Time until = {};         // waits
  std::string error = {};  // failed, waits
  friend bool operator==(const Fate&, const Fate&) = default;
};
// Pure. `untried`: we are stopping, and the answer says nothing of the message.
[[nodiscard]] Fate fate_of(const Waiting& message, const Delivery& answer, Time now,
                           const OutboxLimits& limits = {});

struct OutboxTurn {
  std::size_t sent = 0;
  std::size_t failed = 0;
  std::optional<Time> next = std::nullopt;  // when something is to be tried again
};
// Sends what waits for one notifier, in order: behind one that has to wait, all wait.
[[nodiscard]] Result<OutboxTurn> send_waiting(Ledger& ledger, const std::string& notifier,
                                              const Deliver& deliver,
                                              const std::function<Time()>& now,
                                              std::stop_token stop,
                                              const OutboxLimits& limits = {});

// Notifiers of the spec that refused the last message, or that have not taken any for long. Pure.
[[nodiscard]] std::vector<Trouble> notifier_troubles(
    const std::map<std::string, NotifierState>& states, const std::set<std::string>& notifiers,
    Time now, const OutboxLimits& limits = {});

}  // namespace homeostat
