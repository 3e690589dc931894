// `dns:` -> RRsets. By zone key, owner and type: `nas: 10.5.0.20`, `www: { CNAME: nas }`.
#include <algorithm>
#include <array>

#include "specs/targets.hpp"

namespace homeostat {
namespace {

struct Owner {
  const Zone* zone = nullptr;
  std::string name;  // relative to the zone, or "@"
  Entry entry;
  const Layer* layer;  // lower-case keys that hold for all its types; may be null
  Options options;
};

const KindSchema& dns_kind_schema() {
  static const KindSchema* kind = find_kind("dns");
  return *kind;
}

bool is_type_key(std::string_view key) {
  return std::any_of(key.begin(), key.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// The target as it was written: the name inside rdata of one of the types that have one.
std::string_view written_target(std::string_view type, std::string_view text) {
  std::size_t words = 0;  // in front of the target
  if (type == "MX" || type == "SVCB" || type == "HTTPS") words = 1;
  if (type == "SRV") words = 3;
  if (words == 0 && type != "CNAME" && type != "NS" && type != "PTR") return {};
  while (words-- > 0) {
    const std::size_t space = text.find_first_of(" \t");
    if (space == std::string_view::npos) return {};
    text.remove_prefix(std::min(text.find_first_not_of(" \t", space), text.size()));
  }
  return text.substr(0, text.find_first_of(" \t"));
}

// Servers hold any tag; one that nobody knows forbids nothing.
void check_caa(Draft& draft, std::string_view value, const yaml::Node& node) {
  static const std::vector<std::string> known = {
      "issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"};
  const std::size_t start = value.find(' ') + 1;
  const std::string tag(value.substr(start, value.find(' ', start) - start));
  if (std::find(known.begin(), known.end(), tag) != known.end()) return;
  report(draft, node.at, "`" + tag + "` is no CAA tag", known_hint(tag, known));
}

std::optional<Target> read_one(Draft& draft, const Zone& zone, const std::string& type,
                               const yaml::Node& node) {
  if (node.kind != yaml::NodeKind::scalar) {
    report(draft, node.at, "a value of a record is one text",
           "write several as a list: `" + type + ": [A, B]`");
    return std::nullopt;
  }
  if (has_template(node.text)) {
    Result<std::vector<TemplatePart>> parts = parse_template(node.text);
    if (parts) return Target{std::move(*parts), node.at, {node.at}};
    report(draft, node.at, parts.error().message, parts.error().hint);
    return std::nullopt;
  }
  Result<std::string> value = canonical_rdata(type, node.text, zone.zone);
  if (!value) {
    report(draft, node.at, value.error().message, value.error().hint);
    return std::nullopt;
  }
  if (type == "CAA") check_caa(draft, *value, node);
  std::vector<Origin> lines = {node.at};
  if (const std::string_view target = written_target(type, node.text); !target.empty()) {
    draft.targets.push_back({zone.key, std::string(target), node.at});
    const bool relative = target.find('.') == std::string_view::npos;
    if (relative) add_lines(lines, lines_saying(zone.origins, {"zone"}));
  }
  return literal_target(std::move(*value), std::move(lines));
}

void check_type_supported(Draft& draft, const Zone& zone, const std::string& type,
                          const Origin& at) {
  for (const std::string& provider : zone.on) {
    const ProviderKindSchema* schema = managed(draft, provider, "dns");
    if (schema == nullptr) continue;
    const std::vector<std::string>& cannot = schema->unsupported;
    if (std::find(cannot.begin(), cannot.end(), type) == cannot.end()) continue;
    report(draft, at,
           "`" + provider + "` (" + draft.spec.providers.at(provider).type + ") cannot hold " +
               type + " records",
           "serve this zone with another provider");
  }
}

void put_rrset(Draft& draft, const Owner& owner, const std::string& type,
               std::vector<Target> values, const Layer* layer, const Origin& where) {
  if (values.empty() || owner.zone->on.empty()) return;  // said where they were read
  check_type_supported(draft, *owner.zone, type, where);
  Statement statement;
  statement.kind = &dns_kind_schema();
  statement.name =
      encode_component(owner.zone->key) + "/" + encode_component(owner.name) + "/" + type;
  statement.where = where;
  statement.on = owner.zone->on;
  statement.options = owner.options;
  if (layer != nullptr) {
    statement.options = read_options(draft, *layer->node);
    merge_options(statement.options, owner.options);
    statement.layers.push_back(*layer);
  }
  if (owner.layer != nullptr) statement.layers.push_back(*owner.layer);
  set_values(statement.stated, std::move(values));
  statement.derived = zone_ttl(*owner.zone);
  put(draft, std::move(statement));
}

std::vector<Target> read_values(Draft& draft, const Zone& zone, const std::string& type,
                                const yaml::Node& node) {
  std::vector<Target> values;
  for (const yaml::Node* item : items_of(node)) {
    if (std::optional<Target> value = read_one(draft, zone, type, *item)) {
      values.push_back(std::move(*value));
    }
  }
  if (items_of(node).empty()) {
    report(draft, node.at, "no value for the " + type + " record",
           "write one value or a list; to have no such record, remove the line");
  }
  return values;
}

void read_type(Draft& draft, const Owner& owner, const yaml::Node& key, const yaml::Node& node) {
  static constexpr std::array<std::string_view, 1> skip = {"values"};
  if (!is_record_type(key.text)) {
    static const std::vector<std::string> known = {"A",     "AAAA", "CNAME", "MX",  "TXT",
                                                   "SRV",   "CAA",  "NS",    "PTR", "SVCB",
                                                   "HTTPS", "TLSA", "SSHFP"};
    return report(draft, key.at, "`" + key.text + "` is no record type",
                  known_hint(key.text, known));
  }
  if (node.kind != yaml::NodeKind::mapping) {
    return put_rrset(draft, owner, key.text, read_values(draft, *owner.zone, key.text, node),
                     nullptr, key.at);
  }
  const yaml::Node* values = node.find("values");
  if (values == nullptr) {
    return report(draft, node.at, "the " + key.text + " record has no `values`",
                  "write { values: [...], ttl: 1h }");
  }
  const Layer layer{&node, skip};
  put_rrset(draft, owner, key.text, read_values(draft, *owner.zone, key.text, *values), &layer,
            key.at);
}

// `nas: 10.5.0.20`, `nas: [10.5.0.20, "fd00::20"]`, `nas: "${container.nas.ip}"`.
void read_addresses(Draft& draft, const Owner& owner) {
  std::vector<Target> v4;
  std::vector<Target> v6;
  for (const yaml::Node* item : items_of(*owner.entry.value)) {
    std::string type = "A";
    if (item->kind == yaml::NodeKind::scalar && has_template(item->text)) {
      const Result<std::vector<TemplatePart>> parts = parse_template(item->text);
      type = parts ? record_type_of(draft, *parts) : "A";
    } else {
      const Result<IpAddress> address = parse_ip(item->text);
      if (!address) {
        report(draft, item->at, "`" + item->text + "` is no address",
               "a bare value is an A or AAAA record; for another name write { CNAME: " +
                   (item->text.empty() ? "NAME" : item->text) + " }");
        continue;
      }
      type = address->v6 ? "AAAA" : "A";
    }
    std::optional<Target> value = read_one(draft, *owner.zone, type, *item);
    if (value) (type == "AAAA" ? v6 : v4).push_back(std::move(*value));
  }
  put_rrset(draft, owner, "A", std::move(v4), nullptr, owner.entry.key->at);
  put_rrset(draft, owner, "AAAA", std::move(v6), nullptr, owner.entry.key->at);
}

void read_owner_mapping(Draft& draft, Owner& owner) {
  const yaml::Node& node = *owner.entry.value;
  std::vector<std::string_view> types;
  std::size_t others = 0;
  for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
    const std::string& key = node.items[i].text;
    if (is_type_key(key)) {
      types.push_back(key);
      continue;
    }
    ++others;
    std::string upper = key;
    for (char& c : upper) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    if (!is_record_type(upper)) continue;
    report(draft, node.items[i].at, "record types are written in capitals",
           "write `" + upper + "`");
    types.push_back(key);
    --others;
  }
  const Layer layer{&node, types};
  if (others > 0) owner.layer = &layer;
  owner.options = read_options(draft, node);
  if (!owner.options.providers.empty()) {
    report(draft, node.find("provider")->at, "a record has no `provider`: its zone says it",
           "write it as `on:` of the zone");
  }
  bool any = false;
  for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
    if (!is_type_key(node.items[i].text)) continue;
    any = true;
    read_type(draft, owner, node.items[i], node.items[i + 1]);
  }
  if (!any && types.empty()) {
    report(draft, owner.entry.key->at, "`" + owner.entry.key->text + "` has no record",
           "write a type and its value: { A: 10.5.0.20 }");
  }
  owner.layer = nullptr;
}

void read_owner(Draft& draft, const Zone& zone, const Entry& entry) {
  Owner owner{&zone, "@", entry, nullptr, {}};
  const std::string& written = entry.key->text;
  if (written != "@") {
    const Result<std::string> name = canonical_name(written);
    if (!name) return report(draft, entry.key->at, name.error().message, name.error().hint);
    if (!check_hyphens(draft, entry.key->at, *name)) return;
    if (*name == zone.zone || name->ends_with("." + zone.zone)) {
      const std::string relative =
          *name == zone.zone ? "\"@\"" : name->substr(0, name->size() - zone.zone.size() - 1);
      return report(draft, entry.key->at,
                    "`" + written + "` would be " + *name + "." + zone.zone +
                        ": names in a zone are relative to it",
                    "write `" + relative + "`");
    }
    owner.name = *name;
  }
  if (entry.value->kind == yaml::NodeKind::mapping) return read_owner_mapping(draft, owner);
  if (items_of(*entry.value).empty()) {
    return report(draft, entry.key->at, "`" + written + "` has no record",
                  "write an address, or a type and its value: { CNAME: nas }");
  }
  read_addresses(draft, owner);
}

// Derived reverse zones are known after all other records: only their keys have a `~`.
bool is_derived(std::string_view zone) { return zone.find('~') != std::string_view::npos; }

void read_groups(Draft& draft, bool derived) {
  for (const auto& [key, group] : draft.sections.dns) {
    if (is_derived(key) != derived) continue;
    const auto zone = draft.spec.zones.find(std::string(key));
    if (zone != draft.spec.zones.end()) {
      for (const Entry& entry : group.entries) read_owner(draft, zone->second, entry);
      continue;
    }
    if (draft.partial || draft.sections.of("zones").contains(key)) continue;
    std::string hint = known_hint(key, keys_of(draft.spec.zones));
    for (const auto& [other, each] : draft.spec.zones) {
      if (each.zone == key) hint = "`dns` goes by the zone's key: write `" + other + "`";
    }
    report(draft, group.key->at, "`dns` names `" + std::string(key) + "`, which is no zone", hint);
  }
}

}  // namespace

void read_records(Draft& draft) { read_groups(draft, false); }

void read_reverse_records(Draft& draft) { read_groups(draft, true); }

}  // namespace homeostat
