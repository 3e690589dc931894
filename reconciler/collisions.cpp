#include "reconciler/collisions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/lookups.hpp"

namespace homeostat {

namespace {

// The field that a claim is read from.
FieldPath field_of(const Resource& resource, const std::string& token) {
  const std::string type = token.substr(0, token.find_first_of("@:"));
  if (type == "ip" && resource.address.kind == "ip") return "address";
  if (type == "ip") {
    const bool v6 = resource.attributes.value("ip6", "") == claimed_thing(token);
    return v6 ? "ip6" : "ip";
  }
  if (type == "domain") return "domains";
  if (type == "port") return "ports";
  if (type == "container") return "hostname";
  return type == "monitor" ? "name" : type;
}

// Outside of the declared networks an address is known on one host only.
bool is_shared(const Spec& spec, const std::string& token) {
  if (!token.starts_with("ip:") || spec.networks.empty()) return true;
  const Result<IpAddress> ip = parse_ip(token.substr(token.find(':') + 1));
  return !ip || std::ranges::any_of(spec.networks, [&ip](const auto& network) {
    return contains(network.second.cidr, *ip);
  });
}

}  // namespace

std::vector<std::string> new_tokens(const Address& address, const Attributes& before,
                                    const Attributes& after, const Zones& zones) {
  const std::vector<std::string> had = tokens_of(address, before, zones);
  const std::vector<std::string> has = tokens_of(address, after, zones);
  std::vector<std::string> fresh;
  std::ranges::set_difference(has, had, std::back_inserter(fresh));
  return fresh;
}

void check_filled(Resolved& resolved, const ResolveInput& input) {
  const Zones& zones = input.spec.zones;
  std::map<std::string, std::vector<const Resource*>> holders;
  for (const auto& [address, written] : input.spec.desired) {
    if (written.open.empty() || address.kind == "dns") continue;
    const Attributes& filled = resolved.desired.at(address).attributes;
    for (const std::string& token : new_tokens(address, written.attributes, filled, zones)) {
      holders[token];
    }
  }
  if (holders.empty()) return;
  for (const auto& [address, resource] : resolved.desired) {
    if (address.kind == "dns") continue;
    for (const std::string& token : tokens_of(address, resource.attributes, zones)) {
      const auto wanted = holders.find(token);
      if (wanted != holders.end()) wanted->second.push_back(&resource);
    }
  }
  for (const auto& [token, both] : holders) {
    for (std::size_t i = 1; i < both.size(); ++i) {
      const Resource& first = *both.front();
      const Resource& second = *both[i];
      if (!is_shared(input.spec, token) && first.address.provider != second.address.provider) {
        continue;
      }
      Error error;
      error.kind = ErrorKind::invalid_spec;
      error.message =
          fmt::format("{} of {} is already taken by {} ({}), now that references are filled in",
                      claimed_thing(token), display(second.address, false, false),
                      display(first.address, false, false),
                      to_string(place_of(first, field_of(first, token), input.spec)));
      error.hint = "each has its own: change one of the two";
      error.where = place_of(second, field_of(second, token), input.spec);
      resolved.errors.push_back(std::move(error));
    }
  }
}

}  // namespace homeostat
