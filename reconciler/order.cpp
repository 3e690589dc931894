#include "reconciler/order.hpp"

#include <algorithm>
#include <functional>
#include <queue>
#include <string_view>
#include <tuple>
#include <unordered_map>

namespace homeostat {
namespace {

class Order {
 public:
  explicit Order(Graph& graph) : graph_(graph), changes_(graph.plan.changes) {}

  void run() {
    rank();
    contract();
    // Two groups that need each other cannot be sent one behind the other.
    for (const std::vector<std::size_t>& circle : find_circles(edges_, all_nodes())) {
      for (const std::size_t node : circle) dissolve(node);
    }
    contract();
    sort();
  }

 private:
  void rank() {
    std::vector<std::size_t> order(changes_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto key = [this](std::size_t i) {
      const bool last = goes(changes_[i]);
      return std::make_tuple(last, last ? removal_rank(changes_[i].address.kind) : 0, i);
    };
    std::sort(order.begin(), order.end(),
              [&key](std::size_t a, std::size_t b) { return key(a) < key(b); });
    rank_.resize(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) rank_[order[i]] = i;
  }

  // One node a group and one for each other change; a node is its member of the lowest rank.
  void contract() {
    std::unordered_map<std::string_view, std::size_t> first;
    node_.resize(changes_.size());
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      node_[i] = i;
      if (changes_[i].group.empty()) continue;
      const auto [at, is_new] = first.try_emplace(changes_[i].group, i);
      if (rank_[i] < rank_[at->second]) at->second = i;
    }
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      if (!changes_[i].group.empty()) node_[i] = first.at(changes_[i].group);
    }
    edges_.assign(changes_.size(), {});
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      for (const Edge& edge : graph_.needs[i]) {
        if (!edge.freed && node_[edge.to] != node_[i]) edges_[node_[i]].push_back({node_[edge.to]});
      }
    }
  }

  [[nodiscard]] std::vector<std::size_t> all_nodes() const {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < node_.size(); ++i) {
      if (node_[i] == i) all.push_back(i);
    }
    return all;
  }

  void dissolve(std::size_t node) {
    if (changes_[node].group.empty()) return;
    const std::string group = changes_[node].group;
    for (Change& change : changes_) {
      if (change.group == group) change.group.clear();
    }
  }

  void sort() {
    std::vector<std::size_t> missing(changes_.size());
    std::vector<std::vector<std::size_t>> needed_by(changes_.size());
    for (const std::size_t node : all_nodes()) {
      missing[node] = edges_[node].size();
      for (const Edge& edge : edges_[node]) needed_by[edge.to].push_back(node);
    }
    using Ready = std::pair<std::size_t, std::size_t>;  // rank, node
    std::priority_queue<Ready, std::vector<Ready>, std::greater<>> ready;
    for (const std::size_t node : all_nodes()) {
      if (missing[node] == 0) ready.emplace(rank_[node], node);
    }
    std::vector<std::size_t> position(changes_.size());
    for (std::size_t next = 0; !ready.empty(); ++next) {
      const std::size_t node = ready.top().second;
      ready.pop();
      position[node] = next;
      for (const std::size_t other : needed_by[node]) {
        if (--missing[other] == 0) ready.emplace(rank_[other], other);
      }
    }
    std::vector<std::size_t> order(changes_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto key = [this, &position](std::size_t i) {
      return std::make_tuple(position[node_[i]], changes_[i].action != Action::remove, i);
    };
    std::sort(order.begin(), order.end(),
              [&key](std::size_t a, std::size_t b) { return key(a) < key(b); });
    std::vector<Change> sorted;
    sorted.reserve(changes_.size());
    for (const std::size_t i : order) sorted.push_back(std::move(changes_[i]));
    changes_ = std::move(sorted);
  }

  Graph& graph_;
  std::vector<Change>& changes_;
  std::vector<std::size_t> rank_;
  std::vector<std::size_t> node_;  // of each change
  Edges edges_;                    // between nodes
};

}  // namespace

int removal_rank(const std::string& kind) {
  constexpr std::string_view order[] = {"monitor", "proxy_host", "dns", "ip", "container"};
  return static_cast<int>(std::find(std::begin(order), std::end(order), kind) - order);
}

void sort_changes(Graph& graph) { Order(graph).run(); }

}  // namespace homeostat
