// `reverse:` of a zone -> the reverse zones that its PTR records go to. Each network has a reverse
// zone of its own, so that a network more moves no record.
#include <algorithm>
#include <set>

#include "specs/targets.hpp"

namespace homeostat {
namespace {

constexpr std::string_view v4_suffix = ".in-addr.arpa";
constexpr std::string_view v6_suffix = ".ip6.arpa";

bool is_reverse(std::string_view name) {
  return name.ends_with(v4_suffix) || name.ends_with(v6_suffix);
}

bool share_provider(const Zone& a, const Zone& b) {
  return std::any_of(a.on.begin(), a.on.end(), [&b](const std::string& on) {
    return std::find(b.on.begin(), b.on.end(), on) != b.on.end();
  });
}

// A zone with the `reverse:` that it says.
struct Wish {
  Zone* zone = nullptr;
  const yaml::Node* node = nullptr;
};

std::vector<Wish> wishes(Draft& draft) {
  std::vector<Wish> found;
  for (const auto& [key, entry] : draft.sections.of("zones")) {
    const auto zone = draft.spec.zones.find(std::string(key));
    if (zone == draft.spec.zones.end()) continue;  // wrong, and said so
    if (const yaml::Node* node = entry.value->find("reverse")) {
      found.push_back({&zone->second, node});
    }
  }
  return found;
}

// "`a`, `b`"
std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "`" : ", `") + word + "`";
  return text;
}

// "reverse: a" or "reverse: [a, b]"
std::string reverse_line(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return "`reverse: " + (words.size() == 1 ? text : "[" + text + "]") + "`";
}

// `network`: that it is the reverse zone of; null where its name is stated.
void add_view(Draft& draft, Zone& zone, const std::string& name, const Origin& at,
              const Network* network) {
  const bool v6 = name.ends_with(v6_suffix);
  Zones& zones = draft.spec.zones;
  for (const std::string& key : zone.reverse) {
    if (zones.at(key).zone == name) return;  // two networks within one reverse zone
  }
  Zone view;
  view.key = zone.key + (v6 ? "~v6" : "~v4");
  if (zones.contains(view.key)) {
    view.key += "~" + name.substr(0, name.size() - (v6 ? v6_suffix : v4_suffix).size());
  }
  view.zone = name;
  view.on = zone.on;
  view.ttl = zone.ttl;
  view.authority = zone.authority;
  view.reverse_of = zone.key;
  view.where = at;
  view.origins = {{"on", lines_saying(zone.origins, {"on"})},
                  {"ttl", lines_saying(zone.origins, {"ttl"})},
                  {"zone", {at}}};
  if (network != nullptr) {
    add_lines(view.origins.back().lines, lines_saying(network->origins, {"cidr"}));
  }
  zone.reverse.push_back(view.key);
  std::string key = view.key;
  zones.emplace(std::move(key), std::move(view));
}

std::optional<std::string> reverse_zone_of(Draft& draft, const Network& network, const Origin& at) {
  std::optional<std::string> name = reverse_zone({network.cidr});
  if (!name) {
    report(draft, at,
           "network `" + network.key + "` (" + to_string(network.cidr) +
               ") is too large for one reverse zone",
           "name the zone: `reverse: 10.in-addr.arpa`");
  }
  return name;
}

// --- `reverse: true` -----------------------------------------------------------------------------

using Networks = std::vector<const Network*>;

// One network for each reverse zone of that family, in the order they are declared.
Networks networks_of_family(const Spec& spec, bool v6) {
  Networks networks;
  for (const auto& [key, network] : spec.networks) {
    if (network.cidr.base.v6 == v6) networks.push_back(&network);
  }
  std::sort(networks.begin(), networks.end(),
            [](const Network* a, const Network* b) { return a->where < b->where; });
  Networks distinct;
  for (const Network* network : networks) {
    const bool known = std::any_of(distinct.begin(), distinct.end(), [&](const Network* other) {
      return reverse_zone({other->cidr}) == reverse_zone({network->cidr});
    });
    if (!known) distinct.push_back(network);
  }
  return distinct;
}

