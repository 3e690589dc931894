#include <fmt/format.h>

#include <algorithm>

#include "reconciler/planning.hpp"

namespace homeostat {
namespace {

bool adopt_asked(const PlanOptions& options, const Address& address) {
  return std::ranges::any_of(
      options.adopt, [&](const std::string& glob) { return address_matches(address, glob); });
}

Adopt adopt_policy(const Spec& spec, const Address& address) {
  const auto provider = spec.providers.find(address.provider);
  if (provider == spec.providers.end()) return Adopt::matching;
  return provider->second.adopt.value_or(Adopt::matching);
}

ChangeEffect strongest_effect(const std::vector<FieldDiff>& fields) {
  ChangeEffect effect = ChangeEffect::in_place;
  for (const FieldDiff& field : fields) effect = std::max(effect, field.effect);
  return effect;
}

const FieldDiff& first_with(const std::vector<FieldDiff>& fields, ChangeEffect effect) {
  return *std::ranges::find(fields, effect, &FieldDiff::effect);
}

Cause strongest_cause(const std::vector<FieldDiff>& fields) {
  const auto rank = [](Cause cause) {
    switch (cause) {
      case Cause::none:
        return 0;
      case Cause::git:
      case Cause::undo:  // said after planning
        return 1;
      case Cause::first_contact:
        return 2;
      case Cause::drift:
        return 3;
      case Cause::both:
        return 4;
    }
    return 0;
  };
  Cause cause = Cause::none;
  for (const FieldDiff& field : fields) {
    if (rank(field.cause) > rank(cause)) cause = field.cause;
  }
  return cause;
}

class Declared {
 public:
  explicit Declared(Planning& planning) : p_(planning) {}

  void run() {
    for (auto& [address, resource] : p_.resolved.desired) {
      if (!selected(p_.input.options, address)) continue;
      const Scope scope = scope_of(address);
      if (unknown_because(p_.input.observed, scope) != nullptr) {
        ++p_.out.plan.unknown[scope][address.kind];
      } else if (p_.resolved.pending.contains(address)) {
        reserve(resource);
        later_.insert(address);
      } else {
        plan_one(resource);
      }
    }
    while (!later_.empty()) plan_later(*later_.begin());
  }

 private:
  // What it refers to goes first: only then it is known whether the value will move.
  void plan_later(const Address& first) {
    std::vector<Address> waiting = {first};
    while (!waiting.empty()) {
      const Address address = waiting.back();
      const std::size_t before = waiting.size();
      if (later_.contains(address)) {
        for (const Pending& pending : p_.resolved.pending.at(address)) {
          for (const Address& target : pending.after) {
            const bool circle = std::ranges::find(waiting, target) != waiting.end();
            if (later_.contains(target) && !circle) waiting.push_back(target);
          }
        }
      }
      if (waiting.size() > before) continue;
      waiting.pop_back();
      if (later_.erase(address) != 0) plan_one(p_.resolved.desired.at(address));
    }
  }

  void plan_one(Resource& resource) {
    const Address& address = resource.address;
    if (p_.input.ledger.forgotten.contains(address)) {
      plan_forgotten(resource);
      return;
    }
    const LiveEntry* entry = find(resource);
    if (entry == nullptr || is_taken(*entry, address)) {
      plan_create(resource);
    } else if (is_own(*entry, address)) {
      plan_owned(resource, *entry);
    } else {
      plan_found(resource, *entry);
    }
  }

  static bool is_own(const LiveEntry& entry, const Address& address) {
    return entry.ownership == Ownership::ours && entry.owner == address &&
           entry.scope == scope_of(address);
  }

  [[nodiscard]] const LiveEntry* find(const Resource& resource) const {
    const LiveEntry* entry = p_.live.owned_as(resource.address);
    if (entry != nullptr && is_own(*entry, resource.address)) return entry;
    entry = p_.live.same_thing(resource.address, resource.attributes, p_.input.spec.zones);
    if (entry == nullptr) entry = renamed_with_its_service(p_, resource);
    if (entry != nullptr) return entry;
    const Owned* row = row_of(p_.input.ledger, resource.address);
    return row == nullptr ? nullptr : p_.live.copy_at(resource.address, row->native_id);
  }

