// The tables of the kinds as JSON Schema, for editors. It is a little more lenient than the loader:
// what depends on other lines (defaults, references, provider types) is left to `validate`.
#include <array>

#include "specs/schema.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

using Json = nlohmann::json;

constexpr std::string_view reference_pattern = "\\$\\{";

Json ref(const std::string& name) { return {{"$ref", "#/$defs/" + name}}; }

Json any_of(std::initializer_list<Json> choices) { return {{"anyOf", Json(choices)}}; }

Json map_of(Json value) {
  return {{"type", Json::array({"object", "null"})}, {"additionalProperties", std::move(value)}};
}

Json one_or_list(Json value) {
  Json list = {{"type", "array"}, {"items", value}};
  return any_of({std::move(value), std::move(list)});
}

// What a plain text of the type looks like; "" = anything.
std::string pattern_of(Type type) {
  switch (type) {
    case Type::integer:
      return "^-?(0|[1-9][0-9]*)$";
    case Type::boolean:
      return "^(true|false)$";
    case Type::size:
      return "^[0-9]+ *(B|KiB|MiB|GiB|TiB)$";
    case Type::duration:
      return "^[0-9]+ *[smhdw]$";
    case Type::ip:
      return "^[0-9a-fA-F:.]+$";
    case Type::cidr:
      return "^[0-9a-fA-F:.]+/[0-9]+$";
    case Type::mac:
      return "^[0-9a-fA-F:.-]{12,17}$";
    case Type::url:
      return "^[A-Za-z][A-Za-z0-9+.-]*://";
    case Type::date:
      return "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
    default:
      return {};
  }
}

Json scalar_schema(const FieldSchema& field) {
  if (field.type == Type::choice) {
    return any_of({{{"enum", field.choices}}, ref("reference")});
  }
  Json schema = {{"type", Json::array({"string"})}};
  if (field.type == Type::integer) schema["type"].push_back("integer");
  if (field.type == Type::boolean) schema["type"].push_back("boolean");
  if (field.type == Type::text) schema["type"] = {"string", "number", "boolean"};
  if (std::string pattern = pattern_of(field.type); !pattern.empty()) {
    for (const std::string& choice : field.choices) pattern += "|^" + choice + '$';
    schema["pattern"] = pattern + '|' + std::string(reference_pattern);
  }
  if (field.type == Type::integer && field.min != INT64_MIN) schema["minimum"] = field.min;
  if (field.type == Type::integer && field.max != INT64_MAX) schema["maximum"] = field.max;
  return schema;
}

Json object_schema(std::span<const FieldSchema> fields, bool complete);

Json field_schema(const FieldSchema& field) {
  Json schema;
  if (field.type == Type::list) {
    const FieldSchema& element = field.fields.front();
    const bool scalars = element.type != Type::object;
    Json item = field_schema(element);
    schema = scalars ? one_or_list(std::move(item))
                     : Json{{"type", "array"}, {"items", std::move(item)}};
  } else if (field.type == Type::map) {
    schema = map_of(field_schema(field.fields.front()));
    schema["type"] = "object";
  } else if (field.type == Type::object) {
    schema = object_schema(field.fields, true);
  } else {
    schema = scalar_schema(field);
  }
  std::string text = field.doc;
  if (!field.example.empty()) text += (text.empty() ? "" : " ") + ("Example: " + field.example);
  if (!text.empty()) schema["description"] = std::move(text);
  if (!field.default_value.is_null()) schema["default"] = field.default_value;
  return schema;
}

