// Circles that nobody can resolve: a value that needs itself, a resource that must wait for itself.
#include <algorithm>
#include <map>
#include <set>

#include "specs/draft.hpp"

namespace homeostat {
namespace {

// Nodes are resources, open values of theirs, and providers that are opened with open settings. An
// edge is "needs first". Values that the spec states are known, and make no edge.
struct Node {
  std::string label;
  Origin at;
  std::vector<std::size_t> needs;
};

class NeedGraph {
 public:
  explicit NeedGraph(const Draft& draft) : draft_(draft) {
    for (const auto& [address, resource] : draft.spec.desired) {
      if (!resource.open.empty() || !resource.depends_on.empty()) resource_node(resource);
    }
    for (const auto& [name, config] : draft.spec.providers) provider_node(config);
    // Grows while it is walked: what is needed needs things itself.
    for (std::size_t i = 0; i < pending_.size(); ++i)
      add_needs(*pending_[i].first, pending_[i].second);
  }

  [[nodiscard]] std::vector<std::vector<std::size_t>> circles() const;
  [[nodiscard]] const Node& node(std::size_t index) const { return nodes_[index]; }

 private:
  std::size_t make(const std::string& label, const Origin& at) {
    nodes_.push_back({label, at, {}});
    return nodes_.size() - 1;
  }

  std::size_t resource_node(const Resource& resource) {
    const auto [it, fresh] = resources_.try_emplace(&resource, nodes_.size());
    if (!fresh) return it->second;
    const std::size_t index = make(display(resource.address, false, false), resource.where);
    pending_.emplace_back(&resource, index);
    return index;
  }

  // The node of a top-level field with an open value; the resource's needs make them.
  std::size_t field_node(const Resource& resource, const std::string& field, const Origin& at) {
    const auto [it, fresh] = fields_.try_emplace({&resource, field}, nodes_.size());
    if (fresh) make(display(resource.address, false, false) + "." + field, at);
    return it->second;
  }

  static std::string top_field(std::string_view pointer) {
    pointer.remove_prefix(1);
    return std::string(pointer.substr(0, pointer.find('/')));
  }

  void need(std::size_t from, const TemplatePart& part) {
    if (part.kind != TemplatePart::Kind::reference) return;
    const auto target = draft_.spec.desired.find(part.target);
    if (target == draft_.spec.desired.end()) return;
    const Resource& resource = target->second;
    const std::string field = part.field.substr(0, part.field.find('/'));
    for (const OpenValue& open : resource.open) {
      if (top_field(open.pointer) != field) continue;
      const std::size_t index = field_node(resource, field, open.at);
      resource_node(resource);
      nodes_[from].needs.push_back(index);
      return;
    }
    if (field == "ip" && needs_search(resource)) {
      const std::size_t index = automatic_node(resource);
      nodes_[from].needs.push_back(index);
      return;
    }
    if (is_stated(resource, field)) return;
    const std::size_t index = resource_node(resource);
    nodes_[from].needs.push_back(index);
  }

  // `ip: auto` that no vmid tells: found among the addresses that nobody has.
  [[nodiscard]] bool needs_search(const Resource& resource) const {
    const auto text = [&](const char* field) {
      const auto value = resource.attributes.find(field);
      return value != resource.attributes.end() && value->is_string() ? value->get<std::string>()
                                                                      : std::string();
    };
    if (resource.address.kind != "container" || text("ip") != "auto") return false;
    const auto network = draft_.spec.networks.find(text("network"));
    if (network == draft_.spec.networks.end()) return false;  // said elsewhere
    const auto vmid = resource.attributes.find("vmid");
    return network->second.assign != Assign::vmid || vmid == resource.attributes.end() ||
           !vmid->is_number_integer();
  }

  // Nobody knows what is free before all that hold addresses have been looked at.
  std::size_t automatic_node(const Resource& resource) {
    const auto [it, fresh] = fields_.try_emplace({&resource, "ip"}, nodes_.size());
    const std::size_t index = it->second;
    if (!fresh) return index;
    const std::string name = display(resource.address, false, false);
    make(name + ".ip (auto)", line_of(resource, "ip"));
    for (const auto& [key, config] : draft_.spec.providers) {
      const bool holds =
          managed(draft_, key, "container") != nullptr || managed(draft_, key, "ip") != nullptr;
      if (!holds) continue;
      if (const auto opened = provider_node(config)) nodes_[index].needs.push_back(*opened);
    }
    return index;
  }

