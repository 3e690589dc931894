#include "reconciler/windows.hpp"

#include <doctest/doctest.h>
#include <fmt/chrono.h>

using namespace homeostat;
using namespace std::chrono;

namespace {

// A zone whose clock is ahead by one hour, and by two in summer: from the last Sunday of March 2027
// to that of October, at 01:00 UTC. "Broken/Zone" is none.
Result<LocalTime> clock_of(Time at, const std::string& zone) {
  if (zone == "Broken/Zone") return fail(ErrorKind::invalid_spec, "no such zone");
  const Time spring = sys_days{2027y / March / 28} + 1h;
  const Time autumn = sys_days{2027y / October / 31} + 1h;
  const seconds offset = zone == "UTC" ? 0s : at >= spring && at < autumn ? 7200s : 3600s;
  const auto local = at + offset;
  const auto day = floor<days>(local);
  const hh_mm_ss time(local - day);
  LocalTime out;
  out.weekday = weekday(day).c_encoding();
  out.hour = static_cast<int>(time.hours().count());
  out.minute = static_cast<int>(time.minutes().count());
  return out;
}

Window window(std::bitset<7> on, int from, int to, std::string zone = "Lab/Zone",
              std::vector<std::string> only = {}) {
  return {.only = std::move(only),
          .days = on,
          .from = from * 60,
          .to = to * 60,
          .timezone = std::move(zone),
          .where = {}};
}

const std::bitset<7> every_day("1111111");
const std::bitset<7> sunday("0000001");
const std::bitset<7> saturday("1000000");
const Address db{"home", "container", "db", "pve"};
const Address nas{"home", "dns", "lab/nas/A", "dns"};

Policy with(std::vector<Window> windows) {
  Policy policy;
  policy.windows = std::move(windows);
  return policy;
}

Time utc(year_month_day day, seconds time) { return sys_days{day} + time; }

bool open(const Policy& policy, year_month_day day, seconds time) {
  return may_change_now(policy, db, utc(day, time), clock_of);
}

std::string opens(const Policy& policy, year_month_day day, seconds time) {
  const auto at = opens_at(policy, db, utc(day, time), clock_of);
  if (!at) return "never";
  return fmt::format("{:%a %d %H:%M:%S}", fmt::gmtime(system_clock::to_time_t(*at)));
}

}  // namespace

TEST_CASE("windows: without one, everything may change at any time") {
  CHECK(open(with({}), 2027y / January / 4, 0s));
  CHECK(opens(with({}), 2027y / January / 4, 7s) == "Mon 04 00:00:07");
}

TEST_CASE("windows: one is open from its first minute to before its last, on the zone's clock") {
  const Policy policy = with({window(every_day, 2, 5)});
  const auto day = 2027y / January / 4;  // winter: 02:00 is 01:00 UTC
  CHECK_FALSE(open(policy, day, 59min + 59s));
  CHECK(open(policy, day, 1h));
  CHECK(open(policy, day, 3h + 59min + 59s));
  CHECK_FALSE(open(policy, day, 4h));
  CHECK(open(policy, 2027y / July / 5, 0s));  // summer: midnight UTC
  CHECK_FALSE(open(policy, 2027y / July / 5, 3h));
  CHECK(open(with({window(every_day, 2, 5, "UTC")}), day, 4h));
}

TEST_CASE("windows: over midnight one belongs to the day on which it begins") {
  const Policy policy = with({window(saturday, 22, 2, "UTC")});
  CHECK_FALSE(open(policy, 2027y / January / 9, 21h));  // a Saturday
  CHECK(open(policy, 2027y / January / 9, 22h));
  CHECK(open(policy, 2027y / January / 10, 1h));
  CHECK_FALSE(open(policy, 2027y / January / 10, 2h));
  CHECK_FALSE(open(policy, 2027y / January / 10, 22h));
  CHECK_FALSE(open(policy, 2027y / January / 9, 1h));
  // Into the first day of the week.
  const Policy sundays = with({window(sunday, 22, 2, "UTC")});
  CHECK(open(sundays, 2027y / January / 11, 1h));
}

