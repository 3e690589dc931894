// What the ledger remembers, as a plain value: planning reads this and never the file.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "providers/core/provider.hpp"

namespace homeostat {

// The value of one field when desired and live were last seen equal, or made equal.
struct Agreed {
  FieldPath path;
  nlohmann::json value;  // null: agreed to be absent. Of a secret: its keyed hash
  std::string commit;    // 40 hex digits, or "" where there was no git
  Time at = {};
  friend bool operator==(const Agreed&, const Agreed&) = default;
};

// A difference that git did not cause, since it was first seen. Ends with the difference.
struct OpenDrift {
  FieldPath path;
  Time since = {};
  std::string by;
  friend bool operator==(const OpenDrift&, const OpenDrift&) = default;
};

// One resource that is ours: created by us, or adopted.
struct Owned {
  std::string native_id;
  bool protect = false;
  std::optional<OnRemove> on_remove;
  std::string service;
  SourceRef where;               // the lines that declared it last
  std::string commit = {};       // ... as they stood in this commit; "" where there was no git
  std::vector<Agreed> agreed;    // sorted by path
  std::vector<OpenDrift> drift;  // sorted by path; path "" = the resource itself is gone
  // It was seen with our marker: what has its native id and no marker is another thing.
  bool marked = false;
  friend bool operator==(const Owned&, const Owned&) = default;
};

struct ScopeMemory {
  std::size_t resources = 0;  // when last observed
  Time at = {};
};

struct LedgerView {
  bool present = false;  // false: a laptop, CI, the first run; deletes are unknown then
  std::map<Address, Owned> owned;
  std::map<Scope, ScopeMemory> scopes;
  std::set<Address> forgotten;       // `homeostat forget`: released while still declared
  std::set<std::string> full_zones;  // zone keys whose `authority: full` was confirmed
};

}  // namespace homeostat
