// Reads one scope's files, several at a time.
#pragma once

#include "providers/files/format.hpp"
#include "providers/files/store.hpp"

namespace homeostat::files {

struct ScanInput {
  const Store& store;
  const Scope& scope;
  const Zones& zones;
  const std::string& site;
};

// Sorted by native id. Files that cannot be read make the observation incomplete, naming the first.
[[nodiscard]] Result<Observation> scan(const ScanInput& input, const std::stop_token& stop);

}  // namespace homeostat::files
