// A statement -> resources on its providers; the plain sections.
#include <algorithm>
#include <array>

#include "specs/draft.hpp"

namespace homeostat {
namespace {

std::string said(const Statement& statement) {
  return display({"", statement.kind->name, statement.name, ""}, false, false);
}

Address address_of(const Draft& draft, const std::string& kind, const std::string& name) {
  return {draft.spec.site, kind, name, ""};
}

const Origin* origin_of(const Fields& fields, std::string_view path) {
  for (const FieldOrigin& origin : fields.origins) {
    if (origin.path == path && !origin.lines.empty()) return &origin.lines.front();
  }
  return nullptr;
}

// `extra:` of a layer, by the table of the provider's type.
void read_extra(Draft& draft, const Statement& statement, const ProviderKindSchema& provider,
                const std::string& type, const yaml::Node& node, Fields& fields) {
  if (provider.extra.empty()) {
    return report(draft, node.at,
                  type + " has no fields of its own for " + a_kind(statement.kind->name),
                  "remove `extra`");
  }
  ReadSink sink{draft.errors, draft.spec.files, &fields.open, &fields.origins};
  fields.values["extra"] =
      read_object({provider.extra, {}, "extra", true}, node, "/extra", "extra", sink);
}

Fields read_layer(Draft& draft, const Statement& statement, const ProviderKindSchema& provider,
                  const std::string& type, const Layer& layer) {
  Fields fields = read_fields(draft, *statement.kind, layer);
  if (const yaml::Node* extra = layer.node->find("extra")) {
    read_extra(draft, statement, provider, type, *extra, fields);
  }
  return fields;
}

// Top-level fields that the provider cannot do leave `fields`; what a spec states is an error.
void drop_unsupported(Draft* draft, const Statement& statement, const ProviderKindSchema& provider,
                      const std::string& type, Fields& fields) {
  for (const std::string& name : provider.unsupported) {
    if (!fields.values.contains(name)) continue;
    if (draft != nullptr) {
      const Origin* at = origin_of(fields, name);
      report(*draft, at == nullptr ? statement.where : *at,
             type + " cannot do `" + name + "` of " + a_kind(statement.kind->name),
             "remove it, or put the resource on another provider");
    }
    fields.values.erase(name);
    const std::string whole = "/" + name;
    std::erase_if(fields.open, [&whole](const OpenValue& value) {
      return value.pointer == whole || value.pointer.starts_with(whole + "/");
    });
    std::erase_if(fields.origins, [&](const FieldOrigin& origin) {
      return origin.path == name || origin.path.starts_with(name + "/");
    });
  }
}

// The defaults of a kind as a provider type can take them; read once a type.
const Fields* defaults_for(Draft& draft, const Statement& statement,
                           const ProviderKindSchema& provider, const std::string& type) {
  const auto it = draft.defaults.find(statement.kind->name);
  if (it == draft.defaults.end()) return nullptr;
  const auto [known, fresh] = it->second.by_type.try_emplace(type);
  if (!fresh) return &known->second;
  // Mistakes in it were said when the section was read; `extra` may fit another type.
  Errors said_before;
  const std::vector<std::string>& files = draft.spec.files;
  Fields& fields = known->second;
  ReadSink sink{said_before, files, &fields.open, &fields.origins};
  const yaml::Node& node = *it->second.node;
  fields.values = read_object(
      {statement.kind->fields, option_names(), "defaults: " + statement.kind->name, false}, node,
      "", "", sink);
  if (const yaml::Node* extra = node.find("extra"); extra != nullptr && !provider.extra.empty()) {
    fields.values["extra"] =
        read_object({provider.extra, {}, "`extra`", false}, *extra, "/extra", "extra", sink);
  }
  drop_unsupported(nullptr, statement, provider, type, fields);
  return &fields;
}

void check_complete(Draft& draft, const Statement& statement, const Fields& fields) {
  for (const FieldSchema& field : statement.kind->fields) {
    if (!field.required || fields.values.contains(field.name)) continue;
    const bool stated =
        std::any_of(statement.layers.begin(), statement.layers.end(), [&](const Layer& layer) {
          return layer.node->find(field.name) != nullptr || has_near(*layer.node, field.name);
        });
    if (stated) continue;  // wrong, and said so
    report(draft, statement.where, said(statement) + " has no `" + field.name + "`",
           field.example.empty() ? "add it" : "add `" + field.name + ": " + field.example + "`");
  }
}

void check_ignores(Draft& draft, const Statement& statement, const ProviderKindSchema& provider,
                   std::vector<Ignore>& ignores) {
  std::erase_if(ignores, [&](const Ignore& ignore) {
    if (field_at(*statement.kind, &provider, ignore.field) != nullptr) return false;
    std::vector<std::string> known;
    for (const FieldSchema& field : statement.kind->fields) known.push_back(field.name);
    report(draft, ignore.at,
           "`ignore` names `" + ignore.field + "`, which is no field of " +
               a_kind(statement.kind->name),
           known_hint(ignore.field, known));
    return true;
  });
}

// The line that puts it on that provider: its own, or that of the defaults.
Origin placed_by(const Draft& draft, const Statement& statement, const std::string& provider) {
  const auto defaults = draft.defaults.find(statement.kind->name);
  const bool own = !statement.options.providers.empty() || !statement.on.empty();
  if (!own && defaults == draft.defaults.end()) return {};
  const auto& stated = own ? statement.options.providers : defaults->second.options.providers;
  const auto found = std::find_if(stated.begin(), stated.end(),
                                  [&](const Placed& each) { return each.text == provider; });
  return found == stated.end() ? Origin() : found->at;
}

// Of the last provider: the statement's fields are moved, not copied.
Resource build(Draft& draft, Statement& statement, const std::string& provider, bool last,
               const ProviderKindSchema& schema) {
  const std::string& type = draft.spec.providers.at(provider).type;
  const std::size_t errors = draft.errors.size();
  Fields fields = last ? std::move(statement.stated) : statement.stated;
  for (const Layer& layer : statement.layers) {
    Fields below = read_layer(draft, statement, schema, type, layer);
    if (fields.values.empty()) {
      fields = std::move(below);
    } else {
      merge_below(fields, below, statement.kind->fields);
    }
  }
  drop_unsupported(&draft, statement, schema, type, fields);
  if (!statement.derived.values.empty()) {
    Fields derived = last ? std::move(statement.derived) : statement.derived;
    drop_unsupported(nullptr, statement, schema, type, derived);
    merge_below(fields, derived, statement.kind->fields);
  }
  if (const Fields* defaults = defaults_for(draft, statement, schema, type)) {
    merge_below(fields, *defaults, statement.kind->fields);
  }
  if (statement.kind->name == "container") add_automatic_address(draft, schema, fields);
  check_complete(draft, statement, fields);

  Resource resource;
  resource.address = {draft.spec.site, statement.kind->name, statement.name, provider};
  if (draft.errors.size() > errors) draft.flawed.insert(resource.address);
  resource.attributes = std::move(fields.values);
  resource.open = std::move(fields.open);
  resource.origins = std::move(fields.origins);
  std::sort(resource.open.begin(), resource.open.end(),
            [](const OpenValue& a, const OpenValue& b) { return a.pointer < b.pointer; });
  std::sort(resource.origins.begin(), resource.origins.end(),
            [](const FieldOrigin& a, const FieldOrigin& b) { return a.path < b.path; });
  resource.where = statement.where;
  resource.placed = placed_by(draft, statement, provider);
  resource.service = statement.service;
  const Options& options = statement.options;
  resource.mode = options.mode;
  resource.on_remove = options.on_remove;
  resource.protect = options.protect;
  resource.alarm_only = options.alarm_only.value_or(false);
  resource.ignore = options.ignore;
  check_ignores(draft, statement, schema, resource.ignore);
  for (const Placed& to : options.depends_on) draft.edges.push_back({resource.address, to});
  return resource;
}

void report_twice(Draft& draft, const Statement& statement, const Resource& other) {
  const auto by = [](const std::string& service) {
    return service.empty() ? std::string() : " by service `" + service + "`";
  };
  // Derived records and proxy hosts are there because of a line of their own in the service.
  const Origin* derived = origin_of(statement.derived, "values");
  if (derived == nullptr) derived = origin_of(statement.derived, "domains");
  report(draft, derived == nullptr ? statement.where : *derived,
         said(statement) + " is declared" + by(statement.service) + ", and already at " +
             place(draft, stated_at(other)) + by(other.service),
         "a resource is declared once: remove or rename one of the two");
}

void read_plain(Draft& draft, const KindSchema& kind, const Entry& entry, std::string name,
                const std::string& usual_provider = {}) {
  if (entry.value->kind != yaml::NodeKind::mapping) {
    return report(draft, entry.value->at, a_kind(kind.name) + " is a mapping of fields",
                  "write { FIELD: VALUE, ... }");
  }
  Statement statement;
  statement.kind = &kind;
  statement.name = std::move(name);
  statement.where = entry.key->at;
  statement.layers.push_back({entry.value, {}});
  if (kind.name == "monitor") statement.layers.back().elsewhere = monitor_places();
  statement.options = read_options(draft, *entry.value);
  if (statement.options.providers.empty() && !usual_provider.empty()) {
    statement.options.providers.push_back({usual_provider, entry.key->at});
  }
  put(draft, std::move(statement));
}

void read_ip(Draft& draft, const KindSchema& kind, const Network& network, const Entry& entry) {
  if (!check_key(draft, entry, "ips." + network.key)) return;
  const std::string name = encode_component(network.key) + "/" + encode_component(entry.key->text);
  if (entry.value->kind != yaml::NodeKind::scalar) {
    return read_plain(draft, kind, entry, name, network.provider);
  }
  Statement statement;
  statement.kind = &kind;
  statement.name = name;
  statement.where = entry.key->at;
  ReadSink sink{draft.errors, draft.spec.files, &statement.stated.open, &statement.stated.origins};
  statement.stated.values["address"] =
      read_value(*kind.field("address"), *entry.value, "/address", "address", sink);
  if (!network.provider.empty()) {
    statement.options.providers.push_back({network.provider, entry.key->at});
  }
  put(draft, std::move(statement));
}

void read_ips(Draft& draft) {
  const KindSchema* kind = find_kind("ip");
  for (const auto& [name, group] : draft.sections.ips) {
    const auto network = draft.spec.networks.find(std::string(name));
    if (network == draft.spec.networks.end()) {
      if (draft.partial || draft.sections.of("networks").contains(name)) continue;
      report(draft, group.key->at, "`ips` names `" + std::string(name) + "`, which is no network",
             known_hint(name, keys_of(draft.spec.networks)));
      continue;
    }
    for (const Entry& entry : group.entries) read_ip(draft, *kind, network->second, entry);
  }
}

}  // namespace

bool check_key(Draft& draft, const Entry& entry, std::string_view section) {
  const std::string& text = entry.key->text;
  const bool good =
      !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
      });
  if (!good) {
    report(draft, entry.key->at,
           "`" + text + "` cannot be a name in `" + std::string(section) + "`",
           "use letters, digits, `-`, `_` and `.`, and no `-` in front");
  }
  return good;
}

