// The changes of a plan in an order that can be carried out. For graph.cpp. Pure.
#pragma once

#include "reconciler/circles.hpp"

namespace homeostat {

// Whether a change ends what is ours.
[[nodiscard]] inline bool goes(const Change& change) {
  return change.action == Action::remove || change.action == Action::release;
}

// What leads to a thing goes before the thing: of what goes, the lower goes first.
[[nodiscard]] int removal_rank(const std::string& kind);

// Sorts `graph.plan.changes`: members of a group stand together, everything stands behind what it
// needs, then removals last, then by address. Groups that need each other are no groups any more.
// Afterwards the positions in the graph mean nothing.
void sort_changes(Graph& graph);

}  // namespace homeostat
