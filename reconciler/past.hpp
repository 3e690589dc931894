// Where a declaration, one of its keys or a default stood in an older commit, as text: what is gone
// from the spec has no lines of its own any more.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "reconciler/blame.hpp"
#include "reconciler/plan.hpp"

namespace homeostat {

using Places = std::vector<OnceThere>;

class Past {
 public:
  // All must outlive it.
  Past(const Spec& spec, History& history, const CommitNode& head)
      : spec_(spec), history_(history), head_(head) {}

  // Places that one field of a resource had its value from, by each thing that the value was made
  // of. Of one thing the nearest comes first: the declaration, a zone, the defaults of the kind.
  // Empty where nothing is known of it.
  [[nodiscard]] std::vector<Places> field(const Address& address, const Owned& owned,
                                          const FieldPath& path, const ObjectId& at);
  // Places of a resource, the nearest first: what its service said for it, its declaration, and
  // what encloses that.
  [[nodiscard]] Places resource(const Change& change, const Owned& owned);
  // One setting of the zone of a record, and of its forward zone. Empty where no file of `at` has
  // it that differs from the head's.
  [[nodiscard]] Places zone_setting(const Address& record, const std::string& name,
                                    const ObjectId& at);

  // Of a file of the spec, from the repository's top; and back.
  [[nodiscard]] std::string path_of(const std::string& file) const;
  [[nodiscard]] std::string file_of(const std::string& path) const;

 private:
  // As it stood in one commit.
  struct Declaration {
    std::string path;
    ObjectId blob = {};
    std::shared_ptr<const FileText> file;
    int line = 0;
  };
  // commit, section, key (encoded) with what stands below it
  using SettingKey = std::tuple<ObjectId, std::string, FieldPath>;

  std::optional<Declaration> declared_in(const ObjectId& commit, const SourceRef& where);
  std::optional<Declaration> declaration(const Owned& owned, const std::optional<ObjectId>& at);
  const std::optional<OnceThere>& setting(const SettingKey& key);
  std::optional<OnceThere> find_setting(const SettingKey& key);
  [[nodiscard]] static std::optional<int> line_in(const Declaration& declared,
                                                  const Address& address, const Owned& owned,
                                                  const FieldPath& path);
  static void add_items(std::vector<Places>& parts, const Declaration& declared, int key);
  void add_made_from(std::vector<Places>& parts, const Declaration& declared,
                     const Address& address, const Owned& owned, const FieldPath& path,
                     const ObjectId& at);
  // What a service says for a resource that is made from it: a key, or the name of a record.
  [[nodiscard]] std::string said_for(const Change& change) const;

  const Spec& spec_;
  History& history_;
  const CommitNode& head_;
  std::map<SettingKey, std::optional<OnceThere>> settings_;
};

// The commit that `where` of a row was true in; in rows that do not say, the one agreed on last.
[[nodiscard]] std::optional<ObjectId> declared_commit(const Owned& owned);

}  // namespace homeostat
