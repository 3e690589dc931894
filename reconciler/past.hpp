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

class Past {
 public:
  // All must outlive it.
  Past(const Spec& spec, History& history, const CommitNode& head)
      : spec_(spec), history_(history), head_(head) {}

  // Places of one field of a resource, the nearest first: in its declaration, and among the
  // defaults of its kind. Empty where nothing is known of it.
  [[nodiscard]] std::vector<OnceThere> field(const Address& address, const Owned& owned,
                                             const FieldPath& path,
                                             const std::optional<ObjectId>& at);
  // Places of a resource, the nearest first: what its service said for it, its declaration, and
  // what encloses that.
  [[nodiscard]] std::vector<OnceThere> resource(const Change& change, const Owned& owned);

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
  using DefaultKey = std::tuple<ObjectId, std::string, FieldPath>;  // commit, kind, path

  std::optional<Declaration> declared_in(const ObjectId& commit, const SourceRef& where);
  std::optional<Declaration> declaration(const Owned& owned, const std::optional<ObjectId>& at);
  const std::optional<OnceThere>& default_of(const DefaultKey& key);
  std::optional<OnceThere> find_default(const DefaultKey& key);
  // What a service says for a resource that is made from it: a key, or the name of a record.
  [[nodiscard]] std::string said_for(const Change& change) const;

  const Spec& spec_;
  History& history_;
  const CommitNode& head_;
  std::map<DefaultKey, std::optional<OnceThere>> defaults_;
};

// The commit that `where` of a row was true in; in rows that do not say, the one agreed on last.
[[nodiscard]] std::optional<ObjectId> declared_commit(const Owned& owned);
// "nas.lab.example.org" of dns/lab/nas/A; "" where the zone is not known.
[[nodiscard]] std::string domain_name(const Spec& spec, const Address& record);

}  // namespace homeostat
