// What a container holds on its host, what it cannot be, and how attributes are read for claims.
#include "specs/kinds/kinds.hpp"
#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

// "0.0.0.0" and "::" hold a port on every address, as no address at all does.
void claim_ports(const Address& address, const Attributes& attributes,
                 std::vector<Claim>& claimed) {
  for (const PortMapping& mapping : published_ports(attributes)) {
    std::string prefix = "port@" + address.provider + ':';
    const bool every = mapping.ip.empty() || mapping.ip == "0.0.0.0" || mapping.ip == "::";
    const bool v6 = mapping.ip.find(':') != std::string::npos;
    if (!every) prefix += v6 ? '[' + mapping.ip + "]:" : mapping.ip + ':';
    for (int i = mapping.host_first; i <= mapping.host_last; ++i) {
      claimed.push_back({prefix + std::to_string(i) + '/' + mapping.protocol});
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

std::vector<Complaint> settle_container(Attributes& attributes) {
  std::vector<Complaint> found;
  if (attributes.contains("image") && attributes.contains("template")) {
    found.push_back({"template",
                     "a container is made of an `image` or of a `template`, not of both",
                     "remove one of the two"});
  }
  const auto mounts = attributes.find("mounts");
  if (mounts == attributes.end() || !mounts->is_array()) return found;
  for (const nlohmann::json& mount : *mounts) {
    if (!mount.is_object() || known_text(mount, "type") != "bind") continue;
    const std::string source = known_text(mount, "source");
    if (source.starts_with('/') || (source.empty() && mount.contains("source"))) continue;
    found.push_back(
        {"mounts",
         source.empty()
             ? std::string("a bind mount needs a `source`")
             : "a bind mount needs a path from the top, and " + in_ticks(source) + " is relative",
         source.empty() ? "add the path on the host: `source: /tank/media`"
                        : "write " + in_ticks("source: /" + source) + ", or `type: volume`"});
  }
  return found;
}

}  // namespace homeostat
