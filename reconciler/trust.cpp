#include "reconciler/trust.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reconciler/places.hpp"
#include "reconciler/private_file.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

constexpr std::size_t max_bytes = 16U << 20U;
constexpr int version = 1;

Error damaged(const std::string& path) {
  return {ErrorKind::internal,
          fmt::format("the record of trust {} is damaged", path),
          "restore it, or remove it and say again what you trust: homeostat trust",
          {},
          {}};
}

std::optional<TrustRecord> record_of(const json& value) {
  if (!value.is_object() || !value.contains("text")) return {};
  TrustRecord record;
  record.text = value.at("text");
  record.resolved = value.value("resolved", json::object());
  const json hash = value.value("hash", json());
  const json at = value.value("at", json());
  if (!hash.is_string() || !at.is_number_integer() || !record.resolved.is_object()) return {};
  record.hash = hash.get<std::string>();
  record.at = Time(std::chrono::seconds(at.get<std::int64_t>()));
  if (hash_of(record.text) != record.hash) return {};
  return record;
}

// `record` null: it was never trusted here.
std::string why_not_trusted(const std::string& site, const Connection& connection,
                            const TrustRecord* record, const MachineRules& rules) {
  if (std::string why = refusal(site, connection, rules); !why.empty()) return why;
  if (rules.pin_of(site, connection.name) != nullptr) return {};  // refusal() has compared them
  if (record != nullptr && covers(*record, connection)) return {};
  return "not trusted on this machine: homeostat trust";
}

// Puts the trusted text in the place of what the revision says.
Status go_back(Spec& spec, const std::string& name, const TrustRecord& record) {
  if (name.starts_with(provider_connection(""))) {
    const std::string instance = name.substr(provider_connection("").size());
    return use_text(spec.providers.at(instance), record.text, spec.site);
  }
  if (name.starts_with(notifier_connection(""))) {
    const std::string notifier = name.substr(notifier_connection("").size());
    return use_text(spec.notifiers.at(notifier), record.text, spec.site);
  }
  return use_text(spec.secrets.at(name.substr(secret_connection("").size())), record.text);
}

// Its uses in resources that it was not trusted for are refused, those in settings are not: under
// another name they are another secret, and that one cannot be had.
void keep_from_resources(Spec& spec, const Connection& connection, const TrustRecord& record,
                         Verdict& verdict) {
  const json trusted = record.text.value(goes_into_resources, json::array());
  const std::string name = connection.name.substr(secret_connection("").size());
  const std::string there = name + " (in a resource)";
  for (auto& [address, resource] : spec.desired) {
    if (std::ranges::find(trusted, json(use_of(address))) != trusted.end()) continue;
    for (OpenValue& open : resource.open) {
      for (TemplatePart& part : open.parts) {
        if (part.kind == TemplatePart::Kind::secret && part.text == name) part.text = there;
      }
    }
  }
  verdict.refused.emplace(secret_connection(there),
                          Error{ErrorKind::auth,
                                "not trusted for that on this machine: homeostat trust",
                                {},
                                source_ref(connection.where, spec.files),
                                {}});
}

BlockedConnection blocked(const Connection& connection, const TrustRecord& record, bool usable,
                          const Spec& spec) {
  BlockedConnection found;
  found.name = connection.name;
  found.fields = differences(record.text, connection.text);
  found.text = usable ? "planned with the trusted one; look at it with: homeostat trust"
                      : "look at it with: homeostat trust";
  found.where = source_ref(connection.where, spec.files);
  return found;
}

// Nothing is known of it here: all that it says is new.
BlockedConnection blocked_new(const Connection& connection, const std::string& why,
                              const Spec& spec) {
  return {connection.name, differences(json(), connection.text), "new here, and " + why,
          source_ref(connection.where, spec.files)};
}

// Secrets that the trusted text of a connection needs and this revision does not declare.
void bring_back_secrets(Spec& spec, const TrustRecords& records, const MachineRules& rules) {
  const auto bring_back = [&](const std::vector<OpenValue>& values, const Origin& where) {
    for (const OpenValue& open : values) {
      for (const TemplatePart& part : open.parts) {
        if (part.kind != TemplatePart::Kind::secret || spec.secrets.contains(part.text)) continue;
        const auto record = records.find(secret_connection(part.text));
        if (record == records.end()) continue;
        const Connection was{record->first, record->second.text, record->second.hash, {}};
        if (!why_not_trusted(spec.site, was, &record->second, rules).empty()) continue;
        SecretSource source;
        source.name = part.text;
        source.where = where;
        if (use_text(source, record->second.text)) spec.secrets.emplace(part.text, source);
      }
    }
  };
  for (const auto& [name, config] : spec.providers) bring_back(config.open, config.where);
  for (const auto& [name, config] : spec.notifiers) bring_back(config.open, config.where);
}

}  // namespace

