#include "providers/core/http_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "specs/utf8.hpp"

namespace homeostat {

std::string one_line(std::string_view text, std::size_t characters) {
  std::string line;
  std::size_t count = 0;
  bool blank = false;
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t length = utf8_length(text, pos);
    const std::string_view character = text.substr(pos, std::max<std::size_t>(length, 1));
    pos += character.size();
    const auto first = static_cast<unsigned char>(character.front());
    // C1 controls are two bytes, C2 80 to C2 9F.
    const bool control =
        first <= 0x20 || first == 0x7F || (character >= "\xC2\x80" && character < "\xC2\xA0");
    if (length == 0 || control) {
      blank = !line.empty();
      continue;
    }
    if (count + (blank ? 1 : 0) >= characters) return line + "…";
    if (blank) line += ' ';
    line += character;
    count += blank ? 2 : 1;
    blank = false;
  }
  return line;
}

std::string shown_milliseconds(long long milliseconds) {
  if (milliseconds % 1000 == 0) return fmt::format("{} s", milliseconds / 1000);
  return fmt::format("{} ms", milliseconds);
}

std::string shown_bytes(double bytes) {
  if (bytes < 1000) return fmt::format("{:.0f} B", bytes);
  if (bytes < 1000 * 1000) return fmt::format("{:.1f} kB", bytes / 1000);
  return fmt::format("{:.1f} MB", bytes / 1000 / 1000);
}

}  // namespace homeostat
