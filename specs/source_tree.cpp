#include "specs/source_tree.hpp"

#include <filesystem>

namespace homeostat {

namespace {

// No file system allows paths this long; a tree made by hand may.
constexpr std::size_t max_path_bytes = 4096;

struct Walk {
  git_repository* repository;
  const git_tree* top;
  git_odb* odb;
  Selection& selection;
};

Error missing_object(const std::string& path) {
  Error error = entry_error(path, git::last_error("its content is not in this clone").message,
                            "a partial clone cannot be read: git fetch --refetch");
  return error;
}

Result<git::Tree> lookup_tree(git_repository* repository, const git_tree_entry* entry,
                              const std::string& path) {
  git_tree* found = nullptr;
  if (git_tree_lookup(&found, repository, git_tree_entry_id(entry)) < 0) {
    return tl::unexpected(missing_object(path));
  }
  return git::Tree(found);
}

Result<git::Blob> lookup_blob(git_repository* repository, const git_oid& id,
                              const std::string& path) {
  git_blob* found = nullptr;
  if (git_blob_lookup(&found, repository, &id) < 0) return tl::unexpected(missing_object(path));
  return git::Blob(found);
}

std::string blob_text(const git_blob* blob) {
  return {static_cast<const char*>(git_blob_rawcontent(blob)),
          static_cast<std::size_t>(git_blob_rawsize(blob))};
}

// Whether the link leads to a folder of this tree, or out of it, where nobody can say.
bool may_lead_to_folder(const Walk& walk, const git_tree_entry* entry, const std::string& path) {
  const Result<git::Blob> blob = lookup_blob(walk.repository, *git_tree_entry_id(entry), path);
  if (!blob) return true;
  const std::filesystem::path target =
      (std::filesystem::path(path).parent_path() / blob_text(blob->get())).lexically_normal();
  git_tree_entry* found = nullptr;
  if (git_tree_entry_bypath(&found, walk.top, target.c_str()) < 0) return true;
  const git::TreeEntry held(found);
  const git_filemode_t mode = git_tree_entry_filemode(found);
  return mode != GIT_FILEMODE_BLOB && mode != GIT_FILEMODE_BLOB_EXECUTABLE;
}

void walk_tree(const Walk& walk, const git_tree* tree, const std::string& prefix);

void walk_entry(const Walk& walk, const git_tree_entry* entry, const std::string& path) {
  switch (git_tree_entry_filemode(entry)) {
    case GIT_FILEMODE_TREE: {
      if (!walk.selection.enters(path)) return;
      if (path.size() > max_path_bytes) {
        walk.selection.report(entry_error(path.substr(0, 80), "folders are nested too deep"));
        return;
      }
      const Result<git::Tree> below = lookup_tree(walk.repository, entry, path);
      if (!below) return walk.selection.report(below.error());
      return walk_tree(walk, below->get(), path + "/");
    }
    case GIT_FILEMODE_COMMIT:
      return walk.selection.meet_submodule(path);
    case GIT_FILEMODE_LINK:
      return walk.selection.meet_symlink(path, may_lead_to_folder(walk, entry, path));
    default: {
      if (!walk.selection.wants(path)) return;
      std::size_t bytes = 0;
      git_object_t type = GIT_OBJECT_INVALID;
      if (git_odb_read_header(&bytes, &type, walk.odb, git_tree_entry_id(entry)) < 0) {
        return walk.selection.report(missing_object(path));
      }
      return walk.selection.take(path, bytes);
    }
  }
}

void walk_tree(const Walk& walk, const git_tree* tree, const std::string& prefix) {
  const std::size_t count = git_tree_entrycount(tree);
  for (std::size_t i = 0; i < count; ++i) {
    const git_tree_entry* entry = git_tree_entry_byindex(tree, i);
    walk_entry(walk, entry, prefix + git_tree_entry_name(entry));
  }
}

}  // namespace

void select_from_tree(git_repository* repository, const git_tree* tree, Selection& selection) {
  git_odb* found = nullptr;
  if (git_repository_odb(&found, repository) < 0) {
    return selection.report(git::last_error("cannot read the repository's objects"));
  }
  const git::Odb odb(found);
  walk_tree(Walk{repository, tree, odb.get(), selection}, tree, "");
}

Result<std::optional<std::string>> read_from_tree(git_repository* repository, const git_tree* tree,
                                                  std::string_view path) {
  TRY_ASSIGN(const std::vector<std::string> parts, path_components(path));
  git::Tree held;
  std::string so_far;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    so_far += (i == 0 ? "" : "/") + parts[i];
    const git_tree_entry* entry = git_tree_entry_byname(tree, parts[i].c_str());
    if (entry == nullptr) return std::optional<std::string>();
    const git_filemode_t mode = git_tree_entry_filemode(entry);
    if (mode == GIT_FILEMODE_LINK) return tl::unexpected(symlink_error(so_far));
    if (mode == GIT_FILEMODE_COMMIT) return tl::unexpected(submodule_error(so_far));
    if (mode != GIT_FILEMODE_TREE) {
      if (i + 1 < parts.size()) return std::optional<std::string>();
      TRY_ASSIGN(const git::Blob blob, lookup_blob(repository, *git_tree_entry_id(entry), so_far));
      const auto bytes = static_cast<std::uint64_t>(git_blob_rawsize(blob.get()));
      if (bytes > max_file_bytes) return tl::unexpected(size_error(so_far, bytes));
      return std::optional<std::string>(blob_text(blob.get()));
    }
    TRY_ASSIGN(git::Tree below, lookup_tree(repository, entry, so_far));
    held = std::move(below);
    tree = held.get();
  }
  return tl::unexpected(entry_error(std::string(path), "this is a folder"));
}

std::optional<git_oid> blob_in_tree(const git_tree* tree, const std::string& path) {
  git_tree_entry* found = nullptr;
  if (git_tree_entry_bypath(&found, tree, path.c_str()) < 0) return std::nullopt;
  const git::TreeEntry entry(found);
  const git_filemode_t mode = git_tree_entry_filemode(found);
  if (mode != GIT_FILEMODE_BLOB && mode != GIT_FILEMODE_BLOB_EXECUTABLE) return std::nullopt;
  return *git_tree_entry_id(found);
}

std::string as_shown(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().generic_string();
}

}  // namespace homeostat
