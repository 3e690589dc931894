#include <fmt/format.h>

#include <algorithm>

#include "reconciler/planning.hpp"
#include "reconciler/redact.hpp"

namespace homeostat {
namespace {

class Undeclared {
 public:
  explicit Undeclared(Planning& planning) : p_(planning), scopes_(scopes_of(planning.input.spec)) {}

  void run() {
    say_unconfirmed_zones();
    const std::vector<LiveEntry>& entries = p_.live.entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (p_.declared_as.at(i) == nullptr) look_at(entries.at(i));
    }
    look_at_rows();
    const auto key = [](const Finding& finding) {
      return std::tie(finding.address, finding.native_id);
    };
    std::ranges::sort(p_.out.plan.findings,
                      [&](const Finding& a, const Finding& b) { return key(a) < key(b); });
  }

 private:
  void look_at(const LiveEntry& entry) {
    const Address address =
        entry.ownership == Ownership::ours ? goes_as(entry) : entry.live->address;
    if (!selected(p_.input.options, address)) return;
    switch (entry.ownership) {
      case Ownership::ours:
        look_at_ours(entry);
        break;
      case Ownership::copy:
        find(Finding::Kind::copy, entry,
             fmt::format("it carries the mark of {}, and is another thing", marked_as(entry)));
        break;
      case Ownership::foreign:
        find(Finding::Kind::unmanaged, entry,
             fmt::format("it belongs to site {}", entry.live->marker->site));
        break;
      case Ownership::unowned:
        if (is_swept(entry)) {
          sweep(entry);
        } else {
          find(Finding::Kind::unmanaged, entry, about_unowned(entry));
        }
        break;
    }
  }

  [[nodiscard]] std::string about_unowned(const LiveEntry& entry) const {
    if (entry.live->fixed) return fixed_words(*entry.live, "the server's own");
    if (entry.former.kind.empty()) return {};
    return fmt::format("it stands where {} was, and does not carry its mark: it is left as it is",
                       shown(p_, entry.former));
  }

  [[nodiscard]] static std::string marked_as(const LiveEntry& entry) {
    if (!entry.live->marker) return to_string(entry.live->address);
    const Result<Address> address = parse_address(entry.live->marker->address);
    return address ? display(*address, false, false) : entry.live->marker->address;
  }

  // It is looked for where it was seen: what its instance or its zone was called before, nobody
  // looks at any more.
  static Address goes_as(const LiveEntry& entry) {
    const bool here = scope_of(entry.owner) == entry.scope;
    return here ? entry.owner : placed_in(entry.scope, entry.owner);
  }

  // Marked as something whose place the spec has, and which is another one.
  [[nodiscard]] bool is_elsewhere(const LiveEntry& entry) const {
    const Scope place = scope_of(entry.owner);
    return place != entry.scope && scopes_.contains(place);
  }
  // So, or marked as what is declared, or as what would go under the address of something else.
  [[nodiscard]] bool is_another(const LiveEntry& entry) const {
    if (p_.resolved.desired.contains(entry.owner) || is_elsewhere(entry)) return true;
    const Address address = goes_as(entry);
    return address != entry.owner &&
           (p_.resolved.desired.contains(address) || p_.live.owned_as(address) != nullptr);
  }

  void look_at_ours(const LiveEntry& entry) {
    const Address& owner = entry.owner;
    if (p_.input.ledger.forgotten.contains(owner)) {
      find(Finding::Kind::unmanaged, entry, "it was forgotten");
      return;
    }
    if (is_another(entry)) {
      find(Finding::Kind::copy, entry,
           fmt::format("it carries the mark of {}, and is seen in {}", shown(p_, owner),
                       to_string(entry.scope)));
      return;
    }
    const Owned* row = row_of(p_.input.ledger, owner);
    Change change = begin_removal(entry, goes_as(entry), row);
    if (change.address != owner) change.from = owner;
    if (row == nullptr) {
      change.action = Action::remove;
      hold(change, HoldCode::no_ledger,
           "no ledger says that it was declared here; `homeostat confirm-ownership` lists "
           "such ones");
      find(Finding::Kind::orphan, entry, "it is marked as ours, and no ledger knows it");
    }
    if (entry.live->fixed) {
      hold(change, HoldCode::in_the_way,
           fixed_words(*entry.live, "it is the server's own now, which nobody can remove"));
    }
    if ((row != nullptr && row->protect) || (entry.live->marker && entry.live->marker->protect)) {
      hold(change, HoldCode::protected_one,
           fmt::format("it is protected: put its lines back and say `protect: false`, or let it go "
                       "with `homeostat forget {}`",
                       shown(p_, owner)));
    }
    const bool ends = change.action == Action::remove || change.on_remove == OnRemove::stop;
    hold_unknown_elsewhere(p_, change);
    if (p_.input.spec.self && *p_.input.spec.self == owner && ends) {
      hold(change, HoldCode::self, "Homeostat itself runs in it: remove it by hand on its host");
    }
    add(std::move(change), *entry.live);
  }

