// Generated homelabs for property tests: a spec, what became of the live system, what the ledger
// still knows. The same seed gives the same world.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/reconciler/plan_fixture.hpp"

namespace homeostat::testing {

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  // 0 .. count - 1
  std::size_t below(std::size_t count) { return engine_() % count; }
  bool once_in(std::size_t count) { return below(count) == 0; }
  template <class T>
  const T& one_of(const std::vector<T>& values) {
    return values.at(below(values.size()));
  }
  template <class T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  std::mt19937 engine_;
};

// One declared resource as text, in parts that may stand in any order.
struct Entry {
  std::string section;  // "containers", "dns", "monitors"
  std::string key;
  std::vector<std::string> fields;  // "memory: 2GiB"
};

[[nodiscard]] std::vector<Entry> random_entries(Random& random);
[[nodiscard]] std::string random_head(Random& random);
// The entries over one to three files, in the order in which they stand.
[[nodiscard]] Texts as_files(const std::string& head, const std::vector<Entry>& entries,
                             std::size_t files);
// Some of what people, servers and clones do behind our back.
void disturb(Situation& situation, Random& random);
void forget_some(Situation& situation, Random& random);
[[nodiscard]] PlanOptions random_options(Random& random);
// Everything that a person can agree to.
[[nodiscard]] PlanOptions full_consent(const Situation& situation);

// A settled homelab, disturbed, then with another spec. Load errors fail the test.
struct World {
  explicit World(std::uint32_t seed);
  Random random;
  std::string head;
  std::vector<Entry> entries;
  Situation situation;
};

}  // namespace homeostat::testing
