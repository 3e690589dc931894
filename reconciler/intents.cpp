#include "reconciler/intents.hpp"

#include <algorithm>
#include <set>

#include "reconciler/agreement.hpp"
#include "reconciler/live_index.hpp"
#include "reconciler/lookups.hpp"
#include "reconciler/paths.hpp"
#include "reconciler/redact.hpp"

namespace homeostat {
namespace {

class Settling {
 public:
  explicit Settling(const SettleInput& input)
      : in_(input), live_(input.observed, input.ledger, input.spec) {}

  Settled run() {
    for (const auto& [address, intent] : in_.ledger.intents) {
      if (unknown_because(in_.observed, scope_of(address)) != nullptr) continue;
      settle(address, intent);
    }
    return std::move(out_);
  }

 private:
  void settle(const Address& address, const Intent& intent) {
    Made made = Made::none;
    if (intent.action == Action::remove || intent.action == Action::release) {
      if (went(address, intent)) {
        out_.gone.push_back(intent.from.value_or(address));
        made = Made::all;
      }
    } else if (intent.from) {
      made = renamed(address, intent);
    } else if (const LiveEntry* entry = found(address, intent)) {
      out_.rows[address] = row_now(address, intent, *entry);
      made = made_of(address, intent, *entry);
    } else if (intent.action == Action::replace) {
      out_.gone.push_back(address);  // by us: nobody deleted it by hand
      made = Made::partly;
    }
    out_.over[address] = {intent.run, intent.action, intent.from, made};
  }

  // By the values that have arrived. A field that stands there twice was meant to end with the
  // first value; the second one is where it was parked.
  [[nodiscard]] Made made_of(const Address& address, const Intent& intent,
                             const LiveEntry& entry) const {
    std::set<FieldPath> paths;
    std::size_t arrived = 0;
    bool parked = false;
    for (const Agreed& field : intent.row.agreed) {
      const bool there = holds(address, entry, field);
      if (!paths.insert(field.path).second) {
        parked = parked || there;
      } else if (there) {
        ++arrived;
      }
    }
    const bool anew = intent.action == Action::create || intent.from.has_value();
    if (paths.empty() && !anew) {  // the mark alone was to be written
      const bool marked = entry.live->marker && entry.live->marker->protect == intent.row.protect;
      return marked ? Made::all : Made::none;
    }
    if (arrived == paths.size()) return Made::all;
    return arrived > 0 || parked || anew ? Made::partly : Made::none;
  }

  // What a create made without a marker: it stands at the natural key, and is all that was wanted.
  // Anything less may be somebody else's.
  [[nodiscard]] const LiveEntry* found(const Address& address, const Intent& intent) const {
    if (const LiveEntry* entry = live_.owned_as(address)) return entry;
    const KindSchema* kind = find_kind(address.kind);
    if (kind == nullptr) return nullptr;
    Attributes wanted = Attributes::object();
    for (const Agreed& field : intent.row.agreed) {
      set_value_at(wanted, field.path, field.value, *kind, extra_of(address, in_.providers));
    }
    const LiveEntry* entry = live_.same_thing(address, wanted, in_.spec.zones);
    if (entry == nullptr || entry->ownership != Ownership::unowned || entry->live->fixed) {
      return nullptr;
    }
    const bool all = std::ranges::all_of(
        intent.row.agreed, [&](const Agreed& field) { return holds(address, *entry, field); });
    return all ? entry : nullptr;
  }

  [[nodiscard]] bool holds(const Address& address, const LiveEntry& entry,
                           const Agreed& field) const {
    const KindSchema* kind = find_kind(address.kind);
    if (kind == nullptr) return false;
    nlohmann::json value =
        value_at(entry.live->attributes, field.path, *kind, extra_of(address, in_.providers));
    if (is_hash(field.value)) value = hashed(value, in_.hash);
    return value == field.value;
  }

