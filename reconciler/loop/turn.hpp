// One turn of the loop: look, carry out what its rules let through, look again, and say what is
// wrong now.
#pragma once

#include <optional>
#include <set>

#include "reconciler/incidents.hpp"
#include "reconciler/reconcile.hpp"

namespace homeostat {

struct TurnInput {
  Request request;  // which commit; the turn sets what makes it the loop's
  // What was seen before, and what is to be looked at again; nullopt: everything is.
  std::shared_ptr<const Observed> seen = nullptr;
  std::optional<std::set<Scope>> scopes = std::nullopt;
  std::vector<Trouble> before = {};        // Turn::troubles of the last one
  std::function<void()> on_progress = {};  // something moved
  std::function<void(const Change&, const Outcome&)> on_change = {};  // a write has ended
};

struct Turn {
  Planned planned;  // as things are after the turn; points into nothing
  Spec spec;
  Verdict verdict;  // on its connections
  // What each notifier is opened with, secrets included; why it is not.
  std::map<std::string, Result<Attributes>> notifiers;
  SecretHash hash;
  Places places;
  std::set<Scope> looked;  // in this turn
  std::shared_ptr<const Observed> observed;
  // Failed writes, until they are made or wanted no more; what waits for an approval; certificates
  // of servers that end soon.
  std::vector<Trouble> troubles;
  std::vector<Outcome> outcomes;
  std::map<std::string, CallCounts> calls;  // by provider instance
  std::vector<std::string> lingering;       // written, but does not read back: lingering_lines()
  Errors errors;                            // of the ledger, or of what came after the writes
  bool looked_again = true;                 // false: cancelled, `planned` is what was begun
  std::optional<Time> again;                // when time alone lets something go that waits
  std::size_t waiting_approvals = 0;
};

// Whether something of it went wrong.
[[nodiscard]] bool failed(const Turn& turn);

// The caller holds the site's lock. Errors: it could not even be planned.
[[nodiscard]] tl::expected<Turn, Errors> take_turn(const TurnInput& input, std::stop_token stop,
                                                   std::stop_token cancel);

}  // namespace homeostat
