#include "reconciler/connections.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>

#include "providers/core/provider.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

// Points at a name or an address for others: it decides nothing about the connection.
constexpr std::string_view not_of_it = "/address";

std::string escaped(std::string_view literal) {
  std::string out;
  for (std::size_t i = 0; i < literal.size(); ++i) {
    if (literal.substr(i).starts_with("${")) out += '$';
    out += literal[i];
  }
  return out;
}

// As one would write it, with full addresses.
std::string written(const std::vector<TemplatePart>& parts) {
  std::string text;
  for (const TemplatePart& part : parts) {
    switch (part.kind) {
      case TemplatePart::Kind::literal:
        text += escaped(part.text);
        break;
      case TemplatePart::Kind::secret:
        text += "${secret." + part.text + "}";
        break;
      case TemplatePart::Kind::reference:
        text += fmt::format("${{{}.{}@{}.{}}}", part.target.kind, part.target.name,
                            part.target.provider, part.field);
        break;
    }
  }
  return text;
}

// Every text in `value`, with its JSON pointer.
void each_text(json& value, const std::string& pointer,
               const std::function<void(json&, const std::string&)>& visit) {
  if (value.is_string()) return visit(value, pointer);
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      each_text(value[i], pointer + "/" + std::to_string(i), visit);
    }
  }
  if (!value.is_object()) return;
  for (auto& [key, item] : value.items()) {
    each_text(item, (json::json_pointer(pointer) / key).to_string(), visit);
  }
}

json source_text(const SecretSource& source) {
  switch (source.kind) {
    case SecretSource::Kind::file:
      return {{"file", source.words.empty() ? "" : source.words.front()}};
    case SecretSource::Kind::env:
      return {{"env", source.words.empty() ? "" : source.words.front()}};
    case SecretSource::Kind::command:
      break;
  }
  return {{"command", source.words}};
}

// By secret, the resources that it is written to.
std::map<std::string, std::set<std::string>> secrets_in_resources(const Spec& spec) {
  std::map<std::string, std::set<std::string>> uses;
  for (const auto& [address, resource] : spec.desired) {
    for (const OpenValue& open : resource.open) {
      for (const TemplatePart& part : open.parts) {
        if (part.kind == TemplatePart::Kind::secret) uses[part.text].insert(use_of(address));
      }
    }
  }
  return uses;
}

// Links are followed: what counts is where the bytes lie.
bool lies_inside(const std::string& folder, const std::string& path) {
  std::error_code code;
  const auto top = std::filesystem::weakly_canonical(folder, code);
  if (code) return false;
  const auto place = std::filesystem::weakly_canonical(std::filesystem::path(folder) / path, code);
  if (code) return false;
  const auto [in_top, in_place] = std::mismatch(top.begin(), top.end(), place.begin(), place.end());
  return in_top == top.end();
}

// A bare repository has no folder but git's own, and nothing of that is anybody's live state: what
// lies there is trusted like what lies elsewhere, and a relative path leads nowhere.
bool needs_trust(const ProviderConfig& config, const Spec& spec) {
  const bool open = std::ranges::any_of(
      config.open, [](const OpenValue& value) { return value.pointer != not_of_it; });
  if (open) return true;
  const auto types = builtin_providers();
  const auto type = std::ranges::find(types, config.type, &ProviderType::name);
  if (type == types.end() || type->info().folder_setting.empty()) return true;
  const auto path = config.settings.find(type->info().folder_setting);
  if (path == config.settings.end() || !path->is_string()) return true;
  const auto& place = path->get_ref<const std::string&>();
  return spec.revision.bare ? place.starts_with('/') : !lies_inside(spec.folder, place);
}

std::string as_text(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// The address that `assign: vmid` gives a container, whatever else may hold it.
std::optional<std::string> address_by_rule(const Spec& spec, const Resource& resource) {
  const auto network = spec.networks.find(resource.attributes.value("network", std::string()));
  if (network == spec.networks.end() || network->second.assign != Assign::vmid) return {};
  const auto vmid = resource.attributes.find("vmid");
  if (vmid == resource.attributes.end() || !vmid->is_number_integer()) return {};
  const auto address = host_address(network->second.cidr, vmid->get<std::uint64_t>());
  if (!address) return {};
  return to_string(*address);
}

json written_settings(const std::string& type, json text, const std::vector<OpenValue>& open) {
  each_text(text, "", [&open](json& value, const std::string& pointer) {
    const auto found = std::ranges::find(open, pointer, &OpenValue::pointer);
    value = found == open.end() ? escaped(value.get<std::string>()) : written(found->parts);
  });
  text["type"] = type;
  return text;
}

// What a text of a connection says, for the entry that it belongs to.
struct Settings {
  Attributes values;
  std::vector<OpenValue> open;  // sorted by pointer
};
Result<Settings> settings_in(const json& text, const std::string& type, const std::string& site,
                             const Origin& where) {
  if (!text.is_object() || text.value("type", json()) != type) {
    return fail(ErrorKind::internal, "it is of another type than the trusted one");
  }
  Settings settings{text, {}};
  settings.values.erase("type");
  Status status;
  each_text(settings.values, "", [&](json& value, const std::string& pointer) {
    auto parts = parse_template(value.get<std::string>());
    if (!parts) {
      status = tl::unexpected(parts.error());
      return;
    }
    if (parts->empty()) return;
    if (parts->size() == 1 && parts->front().kind == TemplatePart::Kind::literal) {
      value = parts->front().text;
      return;
    }
    for (TemplatePart& part : *parts) {
      if (part.kind == TemplatePart::Kind::reference) part.target.site = site;
    }
    settings.open.push_back({pointer, std::move(*parts), where});
  });
  TRY(status);
  std::ranges::sort(settings.open, {}, &OpenValue::pointer);
  return settings;
}

// The open values of an entry; nullptr of a secret, which has none.
const std::vector<OpenValue>* open_values_of(const Spec& spec, const std::string& connection) {
  const auto find = [&connection](const auto& entries, const std::string& prefix) {
    if (!connection.starts_with(prefix)) return entries.end();
    return entries.find(connection.substr(prefix.size()));
  };
  if (const auto provider = find(spec.providers, provider_connection(""));
      provider != spec.providers.end()) {
    return &provider->second.open;
  }
  const auto notifier = find(spec.notifiers, notifier_connection(""));
  return notifier == spec.notifiers.end() ? nullptr : &notifier->second.open;
}

}  // namespace

