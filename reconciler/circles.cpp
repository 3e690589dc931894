#include "reconciler/circles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <set>

#include "reconciler/addresses.hpp"

namespace homeostat {

namespace {

// Tarjan's strongly connected components, with a stack of its own: circles may be long.
class Components {
 public:
  Components(const Edges& edges, const std::vector<std::size_t>& nodes)
      : edges_(edges), nodes_(nodes), mark_(nodes.size()) {}

  std::vector<std::vector<std::size_t>> run() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (mark_[i].order == 0) visit(i);
    }
    std::sort(found_.begin(), found_.end());
    return std::move(found_);
  }

 private:
  struct Mark {
    std::size_t order = 0;  // 1, 2, ... as visited; 0: not yet
    std::size_t low = 0;
    std::size_t next_edge = 0;
    bool open = false;
  };

  // The place of a node in `nodes_`; none: it is not looked at.
  [[nodiscard]] std::optional<std::size_t> place(std::size_t node) const {
    const auto at = std::lower_bound(nodes_.begin(), nodes_.end(), node);
    if (at == nodes_.end() || *at != node) return std::nullopt;
    return static_cast<std::size_t>(at - nodes_.begin());
  }

  void enter(std::size_t i) {
    mark_[i].order = mark_[i].low = ++count_;
    mark_[i].open = true;
    open_.push_back(i);
    path_.push_back(i);
  }

  void visit(std::size_t root) {
    enter(root);
    while (!path_.empty()) {
      const std::size_t i = path_.back();
      const std::vector<Edge>& edges = edges_[nodes_[i]];
      if (mark_[i].next_edge < edges.size()) {
        const Edge& edge = edges[mark_[i].next_edge++];
        const std::optional<std::size_t> to = edge.freed ? std::nullopt : place(edge.to);
        if (!to) continue;
        if (mark_[*to].order == 0) {
          enter(*to);
        } else if (mark_[*to].open) {
          mark_[i].low = std::min(mark_[i].low, mark_[*to].order);
        }
        continue;
      }
      path_.pop_back();
      if (!path_.empty()) {
        Mark& parent = mark_[path_.back()];
        parent.low = std::min(parent.low, mark_[i].low);
      }
      if (mark_[i].low == mark_[i].order) close(i);
    }
  }

  void close(std::size_t i) {
    std::vector<std::size_t> component;
    std::size_t last = 0;
    do {
      last = open_.back();
      open_.pop_back();
      mark_[last].open = false;
      component.push_back(nodes_[last]);
    } while (last != i);
    if (component.size() < 2) return;
    std::sort(component.begin(), component.end());
    found_.push_back(std::move(component));
  }

  const Edges& edges_;
  const std::vector<std::size_t>& nodes_;
  std::vector<Mark> mark_;
  std::vector<std::size_t> open_;
  std::vector<std::size_t> path_;
  std::size_t count_ = 0;
  std::vector<std::vector<std::size_t>> found_;
};

bool is_in(const std::vector<std::size_t>& sorted, std::size_t node) {
  return std::binary_search(sorted.begin(), sorted.end(), node);
}

class Breaking {
 public:
  Breaking(Graph& graph, const CircleInput& input)
      : graph_(graph), changes_(graph.plan.changes), input_(input) {}