Json object_schema(std::span<const FieldSchema> fields, bool complete) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const FieldSchema& field : fields) {
    if (field.read_only) continue;
    properties[field.name] = field_schema(field);
    if (field.required && complete) required.push_back(field.name);
  }
  Json schema = {
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

void add_common(Json& schema) {
  for (const FieldSchema& field : common_fields()) {
    schema["properties"][field.name] = field_schema(field);
  }
  // A bare field is an ignore too.
  Json& ignore = schema["properties"]["ignore"];
  ignore = {{"description", ignore["description"]},
            {"anyOf", one_or_list(any_of({ref("text"), ignore["items"]}))["anyOf"]}};
  schema["properties"]["extra"] = {{"type", "object"},
                                   {"description", "Fields that only this provider's type has."}};
}

// Required fields may come from `defaults:` or from a service.
Json kind_schema(const KindSchema& kind) {
  Json schema = object_schema(kind.fields, false);
  schema["description"] = kind.doc;
  add_common(schema);
  return schema;
}

Json record_schema() {
  Json types = Json::object();
  const Json values = one_or_list(ref("text"));
  for (const std::string_view type : {"A", "AAAA", "CNAME", "MX", "TXT", "SRV", "CAA", "NS", "PTR",
                                      "SVCB", "HTTPS", "TLSA", "SSHFP"}) {
    types[std::string(type)] = any_of({values, ref("dns")});
  }
  Json owner = {
      {"type", "object"}, {"properties", std::move(types)}, {"additionalProperties", false}};
  // What stands beside the types holds for all of them.
  const Json set = kind_schema(*find_kind("dns"));
  for (const auto& [name, schema] : set["properties"].items()) {
    if (name != "values") owner["properties"][name] = schema;
  }
  return any_of({values, std::move(owner)});
}

Json service_schema() {
  Json web = kind_schema(*find_kind("proxy_host"));
  const auto text = [](const char* doc) {
    Json schema = ref("text");
    schema["description"] = doc;
    return schema;
  };
  const FieldSchema port{.name = "port",
                         .type = Type::integer,
                         .doc = "The port that the service listens on.",
                         .min = 1,
                         .max = 65535};
  const FieldSchema dns{.name = "dns",
                        .type = Type::boolean,
                        .doc = "`false`: records for its domains are made elsewhere."};
  const FieldSchema scheme{.name = "scheme",
                           .type = Type::choice,
                           .doc = "How the service itself speaks.",
                           .choices = {"http", "https"}};
  web["properties"]["domain"] = one_or_list(ref("text"));
  web["properties"]["key"] = text("Key of the proxy host; the service's where it is left out.");
  for (const FieldSchema* field : {&port, &dns, &scheme}) {
    web["properties"][field->name] = field_schema(*field);
  }
  Json monitor = kind_schema(*find_kind("monitor"));
  monitor["properties"]["path"] = text("The end of the derived url: `/api/healthz`.");
  Json schema = {{"type", "object"}, {"additionalProperties", false}};
  schema["properties"] = {
      {"container", ref("container")},
      {"name", one_or_list(ref("text"))},
      {"address", text("Where it is reached, where no container says it.")},
      {"web", one_or_list(std::move(web))},
      {"monitor", any_of({{{"type", "boolean"}}, std::move(monitor)})},
  };
  for (const FieldSchema& field : common_fields()) {
    if (field.name != "provider") schema["properties"][field.name] = field_schema(field);
  }
  return schema;
}

Json network_schema() {
  const std::array<FieldSchema, 6> fields = {{
      {.name = "cidr", .type = Type::cidr, .required = true},
      {.name = "gateway", .type = Type::ip},
      {.name = "bridge"},
      {.name = "vlan", .type = Type::integer, .min = 1, .max = 4094},
      {.name = "assign", .type = Type::choice, .choices = {"vmid", "lowest", "none"}},
      {.name = "provider"},
  }};
  Json schema = object_schema(fields, true);
  schema["properties"]["dhcp"] = one_or_list(ref("text"));
  schema["properties"]["reserved"] = one_or_list(ref("text"));
  return schema;
}

Json zone_schema() {
  const std::array<FieldSchema, 3> fields = {{
      {.name = "zone", .type = Type::name},
      {.name = "ttl", .type = Type::duration},
      {.name = "authority", .type = Type::choice, .choices = {"shared", "full"}},
  }};
  Json schema = object_schema(fields, true);
  schema["properties"]["on"] = one_or_list(ref("text"));
  schema["properties"]["points_to"] = one_or_list(ref("text"));
  schema["properties"]["reverse"] = any_of({{{"type", "boolean"}}, one_or_list(ref("text"))});
  schema["required"] = {"on"};
  return schema;
}

Json provider_schema() {
  const std::array<FieldSchema, 6> fields = {{
      {.name = "type", .required = true},
      {.name = "address"},
      {.name = "mode", .type = Type::choice, .choices = {"report", "enforce"}},
      {.name = "adopt", .type = Type::choice, .choices = {"never", "matching", "always"}},
      {.name = "max_in_flight", .type = Type::integer, .min = 1, .max = 64},
      {.name = "max_per_second", .type = Type::integer, .min = 0, .max = 10'000},
  }};
  Json schema = object_schema(fields, true);
  schema.erase("additionalProperties");  // each type has settings of its own
  return schema;
}

Json secret_schema() {
  const std::array<FieldSchema, 4> fields = {{
      {.name = "file"},
      {.name = "env"},
      {.name = "command", .type = Type::list, .fields = {FieldSchema{}}},
      {.name = "expires", .type = Type::date},
  }};
  return object_schema(fields, true);
}

Json notifier_schema() {
  const std::array<FieldSchema, 1> fields = {{{.name = "type", .required = true}}};
  Json schema = object_schema(fields, true);
  schema.erase("additionalProperties");  // each type has settings of its own
  return schema;
}

Json policy_schema() {
  const FieldSchema mode{.name = "mode", .type = Type::choice, .choices = {"report", "enforce"}};
  const FieldSchema severity{.type = Type::choice, .choices = {"off", "warning", "error"}};
  const std::array<FieldSchema, 5> fields = {{
      mode,
      {.name = "max_deletes", .type = Type::integer, .min = 0},
      {.name = "max_delete_percent", .type = Type::integer, .min = 0, .max = 100},
      {.name = "heal_after", .type = Type::duration},
      {.name = "approve", .type = Type::choice, .choices = {"guard", "always"}},
  }};
  const std::array<FieldSchema, 1> only_mode = {mode};
  Json schema = object_schema(fields, true);
  schema["properties"]["providers"] = map_of(object_schema(only_mode, true));
  schema["properties"]["kinds"] = map_of(object_schema(only_mode, true));
  schema["properties"]["windows"] = one_or_list(object_schema(window_fields(), true));
  schema["properties"]["lint"] = {
      {"type", "object"},
      {"properties",
       {{"floating_image_tags", field_schema(severity)}, {"unmonitored", field_schema(severity)}}},
      {"additionalProperties", false}};
  return schema;
}

}  // namespace

nlohmann::json json_schema() {
  Json definitions = {{"text", {{"type", {"string", "number", "boolean"}}}},
                      {"reference", {{"type", "string"}, {"pattern", reference_pattern}}}};
  Json defaults = Json::object();
  for (const KindSchema& kind : kinds()) {
    definitions[kind.name] = kind_schema(kind);
    defaults[kind.name] = ref(kind.name);
  }
  const FieldSchema address = *find_kind("ip")->field("address");
  Json sections = {{"homeostat", {{"const", 1}}},
                   {"site", {{"type", "string"}, {"pattern", "^[a-z0-9][a-z0-9-]*$"}}},
                   {"self", {{"type", "string"}}},
                   {"providers", map_of(provider_schema())},
                   {"secrets", map_of(secret_schema())},
                   {"networks", map_of(network_schema())},
                   {"zones", map_of(zone_schema())},
                   {"policy", policy_schema()},
                   {"notifiers", map_of(notifier_schema())},
                   {"notify", one_or_list(ref("text"))},
                   {"reports", one_or_list(object_schema(report_fields(), true))},
                   {"services", map_of(service_schema())},
                   {"containers", map_of(ref("container"))},
                   {"ips", map_of(map_of(any_of({field_schema(address), ref("ip")})))},
                   {"dns", map_of(map_of(record_schema()))},
                   {"proxy_hosts", map_of(ref("proxy_host"))},
                   {"monitors", map_of(ref("monitor"))}};
  sections["defaults"] = {
      {"type", "object"}, {"properties", std::move(defaults)}, {"additionalProperties", false}};
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"title", "Homeostat"},
          {"description", "One YAML file of a Homeostat repository."},
          {"type", "object"},
          {"properties", std::move(sections)},
          {"patternProperties", {{"^x-", true}}},
          {"additionalProperties", false},
          {"$defs", std::move(definitions)}};
}

}  // namespace homeostat
