#include "reconciler/follow/store.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <vector>

namespace homeostat::follow {
namespace {

namespace fs = std::filesystem;

// Larger than any spec file may be: only asked for, and not read through.
constexpr std::uint64_t large_blob = std::uint64_t{16} << 20U;

void start() {
  // As in specs/git.cpp: libgit2 counts its users; ours ends with the program.
  static const struct Library {
    Library() { git_libgit2_init(); }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    ~Library() { git_libgit2_shutdown(); }
  } library;
}

Status read_blob(git_repository* repository, git_odb* objects, const git_oid& id) {
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (git_odb_read_header(&size, &type, objects, &id) < 0) {
    return tl::unexpected(git::last_error("cannot find the file " + git::hex(id)));
  }
  if (size > large_blob) return {};
  git_blob* found = nullptr;
  if (git_blob_lookup(&found, repository, &id) < 0) {
    return tl::unexpected(git::last_error("cannot read the file " + git::hex(id)));
  }
  const git::Blob blob(found);
  return {};
}

// Folders still to be read go to `next`.
Status read_tree(git_repository* repository, git_odb* objects, const git_oid& id,
                 std::vector<git_oid>& next) {
  git_tree* found = nullptr;
  if (git_tree_lookup(&found, repository, &id) < 0) {
    return tl::unexpected(git::last_error("cannot read the folder " + git::hex(id)));
  }
  const git::Tree tree(found);
  for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
    const git_tree_entry* entry = git_tree_entry_byindex(tree.get(), i);
    const git_oid& held = *git_tree_entry_id(entry);
    const git_object_t type = git_tree_entry_type(entry);
    if (type == GIT_OBJECT_TREE) next.push_back(held);
    if (type == GIT_OBJECT_BLOB) {
      TRY(read_blob(repository, objects, held));
    }
  }
  return {};
}

}  // namespace

Result<git::Repository> open_bare(const std::string& path) {
  start();
  git_repository* found = nullptr;
  if (git_repository_open_bare(&found, path.c_str()) < 0) {
    return tl::unexpected(git::last_error("no repository"));
  }
  return git::Repository(found);
}

Status read_through(git_repository* repository, const git_oid& id) {
  git_commit* found = nullptr;
  if (git_commit_lookup(&found, repository, &id) < 0) {
    return tl::unexpected(git::last_error("cannot read commit " + git::hex(id)));
  }
  const git::Commit commit(found);
  git_odb* odb = nullptr;
  if (git_repository_odb(&odb, repository) < 0) {
    return tl::unexpected(git::last_error("cannot read the objects"));
  }
  const git::Odb objects(odb);
  std::vector<git_oid> trees = {*git_commit_tree_id(commit.get())};
  while (!trees.empty()) {
    const git_oid tree = trees.back();
    trees.pop_back();
    TRY(read_tree(repository, objects.get(), tree, trees));
  }
  return {};
}

Status check_refs(git_repository* repository) {
  git_strarray names = {};
  if (git_reference_list(&names, repository) < 0) {
    return tl::unexpected(git::last_error("cannot list what there is"));
  }
  Status fine;
  for (std::size_t i = 0; i < names.count && fine; ++i) {
    const std::string name = names.strings[i];
    git_oid id = {};
    git_object* found = nullptr;
    if (git_reference_name_to_id(&id, repository, name.c_str()) < 0 ||
        git_object_lookup(&found, repository, &id, GIT_OBJECT_ANY) < 0) {
      fine = tl::unexpected(git::last_error("cannot read " + name));
    }
    const git::Object object(found);
  }
  git_strarray_dispose(&names);
  return fine;
}

void sweep(const std::string& repository) {
  std::error_code ignored;
  std::vector<fs::path> left;
  for (fs::recursive_directory_iterator at(repository, ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    if (!at->is_regular_file(ignored)) continue;
    // A branch may be called like a pack; no branch's name ends like a lock's.
    const bool pack = at->path().string().find("/objects/") != std::string::npos &&
                      name.starts_with("pack_git2_");
    if (pack || name.ends_with(".lock")) {
      left.push_back(at->path());
    }
  }
  for (const fs::path& file : left) fs::remove(file, ignored);
}

}  // namespace homeostat::follow
