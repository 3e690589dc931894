// How many cases a property test runs: 10,000, or what HOMEOSTAT_CASES says (sanitizers run fewer).
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

namespace homeostat {

[[nodiscard]] inline int property_cases() {
  const char* stated = std::getenv("HOMEOSTAT_CASES");  // NOLINT(concurrency-mt-unsafe)
  const int cases = stated != nullptr ? std::atoi(stated) : 0;
  return cases > 0 ? cases : 10'000;
}

// check(0), check(1), ... on all cores, in no order. A failed REQUIRE ends its case only.
template <class Check>
void for_each_case(const Check& check) {
  const int cases = property_cases();
  std::atomic<int> next = 0;
  const auto work = [&] {
    for (int i = next++; i < cases; i = next++) {
      try {
        check(i);
      } catch (const std::exception& thrown) {
        FAIL_CHECK("case ", i, " threw ", thrown.what());
      } catch (...) {  // doctest has counted it
      }
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back(work);
  }
  work();
}

}  // namespace homeostat
