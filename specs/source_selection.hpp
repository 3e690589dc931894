// Which entries of a folder belong to a spec: judged by name, the same for a directory and for a
// commit.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "specs/ignore.hpp"
#include "specs/result.hpp"

namespace homeostat {

constexpr std::uint64_t max_file_bytes = std::uint64_t{16} * 1024 * 1024;
constexpr std::string_view ignore_file = ".homeostatignore";

// Errors about an entry, by its name.
[[nodiscard]] Error symlink_error(const std::string& path);
[[nodiscard]] Error submodule_error(const std::string& path);
[[nodiscard]] Error size_error(const std::string& path, std::uint64_t bytes);
[[nodiscard]] Error entry_error(const std::string& path, std::string message,
                                std::string hint = {});

// The components of a path below the spec's folder; an error for one that is absolute or leaves it.
[[nodiscard]] Result<std::vector<std::string>> path_components(std::string_view path);

// Holds references: it lives for one listing. Paths are relative, with '/'.
class Selection {
 public:
  Selection(const IgnoreRules& rules, const std::set<std::string>& skip, Errors& errors)
      : rules_(rules), skip_(skip), errors_(errors) {}

  [[nodiscard]] bool enters(const std::string& folder) const;
  // Whether the file's size matters: it is YAML and not ignored. Reports wrong endings and names.
  [[nodiscard]] bool wants(const std::string& file);
  void take(const std::string& file, std::uint64_t bytes);
  // `folder`: it leads to a folder, or it cannot be told where.
  void meet_symlink(const std::string& path, bool folder);
  void meet_submodule(const std::string& folder);
  void report(Error error) { errors_.push_back(std::move(error)); }

  [[nodiscard]] std::vector<std::string> sorted_files();

 private:
  const IgnoreRules& rules_;
  const std::set<std::string>& skip_;
  Errors& errors_;
  std::vector<std::string> files_;
};

}  // namespace homeostat
