// Integers, booleans, sizes, durations, dates, hardware addresses.
#include <array>
#include <chrono>
#include <span>

#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::uint64_t kibi = 1024;
constexpr std::array<Unit, 5> size_units = {{{"B", 1},
                                             {"KiB", kibi},
                                             {"MiB", kibi* kibi},
                                             {"GiB", kibi* kibi* kibi},
                                             {"TiB", kibi* kibi* kibi* kibi}}};
constexpr std::array<Unit, 5> duration_units = {
    {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}}};
// Weeks are read, and printed as days: the largest unit that people compare by is the day.
constexpr std::size_t printed_duration_units = 4;

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

// "1.5 GiB" -> 1, "5", "GiB".
struct Amount {
  std::uint64_t whole = 0;
  std::string_view number;    // "1.5"
  std::string_view fraction;  // "5", or ""
  std::string_view unit;      // or ""
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::optional<Amount> split_amount(std::string_view text) {
  constexpr std::string_view digits = "0123456789";
  Amount amount;
  std::size_t end = std::min(text.find_first_not_of(digits), text.size());
  const auto whole = parse_digits(text.substr(0, end));
  if (!whole) return std::nullopt;
  amount.whole = *whole;
  if (end < text.size() && text[end] == '.') {
    const std::size_t stop = std::min(text.find_first_not_of(digits, end + 1), text.size());
    amount.fraction = text.substr(end + 1, stop - end - 1);
    if (amount.fraction.empty() || amount.fraction.size() > 9) return std::nullopt;
    end = stop;
  }
  amount.number = text.substr(0, end);
  amount.unit = trim(text.substr(end));
  for (const char c : amount.unit) {
    if (!is_letter(c)) return std::nullopt;
  }
  return amount;
}

// amount * factor where that is a whole number of at most 64 bit.
std::optional<std::uint64_t> scale(const Amount& amount, std::uint64_t factor) {
  std::uint64_t total = 0;
  if (__builtin_mul_overflow(amount.whole, factor, &total)) return std::nullopt;
  if (amount.fraction.empty()) return total;
  std::uint64_t divisor = 1;
  for (std::size_t i = 0; i < amount.fraction.size(); ++i) divisor *= 10;
  std::uint64_t part = 0;
  const std::uint64_t fraction = parse_digits(amount.fraction).value_or(0);
  if (__builtin_mul_overflow(fraction, factor, &part) || part % divisor != 0) return std::nullopt;
  if (__builtin_add_overflow(total, part / divisor, &total)) return std::nullopt;
  return total;
}

std::string format_amount(std::uint64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) best = &unit;
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

// The unit that somebody meant who wrote 2G, 2GB, 2gb, 2Gi.
const Unit* meant_size_unit(std::string_view written) {
  std::string lower = to_lower(written);
  if (!lower.empty() && lower.back() == 'b') lower.pop_back();
  if (!lower.empty() && lower.back() == 'i') lower.pop_back();
  if (lower == "byte" || lower == "bytes") return &size_units[0];
  for (const Unit& unit : size_units) {
    if (unit.factor == 1 ? lower.empty() : lower == to_lower(unit.name.substr(0, 1))) return &unit;
  }
  return nullptr;
}

// Likewise for 5min, 2 hours, 5M.
const Unit* meant_duration_unit(std::string_view written) {
  const std::string lower = to_lower(written);
  constexpr std::array<std::array<std::string_view, 5>, 5> words = {
      {{"s", "sec", "secs", "second", "seconds"},
       {"m", "min", "mins", "minute", "minutes"},
       {"h", "hr", "hrs", "hour", "hours"},
       {"d", "day", "days", "", ""},
       {"w", "wk", "wks", "week", "weeks"}}};
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (const std::string_view word : words[i]) {
      if (lower == word) return &duration_units[i];
    }
  }
  return nullptr;
}

tl::unexpected<Error> wrong(std::string message, std::string hint) {
  return fail(ErrorKind::invalid_spec, std::move(message), std::move(hint));
}

// An amount whose unit is known and that is no whole number of bytes or seconds.
tl::unexpected<Error> not_whole(std::string_view text, const Amount& amount, const Unit& unit,
                                std::span<const Unit> printed) {
  const auto exact = scale(amount, unit.factor);
  if (exact) {
    return wrong(in_ticks(text) + " is not a whole number",
                 "write " + format_amount(*exact, printed));
  }
  return wrong(in_ticks(text) + " is too large or not a whole number",
               "write a smaller unit and no fraction");
}

