#include "reconciler/writes.hpp"

#include <algorithm>

#include "reconciler/lookups.hpp"
#include "reconciler/paths.hpp"

namespace homeostat {
namespace {

bool has_marker_place(const WritesInput& in) {
  const auto found = in.provider.kinds.find(in.change.address.kind);
  return found != in.provider.kinds.end() && found->second.marker;
}

// As Step wants it: a path becomes objects inside each other, whatever stands at it.
void put(Attributes& after, const FieldPath& path, nlohmann::json value) {
  nlohmann::json* at = &after;
  for (const std::string& part : name_components(path)) {
    if (!at->is_object()) *at = nlohmann::json::object();
    at = &(*at)[part];
  }
  *at = std::move(value);
}

// The keys of a keyed list were not known when the difference was found.
void put_new_keys(Attributes& after, const std::string& field, const Attributes& wanted,
                  const Attributes& live) {
  for (const nlohmann::json& entry : member(wanted, field)) {
    if (!has_key(member(live, field), key_text(entry))) after[field][key_text(entry)] = true;
  }
}

Attributes differing(const WritesInput& in) {
  const KindSchema* kind = find_kind(in.change.address.kind);
  Attributes after = Attributes::object();
  for (const FieldDiff& diff : in.change.fields) {
    if (diff.path == protect_path) continue;  // goes with the marker
    const std::string top = decode_component(diff.path.substr(0, diff.path.find('/')));
    const FieldSchema* field = kind->field(top);
    const bool keyed_list = field != nullptr && field->type == Type::list && field->keyed;
    if (keyed_list && !diff.after.empty()) {
      put_new_keys(after, top, in.filled, in.live->attributes);
    } else {
      put(after, diff.path,
          value_at(in.filled, diff.path, *kind, extra_of(in.provider, in.change.address.kind)));
    }
  }
  return after;
}

StepKind step_kind(const WritesInput& in) {
  switch (in.change.action) {
    case Action::create:
      return StepKind::create;
    case Action::remove:
      return StepKind::remove;
    case Action::restart:
      return StepKind::restart;
    case Action::replace:
      return StepKind::replace;
    case Action::adopt:
    case Action::rename:
    case Action::update:
    case Action::release:
      break;
  }
  const bool marks_only = std::ranges::all_of(
      in.change.fields, [](const FieldDiff& diff) { return diff.path == protect_path; });
  if (marks_only) return StepKind::mark;
  const auto dearest =
      std::max_element(in.change.fields.begin(), in.change.fields.end(),
                       [](const FieldDiff& a, const FieldDiff& b) { return a.effect < b.effect; });
  if (dearest->effect == ChangeEffect::restart) return StepKind::restart;
  return dearest->effect == ChangeEffect::replace ? StepKind::replace : StepKind::update;
}

Write begin_write(const WritesInput& in, StepKind kind) {
  Write write;
  write.kind = kind;
  write.address = in.change.address;
  write.native_id = kind == StepKind::create ? std::string() : in.change.native_id;
  if (in.live != nullptr && kind != StepKind::create) write.before = in.live->attributes;
  if (in.parked) {
    set_value_at(write.before, in.change.park->path, in.change.park->value,
                 *find_kind(in.change.address.kind), extra_of(in.provider, in.change.address.kind));
  }
  write.marker = {in.site, to_string(in.change.address), write.native_id,
                  in.desired != nullptr && in.desired->protect.value_or(false)};
  return write;
}

// What is ours no longer must not say that it is.
std::vector<Write> release_writes(const WritesInput& in) {
  std::vector<Write> writes;
  if (in.change.before.is_null()) return writes;  // gone already
  if (in.change.on_remove == OnRemove::stop) writes.push_back(begin_write(in, StepKind::stop));
  if (has_marker_place(in) && (in.live == nullptr || in.live->marker)) {
    writes.push_back(begin_write(in, StepKind::mark));
    writes.back().marker = Marker{};
  }
  return writes;
}

}  // namespace

Step as_step(const Write& write) {
  return Step{write.kind, write.address, write.native_id, write.before, write.after, write.marker};
}

std::vector<Write> writes_of(const WritesInput& in) {
  if (in.change.action == Action::release) return release_writes(in);
  if (in.change.action == Action::adopt && in.change.fields.empty()) return {};
  Write write = begin_write(in, step_kind(in));
  if (write.kind == StepKind::mark && !has_marker_place(in)) return {};
  if (write.kind == StepKind::create || write.kind == StepKind::replace) {
    write.after = in.filled;
  } else if (write.kind != StepKind::remove && write.kind != StepKind::mark) {
    write.after = differing(in);
  }
  std::vector<Write> writes;
  writes.push_back(std::move(write));
  return writes;
}

Write park_write(const WritesInput& in) {
  Write write = begin_write(in, StepKind::update);
  write.after = Attributes::object();
  put(write.after, in.change.park->path, in.change.park->value);
  // It may be a rename; the name follows with the real write.
  if (in.live != nullptr && in.live->marker) write.marker = *in.live->marker;
  if (in.change.from) write.address = *in.change.from;
  return write;
}

}  // namespace homeostat
