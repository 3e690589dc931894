// One record set: all values of one type at one name of one zone.
#include <algorithm>
#include <map>

#include "specs/kinds/kinds.hpp"
#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

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

std::string value_pointer(std::size_t index) { return "/values/" + std::to_string(index); }

// Sorted, each once; pointers to a value that moves follow it.
void sort_values(nlohmann::json& values, std::vector<OpenValue>* open) {
  std::vector<std::pair<nlohmann::json, std::size_t>> sorted;  // and where each stood
  for (std::size_t i = 0; i < values.size(); ++i) sorted.emplace_back(std::move(values[i]), i);
  std::sort(sorted.begin(), sorted.end());
  std::map<std::string, std::string> moved;
  values = nlohmann::json::array();
  for (auto& [value, from] : sorted) {
    if (values.empty() || values.back() != value) values.push_back(std::move(value));
    moved[value_pointer(from)] = value_pointer(values.size() - 1);
  }
  if (open == nullptr) return;
  for (OpenValue& one : *open) {
    const auto to = moved.find(one.pointer);
    if (to != moved.end()) one.pointer = to->second;
  }
  const auto before = [](const OpenValue& a, const OpenValue& b) { return a.pointer < b.pointer; };
  const auto same = [](const OpenValue& a, const OpenValue& b) { return a.pointer == b.pointer; };
  std::stable_sort(open->begin(), open->end(), before);
  open->erase(std::unique(open->begin(), open->end(), same), open->end());
}

}  // namespace

std::string record_name(std::string_view owner, std::string_view zone) {
  return owner == "@" ? std::string(zone) : to_lower(owner) + '.' + std::string(zone);
}

bool records_exclude(std::string_view type_a, std::string_view type_b) {
  return type_a != type_b && (type_a == "CNAME" || type_b == "CNAME");
}

FieldSchema record_values(std::string_view type, std::string_view zone) {
  FieldSchema values{.name = "values", .type = Type::list, .required = true, .set = true};
  FieldSchema value;
  value.check = [type = std::string(type), zone = std::string(zone)](std::string_view text) {
    return canonical_rdata(type, text, zone);
  };
  values.fields.push_back(std::move(value));
  return values;
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

Result<Attributes> canonical_dns(const Address& address, Attributes attributes,
                                 std::string_view zone, std::vector<OpenValue>* open) {
  const auto is_open = [open](std::string_view pointer) {
    return open != nullptr && std::any_of(open->begin(), open->end(), [&](const OpenValue& one) {
             return one.pointer == pointer;
           });
  };
  for (const std::string_view name : {"ttl", "description"}) {
    const auto field = attributes.find(name);
    if (field == attributes.end() || is_open('/' + std::string(name))) continue;
    TRY_ASSIGN(*field, canonical_value(*find_kind("dns")->field(name), *field));
  }
  const auto values = attributes.find("values");
  if (values != attributes.end() && !values->is_null()) {
    if (!values->is_array()) *values = nlohmann::json::array({*values});
    const std::vector<std::string> parts = name_components(address.name);
    const FieldSchema schema = record_values(parts.empty() ? "" : parts.back(), zone);
    for (std::size_t i = 0; i < values->size(); ++i) {
      if (is_open(value_pointer(i))) continue;
      nlohmann::json& value = (*values)[i];
      TRY_ASSIGN(value, canonical_value(schema.fields.front(), value));
    }
    sort_values(*values, open);
  }
  TRY(check_record_set(address, attributes));
  return attributes;
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