Fields read_fields(Draft& draft, const KindSchema& kind, const Layer& layer) {
  Fields fields;
  ReadSink sink{draft.errors, draft.spec.files, &fields.open, &fields.origins};
  std::vector<std::string_view> skip(option_names().begin(), option_names().end());
  skip.insert(skip.end(), layer.skip.begin(), layer.skip.end());
  fields.values = read_object({.fields = kind.fields,
                               .skip = skip,
                               .what = kind.name,
                               .complete = false,
                               .elsewhere = layer.elsewhere},
                              *layer.node, "", "", sink);
  return fields;
}

std::span<const KeyPlace> monitor_places() {
  static constexpr std::array<KeyPlace, 4> places = {{
      {"url", "into the target: `target: https://git.example.org/`"},
      {"host", "into the target: `target: 10.5.0.110`"},
      {"port", "into the target: `target: 10.5.0.110:22`"},
      {"docker_container", "into the target: `target: jellyfin`"},
  }};
  return places;
}

std::vector<Resource*> find_resources(Draft& draft, const std::string& kind,
                                      const std::string& name) {
  std::vector<Resource*> found;
  auto it = draft.spec.desired.lower_bound(address_of(draft, kind, name));
  for (; it != draft.spec.desired.end() && it->first.kind == kind && it->first.name == name; ++it) {
    found.push_back(&it->second);
  }
  return found;
}

