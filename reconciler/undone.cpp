#include "reconciler/undone.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "reconciler/paths.hpp"
#include "reconciler/sources.hpp"

namespace homeostat {
namespace {

constexpr const char* values_path = "values";

bool has_type(const Address& address, const std::vector<std::string>& types) {
  if (address.kind != "dns") return false;
  const auto name = name_components(address.name);
  return name.size() == 3 && std::ranges::find(types, name[2]) != types.end();
}

bool is_whole(const Change& change) {
  return change.action == Action::create || change.action == Action::remove;
}

// Which undone run is behind a value. Runs count from 1; 0 is none.
class Behind {
 public:
  Behind(const Plan& plan, const Spec& spec, const Suspensions& suspended)
      : spec_(spec), suspended_(suspended) {
    for (const Change& change : plan.changes) changes_.insert(change.address);
  }

  [[nodiscard]] std::int64_t value(const Address& address, const FieldPath& path) const {
    const auto row = suspended_.find(address);
    if (row != suspended_.end()) {
      const auto touches = [&path](const auto& value) {
        return covers(value.first, path) || covers(path, value.first);
      };
      const Suspension& suspension = row->second;
      if (suspension.absent || std::ranges::any_of(suspension.values, touches)) {
        return suspension.run;
      }
    }
    const auto declared = spec_.desired.find(address);
    if (declared == spec_.desired.end()) return 0;
    std::int64_t run = 0;
    for (const OpenValue& open : declared->second.open) {
      const FieldPath at = path_of_pointer(open.pointer);
      if (!covers(path, at) && !covers(at, path)) continue;
      for (const TemplatePart& part : open.parts) {
        // There are no circles of references: such a spec is not read.
        const bool refers = part.kind == TemplatePart::Kind::reference;
        if (refers) run = std::max(run, value(part.target, part.field));
      }
    }
    return run;
  }

  // Of a change of a derived PTR record. Where a name takes the place of another one, the one that
  // leaves is the reason only if its own record moves now (`strict`).
  std::int64_t ptr(const Change& change, bool strict) {
    const std::int64_t arrives = leads_to(change.address, change.after, false);
    if (arrives != 0) return arrives;
    return leads_to(change.address, change.before, strict && change.action != Action::remove);
  }

 private:
  std::int64_t leads_to(const Address& address, const Attributes& record, bool moving) {
    if (!forwards_) {
      forwards_.emplace(spec_);
      for (const auto& [each, suspension] : suspended_) {
        if (!spec_.desired.contains(each)) forwards_->add(each);
      }
    }
    std::int64_t run = 0;
    for (const Address& forward : forwards_->of_ptr(address, member(record, values_path))) {
      if (!moving || changes_.contains(forward)) run = std::max(run, value(forward, values_path));
    }
    return run;
  }

  const Spec& spec_;
  const Suspensions& suspended_;
  std::set<Address> changes_;
  std::optional<Forwards> forwards_;  // made when it is needed
};

void say(std::int64_t run, Cause& cause, std::optional<Provenance>& provenance) {
  if (run == 0 || cause == Cause::drift || cause == Cause::none) return;
  if (cause == Cause::git) cause = Cause::undo;
  provenance.emplace().undone = run;
}

}  // namespace

bool is_loose_ptr(const Spec& spec, const Address& address) {
  return has_type(address, {"PTR"}) && !spec.desired.contains(address);
}

Forwards::Forwards(const Spec& spec) : spec_(spec) {
  for (const auto& [address, resource] : spec.desired) add(address);
}

void Forwards::add(const Address& address) {
  if (!has_type(address, {"A", "AAAA"})) return;
  known_.emplace(std::pair(address.provider, domain_name(spec_, address)), address);
}

std::vector<Address> Forwards::of_ptr(const Address& ptr, const nlohmann::json& names) const {
  std::vector<Address> found;
  if (!names.is_array()) return found;
  const std::string view = name_components(ptr.name).front();
  for (const auto& name : names) {
    if (!name.is_string()) continue;
    const auto [first, last] =
        known_.equal_range(std::pair(ptr.provider, name.get_ref<const std::string&>()));
    for (auto record = first; record != last; ++record) {
      const auto zone = spec_.zones.find(name_components(record->second.name).front());
      if (zone == spec_.zones.end()) continue;
      const auto& views = zone->second.reverse;
      if (std::ranges::find(views, view) != views.end()) found.push_back(record->second);
    }
  }
  return found;
}

namespace {

// What one change owes to an undone run: `derived` follows from what is suspended, `run` is what
// the whole of it owes.
struct Debt {
  bool derived = false;
  bool whole = false;
  std::int64_t run = 0;
};

std::int64_t run_of_field(Behind& behind, const Change& change, const FieldDiff& field,
                          const Debt& debt) {
  if (debt.whole) return debt.run;
  if (debt.derived) return field.path == values_path ? debt.run : 0;
  return is_whole(change) ? 0 : behind.value(change.address, field.path);
}

void say_change(Change& change, Behind& behind, const Debt& debt) {
  bool by_git = false;
  std::int64_t last = 0;
  for (FieldDiff& field : change.fields) {
    const std::int64_t one = run_of_field(behind, change, field, debt);
    say(one, field.cause, field.provenance);
    last = std::max(last, one);
    by_git = by_git || field.cause == Cause::git;
  }
  if (debt.whole) last = debt.run;
  if (debt.whole || (change.cause == Cause::git && !by_git)) {
    say(last, change.cause, change.provenance);
  }
}

}  // namespace

void say_undone(Plan& plan, const Spec& spec, const Suspensions& suspended) {
  if (suspended.empty()) return;
  Behind behind(plan, spec, suspended);
  for (Change& change : plan.changes) {
    const auto row = suspended.find(change.address);
    Debt debt;
    debt.derived = is_loose_ptr(spec, change.address) && row == suspended.end();
    debt.whole = is_whole(change) && (debt.derived || row != suspended.end());
    if (debt.derived) {
      debt.run = behind.ptr(change, true);
    } else if (row != suspended.end()) {
      debt.run = row->second.run;
    }
    say_change(change, behind, debt);
  }
}

std::vector<Address> what_follows(const Plan& plan, const Spec& spec,
                                  const Suspensions& suspended) {
  std::vector<Address> found;
  Behind behind(plan, spec, suspended);
  for (const Change& change : plan.changes) {
    if (suspended.contains(change.address)) continue;
    const bool derived = is_loose_ptr(spec, change.address);
    const bool follows =
        derived
            ? behind.ptr(change, false) != 0
            : !is_whole(change) && std::ranges::any_of(change.fields, [&](const FieldDiff& field) {
                return behind.value(change.address, field.path) != 0;
              });
    if (follows) found.push_back(change.address);
  }
  return found;
}

}  // namespace homeostat