  // What was remembered before, and the values that have arrived as ours.
  [[nodiscard]] Owned row_now(const Address& address, const Intent& intent,
                              const LiveEntry& entry) const {
    Owned row = intent.row;
    row.native_id = entry.live->native_id;
    row.marked = entry.live->marker.has_value();
    row.agreed.clear();
    const auto old = in_.ledger.owned.find(intent.from.value_or(address));
    if (old != in_.ledger.owned.end() && intent.action != Action::adopt) {
      row.agreed = old->second.agreed;
      row.drift = old->second.drift;
    }
    for (const Agreed& field : intent.row.agreed) {
      if (!holds(address, entry, field)) continue;
      const auto at = std::ranges::lower_bound(row.agreed, field.path, {}, &Agreed::path);
      if (at != row.agreed.end() && at->path == field.path) {
        *at = field;
      } else {
        row.agreed.insert(at, field);
      }
      std::erase_if(row.drift, [&](const OpenDrift& drift) { return drift.path == field.path; });
    }
    return row;
  }

  Made renamed(const Address& address, const Intent& intent) {
    const LiveEntry* now = live_.owned_as(address);
    const LiveEntry* before = live_.owned_as(*intent.from);
    if (now != nullptr) {
      out_.rows[address] = row_now(address, intent, *now);
      out_.gone.push_back(*intent.from);
      return made_of(address, intent, *now);
    }
    if (before != nullptr && in_.ledger.owned.contains(*intent.from)) {
      out_.rows[*intent.from] = row_now(address, intent, *before);
    }
    return Made::none;
  }

  // Deleted; or released, so that it says no longer that it is ours. The mark goes last: where it
  // is off, all was done. What had none before looks the same either way, and is let go again:
  // that stops what is stopped and nothing else, while a stop that never came would be forgotten.
  [[nodiscard]] bool went(const Address& address, const Intent& intent) const {
    const LiveEntry* entry = live_.owned_as(intent.from.value_or(address));
    if (entry == nullptr) return true;
    if (intent.action == Action::remove) return entry->live->native_id != intent.row.native_id;
    return intent.row.marked && !entry->live->marker;
  }

  const SettleInput& in_;
  LiveIndex live_;
  Settled out_;
};

void add_value(Intent& intent, const Spec& spec, FieldPath path, nlohmann::json value, Time now) {
  intent.row.agreed.push_back({std::move(path), std::move(value), spec.revision.commit, now});
}

}  // namespace

Intent intent_of(const Intended& intended, const Owned* old, const IntentContext& context) {
  const Change& change = intended.change;
  Intent intent;
  intent.action = change.action;
  intent.from = change.from;
  if (old != nullptr) intent.row = *old;
  const auto declared = context.desired.find(change.address);
  if (declared != context.desired.end()) {
    intent.row = row_of_made(change, {}, declared->second, old, context.spec);
  }
  const auto live = context.live.find(change.address);
  intent.row.marked =
      live != context.live.end() && live->second != nullptr && live->second->marker.has_value();
  intent.row.native_id = change.native_id;
  intent.row.agreed.clear();
  intent.row.drift.clear();
  if (declared == context.desired.end()) return intent;
  const Resource& resource = declared->second;
  const KindSchema* kind = find_kind(change.address.kind);
  if (kind == nullptr) return intent;
  const ProviderKindSchema* extra = extra_of(change.address, context.providers);
  if (!intended.park) {
    for (const FieldDiff& field : change.fields) {
      if (field.path == protect_path) continue;
      nlohmann::json value = value_at(intended.filled, field.path, *kind, extra);
      if (field.secret || is_secret(&resource, *kind, extra, field.path)) {
        value = hashed(value, context.hash);
      }
      add_value(intent, context.spec, field.path, std::move(value), context.now);
    }
  }
  if (change.park) {
    if (intended.park) {  // where it is to go then, as far as that is known
      add_value(intent, context.spec, change.park->path,
                value_at(change.after, change.park->path, *kind, extra), context.now);
    }
    add_value(intent, context.spec, change.park->path, change.park->value, context.now);
  }
  return intent;
}

Settled settle_intents(const SettleInput& input) {
  if (input.ledger.intents.empty()) return {};
  return Settling(input).run();
}

void take_in(LedgerView& view, const Settled& settled) {
  for (const Address& address : settled.gone) view.owned.erase(address);
  for (const auto& [address, row] : settled.rows) view.owned[address] = row;
  for (const auto& [address, answer] : settled.over) view.intents.erase(address);
}

}  // namespace homeostat
