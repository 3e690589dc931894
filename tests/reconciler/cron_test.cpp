#include "reconciler/cron.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <memory>
#include <mutex>
#include <random>

#include "tests/support/cases.hpp"

namespace homeostat {
namespace {

using namespace std::chrono;

Time utc(int year_number, unsigned month_number, unsigned day_number, int hour, int minute) {
  return sys_days(year(year_number) / month(month_number) / day(day_number)) + hours(hour) +
         minutes(minute);
}

Cron cron(std::string_view text) {
  auto parsed = parse_cron(text);
  if (!parsed) FAIL(to_string(parsed.error()));
  return *parsed;
}

std::string shown(Time at, const std::string& zone) {
  const auto local = local_time(at, zone);
  REQUIRE(local);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} {}", local->year, local->month, local->day,
                     local->hour, local->minute, local->zone);
}

// The next `count` times, on the clock on the wall.
std::vector<std::string> next(std::string_view text, const std::string& zone, Time after,
                              int count) {
  std::vector<std::string> times;
  const Cron parsed = cron(text);
  for (int i = 0; i < count; ++i) {
    const auto at = next_after(parsed, zone, after);
    REQUIRE(at);
    if (!*at) break;
    times.push_back(shown(**at, zone));
    after = **at;
  }
  return times;
}

using Times = std::vector<std::string>;

}  // namespace

TEST_CASE("cron: the clock on the wall of a zone") {
  CHECK(shown(utc(2026, 7, 1, 22, 30), "Europe/Copenhagen") == "2026-07-02 00:30 CEST");
  CHECK(shown(utc(2026, 1, 1, 0, 0), "America/New_York") == "2025-12-31 19:00 EST");
  CHECK(shown(utc(2026, 1, 1, 0, 0), "Australia/Lord_Howe") == "2026-01-01 11:00 +11");
  CHECK(shown(utc(2026, 7, 1, 0, 0), "Asia/Kathmandu") == "2026-07-01 05:45 +0545");
  CHECK(shown(utc(2026, 7, 1, 0, 0), "") == "2026-07-01 00:00 UTC");
  const auto local = local_time(utc(2026, 11, 22, 8, 7) + seconds(6), "Europe/Copenhagen");
  REQUIRE(local);
  CHECK(local->weekday == 0);
  CHECK(local->second == 6);
  CHECK(local->offset == hours(1));
}

TEST_CASE("cron: a zone that nobody knows is an error that says what may be meant") {
  CHECK(find_zone("Europe/Copenhagen"));
  CHECK(find_zone("UTC"));
  CHECK(find_zone(""));
  const auto wrong = find_zone("Europe/Kopenhagen");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message == "there is no time zone `Europe/Kopenhagen`");
  CHECK(wrong.error().hint == "did you mean `Europe/Copenhagen`?");
  for (const char* name : {"CEST", "../../../etc/passwd", "/etc/localtime", "posixrules\n", "12"}) {
    CAPTURE(name);
    CHECK_FALSE(find_zone(name));
    CHECK_FALSE(local_time(Time(), name));
    CHECK_FALSE(next_after(cron("0 7 * * 1"), name, Time()));
    CHECK_FALSE(due(cron("0 7 * * 1"), name, Time(), Time()));
  }
}

TEST_CASE("cron: fields are the clock on the wall, and the next time is a later one") {
  const Time friday = utc(2026, 11, 20, 12, 0);
  CHECK(next("0 7 * * 1", "Europe/Copenhagen", friday, 2) ==
        Times{"2026-11-23 07:00 CET", "2026-11-30 07:00 CET"});
  CHECK(next("0 12 * * *", "UTC", friday, 1) == Times{"2026-11-21 12:00 UTC"});
  CHECK(next("0 12 * * *", "UTC", friday - seconds(1), 1) == Times{"2026-11-20 12:00 UTC"});
  CHECK(next("*/20 8-9 * * *", "UTC", friday, 7) ==
        Times{"2026-11-21 08:00 UTC", "2026-11-21 08:20 UTC", "2026-11-21 08:40 UTC",
              "2026-11-21 09:00 UTC", "2026-11-21 09:20 UTC", "2026-11-21 09:40 UTC",
              "2026-11-22 08:00 UTC"});
  CHECK(next("0 0 29 2 *", "UTC", utc(2028, 2, 29, 0, 0), 1) == Times{"2032-02-29 00:00 UTC"});
  CHECK(next("0 0 29 2 *", "UTC", utc(2096, 2, 29, 0, 0), 1) == Times{"2104-02-29 00:00 UTC"});
}

