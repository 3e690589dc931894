// What of a request and its answer may be shown, and how.
#pragma once

#include <string>
#include <string_view>

namespace homeostat {

// One line, at most so many characters of it: control characters and what is not UTF-8 become
// blanks, runs of blanks one.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t characters);

// "5 s", "250 ms"
[[nodiscard]] std::string shown_milliseconds(long long milliseconds);
// "812 B", "3.1 kB", "64.0 MB"
[[nodiscard]] std::string shown_bytes(double bytes);

}  // namespace homeostat
