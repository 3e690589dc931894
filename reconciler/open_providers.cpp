#include "reconciler/open_providers.hpp"

#include <algorithm>

namespace homeostat {
namespace {

std::string as_text(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// The address that `assign: vmid` gives a container, whatever else may hold it.
std::optional<std::string> address_by_rule(const Spec& spec, const Resource& resource) {
  const auto network = spec.networks.find(resource.attributes.value("network", std::string()));
  if (network == spec.networks.end() || network->second.assign != Assign::vmid) return {};
  const auto vmid = resource.attributes.find("vmid");
  if (vmid == resource.attributes.end() || !vmid->is_number_unsigned()) {
    if (vmid == resource.attributes.end() || !vmid->is_number_integer()) return {};
  }
  const auto address = host_address(network->second.cidr, vmid->get<std::uint64_t>());
  if (!address) return {};
  return to_string(*address);
}

std::optional<std::string> known_value(const Spec& spec, const LedgerView& ledger,
                                       const TemplatePart& part) {
  if (const auto row = ledger.owned.find(part.target); row != ledger.owned.end()) {
    const auto& agreed = row->second.agreed;
    const auto found = std::ranges::lower_bound(agreed, part.field, {}, &Agreed::path);
    if (found != agreed.end() && found->path == part.field && !found->value.is_null()) {
      return as_text(found->value);
    }
  }
  const auto target = spec.desired.find(part.target);
  if (target == spec.desired.end()) return {};
  const auto value = target->second.attributes.find(part.field);
  if (part.field == "ip" && value != target->second.attributes.end() && *value == "auto") {
    return address_by_rule(spec, target->second);
  }
  const bool open = std::ranges::any_of(target->second.open, [&part](const OpenValue& candidate) {
    return candidate.pointer == "/" + part.field;
  });
  if (value == target->second.attributes.end() || open || *value == "dhcp") return {};
  return as_text(*value);
}

Result<std::string> fill(const Spec& spec, const LedgerView& ledger, const SecretValues& secrets,
                         const OpenValue& open) {
  std::string text;
  for (const TemplatePart& part : open.parts) {
    switch (part.kind) {
      case TemplatePart::Kind::literal:
        text += part.text;
        break;
      case TemplatePart::Kind::secret: {
        const auto secret = secrets.find(part.text);
        if (secret == secrets.end()) {
          return fail(ErrorKind::internal, "secret " + part.text + " was not read");
        }
        TRY_ASSIGN(const std::string value, secret->second);
        text += value;
        break;
      }
      case TemplatePart::Kind::reference: {
        const auto value = known_value(spec, ledger, part);
        if (!value) {
          return fail(ErrorKind::not_found,
                      "its settings need " + display(part.target, false, false) + "." + part.field +
                          ", which is not known yet",
                      "", source_ref(open.at, spec.files));
        }
        text += *value;
        break;
      }
    }
  }
  return text;
}

Result<std::unique_ptr<Provider>> open_one(const Spec& spec, const LedgerView& ledger,
                                           const SecretValues& secrets,
                                           const ProviderConfig& config, bool read_only) {
  const auto types = builtin_providers();
  const auto type = std::ranges::find(types, config.type, &ProviderType::name);
  if (type == types.end()) {
    return fail(ErrorKind::invalid_spec, "there is no provider type " + config.type);
  }
  Attributes settings = config.settings;
  for (const OpenValue& open : config.open) {
    TRY_ASSIGN(settings[nlohmann::json::json_pointer(open.pointer)],
               fill(spec, ledger, secrets, open));
  }
  Zones zones;
  for (const auto& [key, zone] : spec.zones) {
    if (std::ranges::find(zone.on, config.name) != zone.on.end()) zones.emplace(key, zone);
  }
  const std::string folder = spec.revision.bare ? std::string() : spec.folder;
  return type->make({.config = config,
                     .settings = settings,
                     .folder = folder,
                     .site = spec.site,
                     .zones = zones,
                     .read_only = read_only});
}

}  // namespace

std::map<std::string, const ProviderInfo*> provider_infos(const Spec& spec) {
  std::map<std::string, const ProviderInfo*> infos;
  for (const auto& [name, config] : spec.providers) {
    for (const ProviderType& type : builtin_providers()) {
      if (type.name == config.type) infos[name] = &type.info();
    }
  }
  return infos;
}

std::set<std::string> referenced_secrets(const Spec& spec) {
  std::set<std::string> names;
  const auto add = [&names](const std::vector<OpenValue>& values) {
    for (const OpenValue& open : values) {
      for (const TemplatePart& part : open.parts) {
        if (part.kind == TemplatePart::Kind::secret) names.insert(part.text);
      }
    }
  };
  for (const auto& [address, resource] : spec.desired) add(resource.open);
  for (const auto& [name, config] : spec.providers) add(config.open);
  return names;
}

Providers open_providers(const Spec& spec, const LedgerView& ledger, const SecretValues& secrets,
                         bool read_only) {
  Providers providers;
  for (const auto& [name, config] : spec.providers) {
    providers.emplace(name, open_one(spec, ledger, secrets, config, read_only));
  }
  return providers;
}

}  // namespace homeostat
