#include "reconciler/report/drifts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat {

std::optional<Time> drift_since(const Change& change) {
  std::optional<Time> out = change.since;
  for (const FieldDiff& field : change.fields) {
    if (caused_outside_git(field.cause) && field.since && (!out || *field.since < *out)) {
      out = field.since;
    }
  }
  return out;
}

Drifts collect_drifts(const Plan& plan) {
  std::vector<std::pair<Time, const Change*>> dated;
  Drifts out;
  DriftCounts& counts = out.counts;
  for (const Change& change : plan.changes) {
    if (!has_drift(change)) continue;
    const std::optional<Time> since = drift_since(change);
    dated.emplace_back(since.value_or(Time::max()), &change);
    if (since && (!counts.oldest || *since < *counts.oldest)) counts.oldest = since;
    std::size_t fields = 0;
    if (change.action != Action::create) {
      for (const FieldDiff& field : change.fields) {
        if (caused_outside_git(field.cause)) ++fields;
      }
    }
    counts.differences += std::max<std::size_t>(1, fields);
  }
  std::ranges::stable_sort(dated, {}, &std::pair<Time, const Change*>::first);
  for (const auto& [since, change] : dated) out.changes.push_back(change);
  counts.compared = compared(plan);
  for (const auto& [scope, kinds] : plan.unknown) {
    for (const auto& [kind, count] : kinds) counts.unknown += count;
  }
  return out;
}

std::string drift_words(const DriftCounts& counts, const Day& day) {
  std::string out;
  if (counts.differences == 0 && counts.compared == 0 && counts.unknown > 0) {
    return fmt::format("nothing could be compared: {} unknown", counts.unknown);
  }
  if (counts.differences == 0) {
    out = "no drift: " + counted(counts.compared, "resource") + " compared";
  } else {
    out = counted(counts.differences, "difference") + " that git did not cause";
    if (counts.oldest) out += ", oldest since " + moment_words(day, *counts.oldest);
  }
  return counts.unknown == 0 ? out : out + fmt::format(", {} unknown", counts.unknown);
}

}  // namespace homeostat
