// Rows of words -> lines of text, in columns that fit the width.
#pragma once

#include <string>
#include <vector>

#include "reconciler/report/rows.hpp"
#include "reconciler/report/scopes.hpp"

namespace homeostat {

// With ANSI colour where asked for; without it the text is the same, byte for byte.
[[nodiscard]] std::string painted(const std::string& text, Tone tone, bool color);

// Symbol, address, change, cause. The columns hold over all rows; a cause that does not fit beside
// its change stands below it. Values are cut in the middle unless `verbose`.
[[nodiscard]] std::string lay_out(const std::vector<Row>& rows, const TextStyle& style);

// Pieces at the left edge, one at the right; below them where they do not fit beside each other.
[[nodiscard]] std::string title_line(std::vector<Words> left, const std::string& right,
                                     const TextStyle& style);

// The states of scopes: what is seen, and what is not with why.
[[nodiscard]] std::string lay_out(const ScopeWords& scopes, const TextStyle& style);

// The guard's reasons to run nothing at all; "" where it has none.
[[nodiscard]] std::string stop_lines(const std::vector<std::string>& stops, const TextStyle& style);

// Parts that are not empty, with an empty line between them.
[[nodiscard]] std::string parted(const std::vector<std::string>& parts);

// Text that wraps below itself: the first line behind `lead`, the others behind as many spaces.
[[nodiscard]] std::string paragraph(const std::string& lead, const std::string& text, int width);

// Short pieces side by side, three spaces apart, wrapped between them; every line indented by two.
[[nodiscard]] std::string flow(const std::vector<Words>& pieces, const TextStyle& style);

}  // namespace homeostat