  // Known when planning: written in the spec, or given by a rule. `dhcp` is known afterwards.
  static bool is_stated(const Resource& resource, const std::string& field) {
    const auto value = resource.attributes.find(field);
    return value != resource.attributes.end() && *value != "dhcp" && *value != "slaac";
  }

  void add_needs(const Resource& resource, std::size_t index) {
    for (const OpenValue& open : resource.open) {
      const std::size_t field = field_node(resource, top_field(open.pointer), open.at);
      nodes_[index].needs.push_back(field);
      for (const TemplatePart& part : open.parts) need(field, part);
    }
    for (const Address& address : resource.depends_on) {
      const auto target = draft_.spec.desired.find(address);
      if (target == draft_.spec.desired.end()) continue;
      const std::size_t other = resource_node(target->second);
      nodes_[index].needs.push_back(other);
    }
    const auto provider = draft_.spec.providers.find(resource.address.provider);
    if (provider == draft_.spec.providers.end()) return;
    if (const auto opened = provider_node(provider->second)) {
      nodes_[index].needs.push_back(*opened);
    }
  }

  static bool refers(const OpenValue& open) {
    return std::any_of(open.parts.begin(), open.parts.end(), [](const TemplatePart& part) {
      return part.kind == TemplatePart::Kind::reference;
    });
  }

  // `address` is what others point at; the provider opens without it.
  std::optional<std::size_t> provider_node(const ProviderConfig& config) {
    const auto known = providers_.find(config.name);
    if (known != providers_.end()) return known->second;
    std::optional<std::size_t> index;
    for (const OpenValue& open : config.open) {
      if (open.pointer == "/address" || !refers(open)) continue;
      if (!index) {
        index = make("provider " + config.name, open.at);
        providers_.emplace(config.name, index);
      }
      for (const TemplatePart& part : open.parts) need(*index, part);
    }
    if (!index) providers_.emplace(config.name, index);
    return index;
  }

  const Draft& draft_;
  std::vector<Node> nodes_;
  std::map<const Resource*, std::size_t> resources_;
  std::map<std::pair<const Resource*, std::string>, std::size_t> fields_;
  std::map<std::string, std::optional<std::size_t>> providers_;
  std::vector<std::pair<const Resource*, std::size_t>> pending_;
};

// Depth first without recursion; each circle once, from the node where it was met first.
std::vector<std::vector<std::size_t>> NeedGraph::circles() const {
  constexpr int fresh = 0;
  constexpr int open = 1;
  constexpr int done = 2;
  std::vector<int> state(nodes_.size(), fresh);
  std::vector<std::vector<std::size_t>> found;
  for (std::size_t start = 0; start < nodes_.size(); ++start) {
    if (state[start] != fresh) continue;
    std::vector<std::pair<std::size_t, std::size_t>> path = {{start, 0}};  // node, next edge
    state[start] = open;
    while (!path.empty()) {
      const std::size_t at = path.back().first;
      if (path.back().second == nodes_[at].needs.size()) {
        state[at] = done;
        path.pop_back();
        continue;
      }
      const std::size_t next = nodes_[at].needs[path.back().second++];
      if (state[next] == fresh) {
        state[next] = open;
        path.emplace_back(next, 0);
      } else if (state[next] == open) {
        std::vector<std::size_t> circle;
        auto it = path.rbegin();
        for (; it->first != next; ++it) circle.push_back(it->first);
        circle.push_back(next);
        std::reverse(circle.begin(), circle.end());
        found.push_back(std::move(circle));
      }
    }
  }
  return found;
}

}  // namespace

void check_circles(Draft& draft) {
  const NeedGraph graph(draft);
  std::set<std::set<std::size_t>> said;
  for (const std::vector<std::size_t>& circle : graph.circles()) {
    if (!said.insert({circle.begin(), circle.end()}).second) continue;
    std::string text;
    for (const std::size_t index : circle) text += graph.node(index).label + " -> ";
    report(
        draft, graph.node(circle.front()).at,
        "a circle, in which each needs the next first: " + text + graph.node(circle.front()).label,
        "state one of the values, or remove one of the references");
  }
}

}  // namespace homeostat