TEST_CASE("windows: a whole day ends at 24:00") {
  const Policy policy = with({window(sunday, 0, 24, "UTC")});
  CHECK(open(policy, 2027y / January / 10, 0s));
  CHECK(open(policy, 2027y / January / 10, 24h - 1s));
  CHECK_FALSE(open(policy, 2027y / January / 11, 0s));
}

TEST_CASE("windows: they bind what they are for, and any of them is enough") {
  const Policy policy = with({window(every_day, 2, 3, "UTC", {"container/*"}),
                              window(every_day, 12, 13, "UTC", {"ip/*", "container/db"})});
  const Time night = utc(2027y / January / 4, 2h);
  const Time noon = utc(2027y / January / 4, 12h);
  const Time morning = utc(2027y / January / 4, 8h);
  CHECK(may_change_now(policy, db, night, clock_of));
  CHECK(may_change_now(policy, db, noon, clock_of));
  CHECK_FALSE(may_change_now(policy, db, morning, clock_of));
  CHECK(may_change_now(policy, nas, morning, clock_of));
  CHECK(opens_at(policy, db, morning, clock_of) == noon);
  CHECK(opens_at(policy, nas, morning, clock_of) == morning);
}

TEST_CASE("windows: the next opening is found over days and over the changes of the clock") {
  const Policy nightly = with({window(every_day, 2, 5)});
  CHECK(opens(nightly, 2027y / January / 4, 2h + 1s) == "Mon 04 02:00:01");
  CHECK(opens(nightly, 2027y / January / 4, 10min + 1s) == "Mon 04 01:00:00");
  CHECK(opens(nightly, 2027y / January / 4, 12h) == "Tue 05 01:00:00");
  // In the night before summer time 02:00 is skipped: the window opens behind the gap, at 03:00.
  CHECK(opens(nightly, 2027y / March / 27, 12h) == "Sun 28 01:00:00");
  CHECK(opens(nightly, 2027y / March / 28, 12h) == "Mon 29 00:00:00");
  // That night is an hour shorter, as the way to noon is.
  CHECK(opens(with({window(every_day, 12, 13)}), 2027y / March / 28, 30min) == "Sun 28 10:00:00");
  // In autumn the hour comes twice, and counts both times.
  CHECK(opens(nightly, 2027y / October / 30, 12h) == "Sun 31 00:00:00");
  CHECK(open(nightly, 2027y / October / 31, 1h + 30min));
  CHECK(open(nightly, 2027y / October / 31, 3h + 30min));
  CHECK(opens(nightly, 2027y / October / 31, 12h) == "Mon 01 01:00:00");
  // Only on Sundays, and only in the hour that is skipped: a week later.
  const Policy skipped = with({window(sunday, 2, 3)});
  CHECK(opens(skipped, 2027y / March / 27, 12h) == "Sun 04 00:00:00");
  const Policy late = with({window(saturday, 22, 2)});
  CHECK(opens(late, 2027y / January / 10, 12h) == "Sat 16 21:00:00");
}

TEST_CASE("windows: what the next opening says is when it opens, and not before") {
  const Policy policy = with({window(every_day, 2, 3), window(sunday, 23, 1)});
  for (int hour = 0; hour < 24 * 21; hour += 5) {
    const Time now = utc(2027y / March / 20, hours(hour) + 17s);
    const auto at = opens_at(policy, db, now, clock_of);
    REQUIRE(at);
    CHECK(may_change_now(policy, db, *at, clock_of));
    for (Time before = now; before < *at; before += 1min) {
      REQUIRE_FALSE(may_change_now(policy, db, before, clock_of));
    }
  }
}

TEST_CASE("windows: one in a zone that is not known never opens") {
  const Policy policy = with({window(every_day, 0, 24, "Broken/Zone")});
  CHECK_FALSE(open(policy, 2027y / January / 4, 0s));
  CHECK(opens(policy, 2027y / January / 4, 0s) == "never");
}
