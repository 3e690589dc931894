// What is wanted: one resource, its address, where each of its values was written.
#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "specs/result.hpp"

namespace homeostat {

// `[site:]kind/name@provider`: the identity of a resource, whatever file its lines stand in.
// Inside the components of a name `/ : % * ? @` are percent-encoded ("dns/lab/%2A/A"), so that a
// name can be split at '/' and matched by globs. `name` is kept encoded.
struct Address {
  std::string site;
  std::string kind;      // "dns"
  std::string name;      // "lab/www/A", "forgejo", "lab/printer" (encoded)
  std::string provider;  // instance name from the spec, not the type
  friend auto operator<=>(const Address&, const Address&) = default;
};

// "home:dns/lab/www/A@dns": JSON, ledger, markers and saved plans hold this form.
[[nodiscard]] std::string to_string(const Address& address);
// For people: site and provider only where asked for; the apex "%40" reads "@" when no provider
// follows.
[[nodiscard]] std::string display(const Address& address, bool with_provider, bool with_site);
// Accepts all forms of both; parts that are left out come back empty.
[[nodiscard]] Result<Address> parse_address(std::string_view text);
// One component of a name. encode("@") = "%40", encode("*") = "%2A".
[[nodiscard]] std::string encode_component(std::string_view text);
[[nodiscard]] std::string decode_component(std::string_view text);
// The components of an encoded name, decoded: "lab/%40/MX" -> {"lab", "@", "MX"}.
[[nodiscard]] std::vector<std::string> name_components(std::string_view name);
// Glob over addresses as people write them: `*` matches any run of characters, `?` one. `site:`
// and `@provider` may be left out of the pattern, and match anything then.
[[nodiscard]] bool address_matches(const Address& address, std::string_view glob);

// Always an object: field -> canonical value (see schema.hpp). Sorted keys make output stable.
using Attributes = nlohmann::json;

// A compact place: `file` indexes Spec::files. Line and column count from 1; line 0 = none.
struct Origin {
  std::uint32_t file = 0;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  friend auto operator<=>(const Origin&, const Origin&) = default;
};

// A path names a field, or a key of a keyed collection or object below it: "memory", "env/FOO",
// "healthcheck/interval". Components of a path are encoded like those of a name.
using FieldPath = std::string;

// The lines that a value came from: its own, and those of a default, an anchor or an expansion.
struct FieldOrigin {
  FieldPath path;
  std::vector<Origin> lines;  // the value's own line first
};

// A part of a text with `${...}` in it.
struct TemplatePart {
  enum class Kind : std::uint8_t { literal, reference, secret };
  Kind kind = Kind::literal;
  std::string text;  // literal: the text; secret: its name
  Address target;    // reference: whose field (filled by the loader; site and provider set)
  FieldPath field;   // reference: which field
  friend bool operator==(const TemplatePart&, const TemplatePart&) = default;
};

// Those of some fields, each once, in that order; what nothing is known of has none.
[[nodiscard]] std::vector<Origin> lines_saying(const std::vector<FieldOrigin>& origins,
                                               std::initializer_list<std::string_view> paths);

// A value that is not known when the spec is read. The attributes hold the text as written
// meanwhile. `pointer` is a JSON pointer into the attributes ("/env/FOO", "/values/0").
struct OpenValue {
  std::string pointer;
  std::vector<TemplatePart> parts;
  Origin at;
};

enum class Mode : std::uint8_t { report, enforce };
enum class OnRemove : std::uint8_t { keep, stop, destroy };  // YAML: keep, stop, delete

// `ignore: [field, { field: f, reason: r, until: 2027-01-31 }]`
struct Ignore {
  FieldPath field;
  std::string reason;
  std::string until;  // "2027-01-31", or empty: for ever. The day itself still counts.
  Origin at;
};

struct Resource {
  Address address;
  Attributes attributes = Attributes::object();  // only what is stated, defaulted or derived
  std::vector<OpenValue> open;                   // sorted by pointer
  std::vector<FieldOrigin> origins;              // sorted by path
  std::vector<Address> depends_on;               // as stated; references are edges besides
  Origin where;                                  // of the key that names it
  Origin placed;                                 // of `provider:`, where that puts it there
  std::string service;                           // key of the service it was derived from, or ""
  std::optional<Mode> mode;                      // stated for this resource alone
  std::optional<OnRemove> on_remove;             // unset: keep for what holds data, else destroy
  std::optional<bool> protect;                   // unset: as it was
  bool alarm_only = false;
  std::vector<Ignore> ignore;
};

using Desired = std::map<Address, Resource>;

}  // namespace homeostat
