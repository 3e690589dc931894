// Which live thing is which declared one: by marker, by the ledger's native id, by natural key.
#pragma once

#include <map>
#include <string>
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
  Address owner;              // ours: the address it is owned under
  std::vector<Claim> claims;  // sorted
};

// Points into the Observed that it was made from.
class LiveIndex {
 public:
  LiveIndex(const Observed& observed, const LedgerView& ledger, const Spec& spec);

  [[nodiscard]] const std::vector<LiveEntry>& entries() const { return entries_; }
  // What is owned under this address; nullptr where nothing is.
  [[nodiscard]] const LiveEntry* owned_as(const Address& address) const;
  // The live thing that shares a natural claim with a declared one in its scope, or stands at its
  // address; ours are preferred to others.
  [[nodiscard]] const LiveEntry* same_thing(const Address& address, const Attributes& attributes,
                                            const Zones& zones) const;
  // Who holds a claim live.
  [[nodiscard]] std::vector<const LiveEntry*> holders(const std::string& token) const;

 private:
  std::vector<LiveEntry> entries_;
  std::map<Address, std::size_t> by_owner_;
  std::map<Address, std::size_t> by_address_;
  std::multimap<std::string, std::size_t> by_claim_;
};

}  // namespace homeostat
