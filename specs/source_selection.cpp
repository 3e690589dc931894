#include "specs/source_selection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "specs/utf8.hpp"

namespace homeostat {

namespace {

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// The ending in lower case: ".yaml", ".yml", or something else.
std::string ending(std::string_view path) {
  const std::size_t dot = base_name(path).rfind('.');
  if (dot == std::string_view::npos) return {};
  std::string text(base_name(path).substr(dot));
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_yaml_like(std::string_view path) {
  const std::string text = ending(path);
  return text == ".yaml" || text == ".yml";
}

bool is_printable_name(std::string_view path) {
  for (std::size_t pos = 0; pos < path.size();) {
    const std::size_t length = utf8_length(path, pos);
    const auto byte = static_cast<unsigned char>(path[pos]);
    if (length == 0 || byte < 0x20 || byte == 0x7F) return false;
    pos += length;
  }
  return true;
}

constexpr const char* or_ignore = "or name it in .homeostatignore";

}  // namespace

Error entry_error(const std::string& path, std::string message, std::string hint) {
  return Error{ErrorKind::invalid_spec, std::move(message), std::move(hint), SourceRef{path, 0, 0},
               std::string()};
}

Error symlink_error(const std::string& path) {
  return entry_error(path, "symbolic links are not followed",
                     fmt::format("put the file itself here, {}", or_ignore));
}

Error submodule_error(const std::string& path) {
  return entry_error(path, "a git repository inside the repository (a submodule) is not read",
                     fmt::format("put its files here, {}", or_ignore));
}

Error size_error(const std::string& path, std::uint64_t bytes) {
  return entry_error(path,
                     fmt::format("the file has {} bytes; the limit is {} ({} MiB)", bytes,
                                 max_file_bytes, max_file_bytes / 1024 / 1024),
                     fmt::format("split it, {}", or_ignore));
}

Result<std::vector<std::string>> path_components(std::string_view path) {
  std::vector<std::string> parts;
  std::string_view rest = path;
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part == ".." || (part.empty() && parts.empty())) {
      return tl::unexpected(
          entry_error(std::string(path), "the path leads out of the spec's folder"));
    }
    if (!part.empty() && part != ".") parts.emplace_back(part);
    if (slash == std::string_view::npos) return parts;
    rest.remove_prefix(slash + 1);
  }
}

bool Selection::enters(const std::string& folder) const {
  return !base_name(folder).starts_with('.') && !skip_.contains(folder) &&
         !rules_.ignores(folder, true);
}

bool Selection::wants(const std::string& file) {
  if (base_name(file).starts_with('.') || !is_yaml_like(file) || rules_.ignores(file, false)) {
    return false;
  }
  if (!file.ends_with(".yaml")) {
    const std::string stem = file.substr(0, file.rfind('.'));
    report(entry_error(file, "only files that end in .yaml are read",
                       fmt::format("rename it to {}.yaml, {}", stem, or_ignore)));
    return false;
  }
  if (!is_printable_name(file)) {
    report(entry_error(file, "the file's name holds bytes that cannot be printed", "rename it"));
    return false;
  }
  return true;
}

void Selection::take(const std::string& file, std::uint64_t bytes) {
  if (bytes > max_file_bytes) {
    report(size_error(file, bytes));
  } else {
    files_.push_back(file);
  }
}

void Selection::meet_symlink(const std::string& path, bool folder) {
  if (base_name(path).starts_with('.') || skip_.contains(path)) return;
  if (!folder && !is_yaml_like(path)) return;
  if (rules_.ignores(path, false) || rules_.ignores(path, true)) return;
  report(symlink_error(path));
}

void Selection::meet_submodule(const std::string& folder) {
  if (enters(folder)) report(submodule_error(folder));
}

std::vector<std::string> Selection::sorted_files() {
  std::ranges::sort(files_);
  return std::move(files_);
}

}  // namespace homeostat
