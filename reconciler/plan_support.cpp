#include <algorithm>

#include "reconciler/paths.hpp"
#include "reconciler/planning.hpp"
#include "reconciler/redact.hpp"

namespace homeostat {
namespace {

bool any_matches(const std::vector<std::string>& globs, const Address& address) {
  return std::ranges::any_of(
      globs, [&](const std::string& glob) { return address_matches(address, glob); });
}

std::size_t position(const Planning& planning, const LiveEntry& entry) {
  return static_cast<std::size_t>(&entry - planning.live.entries().data());
}

}  // namespace

Planning::Planning(const PlanInput& from)
    : input(from),
      live(from.observed, from.ledger, from.spec),
      known(from.secrets, from.ledger, from.hash) {
  declared_as.resize(live.entries().size());
}

bool excluded(const PlanOptions& options, const Address& address) {
  return any_matches(options.exclude, address);
}

bool selected(const PlanOptions& options, const Address& address) {
  if (options.exactly && !options.exactly->contains(address)) return false;
  return (options.only.empty() || any_matches(options.only, address)) &&
         !excluded(options, address);
}

std::string shown(const Planning& planning, const Address& address) {
  return display(address, false, address.site != planning.input.spec.site);
}

Change begin_change(const Planning& planning, Action action, const Resource& resource,
                    const LiveEntry* entry) {
  const KindSchema& kind = *find_kind(resource.address.kind);
  const ProviderKindSchema* extra = extra_of(resource.address, planning.input.providers);
  Change change;
  change.action = action;
  change.address = resource.address;
  change.after = redact_desired(resource, kind, extra);
  if (entry != nullptr) {
    change.native_id = entry->live->native_id;
    const Address& owner = entry->ownership == Ownership::ours ? entry->owner : resource.address;
    change.before = redact_live(entry->live->attributes, &resource,
                                row_of(planning.input.ledger, owner), kind, extra, planning.known);
  }
  change.where = source_ref(resource.where, planning.input.spec.files);
  change.lines.push_back(resource.where);
  change.service = resource.service;
  change.data = kind.holds_data;
  return change;
}

void hold(Change& change, HoldCode code, std::string text) {
  if (!change.hold) change.hold = Hold{code, std::move(text)};
}

std::string fixed_words(const LiveResource& live, std::string_view usual) {
  return live.why_fixed.empty() ? std::string(usual) : live.why_fixed + ": it is left as it is";
}

void warn(Planning& planning, std::string message, std::string hint, const Origin& where) {
  planning.out.plan.warnings.push_back(Error{.kind = ErrorKind::invalid_spec,
                                             .message = std::move(message),
                                             .hint = std::move(hint),
                                             .where = source_ref(where, planning.input.spec.files),
                                             .excerpt = {}});
}

const Address& known_as(const Planning& planning, const LiveEntry& entry) {
  if (const Address* declared = planning.declared_as[position(planning, entry)]) return *declared;
  return entry.ownership == Ownership::ours ? entry.owner : entry.live->address;
}

Attributes attributes_after(const Planning& planning, const Change& change) {
  const auto desired = planning.resolved.desired.find(change.address);
  if (desired == planning.resolved.desired.end()) return nullptr;
  const auto live = planning.out.live.find(change.address);
  if (live == planning.out.live.end() || live->second == nullptr ||
      change.action == Action::create || change.action == Action::replace) {
    return desired->second.attributes;
  }
  Attributes after = live->second->attributes;
  const KindSchema& kind = *find_kind(change.address.kind);
  const ProviderKindSchema* extra = extra_of(change.address, planning.input.providers);
  for (const FieldDiff& field : change.fields) {
    if (field.path == protect_path) continue;
    set_value_at(after, field.path, field.desired, kind, extra);
  }
  return after;
}

}  // namespace homeostat
