// What one planned change alone tells: that it must not be made as it is, or writes the mark too.
#include <fmt/format.h>

#include <algorithm>

#include "reconciler/planning.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

bool covers_address(std::string_view path) {
  return path == "ip" || path == "networks" || path.starts_with("networks/");
}

bool shrinks(const FieldDiff& field) {
  if (!field.desired.is_string() || !field.live.is_string()) return false;
  const auto wanted = parse_size(field.desired.get_ref<const std::string&>());
  const auto live = parse_size(field.live.get_ref<const std::string&>());
  return wanted && live && *wanted < *live;
}

}  // namespace

void hold_self(const Planning& planning, Change& change) {
  const Spec& spec = planning.input.spec;
  if (!spec.self || *spec.self != change.address) return;
  if (change.action == Action::create) return;
  const bool moves = std::ranges::any_of(
      change.fields, [](const FieldDiff& field) { return covers_address(field.path); });
  if (change.action != Action::restart && change.action != Action::replace && !moves) return;
  std::string todo;
  for (const FieldDiff& field : change.fields) {
    todo += fmt::format(
        "{}{} {}", todo.empty() ? "set " : ", ", field.path,
        field.desired.is_string() ? field.desired.get<std::string>() : field.desired.dump());
  }
  hold(change, HoldCode::self,
       fmt::format("Homeostat itself runs in it: on its host, {}, and restart it there", todo));
}

void hold_shrinking(const Planning& planning, Change& change) {
  if (change.action == Action::create || change.action == Action::replace) return;
  const KindSchema& kind = *find_kind(change.address.kind);
  const ProviderKindSchema* extra = extra_of(change.address, planning.input.providers);
  for (const FieldDiff& field : change.fields) {
    const FieldSchema* schema = field_at(kind, extra, field.path);
    if (schema == nullptr || !schema->grows_only || !shrinks(field)) continue;
    hold(change, HoldCode::never_field,
         fmt::format("{} can grow, not shrink: state {} or more", field.path,
                     field.live.get<std::string>()));
  }
}

void hold_twins(const Planning& planning, Change& change, const Resource& resource,
                const LiveEntry& entry) {
  const LiveEntry* twin = planning.live.twin_of(resource, entry);
  if (twin == nullptr) return;
  hold(change, HoldCode::in_the_way,
       fmt::format("{} ({}) and {} ({}) are both what it would be, and neither is ours: rename or "
                   "remove one of them",
                   shown(planning, entry.live->address), entry.live->native_id,
                   shown(planning, twin->live->address), twin->live->native_id));
}

void keep_protection(Resource& resource, const LiveEntry* entry, const Owned* row) {
  if (resource.protect) return;
  const bool ours = entry != nullptr && entry->ownership == Ownership::ours;
  resource.protect = (row != nullptr && row->protect) ||
                     (ours && entry->live->marker && entry->live->marker->protect);
}

void add_mark_diff(const Planning& planning, const Resource& resource, const LiveEntry& entry,
                   std::vector<FieldDiff>& differs) {
  const auto& marker = entry.live->marker;
  const bool wanted = resource.protect.value_or(false);
  if (!marker || marker->protect == wanted || entry.live->fixed) return;
  const auto provider = planning.input.providers.find(resource.address.provider);
  if (provider == planning.input.providers.end()) return;
  const auto kind = provider->second->kinds.find(resource.address.kind);
  if (kind == provider->second->kinds.end() || !kind->second.marker) return;
  FieldDiff diff;
  diff.path = protect_path;
  diff.desired = wanted;
  diff.live = marker->protect;
  diff.cause = Cause::git;
  diff.lines.push_back(resource.where);
  differs.insert(std::ranges::upper_bound(differs, diff.path, {}, &FieldDiff::path),
                 std::move(diff));
}

void hold_unknown_elsewhere(const Planning& planning, Change& change) {
  const Desired& desired = planning.resolved.desired;
  Address first = change.address;
  first.provider.clear();
  for (auto there = desired.lower_bound(first); there != desired.end(); ++there) {
    const Address& address = there->first;
    if (!same_but_provider(address, change.address)) break;
    const bool unknown = unknown_because(planning.input.observed, scope_of(address)) != nullptr;
    const bool left_out = !selected(planning.input.options, address);
    if (!unknown && (!left_out || planning.live.owned_as(address) != nullptr)) continue;
    hold(
        change, HoldCode::depends,
        fmt::format("it is declared on {} now, {}: it is let go once it is known to be there",
                    address.provider, unknown ? "which is unknown" : "which this plan leaves out"));
  }
}

}  // namespace homeostat
