// Our words as a forge takes them. All pure.
#pragma once

#include <string>
#include <string_view>

#include "specs/result.hpp"

namespace homeostat {

// What a commit status may say: one line of at most 140 characters.
[[nodiscard]] std::string status_words(std::string_view summary);  // "1 to create, 3 to change"
[[nodiscard]] std::string status_words(const Error& error);  // "dns.yaml:14:12: ttl needs ..."

// The first line of our comment on a pull request, which nobody sees.
[[nodiscard]] std::string comment_marker(std::string_view site);

struct CommentLimits {
  std::size_t bytes = 65'536;
  std::string_view link = {};  // where the whole plan is; "" = nowhere
};
// The marker and the plan. What is too long is cut at the end of a line, and says so; no `@name`
// outside of code calls anybody, and no line is a command. Always UTF-8.
[[nodiscard]] std::string plan_comment(std::string_view site, std::string_view markdown,
                                       const CommentLimits& limits);

}  // namespace homeostat
