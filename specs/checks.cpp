// What only shows when all resources are there: addresses, collisions, targets of records, lint.
#include <algorithm>
#include <unordered_map>

#include "specs/draft.hpp"
#include "specs/kinds/kinds.hpp"

namespace homeostat {
namespace {

Origin line_of(const Resource& resource, std::string_view path) {
  for (const FieldOrigin& origin : resource.origins) {
    if (origin.path == path && !origin.lines.empty()) return origin.lines.front();
  }
  return resource.where;
}

std::string shown(const Resource& resource) { return display(resource.address, false, false); }

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

void check_in_network(Draft& draft, const Resource& resource, const Network& network,
                      const IpAddress& address, const std::string& field) {
  const Origin at = line_of(resource, field);
  const std::string said = to_string(address) + " of " + shown(resource);
  const std::string declared =
      "network `" + network.key + "` (" + place(draft, network.where) + ")";
  if (!contains(network.cidr, address)) {
    report(draft, at, said + " does not lie in " + to_string(network.cidr) + ", " + declared,
           "state an address of that network, or another network");
  } else if (network.gateway == address) {
    report(draft, at, said + " is the gateway of " + declared,
           "a gateway is no host: state another address");
  } else if (const IpRange* range = range_with(network.dhcp, address)) {
    report(draft, at, said + " lies in the DHCP range " + range_text(*range) + " of " + declared,
           "state an address outside it: DHCP may give this one to anybody");
  } else if (is_edge(network, address)) {
    report(draft, at, said + " is the first or the last address of " + declared,
           "both mean the network itself: state another address");
  }
}

void check_container_network(Draft& draft, const Resource& resource) {
  const std::string name = known_text(resource.attributes, "network");
  if (name.empty() || draft.partial) return;
  if (draft.sections.of("networks").contains(name)) return;
  report(draft, line_of(resource, "network"), "there is no network `" + name + "`",
         known_hint(name, keys_of(draft.spec.networks)));
}

void check_automatic(Draft& draft, const Resource& resource) {
  if (resource.attributes.value("ip", nlohmann::json()) != "auto") return;
  const std::string name = known_text(resource.attributes, "network");
  const auto network = draft.spec.networks.find(name);
  if (network != draft.spec.networks.end() && network->second.assign != Assign::none) return;
  if (network == draft.spec.networks.end() && !name.empty()) return;  // said
  report(draft, line_of(resource, "ip"),
         name.empty() ? "`ip: auto` of " + shown(resource) + " needs a `network` to take it from"
                      : "`ip: auto` of " + shown(resource) + " is not possible: network `" + name +
                            "` has no `assign`",
         name.empty() ? "add `network:`, or state the address"
                      : "add `assign: vmid` or `assign: lowest` to the network, or state the "
                        "address");
}

void check_addresses(Draft& draft, const Resource& resource) {
  const bool container = resource.address.kind == "container";
  if (container) {
    check_container_network(draft, resource);
    check_automatic(draft, resource);
  }
  for (const std::string field : {container ? "ip" : "address", container ? "ip6" : ""}) {
    const Result<IpAddress> address = parse_ip(known_text(resource.attributes, field));
    if (!address) continue;
    const std::string key = container ? known_text(resource.attributes, "network")
                                      : name_components(resource.address.name).front();
    const auto named = draft.spec.networks.find(key);
    const bool stated =
        named != draft.spec.networks.end() && named->second.cidr.base.v6 == address->v6;
    const Network* network = stated ? &named->second : network_of(draft.spec, *address);
    if (network != nullptr) check_in_network(draft, resource, *network, *address, field);
  }
}

// --- collisions ----------------------------------------------------------------------------------

// "vmid@pve:110" -> the field that states it, and what to call it.
struct Collision {
  std::string field;
  std::string what;
};

Collision collision_of(const Resource& resource, std::string_view token) {
  const std::string_view type = token.substr(0, token.find_first_of("@:"));
  const std::string value(token.substr(token.find(':') + 1));
  if (type == "ip") {
    const bool v6 = known_text(resource.attributes, "ip6") == value;
    const bool container = resource.address.kind == "container";
    return {!container ? "address" : v6 ? "ip6" : "ip", "address " + value};
  }
  if (type == "vmid") return {"vmid", "vmid " + value};
  if (type == "domain") return {"domains", "domain " + value};
  if (type == "port") return {"ports", "host port " + value};
  if (type == "container") return {"hostname", "container name " + value};
  if (type == "monitor") return {"name", "monitor name " + value};
  return {"", "name " + value};
}

// Addresses are unique in the declared networks; elsewhere (a bridge inside a host) on one host.
std::string scope_token(const Draft& draft, const Resource& resource, const std::string& token) {
  if (!token.starts_with("ip:")) return token;
  const Result<IpAddress> address = parse_ip(std::string_view(token).substr(3));
  if (!address || draft.spec.networks.empty() || network_of(draft.spec, *address) != nullptr) {
    return token;
  }
  return token + "@" + resource.address.provider;
}

void check_collisions(Draft& draft) {
  std::unordered_map<std::string, const Resource*> holders;
  holders.reserve(draft.spec.desired.size() * 2);
  for (const auto& [address, resource] : draft.spec.desired) {
    const KindSchema& kind = *find_kind(address.kind);
    if (kind.claims == nullptr || address.kind == "dns") continue;
    for (const Claim& claim : kind.claims(address, resource.attributes, draft.spec.zones)) {
      const auto [it, fresh] =
          holders.try_emplace(scope_token(draft, resource, claim.token), &resource);
      if (fresh || it->second == &resource) continue;
      // The later place is the one that is told.
      const Resource* first = it->second;
      const Resource* second = &resource;
      const Collision one = collision_of(*first, claim.token);
      Origin first_at = line_of(*first, one.field);
      Origin second_at = line_of(*second, collision_of(*second, claim.token).field);
      if (second_at < first_at) {
        std::swap(first, second);
        std::swap(first_at, second_at);
      }
      report(draft, second_at,
             one.what + " of " + shown(*second) + " is already taken by " + shown(*first) + " (" +
                 place(draft, first_at) + ")",
             "each has its own: change one of the two");
    }
  }
}

// --- records -------------------------------------------------------------------------------------

// "lab/www/CNAME" -> "lab/www/"
std::string_view owner_part(std::string_view name) { return name.substr(0, name.rfind('/') + 1); }

void check_exclusive(Draft& draft, const Resource& a, const Resource& b) {
  const std::string type_a = a.address.name.substr(owner_part(a.address.name).size());
  const std::string type_b = b.address.name.substr(owner_part(b.address.name).size());
  if (!records_exclude(type_a, type_b)) return;
  const bool in_order = a.where <= b.where;
  const Resource& first = in_order ? a : b;
  const Resource& second = in_order ? b : a;
  report(draft, second.where,
         shown(second) + " cannot stand beside " + shown(first) + " (" + place(draft, first.where) +
             ")",
         "a CNAME tolerates no other record at its name: keep one of the two");
}

// All record sets of one owner name stand together in `desired`.
void check_record_sets(Draft& draft) {
  const Desired& desired = draft.spec.desired;
  std::vector<const Resource*> owner;
  auto it = desired.lower_bound({draft.spec.site, "dns", "", ""});
  for (; it != desired.end() && it->first.kind == "dns"; ++it) {
    const Resource& resource = it->second;
    if (const Status good = check_record_set(it->first, resource.attributes); !good) {
      report(draft, resource.where, shown(resource) + ": " + good.error().message,
             good.error().hint);
    }
    if (!owner.empty() && owner_part(owner.front()->address.name) != owner_part(it->first.name)) {
      owner.clear();
    }
    for (const Resource* other : owner) {
      if (other->address.name != it->first.name) check_exclusive(draft, *other, resource);
    }
    owner.push_back(&resource);
  }
}

bool has_owner(const Draft& draft, const std::string& zone, const std::string& owner) {
  const std::string prefix = encode_component(zone) + "/" + encode_component(owner) + "/";
  const auto it = draft.spec.desired.lower_bound({draft.spec.site, "dns", prefix, ""});
  return it != draft.spec.desired.end() && it->first.kind == "dns" &&
         it->first.name.starts_with(prefix);
}

// Both readings of a target are thinkable: say which one it is.
void check_target(Draft& draft, const WrittenTarget& target) {
  if (target.text == "@" || target.text.ends_with('.')) return;
  const Zone& zone = draft.spec.zones.at(target.zone);
  const Result<std::string> name = canonical_name(target.text);
  if (!name) return;
  if (name->find('.') != std::string::npos) {
    if (!has_owner(draft, target.zone, *name)) return;
    warn(draft, target.at,
         "`" + target.text + "` is read as the absolute name " + *name + ", and zone `" + zone.key +
             "` has a name `" + *name + "` too",
         "write `" + *name + "." + zone.zone + "` for that one, or `" + *name +
             ".` to say that you mean it as it is");
    return;
  }
  if (has_owner(draft, target.zone, *name) || has_owner(draft, target.zone, "*")) return;
  for (const auto& [key, other] : draft.spec.zones) {
    if (key == target.zone || other.zone == zone.zone || !has_owner(draft, key, *name)) continue;
    warn(draft, target.at,
         "`" + target.text + "` is read as " + *name + "." + zone.zone + ", which zone `" +
             zone.key + "` does not declare; zone `" + key + "` has `" + *name + "`",
         "write `" + *name + "." + other.zone + "` if you mean that one");
    return;
  }
}

// --- lint ----------------------------------------------------------------------------------------

bool is_floating(std::string_view image) {
  if (image.empty() || image.find('@') != std::string_view::npos) return false;
  const std::size_t slash = image.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? image : image.substr(slash + 1);
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos || name.substr(colon + 1) == "latest";
}

void lint_images(Draft& draft) {
  const auto lint = draft.spec.policy.lint.find("floating_image_tags");
  if (lint == draft.spec.policy.lint.end() || lint->second == Severity::off) return;
  const auto say = lint->second == Severity::error ? report : warn;
  for (const auto& [address, resource] : draft.spec.desired) {
    if (address.kind != "container") continue;
    const std::string image = known_text(resource.attributes, "image");
    if (!is_floating(image)) continue;
    say(draft, line_of(resource, "image"),
        "image `" + image + "` of " + shown(resource) + " is not fixed to a version",
        "add a version or a digest behind it: `" + image.substr(0, image.rfind(":latest")) +
            ":1.2.3`");
  }
}

}  // namespace

void check_desired(Draft& draft) {
  for (const auto& [address, resource] : draft.spec.desired) {
    if (address.kind == "container" || address.kind == "ip") check_addresses(draft, resource);
  }
  check_collisions(draft);
  check_record_sets(draft);
  for (const WrittenTarget& target : draft.targets) check_target(draft, target);
  lint_images(draft);
  check_circles(draft);
}

}  // namespace homeostat
