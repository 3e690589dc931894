// What the loop keeps in the ledger from one round to the next, as plain values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/incidents.hpp"

namespace homeostat {

// A message on its way to one notifier.
struct Outgoing {
  std::string notifier;  // as the spec calls it
  Message message;
};

// What must not be torn apart: what is known now, and that it will be told.
struct Telling {
  std::vector<Incident> incidents = {};      // new ones and changed ones
  std::vector<Outgoing> messages = {};       // one that stands there already is not put there again
  std::map<std::string, Time> reports = {};  // when each was made last
};

// One that was not accepted yet.
struct Waiting {
  std::int64_t id = 0;  // in the order in which they are to be sent
  std::string notifier = {};
  Message message = {};
  int attempts = 0;
  Time not_before = {};
  std::string error = {};  // of the last attempt
};

// How it went with a notifier lately.
struct NotifierState {
  std::size_t waiting = 0;
  std::optional<Time> oldest = std::nullopt;  // of those: when its message was made
  int attempts = 0;                           // of the first in the queue
  std::string error = {};                     // likewise
  // Of the last one that is over: that it was given up, when, and why.
  bool failed = false;
  Time ended = {};
  std::string failure = {};
  friend bool operator==(const NotifierState&, const NotifierState&) = default;
};

// A question to a person: may this be done? One about a plan is open at a time; another plan is
// another question, and the old one is stale then. One about a fork's pull request asks whether its
// revision may be looked at; it is open as long as that commit is the tip.
struct Approval {
  enum class State : std::uint8_t { waiting, approved, done, failed, stale };
  std::int64_t id = 0;
  std::string plan = {};                // plan_id() of what would be done; a fork's: the commit
  std::vector<Address> addresses = {};  // whose changes wait
  std::string digest = {};              // over all of these changes
  std::string reason = {};
  Time requested = {};
  State state = State::waiting;
  std::optional<Time> approved = std::nullopt;
  std::string by = {};
  std::optional<Time> ended = std::nullopt;
  std::string outcome = {};       // one sentence
  std::int64_t pull_request = 0;  // its number; 0: the question is about a plan
  friend bool operator==(const Approval&, const Approval&) = default;
};
[[nodiscard]] std::string_view name_of(Approval::State state);

// `homeostat suspend`: what fits is left alone until `homeostat resume`.
struct ManualHold {
  std::string glob = {};  // over addresses; "*": the whole site
  std::string reason = {};
  std::string by = {};
  Time since = {};
  friend bool operator==(const ManualHold&, const ManualHold&) = default;
};

}  // namespace homeostat
