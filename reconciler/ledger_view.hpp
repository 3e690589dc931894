// What the ledger remembers, as a plain value: planning reads this and never the file.
#pragma once

#include <map>
#include <optional>
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
  // It was seen with our marker: what has its native id and no marker is another thing. Of an
  // intent: it carried the marker when the write began.
  bool marked = false;
  friend bool operator==(const Owned&, const Owned&) = default;
};
// Whether it was ever there when somebody looked. A server may say that it made a thing and not do
// it: the row stays, so that what shows up late is ours, but nobody has removed anything.
[[nodiscard]] inline bool was_seen(const Owned& row) {
  return row.marked || !row.agreed.empty() || !row.drift.empty();
}

// Fields are as the plan knows them; here, so that the ledger can remember what it was about to do.
enum class Action : std::uint8_t {
  create,
  adopt,
  rename,
  update,
  restart,
  replace,
  remove,
  release  // JSON: "delete" for remove
};

// A write that was begun and whose end nobody knows: the process died, or the answer was lost.
struct Intent {
  std::int64_t run = 0;
  Action action = Action::update;
  std::optional<Address> from;  // a rename: what it was owned as
  // What would have been remembered. `agreed`: the values that were to be written, of secrets their
  // keyed hashes; a field may stand there twice, the second time with its spare value.
  Owned row;
  friend bool operator==(const Intent&, const Intent&) = default;
};

// What the live system says of a write whose end nobody knows.
enum class Made : std::uint8_t { all, partly, none };
struct Answer {
  std::int64_t run = 0;
  Action action = Action::update;
  std::optional<Address> from = std::nullopt;
  Made made = Made::none;
};

// ... and what the ledger should hold now.
struct Settled {
  std::map<Address, Owned> rows;   // made, or changed
  std::vector<Address> gone;       // rows of what is there no more
  std::map<Address, Answer> over;  // intents that are answered; the others wait for their scope
};

// A change that was written and did not read back: how often in a row.
struct Tried {
  std::string what;  // try_of(): what was written over what
  int times = 0;
  Time since = {};
  friend bool operator==(const Tried&, const Tried&) = default;
};

// A resource that is kept as it was before a run that was undone.
struct Suspension {
  std::int64_t run = 0;
  std::string declared;  // what git said then, as a hash; "": nothing. It ends when that moves
  bool absent = false;   // it was not there
  std::map<FieldPath, nlohmann::json> values;
  friend bool operator==(const Suspension&, const Suspension&) = default;
};

struct ScopeMemory {
  std::size_t resources = 0;  // when last observed
  Time at = {};
};

struct LedgerView {
  bool opened = false;   // there is a ledger; it may have nothing to say yet
  bool present = false;  // false: a laptop, CI, the first run; deletes are unknown then
  std::map<Address, Owned> owned;
  std::map<Scope, ScopeMemory> scopes;
  std::set<Address> forgotten;       // `homeostat forget`: released while still declared
  std::set<std::string> full_zones;  // zone keys whose `authority: full` was confirmed
  std::map<Address, Intent> intents;
  std::map<Address, Tried> tried;
  std::map<Address, Suspension> suspended;
  // The ledger was lost or damaged: nothing is deleted before `homeostat confirm-ownership`. Says
  // what happened.
  std::string unconfirmed;
  // Keyed hashes of all secret values ever agreed on, of what is no longer ours too.
  std::set<std::string> secrets = {};
};

}  // namespace homeostat
