#include "providers/powerdns/zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace homeostat::powerdns {
namespace {

bool is_dnssec(std::string_view type) {
  constexpr std::array<std::string_view, 8> types = {"DNSKEY",     "RRSIG", "NSEC",    "NSEC3",
                                                     "NSEC3PARAM", "CDS",   "CDNSKEY", "CSYNC"};
  return std::find(types.begin(), types.end(), type) != types.end();
}

// The zone's own machinery, and what somebody has switched off: to write such a set would switch it
// on again. "" of all others.
std::string why_fixed(const RecordSet& set, std::string_view zone) {
  if (set.name == zone && (set.type == "SOA" || set.type == "NS")) return "it is the zone's own";
  if (is_dnssec(set.type)) return "the server signs the zone with it";
  const bool off = std::any_of(set.records.begin(), set.records.end(),
                               [](const Content& record) { return record.disabled; });
  return off ? "a record of it is switched off there" : "";
}

}  // namespace

std::string native_id(const RecordSet& set) { return set.name + '/' + set.type; }

std::optional<Marker> marker_of(const RecordSet& set) {
  for (const Comment& comment : set.comments) {
    if (comment.account != our_account) continue;
    if (auto marker = parse_marker(comment.content)) return marker;
  }
  return std::nullopt;
}

Attributes attributes_of(const RecordSet& set, std::string_view zone) {
  std::vector<std::string> values;
  for (const Content& record : set.records) {
    if (record.disabled) continue;
    Result<std::string> value = from_content(set.type, record.text, zone);
    if (value) {
      values.push_back(std::move(*value));
    } else {
      values.emplace_back(record.text);
    }
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  Attributes attributes = Attributes::object();
  Attributes& list = attributes["values"] = Attributes::array();
  for (std::string& value : values) list.push_back(std::move(value));
  attributes["ttl"] = format_duration(set.ttl);
  for (const Comment& comment : set.comments) {
    if (comment.account != our_account || parse_marker(comment.content)) continue;
    attributes["description"] = comment.content;
    break;
  }
  return attributes;
}

LiveResource to_live(const RecordSet& set, const ZonePlace& place) {
  LiveResource live;
  live.native_id = native_id(set);
  live.marker = marker_of(set);
  live.attributes = attributes_of(set, place.name);
  live.why_fixed = why_fixed(set, place.name);
  live.fixed = !live.why_fixed.empty();
  if (set.modified_at > 0) live.changed_at = Time(std::chrono::seconds(set.modified_at));
  if (live.marker && live.marker->id == live.native_id) {
    if (auto marked = parse_address(live.marker->address)) {
      live.address = std::move(*marked);
      return live;
    }
  }
  const std::string owner = owner_in(place.name, set.name).value_or(set.name);
  live.address = Address{place.site, "dns",
                         fmt::format("{}/{}/{}", encode_component(place.key),
                                     encode_component(owner), encode_component(set.type)),
                         place.provider};
  return live;
}

Observation to_observation(const ZoneAnswer& answer, const ZonePlace& place) {
  Observation observation;
  observation.resources.reserve(answer.sets.size());
  bool has_soa = false;
  for (const RecordSet& set : answer.sets) {
    if (!set.exists()) continue;
    has_soa = has_soa || (set.type == "SOA" && set.name == place.name);
    observation.resources.push_back(to_live(set, place));
  }
  // Secondaries ask for the serial. A Native zone has none of them.
  const bool primary = answer.kind == "Master" || answer.kind == "Primary";
  if (primary && answer.soa_edit_api.empty()) {
    observation.warnings.push_back(
        Error{ErrorKind::invalid_spec,
              fmt::format("zone {} on {} does not raise its serial when it is changed, so that its "
                          "secondaries will not see it",
                          place.name, place.provider),
              fmt::format("pdnsutil set-meta {} SOA-EDIT-API DEFAULT", place.name),
              {},
              {}});
  }
  if (!has_soa) {
    observation.incomplete =
        Error{ErrorKind::internal,
              fmt::format("zone {} was listed without its SOA record, so that more may be missing",
                          place.name),
              fmt::format("look at it with `pdnsutil check-zone {}`", place.name),
              {},
              {}};
  }
  return observation;
}

Status check_kind(const ZoneAnswer& answer, const std::string& zone) {
  const bool secondary =
      answer.kind == "Slave" || answer.kind == "Secondary" || answer.kind == "Consumer";
  if (!secondary) return {};
  return fail(ErrorKind::invalid_spec,
              fmt::format("zone {} is a secondary on this server (kind {})", zone, answer.kind),
              "its records are changed on its primary: name that one in the zone's `on`");
}

}  // namespace homeostat::powerdns