  // What each is live is settled in the order of addresses, whatever their values wait for.
  void reserve(const Resource& resource) {
    const bool forgotten = p_.input.ledger.forgotten.contains(resource.address);
    const LiveEntry* entry = forgotten ? find_forgotten(resource) : find(resource);
    if (entry == nullptr || entry->ownership == Ownership::copy) return;
    if (!is_taken(*entry, resource.address)) declared_as(*entry) = &resource.address;
  }

  // Whether a live thing is, or stays, something else that is declared.
  [[nodiscard]] bool is_taken(const LiveEntry& entry, const Address& address) const {
    if (declared_as(entry) != nullptr) return *declared_as(entry) != address;
    if (is_own(entry, address)) return false;
    return entry.ownership == Ownership::ours &&
           (p_.resolved.desired.contains(entry.owner) || excluded(p_.input.options, entry.owner));
  }

  void plan_found(Resource& resource, const LiveEntry& entry) {
    const std::string name = shown(p_, entry.live->address);
    if (entry.ownership == Ownership::copy) {
      plan_blocked_create(resource, HoldCode::in_the_way,
                          fmt::format("{} ({}) stands there: a copy of something that is ours, "
                                      "which is left alone; rename it or remove it by hand",
                                      name, entry.live->native_id));
    } else if (entry.live->fixed) {
      declared_as(entry) = &resource.address;
      plan_blocked_create(resource, HoldCode::in_the_way,
                          fmt::format("{} is there already, and {}", name,
                                      fixed_words(*entry.live, "it is the server's own")));
    } else if (entry.ownership == Ownership::foreign) {
      declared_as(entry) = &resource.address;
      Change change = begin_change(p_, Action::adopt, resource, &entry);
      hold(change, HoldCode::foreign,
           fmt::format("it belongs to site {}", entry.live->marker->site));
      add(std::move(change));
    } else if (entry.ownership == Ownership::ours) {
      plan_owned(resource, entry);
    } else {
      plan_adopt(resource, entry);
    }
  }

  // Ours: under its own address, or under one that is gone from the spec (a rename).
  void plan_owned(Resource& resource, const LiveEntry& entry) {
    const bool renamed = entry.owner != resource.address;
    const Owned* row = row_of(p_.input.ledger, entry.owner);
    keep_protection(resource, &entry, row);
    Compared compared = compare(p_, resource, entry.live, row);
    declared_as(entry) = &resource.address;
    remember(resource, entry, std::move(compared.diff.in_sync));
    add_mark_diff(p_, resource, entry, compared.diff.differs);
    if (!renamed && compared.diff.differs.empty()) {
      say_what_is_not_known(resource, compared);
      return;
    }
    Change change = begin_change(p_, Action::rename, resource, &entry);
    change.cause = Cause::git;
    if (renamed) change.from = entry.owner;
    change.fields = std::move(compared.diff.differs);
    if (!change.fields.empty()) {
      change.cause = strongest_cause(change.fields);
      choose_action(change, resource, entry, row);
      hold_unknown(change, resource, compared);
    }
    if (entry.live->fixed) {
      hold(change, HoldCode::in_the_way,
           fixed_words(*entry.live, "it is the server's own now, which nobody can change"));
    }
    add(std::move(change));
  }

