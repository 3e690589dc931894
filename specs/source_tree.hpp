// A folder in the tree of one git commit.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "specs/git.hpp"
#include "specs/source_selection.hpp"

namespace homeostat {

// Puts all files below `tree` that the selection wants into it.
void select_from_tree(git_repository* repository, const git_tree* tree, Selection& selection);

// As Source::read.
[[nodiscard]] Result<std::optional<std::string>> read_from_tree(git_repository* repository,
                                                                const git_tree* tree,
                                                                std::string_view path);

// The blob that `path` names, nullopt where it names none.
[[nodiscard]] std::optional<git_oid> blob_in_tree(const git_tree* tree, const std::string& path);

// A path as it was given, without its detours: for messages.
[[nodiscard]] std::string as_shown(const std::string& path);

}  // namespace homeostat
