// Text in columns: how wide it is, how it is cut and wrapped. UTF-8; a code point is one column.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat {

// What would break the line or trick the reader's terminal (control characters, escapes, marks that
// turn the direction, bytes that are not UTF-8) is written out: "\n", "\x1b", "\u202e".
[[nodiscard]] std::string printable(std::string_view text);

[[nodiscard]] std::size_t text_width(std::string_view text);
[[nodiscard]] std::string padded(std::string text, std::size_t width);

// At most `width` columns, the middle replaced by "…" where it is longer.
[[nodiscard]] std::string cut_middle(std::string_view text, std::size_t width);
// Both at most `width` columns. Two that differ still do: where the ends look alike, the cut goes
// around the first difference.
[[nodiscard]] std::pair<std::string, std::string> cut_pair(std::string_view left,
                                                           std::string_view right,
                                                           std::size_t width);
// Lines of at most `width` columns, broken at spaces; a longer word stays whole.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t width);

}  // namespace homeostat
