#include "reconciler/yaml_lines.hpp"

#include <algorithm>
#include <utility>

namespace homeostat {
namespace {

bool is_word_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
         (byte >= 'A' && byte <= 'Z') || byte >= 0x80 || c == '_' || c == '-' || c == '.';
}

// What is in front of a comment. A '#' inside quotes cuts too much, which only makes us miss a
// word.
std::string_view without_comment(std::string_view line) {
  for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
    if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') return line.substr(0, at);
  }
  return line;
}

// nullopt for a line that says nothing.
std::optional<std::size_t> indent_of(std::string_view line) {
  const auto first = without_comment(line).find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return std::nullopt;
  return first;
}

// Where the word stands, behind `from`.
std::size_t find_word(std::string_view line, std::string_view word, std::size_t from) {
  for (auto at = line.find(word, from); at != std::string_view::npos;
       at = line.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || !is_word_char(line[at - 1])) &&
        (end == line.size() || !is_word_char(line[end]))) {
      return at;
    }
  }
  return std::string_view::npos;
}

bool has_key(std::string_view line, std::string_view word) {
  line = without_comment(line);
  for (auto at = find_word(line, word, 0); at != std::string_view::npos;
       at = find_word(line, word, at + 1)) {
    const auto rest = line.substr(at + word.size());
    const auto colon = rest.find_first_not_of("\"' ");
    if (colon != std::string_view::npos && rest[colon] == ':') return true;
  }
  return false;
}

}  // namespace

FileText::FileText(std::string content) : text(std::move(content)) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    lines.push_back(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
}

std::string_view FileText::line(int number) const {
  if (number < 1 || static_cast<std::size_t>(number) > lines.size()) return {};
  return lines[static_cast<std::size_t>(number) - 1];
}

std::string_view word_at(std::string_view line, int column) {
  line = without_comment(line);
  const auto skip = column > 0 ? static_cast<std::size_t>(column - 1)
                               : std::min(line.find_first_not_of(" \t-"), line.size());
  if (skip >= line.size()) return {};
  line.remove_prefix(skip);
  const auto first = line.find_first_not_of("\"'");
  if (first == std::string_view::npos) return {};
  line.remove_prefix(first);
  return line.substr(0, line.find_first_of(" \t\r\"':,{}[]"));
}

bool has_word(std::string_view line, std::string_view word) {
  return find_word(without_comment(line), word, 0) != std::string_view::npos;
}

std::optional<int> find_in_block(const FileText& file, int line, std::string_view word,
                                 bool must_be_key) {
  if (!indent_of(file.line(line)) || word.empty()) return std::nullopt;
  std::optional<int> found;
  const int end = block_end(file, line);
  for (int at = line; at <= end; ++at) {
    if (has_key(file.line(at), word)) return at;
    if (!must_be_key && !found && has_word(file.line(at), word)) found = at;
  }
  return found;
}

int block_end(const FileText& file, int line) {
  const auto top = indent_of(file.line(line));
  const int count = static_cast<int>(file.lines.size());
  int end = line;
  for (int at = line + 1; top && at <= count; ++at) {
    const auto indent = indent_of(file.line(at));
    if (indent && *indent <= *top) break;
    end = at;
  }
  return end;
}

int value_end(const FileText& file, int line) {
  int end = block_end(file, line);
  const auto top = indent_of(file.line(line));
  const auto is_item = [&file, &top](int at) {
    const std::string_view text = file.line(at);
    return top && indent_of(text) == top && text.substr(*top, 2) == "- ";
  };
  if (is_item(line)) return end;
  while (is_item(end + 1)) end = block_end(file, end + 1);
  return end;
}

std::vector<int> keys_above(const FileText& file) {
  std::vector<int> above(file.lines.size(), 0);
  std::vector<std::pair<std::size_t, int>> open;  // indent, line
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const auto indent = indent_of(file.lines[i]);
    if (!indent) continue;
    while (!open.empty() && open.back().first >= *indent) open.pop_back();
    if (!open.empty()) above[i] = open.back().second;
    open.emplace_back(*indent, static_cast<int>(i) + 1);
  }
  return above;
}

std::vector<int> enclosing_lines(const FileText& file, int line) {
  std::vector<int> above;
  auto inner = indent_of(file.line(line));
  for (int at = line - 1; at >= 1 && inner.value_or(0) > 0; --at) {
    const auto indent = indent_of(file.line(at));
    if (!indent || *indent >= *inner) continue;
    above.push_back(at);
    inner = indent;
  }
  return above;
}

}  // namespace homeostat
