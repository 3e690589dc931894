// Where the YAML comes from: a directory as it lies, or the tree of one git commit.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "specs/result.hpp"

namespace homeostat {

struct Revision {
  std::string repo;    // absolute path of the git repository's work tree or bare folder; "" if none
  std::string subdir;  // the spec's folder inside it, "" = its top ("homelab/lab")
  std::string commit;  // 40 hex digits: the commit read, or HEAD below a work tree; "" if none
  std::string branch;  // "main", or "" where detached or unknown
  bool work_tree = false;  // read as it lies; HEAD is only what it is compared with
  bool bare = false;       // of a repository without files, where relative paths lead nowhere
  // Files (relative to the spec's folder) that differ from HEAD, are not in it, or are gone since.
  // Known after Source::list(), for the files it is about. Empty where there is no repository.
  std::set<std::string> uncommitted;
};

// A listing is sorted by path; paths are relative to the spec's folder, with '/'.
class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual const Revision& revision() const = 0;
  // The spec's folder on disk: `files` providers and `command` secrets are relative to it.
  [[nodiscard]] virtual const std::string& folder() const = 0;
  // The file's text; nullopt where there is none; an error for symlinks, submodules, directories
  // and files above 16 MiB.
  [[nodiscard]] virtual Result<std::optional<std::string>> read(std::string_view path) const = 0;
  // All `*.yaml` below the folder, less dot files and dot folders, `skip` (folders, which are not
  // entered) and what `.homeostatignore` names (gitignore syntax, one pattern a line). Symlinks,
  // submodules, `.yml` and files above 16 MiB that would have been part of it become errors by
  // name.
  [[nodiscard]] virtual std::vector<std::string> list(const std::set<std::string>& skip,
                                                      Errors& errors) const = 0;
};

// `folder` may lie inside a git work tree or not. One object is for one thread at a time.
[[nodiscard]] Result<std::unique_ptr<Source>> open_directory(const std::string& folder);
// `rev` as git understands it (branch, tag, hash, HEAD~2). `folder` = a work tree, a folder inside
// one, or a bare repository (then `path` names the folder inside). Reads the object database only.
[[nodiscard]] Result<std::unique_ptr<Source>> open_commit(const std::string& folder,
                                                          const std::string& rev,
                                                          const std::string& path = {});

}  // namespace homeostat