std::string use_of(const Address& address) { return display(address, true, false); }

std::string provider_connection(const std::string& instance) { return "provider/" + instance; }
std::string secret_connection(const std::string& secret) { return "secret/" + secret; }
std::string notifier_connection(const std::string& notifier) { return "notifier/" + notifier; }

std::string hash_of(const json& text) {
  const std::string bytes = text.dump(-1, ' ', false, json::error_handler_t::replace);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned int length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr);
  std::string hash = "sha256:";
  for (unsigned int i = 0; i < length; ++i) hash += fmt::format("{:02x}", digest.at(i));
  return hash;
}

json text_of(const ProviderConfig& config) {
  json text = written_settings(config.type, config.settings, config.open);
  text.erase("address");
  return text;
}

json text_of(const NotifierConfig& config) {
  return written_settings(config.type, config.settings, config.open);
}

std::vector<Connection> connections_of(const Spec& spec) {
  std::vector<Connection> found;
  for (const auto& [name, config] : spec.providers) {
    if (!needs_trust(config, spec)) continue;
    found.push_back({provider_connection(name), text_of(config), {}, config.where});
  }
  const auto in_resources = secrets_in_resources(spec);
  for (const auto& [name, source] : spec.secrets) {
    json text = source_text(source);
    if (const auto uses = in_resources.find(name); uses != in_resources.end()) {
      text[goes_into_resources] = uses->second;
    }
    found.push_back({secret_connection(name), std::move(text), {}, source.where});
  }
  for (const auto& [name, config] : spec.notifiers) {
    found.push_back({notifier_connection(name), text_of(config), {}, config.where});
  }
  for (Connection& connection : found) connection.hash = hash_of(connection.text);
  return found;
}

Status use_text(ProviderConfig& config, const json& text, const std::string& site) {
  TRY_ASSIGN(Settings settings, settings_in(text, config.type, site, config.where));
  if (const auto address = config.settings.find("address"); address != config.settings.end()) {
    settings.values["address"] = *address;
  }
  for (OpenValue& value : config.open) {
    if (value.pointer == not_of_it) settings.open.push_back(std::move(value));
  }
  std::ranges::sort(settings.open, {}, &OpenValue::pointer);
  config.settings = std::move(settings.values);
  config.open = std::move(settings.open);
  return {};
}

Status use_text(NotifierConfig& config, const json& text, const std::string& site) {
  TRY_ASSIGN(Settings settings, settings_in(text, config.type, site, config.where));
  config.settings = std::move(settings.values);
  config.open = std::move(settings.open);
  return {};
}

Status use_text(SecretSource& source, const json& whole) {
  json text = whole;
  if (text.is_object()) text.erase(goes_into_resources);
  if (text.is_object() && text.size() == 1) {
    const std::string key = text.begin().key();
    const json& words = text.begin().value();
    if (words.is_string() && (key == "file" || key == "env")) {
      source.kind = key == "file" ? SecretSource::Kind::file : SecretSource::Kind::env;
      source.words = {words.get<std::string>()};
      return {};
    }
    const bool texts =
        words.is_array() && !words.empty() &&
        std::all_of(words.begin(), words.end(), [](const json& word) { return word.is_string(); });
    if (key == "command" && texts) {
      source.kind = SecretSource::Kind::command;
      source.words = words.get<std::vector<std::string>>();
      return {};
    }
  }
  return fail(ErrorKind::internal, "what was trusted is no source of a secret");
}

std::optional<std::string> known_value(const Spec& spec, const LedgerView& ledger,
                                       const TemplatePart& part, bool desired) {
  if (const auto row = ledger.owned.find(part.target); row != ledger.owned.end()) {
    const auto& agreed = row->second.agreed;
    const auto found = std::ranges::lower_bound(agreed, part.field, {}, &Agreed::path);
    if (found != agreed.end() && found->path == part.field && !found->value.is_null()) {
      return as_text(found->value);
    }
  }
  const auto target = spec.desired.find(part.target);
  if (!desired || target == spec.desired.end()) return {};
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

json resolved_settings(const Spec& spec, const LedgerView& ledger, const std::string& connection) {
  json resolved = json::object();
  const std::vector<OpenValue>* values = open_values_of(spec, connection);
  if (values == nullptr) return resolved;
  for (const OpenValue& open : *values) {
    std::vector<TemplatePart> parts = open.parts;
    bool refers = false;
    bool known = true;
    for (TemplatePart& part : parts) {
      if (part.kind != TemplatePart::Kind::reference) continue;
      refers = true;
      const auto value = known_value(spec, ledger, part, true);
      known = known && value.has_value();
      part.kind = TemplatePart::Kind::literal;
      part.text = value.value_or(std::string());
    }
    if (!refers || open.pointer == not_of_it) continue;
    resolved[open.pointer] = known ? json(written(parts)) : json();
  }
  return resolved;
}

}  // namespace homeostat
