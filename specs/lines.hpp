// The lines of one text, for the excerpts of errors.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat {

// Keeps a view: the text must outlive it. Building it costs one pass.
class Lines {
 public:
  explicit Lines(std::string_view text);

  // The line that byte `pos` lies in; both it and the result of `number` count lines from 1.
  [[nodiscard]] int number(std::size_t pos) const;
  // Byte position of the line's first character.
  [[nodiscard]] std::size_t start(int line) const;
  // The line without its end; empty outside the text and above 4 KiB (nobody reads those).
  [[nodiscard]] std::string excerpt(int line) const;

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

}  // namespace homeostat
