// What is wrong now, and what was told of it: an incident is told once when it opens and once when
// it closes, over restarts. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/notify/message.hpp"
#include "reconciler/plan.hpp"

namespace homeostat {

enum class TroubleKind : std::uint8_t {
  drift,               // a difference that git did not cause
  failed,              // a change that could not be made
  stuck,               // one that is made again and again, and does not stay
  unreachable,         // a provider that could not be looked at, or in part
  approval,            // something waits for a person's word
  secret_expiry,       // `expires` of a secret is near, or past
  certificate_expiry,  // likewise of a certificate
  ignore_expired,      // the `until` of an `ignore` has passed
  notifier,            // somebody cannot be told
  commit,              // the newest commit is not in force
  remote               // the repository cannot be asked
};
[[nodiscard]] std::string_view name_of(TroubleKind kind);  // "secret_expiry"
[[nodiscard]] std::optional<TroubleKind> trouble_kind(std::string_view name);

struct Trouble {
  TroubleKind kind = TroubleKind::drift;
  std::string key = {};      // identity over time, over all kinds: "drift dns/lab/nas/A@dns"
  std::string title = {};    // one line, no secret
  std::string details = {};  // lines, no secret
  Time since = {};
  std::string by = {};
  // What has to be looked at to know whether it is still so: "plan in dns/lab". "": it is always
  // known.
  std::string subject = {};
  friend bool operator==(const Trouble&, const Trouble&) = default;
};

// What a look has shown: what is wrong, and which subjects it could not tell of: nothing that has
// one of them as its subject begins or ends by this look. A subject's first word stands for all
// that begin with it.
struct Sight {
  std::vector<Trouble> troubles = {};
  std::set<std::string> unknown = {};
};

// The subject of all that troubles_of() tells, and of what is in a scope. Without a plan, unknown.
inline constexpr const char* plan_subject = "plan";
[[nodiscard]] std::string subject_of(const Scope& scope);

// What the plan and the spec show by themselves: drift (not of what is `alarm_only`, and first
// contact only where the mode is `report`), stuck changes, unreachable providers, secrets within 14
// days of `expires` or past it, expired ignores. `looked`: the scopes that were looked at for this
// plan; of the others it may be old.
[[nodiscard]] Sight troubles_of(const Plan& plan, const Spec& spec, const std::set<Scope>& looked);

// A certificate that ends within 14 days, or has; nullopt: there is time. `whose`: "provider pdns".
[[nodiscard]] std::optional<Trouble> certificate_trouble(const std::string& whose, Time until,
                                                         Time now);

struct Incident {
  std::int64_t id = 0;
  Trouble trouble = {};  // as last seen
  Time opened = {};
  std::optional<Time> closed = std::nullopt;
  // It came and went too often and was told as such. Until it has been steady for a while, its
  // coming and going is not told, and it stays open.
  bool flapping = false;
  bool there = true;  // when last seen
  Time moved = {};    // when that changed last
  friend bool operator==(const Incident&, const Incident&) = default;
};

// Something to be told of an incident.
struct Event {
  enum class Kind : std::uint8_t { opened, flapping, closed };
  Kind kind = Kind::opened;
  Incident incident = {};
  Time at = {};
};

struct Told {
  std::vector<Incident> incidents;  // those given, as they are now, and new ones behind them
  std::vector<Event> events;        // the closed ones first
};

struct Damping {
  int openings = 3;                                     // the third within
  std::chrono::seconds within = std::chrono::hours(1);  // this time is told as flapping
  std::chrono::seconds quiet = std::chrono::hours(1);   // steady for so long: no longer
};

// `known`: in any order, those that are open, those that were opened within `Damping::within`, and
// the newest one (ids go on from there). Of troubles with one key the first counts.
[[nodiscard]] Told follow_up(std::vector<Incident> known, const Sight& sight, Time now,
                             const Damping& damping = {});

// One message an event; many of a kind at once are one message that lists them. The ids are the
// same for the same events, and never those of others.
[[nodiscard]] std::vector<Message> messages_of(const std::vector<Event>& events,
                                               const std::string& site);

}  // namespace homeostat
