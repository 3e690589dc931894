// What a value comes from: the lines that it was written in, and what else it is made of. Pure.
#pragma once

#include <string>
#include <vector>

#include "specs/load.hpp"

namespace homeostat {

struct Sources {
  // The value's own first, then those of the values that it refers to, and so on.
  std::vector<Origin> lines;
  bool stated = false;               // the spec says the value; else `lines` enclose it
  std::vector<std::string> secrets;  // names, as they are met
  std::vector<Address> targets;      // resources that it refers to
};

// Of a field of a declared resource; of anything else nothing.
[[nodiscard]] Sources sources_of(const Spec& spec, const Address& address, const FieldPath& path);

}  // namespace homeostat
