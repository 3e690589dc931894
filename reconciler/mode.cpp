#include "reconciler/mode.hpp"

namespace homeostat {

Mode mode_of(const Spec& spec, const Address& address) {
  const Policy& policy = spec.policy;
  const auto resource = spec.desired.find(address);
  if (resource != spec.desired.end() && resource->second.mode) return *resource->second.mode;
  const auto kind = policy.kind_modes.find(address.kind);
  if (kind != policy.kind_modes.end()) return kind->second;
  const auto config = spec.providers.find(address.provider);
  if (config != spec.providers.end() && config->second.mode) return *config->second.mode;
  const auto provider = policy.provider_modes.find(address.provider);
  return provider != policy.provider_modes.end() ? provider->second : policy.mode;
}

}  // namespace homeostat
