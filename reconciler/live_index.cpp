#include "reconciler/live_index.hpp"

#include <algorithm>
#include <functional>
#include <tuple>

namespace homeostat {

namespace {

// The name alone tells most addresses apart; kind and provider keep `x` of five kinds apart.
std::size_t mixed(std::size_t a, std::size_t b) { return a ^ (b + 0x9e3779b9U + (a << 6U)); }

bool before(const LiveResource* a, const LiveResource* b) {
  return std::tie(a->address, a->native_id) < std::tie(b->address, b->native_id);
}

}  // namespace

Address placed_in(const Scope& scope, Address address) {
  address.provider = scope.provider;
  if (scope.zone.empty()) return address;
  const std::size_t slash = std::min(address.name.find('/'), address.name.size());
  address.name.replace(0, slash, encode_component(scope.zone));
  return address;
}

std::size_t LiveIndex::AddressHash::operator()(const Address* address) const {
  const std::hash<std::string> hash;
  return mixed(mixed(hash(address->name), hash(address->kind)), hash(address->provider));
}

LiveIndex::LiveIndex(const Observed& observed, const LedgerView& ledger, const Spec& spec)
    : spec_(spec) {
  std::size_t count = 0;
  for (const auto& [scope, state] : observed.scopes) count += state.resources.size();
  entries_.reserve(count);
  for (const auto& [scope, state] : observed.scopes) add_scope(scope, state);
  ask_ledger(ledger);
  settle_owners(observed, ledger);
}

void LiveIndex::add_scope(const Scope& scope, const ScopeState& state) {
  std::vector<const LiveResource*> sorted;
  sorted.reserve(state.resources.size());
  for (const LiveResource& live : state.resources) sorted.push_back(&live);
  // Nearly in order as a rule, by native id. Moving entries themselves took longer than the rest.
  if (!std::is_sorted(sorted.begin(), sorted.end(), before)) {
    std::stable_sort(sorted.begin(), sorted.end(), before);
  }
  for (const LiveResource* const live : sorted) {
    LiveEntry entry{live, scope, Ownership::unowned, {}};
    if (live->marker && live->marker->site != spec_.site) {
      entry.ownership = Ownership::foreign;
    } else if (live->marker) {
      Result<Address> owner = parse_address(live->marker->address);
      const bool ours =
          owner && live->marker->id == live->native_id && owner->kind == live->address.kind;
      entry.ownership = ours ? Ownership::ours : Ownership::copy;
      if (ours) entry.owner = std::move(*owner);
    }
    entries_.push_back(std::move(entry));
  }
}

// Where no marker is, the ledger's word counts: its native id in that scope. It proves nothing once
// a marker was there: servers give ids again, and a path is anybody's.
void LiveIndex::ask_ledger(const LedgerView& ledger) {
  const auto silent = [](const LiveEntry& entry) { return !entry.live->marker; };
  if (ledger.owned.empty() || std::none_of(entries_.begin(), entries_.end(), silent)) return;
  using LedgerRow = std::pair<const Address, Owned>;
  std::unordered_multimap<std::string_view, const LedgerRow*> by_native_id;
  by_native_id.reserve(ledger.owned.size());
  for (const LedgerRow& row : ledger.owned) {
    if (!row.second.native_id.empty()) by_native_id.emplace(row.second.native_id, &row);
  }
  for (LiveEntry& entry : entries_) {
    if (!silent(entry)) continue;
    const LedgerRow* proof = nullptr;
    const auto [first, last] = by_native_id.equal_range(entry.live->native_id);
    for (auto found = first; found != last; ++found) {
      const LedgerRow& row = *found->second;
      const bool about_it =
          row.first.kind == entry.live->address.kind && scope_of(row.first) == entry.scope;
      if (!about_it) continue;
      if (row.second.marked) {
        entry.former = row.first;
      } else if (proof == nullptr || row.first < proof->first) {
        proof = &row;
      }
    }
    if (proof == nullptr) continue;
    entry.ownership = Ownership::ours;
    entry.owner = proof->first;
  }
}

// One address owns one thing. A marker's word beats the ledger's, since the ledger may be old, but
// not where the marker speaks of another place that was looked at: who writes comments there could
// take away anything. Of two markers the one whose native id the ledger knows is right, and the
// other a copy.
void LiveIndex::settle_owners(const Observed& observed, const LedgerView& ledger) {
  by_owner_.reserve(entries_.size());
  const auto rank = [&](const LiveEntry& entry) {
    if (!entry.live->marker) return 1;
    const Scope place = scope_of(entry.owner);
    const bool here = entry.scope == place;
    if (!here && observed.scopes.contains(place)) return 0;
    const auto row = ledger.owned.find(entry.owner);
    const bool known = row != ledger.owned.end() && row->second.native_id == entry.live->native_id;
    return 2 + (here ? 1 : 0) + (known ? 2 : 0);
  };
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].ownership != Ownership::ours) continue;
    const auto [at, is_new] = by_owner_.emplace(&entries_[i].owner, i);
    if (is_new) continue;
    std::size_t winner = at->second;
    std::size_t loser = i;
    if (rank(entries_[loser]) > rank(entries_[winner])) std::swap(winner, loser);
    by_owner_.erase(at);
    by_owner_.emplace(&entries_[winner].owner, winner);
    entries_[loser].ownership = entries_[loser].live->marker ? Ownership::copy : Ownership::unowned;
    entries_[loser].owner = {};
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].ownership == Ownership::copy) copies_.push_back(i);
  }
}

