#include "specs/lines.hpp"

#include <algorithm>

namespace homeostat {

namespace {
constexpr std::size_t max_excerpt_bytes = 4096;
}

Lines::Lines(std::string_view text) : text_(text), starts_{0} {
  for (std::size_t end = text.find('\n'); end != std::string_view::npos;
       end = text.find('\n', end + 1)) {
    starts_.push_back(end + 1);
  }
}

int Lines::number(std::size_t pos) const {
  return static_cast<int>(std::ranges::upper_bound(starts_, pos) - starts_.begin());
}

std::size_t Lines::start(int line) const {
  const auto index = static_cast<std::size_t>(std::max(line, 1) - 1);
  return starts_[std::min(index, starts_.size() - 1)];
}

std::string Lines::excerpt(int line) const {
  if (line < 1 || static_cast<std::size_t>(line) > starts_.size()) return {};
  std::string_view rest = text_.substr(start(line));
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest.size() > max_excerpt_bytes ? std::string() : std::string(rest);
}

}  // namespace homeostat
