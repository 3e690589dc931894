// What `homeostat.yaml` says besides resources: providers, networks, zones, secrets, policy, and
// who is told what.
#pragma once

#include <bitset>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "specs/cron.hpp"
#include "specs/resource.hpp"
#include "specs/schema.hpp"
#include "specs/types.hpp"

namespace homeostat {

enum class Adopt : std::uint8_t { never, matching, always };

// One entry of `providers:`. Common settings of every type: `type`, `address`, `mode`, `adopt`,
// `max_in_flight`, `max_per_second`; the rest stands in the type's ProviderSchema::settings.
struct ProviderConfig {
  std::string name;  // the key
  std::string type;
  Attributes settings =
      Attributes::object();     // of the type, and `address`; canonical or as written
  std::vector<OpenValue> open;  // values of `settings` with ${...}
  std::optional<Mode> mode;
  std::optional<Adopt> adopt;
  int max_in_flight = 4;
  int max_per_second = 0;  // 0 = no limit
  Origin where;
  std::vector<FieldOrigin> origins = {};  // of its settings
};

enum class Assign : std::uint8_t { none, vmid, lowest };

struct Network {
  std::string key;
  Cidr cidr;
  std::optional<IpAddress> gateway;
  std::string bridge;
  std::string provider;  // of its `ips:`; may be empty
  int vlan = 0;
  Assign assign = Assign::none;   // none: containers state their address
  std::vector<IpRange> dhcp;      // never given, never declared
  std::vector<IpRange> reserved;  // never given; may be declared
  Origin where;
  std::vector<FieldOrigin> origins = {};  // of its settings
};

enum class Authority : std::uint8_t { shared, full };

// One view of a DNS zone. A zone with `reverse` brings the views `<key>~v4` and `<key>~v6`, which
// stand in Spec::zones as entries of their own with `reverse_of` set. Further ones of a family add
// the front of their DNS name: `<key>~v4~0.6.10`.
struct Zone {
  std::string key;
  std::string zone;             // the DNS name, canonical
  std::vector<std::string> on;  // provider instances
  enum class PointsTo : std::uint8_t { nothing, container, proxy, value };
  PointsTo points_to = PointsTo::nothing;
  std::vector<std::string> values;  // PointsTo::value: addresses, or one name (a CNAME)
  std::string ttl;                  // canonical duration, or "": the provider's own
  Authority authority = Authority::shared;
  std::string reverse_of;  // key of the forward zone, or ""
  // Forward zone: keys of the zones that its PTR records go to, its own or others'.
  std::vector<std::string> reverse;
  Origin where;
  std::vector<FieldOrigin> origins = {};  // of its settings
};

struct SecretSource {
  std::string name;
  enum class Kind : std::uint8_t { file, env, command };
  Kind kind = Kind::env;
  std::vector<std::string> words;  // the path, the variable, or the command line
  std::string expires;             // date, or ""
  Origin where;
};

enum class Severity : std::uint8_t { off, warning, error };

// A time of the week in which the loop may change something. It begins on each of `days`.
struct Window {
  std::vector<std::string> only;  // globs of the addresses that it is for; empty: all
  std::bitset<7> days;            // 0 is Sunday
  int from = 0;                   // minutes after midnight
  int to = 0;                     // where it is not later than `from`: on the day after
  std::string timezone;           // "Europe/Copenhagen", "UTC": right in form; it may not exist
  Origin where;
};

// What waits for a person: what the guard holds back for want of consent, or every change.
enum class Approve : std::uint8_t { guard, always };

struct Policy {
  Mode mode = Mode::report;
  std::map<std::string, Mode> provider_modes;
  std::map<std::string, Mode> kind_modes;
  int max_deletes = 5;                   // deletes + replaces in a scope, before consent is needed
  int max_delete_percent = 30;           // of what is owned in the scope, from two on
  std::map<std::string, Severity> lint;  // floating_image_tags, unmonitored
  std::chrono::seconds heal_after{0};    // how old drift becomes before it is repaired
  Approve approve = Approve::guard;
  // What no window is for may change at any time; everything else in one of its windows only.
  std::vector<Window> windows;
};

// One entry of `notifiers:`; its settings are those of the type's NotifierSchema.
struct NotifierConfig {
  std::string name;  // the key
  std::string type;
  Attributes settings = Attributes::object();  // canonical or as written
  std::vector<OpenValue> open;                 // values of `settings` with ${...}
  Origin where;
  std::vector<FieldOrigin> origins = {};  // of its settings
};

enum class ReportPart : std::uint8_t { drift, unmanaged, incidents, history };

// One entry of `reports:`.
struct ScheduledReport {
  std::string text;  // the cron text, with one blank between its fields
  Cron cron;
  std::string timezone;         // as of a window
  std::vector<std::string> to;  // notifiers; at least one
  std::set<ReportPart> include;
  Origin where;
};

}  // namespace homeostat