std::optional<std::uint64_t> parse_base(std::string_view digits, int base) {
  std::uint64_t value = 0;
  for (const char c : to_lower(digits)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
    if (digit >= base || value > (UINT64_MAX >> 5U)) return std::nullopt;
    value = value * static_cast<std::uint64_t>(base) + static_cast<std::uint64_t>(digit);
  }
  if (digits.empty()) return std::nullopt;
  return value;
}

std::string without(std::string_view text, char unwanted) {
  std::string out;
  for (const char c : text) {
    if (c != unwanted) out += c;
  }
  return out;
}

std::string strip_zeros(std::string_view digits) {
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return std::string(digits);
}

// Why `text` (a sign and `digits`) is no 64 bit decimal number.
tl::unexpected<Error> not_an_integer(std::string_view text, std::string_view digits,
                                     const std::string& sign) {
  const bool all_digits = !digits.empty() && digits.find_first_not_of("0123456789") == digits.npos;
  if (all_digits) return wrong(in_ticks(text) + " is too large", "write a smaller number");
  if (const auto plain = parse_digits(without(digits, '_'))) {
    return wrong(in_ticks(text) + " is not a plain number",
                 "write " + sign + std::to_string(*plain));
  }
  const std::string prefix = to_lower(digits.substr(0, 2));
  const int base = prefix == "0x" ? 16 : prefix == "0o" ? 8 : prefix == "0b" ? 2 : 0;
  if (base != 0) {
    if (const auto other = parse_base(digits.substr(2), base)) {
      return wrong(in_ticks(text) + " is not a decimal number",
                   "write " + sign + std::to_string(*other));
    }
  }
  const auto dot = digits.find('.');
  const auto whole = parse_digits(digits.substr(0, dot));
  if (dot != std::string_view::npos && whole && parse_digits(digits.substr(dot + 1))) {
    const bool same = digits.find_first_not_of('0', dot + 1) == std::string_view::npos;
    const std::string next = same ? "" : " or " + sign + std::to_string(*whole + 1);
    return wrong(in_ticks(text) + " is not a whole number",
                 "write " + sign + std::to_string(*whole) + next);
  }
  return wrong(in_ticks(text) + " is not a whole number", "write digits only, such as 10");
}

}  // namespace

Result<std::int64_t> parse_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative || text.starts_with('+') ? 1 : 0);
  const std::string sign = negative ? "-" : "";
  const auto value = parse_digits(digits);
  if (!value) return not_an_integer(text, digits, sign);
  if (digits.size() > 1 && digits.front() == '0') {
    const auto octal = parse_base(digits, 8);
    const std::string decimal = strip_zeros(digits);
    if (!octal || *octal == *value) {
      return wrong(in_ticks(text) + " has a leading zero", "write " + sign + decimal);
    }
    return wrong(in_ticks(text) + " could be read as " + sign + std::to_string(*octal) + " or as " +
                     sign + decimal,
                 "write " + sign + decimal);
  }
  if (text.starts_with('+')) {
    return wrong(in_ticks(text) + " has a sign that is not needed", "write " + std::string(digits));
  }
  const std::uint64_t limit = static_cast<std::uint64_t>(INT64_MAX) + (negative ? 1 : 0);
  if (*value > limit) return not_an_integer(text, digits, sign);
  return static_cast<std::int64_t>(negative ? 0 - *value : *value);
}

Result<std::string> canonical_decimal(std::string_view text) {
  const auto dot = text.find('.');
  const auto whole = parse_digits(text.substr(0, dot));
  std::string_view fraction = dot == std::string_view::npos ? "0" : text.substr(dot + 1);
  if (!whole || !parse_digits(fraction)) {
    return wrong(in_ticks(text) + " is not a number", "write one such as 1.5");
  }
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  return std::to_string(*whole) + (fraction.empty() ? "" : '.' + std::string(fraction));
}

