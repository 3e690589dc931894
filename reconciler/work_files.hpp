// Files of the work tree that differ from the commit which it stands on: what is not committed has
// no commit to name.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "reconciler/past.hpp"

namespace homeostat {

class WorkFiles {
 public:
  // All must outlive it.
  WorkFiles(const Spec& spec, History& history, const CommitNode& head, const Past& past)
      : spec_(spec), history_(history), head_(head), past_(past) {}

  // As it lies; null where there is none.
  [[nodiscard]] std::shared_ptr<const FileText> text(const std::string& file);
  // The same line in the commit; nullopt where it is not committed.
  [[nodiscard]] std::optional<int> line_in_head(const SourceRef& now);
  // The place (in the commit) of the first one that the work tree alone has lost. Of places of one
  // value, the nearest first.
  [[nodiscard]] std::optional<SourceRef> removed_on_disk(const Places& places);

 private:
  struct File {
    std::shared_ptr<const FileText> disk;  // null: deleted
    std::optional<ObjectId> blob;          // nullopt: not in the commit
    Hunks hunks;                           // from the commit to the disk
  };
  // Null where the file is as the commit has it.
  const File* changed(const std::string& file);

  const Spec& spec_;
  History& history_;
  const CommitNode& head_;
  const Past& past_;
  std::map<std::string, File> files_;
};

}  // namespace homeostat