namespace {

// Says what is wrong with a provider that a spec states for a kind, and cannot have.
void report_provider(Draft& draft, const KindSchema& kind, const Placed& provider) {
  const auto known = draft.spec.providers.find(provider.text);
  if (known != draft.spec.providers.end()) {
    report(
        draft, provider.at,
        "`" + provider.text + "` (" + known->second.type + ") does not manage " + a_kind(kind.name),
        "`homeostat providers` lists what each one does");
  } else if (!draft.partial && !draft.sections.of("providers").contains(provider.text)) {
    report(draft, provider.at, "there is no provider `" + provider.text + "`",
           known_hint(provider.text, keys_of(draft.spec.providers)));
  }
}

// Where nothing is stated: the only provider that manages the kind.
std::vector<std::string> only_provider(Draft& draft, const KindSchema& kind, const Origin& where) {
  std::vector<std::string> able;
  std::string list;
  for (const auto& [name, config] : draft.spec.providers) {
    if (managed(draft, name, kind.name) == nullptr) continue;
    able.push_back(name);
    list.append(list.empty() ? "`" : ", `").append(name).append("`");
  }
  if (able.size() == 1) return able;
  if (able.empty()) {
    if (draft.sections.of("providers").size() == draft.spec.providers.size() && !draft.partial) {
      report(draft, where, "no provider of this spec manages " + a_kind(kind.name),
             "declare one under `providers:`");
    }
    return {};
  }
  report(draft, where, "more than one provider manages " + a_kind(kind.name) + ": " + list,
         "say which: `provider: " + able.front() + "` here, or for all under `defaults: { " +
             kind.name + ": ... }`");
  return {};
}

}  // namespace