  void run() {
    std::vector<std::size_t> all(changes_.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    std::deque<std::vector<std::size_t>> circles;
    for (auto& circle : find_circles(graph_.needs, all)) circles.push_back(std::move(circle));
    while (!circles.empty()) {
      const std::vector<std::size_t> circle = std::move(circles.front());
      circles.pop_front();
      for (auto& rest : break_one(circle)) circles.push_back(std::move(rest));
    }
  }

 private:
  // The circles that are left among the members.
  std::vector<std::vector<std::size_t>> break_one(const std::vector<std::size_t>& circle) {
    const auto held = std::find_if(circle.begin(), circle.end(),
                                   [this](std::size_t i) { return changes_[i].hold.has_value(); });
    if (held != circle.end()) {
      hold(circle, HoldCode::depends,
           fmt::format("waits for {}, which is held back",
                       display(changes_[*held].address, false, false)));
      return {};
    }
    for (const std::size_t candidate : circle) {
      std::optional<Park> park = park_for(candidate, circle);
      if (!park) continue;
      free(circle, candidate, true);
      std::vector<std::vector<std::size_t>> rest = find_circles(graph_.needs, circle);
      const bool out = std::none_of(rest.begin(), rest.end(), [candidate](const auto& members) {
        return is_in(members, candidate);
      });
      if (out) {
        for (const std::size_t i : circle) {
          if (takes_from(i, candidate)) park->frees.push_back(changes_[i].address);
        }
        changes_[candidate].park = std::move(park);
        return rest;
      }
      free(circle, candidate, false);
    }
    const bool anew = std::any_of(circle.begin(), circle.end(), [this](std::size_t i) {
      return changes_[i].action == Action::replace;
    });
    hold(circle, HoldCode::cycle,
         fmt::format(
             "{}: each waits for the next to let go of something; {}move one of them to a "
             "spare value first",
             named(circle),
             anew ? "what can only change by being made anew is not parked by itself, so " : ""));
    return {};
  }

  [[nodiscard]] bool takes_from(std::size_t i, std::size_t other) const {
    return std::any_of(graph_.needs[i].begin(), graph_.needs[i].end(), [other](const Edge& edge) {
      return edge.to == other && edge.token != no_token;
    });
  }

  void free(const std::vector<std::size_t>& circle, std::size_t parked, bool freed) {
    for (const std::size_t i : circle) {
      for (Edge& edge : graph_.needs[i]) {
        if (edge.to == parked && edge.token != no_token) edge.freed = freed;
      }
    }
  }

  void hold(const std::vector<std::size_t>& circle, HoldCode code, const std::string& text) {
    for (const std::size_t i : circle) {
      if (!changes_[i].hold) changes_[i].hold = Hold{code, text};
      std::vector<Edge>& edges = graph_.needs[i];
      edges.erase(std::remove_if(edges.begin(), edges.end(),
                                 [&circle](const Edge& edge) { return is_in(circle, edge.to); }),
                  edges.end());
    }
  }

  // "a -> b -> a": a shortest way from the first member back to it.
  [[nodiscard]] std::string named(const std::vector<std::size_t>& circle) const {
    constexpr std::size_t most = 6;  // members that are spelt out
    const std::size_t start = circle.front();
    std::map<std::size_t, std::size_t> came_from;
    std::deque<std::size_t> queue = {start};
    while (!queue.empty() && came_from.count(start) == 0) {
      const std::size_t i = queue.front();
      queue.pop_front();
      for (const Edge& edge : graph_.needs[i]) {
        if (edge.freed || !is_in(circle, edge.to)) continue;
        if (came_from.emplace(edge.to, i).second) queue.push_back(edge.to);
      }
    }
    std::vector<std::string> names = {display(changes_[start].address, false, false)};
    for (std::size_t i = came_from.at(start); i != start; i = came_from.at(i)) {
      names.push_back(display(changes_[i].address, false, false));
    }
    names.push_back(names.front());
    std::reverse(names.begin(), names.end());
    if (names.size() > most + 1) {
      names.erase(names.begin() + most, names.end() - 1);
      names.insert(names.end() - 1, "...");
    }
    return fmt::format("{}", fmt::join(names, " -> "));
  }

  // A spare value on which the candidate lets go of all that the others of the circle take.
  std::optional<Park> park_for(std::size_t candidate, const std::vector<std::size_t>& circle) {
    const Change& change = changes_[candidate];
    const bool can_step = change.action == Action::update || change.action == Action::restart ||
                          change.action == Action::adopt;
    if (!can_step || !change.before.is_object()) return std::nullopt;
    std::set<std::string> taken;
    for (const std::size_t i : circle) {
      for (const Edge& edge : graph_.needs[i]) {
        if (edge.to == candidate && edge.token != no_token) taken.insert(graph_.tokens[edge.token]);
      }
    }
    if (taken.empty()) return std::nullopt;
    for (Park& park : spare_values(change, taken)) {
      Attributes parked = change.before;
      parked[park.path] = park.value;
      if (holds_none(change.address, parked, taken)) return std::move(park);
    }
    return std::nullopt;
  }

  [[nodiscard]] bool holds_none(const Address& address, const Attributes& attributes,
                                const std::set<std::string>& taken) const {
    const std::vector<Claim> claims =
        find_kind(address.kind)->claims(address, attributes, input_.plan.spec.zones);
    return std::none_of(claims.begin(), claims.end(),
                        [&taken](const Claim& claim) { return taken.count(claim.token) != 0; });
  }

  std::vector<Park> spare_values(const Change& change, const std::set<std::string>& taken) {
    const std::string& kind = change.address.kind;
    if (kind == "container") return spare_addresses(change, {"ip", "ip6"}, taken);
    if (kind == "ip") return spare_addresses(change, {"address"}, taken);
    if (kind == "proxy_host") return {spare_domains(change, taken)};
    if (kind == "monitor") return {spare_name(change)};
    return {};
  }

  std::vector<Park> spare_addresses(const Change& change, const std::vector<std::string>& fields,
                                    const std::set<std::string>& taken) {
    for (const std::string& field : fields) {
      const auto now = change.before.find(field);
      if (now == change.before.end() || !now->is_string()) continue;
      const Result<IpAddress> ip = parse_ip(now->get_ref<const std::string&>());
      // An address that frees only a part is not worth taking one for.
      if (!ip || taken != std::set<std::string>{"ip:" + to_string(*ip)}) continue;
      for (const auto& [key, network] : input_.plan.spec.networks) {
        if (!contains(network.cidr, *ip)) continue;
        if (const std::optional<IpAddress> spare = take_address(network)) {
          return {Park{field, to_string(*spare), {}}};
        }
      }
    }
    return {};
  }

  std::optional<IpAddress> take_address(const Network& network) {
    const PlanInput& plan = input_.plan;
    if (unknown_holder(plan.spec, plan.observed, plan.providers)) return std::nullopt;
    if (!free_) free_.emplace(plan.spec, input_.resolved.desired, input_.live);
    return free_->take_lowest(network);
  }

  // The domains that stay, or one that nobody asks for.
  [[nodiscard]] Park spare_domains(const Change& change, const std::set<std::string>& taken) const {
    nlohmann::json domains = nlohmann::json::array();
    const auto now = change.before.find("domains");
    if (now != change.before.end() && now->is_array()) {
      for (const auto& domain : *now) {
        const Attributes alone = {{"domains", nlohmann::json::array({domain})}};
        if (holds_none(change.address, alone, taken)) domains.push_back(domain);
      }
    }
    if (domains.empty()) {
      std::string key = decode_component(change.address.name);
      for (char& c : key) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain) c = '-';
      }
      domains.push_back(fmt::format("parked-{}.invalid", key));
    }
    return {"domains", std::move(domains), {}};
  }

  [[nodiscard]] static Park spare_name(const Change& change) {
    const auto name = change.before.find("name");
    const std::string now = name != change.before.end() && name->is_string()
                                ? name->get<std::string>()
                                : decode_component(change.address.name);
    return {"name", now + " (parked)", {}};
  }

  Graph& graph_;
  std::vector<Change>& changes_;
  const CircleInput& input_;
  std::optional<FreeAddresses> free_;
};

}  // namespace

std::vector<std::vector<std::size_t>> find_circles(const Edges& edges,
                                                   const std::vector<std::size_t>& nodes) {
  return Components(edges, nodes).run();
}

void break_circles(Graph& graph, const CircleInput& input) { Breaking(graph, input).run(); }

}  // namespace homeostat
