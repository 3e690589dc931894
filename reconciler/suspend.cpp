#include "reconciler/suspend.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/paths.hpp"
#include "reconciler/plan.hpp"
#include "reconciler/redact.hpp"
#include "reconciler/sources.hpp"
#include "reconciler/undone.hpp"

namespace homeostat {
namespace {

// What git says of a resource, as one word; "" where it says nothing.
std::string word_of(const Spec& spec, const Address& address) {
  const auto declared = spec.desired.find(address);
  if (declared == spec.desired.end()) return {};
  const nlohmann::json said = {declared->second.attributes,
                               declared->second.protect.value_or(false)};
  return keyed_hash("git", said.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

// Null takes a value back to the system's own, as `!default` does.
void put(Resource& resource, const FieldPath& path, const nlohmann::json& value) {
  const KindSchema* kind = find_kind(resource.address.kind);
  if (kind == nullptr) return;
  if (path == protect_path) {
    resource.protect = value == true;
    return;
  }
  std::erase_if(resource.open, [&path](const OpenValue& open) {
    const FieldPath at = path_of_pointer(open.pointer);
    return covers(path, at) || covers(at, path);
  });
  if (value.is_null() && path.find('/') == std::string::npos) {
    resource.attributes[path] = nullptr;
  } else {
    set_value_at(resource.attributes, path, value, *kind, nullptr);
  }
}

bool is_hidden(const nlohmann::json& value) {
  if (value.is_string()) return value == std::string(redacted);
  return value.is_structured() && std::ranges::any_of(value, is_hidden);
}

// Of what did nothing after all, the old values are there already.
bool may_have_changed(const std::string& outcome) {
  return outcome == "done" || outcome == outcome_partly || outcome == outcome_late ||
         outcome == outcome_begun;
}

class Undoing {
 public:
  Undoing(const RunHistory& history, const Spec& spec) : history_(history), spec_(spec) {}

  Undo run() {
    std::vector<const ChangeRecord*> loose;
    for (const ChangeRecord& change : history_.changes) {
      if (!may_have_changed(change.outcome)) continue;
      if (is_loose_ptr(spec_, change.address)) {
        loose.push_back(&change);
      } else {
        undo(change);
      }
    }
    if (!loose.empty()) undo_loose(loose);
    return std::move(out_);
  }

 private:
  // PTR records that nothing declares. The derived ones come of their A records, and are let be.
  void undo_loose(const std::vector<const ChangeRecord*>& changes) {
    Forwards forwards(spec_);
    for (const auto& [address, suspension] : out_.suspensions) {
      if (!spec_.desired.contains(address)) forwards.add(address);
    }
    for (const ChangeRecord* change : changes) {
      std::vector<Address> from =
          forwards.of_ptr(change->address, member(change->before, "values"));
      for (const FieldRecord& field : change->fields) {
        if (field.path != "values") continue;
        for (const auto* names : {&field.before, &field.after}) {
          const std::vector<Address> more = forwards.of_ptr(change->address, *names);
          from.insert(from.end(), more.begin(), more.end());
        }
      }
      const auto comes_back = [&](const Address& forward) {
        return may_lead_to(forward, domain_name(spec_, change->address));
      };
      if (from.empty()) {
        undo(*change);
      } else if (change->action == "delete" && std::ranges::none_of(from, comes_back)) {
        leave(change->address, "it is derived from " + display(from.front(), false, false) +
                                   ", which leads elsewhere and was not changed by this run");
      }
    }
  }

  // Whether a record has, with what is undone, the address that this reverse name stands for.
  [[nodiscard]] bool may_lead_to(const Address& forward, const std::string& reverse) const {
    nlohmann::json values;
    const auto declared = spec_.desired.find(forward);
    if (declared != spec_.desired.end()) values = member(declared->second.attributes, "values");
    const auto undone = out_.suspensions.find(forward);
    if (undone != out_.suspensions.end() && undone->second.values.contains("values")) {
      values = undone->second.values.at("values");
    }
    if (!values.is_array()) return true;
    return std::ranges::any_of(values, [&reverse](const nlohmann::json& value) {
      if (!value.is_string()) return true;
      const auto ip = parse_ip(value.get_ref<const std::string&>());
      return !ip || reverse_name(*ip) == reverse;  // what is still open may be any address
    });
  }

  void undo(const ChangeRecord& change) {
    if (change.action == "create") {
      if (!spec_.desired.contains(change.address)) return;
      suspension(change.address).absent = true;
    } else if (change.action == "delete") {
      undo_delete(change);
    } else if (change.action == "release") {
      leave(change.address, "it was released, and stays as it is");
    } else {
      undo_values(change);
    }
  }

  void undo_values(const ChangeRecord& change) {
    if (change.from) {
      leave(change.address, "its name stands in git, and is changed there");
    }
    if (!spec_.desired.contains(change.address)) {
      leave(change.address, "it is not declared any more");
      return;
    }
    for (const FieldRecord& field : change.fields) {
      if (field.secret || is_hidden(field.before)) {
        leave(change.address, field.path + " is a secret, and the old value is not kept");
        continue;
      }
      suspension(change.address).values[field.path] = field.before;
    }
  }

  void undo_delete(const ChangeRecord& change) {
    if (!change.before.is_object() || spec_.desired.contains(change.address)) return;
    const KindSchema* kind = find_kind(change.address.kind);
    Suspension& made = suspension(change.address);
    for (const auto& [name, value] : change.before.items()) {
      const FieldSchema* field = kind == nullptr ? nullptr : kind->field(name);
      if (field == nullptr || field->computed) continue;
      if (is_hidden(value)) {
        leave(change.address, name + " is or holds a secret, and the old value is not kept");
      } else {
        made.values[encode_component(name)] = value;
      }
    }
  }

  Suspension& suspension(const Address& address) {
    Suspension& made = out_.suspensions[address];
    made.run = history_.run.id;
    made.declared = word_of(spec_, address);
    return made;
  }

  void leave(const Address& address, const std::string& why) {
    out_.left.push_back(display(address, false, false) + ": " + why);
  }

  const RunHistory& history_;
  const Spec& spec_;
  Undo out_;
};

}  // namespace

Suspension merged(const Suspension& kept, const Suspension& added) {
  Suspension both = added;
  if (kept.declared != added.declared || kept.absent || added.absent) return both;
  both.values.insert(kept.values.begin(), kept.values.end());
  return both;
}

Undo undo_of(const RunHistory& history, const Spec& spec) { return Undoing(history, spec).run(); }

namespace {

// A name has either a CNAME or other records: where git declares the one, the other is over.
bool is_displaced(const Spec& spec, const Address& address) {
  if (address.kind != "dns") return false;
  const std::string owner = address.name.substr(0, address.name.rfind('/') + 1);
  const auto is_alias = [&owner](const Address& record) {
    return record.name.substr(owner.size()) == "CNAME";
  };
  Address first = address;
  first.name = owner;
  first.provider.clear();
  for (auto at = spec.desired.lower_bound(first); at != spec.desired.end(); ++at) {
    const Address& other = at->first;
    if (other.kind != address.kind || !other.name.starts_with(owner)) break;
    if (other.provider == address.provider && is_alias(other) != is_alias(address)) return true;
  }
  return false;
}

class Suspending {
 public:
  Suspending(Spec& spec, LedgerView& ledger) : spec_(spec), rows_(ledger.suspended) {}

  std::vector<Address> run() {
    drop([this](const auto& row) { return word_of(spec_, row.first) != row.second.declared; });
    std::map<Address, Origin> places;
    for (const auto& [address, suspension] : rows_) {
      if (!suspension.absent) continue;
      const auto gone = spec_.desired.find(address);
      places[address] = gone->second.where;
      spec_.desired.erase(gone);
    }
    drop([this](const auto& row) { return !row.second.declared.empty() && !put_back(row); });
    drop([this](const auto& row) {
      return row.second.declared.empty() && is_displaced(spec_, row.first);
    });
    put_what_was_deleted();
    for (const auto& [address, suspension] : rows_) {
      warn(address, suspension.run,
           suspension.absent ? places.at(address) : spec_.desired.at(address).where);
    }
    return std::move(over_);
  }

 private:
  template <class Is>
  void drop(const Is& is_over) {
    for (auto row = rows_.begin(); row != rows_.end();) {
      if (is_over(*row)) {
        over_.push_back(row->first);
        row = rows_.erase(row);
      } else {
        ++row;
      }
    }
  }

  // False where git says the same.
  bool put_back(const std::pair<const Address, Suspension>& row) {
    if (row.second.absent) return true;
    Resource& resource = spec_.desired.at(row.first);
    const Resource git = resource;
    for (const auto& [path, value] : row.second.values) put(resource, path, value);
    const bool same = resource.attributes == git.attributes && resource.protect == git.protect &&
                      resource.open.size() == git.open.size();
    if (same) resource = git;
    return !same;
  }

  void put_what_was_deleted() {
    std::vector<Address> loose;
    for (const auto& [address, suspension] : rows_) {
      if (!suspension.declared.empty()) continue;
      if (is_loose_ptr(spec_, address)) {
        loose.push_back(address);
      } else {
        put_all(address, suspension);
      }
    }
    if (loose.empty()) return;
    const Forwards forwards(spec_);
    // Older versions kept derived ones too.
    std::erase_if(loose, [&](const Address& address) {
      const auto names = rows_.at(address).values.find("values");
      if (names == rows_.at(address).values.end()) return false;
      if (forwards.of_ptr(address, names->second).empty()) return false;
      rows_.erase(address);
      over_.push_back(address);
      return true;
    });
    for (const Address& address : loose) put_all(address, rows_.at(address));
  }

  void put_all(const Address& address, const Suspension& suspension) {
    Resource& resource = spec_.desired[address];
    resource.address = address;
    for (const auto& [path, value] : suspension.values) put(resource, path, value);
  }

  void warn(const Address& address, std::int64_t run, const Origin& where) {
    const std::string name = display(address, false, false);
    spec_.warnings.push_back(
        {ErrorKind::conflict,
         fmt::format("{} is as it was before run {}, which was undone: git is not followed here "
                     "until it says something else, or `homeostat resume {}`",
                     name, run, name),
         {},
         source_ref(where, spec_.files),
         {}});
  }

  Spec& spec_;
  Suspensions& rows_;
  std::vector<Address> over_;
};

}  // namespace

std::vector<Address> suspend(Spec& spec, LedgerView& ledger) {
  return Suspending(spec, ledger).run();
}

}  // namespace homeostat
