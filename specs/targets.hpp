// What names and proxies point at: an address, a host name, or a reference to one. Private to the
// loader.
#pragma once

#include "specs/draft.hpp"

namespace homeostat {

// One value of a record or a proxy. A single literal part is a known value.
struct Target {
  std::vector<TemplatePart> parts;
  Origin at;                  // where it is written
  std::vector<Origin> lines;  // what it came from, its own line first
};

[[nodiscard]] Target literal_target(std::string text, std::vector<Origin> lines);
[[nodiscard]] Target reference_target(const Address& address, FieldPath field,
                                      std::vector<Origin> lines);
// As one would write it in YAML.
[[nodiscard]] std::string target_text(const std::vector<TemplatePart>& parts);
// A, AAAA, or CNAME where it is a name. Follows references as far as the spec knows them; an
// address that nobody knows yet is taken for IPv4.
[[nodiscard]] std::string record_type_of(const Draft& draft,
                                         const std::vector<TemplatePart>& parts);
// The declared network of the address that these parts will give; nullptr where the spec does not
// tell.
[[nodiscard]] const Network* network_of_parts(const Draft& draft,
                                              const std::vector<TemplatePart>& parts);
// `address` of a provider instance; nullopt where it has none.
[[nodiscard]] std::optional<Target> provider_target(const Draft& draft,
                                                    const std::string& provider);
// Sets `field` of `fields` to a target, as an open value where it is not known yet.
void set_target(Fields& fields, const std::string& field, const Target& target);
// The values of an RRset: canonical order, each once.
void set_values(Fields& fields, std::vector<Target> values);
// A zone's `ttl`, as a default of its records.
[[nodiscard]] Fields zone_ttl(const Zone& zone);
// All lines, each once, in the order of their first use.
void add_lines(std::vector<Origin>& lines, const std::vector<Origin>& more);

}  // namespace homeostat
