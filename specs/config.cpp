// What homeostat.yaml says besides resources: head, providers, secrets.
#include <algorithm>
#include <array>

#include "specs/draft.hpp"
#include "specs/site.hpp"

namespace homeostat {
namespace {

// A missing head line, said at the top of homeostat.yaml.
void missing(Draft& draft, const std::string& message, const std::string& hint) {
  if (!draft.partial) report(draft, Origin{0, 1, 1}, message, hint);
}

Result<std::string> address_or_name(std::string_view text) {
  if (const Result<IpAddress> ip = parse_ip(text)) return to_string(*ip);
  return canonical_name(text);
}

// The settings that every type has.
const std::vector<FieldSchema>& common_settings() {
  static const std::vector<FieldSchema> fields = {
      {.name = "type", .type = Type::text, .required = true},
      {.name = "address", .type = Type::text, .check = address_or_name},
      {.name = "mode", .type = Type::choice, .choices = {"report", "enforce"}},
      {.name = "adopt", .type = Type::choice, .choices = {"never", "matching", "always"}},
      {.name = "max_in_flight", .type = Type::integer, .min = 1, .max = 64},
      {.name = "max_per_second", .type = Type::integer, .min = 0, .max = 10'000}};
  return fields;
}

// Moves what is common from the settings into its own members.
void take_common(ProviderConfig& config) {
  Attributes& settings = config.settings;
  if (const auto it = settings.find("mode"); it != settings.end() && it->is_string()) {
    config.mode = *it == "enforce" ? Mode::enforce : Mode::report;
  }
  if (const auto it = settings.find("adopt"); it != settings.end() && it->is_string()) {
    config.adopt = *it == "never"    ? Adopt::never
                   : *it == "always" ? Adopt::always
                                     : Adopt::matching;
  }
  if (const auto it = settings.find("max_in_flight"); it != settings.end() && it->is_number()) {
    config.max_in_flight = it->get<int>();
  }
  if (const auto it = settings.find("max_per_second"); it != settings.end() && it->is_number()) {
    config.max_per_second = it->get<int>();
  }
  for (const char* key : {"type", "mode", "adopt", "max_in_flight", "max_per_second"}) {
    settings.erase(key);
  }
}

// What Homeostat itself goes by is known when the spec is read.
void refuse_references(Draft& draft, ProviderConfig& config) {
  std::erase_if(config.open, [&](const OpenValue& open) {
    const std::string key = open.pointer.substr(1);
    if (key == "address") return false;
    const std::vector<FieldSchema>& common = common_settings();
    const bool found = std::any_of(common.begin(), common.end(),
                                   [&](const FieldSchema& field) { return field.name == key; });
    if (found) report(draft, open.at, "`" + key + "` cannot be a reference", "write the value");
    return found;
  });
}

void read_provider(Draft& draft, std::string_view name, const Entry& entry) {
  if (!check_key(draft, entry, "providers")) return;
  const yaml::Node& node = *entry.value;
  if (node.kind != yaml::NodeKind::mapping) {
    return report(draft, node.at, "a provider is a mapping with its `type` and settings",
                  "write { type: TYPE, ... }");
  }
  const yaml::Node* type = node.find("type");
  if (type == nullptr) {
    return report(draft, entry.key->at, "provider `" + std::string(name) + "` has no `type`",
                  "add `type:`, one of those that `homeostat providers` lists");
  }
  const ProviderSchema* schema = find_type(draft, type->text);
  if (schema == nullptr) {
    std::vector<std::string> known;
    for (const ProviderSchema& each : draft.types) known.push_back(each.type);
    return report(draft, type->at, "there is no provider type `" + type->text + "`",
                  known_hint(type->text, known));
  }
  std::vector<FieldSchema> fields = common_settings();
  fields.insert(fields.end(), schema->settings.begin(), schema->settings.end());
  ProviderConfig config;
  config.name = std::string(name);
  config.type = schema->type;
  config.where = entry.key->at;
  config.origins = origins_of(node);
  ReadSink sink{draft.errors, draft.spec.files, &config.open};
  config.settings = read_object({fields, {}, schema->type + " provider", true}, node, "", "", sink);
  refuse_references(draft, config);
  refuse_plain_secrets(draft, schema->settings, config.settings, config.open, node);
  check_certificates(draft, config.settings, node);
  take_common(config);
  std::sort(config.open.begin(), config.open.end(),
            [](const OpenValue& a, const OpenValue& b) { return a.pointer < b.pointer; });
  draft.spec.providers.emplace(config.name, std::move(config));
}

void read_secret(Draft& draft, std::string_view name, const Entry& entry) {
  static const std::vector<FieldSchema> fields = {
      {.name = "file", .type = Type::text, .doc = "a path"},
      {.name = "env", .type = Type::text, .doc = "an environment variable"},
      {.name = "command",
       .type = Type::list,
       .doc = "a program with its arguments",
       .fields = {{.name = "word", .type = Type::text}}},
      {.name = "expires", .type = Type::date}};
  if (!check_key(draft, entry, "secrets")) return;
  const yaml::Node& node = *entry.value;
  const std::string said = "secret `" + std::string(name) + "`";
  if (node.kind != yaml::NodeKind::mapping) {
    return report(draft, node.at, said + " does not say where its value comes from",
                  "write { file: PATH }, { env: NAME } or { command: [PROGRAM, ...] }; never the "
                  "value itself");
  }
  const Attributes value = read_mapping(draft, fields, node, "secret");
  SecretSource secret;
  secret.name = std::string(name);
  secret.where = entry.key->at;
  int sources = 0;
  const auto take = [&](const char* key, SecretSource::Kind kind) {
    if (node.find(key) == nullptr) return;
    ++sources;
    secret.kind = kind;
    if (!value.contains(key)) return;
    const nlohmann::json& words = value.at(key);
    if (words.is_string()) secret.words = {words.get<std::string>()};
    if (words.is_array()) secret.words = words.get<std::vector<std::string>>();
  };
  take("file", SecretSource::Kind::file);
  take("env", SecretSource::Kind::env);
  take("command", SecretSource::Kind::command);
  const bool meant = has_near(node, "file") || has_near(node, "env") || has_near(node, "command");
  if (sources > 1 || (sources == 0 && !meant)) {
    report(draft, node.at, said + " needs exactly one of `file`, `env` and `command`",
           "keep the one that holds the value");
  }
  if (const auto it = value.find("expires"); it != value.end() && it->is_string()) {
    secret.expires = it->get<std::string>();
  }
  draft.spec.secrets.emplace(secret.name, std::move(secret));
}

}  // namespace

bool is_site_name(std::string_view text) {
  return !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

const ProviderSchema* find_type(const Draft& draft, std::string_view type) {
  const auto it = std::find_if(draft.types.begin(), draft.types.end(),
                               [&](const ProviderSchema& each) { return each.type == type; });
  return it == draft.types.end() ? nullptr : &*it;
}

const ProviderKindSchema* managed(const Draft& draft, const std::string& provider,
                                  std::string_view kind) {
  const auto config = draft.spec.providers.find(provider);
  if (config == draft.spec.providers.end()) return nullptr;
  const ProviderSchema* type = find_type(draft, config->second.type);
  if (type == nullptr) return nullptr;
  const auto it = type->kinds.find(std::string(kind));
  return it == type->kinds.end() ? nullptr : &it->second;
}

void read_head(Draft& draft) {
  const Sections& sections = draft.sections;
  if (sections.homeostat.value == nullptr) {
    missing(draft, "homeostat.yaml does not say which version of the format it is written in",
            "start it with `homeostat: 1`");
  } else if (sections.homeostat.value->text != "1") {
    report(draft, sections.homeostat.value->at,
           "version `" + sections.homeostat.value->text + "` is not known",
           "this binary reads `homeostat: 1`");
  }
  if (sections.site.value == nullptr) {
    missing(draft, "the spec has no `site`",
            "add `site: home` (or another name) to homeostat.yaml: it is a part of every marker");
  } else if (!is_site_name(sections.site.value->text)) {
    report(draft, sections.site.value->at,
           "`" + sections.site.value->text + "` cannot be the name of a site",
           "use lower-case letters, digits and dashes: `site: home`");
  } else {
    draft.spec.site = sections.site.value->text;
  }
}

void check_certificates(Draft& draft, const Attributes& settings, const yaml::Node& node) {
  const yaml::Node* pin = node.find("fingerprint");
  if (pin == nullptr) return;
  if (node.find("ca_file") != nullptr) {
    report(draft, pin->at, "`ca_file` and `fingerprint` exclude each other",
           "a fingerprint needs no authority: leave out one of them");
  }
  const auto url = settings.find("url");
  if (url == settings.end() || !url->is_string()) return;
  // What a reference stands for shows when it is opened.
  const std::string text = url->get<std::string>();
  if (text.starts_with("https://") || text.starts_with("${")) return;
  report(draft, pin->at, "there is no certificate to compare `fingerprint` with",
         "write https:// in its `url`, or leave out `fingerprint`");
}

void refuse_plain_secrets(Draft& draft, std::span<const FieldSchema> fields,
                          const Attributes& settings, const std::vector<OpenValue>& open,
                          const yaml::Node& node) {
  const auto is_open = [&](const std::string& pointer) {
    return std::any_of(open.begin(), open.end(),
                       [&](const OpenValue& value) { return value.pointer == pointer; });
  };
  for (const FieldSchema& field : fields) {
    if (!field.secret || !settings.contains(field.name)) continue;
    // Of a mapping, each of its values.
    bool plain = false;
    const nlohmann::json leaves = settings.at(field.name).flatten();
    for (const auto& [pointer, leaf] : leaves.items()) {
      plain =
          plain || (leaf.is_primitive() && !leaf.is_null() && !is_open("/" + field.name + pointer));
    }
    if (!plain) continue;
    const yaml::Node* value = node.find(field.name);
    report(draft, value == nullptr ? node.at : value->at,
           "`" + field.name + "` is a secret, and its value stands here",
           "say in `secrets` where it comes from, and write `${secret.NAME}`");
    draft.errors.back().excerpt = "(not shown)";
    draft.errors.back().where.column = 1;
  }
}

void read_providers(Draft& draft) {
  for (const auto& [name, entry] : draft.sections.of("providers")) {
    read_provider(draft, name, entry);
  }
}

void read_secrets(Draft& draft) {
  for (const auto& [name, entry] : draft.sections.of("secrets")) read_secret(draft, name, entry);
}

}  // namespace homeostat
