#include "reconciler/notify/text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "specs/text.hpp"
#include "specs/utf8.hpp"

namespace homeostat {
namespace {

constexpr std::size_t longest_title = 200;  // characters

// C1 controls, and what turns the direction of what is read or hides in it.
bool is_unwanted(std::string_view character) {
  const bool c1 = character >= "\xC2\x80" && character < "\xC2\xA0";
  const bool marks = character >= "\xE2\x80\xA8" && character <= "\xE2\x80\xAE";  // U+2028..202E
  const bool isolates = character >= "\xE2\x81\xA6" && character <= "\xE2\x81\xA9";
  const bool direction =
      character == "\xE2\x80\x8E" || character == "\xE2\x80\x8F" || character == "\xD8\x9C";
  return c1 || marks || isolates || direction || character == "\xEF\xBB\xBF";
}

// The end of a prefix of at most `limit` units; whole characters, at least one.
std::size_t prefix_end(std::string_view text, std::size_t limit) {
  std::size_t end = 0;
  std::size_t units = 0;
  while (end < text.size()) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text, end), 1);
    units += length == 4 ? 2 : 1;
    if (units > limit && end > 0) break;
    end += length;
  }
  return end;
}

std::string_view without_empty_lines(std::string_view text) {
  while (text.starts_with('\n')) text.remove_prefix(1);
  const auto last = text.find_last_not_of(" \n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// Lines, those that are too long in pieces.
std::vector<std::string_view> pieces_of(std::string_view text, std::size_t limit) {
  std::vector<std::string_view> pieces;
  for (std::string_view line : split(text, '\n')) {
    do {
      const std::size_t end = prefix_end(line, limit);
      pieces.push_back(line.substr(0, end));
      line.remove_prefix(end);
    } while (!line.empty());
  }
  return pieces;
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t length = utf8_length(text, pos);
    const std::string_view character = text.substr(pos, std::max<std::size_t>(length, 1));
    pos += character.size();
    const char first = character.front();
    if (length == 0) {
      clean += "\xEF\xBF\xBD";
    } else if (first == '\r') {
      if (pos >= text.size() || text[pos] != '\n') clean += '\n';
    } else if (first == '\t') {
      clean += ' ';
    } else if (first == '\n') {
      clean += '\n';
    } else if (static_cast<unsigned char>(first) >= 0x20 && first != '\x7F' &&
               !is_unwanted(character)) {
      clean += character;
    }
  }
  return clean;
}

Message clean_message(Message message) {
  for (std::string* text : {&message.id, &message.site, &message.text, &message.markdown,
                            &message.html, &message.incident, &message.title}) {
    *text = clean_text(*text);
  }
  for (std::string* line : {&message.id, &message.site, &message.incident, &message.title}) {
    std::replace(line->begin(), line->end(), '\n', ' ');
  }
  message.title = trim(message.title);
  if (message.title.empty()) message.title = "Homeostat";
  if (const auto end = prefix_end(message.title, longest_title); end < message.title.size()) {
    message.title = message.title.substr(0, end) + "…";
  }
  return message;
}

std::size_t utf16_length(std::string_view utf8) {
  std::size_t units = 0;
  for (std::size_t pos = 0; pos < utf8.size();) {
    const std::size_t length = std::max<std::size_t>(utf8_length(utf8, pos), 1);
    units += length == 4 ? 2 : 1;
    pos += length;
  }
  return units;
}

std::vector<std::string> split_text(std::string_view text, std::size_t limit, std::size_t parts) {
  constexpr std::size_t note_room = 40;  // "… 123456 more lines are left out"
  text = without_empty_lines(text);
  if (text.empty() || parts == 0) return {};
  if (utf16_length(text) <= limit) return {std::string(text)};
  const std::size_t room = limit > 2 * note_room ? limit - note_room : limit;
  const std::vector<std::string_view> pieces = pieces_of(text, room);
  std::vector<std::string> out(1);
  std::size_t used = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::size_t wanted = utf16_length(pieces[i]) + (used > 0 ? 1 : 0);
    if (used + wanted > room && used > 0) {
      if (out.size() == parts) {
        const std::size_t left = pieces.size() - i;
        out.back() +=
            fmt::format("\n… {} more {} left out", left, left == 1 ? "line is" : "lines are");
        break;
      }
      out.emplace_back();
      used = 0;
    }
    if (used > 0) out.back() += '\n';
    out.back() += pieces[i];
    used += utf16_length(pieces[i]) + (used > 0 ? 1 : 0);
  }
  return out;
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string fence_proof(std::string_view text) {
  constexpr std::string_view apart = "\xE2\x80\x8B";  // has no width
  std::string out;
  for (const char c : text) {
    if (c == '`' && out.ends_with('`')) out += apart;
    out += c;
  }
  return out;
}

std::string plain_markdown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool punctuation = byte < 0x80 && std::ispunct(byte) != 0;
    if (punctuation && std::string_view(".,;'").find(c) == std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string utc_text(Time at) {
  return fmt::format("{:%Y-%m-%d %H:%M} UTC",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(at)));
}
std::string iso_text(Time at) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(at)));
}

std::string footer(const Message& message) {
  std::string text;
  const auto add = [&text](const std::string& word) {
    if (!word.empty()) text += (text.empty() ? "" : " · ") + word;
  };
  add(message.site);
  add(utc_text(message.at));
  add(std::string(name_of(message.kind)));
  if (!message.id.empty()) add("event " + message.id);
  return text;
}

std::string numbered(const std::string& title, std::size_t part, std::size_t parts) {
  return parts > 1 ? fmt::format("{} ({}/{})", title, part + 1, parts) : title;
}

}  // namespace homeostat
