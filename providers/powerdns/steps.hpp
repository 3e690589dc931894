// What a step comes to on what the server holds: one entry of a PATCH, or nothing. Pure functions.
#pragma once

#include "providers/powerdns/zone.hpp"

namespace homeostat::powerdns {

struct Entry {
  nlohmann::json change;  // an element of `rrsets`; null: all is as it should be
  StepResult result;
};

// `current`: the set as the server has it now; null where there is none. `comments`: the server's
// backend has a place for them. A conflict where somebody else has changed what is to be written.
[[nodiscard]] Result<Entry> make_entry(const Step& step, const RecordSet* current,
                                       const ZonePlace& place, bool comments);

// The record set that a step speaks of: name (absolute, no trailing dot) and type.
struct SetName {
  std::string name;
  std::string type;
  friend auto operator<=>(const SetName&, const SetName&) = default;
};
// By its native id where it has one, else by its address. Error: neither is a record set.
[[nodiscard]] Result<SetName> set_of(const Step& step, const ZonePlace& place);

}  // namespace homeostat::powerdns
