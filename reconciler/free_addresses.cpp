#include <algorithm>
#include <vector>

#include "reconciler/addresses.hpp"
#include "reconciler/lookups.hpp"

namespace homeostat {

namespace {

constexpr std::string_view ip_token = "ip:";

std::vector<IpAddress> addresses_in(const std::vector<Claim>& claims) {
  std::vector<IpAddress> found;
  for (const Claim& claim : claims) {
    if (claim.token.compare(0, ip_token.size(), ip_token) != 0) continue;
    if (const Result<IpAddress> ip = parse_ip(claim.token.substr(ip_token.size()))) {
      found.push_back(*ip);
    }
  }
  return found;
}

// The address in "10.5.0.7", "http://10.5.0.7:81/x" or "[2001:db8::7]:81".
std::optional<IpAddress> host_in(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  text = text.substr(0, text.find('/'));
  if (const Result<IpAddress> bare = parse_ip(text)) return *bare;
  if (!text.empty() && text.front() == '[') {
    text = text.substr(1, text.find(']') - 1);
  } else {
    text = text.substr(0, text.rfind(':'));
  }
  const Result<IpAddress> ip = parse_ip(text);
  return ip ? std::optional<IpAddress>(*ip) : std::nullopt;
}

bool in_ranges(const std::vector<IpRange>& ranges, const IpAddress& address) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&address](const IpRange& range) { return contains(range, address); });
}

const IpRange* range_around(const Network& network, const IpAddress& address) {
  for (const std::vector<IpRange>* ranges : {&network.dhcp, &network.reserved}) {
    for (const IpRange& range : *ranges) {
      if (contains(range, address)) return &range;
    }
  }
  return nullptr;
}

bool host_bits_are(const Cidr& cidr, const IpAddress& address, bool one) {
  const int bits = address.v6 ? 128 : 32;
  for (int bit = cidr.prefix; bit < bits; ++bit) {
    const unsigned byte = address.bytes[static_cast<std::size_t>(bit / 8)];
    if (((byte >> (7U - static_cast<unsigned>(bit % 8))) & 1U) != (one ? 1U : 0U)) return false;
  }
  return true;
}

// Point-to-point networks (/31, /127) and single addresses have hosts only.
bool is_edge(const Cidr& cidr, const IpAddress& address) {
  const int bits = address.v6 ? 128 : 32;
  if (cidr.prefix > bits - 2) return false;
  return host_bits_are(cidr, address, false) || (!address.v6 && host_bits_are(cidr, address, true));
}

}  // namespace

bool holds_addresses(const std::string& kind) { return kind == "container" || kind == "ip"; }

std::vector<IpAddress> addresses_of(const Resource& resource, const Zones& zones) {
  const KindSchema* kind = find_kind(resource.address.kind);
  if (kind == nullptr || kind->claims == nullptr || !holds_addresses(kind->name)) return {};
  return addresses_in(kind->claims(resource.address, resource.attributes, zones));
}

std::vector<IpAddress> addresses_of(const LiveEntry& entry, const LiveIndex& live) {
  if (!holds_addresses(entry.live->address.kind)) return {};
  return addresses_in(live.claims(entry));
}

bool is_host_address(const Network& network, const IpAddress& address) {
  return contains(network.cidr, address) && !is_edge(network.cidr, address) &&
         network.gateway != address && !in_ranges(network.dhcp, address);
}

FreeAddresses::FreeAddresses(const Spec& spec, const Desired& desired, const LiveIndex& live) {
  for (const auto& [key, network] : spec.networks) {
    if (network.gateway) take(*network.gateway);
  }
  for (const auto& [name, provider] : spec.providers) {
    for (const auto& setting : provider.settings) {
      if (!setting.is_string()) continue;
      if (const auto ip = host_in(setting.get_ref<const std::string&>())) take(*ip);
    }
  }
  for (const auto& [address, resource] : desired) {
    for (const IpAddress& ip : addresses_of(resource, spec.zones)) take(ip);
    // What a record points to is somewhere, even if nothing else here knows of it.
    if (address.kind == "dns") take_values(resource.attributes);
  }
  for (const LiveEntry& entry : live.entries()) {
    for (const IpAddress& ip : addresses_of(entry, live)) take(ip);
    if (entry.live->address.kind == "dns") take_values(entry.live->attributes);
  }
}

void FreeAddresses::take_values(const Attributes& attributes) {
  const auto values = attributes.find("values");
  if (values == attributes.end() || !values->is_array()) return;
  for (const auto& value : *values) {
    if (!value.is_string()) continue;
    if (const Result<IpAddress> ip = parse_ip(value.get_ref<const std::string&>())) take(*ip);
  }
}

std::optional<IpAddress> FreeAddresses::take_lowest(const Network& network) {
  const auto [at, is_new] = next_.try_emplace(network.key, network.cidr.base);
  std::optional<IpAddress>& lowest = at->second;
  while (lowest && contains(network.cidr, *lowest)) {
    const IpAddress candidate = *lowest;
    const IpRange* range = range_around(network, candidate);
    const IpAddress last = range != nullptr ? range->last : candidate;
    lowest = next(last);
    if (*lowest <= last) lowest.reset();  // behind the last address there is
    if (range == nullptr && is_host_address(network, candidate) &&
        taken_.insert(candidate).second) {
      return candidate;
    }
  }
  return std::nullopt;
}

std::optional<UnknownHolder> unknown_holder(
    const Spec& spec, const Observed& observed,
    const std::map<std::string, const ProviderInfo*>& providers) {
  for (const auto& [name, config] : spec.providers) {
    const auto info = providers.find(name);
    if (info != providers.end() && info->second != nullptr) {
      const auto& kinds = info->second->schema.kinds;
      const auto holds = [](const auto& row) { return holds_addresses(row.first); };
      if (std::none_of(kinds.begin(), kinds.end(), holds)) continue;
    }
    const Scope scope{name, ""};
    if (const Error* why = unknown_because(observed, scope)) {
      return UnknownHolder{scope, why->message};
    }
  }
  return std::nullopt;
}

}  // namespace homeostat
