// Secrets are taken out of every text that comes from outside before anybody else sees it: a server
// may echo a refused token, a parser may quote a url.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "specs/result.hpp"

namespace homeostat {

inline constexpr std::string_view redacted = "(secret)";

class Scrubber {
 public:
  Scrubber() = default;
  explicit Scrubber(const std::vector<std::string>& secrets);
  // Every secret becomes "(secret)": as it is, as in JSON, percent-encoded, and in base64.
  [[nodiscard]] std::string clean(std::string_view text) const;
  // What begins in the first `limit` bytes; a secret across that border is hidden whole.
  [[nodiscard]] std::string clean(std::string_view text, std::size_t limit) const;
  [[nodiscard]] Error clean(Error error) const;
  // Whether clean() would take something out.
  [[nodiscard]] bool finds(std::string_view text) const;

 private:
  std::vector<std::string> forms_;  // the longest first
};

}  // namespace homeostat