  Change begin_removal(const LiveEntry& entry, const Address& address, const Owned* row) {
    const KindSchema* kind = find_kind(address.kind);
    Change change;
    change.address = address;
    change.native_id = entry.live->native_id;
    change.data = kind == nullptr || kind->holds_data;
    if (kind != nullptr) {
      change.before = redact_live(entry.live->attributes, nullptr, row, *kind,
                                  extra_of(address, p_.input.providers), p_.known);
    }
    change.cause = Cause::git;
    OnRemove how = change.data ? OnRemove::keep : OnRemove::destroy;
    if (row != nullptr) {
      how = row->on_remove.value_or(how);
      change.where = row->where;
      change.service = row->service;
    }
    change.action = how == OnRemove::destroy ? Action::remove : Action::release;
    if (how != OnRemove::destroy) change.on_remove = how;
    return change;
  }

  // `authority: full`: what nobody declared goes, less what zones need to be zones.
  [[nodiscard]] bool is_swept(const LiveEntry& entry) const {
    if (entry.live->fixed || entry.live->address.kind != "dns") return false;
    const auto zone = p_.input.spec.zones.find(entry.scope.zone);
    if (zone == p_.input.spec.zones.end() || zone->second.authority != Authority::full ||
        !p_.input.ledger.full_zones.contains(zone->first)) {
      return false;
    }
    if (p_.resolved.desired.contains(entry.live->address)) return false;
    const std::vector<std::string> name = name_components(entry.live->address.name);
    if (name.size() != 3) return false;
    const std::string& owner = name.at(1);
    const std::string& type = name.at(2);
    // Not among the record types: SOA and everything of DNSSEC.
    return is_record_type(type) && !(type == "NS" && owner == "@") &&
           !owner.starts_with("_acme-challenge");
  }

  void sweep(const LiveEntry& entry) {
    Change change = begin_removal(entry, entry.live->address, nullptr);
    change.action = Action::remove;
    change.cause = Cause::drift;
    change.since = entry.live->changed_at ? entry.live->changed_at : p_.input.now;
    add(std::move(change), *entry.live);
  }

  void say_unconfirmed_zones() {
    for (const auto& [key, zone] : p_.input.spec.zones) {
      if (zone.authority != Authority::full || p_.input.ledger.full_zones.contains(key)) continue;
      warn(p_,
           fmt::format("zone {} says `authority: full`, which nobody has confirmed: records that "
                       "are not declared stay",
                       key),
           fmt::format("`homeostat adopt --zone {}` lists them and confirms it", key), zone.where);
    }
  }

  // Rows of things that are neither declared nor there: the rows go. Rows of places that the spec
  // no longer has stay: such a place is unknown from now on.
  void look_at_rows() {
    auto declared = p_.resolved.desired.begin();
    for (const auto& [address, row] : p_.input.ledger.owned) {
      while (declared != p_.resolved.desired.end() && declared->first < address) ++declared;
      if (declared != p_.resolved.desired.end() && declared->first == address) continue;
      // One that is swept away is there, if not as ours.
      const LiveEntry* entry = p_.live.owned_as(address);
      if (entry != nullptr && !is_elsewhere(*entry)) continue;
      if (p_.changes.contains(address)) continue;
      if (!selected(p_.input.options, address)) continue;
      const Scope scope = scope_of(address);
      if (!scopes_.contains(scope)) {
        ++p_.left_behind[scope];
      } else if (unknown_because(p_.input.observed, scope) == nullptr) {
        drop_row(address, row);
      }
    }
  }

  void drop_row(const Address& address, const Owned& row) {
    Change change;
    change.action = Action::release;
    change.address = address;
    change.native_id = row.native_id;
    change.where = row.where;
    change.service = row.service;
    change.cause = Cause::git;
    change.quiet = true;
    p_.changes.insert_or_assign(address, std::move(change));
  }

  void find(Finding::Kind kind, const LiveEntry& entry, std::string text) {
    p_.out.plan.findings.push_back(
        Finding{kind, entry.ownership == Ownership::ours ? entry.owner : entry.live->address,
                entry.live->native_id, std::move(text)});
  }

  void add(Change change, const LiveResource& live) {
    if (change.action == Action::remove && !p_.input.ledger.unconfirmed.empty()) {
      hold(change, HoldCode::no_ledger,
           "the ledger was lost or damaged: `homeostat confirm-ownership` first");
    }
    Address address = change.address;
    p_.out.live.insert_or_assign(address, &live);
    p_.changes.insert_or_assign(std::move(address), std::move(change));
  }

  Planning& p_;
  const std::set<Scope> scopes_;
};

}  // namespace

void plan_undeclared(Planning& planning) { Undeclared(planning).run(); }

}  // namespace homeostat
