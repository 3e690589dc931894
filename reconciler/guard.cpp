#include "reconciler/guard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reconciler/by_itself.hpp"
#include "reconciler/lookups.hpp"

namespace homeostat {
namespace {

bool destroys(const Change& change) {
  return change.action == Action::remove || change.action == Action::replace;
}

void hold(Change& change, HoldCode code, std::string text) {
  if (!change.hold) change.hold = Hold{code, std::move(text)};
}

// As people type it: site and provider may be left out; no globs, this is consent.
bool names(const std::string& text, const Address& address) {
  const Result<Address> named = parse_address(text);
  return named && named->kind == address.kind && named->name == address.name &&
         (named->site.empty() || named->site == address.site) &&
         (named->provider.empty() || named->provider == address.provider);
}

class Guard {
 public:
  Guard(Plan& plan, const PlanInput& input) : plan_(plan), input_(input) {}

  void run() {
    for (ScopeSummary& scope : plan_.scopes) {
      scope.limit = delete_limit(input_.spec.policy, scope.owned);
    }
    stop_on_empty_spec();
    ask_consent();
    hold_where_it_reads_empty();
    hold_mass_deletes();
    if (input_.loop != nullptr) hold_by_rules(plan_, input_, *input_.loop);
    hold_what_depends();
    count_going();
  }

 private:
  void stop_on_empty_spec() {
    if (!input_.spec.desired.empty()) return;
    const bool owns = !input_.ledger.owned.empty() ||
                      std::ranges::any_of(
                          plan_.scopes, [](const ScopeSummary& scope) { return scope.owned != 0; });
    if (owns) {
      plan_.stops.emplace_back(
          "the spec declares nothing, and Homeostat owns something: is this the right folder, and "
          "all of it?");
    }
  }

  void ask_consent() {
    for (Change& change : plan_.changes) {
      if (!change.data || !destroys(change)) continue;
      const bool agreed =
          std::ranges::any_of(input_.options.allow_destroy,
                              [&](const std::string& text) { return names(text, change.address); });
      if (agreed) continue;
      const std::string name = display(change.address, false, false);
      hold(change, HoldCode::needs_consent,
           fmt::format("it holds data, which would be lost: --allow-destroy {}", name));
    }
  }

  // Everything of ours gone at once is more often a wrong answer than a wish, however often it is
  // given: what the ledger owns there counts, not only what was seen the last time.
  void hold_where_it_reads_empty() {
    for (const auto& [scope, state] : input_.observed.scopes) {
      const std::string name = to_string(scope);
      if (!reads_empty(state) || input_.options.accept_empty.contains(name)) continue;
      const std::size_t ours = owned_in(scope);
      if (ours == 0) continue;
      const auto memory = input_.ledger.scopes.find(scope);
      const bool sudden = memory != input_.ledger.scopes.end() && memory->second.resources > 0;
      const std::size_t count = sudden ? memory->second.resources : ours;
      const std::string what = count == 1 ? "1 resource" : fmt::format("{} resources", count);
      const std::string why =
          sudden ? fmt::format("{} held {} when last looked at and reads empty now", name, what)
                 : fmt::format("{} reads empty, and {} of ours should be there", name, what);
      for (Change& change : plan_.changes) {
        const bool follows =
            change.action == Action::create || (change.action == Action::release && change.quiet);
        if (!follows || scope_of(change.address) != scope) continue;
        hold(change, HoldCode::reads_empty, fmt::format("{}: --accept-empty {}", why, name));
      }
    }
  }
  [[nodiscard]] static bool reads_empty(const ScopeState& state) {
    return !state.unknown && std::ranges::all_of(state.resources, &LiveResource::fixed);
  }
  // Of ours, and once seen: what was made and never came up is no sign of a wrong answer.
  [[nodiscard]] std::size_t owned_in(const Scope& scope) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(input_.ledger.owned, [&](const auto& row) {
          return scope_of(row.first) == scope && !row.second.agreed.empty();
        }));
  }

  struct Going {
    std::vector<Change*> changes;
    std::size_t count = 0;  // a swap is one
    std::size_t released = 0;
    std::size_t removed = 0;
    bool arrives = false;
    bool empties = false;
  };

  void hold_mass_deletes() {
    std::map<Scope, Going> all;
    for (Change& change : plan_.changes) {
      if (change.hold) continue;
      Going& going = all[scope_of(change.address)];
      if (destroys(change)) going.changes.push_back(&change);
      // What goes from a zone with full authority was never ours.
      const bool ours = input_.ledger.owned.contains(change.from.value_or(change.address));
      if (change.action == Action::remove && ours) ++going.removed;
      if (change.action == Action::release && !change.quiet) ++going.released;
      if (change.action == Action::create || change.action == Action::adopt) going.arrives = true;
    }
    std::size_t too_many = 0;
    std::vector<std::pair<const ScopeSummary*, Going*>> over;
    for (const ScopeSummary& scope : plan_.scopes) {
      const auto found = all.find(scope.scope);
      if (found == all.end() || found->second.changes.empty()) continue;
      Going& going = found->second;
      going.count = going.changes.size() - swaps(going.changes);
      going.empties = !going.arrives && going.removed > 0 && scope.owned > 0 &&
                      going.removed + going.released >= scope.owned;
      if (going.count <= scope.limit && !going.empties) continue;
      too_many += going.count;
      over.emplace_back(&scope, &going);
    }
    if (too_many <= input_.options.allow_deletes) return;
    for (const auto& [scope, going] : over) hold_scope(*scope, *going, too_many);
  }

