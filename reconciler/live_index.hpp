// Which live thing is which declared one: by marker, by the ledger's native id, by natural key.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reconciler/plan.hpp"

namespace homeostat {

enum class Ownership : std::uint8_t {
  ours,     // our marker with its own id, or the ledger's word
  unowned,  // no marker
  foreign,  // another site's marker
  copy      // a marker of something else: a clone
};

struct LiveEntry {
  const LiveResource* live = nullptr;
  Scope scope;
  Ownership ownership = Ownership::unowned;
  Address owner;  // ours: the address it is owned under
  // Unowned: what had this native id when it was last seen, and carried our marker then. Another
  // thing stands in its place now, or somebody took the marker off.
  Address former = {};
};

// An address as things of this scope are called now: its instance or the key of its zone may have
// been renamed since it was written to a marker.
[[nodiscard]] Address placed_in(const Scope& scope, Address address);

// Points into the Observed, the LedgerView and the Spec that it was made from. Claims are looked at
// only when somebody asks for them, so an object is not for several threads at once.
class LiveIndex {
 public:
  LiveIndex(const Observed& observed, const LedgerView& ledger, const Spec& spec);
  LiveIndex(const LiveIndex&) = delete;  // its tables point into itself
  LiveIndex& operator=(const LiveIndex&) = delete;
  ~LiveIndex() = default;

  // Sorted by scope, address, native id, whatever order they were observed in.
  [[nodiscard]] const std::vector<LiveEntry>& entries() const { return entries_; }
  // What is owned under this address; nullptr where nothing is.
  [[nodiscard]] const LiveEntry* owned_as(const Address& address) const;
  // The live thing that shares a natural claim with a declared one in its scope, or stands at its
  // address (a copy stands at the address of another, so it does not count there); ours are
  // preferred to others. What is owned under another address that is still declared is that one.
  [[nodiscard]] const LiveEntry* same_thing(const Address& address, const Attributes& attributes,
                                            const Zones& zones) const;
  // owned_as, else same_thing.
  [[nodiscard]] const LiveEntry* match(const Resource& resource) const;
  // Another unowned thing that shares the natural claim by which `entry` is what is declared; one
  // of them at most. nullptr: there is none.
  [[nodiscard]] const LiveEntry* twin_of(const Resource& resource, const LiveEntry& entry) const;
  // The copy that has this native id now where a declared one would be; nullptr: there is none.
  [[nodiscard]] const LiveEntry* copy_at(const Address& address, std::string_view native_id) const;
  // Who holds a claim live, in the order of `entries`.
  [[nodiscard]] std::vector<const LiveEntry*> holders(std::string_view token) const;
  // What one of `entries` holds, sorted.
  [[nodiscard]] std::vector<Claim> claims(const LiveEntry& entry) const;

 private:
  struct AddressHash {
    std::size_t operator()(const Address* address) const;
  };
  struct AddressEqual {
    bool operator()(const Address* a, const Address* b) const { return *a == *b; }
  };
  struct ClaimRow {
    std::string token;
    bool natural = false;
    std::size_t entry = 0;
  };
  using ByAddress = std::unordered_map<const Address*, std::size_t, AddressHash, AddressEqual>;

  void add_scope(const Scope& scope, const ScopeState& state);
  void ask_ledger(const LedgerView& ledger);
  void settle_owners(const Observed& observed, const LedgerView& ledger);
  // What has this natural claim in the scope of the address: ours first.
  const LiveEntry* natural_holder(const std::string& token, const Address& address) const;
  // Owned under another address that the spec still has.
  bool is_another(const LiveEntry& entry, const Address& address) const;
  const std::vector<ClaimRow>& claim_rows() const;
  const ByAddress& by_address() const;

  const Spec& spec_;
  std::vector<LiveEntry> entries_;
  ByAddress by_owner_;
  std::vector<std::size_t> copies_;  // few
  // Made when first asked for.
  mutable bool claims_known_ = false;
  mutable std::vector<ClaimRow> claim_rows_;  // sorted by token, then entry
  mutable bool addresses_known_ = false;
  mutable ByAddress by_address_;
};

}  // namespace homeostat