const LiveEntry* LiveIndex::owned_as(const Address& address) const {
  const auto found = by_owner_.find(&address);
  return found == by_owner_.end() ? nullptr : &entries_[found->second];
}

const LiveEntry* LiveIndex::natural_holder(const std::string& token, const Address& address) const {
  const Scope scope = scope_of(address);
  const std::vector<ClaimRow>& rows = claim_rows();
  auto row = std::lower_bound(
      rows.begin(), rows.end(), token,
      [](const ClaimRow& a, const std::string& wanted) { return a.token < wanted; });
  const LiveEntry* first = nullptr;
  for (; row != rows.end() && row->token == token; ++row) {
    const LiveEntry& entry = entries_[row->entry];
    const bool fits =
        row->natural && entry.scope == scope && entry.live->address.kind == address.kind;
    if (!fits || is_another(entry, address)) continue;
    if (entry.ownership == Ownership::ours) return &entry;
    if (first == nullptr) first = &entry;
  }
  return first;
}

const LiveEntry* LiveIndex::same_thing(const Address& address, const Attributes& attributes,
                                       const Zones& zones) const {
  const KindSchema* kind = find_kind(address.kind);
  const LiveEntry* best = nullptr;
  if (kind != nullptr && kind->claims != nullptr) {
    for (const Claim& claim : kind->claims(address, attributes, zones)) {
      const LiveEntry* holder = claim.natural ? natural_holder(claim.token, address) : nullptr;
      if (holder == nullptr) continue;
      if (holder->ownership == Ownership::ours) return holder;
      if (best == nullptr) best = holder;
    }
  }
  if (best != nullptr) return best;
  const auto found = by_address().find(&address);
  if (found == by_address().end() || is_another(entries_[found->second], address)) return nullptr;
  return &entries_[found->second];
}

bool LiveIndex::is_another(const LiveEntry& entry, const Address& address) const {
  return entry.ownership == Ownership::ours && entry.owner != address &&
         spec_.desired.count(entry.owner) != 0;
}

const LiveEntry* LiveIndex::match(const Resource& resource) const {
  const LiveEntry* entry = owned_as(resource.address);
  return entry != nullptr ? entry : same_thing(resource.address, resource.attributes, spec_.zones);
}

const LiveEntry* LiveIndex::twin_of(const Resource& resource, const LiveEntry& entry) const {
  const KindSchema* kind = find_kind(resource.address.kind);
  if (kind == nullptr || kind->claims == nullptr) return nullptr;
  for (const Claim& claim : kind->claims(resource.address, resource.attributes, spec_.zones)) {
    if (!claim.natural) continue;
    const std::vector<const LiveEntry*> all = holders(claim.token);
    if (std::find(all.begin(), all.end(), &entry) == all.end()) continue;
    for (const LiveEntry* other : all) {
      const bool is_twin = other != &entry && other->ownership == Ownership::unowned &&
                           other->scope == entry.scope &&
                           other->live->address.kind == entry.live->address.kind;
      if (is_twin) return other;
    }
    return nullptr;  // a weaker claim of others, as a name beside a vmid, says nothing then
  }
  return nullptr;
}

const LiveEntry* LiveIndex::copy_at(const Address& address, std::string_view native_id) const {
  const Scope scope = scope_of(address);
  for (const std::size_t i : copies_) {
    const LiveEntry& entry = entries_[i];
    const bool there = entry.live->native_id == native_id && entry.scope == scope &&
                       entry.live->address.kind == address.kind;
    if (there) return &entry;
  }
  return nullptr;
}

std::vector<const LiveEntry*> LiveIndex::holders(std::string_view token) const {
  const std::vector<ClaimRow>& rows = claim_rows();
  auto row =
      std::lower_bound(rows.begin(), rows.end(), token,
                       [](const ClaimRow& a, std::string_view text) { return a.token < text; });
  std::vector<const LiveEntry*> found;
  for (; row != rows.end() && row->token == token; ++row) found.push_back(&entries_[row->entry]);
  return found;
}

std::vector<Claim> LiveIndex::claims(const LiveEntry& entry) const {
  const KindSchema* kind = find_kind(entry.live->address.kind);
  if (kind == nullptr || kind->claims == nullptr) return {};
  // What a thing holds depends on where it was seen, not on what its marker says.
  std::vector<Claim> found = kind->claims(placed_in(entry.scope, entry.live->address),
                                          entry.live->attributes, spec_.zones);
  std::sort(found.begin(), found.end());
  return found;
}

const std::vector<LiveIndex::ClaimRow>& LiveIndex::claim_rows() const {
  if (claims_known_) return claim_rows_;
  claims_known_ = true;
  claim_rows_.reserve(entries_.size() * 2);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    for (Claim& claim : claims(entries_[i])) {
      claim_rows_.push_back({std::move(claim.token), claim.natural, i});
    }
  }
  std::sort(claim_rows_.begin(), claim_rows_.end(), [](const ClaimRow& a, const ClaimRow& b) {
    return std::tie(a.token, a.entry) < std::tie(b.token, b.entry);
  });
  return claim_rows_;
}

const LiveIndex::ByAddress& LiveIndex::by_address() const {
  if (addresses_known_) return by_address_;
  addresses_known_ = true;
  by_address_.reserve(entries_.size());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Ownership ownership = entries_[i].ownership;
    if (ownership == Ownership::copy || ownership == Ownership::foreign) continue;
    by_address_.emplace(&entries_[i].live->address, i);
  }
  return by_address_;
}

}  // namespace homeostat
