// When a cron text comes next, on the clock on the wall of a time zone. Pure, but for the system's
// time zone database.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "providers/core/provider.hpp"
#include "specs/cron.hpp"

namespace homeostat {

// What the clock on the wall shows.
struct LocalTime {
  int year = 0;
  unsigned month = 0;    // 1 to 12
  unsigned day = 0;      // of the month
  unsigned weekday = 0;  // 0 is Sunday
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::chrono::seconds offset{0};  // ahead of UTC
  std::string zone = {};           // "CEST"
  friend bool operator==(const LocalTime&, const LocalTime&) = default;
};

// Zones are called as in the tz database: "Europe/Copenhagen"; "" is UTC. All three fail
// (invalid_spec) where this system knows none of that name.
[[nodiscard]] Status find_zone(const std::string& zone);
[[nodiscard]] Result<LocalTime> local_time(Time at, const std::string& zone);
// The first moment after `after`; nullopt where none comes within 40 years. A time of day that the
// clock skips in spring comes at the moment right after the gap, all that lie in it at once; one
// that it shows twice in autumn comes the first time only. What comes in every hour comes in every
// real hour (never for the gap's sake, and twice where the clock shows it twice), and what comes in
// every minute in every real minute.
[[nodiscard]] Result<std::optional<Time>> next_after(const Cron& cron, const std::string& zone,
                                                     Time after);
// Whether it should have come by now since it came last: once, however often it was missed.
[[nodiscard]] Result<bool> due(const Cron& cron, const std::string& zone, Time last, Time now);

}  // namespace homeostat
