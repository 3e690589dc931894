#include "reconciler/loop/concerned.hpp"

#include <algorithm>

namespace homeostat {
namespace {

// The part of a spec that is about no single resource; without its places, which move with every
// line above them.
nlohmann::json footing_of(const Spec& spec) {
  nlohmann::json out;
  for (const auto& [name, from] : spec.providers) {
    out["providers"][name] = {from.type,
                              from.settings,
                              from.adopt.has_value(),
                              from.adopt.value_or(Adopt::matching),
                              from.max_in_flight,
                              from.max_per_second};
  }
  for (const auto& [name, from] : spec.networks) {
    nlohmann::json ranges = nlohmann::json::array();
    for (const auto* list : {&from.dhcp, &from.reserved}) {
      for (const IpRange& range : *list) {
        ranges.push_back({to_string(range.first), to_string(range.last), list == &from.dhcp});
      }
    }
    out["networks"][name] = {to_string(from.cidr),
                             from.gateway ? to_string(*from.gateway) : std::string(),
                             from.bridge,
                             from.provider,
                             from.vlan,
                             from.assign,
                             std::move(ranges)};
  }
  for (const auto& [name, from] : spec.zones) {
    out["zones"][name] = {from.zone, from.on,        from.points_to,  from.values,
                          from.ttl,  from.authority, from.reverse_of, from.reverse};
  }
  for (const auto& [name, from] : spec.secrets) out["secrets"][name] = {from.kind, from.words};
  return out;
}

bool same(const Resource& a, const Resource& b) {
  return a.attributes == b.attributes && a.depends_on == b.depends_on &&
         a.on_remove == b.on_remove && a.protect == b.protect && a.mode == b.mode &&
         std::ranges::equal(a.ignore, b.ignore, {}, &Ignore::field, &Ignore::field) &&
         std::ranges::equal(a.open, b.open, [](const OpenValue& x, const OpenValue& y) {
           return x.pointer == y.pointer && x.parts == y.parts;
         });
}

bool refers_to(const Resource& resource, const std::set<Address>& targets) {
  for (const OpenValue& value : resource.open) {
    for (const TemplatePart& part : value.parts) {
      if (part.kind == TemplatePart::Kind::reference && targets.contains(part.target)) return true;
    }
  }
  return false;
}

// With everything whose values come from what has moved.
void add_dependents(std::set<Address>& moved, const Desired& desired) {
  for (std::size_t before = 0; before != moved.size();) {
    before = moved.size();
    for (const auto& [address, resource] : desired) {
      if (!moved.contains(address) && refers_to(resource, moved)) moved.insert(address);
    }
  }
}

}  // namespace

std::optional<std::set<Scope>> concerned(const Spec& before, const Spec& after) {
  if (before.site != after.site || footing_of(before) != footing_of(after)) return std::nullopt;
  std::set<Address> moved;
  for (const auto& [address, resource] : after.desired) {
    const auto old = before.desired.find(address);
    if (old == before.desired.end()) {
      if (address.kind == "container" || address.kind == "ip") return std::nullopt;
      moved.insert(address);
    } else if (!same(old->second, resource)) {
      moved.insert(address);
    }
  }
  for (const auto& [address, resource] : before.desired) {
    if (!after.desired.contains(address)) moved.insert(address);
  }
  add_dependents(moved, after.desired);
  std::set<Scope> scopes;
  bool names = false;  // PTR records follow what has an address
  for (const Address& address : moved) {
    scopes.insert(scope_of(address));
    names = names || address.kind == "container" || address.kind == "ip" || address.kind == "dns";
  }
  if (!names) return scopes;
  for (const auto& [key, zone] : after.zones) {
    if (zone.reverse_of.empty()) continue;
    for (const std::string& provider : zone.on) scopes.insert(Scope{provider, key});
  }
  return scopes;
}

}  // namespace homeostat