Result<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  const std::string lower = to_lower(text);
  std::string hint = "write true or false";
  for (const std::string_view word : {"true", "yes", "y", "on", "1", "enabled"}) {
    if (lower == word) hint = "write true";
  }
  for (const std::string_view word : {"false", "no", "n", "off", "0", "disabled"}) {
    if (lower == word) hint = "write false";
  }
  return wrong(in_ticks(text) + " is not true or false", std::move(hint));
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto amount = split_amount(text);
  if (!amount) {
    return wrong(in_ticks(text) + " is not a size",
                 "write a number and a unit, such as 512MiB or 8GiB");
  }
  const std::string number(amount->number);
  if (amount->unit.empty()) {
    const std::uint64_t mebi = kibi * kibi;
    std::string meant = number + "MiB";
    if (!amount->fraction.empty()) {
      const auto gibi = scale(*amount, mebi * kibi);
      meant = gibi ? format_size(*gibi) : std::to_string(amount->whole) + "GiB";
    } else if (amount->whole == 0 || amount->whole >= mebi) {
      meant = format_size(amount->whole);  // nobody has that many MiB: these are bytes
    }
    return wrong(number + " what?", "write " + meant);
  }
  if (const Unit* unit = find_unit(size_units, amount->unit)) {
    const auto bytes = scale(*amount, unit->factor);
    if (bytes && amount->fraction.empty()) return *bytes;
    return not_whole(text, *amount, *unit, size_units);
  }
  const Unit* meant = meant_size_unit(amount->unit);
  return wrong(in_ticks(amount->unit) + " is not a unit of size",
               meant != nullptr ? "write " + number + std::string(meant->name)
                                : "write " + number + "MiB or " + number + "GiB");
}

std::string format_size(std::uint64_t bytes) { return format_amount(bytes, size_units); }

Result<std::int64_t> parse_duration(std::string_view text) {
  const auto amount = split_amount(text);
  if (!amount) {
    return wrong(in_ticks(text) + " is not a duration",
                 "write one number and one unit, such as 90s, 5m, 1h or 7d");
  }
  const std::string number(amount->number);
  if (amount->unit.empty()) {
    const auto seconds = scale(*amount, 1);
    if (!seconds || *seconds > INT64_MAX) {
      return wrong(number + " what?", "write a number and a unit, such as 90s");
    }
    const std::string longer = format_duration(static_cast<std::int64_t>(*seconds));
    const std::string plain = std::to_string(*seconds) + "s";
    return wrong(number + " what?",
                 "write " + plain + (longer == plain ? std::string() : " or " + longer));
  }
  if (const Unit* unit = find_unit(duration_units, amount->unit)) {
    const auto seconds = scale(*amount, unit->factor);
    if (seconds && amount->fraction.empty() && *seconds <= INT64_MAX) {
      return static_cast<std::int64_t>(*seconds);
    }
    return not_whole(text, *amount, *unit, std::span(duration_units).first(printed_duration_units));
  }
  if (amount->unit == "ms") {
    return wrong(in_ticks(text) + " is not a whole number of seconds",
                 "write " +
                     std::to_string(amount->whole / 1000 + (amount->whole % 1000 != 0 ? 1 : 0)) +
                     "s");
  }
  const Unit* meant = meant_duration_unit(amount->unit);
  return wrong(in_ticks(amount->unit) + " is not a unit of time",
               meant != nullptr ? "write " + number + std::string(meant->name)
                                : "write " + number + "s, " + number + "m or " + number + "h");
}

std::string format_duration(std::int64_t seconds) {
  return format_amount(static_cast<std::uint64_t>(seconds),
                       std::span(duration_units).first(printed_duration_units));
}

Result<std::string> canonical_mac(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c == ':' || c == '-' || c == '.') continue;
    digits += c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  const bool separated = text.find_first_of(":-.") != std::string_view::npos;
  const bool length =
      text.size() == (separated ? 17U : 12U) || text.size() == 14;  // 0123.4567.89ab
  if (!length || digits.size() != 12 ||
      digits.find_first_not_of("0123456789ABCDEF") != std::string::npos) {
    return wrong(in_ticks(text) + " is not a hardware address",
                 "write one such as BC:24:11:00:00:01");
  }
  for (std::size_t i = 10; i > 0; i -= 2) digits.insert(i, 1, ':');
  return digits;
}

Result<std::string> canonical_date(std::string_view text) {
  const auto year = text.size() == 10 ? parse_digits(text.substr(0, 4)) : std::nullopt;
  const auto month = text.size() == 10 ? parse_digits(text.substr(5, 2)) : std::nullopt;
  const auto day = text.size() == 10 ? parse_digits(text.substr(8, 2)) : std::nullopt;
  if (!year || !month || !day || text[4] != '-' || text[7] != '-') {
    return wrong(in_ticks(text) + " is not a date", "write year-month-day, such as 2027-01-31");
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) {
    return wrong(in_ticks(text) + " is not a day of the calendar",
                 "write year-month-day, such as 2027-01-31");
  }
  return std::string(text);
}

}  // namespace homeostat