  static void hold_scope(const ScopeSummary& scope, const Going& going, std::size_t needed) {
    const HoldCode code =
        going.count > scope.limit ? HoldCode::too_many_deletes : HoldCode::would_empty;
    const std::string text =
        code == HoldCode::too_many_deletes
            ? fmt::format(
                  "{} of {} owned in {} would be deleted or replaced, and {} may: "
                  "--allow-deletes {}",
                  going.count, scope.owned, to_string(scope.scope), scope.limit, needed)
            : fmt::format("nothing of ours would be left in {}: --allow-deletes {}",
                          to_string(scope.scope), needed);
    for (Change* change : going.changes) hold(*change, code, text);
  }

  // Pairs of replaces that take from each other what they hold.
  [[nodiscard]] std::size_t swaps(const std::vector<Change*>& changes) const {
    std::map<std::string, const Change*> releases;
    std::map<const Change*, std::vector<std::string>> takes;
    for (const Change* change : changes) {
      if (change->action != Action::replace) continue;
      const auto before = tokens_of(change->address, change->before, input_.spec.zones);
      const auto after = tokens_of(change->address, change->after, input_.spec.zones);
      for (const std::string& token : before) {
        if (!std::ranges::binary_search(after, token)) releases.emplace(token, change);
      }
      std::ranges::set_difference(after, before, std::back_inserter(takes[change]));
    }
    const auto takes_from = [&](const Change* taker) -> const Change* {
      for (const std::string& token : takes[taker]) {
        const auto found = releases.find(token);
        if (found != releases.end()) return found->second;
      }
      return nullptr;
    };
    std::size_t pairs = 0;
    std::set<const Change*> paired;
    for (const Change* change : changes) {
      if (change->action != Action::replace || paired.contains(change)) continue;
      const Change* other = takes_from(change);
      if (other == nullptr || paired.contains(other) || takes_from(other) != change) continue;
      paired.insert(change);
      paired.insert(other);
      ++pairs;
    }
    return pairs;
  }

  // What waits for something that is held is held too, and what waits for that. What goes waits for
  // what becomes of it on another provider, even where that one takes something from it.
  void hold_what_depends() {
    std::map<Address, std::vector<Change*>> waiting;
    std::vector<const Change*> held;
    std::map<Address, std::vector<Change*>> leaving;  // by address, less the provider
    for (Change& change : plan_.changes) {
      for (const Address& need : change.needs) waiting[need].push_back(&change);
      if (change.action == Action::remove) leaving[anywhere(change)].push_back(&change);
      if (change.hold) held.push_back(&change);
    }
    while (!held.empty()) {
      const Change& first = *held.back();
      held.pop_back();
      std::vector<Change*> next = waiting[first.address];
      const bool comes = first.action == Action::create || first.action == Action::adopt;
      if (comes) {
        const std::vector<Change*>& left = leaving[anywhere(first)];
        next.insert(next.end(), left.begin(), left.end());
      }
      for (Change* change : next) {
        if (change->hold) continue;
        const bool moves = same_but_provider(first.address, change->address);
        hold(*change, HoldCode::depends,
             fmt::format("it waits for {}, which is held back",
                         display(first.address, moves, false)));
        held.push_back(change);
      }
    }
  }
  static Address anywhere(const Change& change) {
    Address address = change.address;
    address.provider.clear();
    return address;
  }

  void count_going() {
    for (ScopeSummary& scope : plan_.scopes) scope.going = 0;
    for (const Change& change : plan_.changes) {
      if (change.hold || !destroys(change)) continue;
      const Scope scope = scope_of(change.address);
      const auto summary = std::ranges::find(plan_.scopes, scope, &ScopeSummary::scope);
      if (summary != plan_.scopes.end()) ++summary->going;
    }
  }

  Plan& plan_;
  const PlanInput& input_;
};

}  // namespace

void guard(Plan& plan, const PlanInput& input) { Guard(plan, input).run(); }

std::size_t delete_limit(const Policy& policy, std::size_t owned) {
  const auto most = static_cast<std::size_t>(std::max(policy.max_deletes, 0));
  const auto percent = static_cast<std::size_t>(std::max(policy.max_delete_percent, 0));
  return std::min(most, std::max<std::size_t>(1, owned * percent / 100));
}

}  // namespace homeostat
