// The text of one file <-> what it says of a resource. Pure functions.
#pragma once

#include "providers/core/provider.hpp"

namespace homeostat::files {

inline constexpr std::size_t move_digits = 16;

// A file that is being moved stands under both names for a moment. The new one says which file it
// is made of, and how that one reads: while it is there, it counts.
struct Move {
  std::string from;         // native id
  std::string fingerprint;  // of its text
};

// What one file says.
struct Record {
  Attributes attributes = Attributes::object();  // canonical, computed fields included
  std::optional<Marker> marker;
  std::optional<Move> move;
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

// Stable over machines and builds, and no secret.
[[nodiscard]] std::string fingerprint(std::string_view text, std::size_t digits);

// Gives what a real server would give by itself, where it is not there yet: a MAC, the digest of an
// image, the token of a push monitor. Always the same for the same address.
void fill_computed(const Place& place, Attributes& attributes);

}  // namespace homeostat::files
