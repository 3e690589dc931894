// What a field is. One table a kind serves parsing, validation, defaults, the JSON Schema, the YAML
// reference, the diff's meaning and redaction.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "specs/resource.hpp"
#include "specs/yaml.hpp"

namespace homeostat {

struct Zone;
using Zones = std::map<std::string, Zone>;

enum class Type : std::uint8_t {
  text,      // any scalar as written
  integer,   // 64 bit, decimal; may be quoted; 010 is refused
  boolean,   // true or false; yes, no, on, off are refused
  size,      // "2GiB": a unit is needed. Canonical: the largest of B KiB MiB GiB TiB that divides
  duration,  // "90s": a unit is needed. Canonical: the largest of s m h d that divides
  ip,        // IPv4 or IPv6. Canonical: inet_ntop's form
  cidr,      // "10.5.0.0/24" (host bits must be zero)
  mac,       // canonical: upper case, colons
  name,      // a DNS name. Canonical: lower case, no trailing dot, IDN as xn--
  url,
  date,    // 2027-01-31
  choice,  // one of `choices`
  list,    // of `element`
  map,     // text -> `element`
  object,  // of `fields`
};

// What writing a new value to a live resource costs.
enum class ChangeEffect : std::uint8_t { in_place, restart, replace, never };

struct FieldSchema {
  std::string name = {};
  Type type = Type::text;
  std::string doc = {};               // one or two sentences for the reference
  nlohmann::json default_value = {};  // canonical; what `!default` resets to; null: absent
  bool required = false;
  ChangeEffect change = ChangeEffect::in_place;
  bool secret = false;
  bool computed = false;    // given by the live system where no spec states it
  bool read_only = false;   // computed, and no spec may state it; references to it are fine
  bool set = false;         // list: the order means nothing (canonical: sorted, unique)
  bool grows_only = false;  // size: a smaller value cannot be written
  bool keyed = false;       // list (as a set of keys) or map: only stated keys are enforced
  bool words = false;       // list of words: one text with blanks in it is no list
  std::vector<std::string> choices = {};  // choice; other types: words accepted besides ("auto")
  std::vector<FieldSchema> fields = {};   // object: its fields. list, map: one entry, the element
  std::int64_t min = INT64_MIN;           // integer, duration (seconds), size (bytes): inclusive
  std::int64_t max = INT64_MAX;
  // A further canonical form or check of a scalar, beyond the type's: a pure function.
  std::function<Result<std::string>(std::string_view)> check = {};
  std::string example = {};  // one value in YAML, for the reference and for errors
};

// What a resource holds that no other may hold at the same time: "ip:10.5.0.7", "vmid@pve:110",
// "domain@npm:git.example.org". A natural claim also tells which live thing it is (renames,
// adopts).
struct Claim {
  std::string token;
  bool natural = false;
  friend auto operator<=>(const Claim&, const Claim&) = default;
};

// What is wrong with a resource as a whole, though each field by itself is right.
struct Complaint {
  std::string field;  // the one to point at; "": the resource
  std::string message;
  std::string hint;
};

struct KindSchema {
  std::string name = {};     // "proxy_host"
  std::string section = {};  // "proxy_hosts"
  std::string doc = {};
  std::vector<FieldSchema> fields = {};
  bool holds_data = false;  // its removal goes by on_remove; its replace or delete needs consent
  // Works on desired and on live attributes alike; unresolved values claim nothing.
  std::vector<Claim> (*claims)(const Address&, const Attributes&, const Zones&) = nullptr;
  // Of what a spec declares: what is missing or contradicts itself. Brings values whose form
  // depends on another field into that form. May be null.
  std::vector<Complaint> (*settle)(Attributes&) = nullptr;

