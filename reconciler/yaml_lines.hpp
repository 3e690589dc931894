// Lines of YAML as text, for old versions of files that nobody wants to parse again: which word
// stands where, what is below a key, and what encloses it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat {

// A text and its lines, without their ends. Lines point into the text, so it stays where it is.
struct FileText {
  explicit FileText(std::string content);
  FileText(const FileText&) = delete;
  FileText& operator=(const FileText&) = delete;
  ~FileText() = default;

  std::string text;
  std::vector<std::string_view> lines;

  // Counts from 1; "" where there is none.
  [[nodiscard]] std::string_view line(int number) const;
};

// The key or value that begins at a column (from 1); with column 0, the first one of the line.
[[nodiscard]] std::string_view word_at(std::string_view line, int column);
// As a whole word ("nas" is not in "nas.lab"), in front of any comment.
[[nodiscard]] bool has_word(std::string_view line, std::string_view word);

// A line of the block that a line opens (the line itself, and those below it that are indented
// more): the first with `word` as a key; else, unless it must be a key, the first with it at all.
[[nodiscard]] std::optional<int> find_in_block(const FileText& file, int line,
                                               std::string_view word, bool must_be_key);
// The last line of the block that a line opens.
[[nodiscard]] int block_end(const FileText& file, int line);
// The last line of the value of the key that a line opens: its block, or items of a list that stand
// as far left as the key.
[[nodiscard]] int value_end(const FileText& file, int line);
// For each line of a text (from 0) the number of the key that it stands below; 0 = none.
[[nodiscard]] std::vector<int> keys_above(const FileText& file);
// The keys that a line stands below, the nearest first.
[[nodiscard]] std::vector<int> enclosing_lines(const FileText& file, int line);

}  // namespace homeostat
