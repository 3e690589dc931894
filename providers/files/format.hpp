// The text of one file <-> what it says of a resource. Pure functions.
#pragma once

#include "providers/core/provider.hpp"

namespace homeostat::files {

// What one file says.
struct Record {
  Attributes attributes = Attributes::object();  // canonical, computed fields included
  std::optional<Marker> marker;
};

// Which file it is.
struct Place {
  const KindSchema& kind;
  Address address;        // what the file stands for by its name
  std::string native_id;  // "<kind>/<encoded name>"
};

// Hand edits in every form that a spec may have compare equal afterwards; `${` is plain text.
// Errors have their place in `shown_path`.
[[nodiscard]] Result<Record> parse_record(std::string_view text, const Place& place,
                                          const Zones& zones, const std::string& shown_path);

// Keys sorted, the marker under `homeostat:`. What only follows from other fields is left out.
[[nodiscard]] std::string print_record(const Record& record);

// Gives what a real server would give by itself, where it is not there yet: a MAC, the digest of an
// image, the token of a push monitor. Always the same for the same address.
void fill_computed(const Place& place, Attributes& attributes);

}  // namespace homeostat::files
