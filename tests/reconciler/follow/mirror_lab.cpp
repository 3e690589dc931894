#include "tests/reconciler/follow/mirror_lab.hpp"

#include <doctest/doctest.h>

#include <array>

#include "tests/reconciler/follow/git_servers.hpp"

namespace homeostat::test {

std::string homeostat_program() { return HOMEOSTAT_BINARY; }

follow::Mirror MirrorLab::mirror(follow::Remote remote) const {
  if (remote.url.empty()) remote.url = repo.path();
  return {folder(), remote, homeostat_program()};
}

std::string MirrorLab::in_mirror(const std::vector<std::string>& words) const {
  std::vector<std::string> command = {"/usr/bin/git", "-C", folder() + "/repository"};
  command.insert(command.end(), words.begin(), words.end());
  std::string said = must(command);
  if (said.ends_with('\n')) said.pop_back();
  return said;
}

std::string MirrorLab::file(const std::string& commit, const std::string& path) const {
  return in_mirror({"cat-file", "blob", commit + ":" + path});
}

std::string problem(const Result<follow::Fetched>& fetched) {
  if (fetched) return {};
  constexpr std::array<const char*, 7> kinds = {
      "invalid_spec", "auth", "not_found", "conflict", "transient", "cancelled", "internal"};
  return std::string(kinds.at(static_cast<std::size_t>(fetched.error().kind))) + ": " +
         to_string(fetched.error());
}

follow::Fetched good(const Result<follow::Fetched>& fetched) {
  CAPTURE(problem(fetched));
  REQUIRE(fetched.has_value());
  return *fetched;
}

}  // namespace homeostat::test
