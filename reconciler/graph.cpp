#include "reconciler/graph.hpp"

#include <algorithm>

#include "reconciler/circles.hpp"
#include "reconciler/lookups.hpp"
#include "reconciler/order.hpp"
#include "reconciler/paths.hpp"
#include "specs/kinds/kinds.hpp"

namespace homeostat {

namespace {

bool writes(const Change& change) {
  if (change.quiet || goes(change)) return false;
  return change.action == Action::create || !change.fields.empty();
}

// Whether a field may have another value once the change was made.
bool moves(const Change& change, const FieldPath& path) {
  if (change.action == Action::create || change.action == Action::replace) return true;
  return std::any_of(change.fields.begin(), change.fields.end(), [&path](const FieldDiff& field) {
    return covers(field.path, path) || covers(path, field.path);
  });
}

std::vector<std::string> less(const std::vector<std::string>& from,
                              const std::vector<std::string>& what) {
  std::vector<std::string> rest;
  std::set_difference(from.begin(), from.end(), what.begin(), what.end(), std::back_inserter(rest));
  return rest;
}

// Finds out what needs what.
class Needs {
 public:
  Needs(Graph& graph, const Resolved& resolved, const PlanInput& input)
      : graph_(graph), changes_(graph.plan.changes), resolved_(resolved), input_(input) {}

  void run() {
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      if (writes(changes_[i])) add_references(i);
    }
    add_takes();
    add_removals();
    add_moves();
    add_parents();
    add_reverse();
    add_records();
  }

 private:
  [[nodiscard]] std::optional<std::size_t> find(const Address& address) const {
    const auto at = std::lower_bound(
        changes_.begin(), changes_.end(), address,
        [](const Change& change, const Address& wanted) { return change.address < wanted; });
    if (at == changes_.end() || at->address != address) return std::nullopt;
    return static_cast<std::size_t>(at - changes_.begin());
  }

  void add_references(std::size_t i) {
    const Address& address = changes_[i].address;
    const auto resource = resolved_.desired.find(address);
    if (resource == resolved_.desired.end()) return;
    for (const Address& target : resource->second.depends_on) need(i, target, nullptr);
    const auto later = resolved_.pending.find(address);
    if (later != resolved_.pending.end()) {
      for (const Pending& pending : later->second) {
        for (const Address& target : pending.after) need(i, target, nullptr);
      }
    }
    // As written: what was filled in when planning may be moved by this very plan.
    const auto made_from = resolved_.reverse_of.find(address);
    const auto written = input_.spec.desired.find(
        made_from == resolved_.reverse_of.end() ? address : made_from->second);
    if (written == input_.spec.desired.end()) return;
    for (const OpenValue& open : written->second.open) {
      for (const TemplatePart& part : open.parts) {
        if (part.kind == TemplatePart::Kind::reference) need(i, part.target, &part.field);
      }
    }
  }

  void need(std::size_t i, const Address& target, const FieldPath* field) {
    const std::optional<std::size_t> other = find(target);
    if (!other) return;
    // A change that is held writes nothing, and what cannot do without it must know.
    const bool held = field == nullptr && changes_[*other].hold.has_value();
    if (!writes(changes_[*other]) && !held) return;
    if (field == nullptr || moves(changes_[*other], *field)) graph_.add(i, *other);
  }

  // What a change leaves behind of its resource.
  [[nodiscard]] Attributes after(const Change& change) const {
    if (change.action == Action::remove) return nullptr;
    if (change.before.is_null() || change.action == Action::replace) {
      const auto desired = resolved_.desired.find(change.address);
      return desired == resolved_.desired.end() ? Attributes() : desired->second.attributes;
    }
    Attributes patched = change.before;
    const KindSchema* kind = find_kind(change.address.kind);
    if (kind == nullptr) return patched;
    for (const FieldDiff& field : change.fields) {
      if (field.path == protect_path) continue;
      set_value_at(patched, field.path, field.desired, *kind,
                   extra_of(change.address, input_.providers));
    }
    return patched;
  }

