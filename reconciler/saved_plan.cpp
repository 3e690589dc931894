#include "reconciler/saved_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/live_index.hpp"
#include "reconciler/lookups.hpp"
#include "reconciler/names.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

std::string bytes_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string first_of(const FieldPath& path) { return path.substr(0, path.find('/')); }

json addresses(const std::vector<Address>& list) {
  json out = json::array();
  for (const Address& address : list) out.push_back(to_string(address));
  return out;
}

const std::vector<Agreed>& agreed_in(const Owned* row) {
  static const std::vector<Agreed> none;
  return row == nullptr ? none : row->agreed;
}

// What a change writes, as far as it is no secret.
json what_is_written(const Change& change) {
  json fields = json::array();
  for (const FieldDiff& field : change.fields) {
    fields.push_back({{"path", field.path},
                      {"live", field.live},
                      {"desired", field.desired},
                      {"after", addresses(field.after)}});
  }
  json out = {{"action", name_of(change.action)},
              {"native_id", change.native_id},
              {"fields", std::move(fields)},
              {"quiet", change.quiet},
              {"gap", change.gap},
              {"data", change.data}};
  if (change.from) out["from"] = to_string(*change.from);
  if (change.on_remove) out["on_remove"] = name_of(*change.on_remove);
  if (change.park) out["park"] = {{"path", change.park->path}, {"value", change.park->value}};
  return out;
}

// Takes down what the resources of a plan are.
class Surveyor {
 public:
  explicit Surveyor(const Round& round)
      : round_(round), index_(round.observed, round.memory, round.spec) {}

  void take(const Change& change) {
    const auto desired = round_.planned.desired.find(change.address);
    const Owned* row = row_of(change.from.value_or(change.address));
    std::set<std::string> fields;
    for (const FieldDiff& field : change.fields) fields.insert(first_of(field.path));
    if (desired != round_.planned.desired.end()) {
      for (const auto& [name, value] : desired->second.attributes.items()) fields.insert(name);
    }
    for (const Agreed& agreed : agreed_in(row)) {
      fields.insert(first_of(agreed.path));
    }
    const LiveResource* live = live_of(change.address);
    // What goes, goes with all that it holds.
    const bool ends = change.action == Action::remove || change.action == Action::replace;
    if (live != nullptr && ends) {
      for (const auto& [name, value] : live->attributes.items()) fields.insert(name);
    }
    Footing& footing = footings_[change.address];
    for (const std::string& field : fields) take_field(footing, change.address, row, field);
    take_others(footing, change.address, row);
    take_referents(change.address);
  }

  // The same fields of a resource as another time.
  Footing take_again(const Address& address, const Footing& then) const {
    std::set<std::string> fields;
    for (const auto* side : {&then.desired, &then.live, &then.agreed}) {
      for (const auto& [field, hash] : *side) fields.insert(field);
    }
    Footing footing;
    for (const std::string& field : fields) {
      if (!field.starts_with('(')) take_field(footing, address, row_of(address), field);
    }
    take_others(footing, address, row_of(address));
    // Of what is only referred to, these were not asked about.
    if (!then.desired.contains("(protect)")) footing.desired.erase("(protect)");
    if (!then.live.contains("(id)")) footing.live.erase("(id)");
    if (!then.agreed.contains("(id)")) footing.agreed.erase("(id)");
    return footing;
  }

  std::map<Address, Footing> done() { return std::move(footings_); }

 private:
  void take_others(Footing& footing, const Address& address, const Owned* row) const {
    const auto desired = round_.planned.desired.find(address);
    if (desired != round_.planned.desired.end()) {
      note(footing.desired, address, "(protect)", desired->second.protect.value_or(false));
    }
    if (const LiveResource* live = live_of(address)) {
      note(footing.live, address, "(id)", live->native_id);
    }
    if (row != nullptr) note(footing.agreed, address, "(id)", row->native_id);
  }

  void take_referents(const Address& address) {
    const auto declared = round_.spec.desired.find(address);
    if (declared == round_.spec.desired.end()) return;
    for (const OpenValue& open : declared->second.open) {
      for (const TemplatePart& part : open.parts) {
        if (part.kind != TemplatePart::Kind::reference) continue;
        take_field(footings_[part.target], part.target, row_of(part.target), first_of(part.field));
      }
    }
  }

  void take_field(Footing& footing, const Address& address, const Owned* row,
                  const std::string& field) const {
    const auto desired = round_.planned.desired.find(address);
    if (desired != round_.planned.desired.end()) {
      const json& attributes = desired->second.attributes;
      if (const auto value = attributes.find(field); value != attributes.end()) {
        note(footing.desired, address, field,
             json::array({*value, secrets_in(desired->second, field)}));
      }
    }
    if (const LiveResource* live = live_of(address)) {
      if (const auto value = live->attributes.find(field); value != live->attributes.end()) {
        note(footing.live, address, field, *value);
      }
    }
    json agreed = json::object();
    for (const Agreed& each : agreed_in(row)) {
      if (first_of(each.path) == field) agreed[each.path] = each.value;
    }
    if (!agreed.empty()) note(footing.agreed, address, field, agreed);
  }

