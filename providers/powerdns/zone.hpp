// A zone as the server tells it, and its record sets as live resources. Pure functions.
#pragma once

#include "providers/powerdns/convert.hpp"

namespace homeostat::powerdns {

struct Content {
  std::string text;
  bool disabled = false;
  friend bool operator==(const Content&, const Content&) = default;
};
struct Comment {
  std::string content;
  std::string account;
  std::int64_t modified_at = 0;
  friend bool operator==(const Comment&, const Comment&) = default;
};
struct RecordSet {
  std::string name;  // absolute, lower case, no trailing dot
  std::string type;
  std::int64_t ttl = 0;
  std::vector<Content> records;
  std::vector<Comment> comments;
  std::int64_t modified_at = 0;  // the youngest record's, where the server says so (5.0)

  // Comments may be left behind where no record is.
  [[nodiscard]] bool exists() const { return !records.empty(); }
};
struct ZoneAnswer {
  std::string kind;  // "Native", "Master", "Slave"
  std::int64_t serial = 0;
  std::string soa_edit_api;  // "": the serial is not raised by changes
  std::vector<RecordSet> sets;
};

// Where a zone stands with us.
struct ZonePlace {
  std::string site;
  std::string provider;
  std::string key;   // the zone's, in the spec
  std::string name;  // its DNS name
};

// The body of GET /zones/{id}. Error: what it should not be, with the place in the JSON; a text
// that is no JSON at all is `nullopt`.
[[nodiscard]] Result<std::optional<ZoneAnswer>> parse_zone(const std::string& body);

[[nodiscard]] std::string native_id(const RecordSet& set);
// The marker among the comments; of several the first.
[[nodiscard]] std::optional<Marker> marker_of(const RecordSet& set);
// values, ttl, and description where we wrote one. What the kind cannot express stays as the server
// writes it.
[[nodiscard]] Attributes attributes_of(const RecordSet& set, std::string_view zone);
[[nodiscard]] LiveResource to_live(const RecordSet& set, const ZonePlace& place);
// All that exists. `incomplete` where there is no SOA: each zone has one, so something is missing.
[[nodiscard]] Observation to_observation(const ZoneAnswer& answer, const ZonePlace& place);

// Error: a zone whose records are another server's. A write would be lost with the next transfer.
[[nodiscard]] Status check_kind(const ZoneAnswer& answer, const std::string& zone);

}  // namespace homeostat::powerdns
