// desired, live, agreed -> what differs, and what kind of cause each difference has. Pure.
#pragma once

#include "reconciler/redact.hpp"

namespace homeostat {

// A value that cannot be compared now: everything at or below `path`.
struct Uncompared {
  FieldPath path;
  // Not known before these were applied: shown as a difference. Empty: not shown at all.
  std::vector<Address> after;
};

struct DiffInput {
  const KindSchema& kind;
  const ProviderKindSchema* extra;  // may be null
  const Resource& desired;          // resolved
  const Attributes& filled;         // desired.attributes with secrets filled in
  const std::vector<Uncompared>& uncompared;
  const LiveResource* live;  // null: absent
  const Owned* owned;        // the ledger's row; null: none
  const SecretHash& hash;
  const std::vector<std::string>& files;  // Spec::files
  Time now;
  const KnownSecrets* known = nullptr;
};

struct DiffResult {
  std::vector<FieldDiff> differs;  // sorted by path; ignored fields are left out
  std::vector<FieldPath> in_sync;  // compared and equal, sorted
  Errors warnings;                 // expired ignores
};

// Compares what the desired state names, field by field, keys of keyed collections one by one, plus
// keys that we wrote and that the spec no longer names (nor, it may be, their collection). Any
// other field that is gone from the spec is released: not compared. Where nothing is live every
// stated field differs, ignored ones too, with cause git where nothing was agreed on before.
[[nodiscard]] DiffResult diff_fields(const DiffInput& input);

// Whether its `until` is over; the day itself still counts.
[[nodiscard]] bool has_ended(const Ignore& ignore, Time now);

// One row of the cause table. `agreed` null pointer = no agreed value.
[[nodiscard]] Cause cause_of(const nlohmann::json& desired, const nlohmann::json& live,
                             const nlohmann::json* agreed);

}  // namespace homeostat