  // A secret's value may change while the spec stays the same.
  json secrets_in(const Resource& resource, const std::string& field) const {
    json values = json::array();
    for (const OpenValue& open : resource.open) {
      const FieldPath path = open.pointer.substr(1);
      if (first_of(path) != field) continue;
      for (const TemplatePart& part : open.parts) {
        if (part.kind != TemplatePart::Kind::secret) continue;
        const auto value = round_.secrets.find(part.text);
        const bool known = value != round_.secrets.end() && value->second;
        values.push_back(known ? json(round_.hash(*value->second)) : json());
      }
    }
    return values;
  }

  // Which field of which resource goes in too, so that equal values do not look equal.
  void note(std::map<std::string, std::string>& to, const Address& address,
            const std::string& field, const json& value) const {
    to[field] = round_.hash(bytes_of(json::array({to_string(address), field, value})));
  }

  [[nodiscard]] const Owned* row_of(const Address& address) const {
    const auto row = round_.memory.owned.find(address);
    return row == round_.memory.owned.end() ? nullptr : &row->second;
  }

  // Not only of what this plan compares: what is referred to may be none of its business.
  [[nodiscard]] const LiveResource* live_of(const Address& address) const {
    const auto desired = round_.planned.desired.find(address);
    const LiveEntry* entry = desired == round_.planned.desired.end()
                                 ? index_.owned_as(address)
                                 : index_.match(desired->second);
    if (entry != nullptr) return entry->live;
    const auto compared = round_.planned.live.find(address);
    return compared == round_.planned.live.end() ? nullptr : compared->second;
  }

  const Round& round_;
  const LiveIndex index_;
  std::map<Address, Footing> footings_;
};

// "its live memory and cores"
void compare(const std::map<std::string, std::string>& then,
             const std::map<std::string, std::string>& now, const std::string& which,
             const Address& address, Errors& moved) {
  std::set<std::string> fields;
  for (const auto* side : {&then, &now}) {
    for (const auto& [field, hash] : *side) {
      const auto other = (side == &then ? now : then).find(field);
      if (other == (side == &then ? now : then).end() || other->second != hash) {
        fields.insert(field);
      }
    }
  }
  if (fields.empty()) return;
  moved.push_back(
      {ErrorKind::conflict,
       fmt::format("{}: its {} {} moved: {}", display(address, true, false), which,
                   fields.size() == 1 ? "value has" : "values have", fmt::join(fields, ", ")),
       {},
       {},
       {}});
}

// Why a change that was planned is not planned now.
std::string why_gone(const Round& round, const Address& address) {
  const auto& changes = round.planned.plan.changes;
  const auto found = std::ranges::find(changes, address, &Change::address);
  if (found != changes.end() && found->hold) return "is held back now: " + found->hold->text;
  return "has nothing left to be done";
}

}  // namespace

SavedPlan take_down(const Round& round) {
  SavedPlan saved;
  const Plan& plan = round.planned.plan;
  saved.site = plan.site;
  saved.rev = round.request.rev;
  saved.path = round.request.path;
  saved.commit = plan.commit;
  saved.made = plan.made;
  saved.id = plan_id(plan);
  saved.options = round.request.options;
  Surveyor surveyor(round);
  for (const Change& change : plan.changes) {
    if (change.hold) continue;
    saved.changes.emplace(change.address, what_is_written(change));
    surveyor.take(change);
    const auto config = round.spec.providers.find(change.address.provider);
    if (config == round.spec.providers.end()) continue;
    saved.connections[provider_connection(config->first)] = hash_of(text_of(config->second));
  }
  saved.footings = surveyor.done();
  return saved;
}

PlanOptions only_those_of(const SavedPlan& plan) {
  PlanOptions options = plan.options;
  options.exactly.emplace();
  for (const auto& [address, change] : plan.changes) options.exactly->insert(address);
  return options;
}

Errors moved_since(const SavedPlan& plan, const Round& round) {
  const SavedPlan fresh = take_down(round);
  Errors moved;
  const auto say = [&moved](std::string text) {
    moved.push_back({ErrorKind::conflict, std::move(text), {}, {}, {}});
  };
  for (const auto& [name, hash] : plan.connections) {
    const auto now = fresh.connections.find(name);
    if (now != fresh.connections.end() && now->second != hash) say(name + ": is another one now");
  }
  const Surveyor surveyor(round);
  std::set<Address> said;
  for (const auto& [address, then] : plan.footings) {
    if (const Error* why = unknown_because(round.observed, scope_of(address))) {
      say(display(address, true, false) + ": cannot be compared: " + why->message);
      said.insert(address);
      continue;
    }
    const auto found = fresh.footings.find(address);
    const Footing now =
        found == fresh.footings.end() ? surveyor.take_again(address, then) : found->second;
    const std::size_t before = moved.size();
    compare(then.desired, now.desired, "desired", address, moved);
    compare(then.live, now.live, "live", address, moved);
    compare(then.agreed, now.agreed, "agreed", address, moved);
    if (moved.size() > before) said.insert(address);
  }
  for (const auto& [address, change] : plan.changes) {
    const auto now = fresh.changes.find(address);
    if (now == fresh.changes.end()) {
      if (!said.contains(address))
        say(display(address, true, false) + ": " + why_gone(round, address));
    } else if (now->second != change && moved.empty()) {
      say(display(address, true, false) + ": is planned in another way now");
    }
  }
  // The same pieces put together in another way: the order of a park, say.
  if (moved.empty() && fresh.id != plan.id) {
    say(fmt::format("the plan as a whole: it was {}, and would be {} now", plan.id, fresh.id));
  }
  return moved;
}

}  // namespace homeostat
