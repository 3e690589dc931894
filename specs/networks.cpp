// `networks:` and `zones:`.
#include <algorithm>
#include <array>

#include "specs/draft.hpp"

namespace homeostat {
namespace {

std::string text_of(const Attributes& values, const char* key) {
  const auto it = values.find(key);
  return it != values.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::vector<IpRange> read_ranges(Draft& draft, const Network& network, const yaml::Node* node,
                                 const char* what) {
  std::vector<IpRange> ranges;
  if (node == nullptr) return ranges;
  for (const yaml::Node* item : items_of(*node)) {
    const Result<IpRange> range = parse_ip_range(item->text);
    if (!range) {
      report(draft, item->at, range.error().message,
             range.error().hint.empty() ? "write 10.5.0.20-10.5.0.99, or one address"
                                        : range.error().hint);
    } else if (!contains(network.cidr, range->first) || !contains(network.cidr, range->last)) {
      report(draft, item->at,
             "`" + item->text + "` (" + what + ") does not lie in " + to_string(network.cidr),
             "the range belongs inside the network's `cidr`");
    } else {
      ranges.push_back(*range);
    }
  }
  return ranges;
}

void read_gateway(Draft& draft, Network& network, const yaml::Node& node, const std::string& text) {
  const Result<IpAddress> gateway = parse_ip(text);
  if (!gateway) return;  // said when it was read
  if (!contains(network.cidr, *gateway)) {
    report(draft, node.find("gateway")->at,
           "the gateway " + text + " does not lie in " + to_string(network.cidr),
           "a gateway has an address of its own network");
    return;
  }
  network.gateway = *gateway;
}

void read_network(Draft& draft, std::string_view name, const Entry& entry) {
  static const std::vector<FieldSchema> fields = {
      {.name = "cidr", .type = Type::cidr, .required = true, .example = "10.5.0.0/24"},
      {.name = "gateway", .type = Type::ip},
      {.name = "bridge", .type = Type::text},
      {.name = "vlan", .type = Type::integer, .min = 1, .max = 4094},
      {.name = "assign", .type = Type::choice, .choices = {"vmid", "lowest", "none"}},
      {.name = "provider", .type = Type::text}};
  static constexpr std::array<std::string_view, 2> skip = {"dhcp", "reserved"};
  if (!check_key(draft, entry, "networks")) return;
  const yaml::Node& node = *entry.value;
  if (node.kind != yaml::NodeKind::mapping) {
    return report(draft, node.at, "a network is a mapping", "write { cidr: 10.5.0.0/24 }");
  }
  const Attributes values = read_mapping(draft, fields, node, "network", skip);
  const Result<Cidr> cidr = parse_cidr(text_of(values, "cidr"));
  if (!cidr) return;  // said when it was read
  Network network;
  network.key = std::string(name);
  network.where = entry.key->at;
  network.origins = origins_of(node);
  network.cidr = *cidr;
  network.bridge = text_of(values, "bridge");
  network.provider = text_of(values, "provider");
  if (const auto it = values.find("vlan"); it != values.end() && it->is_number()) {
    network.vlan = it->get<int>();
  }
  const std::string assign = text_of(values, "assign");
  network.assign = assign == "vmid"     ? Assign::vmid
                   : assign == "lowest" ? Assign::lowest
                                        : Assign::none;
  read_gateway(draft, network, node, text_of(values, "gateway"));
  network.dhcp = read_ranges(draft, network, node.find("dhcp"), "dhcp");
  network.reserved = read_ranges(draft, network, node.find("reserved"), "reserved");
  if (!network.provider.empty() && managed(draft, network.provider, "ip") == nullptr) {
    std::vector<std::string> able = keys_of(draft.spec.providers);
    std::erase_if(
        able, [&draft](const std::string& each) { return managed(draft, each, "ip") == nullptr; });
    report(draft, node.find("provider")->at,
           "`" + network.provider + "` is no provider that manages addresses",
           able.empty() ? "none of yours does: leave `provider` out"
                        : known_hint(network.provider, able));
  }
  draft.spec.networks.emplace(network.key, std::move(network));
}

// CIDRs overlap only where one holds the other, and sorted by base the wider one comes first.
void check_overlaps(Draft& draft) {
  std::vector<const Network*> sorted;
  for (const auto& [name, network] : draft.spec.networks) sorted.push_back(&network);
  std::sort(sorted.begin(), sorted.end(), [](const Network* a, const Network* b) {
    return std::pair(a->cidr, a->key) < std::pair(b->cidr, b->key);
  });
  const Network* wide = nullptr;
  for (const Network* network : sorted) {
    if (wide == nullptr || !contains(wide->cidr, network->cidr.base)) {
      wide = network;
      continue;
    }
    const Network& first = wide->where < network->where ? *wide : *network;
    const Network& second = &first == wide ? *network : *wide;
    report(draft, second.where,
           "network `" + second.key + "` (" + to_string(second.cidr) + ") overlaps `" + first.key +
               "` (" + to_string(first.cidr) + ", " + place(draft, first.where) + ")",
           "an address belongs to one network: make one of the two smaller");
  }
}

void read_points_to(Draft& draft, Zone& zone, const yaml::Node& node) {
  if (node.kind == yaml::NodeKind::scalar && node.text == "container") {
    zone.points_to = Zone::PointsTo::container;
    return;
  }
  if (node.kind == yaml::NodeKind::scalar && node.text == "proxy") {
    zone.points_to = Zone::PointsTo::proxy;
    return;
  }
  zone.points_to = Zone::PointsTo::value;
  bool names = false;
  for (const yaml::Node* item : items_of(node)) {
    if (const Result<IpAddress> ip = parse_ip(item->text)) {
      zone.values.push_back(to_string(*ip));
      continue;
    }
    const Result<std::string> name = canonical_name(item->text);
    if (!name || name->find('.') == std::string::npos || is_like_address(*name)) {
      report(draft, item->at, "`points_to: " + item->text + "` names neither an address nor a host",
             "write `container`, `proxy`, an address, a list of addresses, or a full host name");
      continue;
    }
    names = true;
    zone.values.push_back(*name);
  }
  if (names && zone.values.size() > 1) {
    report(draft, node.at, "`points_to` is one host name or a list of addresses, not both",
           "a name becomes a CNAME, and that stands alone");
  }
}

void read_on(Draft& draft, Zone& zone, const Entry& entry) {
  const yaml::Node* on = entry.value->find("on");
  const std::string said = "zone `" + zone.key + "`";
  if (on == nullptr || items_of(*on).empty()) {
    return report(draft, entry.key->at, said + " does not say which provider serves it",
                  "add `on: [PROVIDER]`");
  }
  for (const yaml::Node* item : items_of(*on)) {
    const std::string& name = item->text;
    if (managed(draft, name, "dns") != nullptr) {
      if (std::find(zone.on.begin(), zone.on.end(), name) == zone.on.end()) {
        zone.on.push_back(name);
      }
    } else if (draft.spec.providers.contains(name)) {
      report(draft, item->at, said + " cannot be on `" + name + "`: it manages no records",
             "`on` names DNS providers");
    } else if (!draft.sections.of("providers").contains(name) && !draft.partial) {
      report(draft, item->at, said + " is on `" + name + "`, which is no provider",
             known_hint(name, keys_of(draft.spec.providers)));
    }
  }
}

void read_zone(Draft& draft, std::string_view name, const Entry& entry) {
  static const std::vector<FieldSchema> fields = {
      {.name = "zone", .type = Type::name},
      {.name = "ttl", .type = Type::duration},
      {.name = "authority", .type = Type::choice, .choices = {"shared", "full"}}};
  static constexpr std::array<std::string_view, 3> skip = {"on", "points_to", "reverse"};
  if (!check_key(draft, entry, "zones")) return;
  const yaml::Node& node = *entry.value;
  if (node.kind != yaml::NodeKind::mapping) {
    return report(draft, node.at, "a zone is a mapping",
                  "write { zone: lab.example.org, on: [PROVIDER] }");
  }
  const Attributes values = read_mapping(draft, fields, node, "zone", skip);
  Zone zone;
  zone.key = std::string(name);
  zone.where = entry.key->at;
  zone.origins = origins_of(node);
  zone.zone = text_of(values, "zone");
  if (node.find("zone") == nullptr) {
    const Result<std::string> canonical = canonical_name(name);
    if (!canonical || canonical->find('.') == std::string::npos) {
      return report(draft, entry.key->at,
                    "zone `" + zone.key + "` does not say its DNS name, and its key is none",
                    "add `zone: lab.example.org`");
    }
    zone.zone = *canonical;
  }
  zone.ttl = text_of(values, "ttl");
  if (text_of(values, "authority") == "full") zone.authority = Authority::full;
  read_on(draft, zone, entry);
  if (const yaml::Node* to = node.find("points_to")) read_points_to(draft, zone, *to);
  if (!zone.zone.empty()) draft.spec.zones.emplace(zone.key, std::move(zone));
}

std::string range_text(const IpRange& range) {
  const std::string first = to_string(range.first);
  return range.first == range.last ? first : first + "-" + to_string(range.last);
}

const IpRange* range_with(const std::vector<IpRange>& ranges, const IpAddress& address) {
  for (const IpRange& range : ranges) {
    if (contains(range, address)) return &range;
  }
  return nullptr;
}

// The first and the last address of an IPv4 network are nobody's.
bool is_edge(const Network& network, const IpAddress& address) {
  constexpr int point_to_point = 31;
  if (network.cidr.base.v6 || network.cidr.prefix >= point_to_point) return false;
  return address == network.cidr.base || !contains(network.cidr, next(address));
}

// Two views of one DNS name on one provider would fight over the same records.
void check_same_zone(Draft& draft) {
  std::map<std::pair<std::string, std::string>, const Zone*> served;
  for (const auto& [key, zone] : draft.spec.zones) {
    for (const std::string& provider : zone.on) {
      const auto [it, fresh] = served.try_emplace({zone.zone, provider}, &zone);
      if (fresh) continue;
      report(draft, zone.where,
             "zone `" + key + "` is " + zone.zone + " on `" + provider + "`, and so is `" +
                 it->second->key + "` (" + place(draft, it->second->where) + ")",
             "one view a provider: put both into one, or use another provider");
    }
  }
}

}  // namespace

void read_networks(Draft& draft) {
  for (const auto& [name, entry] : draft.sections.of("networks")) {
    read_network(draft, name, entry);
  }
  check_overlaps(draft);
}

void read_zones(Draft& draft) {
  for (const auto& [name, entry] : draft.sections.of("zones")) read_zone(draft, name, entry);
  for (const auto& [key, zone] : draft.spec.zones) draft.zone_names[zone.zone].push_back(key);
  check_same_zone(draft);
}

std::optional<AddressProblem> address_problem(const Draft& draft, const Network& network,
                                              const IpAddress& address) {
  const std::string declared =
      "network `" + network.key + "` (" + place(draft, network.where) + ")";
  if (!contains(network.cidr, address)) {
    return AddressProblem{"does not lie in " + to_string(network.cidr) + ", " + declared,
                          "state an address of that network, or another network"};
  }
  if (network.gateway == address) {
    return AddressProblem{"is the gateway of " + declared,
                          "a gateway is no host: state another address"};
  }
  if (const IpRange* range = range_with(network.dhcp, address)) {
    return AddressProblem{"lies in the DHCP range " + range_text(*range) + " of " + declared,
                          "state an address outside it: DHCP may give this one to anybody"};
  }
  if (is_edge(network, address)) {
    return AddressProblem{"is the first or the last address of " + declared,
                          "both mean the network itself: state another address"};
  }
  return std::nullopt;
}

void add_automatic_address(const Draft& draft, const ProviderKindSchema& provider, Fields& fields) {
  const auto name = fields.values.find("network");
  if (name == fields.values.end() || !name->is_string() || fields.values.contains("ip")) return;
  const auto known = draft.spec.networks.find(name->get<std::string>());
  if (known == draft.spec.networks.end() || known->second.assign == Assign::none) return;
  const std::vector<std::string>& cannot = provider.unsupported;
  if (std::find(cannot.begin(), cannot.end(), "ip") != cannot.end()) return;
  const Network& network = known->second;
  FieldOrigin origin{"ip", {}};
  const auto add = [&origin](const std::vector<Origin>& lines) {
    origin.lines.insert(origin.lines.end(), lines.begin(), lines.end());
  };
  if (network.assign == Assign::vmid) {
    add(lines_saying(fields.origins, {"vmid", "network"}));
    add(lines_saying(network.origins, {"cidr", "assign"}));
  } else {
    add(lines_saying(fields.origins, {"network"}));
    add(lines_saying(network.origins, {"cidr", "assign", "dhcp", "reserved", "gateway"}));
  }
  fields.values["ip"] = "auto";
  fields.origins.push_back(std::move(origin));
}

const Network* network_of(const Spec& spec, const IpAddress& address) {
  for (const auto& [key, network] : spec.networks) {
    if (contains(network.cidr, address)) return &network;
  }
  return nullptr;
}

}  // namespace homeostat
