// What of a request and its answer may be shown, and how.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace homeostat {

// Puts *** where a secret stands: as it is, as it is written in a URL, and in JSON.
class Redactor {
 public:
  explicit Redactor(const std::vector<std::string>& secrets);
  [[nodiscard]] std::string operator()(std::string_view text) const;
  // What begins in the first `limit` bytes; a secret across that border is hidden whole.
  [[nodiscard]] std::string operator()(std::string_view text, std::size_t limit) const;

 private:
  std::vector<std::string> forms_;  // longest first
};

// One line, at most so many characters of it: control characters and what is not UTF-8 become
// blanks, runs of blanks one.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t characters);

// "5 s", "250 ms"
[[nodiscard]] std::string shown_milliseconds(long long milliseconds);
// "812 B", "3.1 kB", "64.0 MB"
[[nodiscard]] std::string shown_bytes(double bytes);

}  // namespace homeostat
