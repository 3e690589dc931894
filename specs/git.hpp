// libgit2's edge: who frees what, and its errors as ours.
#pragma once

#include <git2.h>

#include <memory>
#include <optional>
#include <string>

#include "specs/result.hpp"

namespace homeostat::git {

template <auto free_function>
struct Free {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};
using Repository = std::unique_ptr<git_repository, Free<git_repository_free>>;
using Object = std::unique_ptr<git_object, Free<git_object_free>>;
using Commit = std::unique_ptr<git_commit, Free<git_commit_free>>;
using Tree = std::unique_ptr<git_tree, Free<git_tree_free>>;
using TreeEntry = std::unique_ptr<git_tree_entry, Free<git_tree_entry_free>>;
using Blob = std::unique_ptr<git_blob, Free<git_blob_free>>;
using Diff = std::unique_ptr<git_diff, Free<git_diff_free>>;
using Index = std::unique_ptr<git_index, Free<git_index_free>>;
using Reference = std::unique_ptr<git_reference, Free<git_reference_free>>;
using Odb = std::unique_ptr<git_odb, Free<git_odb_free>>;

// The repository that `folder` lies in; an empty pointer where there is none. One that git does not
// trust, because it belongs to another user, is an error with what to do.
[[nodiscard]] Result<Repository> discover(const std::string& folder);

[[nodiscard]] std::string hex(const git_oid& id);

// As it was, but for what libgit2 makes up for temporary files: the same failure reads the same.
[[nodiscard]] std::string without_random_names(std::string text);

// "what: libgit2's last words", as an internal error.
[[nodiscard]] Error last_error(const std::string& what);

// The tree of a commit's folder ("" = its top); an empty pointer where the commit has none of that
// name, or something else.
[[nodiscard]] Result<Tree> folder_tree(git_repository* repository, git_commit* commit,
                                       const std::string& folder);

}  // namespace homeostat::git
