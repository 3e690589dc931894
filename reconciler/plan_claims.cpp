#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "reconciler/planning.hpp"
#include "specs/kinds/kinds.hpp"

namespace homeostat {
namespace {

bool has_token(const std::vector<Claim>& claims, std::string_view token) {
  return std::ranges::any_of(claims, [token](const Claim& claim) { return claim.token == token; });
}

class Claims {
 public:
  explicit Claims(Planning& planning) : p_(planning) {}

  void run() {
    for (auto& [address, change] : p_.changes) {
      const bool takes = change.action != Action::remove && change.action != Action::release &&
                         !change.quiet && !change.hold;
      if (!takes) continue;
      if (std::optional<std::string> text = taken_claim(change)) {
        hold(change, HoldCode::in_the_way, std::move(*text));
      } else if (address.kind == "dns" && change.action == Action::create) {
        if (std::optional<std::string> other = excluding_record(address)) {
          hold(change, HoldCode::in_the_way, std::move(*other));
        }
      }
    }
  }

 private:
  [[nodiscard]] std::vector<Claim> claims_after(const Change& change) const {
    const KindSchema* kind = find_kind(change.address.kind);
    if (kind == nullptr || kind->claims == nullptr) return {};
    const Attributes after = attributes_after(p_, change);
    if (after.is_null()) return {};
    return kind->claims(change.address, after, p_.input.spec.zones);
  }

  [[nodiscard]] std::optional<std::string> taken_claim(const Change& change) {
    const auto own = p_.out.live.find(change.address);
    const LiveResource* live = own == p_.out.live.end() ? nullptr : own->second;
    for (const Claim& claim : claims_after(change)) {
      const std::vector<const LiveEntry*> holders = p_.live.holders(claim.token);
      const bool own_already = std::ranges::any_of(
          holders, [live](const LiveEntry* entry) { return entry->live == live; });
      if (own_already) continue;
      for (const LiveEntry* holder : holders) {
        if (!lets_go(*holder, claim.token)) {
          keep_while_it_waits(change.address, *holder);
          return in_use(change.address, claimed_thing(claim.token), *holder);
        }
      }
    }
    return std::nullopt;
  }

  // What moves to another provider is let go where it was only when it can be made where it goes.
  // Else nobody would know any more that the two were one, and what points to it would turn away.
  void keep_while_it_waits(const Address& taker, const LiveEntry& holder) {
    const auto change = p_.changes.find(known_as(p_, holder));
    if (change == p_.changes.end() || change->second.action != Action::release) return;
    const Address& address = change->first;
    if (address.kind != taker.kind || address.name != taker.name) return;
    hold(change->second, HoldCode::depends,
         fmt::format("it is let go when what it becomes on {} can be made: remove it by hand, or "
                     "give one of the two another address",
                     taker.provider));
  }

  // Whether this plan takes the claim from who holds it now. What is held back later holds back
  // what waits for it.
  [[nodiscard]] bool lets_go(const LiveEntry& holder, const std::string& token) const {
    const auto change = p_.changes.find(known_as(p_, holder));
    if (change == p_.changes.end()) return false;
    switch (change->second.action) {
      case Action::remove:
        return true;
      case Action::release:
      case Action::create:
        return false;
      default:
        return !has_token(claims_after(change->second), token);
    }
  }

  [[nodiscard]] std::string in_use(const Address& taker, const std::string& what,
                                   const LiveEntry& holder) const {
    const Address& address = known_as(p_, holder);
    const std::string who = shown(p_, address);
    const auto change = p_.changes.find(address);
    if (change != p_.changes.end() && change->second.action == Action::release) {
      if (address.kind == taker.kind && address.name == taker.name) {
        return fmt::format(
            "{} is used by what it was on {}, which is let go and stays: remove that "
            "one, or give one of the two another address",
            what, address.provider);
      }
      return fmt::format("{} is used by {}, which is let go and stays", what, who);
    }
    if (holder.ownership == Ownership::ours) {
      return fmt::format("{} is used by {}, which keeps it", what, who);
    }
    return fmt::format("{} is used by {}, which is not ours", what, who);
  }

  // A CNAME stands alone at its owner.
  [[nodiscard]] std::optional<std::string> excluding_record(const Address& address) {
    const std::vector<std::string> name = name_components(address.name);
    if (name.size() != 3) return std::nullopt;
    const auto at_owner = records().find(owner_key(scope_of(address), name.at(1)));
    if (at_owner == records().end()) return std::nullopt;
    for (const LiveEntry* entry : at_owner->second) {
      const std::string type = name_components(entry->live->address.name).back();
      if (!records_exclude(name.at(2), type)) continue;
      const auto change = p_.changes.find(known_as(p_, *entry));
      if (change != p_.changes.end() && change->second.action == Action::remove) continue;
      return entry->ownership == Ownership::ours
                 ? fmt::format("{} and {} exclude each other at one name", shown(p_, address),
                               shown(p_, known_as(p_, *entry)))
                 : fmt::format(
                       "{} stands at the same name, is not ours, and the two exclude each "
                       "other",
                       shown(p_, entry->live->address));
    }
    return std::nullopt;
  }

  [[nodiscard]] static std::string owner_key(const Scope& scope, const std::string& owner) {
    return to_string(scope) + "/" + encode_component(owner);
  }

  using Records = std::unordered_map<std::string, std::vector<const LiveEntry*>>;
  // Live records by scope and owner name; made when first asked for.
  const Records& records() {
    if (records_) return *records_;
    records_.emplace();
    for (const LiveEntry& entry : p_.live.entries()) {
      if (entry.live->address.kind != "dns") continue;
      const std::vector<std::string> name = name_components(entry.live->address.name);
      if (name.size() == 3) (*records_)[owner_key(entry.scope, name.at(1))].push_back(&entry);
    }
    return *records_;
  }

  Planning& p_;
  std::optional<Records> records_;
};

}  // namespace

void hold_what_is_in_the_way(Planning& planning) { Claims(planning).run(); }

}  // namespace homeostat
