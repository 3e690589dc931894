// Scratch folders and git repositories for tests. They go with the object.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace homeostat {

class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  [[nodiscard]] const std::string& path() const { return path_; }
  // Folders on the way are made. `file` is relative to path().
  void write(const std::string& file, std::string_view text) const;
  [[nodiscard]] std::string read(const std::string& file) const;
  void remove(const std::string& file) const;

 private:
  std::string path_;
};

// A repository with a work tree at path(), on branch `main`, made by the git program, with nothing
// of the user's configuration. Each commit is an hour younger than the one before, from 2026-01-01
// on.
class TempRepo : public TempDir {
 public:
  TempRepo();
  // Adds everything; the commit's hash.
  std::string commit(const std::string& subject, const std::string& author = "Ana");
  // Writes one file, and commits it.
  std::string save(const std::string& file, std::string_view text, const std::string& subject,
                   const std::string& author = "Ana");
  // Runs git in the work tree; its output without the last newline. A failure fails the test.
  std::string git(const std::vector<std::string>& words) const;

 private:
  int commits_ = 0;
};

}  // namespace homeostat
