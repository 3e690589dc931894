#include "providers/powerdns/zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace homeostat::powerdns {
namespace {

using Json = nlohmann::json;

tl::unexpected<Error> unexpected_shape(const std::string& place, std::string_view wanted) {
  return fail(ErrorKind::internal,
              fmt::format("the server's answer is not what was expected: {} is no {}",
                          place.empty() ? "it" : place, wanted));
}

const Json& member(const Json& object, const char* key) {
  static const Json absent;
  const auto found = object.find(key);
  return found == object.end() ? absent : *found;
}

Result<std::string> text_at(const Json& object, const char* key, const std::string& place) {
  const Json& value = member(object, key);
  if (!value.is_string()) return unexpected_shape(place + '/' + key, "text");
  return value.get<std::string>();
}

Result<std::int64_t> number_at(const Json& object, const char* key, const std::string& place) {
  const Json& value = member(object, key);
  if (!value.is_number_integer()) return unexpected_shape(place + '/' + key, "number");
  return value.get<std::int64_t>();
}

// "" where it is absent.
Result<std::string> optional_text_at(const Json& object, const char* key,
                                     const std::string& place) {
  if (member(object, key).is_null()) return std::string();
  return text_at(object, key, place);
}

Status read_records(const Json& list, const std::string& place, RecordSet& set) {
  for (const Json& item : list) {
    const std::string here = fmt::format("{}/records/{}", place, set.records.size());
    if (!item.is_object()) return unexpected_shape(here, "object");
    const Json& disabled = member(item, "disabled");
    if (!disabled.is_boolean()) return unexpected_shape(here + "/disabled", "boolean");
    TRY_ASSIGN(std::string content, text_at(item, "content", here));
    set.records.push_back({std::move(content), disabled.get<bool>()});
    if (!member(item, "modified_at").is_null()) {
      TRY_ASSIGN(const std::int64_t at, number_at(item, "modified_at", here));
      set.modified_at = std::max(set.modified_at, at);
    }
  }
  return {};
}

Status read_comments(const Json& list, const std::string& place, RecordSet& set) {
  for (const Json& item : list) {
    const std::string here = fmt::format("{}/comments/{}", place, set.comments.size());
    if (!item.is_object()) return unexpected_shape(here, "object");
    Comment comment;
    TRY_ASSIGN(comment.content, text_at(item, "content", here));
    TRY_ASSIGN(comment.account, text_at(item, "account", here));
    TRY_ASSIGN(comment.modified_at, number_at(item, "modified_at", here));
    set.comments.push_back(std::move(comment));
  }
  return {};
}

// Names without a type are the empty inner nodes of the tree.
Status read_set(const Json& item, std::size_t index, std::vector<RecordSet>& sets) {
  const std::string place = fmt::format("/rrsets/{}", index);
  if (member(item, "type").is_null()) return {};
  RecordSet set;
  TRY_ASSIGN(const std::string name, text_at(item, "name", place));
  set.name = bare_name(name);
  TRY_ASSIGN(set.type, text_at(item, "type", place));
  TRY_ASSIGN(set.ttl, number_at(item, "ttl", place));
  const Json& records = member(item, "records");
  if (!records.is_array()) return unexpected_shape(place + "/records", "list");
  const Json& comments = member(item, "comments");
  if (!comments.is_array()) return unexpected_shape(place + "/comments", "list");
  TRY(read_records(records, place, set));
  TRY(read_comments(comments, place, set));
  sets.push_back(std::move(set));
  return {};
}

bool is_dnssec(std::string_view type) {
  constexpr std::array<std::string_view, 8> types = {"DNSKEY",     "RRSIG", "NSEC",    "NSEC3",
                                                     "NSEC3PARAM", "CDS",   "CDNSKEY", "CSYNC"};
  return std::find(types.begin(), types.end(), type) != types.end();
}

// The zone's own machinery, and what somebody has switched off: to write such a set would switch it
// on again.
bool is_fixed(const RecordSet& set, std::string_view zone) {
  const bool top = set.name == zone && (set.type == "SOA" || set.type == "NS");
  return top || is_dnssec(set.type) ||
         std::any_of(set.records.begin(), set.records.end(),
                     [](const Content& record) { return record.disabled; });
}

}  // namespace

// Each record set is read and dropped as soon as it is complete: of 10,000 a whole tree of JSON
// would be many times the size of the text.
Result<std::optional<ZoneAnswer>> parse_zone(std::string_view body) {
  ZoneAnswer answer;
  Status first;
  std::size_t index = 0;
  constexpr int set_depth = 2;  // the zone, its list, the set
  const auto take_set = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth != set_depth || event != Json::parse_event_t::object_end) return true;
    const Status read = read_set(parsed, index++, answer.sets);
    if (!read && first) first = read;
    return false;
  };
  const Json zone = Json::parse(body, take_set, false);
  if (zone.is_discarded()) return std::optional<ZoneAnswer>();
  if (!zone.is_object()) return unexpected_shape("", "object");
  const Json& rrsets = member(zone, "rrsets");
  if (!rrsets.is_array() || !rrsets.empty()) return unexpected_shape("/rrsets", "list of sets");
  TRY(first);
  TRY_ASSIGN(answer.kind, text_at(zone, "kind", ""));
  TRY_ASSIGN(answer.serial, number_at(zone, "serial", ""));
  TRY_ASSIGN(answer.soa_edit_api, optional_text_at(zone, "soa_edit_api", ""));
  return std::optional<ZoneAnswer>(std::move(answer));
}

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
    const Result<std::string> value = from_content(set.type, record.text, zone);
    values.push_back(value ? *value : record.text);
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  Attributes attributes = Attributes::object();
  attributes["values"] = values;
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
  live.fixed = is_fixed(set, place.name);
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
