// A repository to follow, and a mirror of it in a scratch folder.
#pragma once

#include <string>

#include "reconciler/follow/mirror.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat::test {

// The program whose child fetches.
[[nodiscard]] std::string homeostat_program();

class MirrorLab {
 public:
  TempRepo repo;

  // Of `remote`; an empty url is the repository itself. Deadlines are far, where a test is about
  // something else.
  [[nodiscard]] follow::Mirror mirror(follow::Remote remote) const;
  [[nodiscard]] follow::Mirror mirror() const { return mirror({.branch = "main"}); }
  [[nodiscard]] std::string folder() const { return place_.path() + "/state/mirror"; }
  // Runs git in the mirror.
  std::string in_mirror(const std::vector<std::string>& words) const;
  // The text of a file of a commit, as the mirror has it.
  [[nodiscard]] std::string file(const std::string& commit, const std::string& path) const;

 private:
  TempDir place_;
};

// "" where it is fine; else "auth: message (hint)".
[[nodiscard]] std::string problem(const Result<follow::Fetched>& fetched);
// The commit; a failure fails the test.
follow::Fetched good(const Result<follow::Fetched>& fetched);

}  // namespace homeostat::test
