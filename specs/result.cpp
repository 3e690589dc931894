#include "specs/result.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "specs/utf8.hpp"

namespace homeostat {

namespace {

// What is shown of a very long line, in characters around the column.
constexpr std::size_t window = 120;

// Control characters, which a terminal would obey, and those that hide or reorder others.
bool is_unprintable(std::string_view c) {
  if (c.size() == 1) return (static_cast<unsigned char>(c[0]) < 0x20 && c != "\t") || c == "\x7F";
  return (c >= "\xC2\x80" && c < "\xC2\xA0") || c == "\xEF\xBB\xBF" ||
         (c >= "\xE2\x80\xAA" && c <= "\xE2\x80\xAE") ||
         (c >= "\xE2\x81\xA6" && c <= "\xE2\x81\xA9");
}

// One line that is safe to print, as characters: what is not, and bytes that are not UTF-8, become
// U+FFFD; tabs stay.
std::vector<std::string> printable(std::string_view text) {
  std::vector<std::string> characters;
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t length = utf8_length(text, pos);
    const std::string_view character = text.substr(pos, length);
    const bool safe = length > 0 && !is_unprintable(character);
    characters.emplace_back(safe ? character : "\xEF\xBF\xBD");
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