  void choose_action(Change& change, const Resource& resource, const LiveEntry& entry,
                     const Owned* row) {
    const ChangeEffect effect = strongest_effect(change.fields);
    change.action = effect == ChangeEffect::restart   ? Action::restart
                    : effect == ChangeEffect::replace ? Action::replace
                                                      : Action::update;
    if (effect == ChangeEffect::never) {
      hold(change, HoldCode::never_field,
           fmt::format("{} cannot be changed once it is there: put the old value back, or remove "
                       "the resource first and declare it again",
                       first_with(change.fields, effect).path));
    }
    const bool is_protected = resource.protect == true || (row != nullptr && row->protect) ||
                              (entry.live->marker && entry.live->marker->protect);
    if (effect == ChangeEffect::replace && is_protected) {
      const std::string what = first_with(change.fields, effect).path;
      hold(change, HoldCode::protected_one,
           what + " can only change by making it anew, and it is protected" +
               (resource.protect == true
                    ? ": say `protect: false` first"
                    : " until `protect: false` was applied: put the old value back "
                      "for that"));
    }
  }

  void plan_adopt(Resource& resource, const LiveEntry& entry) {
    const bool ours = entry.ownership == Ownership::ours;
    keep_protection(resource, &entry,
                    row_of(p_.input.ledger, ours ? entry.owner : resource.address));
    Compared compared = compare(p_, resource, entry.live, nullptr);
    declared_as(entry) = &resource.address;
    remember(resource, entry, std::move(compared.diff.in_sync));
    add_mark_diff(p_, resource, entry, compared.diff.differs);  // it was forgotten, not unmarked
    Change change = begin_change(p_, Action::adopt, resource, &entry);
    change.fields = std::move(compared.diff.differs);
    change.cause = change.fields.empty() ? Cause::git : strongest_cause(change.fields);
    const ChangeEffect effect = strongest_effect(change.fields);
    if (effect >= ChangeEffect::replace) hold_adopt(change, first_with(change.fields, effect));
    hold_twins(p_, change, resource, entry);
    const Adopt policy = adopt_policy(p_.input.spec, resource.address);
    const bool asked = adopt_asked(p_.input.options, resource.address);
    if (policy == Adopt::never) {
      hold(change, HoldCode::adopt_never,
           fmt::format("it exists and is not ours, and provider {} says `adopt: never`",
                       resource.address.provider));
    } else if (!change.fields.empty() && policy == Adopt::matching && !asked) {
      hold(change, HoldCode::adopt_differs,
           fmt::format(
               "it exists, {}, and differs: state what is there, or take it over with "
               "--adopt '{}'",
               entry.former.kind.empty() ? "is not ours" : "does not carry our mark any more",
               shown(p_, resource.address)));
    }
    hold_unknown(change, resource, compared);
    change.quiet = change.fields.empty() && !change.hold;
    add(std::move(change));
  }

  // Said before anything about --adopt, which could not help.
  static void hold_adopt(Change& change, const FieldDiff& field) {
    const std::string todo = field.live.is_null()
                                 ? "it has none, so leave the field out, or set it there by hand"
                                 : "state what is there";
    hold(change, HoldCode::never_field,
         fmt::format("{} can only change by making it anew, which is not done to what is not ours: "
                     "{}",
                     field.path, todo));
  }

  void plan_create(Resource& resource) { plan_blocked_create(resource, HoldCode::in_the_way, {}); }

  // Without a text it is not blocked.
  void plan_blocked_create(Resource& resource, HoldCode code, std::string text) {
    const Owned* row = row_of(p_.input.ledger, resource.address);
    keep_protection(resource, nullptr, row);
    if (row != nullptr && !was_seen(*row)) row = nullptr;
    Compared compared = compare(p_, resource, nullptr, row);
    Change change = begin_change(p_, Action::create, resource, nullptr);
    change.fields = std::move(compared.diff.differs);
    change.cause = Cause::git;
    if (row != nullptr) {  // somebody deleted it
      const bool spec_moved =
          !row->agreed.empty() && std::ranges::any_of(change.fields, [](const FieldDiff& field) {
            return field.cause != Cause::drift;
          });
      change.cause = spec_moved ? Cause::both : Cause::drift;
      const bool known = !row->drift.empty() && row->drift.front().path.empty();
      change.since = known ? row->drift.front().since : p_.input.now;
    }
    if (!text.empty()) hold(change, code, std::move(text));
    hold_unknown(change, resource, compared);
    p_.out.live.insert_or_assign(resource.address, nullptr);
    add(std::move(change));
  }

