#include "reconciler/suspend.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/paths.hpp"
#include "reconciler/plan.hpp"
#include "reconciler/redact.hpp"

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
    for (const ChangeRecord& change : history_.changes) {
      if (may_have_changed(change.outcome)) undo(change);
    }
    return std::move(out_);
  }

 private:
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

Undo undo_of(const RunHistory& history, const Spec& spec) { return Undoing(history, spec).run(); }

void suspend(Spec& spec, LedgerView& ledger) {
  std::erase_if(ledger.suspended, [&spec](const auto& row) {
    return word_of(spec, row.first) != row.second.declared;
  });
  for (const auto& [address, suspension] : ledger.suspended) {
    Error said{ErrorKind::conflict,
               fmt::format("{} is as it was before run {}, which was undone: git is not followed "
                           "here until it says something else",
                           display(address, false, false), suspension.run),
               {},
               {},
               {}};
    if (suspension.absent) {
      const auto gone = spec.desired.find(address);
      said.where = source_ref(gone->second.where, spec.files);
      spec.desired.erase(gone);
    } else {
      Resource& resource = spec.desired[address];
      resource.address = address;
      for (const auto& [path, value] : suspension.values) put(resource, path, value);
      said.where = source_ref(resource.where, spec.files);
    }
    spec.warnings.push_back(std::move(said));
  }
}

void say_undone(Plan& plan, const LedgerView& ledger) {
  for (Change& change : plan.changes) {
    const auto row = ledger.suspended.find(change.address);
    if (row == ledger.suspended.end()) continue;
    const Suspension& suspension = row->second;
    const bool whole = change.action == Action::create || change.action == Action::remove;
    bool by_git = false;
    const auto say = [&suspension](Cause& cause, std::optional<Provenance>& provenance) {
      if (cause == Cause::drift || cause == Cause::none) return;
      if (cause == Cause::git) cause = Cause::undo;
      provenance.emplace().undone = suspension.run;
    };
    for (FieldDiff& field : change.fields) {
      const bool undone =
          whole || std::ranges::any_of(suspension.values, [&field](const auto& value) {
            return covers(value.first, field.path) || covers(field.path, value.first);
          });
      if (undone) say(field.cause, field.provenance);
      by_git = by_git || field.cause == Cause::git;
    }
    if (whole || (change.cause == Cause::git && !by_git)) say(change.cause, change.provenance);
  }
}

}  // namespace homeostat
