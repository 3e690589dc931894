#include "reconciler/forge/types.hpp"

#include <algorithm>
#include <array>

namespace homeostat {
namespace {

constexpr std::array<std::string_view, 4> names = {"forgejo", "gitea", "github", "gitlab"};

}  // namespace

std::optional<ForgeType> parse_forge(std::string_view name) {
  const auto* const found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<ForgeType>(found - names.begin());
}

std::string_view to_string(ForgeType type) { return names[static_cast<std::size_t>(type)]; }

bool is_commit_id(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

}  // namespace homeostat
