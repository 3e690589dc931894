#include "providers/files/write.hpp"

#include <fmt/format.h>

#include "providers/core/failpoint.hpp"
#include "providers/core/merge.hpp"
#include "providers/files/names.hpp"

namespace homeostat::files {
namespace {

// A file and where it stands.
struct Target {
  Place place;
  std::vector<std::string> path;
  std::string shown;
};

Result<Target> target_of(const WriteInput& input, const Address& address,
                         const std::string& native_id) {
  const KindSchema* kind = find_kind(address.kind);
  if (kind == nullptr) {
    return fail(ErrorKind::internal,
                fmt::format("{}: a kind that files do not know", to_string(address)));
  }
  TRY_ASSIGN(std::vector<std::string> path, disk_path(native_id));
  std::string shown = input.store.shown(path);
  return Target{Place{*kind, address, native_id}, std::move(path), std::move(shown)};
}

Result<std::optional<Record>> current_record(const WriteInput& input, const Target& target) {
  TRY_ASSIGN(const std::optional<File> file, input.store.read(target.path));
  if (!file) return std::optional<Record>();
  TRY_ASSIGN(Record record, parse_record(file->text, target.place, input.zones, target.shown));
  return std::optional<Record>(std::move(record));
}

std::optional<Marker> marker_for(const Step& step, const Target& target) {
  if (step.marker.site.empty()) return std::nullopt;
  Marker marker = step.marker;
  marker.id = target.place.native_id;
  return marker;
}

// What depends on other fields is worked out anew from what is to be written.
Attributes completed(const Target& target, Attributes attributes) {
  attributes.erase("digest");
  fill_computed(target.place, attributes);
  return attributes;
}

tl::unexpected<Error> moved(const Target& target, std::string_view what) {
  return fail(ErrorKind::conflict, fmt::format("{}: {} since it was looked at", target.shown, what),
              "plan again");
}

Result<StepResult> create(const WriteInput& input, const Step& step, const Target& target) {
  Record record{completed(target, step.after), marker_for(step, target), std::nullopt};
  TRY_ASSIGN(const std::optional<Record> there, current_record(input, target));
  if (there) {
    // Our own, from an attempt whose answer was lost.
    if (there->marker == record.marker && there->attributes == record.attributes) {
      return StepResult{target.place.native_id, std::move(record.attributes)};
    }
    return moved(target, "was made by somebody else");
  }
  failpoint("files.before_create");
  TRY(input.store.write(target.path, print_record(record), Store::Existing::refuse));
  return StepResult{target.place.native_id, std::move(record.attributes)};
}

// The new file first: a crash in between leaves one too many, and never none.
Status move_file(const WriteInput& input, const Target& old, const Target& target, Record record) {
  TRY_ASSIGN(const std::optional<File> text, input.store.read(old.path));
  TRY_ASSIGN(const std::optional<Record> there, current_record(input, target));
  if (!text) return moved(old, "is gone");
  // What an attempt left that did not come to its end.
  const bool begun = there && there->move && there->move->from == old.place.native_id;
  record.move = Move{old.place.native_id, fingerprint(text->text, move_digits)};
  TRY(input.store.write(target.path, print_record(record),
                        begun ? Store::Existing::replace : Store::Existing::refuse));
  failpoint("files.between_rename");
  TRY(input.store.remove(old.path));
  failpoint("files.after_rename");
  record.move.reset();
  return input.store.write(target.path, print_record(record), Store::Existing::replace);
}

// Nothing but the marker, or fields too; under the new name where the address has another.
Result<StepResult> change(const WriteInput& input, const Step& step, const Target& target) {
  TRY_ASSIGN(const Target old, target_of(input, step.address, step.native_id));
  TRY_ASSIGN(std::optional<Record> there, current_record(input, old));
  const bool renamed = old.path != target.path;
  const bool arrived = !there && renamed;
  if (arrived) {
    TRY_ASSIGN(there, current_record(input, target));
    const bool done = there && there->marker == marker_for(step, target);
    if (!done) there.reset();
  }
  if (!there) return moved(old, "is gone");
  const FieldPath field =
      moved_field(target.place.kind, nullptr, there->attributes, step.before, step.after);
  if (!field.empty()) return moved(old, fmt::format("`{}` was changed", field));
  Record record;
  record.marker = marker_for(step, target);
  const bool whole = step.kind == StepKind::replace;
  record.attributes = completed(
      target,
      whole ? step.after : merge_after(target.place.kind, nullptr, there->attributes, step.after));
  if (step.kind == StepKind::stop && target.place.kind.field("running") != nullptr) {
    record.attributes["running"] = false;
    record.marker = there->marker;
  }
  const bool same = record.attributes == there->attributes && record.marker == there->marker;
  if (renamed && !arrived) {
    TRY(move_file(input, old, target, record));
  } else if (!same || there->move) {
    TRY(input.store.write(target.path, print_record(record), Store::Existing::replace));
  }
  return StepResult{target.place.native_id, std::move(record.attributes)};
}

Result<StepResult> remove(const WriteInput& input, const Step& step, const Target& target) {
  TRY_ASSIGN(const std::optional<Record> there, current_record(input, target));
  if (there) {
    if (there->marker && !step.marker.site.empty() && there->marker->site != step.marker.site) {
      return moved(target, fmt::format("came to be of site {}", there->marker->site));
    }
    if (step.before.is_object() && there->attributes != step.before) {
      return moved(target, "was changed");
    }
    TRY(input.store.remove(target.path));
  }
  return StepResult{target.place.native_id, Attributes::object()};
}

}  // namespace

Result<StepResult> write_step(const WriteInput& input, const Step& step) {
  // A released thing, and one that goes, stay under the name that they have.
  const std::string by_address = step.address.kind + "/" + step.address.name;
  const bool stays = step.kind == StepKind::remove || step.kind == StepKind::stop ||
                     (step.marker.site.empty() && step.kind != StepKind::create);
  TRY_ASSIGN(const Target target,
             target_of(input, step.address, stays ? step.native_id : by_address));
  if (step.kind == StepKind::create) return create(input, step, target);
  if (step.kind == StepKind::remove) return remove(input, step, target);
  return change(input, step, target);
}

}  // namespace homeostat::files
