// What git remembers, as values: commits, files, and how one text became another. libgit2 stays in
// history.cpp. Nothing here is an error: what cannot be read is not there.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reconciler/yaml_lines.hpp"

struct git_repository;

namespace homeostat {

using ObjectId = std::array<std::uint8_t, 20>;
[[nodiscard]] std::optional<ObjectId> parse_object_id(const std::string& hex);
[[nodiscard]] std::string hex_of(const ObjectId& id);

struct CommitNode {
  ObjectId id = {};
  ObjectId tree = {};
  std::vector<ObjectId>
      parents;            // one that is not there: the history was cut off (a shallow clone)
  std::int64_t time = 0;  // of the committer, seconds since 1970
};

struct CommitWords {
  std::string author;
  std::string subject;
  std::int64_t authored = 0;
};

// Lines [old_start, old_start + old_lines) became [new_start, new_start + new_lines). Count from 1.
struct Hunk {
  int old_start = 0;
  int old_lines = 0;
  int new_start = 0;
  int new_lines = 0;
};
using Hunks = std::vector<Hunk>;  // ascending, never touching each other

[[nodiscard]] Hunks diff_lines(const FileText& before, const FileText& after);
// The same line on the other side; nullopt where a hunk touched it.
[[nodiscard]] std::optional<int> line_before(const Hunks& hunks, int line);
[[nodiscard]] std::optional<int> line_after(const Hunks& hunks, int line);
// The same line, or the one in its place that still has the word: a value may change behind its
// key.
[[nodiscard]] std::optional<int> find_again(const Hunks& hunks, const FileText& after, int line,
                                            std::string_view word);

// One repository; not thread-safe. Remembers what is costly to ask again.
class History {
 public:
  // nullptr where there is none, or it may not be read.
  [[nodiscard]] static std::unique_ptr<History> open(const std::string& repo);
  History(const History&) = delete;
  History& operator=(const History&) = delete;
  ~History();

  [[nodiscard]] std::optional<CommitNode> commit(const ObjectId& id) const;
  [[nodiscard]] CommitWords words(const ObjectId& commit) const;
  // What is at a path from the top of a tree: a blob, or a tree. "" is the tree itself.
  [[nodiscard]] std::optional<ObjectId> entry(const ObjectId& tree, const std::string& path) const;
  // Empty where it cannot be read.
  [[nodiscard]] std::shared_ptr<const FileText> text(const ObjectId& blob);
  [[nodiscard]] const Hunks& hunks(const ObjectId& before, const ObjectId& after);
  // What a file was called before, or after, a step between two trees that renamed it.
  [[nodiscard]] std::optional<std::string> renamed_from(const ObjectId& before,
                                                        const ObjectId& after,
                                                        const std::string& path);
  [[nodiscard]] std::optional<std::string> renamed_to(const ObjectId& before, const ObjectId& after,
                                                      const std::string& path);
  // Whether `commit` is `of`, or one of those before it.
  [[nodiscard]] bool is_within(const ObjectId& commit, const ObjectId& of) const;
  // Files of one tree that another one does not have as they are: path and blob in `before`.
  [[nodiscard]] const std::vector<std::pair<std::string, ObjectId>>& changed_files(
      const ObjectId& before, const ObjectId& after);

 private:
  using Trees = std::pair<ObjectId, ObjectId>;
  using Renames = std::vector<std::pair<std::string, std::string>>;

  explicit History(git_repository* repository) : repository_(repository) {}
  const Renames& renames(const ObjectId& before, const ObjectId& after);

  git_repository* repository_;
  std::vector<std::pair<ObjectId, std::shared_ptr<const FileText>>> texts_;  // the last few
  std::map<Trees, Hunks> hunks_;
  std::map<Trees, Renames> renames_;
  std::map<Trees, std::vector<std::pair<std::string, ObjectId>>> changed_;
};

}  // namespace homeostat
