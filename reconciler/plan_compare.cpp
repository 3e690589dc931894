#include <fmt/format.h>

#include <algorithm>

#include "reconciler/paths.hpp"
#include "reconciler/planning.hpp"

namespace homeostat {
namespace {

bool has_part(const OpenValue& open, TemplatePart::Kind kind) {
  return std::ranges::any_of(open.parts,
                             [kind](const TemplatePart& part) { return part.kind == kind; });
}

// Whether this plan writes to a resource, so that what it is asked for may be another thing then.
bool is_written(const Planning& planning, const Address& address) {
  const auto found = planning.changes.find(address);
  if (found == planning.changes.end() || found->second.quiet) return false;
  const Action action = found->second.action;
  return action != Action::remove && action != Action::release &&
         (action != Action::rename || !found->second.fields.empty());
}

// Fills the open values of one resource as far as they are known now.
class Filling {
 public:
  Filling(Planning& planning, const Resource& resource, Compared& result)
      : planning_(planning), resource_(resource), result_(result) {}

  Attributes run() {
    read_pending();
    std::vector<SecretFailure> failures;
    Attributes filled =
        fill_known_secrets(resource_, planning_.input.secrets,
                           extra_of(resource_.address, planning_.input.providers), failures);
    for (const SecretFailure& failure : failures) say_missing(failure);
    for (const OpenValue& open : resource_.open) {
      if (!has_part(open, TemplatePart::Kind::reference)) continue;
      const FieldPath path = path_of_pointer(open.pointer);
      const bool known_later = std::ranges::any_of(
          uncompared_, [&](const Uncompared& other) { return other.path == path; });
      if (!known_later) uncompared_.push_back({path, {}});  // why is said by Resolved::held
    }
    return filled;
  }

  std::vector<Uncompared> take_uncompared() { return std::move(uncompared_); }

 private:
  void read_pending() {
    const auto found = planning_.resolved.pending.find(resource_.address);
    if (found == planning_.resolved.pending.end()) return;
    for (const Pending& pending : found->second) {
      Uncompared open{path_of_pointer(pending.pointer), {}};
      for (const Address& target : pending.after) {
        if (is_written(planning_, target)) open.after.push_back(target);
      }
      if (open.after.empty() && !pending.after.empty()) {
        result_.not_known.push_back(
            fmt::format("{} comes from {}, which does not have it now, and which this plan does "
                        "not change",
                        open.path, shown(planning_, pending.after.front())));
      }
      uncompared_.push_back(std::move(open));
    }
  }

  void say_missing(const SecretFailure& failure) {
    const FieldPath path = path_of_pointer(failure.pointer);
    uncompared_.push_back({path, {}});
    result_.not_known.push_back(fmt::format("{}: {}", path, failure.error.message));
    auto& [why, count] = planning_.missing_secrets[failure.secret];
    if (why.empty()) why = failure.error.message;
    ++count;
    ++planning_.out.plan.secret_gaps;
  }

  Planning& planning_;
  const Resource& resource_;
  Compared& result_;
  std::vector<Uncompared> uncompared_;
};

}  // namespace

Compared compare(Planning& planning, const Resource& resource, const LiveResource* live,
                 const Owned* owned) {
  Compared result;
  Attributes filled;
  std::vector<Uncompared> uncompared;
  const bool open = !resource.open.empty();
  if (open) {
    Filling filling(planning, resource, result);
    filled = filling.run();
    uncompared = filling.take_uncompared();
  }
  result.diff = diff_fields(DiffInput{
      .kind = *find_kind(resource.address.kind),
      .extra = extra_of(resource.address, planning.input.providers),
      .desired = resource,
      .filled = open ? filled : resource.attributes,
      .uncompared = uncompared,
      .live = live,
      .owned = owned,
      .hash = planning.input.hash,
      .files = planning.input.spec.files,
      .now = planning.input.now,
      .known = &planning.known,
  });
  Errors& warnings = planning.out.plan.warnings;
  warnings.insert(warnings.end(), std::make_move_iterator(result.diff.warnings.begin()),
                  std::make_move_iterator(result.diff.warnings.end()));
  return result;
}

}  // namespace homeostat
