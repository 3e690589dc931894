#include "specs/result.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "specs/utf8.hpp"

namespace homeostat {

namespace {

// What is shown of a very long line, in characters around the column.
constexpr std::size_t window = 120;

// One line that is safe to print, as characters: bytes that are not UTF-8 and control characters
// (a terminal would obey them) become U+FFFD; tabs stay.
std::vector<std::string> printable(std::string_view text) {
  std::vector<std::string> characters;
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t length = utf8_length(text, pos);
    const auto first = static_cast<unsigned char>(text[pos]);
    const bool control =
        (first < 0x20 && first != '\t') || first == 0x7F ||
        (length == 2 && first == 0xC2 && static_cast<unsigned char>(text[pos + 1]) < 0xA0);
    characters.emplace_back(length == 0 || control ? "\xEF\xBF\xBD" : text.substr(pos, length));
    pos += length == 0 ? 1 : length;
  }
  return characters;
}

std::string render_excerpt(const Error& error) {
  const std::vector<std::string> characters = printable(error.excerpt);
  const auto column = static_cast<std::size_t>(std::max(error.where.column, 0));
  // The caret may stand one behind the end, where something is missing.
  const std::size_t caret = std::min(column == 0 ? 0 : column - 1, characters.size());
  std::size_t first = 0;
  std::size_t last = characters.size();
  if (characters.size() > window) {
    first = std::min(caret > window / 2 ? caret - window / 2 : 0, characters.size() - window);
    last = first + window;
  }
  std::string line = first > 0 ? "…" : "";
  std::string below = first > 0 ? " " : "";
  for (std::size_t i = first; i < last; ++i) line += characters[i];
  if (last < characters.size()) line += "…";
  for (std::size_t i = first; i < caret; ++i) below += characters[i] == "\t" ? "\t" : " ";
  std::string text = "  " + line + "\n";
  if (column > 0) text += "  " + below + "^\n";
  return text;
}

}  // namespace

std::string to_string(const SourceRef& where) {
  if (where.line <= 0) return where.file;
  std::string text = where.file + ":" + std::to_string(where.line);
  if (where.column > 0) text += ":" + std::to_string(where.column);
  return text;
}

std::string to_string(const Error& error) {
  std::string text = to_string(error.where);
  if (!text.empty()) text += ": ";
  text += error.message;
  if (!error.hint.empty()) text += " (" + error.hint + ")";
  return text;
}

std::string render(const Error& error) {
  std::string text = to_string(error.where);
  if (!text.empty()) text += ": ";
  text += error.message + "\n";
  if (!error.excerpt.empty()) text += render_excerpt(error);
  if (!error.hint.empty()) text += "  hint: " + error.hint + "\n";
  return text;
}

void sort_errors(Errors& errors) {
  const auto key = [](const Error& e) {
    return std::tie(e.where.file, e.where.line, e.where.column, e.message, e.hint, e.excerpt,
                    e.kind);
  };
  std::ranges::sort(errors, [&](const Error& a, const Error& b) { return key(a) < key(b); });
  errors.erase(std::unique(errors.begin(), errors.end()), errors.end());
}

}  // namespace homeostat
