// What only shows when all resources are there: addresses, collisions, targets of records, lint.
#include <algorithm>

#include "specs/draft.hpp"
#include "specs/kinds/kinds.hpp"

namespace homeostat {
namespace {

std::string shown(const Resource& resource) { return display(resource.address, false, false); }

void check_in_network(Draft& draft, const Resource& resource, const Network& network,
                      const IpAddress& address, const std::string& field) {
  if (const auto problem = address_problem(draft, network, address)) {
    report(draft, line_of(resource, field),
           to_string(address) + " of " + shown(resource) + " " + problem->message, problem->hint);
  }
}

// A route leads over a neighbour: another address of the network that the container is on.
void check_gateway(Draft& draft, const Resource& resource, const std::string& field,
                   const std::string& own) {
  const Result<IpAddress> gateway = parse_ip(known_text(resource.attributes, field));
  if (!gateway) return;
  const Result<IpAddress> address = parse_ip(known_text(resource.attributes, own));
  const auto named = draft.spec.networks.find(known_text(resource.attributes, "network"));
  const Network* network = nullptr;
  if (named != draft.spec.networks.end() && named->second.cidr.base.v6 == gateway->v6) {
    network = &named->second;
  } else if (address) {
    network = network_of(draft.spec, *address);
  }
  const std::string said = "the " + field + " " + to_string(*gateway) + " of " + shown(resource);
  if (address && *address == *gateway) {
    report(draft, line_of(resource, field), said + " is its own address",
           "a gateway is another host: state the router's address");
  } else if (network != nullptr && !contains(network->cidr, *gateway)) {
    report(draft, line_of(resource, field),
           said + " does not lie in " + to_string(network->cidr) + ", network `" + network->key +
               "` (" + place(draft, network->where) + ")",
           network->gateway ? "write " + to_string(*network->gateway) +
                                  ", or leave it out: it is that of the network"
                            : "state an address of that network");
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

std::string family_of(bool v6) { return v6 ? "IPv6" : "IPv4"; }

void check_addresses(Draft& draft, const Resource& resource) {
  const bool container = resource.address.kind == "container";
  if (container) {
    check_container_network(draft, resource);
    check_automatic(draft, resource);
    check_gateway(draft, resource, "gateway", "ip");
    check_gateway(draft, resource, "gateway6", "ip6");
  }
  for (const std::string field : {container ? "ip" : "address", container ? "ip6" : ""}) {
    const Result<IpAddress> address = parse_ip(known_text(resource.attributes, field));
    if (!address) continue;
    const std::string key = container ? known_text(resource.attributes, "network")
                                      : name_components(resource.address.name).front();
    const auto named = draft.spec.networks.find(key);
    const bool declared = named != draft.spec.networks.end();
    const bool stated = declared && named->second.cidr.base.v6 == address->v6;
    // A container may have the other family besides, in a field of its own.
    const bool besides = field == "ip6" || (container && resource.attributes.contains("ip6"));
    if (declared && !stated && !besides) {
      report(draft, line_of(resource, field),
             to_string(*address) + " of " + shown(resource) + " is " + family_of(address->v6) +
                 ", and network `" + key + "` (" + place(draft, named->second.where) + ") is " +
                 family_of(!address->v6),
             container ? "state an address of that network, or the IPv6 one as `ip6`"
                       : "state an address of that network, or declare it in another one");
      continue;
    }
    const Network* network = stated ? &named->second : network_of(draft.spec, *address);
    if (network != nullptr) check_in_network(draft, resource, *network, *address, field);
  }
}

// --- whole resources -----------------------------------------------------------------------------

void settle(Draft& draft, Resource& resource) {
  const KindSchema& kind = *find_kind(resource.address.kind);
  if (kind.settle == nullptr || draft.flawed.contains(resource.address)) return;
  for (const Complaint& complaint : kind.settle(resource.attributes)) {
    const bool whole = complaint.field.empty();
    report(draft, whole ? stated_at(resource) : line_of(resource, complaint.field),
           shown(resource) + ": " + complaint.message, complaint.hint);
  }
}

std::string monitor_name(const Resource& monitor) {
  const std::string name = known_text(monitor.attributes, "name");
  return name.empty() ? decode_component(monitor.address.name) : name;
}

// A parent is a group of the same server, by the name that people see; it is there before its
// children are.
void check_parents(Draft& draft) {
  std::map<std::string, std::map<std::string, Address>> groups;  // by provider and name
  Desired& desired = draft.spec.desired;
  const auto first = desired.lower_bound({draft.spec.site, "monitor", "", ""});
  const auto each = [&](const auto& look) {
    for (auto it = first; it != desired.end() && it->first.kind == "monitor"; ++it)
      look(it->second);
  };
  each([&](const Resource& monitor) {
    if (known_text(monitor.attributes, "type") != "group") return;
    groups[monitor.address.provider].emplace(monitor_name(monitor), monitor.address);
  });
  each([&](Resource& monitor) {
    const std::string parent = known_text(monitor.attributes, "parent");
    const auto& known = groups[monitor.address.provider];
    const auto group = known.find(parent);
    const bool found = group != known.end();
    if (found && group->second != monitor.address) monitor.depends_on.push_back(group->second);
    if (parent.empty() || draft.partial || (found && parent != monitor_name(monitor))) return;
    report(draft, line_of(monitor, "parent"),
           "the parent `" + parent + "` of " + shown(monitor) +
               (found ? " is that group itself"
                      : " is no group of `" + monitor.address.provider + "`"),
           known.empty()
               ? "declare it: `monitors: { media: { type: group, name: " + parent + " } }`"
           : found ? "name another group, or remove the line"
                   : known_hint(parent, keys_of(known)));
  });
}

// --- records -------------------------------------------------------------------------------------

// "lab/www/CNAME" -> "lab/www/"
std::string_view owner_part(std::string_view name) { return name.substr(0, name.rfind('/') + 1); }

void check_exclusive(Draft& draft, const Resource& a, const Resource& b) {
  const std::string type_a = a.address.name.substr(owner_part(a.address.name).size());
  const std::string type_b = b.address.name.substr(owner_part(b.address.name).size());
  if (!records_exclude(type_a, type_b)) return;
  const bool in_order = stated_at(a) <= stated_at(b);
  const Resource& first = in_order ? a : b;
  const Resource& second = in_order ? b : a;
  report(draft, stated_at(second),
         shown(second) + " cannot stand beside " + shown(first) + " (" +
             place(draft, stated_at(first)) + ")",
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
      report(draft, stated_at(resource), shown(resource) + ": " + good.error().message,
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
  for (auto& [address, resource] : draft.spec.desired) settle(draft, resource);
  check_parents(draft);
  for (const auto& [address, resource] : draft.spec.desired) {
    if (address.kind == "container" || address.kind == "ip") check_addresses(draft, resource);
  }
  check_collisions(draft);
  check_record_sets(draft);
  for (const WrittenTarget& target : draft.targets) check_target(draft, target);
  check_names(draft);
  lint_images(draft);
  check_windows(draft);
  check_circles(draft);
}

}  // namespace homeostat