TEST_CASE("cron: of two days that are stated one is enough, of a star and a day both") {
  const Time friday = utc(2026, 11, 20, 12, 0);
  CHECK(next("0 0 24 * 0", "UTC", friday, 4) ==
        Times{"2026-11-22 00:00 UTC", "2026-11-24 00:00 UTC", "2026-11-29 00:00 UTC",
              "2026-12-06 00:00 UTC"});
  CHECK(next("0 0 24 * *", "UTC", friday, 2) ==
        Times{"2026-11-24 00:00 UTC", "2026-12-24 00:00 UTC"});
  // Sundays with an odd date.
  CHECK(next("0 0 */2 * 0", "UTC", friday, 2) ==
        Times{"2026-11-29 00:00 UTC", "2026-12-13 00:00 UTC"});
}

TEST_CASE("cron: a time that spring skips comes once, right after the gap") {
  const Time night = utc(2026, 3, 28, 12, 0);  // Copenhagen: 02:00 -> 03:00 on the 29th
  const std::string here = "Europe/Copenhagen";
  CHECK(next("30 2 * * *", here, night, 2) ==
        Times{"2026-03-29 03:00 CEST", "2026-03-30 02:30 CEST"});
  CHECK(next("*/15 2 * * *", here, night, 2) ==
        Times{"2026-03-29 03:00 CEST", "2026-03-30 02:00 CEST"});
  CHECK(next("0 2,3 * * *", here, night, 2) ==
        Times{"2026-03-29 03:00 CEST", "2026-03-30 02:00 CEST"});
  CHECK(next("0 3 * * *", here, night, 2) ==
        Times{"2026-03-29 03:00 CEST", "2026-03-30 03:00 CEST"});
  CHECK(next("59 1 * * *", here, night, 1) == Times{"2026-03-29 01:59 CET"});
  CHECK(next("0 2 * * 1", here, night, 1) == Times{"2026-03-30 02:00 CEST"});
  const Time april = utc(2026, 3, 7, 12, 0);
  CHECK(next("15 2 8 3 *", "America/New_York", april, 2) ==
        Times{"2026-03-08 03:00 EDT", "2027-03-08 02:15 EST"});
  // Half an hour: 02:00 -> 02:30.
  const Time october = utc(2026, 10, 3, 0, 0);
  CHECK(next("10 2 * * *", "Australia/Lord_Howe", october, 2) ==
        Times{"2026-10-04 02:30 +11", "2026-10-05 02:10 +11"});
  CHECK(next("30 2 * * *", "Australia/Lord_Howe", october, 2) ==
        Times{"2026-10-04 02:30 +11", "2026-10-05 02:30 +11"});
  // At midnight, so that the day begins at one.
  CHECK(next("0 0 * * *", "Africa/Cairo", utc(2026, 4, 23, 12, 0), 2) ==
        Times{"2026-04-24 01:00 EEST", "2026-04-25 00:00 EEST"});
  // A whole day that was not.
  CHECK(next("0 12 30 12 *", "Pacific/Apia", utc(2011, 12, 29, 0, 0), 2) ==
        Times{"2011-12-31 00:00 +14", "2012-12-30 12:00 +14"});
  // Looked for again from that very moment on.
  CHECK(next("30 2 * * *", here, utc(2026, 3, 29, 1, 0), 1) == Times{"2026-03-30 02:30 CEST"});
  CHECK(next("30 2 * * *", here, utc(2026, 3, 29, 0, 59), 1) == Times{"2026-03-29 03:00 CEST"});
}

TEST_CASE("cron: a time that autumn shows twice comes the first time only") {
  const Time night = utc(2026, 10, 24, 12, 0);  // Copenhagen: 03:00 -> 02:00 on the 25th
  const std::string here = "Europe/Copenhagen";
  CHECK(next("30 2 * * *", here, night, 2) ==
        Times{"2026-10-25 02:30 CEST", "2026-10-26 02:30 CET"});
  CHECK(next("*/30 2 * * *", here, night, 3) ==
        Times{"2026-10-25 02:00 CEST", "2026-10-25 02:30 CEST", "2026-10-26 02:00 CET"});
  CHECK(next("0 3 * * *", here, night, 1) == Times{"2026-10-25 03:00 CET"});
  // Begun in the middle of the second showing.
  CHECK(next("30 2 * * *", here, utc(2026, 10, 25, 1, 10), 1) == Times{"2026-10-26 02:30 CET"});
  CHECK(next("30 1 1 11 *", "America/New_York", utc(2026, 10, 31, 12, 0), 2) ==
        Times{"2026-11-01 01:30 EDT", "2027-11-01 01:30 EDT"});
  // 02:00 -> 01:30.
  CHECK(next("45 1 * * *", "Australia/Lord_Howe", utc(2026, 4, 4, 0, 0), 2) ==
        Times{"2026-04-05 01:45 +11", "2026-04-06 01:45 +1030"});
}

