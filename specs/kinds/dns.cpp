// One record set: all values of one type at one name of one zone.
#include "specs/kinds/kinds.hpp"
#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

// The absolute name of a record, no trailing dot.
std::string record_name(std::string_view owner, std::string_view zone) {
  return owner == "@" ? std::string(zone) : to_lower(owner) + '.' + std::string(zone);
}

std::vector<Claim> claims(const Address& address, const Attributes&, const Zones& zones) {
  const std::vector<std::string> parts = name_components(address.name);
  if (parts.size() != 3) return {};
  const auto zone = zones.find(parts[0]);
  if (zone == zones.end()) return {};
  const std::string name = record_name(parts[1], zone->second.zone);
  std::vector<Claim> claimed = {{"dns@" + address.provider + ':' + name + '/' + parts[2], true}};
  // Who asks for the others at this name finds the CNAME that tolerates none of them.
  if (parts[2] == "CNAME") claimed.push_back({"owner@" + address.provider + ':' + name + "#cname"});
  return claimed;
}

}  // namespace

bool records_exclude(std::string_view type_a, std::string_view type_b) {
  return type_a != type_b && (type_a == "CNAME" || type_b == "CNAME");
}

FieldSchema record_values(std::string_view type, std::string_view zone) {
  const auto canonical = [type = std::string(type), zone = std::string(zone)](
                             std::string_view text) { return canonical_rdata(type, text, zone); };
  return {.name = "values",
          .type = Type::list,
          .required = true,
          .set = true,
          .fields = {{.check = canonical}}};
}

Status check_record_set(const Address& address, const Attributes& attributes) {
  const std::vector<std::string> parts = name_components(address.name);
  if (parts.size() != 3 || parts[2] != "CNAME") return {};
  if (parts[1] == "@") {
    return fail(ErrorKind::invalid_spec, "a CNAME cannot stand at the top of a zone",
                "write A and AAAA records there");
  }
  const auto values = attributes.find("values");
  if (values != attributes.end() && values->is_array() && values->size() > 1) {
    return fail(ErrorKind::invalid_spec, "a CNAME has exactly one value", "keep one of them");
  }
  return {};
}

KindSchema dns_kind() {
  KindSchema kind{.name = "dns", .section = "dns"};
  kind.doc =
      "One record set: all values of one type at one name of a zone. It is owned and compared as a "
      "whole. Written by zone key and owner name: `nas: 10.5.0.20` is an A record, "
      "`www: { CNAME: nas }` names the type. Types: A AAAA CNAME MX TXT SRV CAA NS PTR SVCB HTTPS "
      "TLSA SSHFP.";
  kind.fields = {
      {.name = "values",
       .type = Type::list,
       .doc = "The values in the form their type has in zone files, in any order. A target without "
              "an inner dot is relative to the zone, with one it is absolute; TXT chunks are "
              "joined.",
       .required = true,
       .set = true,
       .fields = {FieldSchema{}},
       .example = "[10 mail]"},
      {.name = "ttl",
       .type = Type::duration,
       .doc = "How long others may keep the answer. Silent: the zone's, else the server's.",
       .min = 0,
       .max = 2147483647,
       .example = "1h"},
      {.name = "description",
       .doc = "Free text, where the server keeps a comment.",
       .example = "moved in May"},
  };
  kind.claims = claims;
  return kind;
}

}  // namespace homeostat
