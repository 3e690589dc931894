#include "specs/services.hpp"

#include <algorithm>

namespace homeostat {
namespace {

// Where a key of one part of a service may have been meant to stand. `without`: the part itself.
std::vector<KeyPlace> other_places(std::string_view without) {
  std::vector<KeyPlace> places;
  const auto add_fields = [&](std::string_view part, const char* kind, std::string_view place) {
    if (part == without) return;
    for (const FieldSchema& field : find_kind(kind)->fields) places.push_back({field.name, place});
  };
  if (without != "web") {
    for (const std::string_view key : {"domain", "domains", "port", "scheme"}) {
      places.push_back({key, "under `web:`"});
    }
  }
  if (without != "monitor") places.push_back({"path", "under `monitor:`"});
  if (!without.empty()) {
    for (const std::string_view key : {"name", "web", "monitor", "container"}) {
      if (key != without) places.push_back({key, "one level up, in the service"});
    }
  }
  if (without == "monitor") {
    const std::span<const KeyPlace> moved = monitor_places();
    places.insert(places.end(), moved.begin(), moved.end());
  }
  add_fields("container", "container", "under `container:`");
  add_fields("web", "proxy_host", "under `web:`");
  add_fields("monitor", "monitor", "under `monitor:`");
  return places;
}

void check_service_keys(Draft& draft, const Service& service) {
  static const std::vector<std::string_view> known = {
      "container",  "name",    "web",       "monitor",    "address", "mode",
      "alarm_only", "protect", "on_remove", "depends_on", "ignore"};
  ReadSink sink{draft.errors, draft.spec.files};
  const yaml::Node* provider = service.node->find("provider");
  std::vector<std::string_view> skip = known;
  if (provider != nullptr) {
    skip.push_back("provider");
    report(draft, provider->at, "a service as a whole has no `provider`",
           "say it under `container:`, `web:` or `monitor:`");
  }
  const ReadObject how{.fields = {}, .skip = skip, .what = "service", .elsewhere = places_for("")};
  static_cast<void>(read_object(how, *service.node, "", "", sink));
  for (const Ignore& ignore : service.options.ignore) {
    bool known_field = false;
    for (const char* kind : {"container", "dns", "proxy_host", "monitor"}) {
      known_field = known_field || field_at(*find_kind(kind), nullptr, ignore.field) != nullptr;
    }
    if (!known_field) {
      report(draft, ignore.at,
             "`ignore` names `" + ignore.field + "`, which no resource of a service has",
             "name a field of one of its parts");
    }
  }
}

std::vector<Placed> read_names(Draft& draft, const yaml::Node& node, const std::string& key) {
  const FieldSchema field{.name = key, .type = Type::name};
  std::vector<Placed> names;
  for (const yaml::Node* item : items_of(node)) {
    const nlohmann::json value = read_scalar(draft, field, *item);
    if (!value.is_string()) continue;
    auto text = value.get<std::string>();
    if (check_hyphens(draft, item->at, text)) names.push_back({std::move(text), item->at});
  }
  if (items_of(node).empty()) {
    report(draft, node.at, "`" + key + "` names nothing", "write a full name, or remove the line");
  }
  return names;
}

void read_web_scalars(Draft& draft, Web& web) {
  static const FieldSchema port{.name = "port", .type = Type::integer, .min = 1, .max = 65535};
  static const FieldSchema scheme{
      .name = "scheme", .type = Type::choice, .choices = {"http", "https"}};
  static const FieldSchema dns{.name = "dns", .type = Type::boolean};
  static const FieldSchema key{.name = "key", .type = Type::text};
  if (const yaml::Node* node = web.node->find("port")) {
    const nlohmann::json value = read_scalar(draft, port, *node);
    if (value.is_number_integer()) web.port = value.get<std::int64_t>();
    web.port_at = node->at;
  }
  if (const yaml::Node* node = web.node->find("scheme")) {
    const nlohmann::json value = read_scalar(draft, scheme, *node);
    if (value.is_string()) web.scheme = value.get<std::string>();
  }
  if (const yaml::Node* node = web.node->find("dns")) {
    web.dns = read_scalar(draft, dns, *node) != nlohmann::json(false);
  }
  if (const yaml::Node* node = web.node->find("key")) {
    const nlohmann::json value = read_scalar(draft, key, *node);
    if (value.is_string() && check_key(draft, {node, node}, "web")) {
      web.key = value.get<std::string>();
    }
  }
}

void read_web(Draft& draft, Service& service, const yaml::Node& node) {
  if (node.kind != yaml::NodeKind::mapping) {
    return report(draft, node.at, "`web` is a mapping, or a list of such",
                  "write { domain: git.example.org, port: 3000 }");
  }
  Web web;
  web.node = &node;
  web.key = service.key;
  if (!service.webs.empty()) web.key += "-" + std::to_string(service.webs.size() + 1);
  read_web_scalars(draft, web);
  for (const char* key : {"domain", "domains"}) {
    const yaml::Node* value = node.find(key);
    if (value == nullptr) continue;
    for (Placed& name : read_names(draft, *value, key)) web.domains.push_back(std::move(name));
  }
  // Said at once, as nothing is derived from what is not complete.
  static_cast<void>(read_fields(draft, *find_kind("proxy_host"), web_layer(node)));
  if (node.find("domain") == nullptr && node.find("domains") == nullptr &&
      !has_near(node, "domain")) {
    report(draft, node.at, "`web` of service `" + service.key + "` has no `domain`",
           "add `domain: " + service.key + ".example.org`");
  }
  web.providers =
      provider_names(draft, *find_kind("proxy_host"), read_options(draft, node), service.where);
  service.webs.push_back(std::move(web));
}

Service read_service(Draft& draft, std::string_view key, const Entry& entry) {
  Service service;
  service.key = std::string(key);
  service.where = entry.key->at;
  service.node = entry.value;
  service.options = read_options(draft, *entry.value);
  service.options.providers.clear();
  if (const yaml::Node* name = entry.value->find("name")) {
    service.names = read_names(draft, *name, "name");
  }
  if (const yaml::Node* web = entry.value->find("web")) {
    for (const yaml::Node* item : items_of(*web)) read_web(draft, service, *item);
  }
  return service;
}

void lint_unmonitored(Draft& draft, const Service& service) {
  const auto lint = draft.spec.policy.lint.find("unmonitored");
  if (lint == draft.spec.policy.lint.end() || lint->second == Severity::off) return;
  if (service.webs.empty() || service.node->find("monitor") != nullptr) return;
  (lint->second == Severity::error ? report : warn)(
      draft, service.where, "service `" + service.key + "` has a web page and no monitor",
      "add `monitor: true`, or `monitor: false` to leave it so");
}

}  // namespace

const std::vector<KeyPlace>& places_for(std::string_view part) {
  static const std::map<std::string_view, std::vector<KeyPlace>> all = {
      {"", other_places("")},
      {"container", other_places("container")},
      {"web", other_places("web")},
      {"monitor", other_places("monitor")}};
  return all.at(part);
}

Options options_for(Draft& draft, const Service& service, const yaml::Node* part,
                    const char* kind) {
  Options options;
  if (part != nullptr) options = read_options(draft, *part);
  Options common = service.options;
  std::erase_if(common.ignore, [&](const Ignore& ignore) {
    return field_at(*find_kind(kind), nullptr, ignore.field) == nullptr;
  });
  options.depends_on.insert(options.depends_on.end(), common.depends_on.begin(),
                            common.depends_on.end());
  options.ignore.insert(options.ignore.end(), common.ignore.begin(), common.ignore.end());
  merge_options(options, common);
  return options;
}

Statement derived_statement(const Service& service, const char* kind, std::string name) {
  Statement statement;
  statement.kind = find_kind(kind);
  statement.name = std::move(name);
  statement.where = service.where;
  statement.service = service.key;
  return statement;
}

void read_service_containers(Draft& draft) {
  for (const auto& [key, entry] : draft.sections.of("services")) {
    if (!check_key(draft, entry, "services")) continue;
    if (entry.value->kind != yaml::NodeKind::mapping || entry.value->items.empty()) {
      report(draft, entry.value->at, "a service is a mapping of its parts",
             "write { container: { ... }, name: ..., web: { ... }, monitor: { ... } }");
      continue;
    }
    const yaml::Node* container = entry.value->find("container");
    if (container == nullptr) continue;
    if (container->kind != yaml::NodeKind::mapping) {
      report(draft, container->at, "`container` is a mapping of fields",
             "write { memory: 2GiB, ... }; a service without a container leaves it out");
      continue;
    }
    Service service;
    service.key = std::string(key);
    service.where = entry.key->at;
    service.node = entry.value;
    service.options = read_options(draft, *entry.value);
    service.options.providers.clear();
    Statement statement = derived_statement(service, "container", service.key);
    statement.layers.push_back({container, {}, places_for("container")});
    statement.options = options_for(draft, service, container, "container");
    put(draft, std::move(statement));
  }
}

void expand_services(Draft& draft) {
  for (const auto& [key, entry] : draft.sections.of("services")) {
    if (entry.value->kind != yaml::NodeKind::mapping) continue;
    Service service = read_service(draft, key, entry);
    check_service_keys(draft, service);
    for (Resource* container : find_resources(draft, "container", service.key)) {
      if (container->service == service.key) service.containers.push_back(container);
    }
    find_addresses(draft, service);
    for (const Web& web : service.webs) derive_proxy_host(draft, service, web);
    derive_records(draft, service);
    derive_monitor(draft, service);
    lint_unmonitored(draft, service);
  }
}

}  // namespace homeostat
