// UTF-8 as it comes from files: walked safely, whatever the bytes are.
#pragma once

#include <cstddef>
#include <string_view>

namespace homeostat {

// The length in bytes (1 to 4) of the character that starts at `pos`, or 0 where the bytes there
// are not UTF-8: stray or missing continuation bytes, overlong forms, surrogates, beyond U+10FFFF.
[[nodiscard]] std::size_t utf8_length(std::string_view text, std::size_t pos);
[[nodiscard]] bool is_utf8(std::string_view text);
// Characters in `text`; a byte that is not UTF-8 counts as one.
[[nodiscard]] std::size_t utf8_count(std::string_view text);

}  // namespace homeostat