  [[nodiscard]] const FieldSchema* field(std::string_view name) const;
};

// container, ip, dns, proxy_host, monitor, in this order.
[[nodiscard]] std::span<const KindSchema> kinds();
[[nodiscard]] const KindSchema* find_kind(std::string_view name);

// What every resource may say beside the fields of its kind, in the same table form: provider,
// mode, protect, on_remove, depends_on, ignore, alarm_only. The loader reads them, no provider sees
// them.
[[nodiscard]] std::span<const FieldSchema> common_fields();

// Of an entry of `policy: { windows: ... }`, and of `reports:`.
[[nodiscard]] std::span<const FieldSchema> window_fields();
[[nodiscard]] std::span<const FieldSchema> report_fields();

// What a provider type tells the loader about itself: its own fields and what it cannot do.
struct ProviderKindSchema {
  std::vector<FieldSchema> extra;        // fields below `extra:`
  std::vector<std::string> unsupported;  // common fields that a spec for it may not use
};
struct ProviderSchema {
  std::string type;  // "technitium"
  std::string doc;
  std::vector<FieldSchema> settings;                // of its entry in `providers:`
  std::map<std::string, ProviderKindSchema> kinds;  // what it manages
};

// The schema that `path` names ("memory", "env/FOO", "healthcheck/interval", "extra/x"); nullptr
// where there is none. `extra` may be null.
[[nodiscard]] const FieldSchema* field_at(const KindSchema& kind, const ProviderKindSchema* extra,
                                          std::string_view path);

// Where reading a value puts what it finds besides the value.
struct ReadSink {
  Errors& errors;
  const std::vector<std::string>& files;        // for places in errors: Origin::file indexes it
  std::vector<OpenValue>* open = nullptr;       // null: `${...}` is an error here
  std::vector<FieldOrigin>* origins = nullptr;  // null: not wanted; appended, not sorted
  bool live = false;  // what a server holds: `${...}` is plain text, computed fields are welcome,
                      // required ones may be missing
};
[[nodiscard]] SourceRef source_ref(const Origin& at, const std::vector<std::string>& files);

// A scalar's canonical JSON value, or why not ("2048 what? write 2048MiB"). `plain` scalars get the
// yes/no and octal checks; `${...}` must be resolved before.
[[nodiscard]] Result<nlohmann::json> canonical_scalar(const FieldSchema& field,
                                                      std::string_view text);
// Any value, from JSON whose scalars may still be strings: used when references are resolved.
[[nodiscard]] Result<nlohmann::json> canonical_value(const FieldSchema& field,
                                                     const nlohmann::json& value);
// Reads one YAML value. Null, and an entry in sink.errors, where it is wrong. `pointer` and `path`
// say where it goes (for open values and origins).
[[nodiscard]] nlohmann::json read_value(const FieldSchema& field, const yaml::Node& node,
                                        const std::string& pointer, const FieldPath& path,
                                        ReadSink& sink);
// Reads a mapping as an object of `fields`: unknown keys are errors with a suggestion, required
// fields are checked where `complete`. `skip` keys belong to the caller. `level_up` and what lies
// in `fields` are searched for suggestions ("`memory` belongs under `container:`").
struct KeyPlace {
  std::string_view key;
  std::string_view place;  // "under `container:`"
};
struct ReadObject {
  std::span<const FieldSchema> fields;
  std::span<const std::string_view> skip = {};
  std::string what = {};  // "container", for messages
  bool complete = true;
  const ReadObject* up = nullptr;            // the mapping around this one: suggestions only
  std::span<const KeyPlace> elsewhere = {};  // further places that a key may have been meant for
};
[[nodiscard]] Attributes read_object(const ReadObject& how, const yaml::Node& node,
                                     const std::string& pointer, const FieldPath& path,
                                     ReadSink& sink);
// "did you mean `memory`?" or "": the nearest of `known` within edit distance 2 (3 for long words).
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string> known);
// Whether the mapping has a key that is likely a typo of `name`: then that is said, and not that
// `name` is missing besides.
[[nodiscard]] bool has_near(const yaml::Node& mapping, std::string_view name);

// Splits "a ${container.x.ip} b" into parts; targets hold kind and (encoded) name, and a provider
// where one is stated ("${container.x@pve.ip}"). "$${" is a literal "${". Neighbouring literals are
// one part. Errors: unclosed, empty or malformed references.
[[nodiscard]] Result<std::vector<TemplatePart>> parse_template(std::string_view text);
[[nodiscard]] bool has_template(std::string_view text);  // a "${" that is no "$${"

// Generated from the same tables.
[[nodiscard]] std::string reference_markdown();  // the fields part of specs/README.md
[[nodiscard]] nlohmann::json json_schema();      // for editors; draft 2020-12

}  // namespace homeostat
