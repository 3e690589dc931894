#include "reconciler/cron.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <exception>
#include <vector>

#include "specs/schema.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

using std::chrono::minutes;
// Seconds that a clock on the wall has shown since 1970, wherever it hangs.
using WallTime = date::local_seconds;

constexpr auto horizon = date::days(40 * 366);

std::string hint_for(const std::string& name) {
  std::vector<std::string> known;
  try {
    for (const date::time_zone& zone : date::get_tzdb().zones) known.push_back(zone.name());
  } catch (const std::exception&) {
    return "this system has no time zones: install its tzdata";
  }
  const std::string meant = suggestion(name, known);
  return meant.empty() ? "write it as the tz database does: Europe/Copenhagen, UTC" : meant;
}

// The library throws where a zone, its file or the whole database cannot be had.
Result<const date::time_zone*> zone_named(const std::string& name) {
  try {
    const date::time_zone* zone = date::locate_zone(name.empty() ? "UTC" : name);
    static_cast<void>(zone->get_info(Time()));  // its file is read with the first question
    return zone;
  } catch (const std::exception&) {
    return fail(ErrorKind::invalid_spec, fmt::format("there is no time zone {}", in_ticks(name)),
                hint_for(name));
  }
}

bool is_day(const Cron& cron, date::local_days day) {
  const date::year_month_day date(day);
  if (!cron.month[static_cast<unsigned>(date.month())]) return false;
  const bool of_month = cron.day_of_month[static_cast<unsigned>(date.day())];
  const bool of_week = cron.day_of_week[date::weekday(day).c_encoding()];
  return cron.dom_star || cron.dow_star ? of_month && of_week : of_month || of_week;
}

// The first minute from `from` on that fits, on a clock that runs evenly.
std::optional<WallTime> first_fit(const Cron& cron, WallTime from) {
  const auto begin = date::ceil<minutes>(from);
  const auto first_day = date::floor<date::days>(begin);
  for (auto day = first_day; day < first_day + horizon; day += date::days(1)) {
    if (!is_day(cron, day)) continue;
    const auto earliest = day == first_day ? begin - day : minutes(0);
    for (std::size_t hour = 0; hour < cron.hour.size(); ++hour) {
      if (!cron.hour[hour] || earliest >= minutes((hour + 1) * 60)) continue;
      for (std::size_t minute = 0; minute < cron.minute.size(); ++minute) {
        const auto time_of_day = minutes(hour * 60 + minute);
        if (cron.minute[minute] && time_of_day >= earliest) return day + time_of_day;
      }
    }
  }
  return std::nullopt;
}

// Walks along the stretches of time in which the zone has one offset.
class Walk {
 public:
  Walk(const Cron& cron, const date::time_zone& zone) : cron_(cron), zone_(zone) {}

  [[nodiscard]] std::optional<Time> next(Time after) const {
    Time from = date::floor<minutes>(after) + minutes(1);
    const Time end = from + horizon;
    while (from < end) {
      const date::sys_info stretch = zone_.get_info(from);
      if (stretch.begin == from && comes_in_gap(stretch)) return from;
      const auto fit = first_fit(cron_, WallTime(from.time_since_epoch() + stretch.offset));
      if (!fit) return std::nullopt;
      const Time moment(fit->time_since_epoch() - stretch.offset);
      if (moment >= stretch.end) {
        from = stretch.end;
      } else if (was_shown_before(*fit, moment)) {
        from = moment + minutes(1);
      } else {
        return moment;
      }
    }
    return std::nullopt;
  }

 private:
  // Whether a time fits that the clock jumped over where this stretch begins.
  [[nodiscard]] bool comes_in_gap(const date::sys_info& stretch) const {
    if (cron_.hour.all()) return false;
    const auto before = zone_.get_info(stretch.begin - std::chrono::seconds(1)).offset;
    const auto since = stretch.begin.time_since_epoch();
    const auto fit = first_fit(cron_, WallTime(since + before));
    return fit && *fit < WallTime(since + stretch.offset);
  }

  [[nodiscard]] bool was_shown_before(WallTime shown, Time moment) const {
    if (cron_.hour.all() || cron_.minute.all()) return false;
    const date::local_info info = zone_.get_info(shown);
    return info.result == date::local_info::ambiguous &&
           moment != Time(shown.time_since_epoch() - info.first.offset);
  }

  const Cron& cron_;
  const date::time_zone& zone_;
};

}  // namespace

Status find_zone(const std::string& zone) {
  TRY(zone_named(zone));
  return {};
}

Result<LocalTime> local_time(Time at, const std::string& zone) {
  TRY_ASSIGN(const date::time_zone* const found, zone_named(zone));
  const date::sys_info info = found->get_info(at);
  const WallTime shown(at.time_since_epoch() + info.offset);
  const auto day = date::floor<date::days>(shown);
  const date::year_month_day date(day);
  const date::hh_mm_ss clock(shown - day);
  return LocalTime{.year = static_cast<int>(date.year()),
                   .month = static_cast<unsigned>(date.month()),
                   .day = static_cast<unsigned>(date.day()),
                   .weekday = date::weekday(day).c_encoding(),
                   .hour = static_cast<int>(clock.hours().count()),
                   .minute = static_cast<int>(clock.minutes().count()),
                   .second = static_cast<int>(clock.seconds().count()),
                   .offset = info.offset,
                   .zone = info.abbrev};
}

Result<std::optional<Time>> next_after(const Cron& cron, const std::string& zone, Time after) {
  TRY_ASSIGN(const date::time_zone* const found, zone_named(zone));
  return Walk(cron, *found).next(after);
}

Result<bool> due(const Cron& cron, const std::string& zone, Time last, Time now) {
  TRY_ASSIGN(const auto next, next_after(cron, zone, last));
  return next && *next <= now;
}

}  // namespace homeostat
