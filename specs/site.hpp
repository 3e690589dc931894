// What a site may be called: a part of every marker.
#pragma once

#include <string_view>

namespace homeostat {

// Lower-case letters, digits and dashes; no dash in front.
[[nodiscard]] bool is_site_name(std::string_view text);

}  // namespace homeostat
