// How many cases a property test runs: 10,000, or what HOMEOSTAT_CASES says (sanitizers run fewer).
#pragma once

#include <cstdlib>

namespace homeostat {

[[nodiscard]] inline int property_cases() {
  const char* stated = std::getenv("HOMEOSTAT_CASES");  // NOLINT(concurrency-mt-unsafe)
  const int cases = stated != nullptr ? std::atoi(stated) : 0;
  return cases > 0 ? cases : 10'000;
}

}  // namespace homeostat
