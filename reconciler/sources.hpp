// What a value comes from: the lines that it was written in, and what else it is made of. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "specs/load.hpp"

namespace homeostat {

struct Sources {
  // The value's own first, then those of the values that it refers to, and so on.
  std::vector<Origin> lines;
  bool stated = false;               // the spec says the value; else `lines` enclose it
  std::vector<std::string> secrets;  // names, as they are met
  std::vector<Address> targets;      // resources that it refers to
  // The value itself, and all values of other resources that it is made of.
  std::vector<std::pair<Address, FieldPath>> made_of;
};

// Of a field of a declared resource; of anything else nothing.
[[nodiscard]] Sources sources_of(const Spec& spec, const Address& address, const FieldPath& path);

// What makes the zone of a record the zone that it is: what it is called, where it lies and what
// names in it point to; of a reverse zone, those of its forward zone too.
[[nodiscard]] std::vector<Origin> lines_of_zone(const Spec& spec, const Address& record);

// "nas.lab.example.org" of dns/lab/nas/A; "" where the zone is not known.
[[nodiscard]] std::string domain_name(const Spec& spec, const Address& record);

// The A and AAAA records of a name, which PTR records lead back to.
class ForwardRecords {
 public:
  explicit ForwardRecords(const Spec& spec) : spec_(spec) {}  // which must outlive it
  [[nodiscard]] std::vector<Address> of(const std::string& provider, const std::string& name);

 private:
  const Spec& spec_;
  std::optional<std::multimap<std::pair<std::string, std::string>, Address>> known_;
};

}  // namespace homeostat
