#include "specs/cron.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "specs/text.hpp"

namespace homeostat {
namespace {

constexpr std::array<std::string_view, 12> months = {"jan", "feb", "mar", "apr", "may", "jun",
                                                     "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> days = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

// What one of the five fields may hold.
struct FieldRule {
  std::string_view what;
  std::size_t first = 0;
  std::size_t last = 0;
  std::span<const std::string_view> names = {};  // the first one means `first`
};
constexpr std::array<FieldRule, 5> rules = {{{"minute", 0, 59},
                                             {"hour", 0, 23},
                                             {"day of the month", 1, 31},
                                             {"month", 1, 12, months},
                                             {"day of the week", 0, 7, days}}};
constexpr std::size_t sunday = 7;  // the other name of day 0

// A field's values, before they go into the set of its size.
using Values = std::bitset<64>;

tl::unexpected<Error> wrong(std::string message, std::string hint) {
  return fail(ErrorKind::invalid_spec, std::move(message), std::move(hint));
}

// "an hour", "a minute".
std::string a(const FieldRule& rule) {
  return (rule.what == "hour" ? "an " : "a ") + std::string(rule.what);
}

std::string allowed(const FieldRule& rule) {
  std::string text =
      "`*`, or numbers from " + std::to_string(rule.first) + " to " + std::to_string(rule.last);
  if (!rule.names.empty()) {
    const bool week = rule.names.size() == days.size();
    text += week ? " (0 and 7 are Sunday), or mon to sun" : ", or jan to dec";
  }
  return text;
}

Result<std::size_t> read_number(const FieldRule& rule, std::string_view text) {
  const std::string lower = to_lower(text);
  const auto name = std::find(rule.names.begin(), rule.names.end(), lower);
  if (name != rule.names.end()) {
    return static_cast<std::size_t>(name - rule.names.begin()) + rule.first;
  }
  const auto number = parse_digits(text);
  if (!number || *number < rule.first || *number > rule.last) {
    std::string hint = allowed(rule);
    // What other schedulers know: `L`, `15W`, `mon#2`, `?`.
    if (text == "?") hint = "write `*`";
    return wrong(in_ticks(text) + " is not " + a(rule), std::move(hint));
  }
  return static_cast<std::size_t>(*number);
}

struct Range {
  std::size_t first = 0;
  std::size_t last = 0;
};

Result<Range> read_range(const FieldRule& rule, std::string_view text) {
  if (text == "*") {
    // Sunday once: a step counts from it, and meets it no second time.
    const bool week = rule.last == sunday;
    return Range{rule.first, week ? sunday - 1 : rule.last};
  }
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) {
    TRY_ASSIGN(const std::size_t only, read_number(rule, text));
    return Range{only, only};
  }
  const std::string_view begin = text.substr(0, dash);
  const std::string_view end = text.substr(dash + 1);
  Range range;
  TRY_ASSIGN(range.first, read_number(rule, begin));
  TRY_ASSIGN(range.last, read_number(rule, end));
  // A week ends on Sunday where it does not begin there: mon-sun, 5-0.
  if (rule.last == sunday && range.last == 0 && range.first > 0) range.last = sunday;
  if (range.last < range.first) {
    std::string upper(rule.last == sunday ? "sat" : std::to_string(rule.last));
    std::string lower(rule.last == sunday ? "sun" : std::to_string(rule.first));
    return wrong(
        in_ticks(text) + " ends before it begins",
        "write " + std::string(begin) + "-" + upper + "," + lower + "-" + std::string(end));
  }
  return range;
}

// "8-18/2", "*", "mon".
Status read_item(const FieldRule& rule, std::string_view item, Values& values) {
  const auto slash = item.find('/');
  TRY_ASSIGN(const Range range, read_range(rule, item.substr(0, slash)));
  std::size_t step = 1;
  if (slash != std::string_view::npos) {
    const std::string_view written = item.substr(slash + 1);
    const auto number = parse_digits(written);
    if (!number || *number == 0) {
      return wrong(
          in_ticks(item) + " has no step: " + in_ticks(written) + " is not a whole number from 1",
          "write " + std::string(item.substr(0, slash)) + "/2 for every second one");
    }
    if (range.first == range.last) {
      return wrong(in_ticks(item) + " has a step and no range that it goes through",
                   "write " + std::to_string(range.first) + "-" + std::to_string(rule.last) + "/" +
                       std::to_string(*number));
    }
    // People write `*/90` for every ninety minutes; what it means is once an hour.
    if (*number > range.last - range.first) {
      return wrong(in_ticks(item) + " steps over all but the first " + std::string(rule.what),
                   "write " + std::to_string(range.first) + " if that is meant");
    }
    step = static_cast<std::size_t>(*number);
  }
  for (std::size_t value = range.first; value <= range.last; value += step) {
    values.set(rule.last == sunday && value == sunday ? 0 : value);
  }
  return {};
}

Result<Values> read_field(const FieldRule& rule, std::string_view text) {
  Values values;
  for (const std::string_view item : split(text, ',')) {
    if (item.empty()) {
      return wrong(in_ticks(text) + " has a comma with nothing beside it",
                   "write a list as `1,15`, without blanks");
    }
    TRY(read_item(rule, item, values));
  }
  return values;
}

// The line that a short form such as `@daily` stands for; "" where there is none.
std::string_view long_form(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> forms = {
      {{"@hourly", "0 * * * *"},
       {"@daily", "0 0 * * *"},
       {"@midnight", "0 0 * * *"},
       {"@weekly", "0 0 * * 0"},
       {"@monthly", "0 0 1 * *"},
       {"@yearly", "0 0 1 1 *"},
       {"@annually", "0 0 1 1 *"}}};
  for (const auto& [name, line] : forms) {
    if (text == name) return line;
  }
  return {};
}

Error at_column(Error error, std::size_t column) {
  error.where.column = static_cast<int>(column);
  return error;
}

tl::unexpected<Error> wrong_count(std::string_view text, std::size_t count) {
  const std::string form =
      "minute, hour, day of the month, month, day of the week: `0 7 * * 1` "
      "is seven o'clock on Mondays";
  if (count == 1 && text.find('@') != std::string_view::npos) {
    const std::string_view line = long_form(to_lower(trim(text)));
    return wrong(in_ticks(text) + " is a short form that is not read here",
                 line.empty() ? form : "write \"" + std::string(line) + "\"");
  }
  std::string message = "a cron text has five fields, and " + in_ticks(text) + " has ";
  message += count == 0 ? "none" : std::to_string(count);
  if (count == 6 || count == 7) message += " (there are no seconds and no years)";
  return wrong(std::move(message), form);
}

// Whether a day of the month that is asked for comes in a month that is asked for.
bool comes(const Cron& cron) {
  // With a day of the week beside it, that one is enough; it comes in every month.
  if (cron.dom_star || !cron.dow_star) return true;
  constexpr std::array<std::size_t, 13> lengths = {0,  31, 29, 31, 30, 31, 30,
                                                   31, 31, 30, 31, 30, 31};
  for (std::size_t month = 1; month <= 12; ++month) {
    if (!cron.month[month]) continue;
    for (std::size_t day = 1; day <= lengths.at(month); ++day) {
      if (cron.day_of_month[day]) return true;
    }
  }
  return false;
}

// Both hold the same bits; which ones are set in the wide one is known to fit.
template <std::size_t N>
std::bitset<N> narrow(const Values& values) {
  return std::bitset<N>(values.to_ullong());
}

}  // namespace

Result<Cron> parse_cron(std::string_view text) {
  const std::vector<std::string_view> words = split_words(text);
  if (words.size() != rules.size()) {
    const auto first = text.find_first_not_of(" \t");
    Error error = wrong_count(text, words.size()).value();
    return tl::unexpected(
        at_column(std::move(error), first == std::string_view::npos ? 1 : first + 1));
  }
  const auto column = [&](std::size_t i) {
    return static_cast<std::size_t>(words[i].data() - text.data()) + 1;
  };
  std::array<Values, rules.size()> sets = {};
  for (std::size_t i = 0; i < rules.size(); ++i) {
    Result<Values> values = read_field(rules.at(i), words[i]);
    if (!values) return tl::unexpected(at_column(std::move(values.error()), column(i)));
    sets.at(i) = *values;
  }
  const Cron cron{.minute = narrow<60>(sets[0]),
                  .hour = narrow<24>(sets[1]),
                  .day_of_month = narrow<32>(sets[2]),
                  .month = narrow<13>(sets[3]),
                  .day_of_week = narrow<7>(sets[4]),
                  .dom_star = words[2].starts_with('*'),
                  .dow_star = words[4].starts_with('*')};
  if (!comes(cron)) {
    return tl::unexpected(at_column(
        wrong("no month that " + in_ticks(text) + " names has such a day", "it would never come")
            .value(),
        column(2)));
  }
  return cron;
}

}  // namespace homeostat
