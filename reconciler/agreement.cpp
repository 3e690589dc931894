#include "reconciler/agreement.hpp"

#include <algorithm>

#include "reconciler/lookups.hpp"
#include "reconciler/paths.hpp"
#include "reconciler/redact.hpp"
#include "reconciler/resolve.hpp"

namespace homeostat {
namespace {

// The value as the ledger keeps it: of a secret only its keyed hash.
nlohmann::json kept_value(const AgreementInput& input, const Resource& resource,
                          const Attributes& filled, const KindSchema& kind,
                          const ProviderKindSchema* extra, const FieldPath& path) {
  nlohmann::json value = value_at(filled, path, kind, extra);
  return is_secret(&resource, kind, extra, path) ? hashed(value, input.hash) : value;
}

void declare(Owned& row, const Resource& resource, const Spec& spec) {
  row.protect = resource.protect.value_or(row.protect);
  row.on_remove = resource.on_remove;
  row.service = resource.service;
  row.where = source_ref(resource.where, spec.files);
  row.commit = spec.revision.commit;
}

void add_drift(Owned& row, const FieldDiff& diff, Time now) {
  const bool ours =
      diff.cause == Cause::git || diff.cause == Cause::undo || diff.cause == Cause::none;
  if (ours) return;
  row.drift.push_back({diff.path, diff.since.value_or(now), diff.by});
}

Owned row_for(const AgreementInput& input, const Resource& resource, const LiveResource& live,
              const std::vector<FieldPath>& in_sync, const Change* change, const Owned* old) {
  const KindSchema& kind = *find_kind(resource.address.kind);
  const ProviderKindSchema* extra = extra_of(resource.address, input.providers);
  const auto filled = fill_secrets(resource, input.secrets, extra);
  const Attributes& values = filled ? *filled : resource.attributes;
  Owned row;
  row.native_id = live.native_id;
  row.marked = live.marker.has_value();
  declare(row, resource, input.spec);
  row.agreed.reserve(in_sync.size());
  for (const FieldPath& path : in_sync) {
    Agreed now_agreed{path, kept_value(input, resource, values, kind, extra, path),
                      input.spec.revision.commit, input.now};
    const Agreed* before = agreed_at(old, path);
    row.agreed.push_back(before != nullptr && before->value == now_agreed.value ? *before
                                                                                : now_agreed);
  }
  if (change == nullptr) return row;
  for (const FieldDiff& diff : change->fields) {
    if (const Agreed* before = agreed_at(old, diff.path)) row.agreed.push_back(*before);
    add_drift(row, diff, input.now);
  }
  std::ranges::sort(row.agreed, {}, &Agreed::path);
  std::ranges::sort(row.drift, {}, &OpenDrift::path);
  return row;
}

// Still ours, but not there any more: what was agreed stays, the loss itself is the drift. What was
// never seen was not lost.
void put_lost(std::map<Address, Owned>& rows, const Address& address, const Owned* old,
              const Change* change, Time now) {
  if (old == nullptr || change == nullptr || !was_seen(*old)) return;
  Owned& row = rows[address] = *old;
  row.drift = {{"", change->since.value_or(now), ""}};
}

bool is_owned(const Change* change, const Owned* old, const LiveResource& live, bool adopt) {
  // An old row of an adopted one is about something else, which is gone.
  if (change != nullptr && change->action == Action::adopt) {
    return adopt && change->quiet && !change->hold;
  }
  return old != nullptr || live.marker.has_value();
}

}  // namespace

Owned row_of_made(const Change& change, const std::string& native_id, const Resource& desired,
                  const Owned* before, const Spec& spec) {
  Owned row;
  // What was agreed about something else that had this address says nothing about an adopted one.
  if (before != nullptr && change.action != Action::adopt) row = *before;
  if (!native_id.empty()) row.native_id = native_id;
  // Nobody has seen the new thing with its mark yet.
  if (change.action == Action::create || change.action == Action::replace) row.marked = false;
  declare(row, desired, spec);
  return row;
}

std::map<Address, Owned> agree(const AgreementInput& input) {
  std::map<Address, const Change*> changes;
  for (const Change& change : input.planned.plan.changes) changes[change.address] = &change;
  std::map<Address, Owned> rows;
  for (const auto& [address, in_sync] : input.planned.in_sync) {
    const auto changed = changes.find(address);
    const Change* change = changed == changes.end() ? nullptr : changed->second;
    const bool adopted = change != nullptr && change->action == Action::adopt;
    const Owned* old = adopted ? nullptr : row_of(input.ledger, address);
    const auto live = input.planned.live.find(address);
    if (live == input.planned.live.end() || live->second == nullptr) {
      put_lost(rows, address, old, change, input.now);
      continue;
    }
    if (change != nullptr && change->from) continue;  // still owned under its old address
    if (!is_owned(change, old, *live->second, input.adopt)) continue;
    rows[address] =
        row_for(input, input.planned.desired.at(address), *live->second, in_sync, change, old);
  }
  for (const auto& [address, change] : changes) {
    if (rows.contains(address) || change->action != Action::create) continue;
    put_lost(rows, address, row_of(input.ledger, address), change, input.now);
  }
  return rows;
}

}  // namespace homeostat