  // Ours under an address that is gone: a rename where it is asked for, else it goes its own way.
  [[nodiscard]] const LiveEntry* find_forgotten(const Resource& resource) const {
    const Address& address = resource.address;
    const LiveEntry* entry = p_.live.match(resource);
    if (entry == nullptr) return nullptr;
    const bool others = entry->ownership == Ownership::ours && entry->owner != address;
    const Address* declared = declared_as(*entry);
    if (declared != nullptr && *declared != address) return nullptr;
    if (others && (!adopt_asked(p_.input.options, address) || is_taken(*entry, address))) {
      return nullptr;
    }
    return entry;
  }

  void plan_forgotten(Resource& resource) {
    const LiveEntry* entry = find_forgotten(resource);
    if (entry != nullptr && adopt_asked(p_.input.options, resource.address)) {
      const bool others = entry->ownership == Ownership::ours && entry->owner != resource.address;
      const bool adoptable =
          !entry->live->fixed && !others &&
          (entry->ownership == Ownership::ours || entry->ownership == Ownership::unowned);
      if (adoptable) {
        plan_adopt(resource, *entry);
      } else {
        plan_found(resource, *entry);
      }
      return;
    }
    if (entry != nullptr && entry->ownership != Ownership::copy) {
      declared_as(*entry) = &resource.address;
    }
    warn(p_, fmt::format("{} was forgotten: it is not compared", shown(p_, resource.address)),
         fmt::format("remove its lines, or take it over again with --adopt '{}'",
                     shown(p_, resource.address)),
         resource.where);
  }

  void hold_unknown(Change& change, const Resource& resource, const Compared& compared) {
    if (const auto held = p_.resolved.held.find(resource.address); held != p_.resolved.held.end()) {
      if (!change.hold) change.hold = held->second;
    }
    if (!compared.not_known.empty()) {
      hold(change, HoldCode::value_unknown, compared.not_known.front());
    }
  }

  void say_what_is_not_known(const Resource& resource, const Compared& compared) {
    const auto held = p_.resolved.held.find(resource.address);
    if (held != p_.resolved.held.end()) {
      warn(
          p_,
          fmt::format("{} is compared in part: {}", shown(p_, resource.address), held->second.text),
          {}, resource.where);
    } else if (!compared.not_known.empty() && p_.resolved.pending.contains(resource.address)) {
      warn(p_,
           fmt::format("{} is compared in part: {}", shown(p_, resource.address),
                       compared.not_known.front()),
           {}, resource.where);
    }
  }

  void add(Change change) {
    const auto provider = p_.input.providers.find(change.address.provider);
    if (provider != p_.input.providers.end() &&
        !provider->second->kinds.contains(change.address.kind)) {
      hold(change, HoldCode::unsupported,
           fmt::format("provider {} does not manage the kind {}", change.address.provider,
                       change.address.kind));
    }
    hold_self(p_, change);
    hold_shrinking(p_, change);
    Address address = change.address;
    p_.changes.insert_or_assign(std::move(address), std::move(change));
  }

  void remember(const Resource& resource, const LiveEntry& entry, std::vector<FieldPath> in_sync) {
    p_.out.live.insert_or_assign(p_.out.live.end(), resource.address, entry.live);
    p_.out.in_sync.insert_or_assign(p_.out.in_sync.end(), resource.address, std::move(in_sync));
  }

  const Address*& declared_as(const LiveEntry& entry) {
    return p_.declared_as.at(static_cast<std::size_t>(&entry - p_.live.entries().data()));
  }
  [[nodiscard]] const Address* declared_as(const LiveEntry& entry) const {
    return p_.declared_as.at(static_cast<std::size_t>(&entry - p_.live.entries().data()));
  }

  Planning& p_;
  std::set<Address> later_;
};

}  // namespace

void plan_declared(Planning& planning) { Declared(planning).run(); }

}  // namespace homeostat
