// How the report's page looks: on a phone and a desk, in light and dark, on paper.
#pragma once

#include <string_view>

namespace homeostat {

[[nodiscard]] std::string_view page_style();

}  // namespace homeostat
