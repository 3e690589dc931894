// The mirror's repository on the disk: whether it is sound, and what is the same in every look.
#pragma once

#include <string>

#include "specs/git.hpp"

namespace homeostat::follow {

// The bare repository at exactly this path (never one above it).
[[nodiscard]] Result<git::Repository> open_bare(const std::string& path);

// Reads the commit with all its folders and files: what is missing or damaged is an error.
[[nodiscard]] Status read_through(git_repository* repository, const git_oid& commit);

// Whether every ref leads to an object that is there.
[[nodiscard]] Status check_refs(git_repository* repository);

// What a process that was killed left behind: locks, and packs that were never finished. Only with
// nobody else at work in there.
void sweep(const std::string& repository);

}  // namespace homeostat::follow