TEST_CASE("cron: what comes every hour or every minute comes in every real one") {
  const std::string here = "Europe/Copenhagen";
  CHECK(next("30 * * * *", here, utc(2026, 3, 29, 0, 0), 3) ==
        Times{"2026-03-29 01:30 CET", "2026-03-29 03:30 CEST", "2026-03-29 04:30 CEST"});
  CHECK(next("30 * * * *", here, utc(2026, 10, 25, 0, 0), 3) ==
        Times{"2026-10-25 02:30 CEST", "2026-10-25 02:30 CET", "2026-10-25 03:30 CET"});
  CHECK(next("* * * * *", here, utc(2026, 3, 29, 0, 58), 3) ==
        Times{"2026-03-29 01:59 CET", "2026-03-29 03:00 CEST", "2026-03-29 03:01 CEST"});
  CHECK(next("* * * * *", here, utc(2026, 10, 25, 0, 58), 3) ==
        Times{"2026-10-25 02:59 CEST", "2026-10-25 02:00 CET", "2026-10-25 02:01 CET"});
  CHECK(next("* 2 * * *", here, utc(2026, 10, 25, 0, 58), 2) ==
        Times{"2026-10-25 02:59 CEST", "2026-10-25 02:00 CET"});
  CHECK(next("* 2 * * *", here, utc(2026, 3, 28, 12, 0), 2) ==
        Times{"2026-03-29 03:00 CEST", "2026-03-30 02:00 CEST"});
}

TEST_CASE("cron: what was missed is caught up once") {
  const Cron weekly = cron("0 7 * * 1");
  const Time last = utc(2026, 11, 2, 6, 0);  // a Monday, 07:00
  const auto is_due = [&](Time since, Time now) {
    const auto answer = due(weekly, "Europe/Copenhagen", since, now);
    REQUIRE(answer);
    return *answer;
  };
  CHECK_FALSE(is_due(last, last));
  CHECK_FALSE(is_due(last, utc(2026, 11, 9, 5, 59)));
  CHECK(is_due(last, utc(2026, 11, 9, 6, 0)));
  const Time back = utc(2026, 11, 25, 3, 0);  // after three that were missed
  CHECK(is_due(last, back));
  CHECK_FALSE(is_due(back, back));
  CHECK(is_due(back, utc(2026, 11, 30, 6, 0)));
}

namespace {

// What the clock on the wall shows, for each minute of a year: minutes since 1970.
class Year {
 public:
  Year(const std::string& zone, int number) : zone_(zone), first_(utc(number, 1, 1, 0, 0)) {
    const Time end = utc(number + 1, 1, 1, 0, 0);
    const auto offset_at = [&zone](Time at) {
      return static_cast<std::int32_t>(local_time(at, zone)->offset.count() / 60);
    };
    std::int32_t offset = 0;
    bool jumps_soon = false;
    for (Time at = first_; at < end; at += minutes(1)) {
      const auto since = duration_cast<minutes>(at.time_since_epoch()).count();
      // Asked for each minute only in a quarter of an hour that has a jump.
      if (since % 15 == 0 || jumps_soon) offset = offset_at(at);
      if (since % 15 == 0) jumps_soon = offset_at(at + minutes(15)) != offset;
      shown_.push_back(static_cast<std::int32_t>(since) + offset);
      if (shown_.size() > 1 && shown_.back() != shown_[shown_.size() - 2] + 1) {
        jumps_.push_back(shown_.size() - 1);
      }
    }
  }

  [[nodiscard]] const std::string& zone() const { return zone_; }
  [[nodiscard]] Time at(std::size_t minute) const {
    return first_ + minutes(static_cast<int>(minute));
  }
  [[nodiscard]] const std::vector<std::int32_t>& shown() const { return shown_; }
  [[nodiscard]] const std::vector<std::size_t>& jumps() const { return jumps_; }

