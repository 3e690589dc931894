#include "reconciler/outbox.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "providers/core/failpoint.hpp"
#include "reconciler/report/cells.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

std::chrono::seconds pause_after(int attempts, const OutboxLimits& limits) {
  std::chrono::seconds pause = limits.first_pause;
  for (int i = 0; i < attempts && pause < limits.longest_pause; ++i) pause *= 2;
  return std::min(pause, limits.longest_pause);
}

std::string words_of(const Delivery& answer) {
  const std::string words = error_words(answer.error);
  return words.empty() ? "it said no, and not why" : words;
}

std::string too_old(const Waiting& message, const OutboxLimits& limits) {
  const std::string last = message.error.empty() ? "" : "; at last: " + message.error;
  return fmt::format("not accepted within {}{}", age_words(limits.given_up), last);
}

Status record(Ledger& ledger, const Waiting& message, const Fate& fate, Time at) {
  switch (fate.kind) {
    case Fate::Kind::sent:
      return ledger.mark_sent(message.id, at);
    case Fate::Kind::failed:
      return ledger.mark_failed(message.id, at, fate.error);
    case Fate::Kind::waits:
      return ledger.put_off(message.id, fate.until, fate.error);
    case Fate::Kind::untried:
      return {};
  }
  return {};
}

}  // namespace

Fate fate_of(const Waiting& message, const Delivery& answer, Time now, const OutboxLimits& limits) {
  if (answer.state == DeliveryState::accepted) return {};
  if (answer.error.kind == ErrorKind::cancelled) return {.kind = Fate::Kind::untried};
  if (answer.state == DeliveryState::refused) {
    return {.kind = Fate::Kind::failed, .error = words_of(answer)};
  }
  // A moment that has passed would have it tried again at once, and again.
  Time until = now + pause_after(message.attempts, limits);
  if (answer.not_before && *answer.not_before > now) until = *answer.not_before;
  return {.kind = Fate::Kind::waits,
          .until = std::min(until, message.message.at + limits.given_up),
          .error = words_of(answer)};
}

Result<OutboxTurn> send_waiting(Ledger& ledger, const std::string& notifier, const Deliver& deliver,
                                const std::function<Time()>& now, std::stop_token stop,
                                const OutboxLimits& limits) {
  OutboxTurn turn;
  TRY_ASSIGN(const auto queue, ledger.outbox(notifier));
  for (const Waiting& message : queue) {
    if (stop.stop_requested()) break;
    Fate fate{.kind = Fate::Kind::failed, .error = too_old(message, limits)};
    if (now() < message.message.at + limits.given_up) {
      if (message.not_before > now()) {
        turn.next = message.not_before;
        break;
      }
      fate = fate_of(message, deliver(message.message), now(), limits);
      failpoint("outbox.before_sent");
    }
    TRY(record(ledger, message, fate, now()));
    failpoint("outbox.after_sent");
    if (fate.kind == Fate::Kind::waits) turn.next = fate.until;
    if (fate.kind == Fate::Kind::waits || fate.kind == Fate::Kind::untried) break;
    ++(fate.kind == Fate::Kind::sent ? turn.sent : turn.failed);
  }
  return turn;
}

std::vector<Trouble> notifier_troubles(const std::map<std::string, NotifierState>& states,
                                       const std::set<std::string>& notifiers, Time now,
                                       const OutboxLimits& limits) {
  std::vector<Trouble> troubles;
  for (const auto& [name, state] : states) {
    if (!notifiers.contains(name)) continue;
    const bool silent = state.attempts > 0 && state.oldest && *state.oldest <= now - limits.noticed;
    if (!silent && !state.failed) continue;
    std::string why = state.failed ? state.failure : state.error;
    const std::string itself = fmt::format("notifier {}: ", name);
    if (why.starts_with(itself)) why.erase(0, itself.size());
    Trouble trouble{
        .kind = TroubleKind::notifier,
        .key = "notifier " + name,
        .title = fmt::format("notifier {} {}: {}", printable(name),
                             state.failed ? "does not take a message" : "cannot be reached",
                             printable(why)),
        .since = state.failed ? state.ended : *state.oldest};
    if (state.waiting > 0) trouble.details = counted(state.waiting, "message") + " waiting\n";
    troubles.push_back(std::move(trouble));
  }
  return troubles;
}

}  // namespace homeostat
