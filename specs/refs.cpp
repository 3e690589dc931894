// References: `${container.x.ip}` finds its resource, `${provider.x.address}` and
// `${network.x.gateway}` are filled in, `depends_on` gets full addresses.
#include <algorithm>

#include "specs/kinds/kinds.hpp"
#include "specs/targets.hpp"

namespace homeostat {
namespace {

constexpr int max_hops = 8;               // provider.a.address -> provider.b.address -> ...
constexpr std::size_t many_errors = 100;  // beyond them nobody reads suggestions, and they cost

struct Link {
  Draft& draft;
  Origin at;
  bool failed = false;
};

void wrong(Link& link, const TemplatePart& part, const std::string& message,
           const std::string& hint) {
  link.failed = true;
  report(link.draft, link.at, "`" + target_text({part}) + "`: " + message, hint);
}

std::vector<std::string> names_of_kind(const Draft& draft, const std::string& kind) {
  std::vector<std::string> names;
  for (auto it = draft.spec.desired.lower_bound({draft.spec.site, kind, "", ""});
       it != draft.spec.desired.end() && it->first.kind == kind; ++it) {
    if (names.empty() || names.back() != it->first.name) names.push_back(it->first.name);
  }
  return names;
}

// The one resource of that kind and name; null, and what is wrong, where it is not there or not
// one. No message where that was said before.
const Resource* find_one(Draft& draft, const Address& wanted, std::string& message,
                         std::string& hint) {
  std::vector<Resource*> found = find_resources(draft, wanted.kind, wanted.name);
  if (!wanted.provider.empty()) {
    std::erase_if(found,
                  [&](const Resource* each) { return each->address.provider != wanted.provider; });
  }
  if (found.size() == 1) return found.front();
  const std::string name = "`" + wanted.name + "`";
  if (found.empty()) {
    message.clear();
    if (draft.partial || draft.broken.contains(wanted.kind + "/" + wanted.name)) return nullptr;
    message = "there is no " + wanted.kind + " " + name +
              (wanted.provider.empty() ? "" : " on `" + wanted.provider + "`");
    if (draft.errors.size() < many_errors) {
      hint = known_hint(wanted.name, names_of_kind(draft, wanted.kind));
    }
    return nullptr;
  }
  message = wanted.kind + " " + name + " is on more than one provider";
  hint = "say which: `" + wanted.name + "@" + found.front()->address.provider + "`";
  return nullptr;
}

const ProviderKindSchema* schema_of(const Draft& draft, const Address& address) {
  return managed(draft, address.provider, address.kind);
}

void link_resource(Link& link, TemplatePart& part) {
  Draft& draft = link.draft;
  std::string message;
  std::string hint;
  const Resource* target = find_one(draft, part.target, message, hint);
  if (target == nullptr) {
    link.failed = true;
    if (!message.empty()) wrong(link, part, message, hint);
    return;
  }
  const KindSchema& kind = *find_kind(part.target.kind);
  if (field_at(kind, schema_of(draft, target->address), part.field) == nullptr) {
    std::vector<std::string> fields;
    for (const FieldSchema& field : kind.fields) fields.push_back(field.name);
    return wrong(link, part, a_kind(kind.name) + " has no field `" + part.field + "`",
                 known_hint(part.field, fields));
  }
  part.target = target->address;
}

void link_network(Link& link, const TemplatePart& part, std::vector<TemplatePart>& out) {
  Draft& draft = link.draft;
  const auto it = draft.spec.networks.find(part.target.name);
  if (it == draft.spec.networks.end()) {
    link.failed = true;
    if (!draft.partial && !draft.sections.of("networks").contains(part.target.name)) {
      wrong(link, part, "there is no network `" + part.target.name + "`",
            known_hint(part.target.name, keys_of(draft.spec.networks)));
    }
    return;
  }
  const Network& network = it->second;
  std::string text;
  if (part.field == "cidr") text = to_string(network.cidr);
  if (part.field == "gateway" && network.gateway) text = to_string(*network.gateway);
  if (part.field == "bridge") text = network.bridge;
  if (part.field == "vlan" && network.vlan != 0) text = std::to_string(network.vlan);
  if (text.empty()) {
    return wrong(link, part, "network `" + network.key + "` states no `" + part.field + "`",
                 "a network has cidr, gateway, bridge and vlan");
  }
  TemplatePart literal;
  literal.text = std::move(text);
  out.push_back(std::move(literal));
}

std::vector<TemplatePart> link_parts(Link& link, const std::vector<TemplatePart>& parts, int hops);

void link_provider(Link& link, const TemplatePart& part, std::vector<TemplatePart>& out, int hops) {
  Draft& draft = link.draft;
  const auto it = draft.spec.providers.find(part.target.name);
  if (it == draft.spec.providers.end()) {
    link.failed = true;
    if (!draft.partial && !draft.sections.of("providers").contains(part.target.name)) {
      wrong(link, part, "there is no provider `" + part.target.name + "`",
            known_hint(part.target.name, keys_of(draft.spec.providers)));
    }
    return;
  }
  if (part.field != "address") {
    return wrong(link, part, "only the `address` of a provider can be referred to",
                 "write `${provider." + part.target.name + ".address}`");
  }
  const std::optional<Target> address = provider_target(draft, part.target.name);
  if (!address) {
    return wrong(link, part, "provider `" + part.target.name + "` has no `address`",
                 "add `address:` to it (" + place(draft, it->second.where) + ")");
  }
  if (hops >= max_hops) {
    return wrong(link, part, "addresses of providers refer to each other in a circle",
                 "state one of them");
  }
  for (TemplatePart& each : link_parts(link, address->parts, hops + 1)) {
    out.push_back(std::move(each));
  }
}

std::vector<TemplatePart> link_parts(Link& link, const std::vector<TemplatePart>& parts, int hops) {
  Draft& draft = link.draft;
  std::vector<TemplatePart> out;
  for (const TemplatePart& part : parts) {
    if (part.kind == TemplatePart::Kind::literal) {
      out.push_back(part);
    } else if (part.kind == TemplatePart::Kind::secret) {
      draft.used_secrets.insert(part.text);
      if (!draft.sections.of("secrets").contains(part.text) && !draft.partial) {
        wrong(link, part, "there is no secret `" + part.text + "`",
              known_hint(part.text, keys_of(draft.spec.secrets)));
      }
      out.push_back(part);
    } else if (part.target.kind == "provider") {
      link_provider(link, part, out, hops);
    } else if (part.target.kind == "network") {
      link_network(link, part, out);
    } else if (find_kind(part.target.kind) != nullptr) {
      out.push_back(part);
      link_resource(link, out.back());
    } else {
      std::vector<std::string> known = {"provider", "network", "secret"};
      for (const KindSchema& kind : kinds()) known.push_back(kind.name);
      wrong(link, part, "`" + part.target.kind + "` is nothing to refer to",
            known_hint(part.target.kind, known));
    }
  }
  // Neighbouring literals are one part, so that what is known all through is exactly one.
  std::vector<TemplatePart> joined;
  for (TemplatePart& part : out) {
    if (!joined.empty() && part.kind == TemplatePart::Kind::literal &&
        joined.back().kind == TemplatePart::Kind::literal) {
      joined.back().text += part.text;
    } else {
      joined.push_back(std::move(part));
    }
  }
  return joined;
}

// The schema of what a JSON pointer names; nullptr where there is none.
const FieldSchema* schema_at(std::span<const FieldSchema> fields, std::string_view pointer) {
  const FieldSchema* field = nullptr;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view step = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(step.size());
    if (field != nullptr && field->type != Type::object) {
      field = field->fields.empty() ? nullptr : &field->fields.front();
    } else {
      const std::span<const FieldSchema> here = field == nullptr ? fields : field->fields;
      field = nullptr;
      for (const FieldSchema& each : here) {
        if (each.name == step) field = &each;
      }
    }
    if (field == nullptr) return nullptr;
  }
  return field;
}

using SchemaAt = std::function<const FieldSchema*(std::string_view)>;

// Canonical order of a set that a value was filled into, once all of it is known.
void sort_filled_set(Attributes& values, const std::vector<OpenValue>& open,
                     const std::string& pointer, const SchemaAt& schema) {
  const std::string parent = pointer.substr(0, pointer.rfind('/'));
  const FieldSchema* field = parent.empty() ? nullptr : schema(parent);
  if (field == nullptr || field->type != Type::list || !field->set) return;
  for (const OpenValue& other : open) {
    if (other.pointer.starts_with(parent + "/")) return;
  }
  nlohmann::json& list = values[nlohmann::json::json_pointer(parent)];
  if (Result<nlohmann::json> sorted = canonical_value(*field, list)) list = std::move(*sorted);
}

// Links the parts of `open`; what is known then goes into `values` in canonical form.
void link_values(Draft& draft, Attributes& values, std::vector<OpenValue>& open,
                 const SchemaAt& schema) {
  std::vector<std::string> filled;
  std::erase_if(open, [&](OpenValue& value) {
    Link link{draft, value.at};
    std::vector<TemplatePart> parts = link_parts(link, value.parts, 0);
    if (link.failed) return true;
    value.parts = std::move(parts);
    if (value.parts.size() != 1 || value.parts.front().kind != TemplatePart::Kind::literal) {
      return false;
    }
    const FieldSchema* field = schema(value.pointer);
    if (field == nullptr) return false;
    Result<nlohmann::json> canonical = canonical_scalar(*field, value.parts.front().text);
    if (canonical) {
      values[nlohmann::json::json_pointer(value.pointer)] = std::move(*canonical);
      filled.push_back(value.pointer);
    } else {
      report(draft, value.at, "`" + field->name + "`: " + canonical.error().message,
             canonical.error().hint);
    }
    return true;
  });
  for (const std::string& pointer : filled) sort_filled_set(values, open, pointer, schema);
}

void link_settings(Draft& draft) {
  for (auto& [name, config] : draft.spec.providers) {
    const ProviderSchema& type = *find_type(draft, config.type);
    static const FieldSchema address{.name = "address"};
    link_values(draft, config.settings, config.open, [&](std::string_view pointer) {
      return pointer == "/address" ? &address : schema_at(type.settings, pointer);
    });
  }
  for (auto& [name, config] : draft.spec.notifiers) {
    const NotifierSchema& type = *find_notifier_type(draft, config.type);
    link_values(draft, config.settings, config.open,
                [&](std::string_view pointer) { return schema_at(type.settings, pointer); });
  }
}

void link_resource_values(Draft& draft, Resource& resource) {
  if (resource.open.empty()) return;
  const KindSchema& kind = *find_kind(resource.address.kind);
  const ProviderKindSchema* extra = schema_of(draft, resource.address);
  const bool record = kind.name == "dns";
  FieldSchema values;
  if (record) {
    const std::vector<std::string> parts = name_components(resource.address.name);
    values = record_values(parts.back(), draft.spec.zones.at(parts.front()).zone);
  }
  link_values(draft, resource.attributes, resource.open,
              [&](std::string_view pointer) -> const FieldSchema* {
                if (record && pointer.starts_with("/values/")) return &values.fields.front();
                if (pointer.starts_with("/extra/") && extra != nullptr) {
                  return schema_at(extra->extra, pointer.substr(6));
                }
                return schema_at(kind.fields, pointer);
              });
}

// "db" -> "`container/db`", where that is declared.
std::string address_of_key(Draft& draft, const std::string& key) {
  for (const KindSchema& kind : kinds()) {
    if (!find_resources(draft, kind.name, key).empty()) return "`" + kind.name + "/" + key + "`";
  }
  return "`container/db`";
}

void link_depends_on(Draft& draft) {
  for (const PendingEdge& edge : draft.edges) {
    const Result<Address> wanted = parse_address(edge.to.text);
    if (!wanted) {
      report(draft, edge.to.at, "`depends_on`: " + wanted.error().message,
             "write an address: " + address_of_key(draft, edge.to.text));
      continue;
    }
    std::string message;
    std::string hint;
    if (find_kind(wanted->kind) == nullptr) {
      report(draft, edge.to.at, "`depends_on` names `" + edge.to.text + "`, which is no address",
             "write an address: container/db");
      continue;
    }
    const Resource* target = find_one(draft, *wanted, message, hint);
    if (target == nullptr) {
      if (!message.empty()) report(draft, edge.to.at, "`depends_on`: " + message, hint);
      continue;
    }
    std::vector<Address>& edges = draft.spec.desired.at(edge.from).depends_on;
    if (std::find(edges.begin(), edges.end(), target->address) == edges.end()) {
      edges.push_back(target->address);
    }
  }
  for (const PendingEdge& edge : draft.edges) {
    std::vector<Address>& edges = draft.spec.desired.at(edge.from).depends_on;
    std::sort(edges.begin(), edges.end());
  }
}

void link_self(Draft& draft) {
  const yaml::Node* node = draft.sections.self.value;
  if (node == nullptr) return;
  const Result<Address> wanted = parse_address(node->text);
  std::string message = "`self` names Homeostat's own container";
  std::string hint = "write `self: container/NAME`";
  if (wanted && wanted->kind == "container") {
    if (const Resource* own = find_one(draft, *wanted, message, hint)) {
      draft.spec.self = own->address;
      return;
    }
    if (message.empty()) return;
    message = "`self`: " + message;
  }
  report(draft, node->at, message, hint);
}

}  // namespace

void link_references(Draft& draft) {
  link_self(draft);
  link_depends_on(draft);
  link_settings(draft);
  for (auto& [address, resource] : draft.spec.desired) link_resource_values(draft, resource);
  for (const auto& [name, secret] : draft.spec.secrets) {
    if (draft.used_secrets.contains(name) || draft.partial) continue;
    warn(draft, secret.where, "secret `" + name + "` is used nowhere", "remove it, or use it");
  }
}

}  // namespace homeostat
