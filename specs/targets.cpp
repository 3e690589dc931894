#include "specs/targets.hpp"

#include <algorithm>

namespace homeostat {
namespace {

constexpr int max_hops = 8;  // provider.a.address -> provider.b.address -> ...

std::string type_of_text(const std::string& text) {
  const Result<IpAddress> address = parse_ip(text);
  if (!address) return "CNAME";
  return address->v6 ? "AAAA" : "A";
}

std::string type_of_parts(const Draft& draft, const std::vector<TemplatePart>& parts, int hops);

std::string type_of_network(const Draft& draft, const std::string& name) {
  const auto network = draft.spec.networks.find(name);
  return network != draft.spec.networks.end() && network->second.cidr.base.v6 ? "AAAA" : "A";
}

std::string type_of_provider(const Draft& draft, const std::string& name, int hops) {
  const std::optional<Target> target = provider_target(draft, name);
  return target && hops < max_hops ? type_of_parts(draft, target->parts, hops + 1) : "A";
}

// Of that kind and name, on the provider where one is stated; nullptr where there is none.
const Resource* first_resource(const Draft& draft, const Address& wanted) {
  const Desired& desired = draft.spec.desired;
  const auto it = desired.lower_bound({draft.spec.site, wanted.kind, wanted.name, wanted.provider});
  const bool found =
      it != desired.end() && it->first.kind == wanted.kind && it->first.name == wanted.name;
  return found ? &it->second : nullptr;
}

// The field of a declared resource: its text, its network's family, or nothing known.
std::string type_of_resource(const Draft& draft, const TemplatePart& part) {
  const Resource* resource = first_resource(draft, part.target);
  if (resource == nullptr) return "A";
  const Attributes& attributes = resource->attributes;
  const auto value = attributes.find(part.field);
  if (value != attributes.end() && value->is_string()) {
    if (parse_ip(value->get<std::string>())) return type_of_text(value->get<std::string>());
  }
  if (part.field == "ip6") return "AAAA";
  const auto network = attributes.find("network");
  if (network != attributes.end() && network->is_string()) {
    return type_of_network(draft, network->get<std::string>());
  }
  return "A";
}

std::string type_of_parts(const Draft& draft, const std::vector<TemplatePart>& parts, int hops) {
  if (parts.size() != 1) return "CNAME";
  const TemplatePart& part = parts.front();
  if (part.kind == TemplatePart::Kind::literal) return type_of_text(part.text);
  if (part.kind == TemplatePart::Kind::secret) return "A";
  if (part.target.kind == "provider") return type_of_provider(draft, part.target.name, hops);
  if (part.target.kind == "network") return type_of_network(draft, part.target.name);
  return type_of_resource(draft, part);
}

const Network* network_named(const Draft& draft, const std::string& name) {
  const auto network = draft.spec.networks.find(name);
  return network == draft.spec.networks.end() ? nullptr : &network->second;
}

const Network* network_of_text(const Draft& draft, const std::string& text) {
  const Result<IpAddress> address = parse_ip(text);
  return address ? network_of(draft.spec, *address) : nullptr;
}

// Of the address itself where it is stated, else the one that its holder names.
const Network* network_of_resource(const Draft& draft, const TemplatePart& part) {
  const Resource* resource = first_resource(draft, part.target);
  if (resource == nullptr) return nullptr;
  const std::string field = part.field;
  const auto value = resource->attributes.find(field);
  if (value != resource->attributes.end() && value->is_string()) {
    const auto& text = value->get_ref<const std::string&>();
    if (parse_ip(text)) return network_of_text(draft, text);
  }
  if (part.target.kind == "ip") {
    return network_named(draft, name_components(part.target.name).front());
  }
  const auto network = resource->attributes.find("network");
  if (field != "ip" || network == resource->attributes.end() || !network->is_string()) {
    return nullptr;
  }
  return network_named(draft, network->get<std::string>());
}

bool is_known(const std::vector<TemplatePart>& parts) {
  return parts.size() == 1 && parts.front().kind == TemplatePart::Kind::literal;
}

}  // namespace

Target literal_target(std::string text, std::vector<Origin> lines) {
  Target target;
  target.parts.emplace_back();
  target.parts.back().text = std::move(text);
  if (!lines.empty()) target.at = lines.front();
  target.lines = std::move(lines);
  return target;
}

Target reference_target(const Address& address, FieldPath field, std::vector<Origin> lines) {
  Target target;
  TemplatePart& part = target.parts.emplace_back();
  part.kind = TemplatePart::Kind::reference;
  part.target = address;
  part.field = std::move(field);
  if (!lines.empty()) target.at = lines.front();
  target.lines = std::move(lines);
  return target;
}

std::string target_text(const std::vector<TemplatePart>& parts) {
  std::string text;
  for (const TemplatePart& part : parts) {
    if (part.kind == TemplatePart::Kind::literal) {
      text += part.text;
    } else if (part.kind == TemplatePart::Kind::secret) {
      text += "${secret." + part.text + "}";
    } else {
      text += "${" + part.target.kind + "." + part.target.name + "." + part.field + "}";
    }
  }
  return text;
}

std::string record_type_of(const Draft& draft, const std::vector<TemplatePart>& parts) {
  return type_of_parts(draft, parts, 0);
}

const Network* network_of_parts(const Draft& draft, const std::vector<TemplatePart>& parts) {
  std::vector<TemplatePart> now = parts;
  for (int hops = 0; hops < max_hops && now.size() == 1; ++hops) {
    const TemplatePart part = now.front();
    if (part.kind == TemplatePart::Kind::literal) return network_of_text(draft, part.text);
    if (part.kind == TemplatePart::Kind::secret) return nullptr;
    if (part.target.kind == "network") return network_named(draft, part.target.name);
    if (part.target.kind != "provider") return network_of_resource(draft, part);
    const std::optional<Target> target = provider_target(draft, part.target.name);
    if (!target) return nullptr;
    now = target->parts;
  }
  return nullptr;
}

std::optional<Target> provider_target(const Draft& draft, const std::string& provider) {
  const auto config = draft.spec.providers.find(provider);
  if (config == draft.spec.providers.end()) return std::nullopt;
  for (const OpenValue& open : config->second.open) {
    if (open.pointer == "/address") return Target{open.parts, open.at, {open.at}};
  }
  const auto address = config->second.settings.find("address");
  if (address == config->second.settings.end() || !address->is_string()) return std::nullopt;
  return literal_target(address->get<std::string>(),
                        lines_saying(config->second.origins, {"address"}));
}

void set_target(Fields& fields, const std::string& field, const Target& target) {
  fields.values[field] = target_text(target.parts);
  if (!is_known(target.parts)) {
    fields.open.push_back({"/" + field, target.parts, target.at});
  }
  fields.origins.push_back({field, target.lines});
}

void set_values(Fields& fields, std::vector<Target> values) {
  FieldOrigin origin{"values", {}};
  std::vector<std::pair<std::string, Target>> sorted;
  sorted.reserve(values.size());
  for (Target& value : values) {
    add_lines(origin.lines, value.lines);
    std::string text =
        is_known(value.parts) ? std::move(value.parts.front().text) : target_text(value.parts);
    sorted.emplace_back(std::move(text), std::move(value));
  }
  if (sorted.size() > 1) {
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
  }
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  sorted.erase(std::unique(sorted.begin(), sorted.end(), same), sorted.end());
  Attributes list = Attributes::array();
  for (auto& [text, value] : sorted) {
    if (!is_known(value.parts)) {
      const std::string pointer = "/values/" + std::to_string(list.size());
      fields.open.push_back({pointer, std::move(value.parts), value.at});
    }
    list.push_back(std::move(text));
  }
  fields.values["values"] = std::move(list);
  fields.origins.push_back(std::move(origin));
}

Fields zone_ttl(const Zone& zone) {
  Fields fields;
  if (zone.ttl.empty()) return fields;
  fields.values["ttl"] = zone.ttl;
  fields.origins.push_back({"ttl", lines_saying(zone.origins, {"ttl"})});
  return fields;
}

void add_lines(std::vector<Origin>& lines, const std::vector<Origin>& more) {
  for (const Origin& line : more) {
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
}

}  // namespace homeostat
