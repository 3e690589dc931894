// Addresses on networks: which ones are free, and which one each `ip: auto` gets. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/resolve.hpp"

namespace homeostat {

// The addresses that nobody may be given, because something is known to have them, or may have.
class FreeAddresses {
 public:
  // Taken are: gateways, hosts of providers, what containers, ips and records of `desired` state,
  // and what is seen in use. DHCP ranges and reserved ones are never given either.
  FreeAddresses(const Spec& spec, const Desired& desired, const LiveIndex& live);
  void take(const IpAddress& address) { taken_.insert(address); }
  // The lowest free one, taken from now on; nullopt where the network has none left.
  [[nodiscard]] std::optional<IpAddress> take_lowest(const Network& network);

 private:
  void take_values(const Attributes& attributes);

  std::set<IpAddress> taken_;
  // By network: nothing below is free; nullopt: nothing at all.
  std::map<std::string, std::optional<IpAddress>> next_;
};

[[nodiscard]] bool holds_addresses(const std::string& kind);
// What a container or an ip claims.
[[nodiscard]] std::vector<IpAddress> addresses_of(const Resource& resource, const Zones& zones);
[[nodiscard]] std::vector<IpAddress> addresses_of(const LiveEntry& entry, const LiveIndex& live);

// In the network, and neither its own address, its broadcast address, its gateway, nor in a DHCP
// range.
[[nodiscard]] bool is_host_address(const Network& network, const IpAddress& address);

// While one of them is unknown no new address is given: the first scope that may hold addresses
// nobody sees, with what is wrong there.
struct UnknownHolder {
  Scope scope;
  std::string why;
};
[[nodiscard]] std::optional<UnknownHolder> unknown_holder(
    const Spec& spec, const Observed& observed,
    const std::map<std::string, const ProviderInfo*>& providers);

// Gives each container of `resolved.desired` with `ip: auto` its address: the rule where it can be
// met, else what it has, else what the ledger agreed on, else the lowest free one. Adds to `held`,
// `errors` and `warnings`.
void assign_addresses(Resolved& resolved, const ResolveInput& input);

}  // namespace homeostat