// The networks that addresses of a record set lie in.
void add_networks(const Draft& draft, const Resource& record, std::set<const Network*>& held) {
  const auto values = record.attributes.find("values");
  if (values == record.attributes.end() || !values->is_array()) return;
  for (std::size_t i = 0; i < values->size(); ++i) {
    const std::string pointer = "/values/" + std::to_string(i);
    const auto open = std::find_if(record.open.begin(), record.open.end(),
                                   [&](const OpenValue& each) { return each.pointer == pointer; });
    if (open != record.open.end()) {
      held.insert(network_of_parts(draft, open->parts));
    } else if (const Result<IpAddress> ip = parse_ip((*values)[i].get<std::string>())) {
      held.insert(network_of(draft.spec, *ip));
    }
  }
}

// The reverse zones that the hosts of a zone lie in.
std::set<std::string> needed_zones(const Draft& draft, const Zone& zone) {
  std::set<const Network*> held;
  const std::string prefix = encode_component(zone.key) + "/";
  const Desired& desired = draft.spec.desired;
  for (auto it = desired.lower_bound({draft.spec.site, "dns", prefix, ""});
       it != desired.end() && it->first.kind == "dns" && it->first.name.starts_with(prefix); ++it) {
    const std::vector<std::string> name = name_components(it->first.name);
    const bool address = name.back() == "A" || name.back() == "AAAA";
    if (address && !name[1].starts_with('*')) add_networks(draft, it->second, held);
  }
  std::set<std::string> zones;
  for (const Network* network : held) {
    if (network != nullptr) zones.insert(reverse_zone({network->cidr}).value_or(""));
  }
  return zones;
}

// What `true` means: the network of the family if there is one, else those that hosts lie in.
Networks wanted_networks(const Draft& draft, const Zone& zone, bool v6) {
  Networks networks = networks_of_family(draft.spec, v6);
  if (networks.size() < 2) return networks;
  const std::set<std::string> needed = needed_zones(draft, zone);
  std::erase_if(networks, [&](const Network* network) {
    return !needed.contains(reverse_zone({network->cidr}).value_or(""));
  });
  return networks;
}

void derive(Draft& draft, Zone& zone, const Origin& at) {
  std::vector<std::string> words;
  std::vector<std::string> unclear;
  for (const bool v6 : {false, true}) {
    const Networks networks = wanted_networks(draft, zone, v6);
    for (const Network* network : networks) {
      words.push_back(network->key);
      if (networks.size() > 1) unclear.push_back(network->key);
    }
    if (networks.size() != 1) continue;
    if (const auto name = reverse_zone_of(draft, *networks.front(), at)) {
      add_view(draft, zone, *name, at, networks.front());
    }
  }
  if (!unclear.empty()) {
    report(draft, at,
           "zone `" + zone.key + "` has addresses in the networks " + listed(unclear) +
               ", and each of these has a reverse zone of its own",
           "name those that PTR records are wanted for: " + reverse_line(words));
  } else if (words.empty() && draft.spec.networks.empty() && !draft.partial) {
    report(draft, at, "`reverse` of zone `" + zone.key + "` has no network to make a zone from",
           "declare one under `networks:`, or name it: `reverse: 0.5.10.in-addr.arpa`");
  } else if (words.empty() && !draft.partial) {
    const Networks all = networks_of_family(draft.spec, false);
    warn(draft, at,
         "`reverse: true` of zone `" + zone.key +
             "` makes no reverse zone: no address of it lies in a declared network",
         "name the networks: `reverse: " +
             (all.empty() ? draft.spec.networks.begin()->first : all.front()->key) +
             "`, or remove it");
  }
}

// --- named networks and zones --------------------------------------------------------------------

bool is_flag(const yaml::Node& node) {
  return node.kind == yaml::NodeKind::scalar && (node.text == "true" || node.text == "false");
}

