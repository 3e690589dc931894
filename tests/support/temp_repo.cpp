#include "tests/support/temp_repo.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace homeostat {
namespace {

namespace fs = std::filesystem;

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

TempDir::TempDir() {
  std::string name = (fs::temp_directory_path() / "homeostat-test-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = fs::canonical(name).string();
}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void TempDir::write(const std::string& file, std::string_view text) const {
  const fs::path target = fs::path(path_) / file;
  fs::create_directories(target.parent_path());
  std::ofstream(target, std::ios::binary | std::ios::trunc) << text;
}

std::string TempDir::read(const std::string& file) const {
  std::ifstream stream(fs::path(path_) / file, std::ios::binary);
  REQUIRE(stream.good());
  return {std::istreambuf_iterator<char>(stream), {}};
}

void TempDir::remove(const std::string& file) const {
  REQUIRE(fs::remove_all(fs::path(path_) / file) > 0);
}

TempRepo::TempRepo() { git({"init", "--quiet", "--initial-branch=main"}); }

std::string TempRepo::git(const std::vector<std::string>& words) const {
  const auto time = fmt::format("{} +0000", 1767225600 + 3600 * commits_);
  std::string line = fmt::format(
      "env GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_COMMITTER_NAME=Test"
      " GIT_COMMITTER_EMAIL=test@example.org GIT_AUTHOR_NAME=Ana GIT_AUTHOR_EMAIL=ana@example.org"
      " GIT_COMMITTER_DATE={0} GIT_AUTHOR_DATE={0} git -C {1}",
      quoted(time), quoted(path()));
  for (const std::string& word : words) line += " " + quoted(word);
  CAPTURE(line);
  FILE* pipe = ::popen(line.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  std::array<char, 4096> buffer = {};
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), got);
  }
  const int status = ::pclose(pipe);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  if (output.ends_with('\n')) output.pop_back();
  return output;
}

std::string TempRepo::save(const std::string& file, std::string_view text,
                           const std::string& subject, const std::string& author) {
  write(file, text);
  return commit(subject, author);
}

std::string TempRepo::commit(const std::string& subject, const std::string& author) {
  git({"add", "--all"});
  git({"commit", "--quiet", "--allow-empty", "--message", subject, "--author",
       author + " <" + author + "@example.org>"});
  ++commits_;
  return git({"rev-parse", "HEAD"});
}

}  // namespace homeostat
