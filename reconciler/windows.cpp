#include "reconciler/windows.hpp"

#include <algorithm>

namespace homeostat {
namespace {

using std::chrono::minutes;

constexpr int day_minutes = 24 * 60;

int minute_of_day(const LocalTime& local) { return local.hour * 60 + local.minute; }

bool is_for(const Window& window, const Address& address) {
  return window.only.empty() || std::ranges::any_of(window.only, [&](const std::string& glob) {
           return address_matches(address, glob);
         });
}

bool is_open(const Window& window, const LocalTime& local) {
  const int minute = minute_of_day(local);
  const bool begun_today = window.days[local.weekday] && minute >= window.from;
  if (window.from < window.to) return begun_today && minute < window.to;
  // Over midnight.
  return begun_today || (window.days[(local.weekday + 6) % 7] && minute < window.to);
}

// By the clock on the wall, as if it went evenly; more than nothing.
int minutes_until(const Window& window, const LocalTime& local) {
  for (unsigned later = 0; later < 7; ++later) {
    const int wait = static_cast<int>(later) * day_minutes + window.from - minute_of_day(local);
    if (wait > 0 && window.days[(local.weekday + later) % 7]) return wait;
  }
  return 7 * day_minutes + window.from - minute_of_day(local);
}

std::optional<Time> next_opening(const Window& window, Time now, const LocalTimeOf& local_time) {
  // A clock is put forward or back by at most this much.
  constexpr int shift = 3 * 60;
  // A window may lie in the gap of a spring night, and come a week later.
  const Time end = now + minutes(15 * day_minutes);
  for (Time at = now; at < end;) {
    const Result<LocalTime> local = local_time(at, window.timezone);
    if (!local) return std::nullopt;
    if (is_open(window, *local)) return at;
    const int wait = minutes_until(window, *local);
    at = std::chrono::floor<minutes>(at) + minutes(wait > shift + 1 ? wait - shift : 1);
  }
  return std::nullopt;
}

}  // namespace

bool may_change_now(const Policy& policy, const Address& address, Time now,
                    const LocalTimeOf& local_time) {
  bool bound = false;
  for (const Window& window : policy.windows) {
    if (!is_for(window, address)) continue;
    bound = true;
    const Result<LocalTime> local = local_time(now, window.timezone);
    if (local && is_open(window, *local)) return true;
  }
  return !bound;
}

std::optional<Time> opens_at(const Policy& policy, const Address& address, Time now,
                             const LocalTimeOf& local_time) {
  if (may_change_now(policy, address, now, local_time)) return now;
  std::optional<Time> first;
  for (const Window& window : policy.windows) {
    if (!is_for(window, address)) continue;
    const std::optional<Time> opens = next_opening(window, now, local_time);
    if (opens && (!first || *opens < *first)) first = opens;
  }
  return first;
}

}  // namespace homeostat
