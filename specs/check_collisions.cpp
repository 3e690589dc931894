// What only one may have: addresses, vmids, domains, names, ports of a host, folders.
#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "specs/draft.hpp"
#include "specs/kinds/kinds.hpp"

namespace homeostat {
namespace {

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

bool same_name(const Resource& a, const Resource& b) {
  return a.address.kind == b.address.kind && a.address.name == b.address.name;
}

// Says it at the later of the two places.
void report_taken(Draft& draft, const std::string& what, const Resource* first, Origin first_at,
                  const Resource* second, Origin second_at) {
  if (second_at < first_at) {
    std::swap(first, second);
    std::swap(first_at, second_at);
  }
  const bool one_statement = same_name(*first, *second);
  report(draft, second_at,
         what + " of " + display(second->address, one_statement, false) + " is already taken by " +
             display(first->address, one_statement, false) + " (" + place(draft, first_at) + ")",
         one_statement ? "`provider` with two names is one resource on each, and each needs its "
                         "own: declare them apart, or leave the value out"
                       : "each has its own: change one of the two");
}

void check_claims(Draft& draft) {
  std::unordered_map<std::string, const Resource*> holders;
  holders.reserve(draft.spec.desired.size() * 2);
  for (const auto& [address, resource] : draft.spec.desired) {
    const KindSchema& kind = *find_kind(address.kind);
    if (kind.claims == nullptr || address.kind == "dns") continue;
    for (const Claim& claim : kind.claims(address, resource.attributes, draft.spec.zones)) {
      if (claim.token.starts_with("port@")) continue;  // below
      const auto [it, fresh] =
          holders.try_emplace(scope_token(draft, resource, claim.token), &resource);
      if (fresh || it->second == &resource) continue;
      const Resource* first = it->second;
      const Collision one = collision_of(*first, claim.token);
      const Collision two = collision_of(resource, claim.token);
      report_taken(draft, one.what, first, line_of(*first, one.field), &resource,
                   line_of(resource, two.field));
    }
  }
}

// --- addresses by rule ---------------------------------------------------------------------------

// The address that the rule will give; nullopt where there is none, or the spec does not tell.
std::optional<IpAddress> ruled_address(const Draft& draft, const Resource& container) {
  const Attributes& attributes = container.attributes;
  const auto network = draft.spec.networks.find(known_text(attributes, "network"));
  const auto vmid = attributes.find("vmid");
  if (network == draft.spec.networks.end() || network->second.assign != Assign::vmid ||
      vmid == attributes.end() || !vmid->is_number_integer() || *vmid <= 0 ||
      known_text(attributes, "ip") != "auto") {
    return std::nullopt;
  }
  const auto address = host_address(network->second.cidr, vmid->get<std::uint64_t>());
  const auto& reserved = network->second.reserved;
  const bool kept =
      address && std::any_of(reserved.begin(), reserved.end(),
                             [&](const IpRange& range) { return contains(range, *address); });
  if (!address || kept || address_problem(draft, network->second, *address)) return std::nullopt;
  return address;
}

// What the rule gives to one may be stated for another, or given to it too.
void check_ruled_addresses(Draft& draft) {
  std::map<IpAddress, std::pair<const Resource*, std::string>> holders;  // with the field
  for (const auto& [address, resource] : draft.spec.desired) {
    if (address.kind != "container" && address.kind != "ip") continue;
    for (const char* field : {"ip", "ip6", "address"}) {
      const Result<IpAddress> ip = parse_ip(known_text(resource.attributes, field));
      if (ip) holders.emplace(*ip, std::pair(&resource, std::string(field)));
    }
  }
  for (const auto& [address, resource] : draft.spec.desired) {
    const auto ip = address.kind == "container" ? ruled_address(draft, resource) : std::nullopt;
    if (!ip) continue;
    const auto [known, fresh] = holders.try_emplace(*ip, &resource, "vmid");
    const auto& [other, field] = known->second;
    const bool said = field == "vmid" && other->address.provider == address.provider;  // the vmid
    if (fresh || said || same_name(*other, resource)) continue;
    report_taken(draft, "address " + to_string(*ip) + " (the rule for its vmid)", other,
                 line_of(*other, field), &resource, line_of(resource, "vmid"));
  }
}

// One vmid on two providers is fine, but the rule gives both containers one address.
void check_rules(Draft& draft) {
  const Desired& desired = draft.spec.desired;
  for (auto it = desired.begin(); it != desired.end(); ++it) {
    const auto next = std::next(it);
    if (next == desired.end() || it->first.kind != "container") continue;
    if (!same_name(it->second, next->second)) continue;
    if (!ruled_address(draft, it->second)) continue;
    const std::string network = known_text(it->second.attributes, "network");
    report(draft, line_of(it->second, "vmid"),
           display(it->first, true, false) + " and " + display(next->first, true, false) +
               " would have one address: network `" + network +
               "` gives it by the vmid, and both have the same",
           "declare them apart, each with a vmid of its own");
  }
}

// --- MAC addresses
// ---------------------------------------------------------------------------------

// An `ip` states the address of something else, so that only two of one network can clash.
void check_macs(Draft& draft) {
  std::map<std::pair<std::string, std::string>, const Resource*> holders;  // where, mac
  for (const auto& [address, resource] : draft.spec.desired) {
    if (address.kind != "container" && address.kind != "ip") continue;
    const std::string mac = known_text(resource.attributes, "mac");
    if (mac.empty()) continue;
    constexpr unsigned group_bit = 1;
    const bool group = (std::stoul(mac.substr(0, 2), nullptr, 16) & group_bit) != 0;
    const bool nobody = mac == "00:00:00:00:00:00";
    if (group || nobody) {
      report(draft, line_of(resource, "mac"),
             mac + " of " + display(address, false, false) +
                 (nobody ? " is nobody's address" : " is the address of a group (multicast)"),
             "one of your own begins with 02, such as 02:00:00:00:00:05");
      continue;
    }
    const std::string scope =
        address.kind + "/" + (address.kind == "ip" ? name_components(address.name).front() : "");
    const auto [known, fresh] = holders.try_emplace({scope, mac}, &resource);
    if (fresh || same_name(*known->second, resource)) continue;
    report_taken(draft, "mac " + mac, known->second, line_of(*known->second, "mac"), &resource,
                 line_of(resource, "mac"));
  }
}

// --- ports ---------------------------------------------------------------------------------------

struct Published {
  PortMapping mapping;
  const Resource* container = nullptr;
};

// "8080/tcp", "127.0.0.1:8080-8090/tcp": the part of a mapping that the host sees.
std::string host_part(const PortMapping& mapping) {
  const std::string text = to_string(mapping);
  const std::size_t slash = text.rfind('/');
  return text.substr(0, text.rfind(':', slash)) + text.substr(slash);
}

void report_ports(Draft& draft, const Published& a, const Published& b) {
  const std::string field = "ports";
  if (a.container == b.container) {
    report(draft, line_of(*a.container, field),
           display(a.container->address, false, false) + " publishes host port " +
               host_part(b.mapping) + " twice: `" + to_string(a.mapping) + "` and `" +
               to_string(b.mapping) + "`",
           "a port of the host leads to one place: remove or change one of the two");
    return;
  }
  const Origin a_at = line_of(*a.container, field);
  const Origin b_at = line_of(*b.container, field);
  const PortMapping& later = b_at < a_at ? a.mapping : b.mapping;
  report_taken(draft, "host port " + host_part(later), a.container, a_at, b.container, b_at);
}

// Few containers of a host publish much, and a clash is near in order of ports.
void check_host(Draft& draft, std::vector<Published>& all) {
  std::stable_sort(all.begin(), all.end(), [](const Published& a, const Published& b) {
    return a.mapping.host_first < b.mapping.host_first;
  });
  int widest = 0;
  for (const Published& each : all) {
    widest = std::max(widest, each.mapping.host_last - each.mapping.host_first);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t k = i; k-- > 0;) {
      if (all[i].mapping.host_first - all[k].mapping.host_first > widest) break;
      if (!ports_clash(all[k].mapping, all[i].mapping)) continue;
      report_ports(draft, all[k], all[i]);
      break;
    }
  }
}

void check_ports(Draft& draft) {
  std::map<std::string, std::vector<Published>> hosts;  // by provider
  for (const auto& [address, resource] : draft.spec.desired) {
    if (address.kind != "container") continue;
    for (PortMapping& mapping : published_ports(resource.attributes)) {
      hosts[address.provider].push_back({std::move(mapping), &resource});
    }
  }
  for (auto& [provider, published] : hosts) check_host(draft, published);
}

// --- folders of `files` providers ----------------------------------------------------------------

struct Folder {
  std::string path;  // absolute, normal, with a slash behind
  std::string name;
  Origin at;
};

void check_folders(Draft& draft) {
  namespace fs = std::filesystem;
  std::vector<Folder> folders;
  for (const auto& [name, entry] : draft.sections.of("providers")) {
    const yaml::Node* type = entry.value->find("type");
    const yaml::Node* path = entry.value->find("path");
    if (type == nullptr || type->text != "files" || path == nullptr) continue;
    if (path->kind != yaml::NodeKind::scalar || has_template(path->text)) continue;
    std::string text = (fs::path(draft.source.folder()) / path->text / "").lexically_normal();
    folders.push_back({std::move(text), std::string(name), path->at});
  }
  std::sort(folders.begin(), folders.end(),
            [](const Folder& a, const Folder& b) { return a.at < b.at; });
  for (std::size_t i = 0; i < folders.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const bool inside = folders[i].path.starts_with(folders[k].path);
      if (!inside && !folders[k].path.starts_with(folders[i].path)) continue;
      const bool same = folders[i].path == folders[k].path;
      report(draft, folders[i].at,
             "the folder of `" + folders[i].name + "` " +
                 (same     ? "is that"
                  : inside ? "lies inside that"
                           : "holds that") +
                 " of `" + folders[k].name + "` (" + place(draft, folders[k].at) + ")",
             "two `files` providers never share one: write `path: live/" + folders[i].name + "`");
      break;
    }
  }
}

}  // namespace

void check_collisions(Draft& draft) {
  check_claims(draft);
  check_rules(draft);
  check_ruled_addresses(draft);
  check_macs(draft);
  check_ports(draft);
  check_folders(draft);
}

}  // namespace homeostat