 private:
  std::string zone_;
  Time first_;
  std::vector<std::int32_t> shown_;
  std::vector<std::size_t> jumps_;
};

const Year& some_year(unsigned which) {
  static constexpr std::array<const char*, 8> zones = {
      "Europe/Copenhagen", "America/New_York", "Australia/Lord_Howe", "UTC",
      "Africa/Cairo",      "America/St_Johns", "Asia/Kathmandu",      "Pacific/Apia"};
  static constexpr std::array<int, 3> numbers = {2010, 2011, 2026};
  static std::array<std::unique_ptr<Year>, zones.size() * numbers.size()> years;
  static std::mutex mutex;
  which %= years.size();
  const std::lock_guard lock(mutex);
  auto& year = years.at(which);
  if (!year) {
    year = std::make_unique<Year>(zones.at(which % zones.size()), numbers.at(which / zones.size()));
  }
  return *year;
}

bool fits(const Cron& cron, std::int32_t shown) {
  if (!cron.minute[static_cast<std::size_t>(shown % 60)]) return false;
  if (!cron.hour[static_cast<std::size_t>(shown / 60 % 24)]) return false;
  const sys_days day{days(shown / (24 * 60))};
  const year_month_day date(day);
  const bool of_month = cron.day_of_month[static_cast<unsigned>(date.day())];
  const bool of_week = cron.day_of_week[weekday(day).c_encoding()];
  const bool both = cron.dom_star || cron.dow_star;
  return cron.month[static_cast<unsigned>(date.month())] &&
         (both ? of_month && of_week : of_month || of_week);
}

// Whether it comes in this minute, by looking at nothing but what the clock has shown before.
bool comes(const Cron& cron, const Year& year, std::size_t minute) {
  const auto& shown = year.shown();
  const std::int32_t now = shown[minute];
  const bool all_hours = cron.hour.all();
  const bool any_minute = cron.minute.all();
  const std::int32_t before = shown[minute - 1];
  for (std::int32_t skipped = before + 1; !all_hours && skipped < now; ++skipped) {
    if (fits(cron, skipped)) return true;
  }
  if (!fits(cron, now)) return false;
  if (all_hours || any_minute) return true;
  // No jump of these zones is wider than a day.
  const std::size_t from = minute > 1500 ? minute - 1500 : 0;
  return std::find(shown.begin() + static_cast<std::ptrdiff_t>(from),
                   shown.begin() + static_cast<std::ptrdiff_t>(minute),
                   now) == shown.begin() + static_cast<std::ptrdiff_t>(minute);
}

template <std::size_t N>
std::bitset<N> some(std::mt19937& random, std::size_t first, std::size_t one_in) {
  std::bitset<N> set;
  for (std::size_t i = first; i < N; ++i) set[i] = one_in == 0 || random() % one_in == 0;
  if (set.none()) set.set(first + random() % (N - first));
  return set;
}

Cron some_cron(std::mt19937& random) {
  Cron made{.minute = some<60>(random, 0, random() % 4 == 0 ? 0 : 1 + random() % 60),
            .hour = some<24>(random, 0, random() % 3 == 0 ? 0 : 1 + random() % 24),
            .day_of_month = some<32>(random, 1, random() % 2 == 0 ? 0 : 1 + random() % 8),
            .month = some<13>(random, 1, random() % 2 == 0 ? 0 : 2),
            .day_of_week = some<7>(random, 0, random() % 2 == 0 ? 0 : 1 + random() % 4)};
  made.dom_star = made.day_of_month.count() == 31 || random() % 4 == 0;
  made.dow_star = made.day_of_week.all() || random() % 4 == 0;
  return made;
}

}  // namespace

TEST_CASE("cron: the next time is the one that a clock watched minute by minute comes to") {
  for_each_case([](int i) {
    CAPTURE(i);
    std::mt19937 random(static_cast<std::uint32_t>(i));
    const Year& year = some_year(static_cast<unsigned>(random()));
    const Cron cron = some_cron(random);
    CAPTURE(year.zone());
    // Half of them begin in the two days around a jump.
    std::size_t minute = 1600 + random() % (year.shown().size() - 1600);
    if (!year.jumps().empty() && random() % 2 == 0) {
      minute = year.jumps()[random() % year.jumps().size()] + 1440 - random() % 2880;
    }
    minute = std::clamp<std::size_t>(minute, 1600, year.shown().size() - 1);
    const std::size_t end = std::min(minute + 6000, year.shown().size());
    for (int found = 0; found < 12; ++found) {
      const auto next = next_after(cron, year.zone(), year.at(minute));
      REQUIRE(next);
      ++minute;
      while (minute < end && !comes(cron, year, minute)) ++minute;
      if (minute >= end) {
        CHECK((!*next || **next >= year.at(end)));
        break;
      }
      REQUIRE(*next);
      CHECK(**next == year.at(minute));
    }
  });
}

}  // namespace homeostat
