#include "specs/ignore.hpp"

#include <span>

namespace homeostat {

namespace {

constexpr std::size_t npos = std::string_view::npos;

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t slash = text.find('/');
    parts.emplace_back(text.substr(0, slash));
    if (slash == npos) return parts;
    text.remove_prefix(slash + 1);
  }
}

// Spaces at the end do not count, unless there is a `\` in front.
std::string_view without_trailing_spaces(std::string_view line) {
  while (line.ends_with(' ') && !line.ends_with("\\ ")) line.remove_suffix(1);
  return line;
}

// Matches one character at pattern[at], which is no `*`; moves `at` behind what it used.
bool match_one(std::string_view pattern, std::size_t& at, char c) {
  const char p = pattern[at++];
  if (p == '?') return true;
  if (p == '\\' && at < pattern.size()) return pattern[at++] == c;
  if (p != '[') return p == c;
  // `]` right at the start is a member of the class.
  std::size_t i = at;
  const bool inverted = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (inverted) ++i;
  const std::size_t end = pattern.find(']', i + 1);
  if (end == npos) return c == '[';
  bool found = false;
  for (; i < end; ++i) {
    char low = pattern[i];
    if (low == '\\' && i + 1 < end) low = pattern[++i];
    char high = low;
    if (i + 2 < end && pattern[i + 1] == '-') {
      high = pattern[i + 2];
      i += 2;
    }
    found = found || (low <= c && c <= high);
  }
  at = end + 1;
  return found != inverted;
}

// One segment against one name; `*` goes back to the last star only, so the cost is bounded.
bool match_name(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = npos;
  std::size_t resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      resume = n;
      continue;
    }
    if (p < pattern.size() && match_one(pattern, p, name[n])) {
      ++n;
      continue;
    }
    if (star == npos) return false;
    p = star;
    n = ++resume;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// The same with segments: `**` is their star. At the end of a pattern it takes at least one.
bool match_path(std::span<const std::string> pattern, std::span<const std::string> path) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = npos;
  std::size_t resume = 0;
  while (n < path.size()) {
    if (p < pattern.size() && pattern[p] == "**") {
      if (p + 1 == pattern.size()) return true;
      star = ++p;
      resume = n;
      continue;
    }
    if (p < pattern.size() && match_name(pattern[p], path[n])) {
      ++p;
      ++n;
      continue;
    }
    if (star == npos) return false;
    p = star;
    n = ++resume;
  }
  return p == pattern.size();
}

}  // namespace

IgnoreRules::IgnoreRules(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = without_trailing_spaces(line);
    if (line.empty() || line[0] == '#') continue;
    Rule rule;
    rule.take_back = line[0] == '!';
    if (rule.take_back) line.remove_prefix(1);
    rule.folders_only = line.ends_with('/');
    if (rule.folders_only) line.remove_suffix(1);
    const bool tied = line.find('/') != npos;
    if (line.starts_with('/')) line.remove_prefix(1);
    if (line.empty()) continue;
    rule.segments = split(line);
    if (!tied) rule.segments.insert(rule.segments.begin(), "**");
    rules_.push_back(std::move(rule));
  }
}

bool IgnoreRules::ignores(std::string_view path, bool folder) const {
  if (rules_.empty()) return false;
  const std::vector<std::string> segments = split(path);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->folders_only && !folder) continue;
    if (match_path(rule->segments, segments)) return !rule->take_back;
  }
  return false;
}

}  // namespace homeostat
