// Markdown that holds what it is given: whatever a user, a live system or a commit wrote stands in
// code spans: no link, no mention, no HTML, and no way out of its cell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reconciler/report/rows.hpp"

namespace homeostat::markdown {

// Forges refuse comments above 65,536 characters.
inline constexpr std::size_t most_bytes = 60'000;

[[nodiscard]] std::string code(std::string_view text);
// Running text with names in it: letters, digits and what has no meaning inside a line.
[[nodiscard]] std::string prose(std::string_view text);

struct TableWords {
  std::string_view first = "Resource";
  std::string_view second = "Change";
  std::string_view third = "Cause";
  std::string_view more = "homeostat plan";  // what shows the rows that are left out
};
// As many rows as still fit, and how many there are besides; `room` is what is left. "" without
// rows. The same holds for bullets.
[[nodiscard]] std::string table(const std::vector<Row>& rows, const TableWords& words,
                                std::size_t& room);
[[nodiscard]] std::string bullets(const std::vector<std::string>& texts, std::string_view more,
                                  std::size_t& room);
[[nodiscard]] std::string details(const std::string& title, const std::string& body);

// A paragraph for each scope that is unknown, and for each connection that is blocked.
[[nodiscard]] std::string troubles(const std::vector<ScopeSummary>& scopes,
                                   const std::vector<BlockedConnection>& connections);

}  // namespace homeostat::markdown
