#include "reconciler/diff.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/lookups.hpp"
#include "reconciler/paths.hpp"
#include "reconciler/redact.hpp"

namespace homeostat {
namespace {

const nlohmann::json nothing = nullptr;

const FieldSchema* field_named(std::span<const FieldSchema> fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &FieldSchema::name);
  return found == fields.end() ? nullptr : &*found;
}

// An empty collection says the same as none.
bool same(const nlohmann::json& a, const nlohmann::json& b) {
  const auto empty = [](const nlohmann::json& value) {
    return value.is_null() || (value.is_structured() && value.empty());
  };
  return a == b || (empty(a) && empty(b));
}

std::string date_of(Time now) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(now));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

class Differ {
 public:
  explicit Differ(const DiffInput& input)
      : in_(input), live_(input.live == nullptr ? nothing : input.live->attributes) {}

  DiffResult run() {
    read_ignores();
    for (auto item = in_.filled.begin(); item != in_.filled.end(); ++item) {
      enter(item.key());
      if (item.key() == "extra") {
        const std::span<const FieldSchema> fields =
            in_.extra == nullptr ? std::span<const FieldSchema>() : in_.extra->extra;
        object(fields, *item, member(live_, "extra"), ChangeEffect::in_place);
      } else {
        top_level(item.key(), *item);
      }
      leave(0);
    }
    collections_that_went();
    const auto by_path = [](const FieldDiff& a, const FieldDiff& b) { return a.path < b.path; };
    std::ranges::sort(result_.differs, by_path);
    if (!std::ranges::is_sorted(result_.in_sync)) std::ranges::sort(result_.in_sync);
    return std::move(result_);
  }

 private:
  void read_ignores() {
    for (const Ignore& ignore : in_.desired.ignore) {
      if (!has_ended(ignore, in_.now)) {
        ignored_.push_back(ignore.field);
        continue;
      }
      const std::string reason = ignore.reason.empty() ? "" : " (" + ignore.reason + ")";
      result_.warnings.push_back(
          Error{.kind = ErrorKind::invalid_spec,
                .message = fmt::format("{}: `ignore` of {} ended on {}{}: it is compared again",
                                       display(in_.desired.address, false, false), ignore.field,
                                       ignore.until, reason),
                .hint = "remove it, or give it a later `until`",
                .where = source_ref(ignore.at, in_.files),
                .excerpt = {}});
    }
  }

  // The path is one buffer: enter() appends, leave() cuts back to where it was.
  std::size_t enter(std::string_view key) {
    const std::size_t before = path_.size();
    if (before != 0) path_ += '/';
    path_ += encode_component(key);
    return before;
  }
  void leave(std::size_t before) { path_.resize(before); }

  void top_level(const std::string& name, const nlohmann::json& wanted) {
    const nlohmann::json& live = member(live_, name);
    // Most values are scalars in sync: no table is needed to see that.
    if (in_.live != nullptr && wanted.is_primitive() && wanted == live && in_.uncompared.empty() &&
        ignored_.empty()) {
      result_.in_sync.push_back(path_);
      return;
    }
    field(in_.kind.field(name), wanted, live, ChangeEffect::in_place);
  }

  void object(std::span<const FieldSchema> fields, const nlohmann::json& wanted,
              const nlohmann::json& live, ChangeEffect effect) {
    for (auto item = wanted.begin(); item != wanted.end(); ++item) {
      const std::size_t before = enter(item.key());
      field(field_named(fields, item.key()), *item, member(live, item.key()), effect);
      leave(before);
    }
  }

  void field(const FieldSchema* field, const nlohmann::json& wanted, const nlohmann::json& live,
             ChangeEffect effect) {
    if (is_ignored(path_)) return;
    if (field == nullptr) {
      value(wanted, live, effect);
      return;
    }
    if (is_given(*field, wanted, live)) {
      result_.in_sync.push_back(path_);
      return;
    }
    effect = std::max(effect, field->change);
    if (field->type == Type::object && wanted.is_object()) {
      object(field->fields, wanted, live, effect);
    } else if (field->keyed && wanted.is_object()) {
      keyed_map(wanted, live, effect);
    } else if (field->keyed && wanted.is_array()) {
      keyed_list(wanted, live, effect);
    } else {
      value(wanted, live, effect);
    }
  }

