#include "reconciler/units.hpp"

#include <algorithm>

namespace homeostat {
namespace {

class UnitMaker {
 public:
  explicit UnitMaker(const Plan& plan) : plan_(plan) {
    for (std::size_t i = 0; i < plan.changes.size(); ++i) by_address_[plan.changes[i].address] = i;
  }

  std::vector<Unit> make() {
    for (std::size_t i = 0; i < plan_.changes.size(); ++i) {
      const Change& change = plan_.changes[i];
      if (change.hold) continue;
      if (change.park) add_park(i);
      add_change(i);
    }
    for (Unit& unit : units_) {
      if (!unit.park) add_needs(unit);
    }
    return std::move(units_);
  }

 private:
  void add_park(std::size_t index) {
    Unit unit;
    unit.changes = {index};
    unit.park = true;
    unit.provider = plan_.changes[index].address.provider;
    units_.push_back(std::move(unit));
  }

  void add_change(std::size_t index) {
    const Change& change = plan_.changes[index];
    if (!change.group.empty()) {
      const auto key = std::make_pair(change.group, change.address.provider);
      const auto [found, fresh] = by_group_.emplace(key, units_.size());
      if (!fresh) {
        units_[found->second].changes.push_back(index);
        return;
      }
    }
    Unit unit;
    unit.changes = {index};
    unit.provider = change.address.provider;
    units_.push_back(std::move(unit));
  }

  void add_needs(Unit& unit) {
    std::stable_partition(unit.changes.begin(), unit.changes.end(), [this](std::size_t index) {
      return plan_.changes[index].action == Action::remove;
    });
    for (const std::size_t index : unit.changes) {
      const Change& change = plan_.changes[index];
      if (change.park) unit.needs.push_back(Milestone{index, true});
      for (const Address& need : change.needs) add_need(unit, change, need);
    }
    std::sort(unit.needs.begin(), unit.needs.end());
    unit.needs.erase(std::unique(unit.needs.begin(), unit.needs.end()), unit.needs.end());
  }

  void add_need(Unit& unit, const Change& change, const Address& need) {
    const auto found = by_address_.find(need);
    if (found == by_address_.end()) return;  // in sync: there is nothing to wait for
    const std::size_t index = found->second;
    const auto& mine = unit.changes;
    if (std::find(mine.begin(), mine.end(), index) != mine.end()) return;
    const Change& other = plan_.changes[index];
    if (other.hold) {
      unit.needs_held = index;
      return;
    }
    const bool parked = other.park && std::binary_search(other.park->frees.begin(),
                                                         other.park->frees.end(), change.address);
    unit.needs.push_back(Milestone{index, parked});
  }

  const Plan& plan_;
  std::map<Address, std::size_t> by_address_;
  std::map<std::pair<std::string, std::string>, std::size_t> by_group_;
  std::vector<Unit> units_;
};

// A service with its units; what has no service stands for itself.
struct Group {
  std::vector<std::size_t> units;
  std::set<std::size_t> needs;  // other groups
  bool done = false;
};

class StageMaker {
 public:
  StageMaker(const Plan& plan, const std::vector<Unit>& units) : plan_(plan), units_(units) {}

  std::vector<std::vector<std::size_t>> make() {
    make_groups();
    connect_groups();
    std::vector<std::vector<std::size_t>> stages;
    for (std::size_t g = 0; g < groups_.size(); ++g) visit(g, stages);
    return stages;
  }

 private:
  using Key = std::tuple<bool, std::string, Address>;  // those without a service come last

  Key key_of(std::size_t change) const {
    const Change& it = plan_.changes[change];
    return it.service.empty() ? Key{true, "", it.address} : Key{false, it.service, Address{}};
  }

  void make_groups() {
    std::map<Key, std::size_t> by_key;  // in the order in which groups are tried
    for (const Unit& unit : units_) {
      for (const std::size_t change : unit.changes) by_key.emplace(key_of(change), 0);
    }
    for (auto& [key, index] : by_key) {
      index = groups_.size();
      groups_.emplace_back();
    }
    group_of_.resize(plan_.changes.size());
    for (std::size_t u = 0; u < units_.size(); ++u) {
      for (const std::size_t change : units_[u].changes) {
        group_of_[change] = by_key.at(key_of(change));
      }
      groups_[group_of_[units_[u].changes.front()]].units.push_back(u);
    }
  }

  void connect_groups() {
    for (const Unit& unit : units_) {
      const std::size_t own = group_of_[unit.changes.front()];
      const auto add = [&](std::size_t from, std::size_t to) {
        if (from != to) groups_[from].needs.insert(to);
      };
      for (const Milestone& need : unit.needs) add(own, group_of_[need.change]);
      for (const std::size_t change : unit.changes) {  // a batch ties its services together
        add(own, group_of_[change]);
        add(group_of_[change], own);
      }
    }
  }

  // Groups that need each other are found as the strongly connected components (Tarjan), which come
  // out with what they need first. Iterative: a chain may be as long as the plan.
  void visit(std::size_t root, std::vector<std::vector<std::size_t>>& stages) {
    if (groups_[root].done) return;
    struct Frame {
      std::size_t group;
      std::set<std::size_t>::const_iterator next;
    };
    std::vector<Frame> frames;
    const auto enter = [&](std::size_t group) {
      const std::size_t number = number_.size();
      number_[group] = number;
      low_[group] = number;
      open_.push_back(group);
      frames.push_back(Frame{group, groups_[group].needs.begin()});
    };
    enter(root);
    while (!frames.empty()) {
      Frame& top = frames.back();
      const std::size_t group = top.group;
      if (top.next != groups_[group].needs.end()) {
        const std::size_t other = *top.next++;
        if (number_.count(other) == 0) {
          enter(other);
        } else if (!groups_[other].done) {
          low_[group] = std::min(low_[group], number_[other]);
        }
        continue;
      }
      frames.pop_back();
      if (!frames.empty()) {
        std::size_t& above = low_[frames.back().group];
        above = std::min(above, low_[group]);
      }
      if (low_[group] == number_[group]) close(group, stages);
    }
  }

  void close(std::size_t group, std::vector<std::vector<std::size_t>>& stages) {
    std::vector<std::size_t> stage;
    while (true) {
      const std::size_t member = open_.back();
      open_.pop_back();
      groups_[member].done = true;
      const auto& units = groups_[member].units;
      stage.insert(stage.end(), units.begin(), units.end());
      if (member == group) break;
    }
    std::sort(stage.begin(), stage.end());
    if (!stage.empty()) stages.push_back(std::move(stage));
  }

  const Plan& plan_;
  const std::vector<Unit>& units_;
  std::vector<Group> groups_;
  std::vector<std::size_t> group_of_;  // by change
  std::map<std::size_t, std::size_t> number_, low_;
  std::vector<std::size_t> open_;
};

}  // namespace

std::vector<Unit> make_units(const Plan& plan) { return UnitMaker(plan).make(); }

std::vector<std::vector<std::size_t>> stages_by_service(const Plan& plan,
                                                        const std::vector<Unit>& units) {
  return StageMaker(plan, units).make();
}

}  // namespace homeostat
