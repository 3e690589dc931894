#include "reconciler/planning.hpp"

namespace homeostat {
namespace {

// The key that a service had before: that of its container or proxy host, which is the same live
// thing under another key now. "" where it had none.
std::string former_key(const Planning& planning, const Resource& resource) {
  for (const char* kind : {"container", "proxy_host"}) {
    const Address first{resource.address.site, kind, resource.address.name, ""};
    const Desired& desired = planning.resolved.desired;
    for (auto other = desired.lower_bound(first); other != desired.end(); ++other) {
      const Address& address = other->first;
      if (address.kind != first.kind || address.name != first.name) break;
      if (other->second.service != resource.service) continue;
      const LiveEntry* entry = planning.live.match(other->second);
      const bool renamed = entry != nullptr && entry->ownership == Ownership::ours &&
                           entry->owner.name != address.name && entry->owner.kind == kind &&
                           !desired.contains(entry->owner);
      if (renamed) return entry->owner.name;
    }
  }
  return {};
}

}  // namespace

const LiveEntry* renamed_with_its_service(const Planning& planning, const Resource& resource) {
  const Address& address = resource.address;
  const bool derived = address.kind == "monitor" && !resource.service.empty() &&
                       address.name == encode_component(resource.service);
  if (!derived) return nullptr;
  Address former = address;
  former.name = former_key(planning, resource);
  if (former.name.empty() || planning.resolved.desired.contains(former)) return nullptr;
  const LiveEntry* entry = planning.live.owned_as(former);
  const bool fits = entry != nullptr && entry->scope == scope_of(address) &&
                    !excluded(planning.input.options, former);
  return fits ? entry : nullptr;
}

}  // namespace homeostat