  // `ip: dhcp` asks the server for a value, and whatever value it gave is that.
  static bool is_given(const FieldSchema& field, const nlohmann::json& wanted,
                       const nlohmann::json& live) {
    const auto is_word = [&field](const nlohmann::json& value) {
      return value.is_string() &&
             std::ranges::find(field.choices, value.get_ref<const std::string&>()) !=
                 field.choices.end();
    };
    return field.computed && is_word(wanted) && !live.is_null() && !is_word(live);
  }

  void keyed_map(const nlohmann::json& wanted, const nlohmann::json& live, ChangeEffect effect) {
    for (auto item = wanted.begin(); item != wanted.end(); ++item) {
      const std::size_t before = enter(item.key());
      if (!is_ignored(path_)) value(*item, member(live, item.key()), effect);
      leave(before);
    }
    keys_that_went([&](const std::string& key) { return wanted.contains(key); },
                   [&](const std::string& key) -> nlohmann::json { return member(live, key); },
                   effect);
  }

  void keyed_list(const nlohmann::json& wanted, const nlohmann::json& live, ChangeEffect effect) {
    const auto live_key = [&](const std::string& key) {
      return has_key(live, key) ? nlohmann::json(true) : nlohmann::json();
    };
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const std::size_t outside = enter(std::to_string(i));
      const Uncompared* open = uncompared(path_);
      leave(outside);
      const std::string key = key_text(wanted.at(i));
      const std::size_t before = enter(key);
      if (open != nullptr) {
        not_known(*open, nullptr, effect);
      } else if (!is_ignored(path_)) {
        value(true, live_key(key), effect);
      }
      leave(before);
    }
    keys_that_went([&](const std::string& key) { return has_key(wanted, key); }, live_key, effect);
  }

  // Keys below the path that were ours when agreed, and that the spec no longer names.
  template <class Wanted, class Live>
  void keys_that_went(const Wanted& is_wanted, const Live& live_key, ChangeEffect effect) {
    if (in_.owned == nullptr || in_.live == nullptr) return;
    const std::string prefix = path_ + "/";
    const auto& agreed = in_.owned->agreed;
    for (auto row = std::ranges::lower_bound(agreed, prefix, {}, &Agreed::path);
         row != agreed.end() && row->path.starts_with(prefix); ++row) {
      const std::string key = decode_component(std::string_view(row->path).substr(prefix.size()));
      if (row->value.is_null() || is_wanted(key) || is_ignored(row->path)) continue;
      const nlohmann::json live = live_key(key);
      if (live.is_null()) continue;
      const std::size_t before = enter(key);
      differs(nullptr, live, effect);
      leave(before);
    }
  }

  // Keyed collections that the spec named when we wrote keys of theirs, and names no longer.
  void collections_that_went() {
    if (in_.owned == nullptr || in_.live == nullptr) return;
    FieldPath last;
    for (const Agreed& row : in_.owned->agreed) {
      const std::size_t slash = row.path.rfind('/');
      if (slash == std::string::npos) continue;
      const FieldPath collection = row.path.substr(0, slash);
      if (collection == last) continue;
      last = collection;
      const FieldSchema* field = field_at(in_.kind, in_.extra, collection);
      if (field == nullptr || !field->keyed) continue;
      if (!value_at(in_.filled, collection, in_.kind, in_.extra).is_null()) continue;
      const nlohmann::json live = value_at(live_, collection, in_.kind, in_.extra);
      path_ = collection;
      keys_that_went([](const std::string&) { return false; },
                     [&](const std::string& key) -> nlohmann::json {
                       if (live.is_object()) return member(live, key);
                       return has_key(live, key) ? nlohmann::json(true) : nlohmann::json();
                     },
                     effect_of(collection));
      leave(0);
    }
  }

  // What it costs to change a field: the dearest of its own and of what encloses it.
  [[nodiscard]] ChangeEffect effect_of(const FieldPath& path) const {
    ChangeEffect effect = ChangeEffect::in_place;
    for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
      const FieldSchema* field =
          field_at(in_.kind, in_.extra, std::string_view(path).substr(0, end));
      if (field != nullptr) effect = std::max(effect, field->change);
      if (end == std::string::npos) return effect;
    }
  }

  void value(const nlohmann::json& wanted, const nlohmann::json& live, ChangeEffect effect) {
    if (const Uncompared* open = uncompared(path_)) {
      not_known(*open, live, effect);
    } else if (same(wanted, live)) {
      if (in_.live != nullptr) result_.in_sync.push_back(path_);
    } else {
      differs(wanted, live, effect);
    }
  }

  void differs(const nlohmann::json& wanted, const nlohmann::json& live, ChangeEffect effect) {
    const Agreed* agreed = agreed_at(in_.owned, path_);
    FieldDiff diff = begin_diff(live, effect);
    diff.secret = is_secret(&in_.desired, in_.kind, in_.extra, path_) || is_hash(live) ||
                  (agreed != nullptr && is_hash(agreed->value)) || is_known(live);
    if (diff.secret) {
      const nlohmann::json wanted_hash = hashed(wanted, in_.hash);
      const nlohmann::json live_hash = hashed(live, in_.hash);
      if (wanted_hash == live_hash) {  // the last observation holds hashes
        result_.in_sync.push_back(path_);
        return;
      }
      const nlohmann::json agreed_hash =
          agreed == nullptr ? nlohmann::json() : hashed(agreed->value, in_.hash);
      diff.cause = cause_here(wanted_hash, live_hash, agreed == nullptr ? nullptr : &agreed_hash);
      diff.desired = secret_as_written(wanted);
      diff.live = live.is_null() ? live : nlohmann::json(redacted);
      diff.agreed = agreed_hash.is_null() ? agreed_hash : nlohmann::json(redacted);
    } else {
      diff.cause = cause_here(wanted, live, agreed == nullptr ? nullptr : &agreed->value);
      diff.desired = wanted;
      diff.live = live;
      if (agreed != nullptr) diff.agreed = agreed->value;
    }
    diff.has_agreed = agreed != nullptr;
    if (diff.cause == Cause::drift || diff.cause == Cause::both) say_since(diff, agreed);
    result_.differs.push_back(std::move(diff));
  }

  void not_known(const Uncompared& open, const nlohmann::json& live, ChangeEffect effect) {
    if (open.after.empty()) return;
    FieldDiff diff = begin_diff(live, effect);
    diff.secret = is_secret(&in_.desired, in_.kind, in_.extra, path_) || is_known(live);
    diff.live = diff.secret && !live.is_null() ? nlohmann::json(redacted) : live;
    diff.after = open.after;
    // The value moves because what it refers to moves, and that is what git says.
    diff.cause = Cause::git;
    result_.differs.push_back(std::move(diff));
  }

  FieldDiff begin_diff(const nlohmann::json& live, ChangeEffect effect) const {
    FieldDiff diff;
    diff.path = path_;
    diff.alarm_only = in_.desired.alarm_only;
    // Something new cannot be too late to change.
    diff.effect = live.is_null() && in_.live == nullptr ? ChangeEffect::in_place : effect;
    diff.lines = lines_of(path_);
    return diff;
  }

  [[nodiscard]] Cause cause_here(const nlohmann::json& wanted, const nlohmann::json& live,
                                 const nlohmann::json* agreed) const {
    if (agreed == nullptr && (in_.live == nullptr || is_new_in_spec())) return Cause::git;
    return cause_of(wanted, live, agreed);
  }

  // Of a resource that was agreed on, a field without agreement is one that the spec did not state
  // then. What it did state, and what differed already, has stood open as drift since.
  [[nodiscard]] bool is_new_in_spec() const {
    if (in_.owned == nullptr || in_.owned->agreed.empty()) return false;
    const auto& rows = in_.owned->drift;
    const auto row = std::ranges::lower_bound(rows, path_, {}, &OpenDrift::path);
    return row == rows.end() || row->path != path_;
  }

  [[nodiscard]] bool is_known(const nlohmann::json& live) const {
    return in_.known != nullptr && in_.known->tell(live);
  }

  // A secret as the spec says it, where that does not tell it.
  [[nodiscard]] nlohmann::json secret_as_written(const nlohmann::json& wanted) const {
    if (wanted.is_null()) return wanted;
    nlohmann::json written = value_at(in_.desired.attributes, path_, in_.kind, in_.extra);
    if (written.is_string() && has_template(written.get_ref<const std::string&>())) return written;
    return redacted;
  }

  void say_since(FieldDiff& diff, const Agreed* agreed) const {
    if (in_.owned != nullptr) {
      const auto& rows = in_.owned->drift;
      const auto row = std::ranges::lower_bound(rows, path_, {}, &OpenDrift::path);
      if (row != rows.end() && row->path == path_) {
        diff.since = row->since;
        diff.by = row->by;
      } else if (!rows.empty() && rows.front().path.empty() && in_.live == nullptr) {
        diff.since = rows.front().since;
        diff.by = rows.front().by;
      }
    }
    const bool live_knows = in_.live != nullptr && in_.live->changed_at && agreed != nullptr &&
                            *in_.live->changed_at > agreed->at;
    if (live_knows && !diff.since) diff.since = in_.live->changed_at;
    if (live_knows && diff.by.empty()) diff.by = in_.live->changed_by;
    if (!diff.since) diff.since = in_.now;
  }

  [[nodiscard]] const Uncompared* uncompared(const FieldPath& path) const {
    for (const Uncompared& open : in_.uncompared) {
      if (covers(path, open.path) || covers(open.path, path)) return &open;
    }
    return nullptr;
  }

  [[nodiscard]] bool is_ignored(const FieldPath& path) const {
    return in_.live != nullptr && std::ranges::any_of(ignored_, [&](const FieldPath& ignored) {
             return covers(ignored, path);
           });
  }

  // Those of the value and of what it holds; else those of what encloses it.
  [[nodiscard]] std::vector<Origin> lines_of(const FieldPath& path) const {
    std::vector<Origin> lines;
    for (const FieldOrigin& origin : in_.desired.origins) {
      if (covers(path, origin.path)) {
        lines.insert(lines.end(), origin.lines.begin(), origin.lines.end());
      }
    }
    for (std::size_t end = path.rfind('/'); lines.empty() && end != std::string::npos;
         end = end == 0 ? std::string::npos : path.rfind('/', end - 1)) {
      const FieldPath above = path.substr(0, end);
      const auto found = std::ranges::find(in_.desired.origins, above, &FieldOrigin::path);
      if (found != in_.desired.origins.end()) lines = found->lines;
    }
    if (lines.empty() && in_.desired.where.line != 0) lines.push_back(in_.desired.where);
    return lines;
  }

  const DiffInput& in_;
  const nlohmann::json& live_;
  std::vector<FieldPath> ignored_;
  std::string path_;
  DiffResult result_;
};

}  // namespace

DiffResult diff_fields(const DiffInput& input) { return Differ(input).run(); }

bool has_ended(const Ignore& ignore, Time now) {
  return !ignore.until.empty() && ignore.until < date_of(now);
}

Cause cause_of(const nlohmann::json& desired, const nlohmann::json& live,
               const nlohmann::json* agreed) {
  if (same(desired, live)) return Cause::none;
  if (agreed == nullptr) return Cause::first_contact;
  if (same(live, *agreed)) return Cause::git;
  if (same(desired, *agreed)) return Cause::drift;
  return Cause::both;
}

}  // namespace homeostat