Result<TrustRecords> load_trust(const std::string& path) {
  TRY_ASSIGN(const auto text, read_private_file(path, "the record of trust", max_bytes));
  TrustRecords records;
  if (!text) return records;
  const json document = json::parse(*text, nullptr, false);
  if (!document.is_object()) return tl::unexpected(damaged(path));
  const json number = document.value("homeostat_trust", json());
  if (number.is_number_integer() && number != version) {
    return fail(ErrorKind::internal,
                fmt::format("the record of trust {} is of version {}", path, number.dump()),
                fmt::format("this binary knows version {}; use a newer one", version));
  }
  const json connections = document.value("connections", json());
  if (number != version || !connections.is_object()) return tl::unexpected(damaged(path));
  for (const auto& [name, value] : connections.items()) {
    auto record = record_of(value);
    if (!record) return tl::unexpected(damaged(path));
    records.emplace(name, std::move(*record));
  }
  return records;
}

Status change_trust(const std::string& path, const std::function<Status(TrustRecords&)>& change) {
  TRY(make_private_folders(folder_of(path)));
  TRY_ASSIGN(const FolderLock lock, FolderLock::acquire(folder_of(path)));
  TRY_ASSIGN(TrustRecords records, load_trust(path));
  TRY(change(records));
  json connections = json::object();
  for (const auto& [name, record] : records) {
    connections[name] = {{"hash", record.hash},
                         {"text", record.text},
                         {"resolved", record.resolved},
                         {"at", record.at.time_since_epoch().count()}};
  }
  const json document = {{"homeostat_trust", version}, {"connections", std::move(connections)}};
  return write_private_file(path, "the record of trust", document.dump(2) + "\n");
}

bool covers(const TrustRecord& record, const Connection& connection) {
  if (record.hash == connection.hash) return true;
  json trusted = record.text;
  json wanted = connection.text;
  if (!trusted.is_object() || !wanted.is_object()) return false;
  const json into = trusted.value(goes_into_resources, json::array());
  const json uses = wanted.value(goes_into_resources, json::array());
  trusted.erase(goes_into_resources);
  wanted.erase(goes_into_resources);
  return trusted == wanted && std::ranges::all_of(uses, [&into](const json& use) {
           return std::ranges::find(into, use) != into.end();
         });
}

std::vector<ConnectionField> differences(const json& trusted, const json& wanted) {
  std::set<std::string> names;
  for (const json* side : {&trusted, &wanted}) {
    if (!side->is_object()) continue;
    for (const auto& [name, value] : side->items()) names.insert(name);
  }
  const auto value_in = [](const json& text, const std::string& name) {
    return text.is_object() ? text.value(name, json()) : json();
  };
  std::vector<ConnectionField> fields;
  for (const std::string& name : names) {
    json before = value_in(trusted, name);
    json after = value_in(wanted, name);
    if (before != after) fields.push_back({name, std::move(before), std::move(after)});
  }
  return fields;
}

std::string refusal(const std::string& site, const Connection& connection,
                    const MachineRules& rules) {
  if (const std::string what = rules.forbids(connection); !what.empty()) {
    return fmt::format("{} are forbidden on this machine by {}", what, rules.path);
  }
  const std::string* pin = rules.pin_of(site, connection.name);
  if (pin == nullptr || *pin == connection.hash) return {};
  return fmt::format("{} pins it to another one ({}...)", rules.path, pin->substr(0, 15));
}

namespace {

// A connection that was trusted and has changed: as it was trusted, if that is still possible.
// Returns why not; "" = it is usable.
std::string take_older(Spec& spec, const Connection& connection, const TrustRecord& record,
                       const MachineRules& rules, Verdict& verdict) {
  const Connection was{connection.name, record.text, record.hash, connection.where};
  std::string message = why_not_trusted(spec.site, was, &record, rules);
  if (message.empty()) {
    const Status back = go_back(spec, connection.name, record);
    if (!back) message = back.error().message + ": homeostat trust";
  }
  const bool usable = message.empty();
  if (usable) verdict.resolved[connection.name] = record.resolved;
  if (usable && connection.text.contains(goes_into_resources)) {
    keep_from_resources(spec, connection, record, verdict);
  }
  verdict.blocked.push_back(blocked(connection, record, usable, spec));
  return message;
}

}  // namespace

Verdict judge(Spec& spec, const TrustRecords& records, const MachineRules& rules) {
  Verdict verdict;
  for (const Connection& connection : connections_of(spec)) {
    const auto known = records.find(connection.name);
    const TrustRecord* record = known == records.end() ? nullptr : &known->second;
    std::string why = why_not_trusted(spec.site, connection, record, rules);
    const bool same = record != nullptr && covers(*record, connection);
    if (why.empty()) {
      verdict.resolved[connection.name] = same ? record->resolved : json::object();
      continue;
    }
    if (record != nullptr && !same) why = take_older(spec, connection, *record, rules, verdict);
    if (record == nullptr) verdict.blocked.push_back(blocked_new(connection, why, spec));
    if (!why.empty()) {
      verdict.refused.emplace(
          connection.name,
          Error{ErrorKind::auth, std::move(why), {}, source_ref(connection.where, spec.files), {}});
    }
  }
  bring_back_secrets(spec, records, rules);
  return verdict;
}

}  // namespace homeostat
