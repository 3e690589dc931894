// The mirror's repository on the disk: whether it is sound, and what is the same in every look.
#pragma once

#include <string>

#include "specs/git.hpp"

namespace homeostat::follow {

// The bare repository at exactly this path (never one above it).
[[nodiscard]] Result<git::Repository> open_bare(const std::string& path);

// The whole hash of an object.
[[nodiscard]] Result<git_oid> parse_id(const std::string& hex);

// Reads the commit with all its folders and files: what is missing or damaged is an error.
[[nodiscard]] Status read_through(git_repository* repository, const git_oid& commit);

// Whether every ref leads to an object that is there.
[[nodiscard]] Status check_refs(git_repository* repository);

// See Mirror.
[[nodiscard]] Result<bool> is_own(git_repository* repository, const std::string& commit);
[[nodiscard]] Result<std::string> commit_of(git_repository* repository, const std::string& rev);

// Many small packs become one: each fetch brings another, and each look at an object looks into all
// of them. Objects that no ref leads to stay. The packs that it is made of go with the next call of
// `sweep`: until then somebody may still read them.
void gather_packs(git_repository* repository);

// What a process that was killed left behind: locks, and packs that were never finished; and the
// packs that were gathered. Only with nobody else at work in there.
void sweep(const std::string& repository);

}  // namespace homeostat::follow