  void add_takes() {
    std::unordered_map<std::string, std::vector<std::size_t>> released;
    std::vector<std::vector<std::string>> taken(changes_.size());
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const Change& change = changes_[i];
      const bool stays = !writes(change) && change.action != Action::remove;
      if (stays || change.before.is_null()) continue;
      const std::vector<std::string> had =
          tokens_of(change.address, change.before, input_.spec.zones);
      const std::vector<std::string> has =
          tokens_of(change.address, after(change), input_.spec.zones);
      for (const std::string& token : less(had, has)) released[token].push_back(i);
      taken[i] = less(has, had);
    }
    if (released.empty()) return;
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const Change& change = changes_[i];
      if (change.before.is_null() && writes(change)) {
        taken[i] = tokens_of(change.address, after(change), input_.spec.zones);
      }
      for (const std::string& token : taken[i]) {
        const auto holders = released.find(token);
        if (holders == released.end()) continue;
        for (const std::size_t other : holders->second) graph_.add_take(i, other, token);
      }
    }
  }

  // Nobody knows any more what a gone resource referred to, but what belonged to one service did.
  void add_removals() {
    std::map<std::string, std::vector<std::size_t>> of_service;
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const Change& change = changes_[i];
      const bool ends = change.action == Action::remove || change.on_remove == OnRemove::stop;
      if (ends && !change.service.empty()) {
        of_service[change.service].push_back(i);
      }
    }
    for (const auto& [service, members] : of_service) {
      for (const std::size_t i : members) {
        for (const std::size_t other : members) {
          const bool first =
              removal_rank(changes_[other].address.kind) < removal_rank(changes_[i].address.kind);
          if (first) graph_.add(i, other);
        }
      }
    }
  }

  // What moves to another provider is let go after it was made there. (What is deleted may have to
  // give it something first.)
  void add_moves() {
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      if (changes_[i].action != Action::release || changes_[i].quiet) continue;
      Address first = changes_[i].address;
      first.provider.clear();
      auto there = std::lower_bound(
          changes_.begin(), changes_.end(), first,
          [](const Change& change, const Address& wanted) { return change.address < wanted; });
      for (; there != changes_.end() && (there->address == changes_[i].address ||
                                         same_but_provider(there->address, changes_[i].address));
           ++there) {
        const bool comes = there->action == Action::create || there->action == Action::adopt;
        if (comes) graph_.add(i, static_cast<std::size_t>(there - changes_.begin()));
      }
    }
  }

  // A group of monitors goes when no monitor is in it any more.
  void add_parents() {
    std::map<std::pair<std::string, std::string>, std::size_t> going;  // provider, name
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const Change& change = changes_[i];
      if (change.address.kind != "monitor" || change.action != Action::remove) continue;
      const std::string name = known_text(change.before, "name");
      going.emplace(std::pair(change.address.provider,
                              name.empty() ? decode_component(change.address.name) : name),
                    i);
    }
    if (going.empty()) return;
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const Change& change = changes_[i];
      if (change.address.kind != "monitor" || change.before.is_null()) continue;
      if (change.action != Action::remove && !moves(change, "parent")) continue;
      const auto group =
          going.find(std::pair(change.address.provider, known_text(change.before, "parent")));
      if (group != going.end() && group->second != i) graph_.add(group->second, i);
    }
  }

  // What led back from the old address of a name stays until the name has moved.
  void add_reverse() {
    std::map<std::string, std::vector<const Address*>> by_name;
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const Change& change = changes_[i];
      const bool old = change.action == Action::remove && change.address.kind == "dns" &&
                       change.address.name.ends_with("/PTR") && !change.before.is_null();
      if (!old) continue;
      if (by_name.empty()) {
        for (const auto& [reverse, forward] : resolved_.reverse_of) {
          by_name[leads_to(resolved_.desired.at(reverse).attributes)].push_back(&forward);
        }
      }
      const auto forwards = by_name.find(leads_to(change.before));
      if (forwards == by_name.end()) continue;
      for (const Address* forward : forwards->second) need(i, *forward, nullptr);
    }
  }
  static std::string leads_to(const Attributes& attributes) {
    return member(attributes, "values").dump();
  }

  // Steps on one owner name are one group.
  void add_records() {
    std::map<std::string, std::vector<std::size_t>> of_owner;
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const Address& address = changes_[i].address;
      const bool silent = changes_[i].quiet || changes_[i].action == Action::release;
      const std::size_t type = address.name.rfind('/');
      if (address.kind != "dns" || silent || type == std::string::npos) continue;
      of_owner["dns/" + address.name.substr(0, type) + "@" + address.provider].push_back(i);
    }
    for (const auto& [owner, members] : of_owner) {
      if (members.size() > 1) add_group(owner, members);
    }
  }

  void add_group(const std::string& owner, const std::vector<std::size_t>& members) {
    const auto type = [this](std::size_t i) {
      const std::string& name = changes_[i].address.name;
      return std::string_view(name).substr(name.rfind('/') + 1);
    };
    const auto removed = [this](std::size_t i) { return changes_[i].action == Action::remove; };
    const auto created = [this](std::size_t i) { return changes_[i].action == Action::create; };
    for (const std::size_t i : members) {
      changes_[i].group = owner;
      for (const std::size_t other : members) {
        if (created(i) && removed(other) && records_exclude(type(i), type(other))) {
          graph_.add(i, other);
        }
      }
    }
    const auto provider = input_.providers.find(changes_[members.front()].address.provider);
    const bool atomic = provider != input_.providers.end() && provider->second->atomic_batches;
    const bool both = std::any_of(members.begin(), members.end(), removed) &&
                      std::any_of(members.begin(), members.end(), created);
    if (atomic || !both) return;
    for (const std::size_t i : members) changes_[i].gap = removed(i) || created(i);
  }

  Graph& graph_;
  std::vector<Change>& changes_;
  const Resolved& resolved_;
  const PlanInput& input_;
};

void write_needs(Graph& graph) {
  std::vector<Change>& changes = graph.plan.changes;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    std::vector<Address>& needs = changes[i].needs;
    for (const Edge& edge : graph.needs[i]) needs.push_back(changes[edge.to].address);
    std::sort(needs.begin(), needs.end());
    needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
  }
}

}  // namespace

void order_changes(Plan& plan, const Resolved& resolved, const LiveIndex& live,
                   const PlanInput& input) {
  const auto by_address = [](const Change& a, const Change& b) { return a.address < b.address; };
  if (!std::is_sorted(plan.changes.begin(), plan.changes.end(), by_address)) {
    std::sort(plan.changes.begin(), plan.changes.end(), by_address);
  }
  Graph graph(plan);
  Needs(graph, resolved, input).run();
  break_circles(graph, {resolved, live, input});
  write_needs(graph);
  sort_changes(graph);
}

}  // namespace homeostat
