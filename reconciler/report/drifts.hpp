// What git did not cause, collected from a plan.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconciler/report/words.hpp"

namespace homeostat {

struct DriftCounts {
  std::size_t differences = 0;  // fields, and resources that are gone or too many
  std::optional<Time> oldest;   // of those whose beginning is known
  std::size_t compared = 0;     // declared resources that could be observed
  std::size_t unknown = 0;      // ... and those that could not
};

struct Drifts {
  std::vector<const Change*> changes;  // oldest first
  DriftCounts counts;
};
[[nodiscard]] Drifts collect_drifts(const Plan& plan);
// Since when a change's oldest difference of that sort is known.
[[nodiscard]] std::optional<Time> drift_since(const Change& change);

// "2 differences that git did not cause, oldest since 13:41", "no drift: 181 resources compared"
[[nodiscard]] std::string drift_words(const DriftCounts& counts, const Day& day);

}  // namespace homeostat
