#include "reconciler/open_providers.hpp"

#include <algorithm>

#include "reconciler/scrub.hpp"
#include "reconciler/secrets.hpp"

namespace homeostat {
namespace {

Result<std::string> fill_parts(const OpenInput& input, const std::vector<TemplatePart>& parts,
                               const Origin& at, bool desired) {
  std::string text;
  for (const TemplatePart& part : parts) {
    switch (part.kind) {
      case TemplatePart::Kind::literal:
        text += part.text;
        break;
      case TemplatePart::Kind::secret: {
        const auto secret = input.secrets.find(part.text);
        if (secret == input.secrets.end()) {
          return fail(ErrorKind::internal, "secret " + part.text + " was not read");
        }
        TRY_ASSIGN(const std::string value, secret->second);
        text += value;
        break;
      }
      case TemplatePart::Kind::reference: {
        const auto value = known_value(input.spec, input.ledger, part, desired);
        if (!value) {
          return fail(ErrorKind::not_found,
                      "its settings need " + display(part.target, false, false) + "." + part.field +
                          ", which is not known yet",
                      desired ? "" : "homeostat trust records what it is",
                      source_ref(at, input.spec.files));
        }
        text += *value;
        break;
      }
    }
  }
  return text;
}

Result<std::string> fill(const OpenInput& input, const std::string& connection,
                         const OpenValue& open) {
  const auto trusted = input.verdict.resolved.find(connection);
  if (trusted == input.verdict.resolved.end() || open.pointer == "/address") {
    return fill_parts(input, open.parts, open.at, true);
  }
  const bool seen = std::ranges::all_of(open.parts, [&input](const TemplatePart& part) {
    return part.kind != TemplatePart::Kind::reference ||
           known_value(input.spec, input.ledger, part, false);
  });
  const auto then = trusted->second.find(open.pointer);
  if (seen || then == trusted->second.end() || !then->is_string()) {
    return fill_parts(input, open.parts, open.at, false);
  }
  TRY_ASSIGN(const auto parts, parse_template(then->get<std::string>()));
  return fill_parts(input, parts, open.at, false);
}

// The settings of an entry with nothing open in them; an error where it is refused.
Result<Attributes> filled(const OpenInput& input, const std::string& connection,
                          Attributes settings, const std::vector<OpenValue>& values) {
  const auto refused = input.verdict.refused.find(connection);
  if (refused != input.verdict.refused.end()) return tl::unexpected(refused->second);
  for (const OpenValue& open : values) {
    TRY_ASSIGN(settings[nlohmann::json::json_pointer(open.pointer)], fill(input, connection, open));
  }
  return settings;
}

Result<std::unique_ptr<Provider>> open_one(const OpenInput& input, const ProviderConfig& config) {
  const auto types = builtin_providers();
  const auto type = std::ranges::find(types, config.type, &ProviderType::name);
  if (type == types.end()) {
    return fail(ErrorKind::invalid_spec, "there is no provider type " + config.type);
  }
  TRY_ASSIGN(const Attributes settings,
             filled(input, provider_connection(config.name), config.settings, config.open));
  Zones zones;
  for (const auto& [key, zone] : input.spec.zones) {
    if (std::ranges::find(zone.on, config.name) != zone.on.end()) zones.emplace(key, zone);
  }
  const std::string folder = input.spec.revision.bare ? std::string() : input.spec.folder;
  return type->make({.config = config,
                     .settings = settings,
                     .folder = folder,
                     .site = input.spec.site,
                     .zones = zones,
                     .read_only = input.read_only,
                     .timing = input.timing});
}

void add_secrets(const std::vector<OpenValue>& values, std::set<std::string>& names) {
  for (const OpenValue& open : values) {
    for (const TemplatePart& part : open.parts) {
      if (part.kind == TemplatePart::Kind::secret) names.insert(part.text);
    }
  }
}

// Of a refused one, why.
SecretValues read_trusted(const Spec& spec, const Verdict& verdict, std::set<std::string> names,
                          const std::stop_token& stop) {
  SecretValues refused;
  std::erase_if(names, [&](const std::string& name) {
    const auto found = verdict.refused.find(secret_connection(name));
    if (found == verdict.refused.end()) return false;
    Error why = found->second;
    why.message = "secret " + name + ": " + why.message;
    refused.emplace(name, tl::unexpected(std::move(why)));
    return true;
  });
  SecretValues values = load_secrets(spec, names, stop);
  values.merge(refused);
  return values;
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

SecretValues read_secrets(const Spec& spec, const Verdict& verdict, bool settings,
                          const std::stop_token& stop) {
  std::set<std::string> names;
  const auto takes_effect = [&verdict](const std::string& instance) {
    return !verdict.refused.contains(provider_connection(instance));
  };
  for (const auto& [address, resource] : spec.desired) {
    if (takes_effect(address.provider)) add_secrets(resource.open, names);
  }
  for (const auto& [name, config] : spec.providers) {
    if (settings && takes_effect(name)) add_secrets(config.open, names);
  }
  return read_trusted(spec, verdict, std::move(names), stop);
}

SecretValues read_notifier_secrets(const Spec& spec, const Verdict& verdict,
                                   const std::stop_token& stop) {
  std::set<std::string> names;
  for (const auto& [name, config] : spec.notifiers) {
    if (!verdict.refused.contains(notifier_connection(name))) add_secrets(config.open, names);
  }
  return read_trusted(spec, verdict, std::move(names), stop);
}

Result<Attributes> notifier_settings(const OpenInput& input, const NotifierConfig& config) {
  return filled(input, notifier_connection(config.name), config.settings, config.open);
}

bool needs_memory(const Spec& spec) {
  return std::ranges::any_of(spec.providers, [](const auto& entry) {
    return std::ranges::any_of(entry.second.open, [](const OpenValue& open) {
      return std::ranges::find(open.parts, TemplatePart::Kind::reference, &TemplatePart::kind) !=
             open.parts.end();
    });
  });
}

Providers open_providers(const OpenInput& input) {
  Providers providers;
  const auto scrubber = std::make_shared<const Scrubber>(scrubber_of(input.secrets));
  for (const auto& [name, config] : input.spec.providers) {
    auto opened = open_one(input, config);
    if (opened) {
      opened = scrubbed(std::move(*opened), scrubber);
    } else {
      opened.error() = scrubber->clean(opened.error());
    }
    providers.emplace(name, std::move(opened));
  }
  return providers;
}

std::map<std::string, std::string> traffic(const Providers& providers) {
  std::map<std::string, std::string> lines;
  for (const auto& [name, provider] : providers) {
    std::string line = provider ? (*provider)->traffic() : std::string();
    if (!line.empty()) lines.emplace(name, std::move(line));
  }
  return lines;
}

void add_calls(const Providers& providers, std::map<std::string, CallCounts>& sum) {
  for (const auto& [name, provider] : providers) {
    const auto calls = provider ? (*provider)->calls() : std::nullopt;
    if (calls) sum[name] += *calls;
  }
}

}  // namespace homeostat
