// What a record, a name and a marker are called here and on a PowerDNS server. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "providers/core/provider.hpp"

namespace homeostat::powerdns {

// The account of our comments. Whatever other accounts wrote is not ours.
inline constexpr std::string_view our_account = "homeostat";

// "lab.example.org" -> "lab.example.org."
[[nodiscard]] std::string absolute(std::string_view name);
// Lower case, no trailing dot.
[[nodiscard]] std::string bare_name(std::string_view name);
// As a part of a path: all but letters, digits, dots and hyphens as =XX.
[[nodiscard]] std::string zone_id(std::string_view zone);
// "www", or "@" at the top; nullopt for a name outside the zone.
[[nodiscard]] std::optional<std::string> owner_in(std::string_view zone, std::string_view name);
[[nodiscard]] bool lies_in(std::string_view zone, std::string_view name);

// A canonical value (specs/types.hpp) as the server wants it, and renders it: names absolute with a
// trailing dot, TXT in quoted chunks of at most 255 bytes.
[[nodiscard]] std::string to_content(std::string_view type, std::string_view canonical);
// The way back. Error: a type or a form that the kind `dns` does not know.
[[nodiscard]] Result<std::string> from_content(std::string_view type, std::string_view content,
                                               std::string_view zone);

// "site=home id=www.lab.example.org/A address=home:dns/lab/www/A@dns", one stable line.
[[nodiscard]] std::string print_marker(const Marker& marker);
[[nodiscard]] std::optional<Marker> parse_marker(std::string_view content);

}  // namespace homeostat::powerdns
