#include "reconciler/forge/words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "providers/core/http.hpp"
#include "providers/core/http_text.hpp"
#include "specs/text.hpp"
#include "specs/utf8.hpp"

namespace homeostat {
namespace {

constexpr std::size_t most_status_characters = 140;  // GitHub's; the others take more
constexpr std::size_t note_bytes = 200;              // of what is said where something is cut
// Between the @ and the name nobody sees it, and no forge reads a name behind it.
constexpr std::string_view zero_width_space = "\xE2\x80\x8B";

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-';
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t length = utf8_length(text, pos);
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(pos, length);
    pos += std::max<std::size_t>(length, 1);
  }
  return out;
}

// The length of what starts at `pos` and is shown as it is: `...` or <code>...</code>, whole in its
// line; 0 where nothing of the kind does. A bar ends a code span in a table. `open` says that a
// backtick was left over: what comes then may be code for us and text for the forge.
std::size_t code_length(std::string_view line, std::size_t pos, bool& open) {
  static constexpr std::string_view begin = "<code>";
  static constexpr std::string_view end = "</code>";
  if (line.substr(pos).starts_with(begin)) {
    const auto closing = line.find(end, pos);
    return closing == std::string_view::npos ? 0 : closing + end.size() - pos;
  }
  if (line[pos] != '`') return 0;
  const std::size_t fence = std::min(line.find_first_not_of('`', pos), line.size()) - pos;
  for (std::size_t at = pos + fence; at < line.size();) {
    at = line.find('`', at);
    if (at == std::string_view::npos) break;
    const std::size_t run = std::min(line.find_first_not_of('`', at), line.size()) - at;
    if (run == fence) {
      const std::size_t length = at + run - pos;
      const bool bar = line.substr(pos, length).find('|') != std::string_view::npos;
      return bar || open ? 0 : length;
    }
    at += run;
  }
  open = true;
  return 0;
}

// Where the name behind an @ begins, as it is or as an entity; 0 where there is no @ at `pos`, or
// a word in front of it (`container/x@pve` is no mention) or none behind.
std::size_t mention_length(std::string_view line, std::size_t pos) {
  if (pos > 0 && is_word(line[pos - 1])) return 0;
  for (const std::string_view at : {"@", "&#64;", "&#x40;", "&commat;"}) {
    if (!line.substr(pos).starts_with(at)) continue;
    const std::size_t behind = pos + at.size();
    return behind < line.size() && is_word(line[behind]) ? at.size() : 0;
  }
  return 0;
}

std::string without_mentions(std::string_view line, bool& open) {
  std::string out;
  for (std::size_t pos = 0; pos < line.size();) {
    std::size_t length = 0;
    if (line[pos] == '\\') {
      length = std::min<std::size_t>(2, line.size() - pos);
      if (length == 2 && line[pos + 1] == '@') length = 1;
    } else {
      length = code_length(line, pos, open);
    }
    const std::size_t mention = length == 0 ? mention_length(line, pos) : 0;
    length = std::max<std::size_t>(length + mention, 1);
    out += line.substr(pos, length);
    if (mention > 0) out += zero_width_space;
    pos += length;
  }
  return out;
}

std::string without_mentions(std::string_view text) {
  std::string out;
  bool open = false;
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).empty()) open = false;  // no code span goes on behind it
    if (line.data() != text.data()) out += '\n';
    // GitLab does what a line says that begins with a slash.
    if (trim(line).starts_with('/')) out += zero_width_space;
    out += without_mentions(line, open);
  }
  return out;
}

// What is open after some lines, and has to be closed where they end.
struct Open {
  std::string fence = {};  // "```", or "" outside of one
  std::size_t details = 0;

  void read(std::string_view line) {
    const std::string_view text = trim(line);
    const std::size_t run =
        text.empty() ? 0 : std::min(text.find_first_not_of(text.front()), text.size());
    const bool is_fence = run >= 3 && (text.front() == '`' || text.front() == '~');
    if (!fence.empty()) {
      if (is_fence && text.front() == fence.front() && run >= fence.size() && run == text.size()) {
        fence.clear();
      }
      return;
    }
    if (is_fence) {
      fence = std::string(text.substr(0, run));
      return;
    }
    details += text.starts_with("<details>") ? 1 : 0;
    details -= details > 0 && text.ends_with("</details>") ? 1 : 0;
  }
  [[nodiscard]] std::string closing() const {
    std::string out = fence.empty() ? "" : fence + "\n";
    for (std::size_t i = 0; i < details; ++i) out += "\n</details>\n";
    return out;
  }
};

std::string_view cut_at_character(std::string_view text, std::size_t bytes) {
  std::size_t end = 0;
  while (end < text.size()) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text, end), 1);
    if (end + length > bytes) break;
    end += length;
  }
  return text.substr(0, end);
}

std::string cut(std::string_view text, std::size_t bytes, std::string_view link) {
  const std::vector<std::string_view> lines = split(text, '\n');
  std::string note = "see `homeostat plan`";
  if (!link.empty()) note = fmt::format("see [the whole plan]({})", link);
  const std::size_t room = bytes - std::min(bytes, note_bytes + link.size());
  std::string out;
  Open open;
  std::size_t kept = 0;
  for (; kept < lines.size(); ++kept) {
    Open next = open;
    next.read(lines[kept]);
    if (out.size() + lines[kept].size() + 1 + next.closing().size() > room) break;
    out.append(lines[kept]).append(1, '\n');
    open = std::move(next);
  }
  // One line that is too long for itself: better its beginning than nothing.
  if (kept == 0 && !lines.empty()) {
    out = std::string(cut_at_character(lines[kept++], room)) + "…\n";
  }
  out += open.closing();
  const std::size_t left = lines.size() - kept;
  return out + fmt::format("\n**Cut off:** {} {} left out; {}\n", left,
                           left == 1 ? "line is" : "lines are", note);
}

}  // namespace

std::string status_words(std::string_view summary) {
  // one_line() puts its mark behind the last character that fits.
  return one_line(summary, most_status_characters - 1);
}

std::string status_words(const Error& error) { return status_words(to_string(error)); }

std::string comment_marker(std::string_view site) {
  return "<!-- homeostat plan " + url_component(site) + " -->";
}

std::string plan_comment(std::string_view site, std::string_view markdown,
                         const CommentLimits& limits) {
  const std::string head = comment_marker(site) + "\n";
  const std::string text = without_mentions(valid_utf8(markdown));
  if (head.size() + text.size() <= limits.bytes) return head + text;
  return head + cut(text, limits.bytes - std::min(limits.bytes, head.size()), limits.link);
}

}  // namespace homeostat
