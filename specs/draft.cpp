#include "specs/draft.hpp"

#include <algorithm>

namespace homeostat {
namespace {

Error make_error(const Draft& draft, const Origin& at, std::string message, std::string hint) {
  return Error{ErrorKind::invalid_spec,
               std::move(message),
               std::move(hint),
               source_ref(at, draft.spec.files),
               {}};
}

}  // namespace

void report(Draft& draft, const Origin& at, std::string message, std::string hint) {
  draft.errors.push_back(make_error(draft, at, std::move(message), std::move(hint)));
}

void warn(Draft& draft, const Origin& at, std::string message, std::string hint) {
  draft.spec.warnings.push_back(make_error(draft, at, std::move(message), std::move(hint)));
}

std::string place(const Draft& draft, const Origin& at) {
  return to_string(source_ref(at, draft.spec.files));
}

std::string known_hint(std::string_view word, std::vector<std::string> known) {
  constexpr std::size_t shown = 8;
  if (known.empty()) return "there is none yet";
  if (std::string near = suggestion(word, known); !near.empty()) return near;
  std::sort(known.begin(), known.end());
  std::string list = "there is: ";
  for (std::size_t i = 0; i < known.size() && i < shown; ++i) {
    list += (i == 0 ? "`" : ", `") + known[i] + "`";
  }
  return known.size() > shown ? list + " and " + std::to_string(known.size() - shown) + " more"
                              : list;
}

std::string a_kind(std::string_view kind) {
  if (kind == "dns") return "a record";
  return (kind == "ip" ? "an " : "a ") + std::string(kind);
}

nlohmann::json read_scalar(Draft& draft, const FieldSchema& field, const yaml::Node& node) {
  ReadSink sink{draft.errors, draft.spec.files};
  return read_value(field, node, "", field.name, sink);
}

Attributes read_mapping(Draft& draft, std::span<const FieldSchema> fields, const yaml::Node& node,
                        std::string what, std::span<const std::string_view> skip) {
  ReadSink sink{draft.errors, draft.spec.files};
  return read_object({fields, skip, std::move(what), true}, node, "", "", sink);
}

bool check_hyphens(Draft& draft, const Origin& at, std::string_view name) {
  for (std::string_view rest = name; !rest.empty();) {
    const std::string_view label = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(label.size() + 1, rest.size()));
    if (!label.starts_with('-') && !label.ends_with('-')) continue;
    report(draft, at, "`" + std::string(label) + "` begins or ends with a hyphen",
           "a part of a name begins and ends with a letter or a digit");
    return false;
  }
  return true;
}

std::vector<const yaml::Node*> items_of(const yaml::Node& node) {
  if (node.kind == yaml::NodeKind::null) return {};
  if (node.kind != yaml::NodeKind::sequence) return {&node};
  std::vector<const yaml::Node*> items;
  for (const yaml::Node& item : node.items) items.push_back(&item);
  return items;
}

std::optional<Mode> read_mode(Draft& draft, const yaml::Node& node) {
  static const FieldSchema field{
      .name = "mode", .type = Type::choice, .choices = {"report", "enforce"}};
  const nlohmann::json value = read_scalar(draft, field, node);
  if (!value.is_string()) return std::nullopt;
  return value == "enforce" ? Mode::enforce : Mode::report;
}

std::vector<FieldOrigin> origins_of(const yaml::Node& mapping) {
  std::vector<FieldOrigin> origins;
  for (std::size_t i = 0; i + 1 < mapping.items.size(); i += 2) {
    origins.push_back({mapping.items[i].text, yaml::lines_of(mapping.items[i + 1])});
  }
  return origins;
}

Origin line_of(const Resource& resource, std::string_view path) {
  for (const FieldOrigin& origin : resource.origins) {
    if (origin.path == path && !origin.lines.empty()) return origin.lines.front();
  }
  return resource.where;
}

Origin stated_at(const Resource& resource) {
  if (resource.service.empty()) return resource.where;
  if (resource.address.kind == "dns") return line_of(resource, "values");
  if (resource.address.kind == "proxy_host") return line_of(resource, "domains");
  if (resource.address.kind == "monitor") return line_of(resource, "type");
  return resource.where;
}

}  // namespace homeostat