std::vector<std::string> provider_names(Draft& draft, const KindSchema& kind,
                                        const Options& options, const Origin& where) {
  std::vector<Placed> stated = options.providers;
  if (stated.empty()) {
    const auto defaults = draft.defaults.find(kind.name);
    if (defaults != draft.defaults.end()) stated = defaults->second.options.providers;
  }
  if (stated.empty()) {
    const auto [usual, fresh] = draft.usual_providers.try_emplace(kind.name);
    if (fresh) usual->second = only_provider(draft, kind, where);
    return usual->second;
  }
  std::vector<std::string> names;
  for (const Placed& provider : stated) {
    if (managed(draft, provider.text, kind.name) == nullptr) {
      report_provider(draft, kind, provider);
    } else if (std::find(names.begin(), names.end(), provider.text) == names.end()) {
      names.push_back(provider.text);
    }
  }
  return names;
}

void put(Draft& draft, Statement statement) {
  Desired& desired = draft.spec.desired;
  const auto next = desired.lower_bound(address_of(draft, statement.kind->name, statement.name));
  if (next != desired.end() && next->first.kind == statement.kind->name &&
      next->first.name == statement.name) {
    return report_twice(draft, statement, next->second);
  }
  const std::vector<std::string> on =
      statement.on.empty()
          ? provider_names(draft, *statement.kind, statement.options, statement.where)
          : statement.on;
  const auto defaults = draft.defaults.find(statement.kind->name);
  if (defaults != draft.defaults.end()) merge_options(statement.options, defaults->second.options);
  if (on.empty()) {
    draft.broken.insert(statement.kind->name + "/" + statement.name);
    // Its provider is not clear; what is wrong in it besides shows even so.
    for (const Layer& layer : statement.layers) {
      static_cast<void>(read_fields(draft, *statement.kind, layer));
    }
  }
  for (const std::string& provider : on) {
    const ProviderKindSchema* schema = managed(draft, provider, statement.kind->name);
    if (schema == nullptr) continue;  // said where the provider is named
    Resource resource = build(draft, statement, provider, &provider == &on.back(), *schema);
    Address address = resource.address;
    desired.emplace_hint(next, std::move(address), std::move(resource));
  }
}

void read_plain_sections(Draft& draft) {
  read_ips(draft);
  for (const char* name : {"container", "proxy_host", "monitor"}) {
    const KindSchema* kind = find_kind(name);
    for (const auto& [key, entry] : draft.sections.of(kind->section)) {
      if (check_key(draft, entry, kind->section)) read_plain(draft, *kind, entry, std::string(key));
    }
  }
}

}  // namespace homeostat
