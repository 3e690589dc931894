// JSON -> YAML that people like to edit.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "specs/utf8.hpp"
#include "specs/yaml.hpp"

namespace homeostat::yaml {

namespace {

// YAML allows keys without `?` up to 1024 characters.
constexpr std::size_t max_simple_key = 1000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Words that some YAML reader takes for null, a boolean, infinity or a merge.
bool is_word_with_meaning(std::string_view text) {
  if (text.size() > 5) return false;
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::string_view words[] = {"~",     "null",  "true", "false", "yes",  "no",
                                        "on",    "off",   "y",    "n",     ".nan", ".inf",
                                        "+.inf", "-.inf", "<<",   "=",     "-",    "..."};
  return std::ranges::find(words, lower) != std::end(words);
}

// Numbers in any notation, times (1:30:00, and so some MACs) and dates. Addresses ("10.5.0.1"),
// sizes ("2GiB") and versions ("1.2.3") are none.
bool looks_like_number(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || (!is_digit(text[0]) && text[0] != '.')) return false;
  if (text.starts_with("0x") || text.starts_with("0o") || text.starts_with("0b")) return true;
  std::size_t dots = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool exponent = (c == 'e' || c == 'E') && i + 1 < text.size();
    const bool sign = (c == '+' || c == '-') && i > 0;
    if (c == '.') ++dots;
    if (!is_digit(c) && c != '.' && c != '_' && c != ',' && c != ':' && !exponent && !sign) {
      return false;
    }
  }
  return dots < 2;
}

bool is_plain_character(unsigned char c) {
  return std::isalnum(c) != 0 || c >= 0x80 ||
         std::string_view("_-./+=@~$^()<>;,:% ").find(static_cast<char>(c)) !=
             std::string_view::npos;
}

// Deliberately narrower than YAML's rule: what is plain here is plain to every reader.
bool is_plain(std::string_view text) {
  if (text.empty() || text.back() == ' ' || text.back() == ':') return false;
  const auto first = static_cast<unsigned char>(text[0]);
  if (std::isalnum(first) == 0 && first < 0x80 && first != '_' && first != '/' && first != '.') {
    return false;
  }
  if (is_word_with_meaning(text) || looks_like_number(text)) return false;
  if (text.starts_with("...") || text.find(": ") != std::string_view::npos) return false;
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t length = utf8_length(text, pos);
    // U+0080 to U+00A0, U+2028 and U+FEFF cannot be seen.
    const std::string_view character = text.substr(pos, length);
    if (length == 0 || !is_plain_character(static_cast<unsigned char>(text[pos]))) return false;
    if (character >= "\xC2\x80" && character <= "\xC2\xA0") return false;
    if (character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9") return false;
    if (character == "\xEF\xBB\xBF") return false;
    pos += length;
  }
  return true;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t length = utf8_length(text, pos);
    const std::string_view character = text.substr(pos, std::max<std::size_t>(length, 1));
    const auto byte = static_cast<unsigned char>(text[pos]);
    if (character == "\"" || character == "\\") {
      out.append(1, '\\').append(character);
    } else if (character == "\n") {
      out += "\\n";
    } else if (character == "\t") {
      out += "\\t";
    } else if (length == 0) {
      out += "\xEF\xBF\xBD";  // not UTF-8, which no YAML can hold
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02X}", byte);
    } else if (character >= "\xC2\x80" && character <= "\xC2\xA0") {
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(text[pos + 1]));
    } else if (character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9") {
      out += character.back() == '\xA8' ? "\\u2028" : "\\u2029";
    } else if (character == "\xEF\xBB\xBF") {
      out += "\\uFEFF";
    } else {
      out += character;
    }
    pos += character.size();
  }
  out += '"';
}

// Several lines that `|` can hold as they are.
bool is_literal(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.ends_with("\n\n")) return false;
  if (text[0] == ' ' || text[0] == '\n') return false;
  bool blank_line = true;
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t length = utf8_length(text, pos);
    const auto byte = static_cast<unsigned char>(text[pos]);
    const bool end = byte == '\n';
    if (length == 0 || (byte < 0x20 && !end) || byte == 0x7F || byte == 0xC2 ||
        text.substr(pos, length) == "\xEF\xBB\xBF") {
      return false;
    }
    // Spaces before an end of line are lost too easily in an editor.
    if (end && pos > 0 && text[pos - 1] == ' ') return false;
    blank_line = end;
    pos += length;
  }
  return blank_line || text.back() != ' ';
}

void append_text(std::string& out, std::string_view text, std::size_t indent) {
  if (is_plain(text)) {
    out += text;
  } else if (is_literal(text)) {
    out += text.ends_with('\n') ? "|" : "|-";
    std::string_view rest = text.ends_with('\n') ? text.substr(0, text.size() - 1) : text;
    while (true) {
      const std::size_t end = rest.find('\n');
      out += '\n';
      if (end != 0 && !rest.empty()) out.append(indent, ' ').append(rest.substr(0, end));
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
  } else {
    append_quoted(out, text);
  }
}

void append_key(std::string& out, const std::string& key) {
  const bool longer = utf8_count(key) > max_simple_key;
  if (longer) out += "? ";
  if (is_plain(key)) {
    out += key;
  } else {
    append_quoted(out, key);
  }
}

bool is_filled(const nlohmann::json& value) { return value.is_structured() && !value.empty(); }

// Writes behind what stands on the line already; `indent` is that of the lines below.
void append_value(std::string& out, const nlohmann::json& value, std::size_t indent);

void append_object(std::string& out, const nlohmann::json& object, std::size_t indent) {
  bool first = true;
  for (const auto& [key, value] : object.items()) {
    if (!first) out.append(indent, ' ');
    first = false;
    append_key(out, key);
    if (utf8_count(key) > max_simple_key) out.append(1, '\n').append(indent, ' ');
    out += ':';
    if (is_filled(value)) {
      out.append(1, '\n').append(indent + 2, ' ');
    } else {
      out += ' ';
    }
    append_value(out, value, indent + 2);
  }
}

void append_value(std::string& out, const nlohmann::json& value, std::size_t indent) {
  if (value.is_object() && !value.empty()) {
    append_object(out, value, indent);
  } else if (value.is_array() && !value.empty()) {
    bool first = true;
    for (const nlohmann::json& item : value) {
      if (!first) out.append(indent, ' ');
      first = false;
      out += "- ";
      append_value(out, item, indent + 2);
    }
  } else {
    if (const auto* text = value.get_ptr<const std::string*>()) {
      append_text(out, *text, indent);
    } else {
      out += value.dump();  // numbers, booleans, null, {} and []
    }
    out += '\n';
  }
}

}  // namespace

std::string emit(const nlohmann::json& object) {
  std::string out;
  append_value(out, object, 0);
  return out;
}

}  // namespace homeostat::yaml
