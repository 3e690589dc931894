// Changes that wait for each other around a circle: one is parked on a spare value, or all are
// held. For graph.cpp. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reconciler/live_index.hpp"
#include "reconciler/resolve.hpp"

namespace homeostat {

constexpr std::size_t no_token = static_cast<std::size_t>(-1);

// One change needs another.
struct Edge {
  std::size_t to = 0;
  std::size_t token = no_token;  // in Graph::tokens: what it takes from it
  bool freed = false;            // the other's park step is enough
};
using Edges = std::vector<std::vector<Edge>>;  // by position in plan.changes

struct Graph {
  explicit Graph(Plan& whose) : plan(whose), needs(whose.changes.size()) {}

  // `from` needs `to`. Nothing needs itself.
  void add(std::size_t from, std::size_t to) {
    if (from != to) needs[from].push_back({to});
  }
  void add_take(std::size_t from, std::size_t to, const std::string& token) {
    if (from == to) return;
    needs[from].push_back({to, tokens.size()});
    tokens.push_back(token);
  }

  Plan& plan;
  Edges needs;
  std::vector<std::string> tokens;
};

// The sets of more than one node that all reach each other inside `nodes`, over edges that are not
// freed. Each is sorted; `nodes` must be.
[[nodiscard]] std::vector<std::vector<std::size_t>> find_circles(
    const Edges& edges, const std::vector<std::size_t>& nodes);

struct CircleInput {
  const Resolved& resolved;
  const LiveIndex& live;
  const PlanInput& plan;
};
// Sets `park` or `hold` of changes on circles. Edges that a park step satisfies are freed
// afterwards, edges inside of held circles are gone: what is left has no circle.
void break_circles(Graph& graph, const CircleInput& input);

}  // namespace homeostat
