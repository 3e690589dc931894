// The five fields of a cron line, read and checked. When the next moment comes is a question of
// clocks and time zones, and not asked here.
#pragma once

#include <bitset>
#include <string_view>

#include "specs/result.hpp"

namespace homeostat {

// Each set holds its values as they are written: bit 9 of `hour` is nine o'clock.
struct Cron {
  std::bitset<60> minute = {};
  std::bitset<24> hour = {};
  std::bitset<32> day_of_month = {};  // 1 to 31
  std::bitset<13> month = {};         // 1 to 12
  std::bitset<7> day_of_week = {};    // 0 is Sunday
  // The field begins with `*` (also `*/2`). As with cron itself: a day fits when both day fields
  // do; where neither has a star, when one of them does.
  bool dom_star = false;
  bool dow_star = false;
  friend bool operator==(const Cron&, const Cron&) = default;
};

// "0 7 * * mon-fri": minute, hour, day of the month, month, day of the week, each `*`, a number, a
// range, a list of these, and with a step (`*/15`, `8-18/2`). Months and days of the week have
// names, in any case; 7 is Sunday too. What no day of any year fits ("0 0 31 2 *") is an error. Of
// an error `where.column` is the first character of the field that is wrong (line 0: the text's
// place is the caller's).
[[nodiscard]] Result<Cron> parse_cron(std::string_view text);

}  // namespace homeostat
