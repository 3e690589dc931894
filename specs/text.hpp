// Small pure functions over text that the files of this folder share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat {

[[nodiscard]] std::string to_lower(std::string_view text);   // ASCII letters only
[[nodiscard]] std::string_view trim(std::string_view text);  // spaces and tabs
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] std::vector<std::string_view> split_words(std::string_view text);  // spaces and tabs
// Decimal digits and nothing else; nullopt where that is not so, or above 64 bit.
[[nodiscard]] std::optional<std::uint64_t> parse_digits(std::string_view text);
// In backticks for a message: one line, cut where it is long.
[[nodiscard]] std::string in_ticks(std::string_view text);

// Whether JSON nests deeper than any of ours or of a known API does: whoever walks, copies or
// prints it by recursion would run out of stack. Valid JSON or not.
[[nodiscard]] bool nests_too_deep(std::string_view json);

// "nginx -g x" -> "[nginx, -g, x]", for hints. Who wrote quotes knows better where a word ends:
// then the form alone.
[[nodiscard]] std::string as_words(std::string_view text);

}  // namespace homeostat
