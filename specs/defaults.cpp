// Options of resources, and what `defaults:` puts below what a resource states.
#include <algorithm>
#include <array>

#include "specs/draft.hpp"

namespace homeostat {
namespace {

constexpr std::array<std::string_view, 8> names = {
    "provider", "mode", "protect", "on_remove", "depends_on", "ignore", "alarm_only", "extra"};

std::vector<Placed> read_words(Draft& draft, const yaml::Node& node, const std::string& what) {
  static const FieldSchema word{.name = "name", .type = Type::text};
  std::vector<Placed> words;
  for (const yaml::Node* item : items_of(node)) {
    const nlohmann::json value = read_scalar(draft, word, *item);
    if (value.is_string()) words.push_back({value.get<std::string>(), item->at});
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto first = std::find_if(words.begin(), words.end(), [&](const Placed& other) {
      return other.text == words[i].text;
    });
    if (first == words.begin() + static_cast<std::ptrdiff_t>(i)) continue;
    report(draft, words[i].at, "`" + what + "` names `" + words[i].text + "` twice",
           "remove one of the two");
  }
  if (words.empty() && node.kind != yaml::NodeKind::scalar) {
    report(draft, node.at, "`" + what + "` names nothing", "write one name, or a list of names");
  }
  return words;
}

std::optional<bool> read_flag(Draft& draft, const yaml::Node& node, const std::string& name) {
  const FieldSchema flag{.name = name, .type = Type::boolean};
  const nlohmann::json value = read_scalar(draft, flag, node);
  if (!value.is_boolean()) return std::nullopt;
  return value.get<bool>();
}

std::optional<OnRemove> read_on_remove(Draft& draft, const yaml::Node& node) {
  static const FieldSchema field{
      .name = "on_remove", .type = Type::choice, .choices = {"keep", "stop", "delete"}};
  const nlohmann::json value = read_scalar(draft, field, node);
  if (!value.is_string()) return std::nullopt;
  if (value == "keep") return OnRemove::keep;
  return value == "stop" ? OnRemove::stop : OnRemove::destroy;
}

std::vector<Ignore> read_ignore(Draft& draft, const yaml::Node& node) {
  static const std::vector<FieldSchema> fields = {
      {.name = "field", .type = Type::text, .required = true},
      {.name = "reason", .type = Type::text},
      {.name = "until", .type = Type::date}};
  std::vector<Ignore> ignores;
  for (const yaml::Node* item : items_of(node)) {
    Ignore ignore;
    ignore.at = item->at;
    if (item->kind != yaml::NodeKind::mapping) {
      ignore.field = item->text;
      ignores.push_back(std::move(ignore));
      continue;
    }
    const Attributes values = read_mapping(draft, fields, *item, "ignore");
    const auto text = [&](const char* key) {
      const auto it = values.find(key);
      return it != values.end() && it->is_string() ? it->get<std::string>() : std::string();
    };
    ignore.field = text("field");
    ignore.reason = text("reason");
    ignore.until = text("until");
    if (!ignore.field.empty()) ignores.push_back(std::move(ignore));
  }
  return ignores;
}

// Where a part of `below` went into `own`: its origins and open values go along.
struct Taken {
  std::string pointer;
  FieldPath path;
};

bool lies_under(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) && (text.size() == prefix.size() || text[prefix.size()] == '/');
}

std::string pointer_step(const std::string& pointer, const std::string& key) {
  std::string step = pointer + '/';
  for (const char c : key) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

const FieldSchema* child_of(std::span<const FieldSchema> fields, bool any, std::string_view name) {
  if (any) return fields.empty() ? nullptr : &fields.front();
  for (const FieldSchema& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

// `any`: a keyed map, whose one element schema serves every key.
void merge_values(nlohmann::json& own, const nlohmann::json& below,
                  std::span<const FieldSchema> fields, bool any, const Taken& at,
                  std::vector<Taken>& taken) {
  for (const auto& [name, value] : below.items()) {
    Taken here{pointer_step(at.pointer, name),
               at.path.empty() ? encode_component(name) : at.path + '/' + encode_component(name)};
    const auto it = own.find(name);
    if (it == own.end()) {
      own[name] = value;
      taken.push_back(std::move(here));
      continue;
    }
    const FieldSchema* field = child_of(fields, any, name);
    // `extra` is no field of the kind; its keys are.
    const bool extra = field == nullptr && name == "extra" && at.path.empty();
    const bool map = field != nullptr && field->type == Type::map && field->keyed;
    const bool object = extra || (field != nullptr && field->type == Type::object);
    if (!it->is_object() || !value.is_object() || (!map && !object)) continue;
    merge_values(*it, value, field == nullptr ? fields.first(0) : std::span(field->fields), map,
                 here, taken);
  }
}

// Each key must be known to the type of some provider of this spec; which one shows later.
void check_extra(Draft& draft, const KindSchema& kind, const yaml::Node& node) {
  std::vector<FieldSchema> fields;
  for (const auto& [name, config] : draft.spec.providers) {
    const ProviderKindSchema* provider = managed(draft, name, kind.name);
    if (provider == nullptr) continue;
    for (const FieldSchema& field : provider->extra) {
      if (child_of(fields, false, field.name) == nullptr) fields.push_back(field);
    }
  }
  std::vector<OpenValue> open;
  ReadSink sink{draft.errors, draft.spec.files, &open};
  static_cast<void>(read_object({fields, {}, "extra", false}, node, "", "", sink));
}

void read_kind_defaults(Draft& draft, std::string_view name, const Entry& entry) {
  const KindSchema* kind = find_kind(name);
  if (kind == nullptr) {
    std::vector<std::string> known;
    for (const KindSchema& each : kinds()) known.push_back(each.name);
    return report(draft, entry.key->at,
                  "`defaults` names `" + std::string(name) + "`, which is no kind",
                  known_hint(name, known));
  }
  const yaml::Node& node = *entry.value;
  if (node.kind == yaml::NodeKind::null) return;  // still empty
  if (node.kind != yaml::NodeKind::mapping) {
    return report(draft, node.at, "defaults are a mapping of fields",
                  "write { FIELD: VALUE, ... }");
  }
  Defaults& defaults = draft.defaults[kind->name];
  defaults.node = &node;
  defaults.options = read_options(draft, node);
  if (kind->name == "dns" && !defaults.options.providers.empty()) {
    report(draft, node.find("provider")->at, "a record has no `provider`: its zone says it",
           "write it as `on:` of the zone");
    defaults.options.providers.clear();
  }
  for (const FieldSchema& field : kind->fields) {
    const yaml::Node* value = field.required ? node.find(field.name) : nullptr;
    if (value == nullptr) continue;
    report(draft, value->at,
           "`" + field.name + "` cannot have a default: " + a_kind(kind->name) + " has its own",
           "write it where each is declared");
  }
  // Read once without a provider, so that a mistake is said even where nothing uses the default.
  ReadSink sink{draft.errors, draft.spec.files};
  std::vector<OpenValue> open;
  sink.open = &open;
  static_cast<void>(
      read_object({kind->fields, names, "defaults: " + kind->name, false}, node, "", "", sink));
  if (const yaml::Node* extra = node.find("extra")) check_extra(draft, *kind, *extra);
}

}  // namespace

std::span<const std::string_view> option_names() { return names; }

Options read_options(Draft& draft, const yaml::Node& mapping) {
  Options options;
  for (std::size_t i = 0; i + 1 < mapping.items.size(); i += 2) {
    const std::string& key = mapping.items[i].text;
    const yaml::Node& value = mapping.items[i + 1];
    if (std::find(names.begin(), names.end(), key) == names.end()) continue;
    if (key == "provider") options.providers = read_words(draft, value, key);
    if (key == "mode") options.mode = read_mode(draft, value);
    if (key == "on_remove") options.on_remove = read_on_remove(draft, value);
    if (key == "protect") options.protect = read_flag(draft, value, key);
    if (key == "alarm_only") options.alarm_only = read_flag(draft, value, key);
    if (key == "depends_on") options.depends_on = read_words(draft, value, key);
    if (key == "ignore") options.ignore = read_ignore(draft, value);
  }
  return options;
}

void merge_options(Options& own, const Options& below) {
  if (own.providers.empty()) own.providers = below.providers;
  if (!own.mode) own.mode = below.mode;
  if (!own.on_remove) own.on_remove = below.on_remove;
  if (!own.protect) own.protect = below.protect;
  if (!own.alarm_only) own.alarm_only = below.alarm_only;
  if (own.depends_on.empty()) own.depends_on = below.depends_on;
  if (own.ignore.empty()) own.ignore = below.ignore;
}

void merge_below(Fields& own, const Fields& below, std::span<const FieldSchema> schema) {
  std::vector<Taken> taken;
  merge_values(own.values, below.values, schema, false, {}, taken);
  if (taken.empty()) return;
  for (const FieldOrigin& origin : below.origins) {
    for (const Taken& each : taken) {
      if (!lies_under(origin.path, each.path)) continue;
      own.origins.push_back(origin);
      break;
    }
  }
  for (const OpenValue& value : below.open) {
    for (const Taken& each : taken) {
      if (!lies_under(value.pointer, each.pointer)) continue;
      own.open.push_back(value);
      break;
    }
  }
}

void read_defaults(Draft& draft) {
  for (const auto& [name, entry] : draft.sections.of("defaults")) {
    read_kind_defaults(draft, name, entry);
  }
}

}  // namespace homeostat
