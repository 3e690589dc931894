// Times of the day, and the names of time zones.
#include <algorithm>

#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

tl::unexpected<Error> wrong(std::string message, std::string hint) {
  return fail(ErrorKind::invalid_spec, std::move(message), std::move(hint));
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// "Copenhagen", "Port-au-Prince", "GMT+2".
bool is_zone_part(std::string_view part) {
  return !part.empty() && is_letter(part.front()) &&
         std::all_of(part.begin(), part.end(), [](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+';
         });
}

// "europe/new_york" -> "Europe/New_York", as most of them are written.
std::string capitals(std::string_view text) {
  std::string out = to_lower(text);
  bool first = true;
  for (char& c : out) {
    if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    first = c == '/' || c == '_' || c == '-';
  }
  return out;
}

}  // namespace

Result<int> parse_time_of_day(std::string_view text) {
  const auto colon = text.find(':');
  const auto hour = parse_digits(text.substr(0, colon));
  const std::string_view rest =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  const auto minute = parse_digits(rest);
  const std::string form = "write hours and minutes in quotes: \"02:00\"";
  if (!hour || !minute || text.size() > 5 || rest.size() != 2) {
    return wrong(in_ticks(text) + " is not a time of the day", form);
  }
  if (*hour > 24 || *minute > 59 || (*hour == 24 && *minute > 0)) {
    return wrong(in_ticks(text) + " is not a time of the day", "a day goes from 00:00 to 24:00");
  }
  if (text.size() < 5) {
    return wrong(in_ticks(text) + " has an hour of one digit",
                 "write \"0" + std::string(text) + "\"");
  }
  return static_cast<int>(*hour * 60 + *minute);
}

Result<std::string> canonical_timezone(std::string_view text) {
  if (text == "UTC") return std::string(text);
  const std::string form =
      "write the area and the city, such as Europe/Copenhagen, or UTC: then summer time is known";
  if (to_lower(text) == "utc" || text == "Z" || to_lower(text) == "gmt") {
    return wrong(in_ticks(text) + " is not the name of a time zone", "write UTC");
  }
  const std::vector<std::string_view> parts = split(text, '/');
  const bool good = parts.size() >= 2 && parts.size() <= 3 &&
                    std::all_of(parts.begin(), parts.end(), is_zone_part);
  if (!good) return wrong(in_ticks(text) + " is not the name of a time zone", form);
  if (text.front() >= 'a' && text.front() <= 'z') {
    return wrong(in_ticks(text) + " is not the name of a time zone", "write " + capitals(text));
  }
  return std::string(text);
}

}  // namespace homeostat
