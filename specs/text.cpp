#include "specs/text.hpp"

#include <algorithm>
#include <charconv>

#include "specs/utf8.hpp"

namespace homeostat {

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return words;
    text.remove_prefix(first);
    const auto end = text.find_first_of(" \t");
    words.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end);
  }
}

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  // from_chars would take nothing but digits for an unsigned type, yet stops at the first other.
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

bool nests_too_deep(std::string_view json) {
  constexpr int deepest = 200;
  int depth = 0;
  bool quoted = false;
  for (std::size_t pos = 0; pos < json.size(); ++pos) {
    const char c = json[pos];
    if (c == '\\') ++pos;
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if ((c == '[' || c == '{') && ++depth > deepest) return true;
    if (c == ']' || c == '}') --depth;
  }
  return false;
}

std::string in_ticks(std::string_view text) {
  constexpr std::size_t longest = 60;
  const bool cut = text.size() > longest;
  if (cut) {
    // Not in the middle of a character.
    std::size_t end = 0;
    std::size_t step = 0;
    while (end + step <= longest) {
      end += step;
      step = std::max<std::size_t>(utf8_length(text, end), 1);
    }
    text = text.substr(0, end);
  }
  std::string out = "`";
  for (const char c : text) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  }
  out += cut ? "...`" : "`";
  return out;
}

std::string as_words(std::string_view text) {
  if (text.find_first_of("\"'\\") != std::string_view::npos) return "[PROGRAM, ARGUMENT, ...]";
  std::string out;
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty()) continue;
    const bool plain = word.find_first_of("{}[],:#&*!|>%@`") == std::string_view::npos;
    const std::string_view quote = plain && !parse_digits(word) ? "" : "\"";
    if (!out.empty()) out += ", ";
    out.append(quote).append(word).append(quote);
  }
  return "[" + out + "]";
}

}  // namespace homeostat
