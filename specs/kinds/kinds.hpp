// The tables of the kinds, one file a kind. schema.hpp's kinds() collects them.
#pragma once

#include "specs/config.hpp"
#include "specs/schema.hpp"

namespace homeostat {

[[nodiscard]] KindSchema container_kind();
[[nodiscard]] KindSchema ip_kind();
[[nodiscard]] KindSchema dns_kind();
[[nodiscard]] KindSchema proxy_host_kind();
[[nodiscard]] KindSchema monitor_kind();

// A field that is true or false.
[[nodiscard]] inline FieldSchema flag(std::string name, std::string doc, bool default_value = false,
                                      ChangeEffect change = ChangeEffect::in_place) {
  return {.name = std::move(name),
          .type = Type::boolean,
          .doc = std::move(doc),
          .default_value = default_value,
          .change = change,
          .example = default_value ? "false" : "true"};
}

// The text of a scalar field, or "" where it is absent, no text, or not resolved yet (`${...}`).
[[nodiscard]] std::string known_text(const Attributes& attributes, std::string_view field);

[[nodiscard]] std::vector<Claim> container_claims(const Address& address,
                                                  const Attributes& attributes, const Zones&);
[[nodiscard]] std::vector<Complaint> settle_container(Attributes& attributes);

// A published port: "[ip:]host[-host]:container[-container][/proto]"; a bare "80" is "80:80/tcp".
struct PortMapping {
  std::string ip;  // canonical, without brackets; "" = all
  int host_first = 0;
  int host_last = 0;
  int container_first = 0;  // as many as on the host
  std::string protocol;     // "tcp", "udp" or "sctp"
};
[[nodiscard]] Result<PortMapping> parse_port_mapping(std::string_view text);
[[nodiscard]] std::string to_string(const PortMapping& mapping);
// Whether a host cannot publish both: a port of both ranges, on an address that both mean.
[[nodiscard]] bool ports_clash(const PortMapping& a, const PortMapping& b);
// What a container publishes, as far as it is known.
[[nodiscard]] std::vector<PortMapping> published_ports(const Attributes& container);

// `target` of a monitor in the form that its type asks for: a URL (http, keyword, json), host:port
// (tcp), an address or name (ping, dns), the name of a container (docker).
[[nodiscard]] Result<std::string> monitor_target(std::string_view type, std::string_view text);

// --- dns: the form of a value depends on the record's type, which stands in the address ---------

// `values` of a record set of `type` in `zone` (its DNS name), for read_value and canonical_value.
[[nodiscard]] FieldSchema record_values(std::string_view type, std::string_view zone);
// What is wrong with a record set as a whole: more than one CNAME, a CNAME at the apex.
[[nodiscard]] Status check_record_set(const Address& address, const Attributes& attributes);
// Whether two record types may not stand at one name: CNAME tolerates no other.
[[nodiscard]] bool records_exclude(std::string_view type_a, std::string_view type_b);

}  // namespace homeostat
