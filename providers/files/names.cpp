#include "providers/files/names.hpp"

#include <fmt/format.h>

namespace homeostat::files {
namespace {

constexpr std::string_view suffix = ".yaml";
constexpr std::size_t longest_file_name = 255;  // bytes, on every file system that is in use

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

std::size_t name_depth(std::string_view kind) {
  if (kind == "dns") return 3;
  return kind == "ip" ? 2 : 1;
}

std::string to_disk(std::string_view encoded_component) {
  if (encoded_component.empty() || encoded_component.front() != '.') {
    return std::string(encoded_component);
  }
  return "%2E" + std::string(encoded_component.substr(1));
}

Result<std::string> from_disk(std::string_view name) {
  std::string encoded = encode_component(decode_component(name));
  const std::string right = to_disk(encoded);
  if (right == name) return encoded;
  return fail(ErrorKind::invalid_spec, fmt::format("nothing of ours is called `{}`", name),
              fmt::format("rename it to `{}`", right));
}

bool is_leftover(std::string_view name) {
  return name.empty() || name.front() == '.' || name.ends_with('~') || name.ends_with(".tmp") ||
         name.ends_with(".swp");
}

Result<std::vector<std::string>> disk_path(std::string_view native_id) {
  std::vector<std::string> path;
  for (const std::string_view part : split(native_id)) {
    path.push_back(to_disk(part));
    const bool control = part.find('\0') != std::string_view::npos;
    if (part.empty() || control || path.back().size() + suffix.size() > longest_file_name) {
      return fail(ErrorKind::invalid_spec,
                  fmt::format("{}: a part of the name is empty, too long or binary, so that no "
                              "file can be called that",
                              native_id));
    }
  }
  path.back() += suffix;
  return path;
}

}  // namespace homeostat::files
