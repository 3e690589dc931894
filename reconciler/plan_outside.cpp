#include <fmt/format.h>

#include <algorithm>

#include "reconciler/open_values.hpp"
#include "reconciler/paths.hpp"
#include "reconciler/planning.hpp"
#include "reconciler/redact.hpp"

namespace homeostat {
namespace {

// A change may follow another resource that this plan has no change of, since a filter leaves it
// out or its scope is unknown. It must not run ahead of it.
class Outside {
 public:
  explicit Outside(Planning& planning) : p_(planning) {}

  void run() {
    for (auto& [address, change] : p_.changes) {
      const bool goes = change.action == Action::remove || change.action == Action::release;
      const bool writes = change.action == Action::create || !change.fields.empty();
      if (!goes && writes && !change.hold) look_at(change);
    }
  }

 private:
  void look_at(Change& change) {
    const auto made_from = p_.resolved.reverse_of.find(change.address);
    const bool derived = made_from != p_.resolved.reverse_of.end();
    const auto written = p_.input.spec.desired.find(derived ? made_from->second : change.address);
    if (written == p_.input.spec.desired.end()) return;
    for (const OpenValue& open : written->second.open) {
      if (!derived && !is_written(change, path_of_pointer(open.pointer))) continue;
      for (const TemplatePart& part : open.parts) {
        if (part.kind != TemplatePart::Kind::reference) continue;
        check(change, part);
      }
    }
    if (derived) return;
    for (const Address& target : written->second.depends_on) {
      const auto resource = p_.resolved.desired.find(target);
      if (resource == p_.resolved.desired.end() || selected(p_.input.options, target)) continue;
      const bool known = unknown_because(p_.input.observed, scope_of(target)) == nullptr;
      if (known && p_.live.match(resource->second) == nullptr) {
        hold(change, HoldCode::depends,
             fmt::format("it depends on {}, which is not there, and which this plan leaves out",
                         shown(p_, target)));
      }
    }
  }

  static bool is_written(const Change& change, const FieldPath& path) {
    return change.action == Action::create ||
           std::ranges::any_of(change.fields, [&path](const FieldDiff& field) {
             return covers(field.path, path) || covers(path, field.path);
           });
  }

  // Where the spec says what the reference gives, it must be so already.
  void check(Change& change, const TemplatePart& part) {
    const auto resource = p_.resolved.desired.find(part.target);
    if (resource == p_.resolved.desired.end()) return;
    const Steps steps = path_steps(part.field);
    const nlohmann::json* wanted = find_at(resource->second.attributes, steps);
    if (wanted == nullptr) return;
    const std::string name = fmt::format("{}.{}", shown(p_, part.target), part.field);
    const Scope scope = scope_of(part.target);
    if (unknown_because(p_.input.observed, scope) != nullptr) {
      const Agreed* agreed = agreed_at(row_of(p_.input.ledger, part.target), part.field);
      if (agreed == nullptr || agreed->value == *wanted || is_hash(agreed->value)) return;
      hold(change, HoldCode::value_unknown,
           fmt::format("it needs {}, which is to change, and {} is unknown now", name,
                       to_string(scope)));
      return;
    }
    if (selected(p_.input.options, part.target)) return;
    const LiveEntry* entry = p_.live.match(resource->second);
    const nlohmann::json* live =
        entry == nullptr ? nullptr : find_at(entry->live->attributes, steps);
    if (live != nullptr && *live == *wanted) return;
    hold(change, HoldCode::depends,
         fmt::format("it needs {}, which {}, and which this plan leaves out", name,
                     entry == nullptr ? "is not there yet" : "is still to change"));
  }

  Planning& p_;
};

}  // namespace

void hold_what_runs_ahead(Planning& planning) { Outside(planning).run(); }

}  // namespace homeostat
