// An address that something outside the other kinds holds: a printer, a switch, a DHCP reservation.
#include "specs/kinds/kinds.hpp"

namespace homeostat {
namespace {

std::vector<Claim> claims(const Address&, const Attributes& attributes, const Zones&) {
  const std::string address = known_text(attributes, "address");
  if (address.empty()) return {};
  return {{"ip:" + address, true}};
}

}  // namespace

KindSchema ip_kind() {
  KindSchema kind{.name = "ip", .section = "ips"};
  kind.doc =
      "An address that something outside the other kinds holds: a printer, a switch, a phone. "
      "Providers keep it as a DHCP reservation, or as an entry of their address list. Its name is "
      "the network and a key: `ip/lab/printer`.";
  kind.fields = {
      {.name = "address",
       .type = Type::ip,
       .doc = "The address. No other resource may hold the same.",
       .required = true,
       .example = "10.5.0.7"},
      {.name = "mac",
       .type = Type::mac,
       .doc = "The hardware address that DHCP gives it to.",
       .example = "BC:24:11:00:00:07"},
      {.name = "hostname",
       .type = Type::name,
       .doc = "The name that DHCP hands out, or that the address list shows.",
       .example = "printer"},
      {.name = "description", .doc = "Free text.", .example = "Laser printer, hall"},
  };
  kind.claims = claims;
  return kind;
}

}  // namespace homeostat
