#include "specs/utf8.hpp"

namespace homeostat {

namespace {

unsigned char byte_at(std::string_view text, std::size_t pos) {
  return pos < text.size() ? static_cast<unsigned char>(text[pos]) : 0;
}

bool continues(std::string_view text, std::size_t pos) {
  return (byte_at(text, pos) & 0xC0U) == 0x80U;
}

}  // namespace

std::size_t utf8_length(std::string_view text, std::size_t pos) {
  const unsigned char first = byte_at(text, pos);
  const unsigned char second = byte_at(text, pos + 1);
  if (first < 0x80) return pos < text.size() ? 1 : 0;
  if (first < 0xC2 || first > 0xF4 || !continues(text, pos + 1)) return 0;
  if (first < 0xE0) return 2;
  if (!continues(text, pos + 2)) return 0;
  if (first < 0xF0) {
    const bool overlong = first == 0xE0 && second < 0xA0;
    const bool surrogate = first == 0xED && second >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (!continues(text, pos + 3)) return 0;
  const bool overlong = first == 0xF0 && second < 0x90;
  const bool beyond = first == 0xF4 && second >= 0x90;
  return overlong || beyond ? 0 : 4;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::size_t utf8_count(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t pos = 0; pos < text.size(); ++count) {
    const std::size_t length = utf8_length(text, pos);
    pos += length == 0 ? 1 : length;
  }
  return count;
}

}  // namespace homeostat
