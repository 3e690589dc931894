#include "reconciler/report/cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "specs/utf8.hpp"

namespace homeostat {
namespace {

struct CodePoint {
  std::uint32_t value = 0;  // not valid: the byte
  std::size_t bytes = 1;
  bool valid = false;
};

CodePoint code_point_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::size_t bytes = utf8_length(text, at);
  if (bytes <= 1) return {byte(at), 1, bytes == 1};
  std::uint32_t value = byte(at) & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) value = (value << 6U) | (byte(at + i) & 0x3FU);
  return {value, bytes, true};
}

// Invisible, or changing the order in which the rest is shown.
bool misleading(std::uint32_t value) {
  return (value >= 0x80 && value <= 0x9F) || value == 0x200B || value == 0x200E ||
         value == 0x200F || (value >= 0x2028 && value <= 0x202E) ||
         (value >= 0x2060 && value <= 0x2069) || value == 0xFEFF;
}

// Where each code point starts, and the end.
std::vector<std::size_t> starts(std::string_view text) {
  std::vector<std::size_t> out;
  out.reserve(text.size() + 1);
  for (std::size_t i = 0; i < text.size(); i += code_point_at(text, i).bytes) out.push_back(i);
  out.push_back(text.size());
  return out;
}

// `width` columns from code point `from` on, with "…" wherever something is left out.
std::string window(std::string_view text, const std::vector<std::size_t>& at, std::size_t from,
                   std::size_t width) {
  const std::size_t count = at.size() - 1;
  if (count <= width) return std::string(text);
  std::string out = from > 0 ? "…" : "";
  const std::size_t room = width - (from > 0 ? 1 : 0);
  const bool more = from + room < count;
  const std::size_t to = std::min(count, from + room - (more ? 1 : 0));
  out += text.substr(at[from], at[to] - at[from]);
  return more ? out + "…" : out;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = code_point_at(text, i);
    if (point.value == '\n') {
      out += "\\n";
    } else if (point.value == '\t') {
      out += "\\t";
    } else if (point.value == '\r') {
      out += "\\r";
    } else if (!point.valid || point.value < 0x20 || point.value == 0x7F) {
      out += fmt::format("\\x{:02x}", point.value);
    } else if (misleading(point.value)) {
      out += fmt::format("\\u{:04x}", point.value);
    } else {
      out += text.substr(i, point.bytes);
    }
    i += point.bytes;
  }
  return out;
}

std::size_t text_width(std::string_view text) { return utf8_count(text); }

std::string padded(std::string text, std::size_t width) {
  const std::size_t has = text_width(text);
  if (has < width) text.append(width - has, ' ');
  return text;
}

std::string cut_middle(std::string_view text, std::size_t width) {
  const std::vector<std::size_t> at = starts(text);
  const std::size_t count = at.size() - 1;
  if (count <= width || width < 3) return std::string(text);
  const std::size_t tail = (width - 1) / 2;
  const std::size_t head = width - 1 - tail;
  return std::string(text.substr(0, at[head])) + "…" + std::string(text.substr(at[count - tail]));
}

std::pair<std::string, std::string> cut_pair(std::string_view left, std::string_view right,
                                             std::size_t width) {
  std::pair<std::string, std::string> out = {cut_middle(left, width), cut_middle(right, width)};
  if (out.first != out.second || left == right) return out;
  const std::vector<std::size_t> at_left = starts(left);
  const std::vector<std::size_t> at_right = starts(right);
  std::size_t differs = 0;
  while (differs + 1 < std::min(at_left.size(), at_right.size()) &&
         left.substr(at_left[differs], at_left[differs + 1] - at_left[differs]) ==
             right.substr(at_right[differs], at_right[differs + 1] - at_right[differs])) {
    ++differs;
  }
  // From the same place in both, however near the end it is.
  const std::size_t shorter = std::min(at_left.size(), at_right.size()) - 1;
  const std::size_t from =
      std::min(differs - std::min(differs, width / 3), shorter - std::min(shorter, width - 1));
  return {window(left, at_left, from, width), window(right, at_right, from, width)};
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> out;
  std::string line;
  std::size_t columns = 0;
  for (std::size_t i = 0; i <= text.size();) {
    const std::size_t end = std::min(text.find(' ', i), text.size());
    const std::string_view word = text.substr(i, end - i);
    const std::size_t word_columns = text_width(word);
    if (i > 0 && columns + 1 + word_columns <= width) {
      line += ' ';
      line += word;
      columns += 1 + word_columns;
    } else {
      if (i > 0) out.push_back(std::move(line));
      line = word;
      columns = word_columns;
    }
    i = end + 1;
  }
  out.push_back(std::move(line));
  return out;
}

}  // namespace homeostat
