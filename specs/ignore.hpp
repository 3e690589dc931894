// `.homeostatignore`: gitignore's syntax, also where there is no git.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace homeostat {

class IgnoreRules {
 public:
  IgnoreRules() = default;
  // One pattern a line: `#` comments, `!` takes back, a trailing `/` means folders only, a `/`
  // elsewhere ties the pattern to the top; `*`, `?`, `[a-z]`, `**`, and `\` before any of these.
  explicit IgnoreRules(std::string_view text);

  // Whether the last rule that fits `path` (relative, with '/') ignores it. What lies in an ignored
  // folder is ignored too; the caller does not look into it.
  [[nodiscard]] bool ignores(std::string_view path, bool folder) const;

 private:
  struct Rule {
    std::vector<std::string> segments;  // between the slashes; "**" stands for any number
    bool take_back = false;
    bool folders_only = false;
  };
  std::vector<Rule> rules_;
};

}  // namespace homeostat
