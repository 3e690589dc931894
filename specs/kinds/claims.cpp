// What a container holds on its host, and how attributes are read for claims.
#include "specs/kinds/kinds.hpp"
#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

// "0.0.0.0" and "::" hold a port on every address, as no address at all does.
void claim_ports(const Address& address, const Attributes& attributes,
                 std::vector<Claim>& claimed) {
  const auto ports = attributes.find("ports");
  if (ports == attributes.end() || !ports->is_array()) return;
  for (const nlohmann::json& port : *ports) {
    const auto mapping = parse_port_mapping(port.is_string() ? port.get<std::string>() : "");
    if (!mapping) continue;
    std::string prefix = "port@" + address.provider + ':';
    const bool every = mapping->ip.empty() || mapping->ip == "0.0.0.0" || mapping->ip == "::";
    const bool v6 = mapping->ip.find(':') != std::string::npos;
    if (!every) prefix += v6 ? '[' + mapping->ip + "]:" : mapping->ip + ':';
    for (int i = mapping->host_first; i <= mapping->host_last; ++i) {
      claimed.push_back({prefix + std::to_string(i) + '/' + mapping->protocol});
    }
  }
}

}  // namespace

std::string known_text(const Attributes& attributes, std::string_view field) {
  const auto found = attributes.find(field);
  if (found == attributes.end() || !found->is_string()) return {};
  const auto& text = found->get_ref<const std::string&>();
  return has_template(text) ? std::string() : text;
}

std::vector<Claim> container_claims(const Address& address, const Attributes& attributes,
                                    const Zones&) {
  std::vector<Claim> claimed;
  const auto vmid = attributes.find("vmid");
  if (vmid != attributes.end() && vmid->is_number_integer()) {
    claimed.push_back({"vmid@" + address.provider + ':' + vmid->dump(), true});
  }
  const auto hostname = attributes.find("hostname");
  std::string name = known_text(attributes, "hostname");
  if (hostname == attributes.end() || hostname->is_null()) {
    name = to_lower(decode_component(address.name));
  }
  if (!name.empty()) claimed.push_back({"container@" + address.provider + ':' + name, true});
  for (const std::string_view field : {"ip", "ip6"}) {
    const std::string ip = known_text(attributes, field);
    const bool word = ip.find_first_of(".:") == std::string::npos;  // "", "auto", "dhcp", "slaac"
    if (!word && parse_ip(ip)) claimed.push_back({"ip:" + ip});
  }
  claim_ports(address, attributes, claimed);
  return claimed;
}

}  // namespace homeostat