void add_named(Draft& draft, Zone& zone, const yaml::Node& node) {
  for (const yaml::Node* item : items_of(node)) {
    const Result<std::string> name = canonical_name(item->text);
    const auto network = draft.spec.networks.find(item->text);
    if (item->kind != yaml::NodeKind::scalar || is_flag(*item)) {
      report(draft, item->at, "`reverse` is `true`, or names networks and reverse zones",
             "write `reverse: true`, `reverse: lab` or `reverse: [lab, 168.192.in-addr.arpa]`");
    } else if (network != draft.spec.networks.end()) {
      if (const auto derived = reverse_zone_of(draft, network->second, item->at)) {
        add_view(draft, zone, *derived, item->at, &network->second);
      }
    } else if (name && is_reverse(*name)) {
      add_view(draft, zone, *name, item->at, nullptr);
    }
  }
  if (items_of(node).empty()) {
    report(draft, node.at, "`reverse` of zone `" + zone.key + "` has no value",
           "write `reverse: true`, or the networks that PTR records are wanted for");
  }
}

// What a word means that names neither a network nor a DNS name: a reverse zone of this spec.
void join(Draft& draft, Zone& zone, const yaml::Node& word) {
  const Result<std::string> name = canonical_name(word.text);
  if (word.kind != yaml::NodeKind::scalar || is_flag(word) ||
      draft.sections.of("networks").contains(word.text) || (name && is_reverse(*name))) {
    return;
  }
  const auto found = draft.spec.zones.find(word.text);
  if (found == draft.spec.zones.end() || !is_reverse(found->second.zone)) {
    if (draft.partial) return;
    std::vector<std::string> known = keys_of(draft.spec.networks);
    for (const auto& [key, each] : draft.spec.zones) {
      if (is_reverse(each.zone)) known.push_back(key);
    }
    return report(draft, word.at,
                  "`reverse` of zone `" + zone.key + "` names `" + word.text +
                      "`, which is neither a network nor a reverse zone",
                  known_hint(word.text, known));
  }
  const Zone& view = found->second;
  if (!share_provider(zone, view) && !zone.on.empty()) {
    return report(draft, word.at,
                  "zone `" + zone.key + "` is on " + listed(zone.on) + ", and reverse zone `" +
                      view.key + "` is on " + listed(view.on),
                  "PTR records lie on the provider of their zone: name a network instead");
  }
  zone.reverse.push_back(view.key);
}

// --- one reverse zone of two zones ---------------------------------------------------------------

// The zone that has the same DNS name on one of the same providers, and comes first.
const Zone* same_before(const Draft& draft, const Zone& view) {
  const Zone* before = nullptr;
  for (const auto& [key, other] : draft.spec.zones) {
    if (&other == &view || other.zone != view.zone) continue;
    const bool first = other.reverse_of.empty() || other.where < view.where;
    const bool better = before == nullptr || other.reverse_of.empty() ||
                        (!before->reverse_of.empty() && other.where < before->where);
    if (first && share_provider(view, other) && better) before = &other;
  }
  return before;
}

void check_shared(Draft& draft, const Wish& wish) {
  std::vector<std::string> words;
  const Zone* taken = nullptr;
  for (const std::string& key : wish.zone->reverse) {
    const Zone& view = draft.spec.zones.at(key);
    const Zone* before = view.reverse_of == wish.zone->key ? same_before(draft, view) : nullptr;
    if (before != nullptr && taken == nullptr) taken = before;
    const bool own = view.reverse_of == wish.zone->key && before == nullptr;
    words.push_back(before != nullptr ? before->key : own ? view.zone : view.key);
  }
  if (taken == nullptr) return;
  report(draft, wish.node->at,
         taken->zone + " is the zone `" + taken->key + "` already (" + place(draft, taken->where) +
             "), and a provider has it once",
         "put the PTR records of `" + wish.zone->key + "` there: " + reverse_line(words));
}

}  // namespace

void add_reverse_zones(Draft& draft) {
  const std::vector<Wish> all = wishes(draft);
  for (const Wish& wish : all) {
    if (!is_flag(*wish.node)) {
      add_named(draft, *wish.zone, *wish.node);
    } else if (wish.node->text == "true") {
      derive(draft, *wish.zone, wish.node->at);
    }
  }
  for (const Wish& wish : all) {
    for (const yaml::Node* item : items_of(*wish.node)) join(draft, *wish.zone, *item);
  }
  for (const Wish& wish : all) check_shared(draft, wish);
}

}  // namespace homeostat
