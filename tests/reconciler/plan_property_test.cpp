// What is true of every plan, over generated homelabs.
#include <fmt/format.h>

#include <algorithm>

#include "reconciler/report/report.hpp"
#include "tests/reconciler/plan_world.hpp"
#include "tests/support/cases.hpp"

using namespace homeostat;
using namespace homeostat::testing;

namespace {

// Runs `check` over many worlds; one whose resources contradict each other (an address used twice)
// has no plan and is left out. At least half of them must have one.
template <class Check>
void for_each_plan(const Check& check) {
  int planned = 0;
  const int cases = property_cases();
  for (int seed = 0; seed < cases; ++seed) {
    World world(static_cast<std::uint32_t>(seed));
    if (!world.situation.errors().empty()) continue;
    ++planned;
    const Planned plan = world.situation.plan();
    INFO("seed ", seed, "\n", outline(plan.plan));
    check(world, plan);
  }
  CHECK(planned > cases / 2);
}

const LiveResource* live_of(const Planned& planned, const Change& change) {
  const auto found = planned.live.find(change.address);
  return found == planned.live.end() ? nullptr : found->second;
}

bool writes(const Change& change) { return !change.hold && !change.quiet; }

bool destroys(const Change& change) {
  return writes(change) && (change.action == Action::remove || change.action == Action::replace);
}

bool is_ours(const Situation& situation, const LiveResource& live) {
  if (live.marker) return live.marker->site == "home" && live.marker->id == live.native_id;
  return std::ranges::any_of(situation.ledger.owned, [&](const auto& row) {
    return row.second.native_id == live.native_id && scope_of(row.first) == scope_of(live.address);
  });
}

// Everything that a plan says, less the places in files.
std::string said(const Planned& planned) {
  std::string text = outline(planned.plan) + holds(planned.plan) + plan_id(planned.plan) + "\n";
  for (const Finding& finding : planned.plan.findings) {
    text += fmt::format("{} {} {}\n", to_string(finding.address), finding.native_id, finding.text);
  }
  std::set<std::string> warnings;  // they are listed by place
  for (const Error& warning : planned.plan.warnings) warnings.insert(warning.message);
  for (const std::string& warning : warnings) text += warning + "\n";
  for (const std::string& stop : planned.plan.stops) text += stop + "\n";
  for (const auto& [address, paths] : planned.in_sync) {
    text += to_string(address);
    for (const FieldPath& path : paths) text += " " + path;
    text += "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("plan property: nothing unowned is deleted, nothing of another site is written") {
  for_each_plan([](const World& world, const Planned& planned) {
    for (const Change& change : planned.plan.changes) {
      const LiveResource* live = live_of(planned, change);
      if (!writes(change) || live == nullptr) continue;
      CHECK_FALSE((live->marker && live->marker->site != "home"));
      CHECK_FALSE(live->fixed);
      const bool swept = change.action == Action::remove && change.address.kind == "dns" &&
                         world.situation.ledger.full_zones.contains("lab");
      if (destroys(change)) CHECK((is_ours(world.situation, *live) || swept));
    }
  });
}

TEST_CASE("plan property: data is never destroyed without consent, what is protected never") {
  for_each_plan([](const World& world, const Planned& planned) {
    for (const Change& change : planned.plan.changes) {
      if (!destroys(change)) continue;
      const LiveResource* live = live_of(planned, change);
      REQUIRE(live != nullptr);
      CHECK_FALSE((live->marker && live->marker->protect));
      if (change.address.kind != "container") continue;
      const std::string name = display(change.address, false, false);
      CHECK(std::ranges::count(world.situation.options.allow_destroy, name) == 1);
    }
  });
}

TEST_CASE("plan property: what is unknown or filtered out has no change") {
  for_each_plan([](const World& world, const Planned& planned) {
    const PlanOptions& options = world.situation.options;
    for (const Change& change : planned.plan.changes) {
      CHECK_FALSE(world.situation.observed.scopes.at(scope_of(change.address)).unknown);
      const auto matches = [&](const std::string& glob) {
        return address_matches(change.address, glob);
      };
      CHECK((options.only.empty() || std::ranges::any_of(options.only, matches)));
      CHECK(std::ranges::none_of(options.exclude, matches));
    }
  });
}

TEST_CASE("plan property: each live thing is in one change at most, and a rename deletes nothing") {
  for_each_plan([](const World&, const Planned& planned) {
    std::set<const LiveResource*> touched;
    std::set<Address> renamed;
    for (const Change& change : planned.plan.changes) {
      const LiveResource* live = live_of(planned, change);
      if (live != nullptr) CHECK(touched.insert(live).second);
      if (change.from) renamed.insert(*change.from);
    }
    for (const Change& change : planned.plan.changes) {
      CHECK_FALSE((change.action == Action::remove && renamed.contains(change.address)));
    }
  });
}

TEST_CASE("plan property: new keys for the same things are renames, and nothing else") {
  for (int seed = 0; seed < property_cases(); ++seed) {
    Random random(static_cast<std::uint32_t>(seed));
    std::vector<Entry> entries = random_entries(random);
    // A record is its name, a monitor its key; a value that refers to a key would move with it.
    std::erase_if(entries, [](const Entry& entry) { return entry.section != "containers"; });
    if (entries.empty()) continue;
    Situation situation;
    situation.commit_files(as_files(standard_head(), entries, 1));
    if (!situation.errors().empty()) continue;
    situation.settle();
    for (Entry& entry : entries) entry.key = "new-" + entry.key;
    situation.commit_files(as_files(standard_head(), entries, 1));
    const Planned planned = situation.plan();
    INFO("seed ", seed, "\n", outline(planned.plan));
    CHECK(planned.plan.changes.size() == entries.size());
    for (const Change& change : planned.plan.changes) {
      CHECK(change.action == Action::rename);
      CHECK_FALSE(change.hold);
    }
    situation.apply(planned);
    CHECK(situation.outline() == "");
  }
}

namespace {

// An address that a container should have by its network's rule, and whose holder let it go without
// a word (a replace that states no address): it can be taken in the next plan only.
bool takes_its_rule(const Change& change) {
  return change.action == Action::update && change.fields.size() == 1 &&
         change.fields.front().path == "ip";
}

}  // namespace

TEST_CASE("plan property: what an apply has done is not planned again") {
  for_each_plan([](World& world, const Planned& planned) {
    std::set<Address> held;
    for (const Change& change : planned.plan.changes) {
      if (change.hold) held.insert(change.address);
    }
    Situation& situation = world.situation;
    situation.apply(planned);
    const Planned again = situation.plan();
    INFO("again\n", outline(again.plan));
    for (const Change& change : again.plan.changes) {
      CHECK((held.contains(change.address) || takes_its_rule(change)));
    }
  });
}

TEST_CASE("plan property: with full consent a plan after an apply is empty, holds excepted") {
  for_each_plan([](World& world, const Planned&) {
    Situation& situation = world.situation;
    situation.options = full_consent(situation);
    const Planned planned = situation.plan();
    INFO("with consent\n", outline(planned.plan));
    std::set<Address> held;  // what stood in its way may be gone by now
    for (const Change& change : planned.plan.changes) {
      // Keys agreed on before an adopted thing was lost come out one plan later.
      if (change.hold || change.action == Action::adopt) held.insert(change.address);
    }
    situation.apply(planned);
    const Planned again = situation.plan();
    INFO("again\n", outline(again.plan));
    for (const Change& change : again.plan.changes) {
      // What this apply let go can be taken over by somebody else in the next plan.
      const bool free_now = change.action == Action::adopt;
      CHECK((change.hold || free_now || held.contains(change.address) || takes_its_rule(change)));
    }
  });
}

TEST_CASE("plan property: the order of observations never changes a byte of the plan") {
  for_each_plan([](World& world, const Planned& planned) {
    Situation& situation = world.situation;
    const std::string before = render_json(planned.plan, situation.spec).dump() + said(planned);
    for (auto& [scope, state] : situation.observed.scopes) world.random.shuffle(state.resources);
    const Planned shuffled = situation.plan();
    CHECK(render_json(shuffled.plan, situation.spec).dump() + said(shuffled) == before);
  });
}

TEST_CASE("plan property: the order of files and keys never changes what the plan says") {
  for_each_plan([](World& world, const Planned& planned) {
    const std::string before = said(planned);
    std::vector<Entry> entries = world.entries;
    world.random.shuffle(entries);
    for (Entry& entry : entries) world.random.shuffle(entry.fields);
    world.situation.commit_files(as_files(world.head, entries, 1 + world.random.below(3)));
    CHECK(said(world.situation.plan()) == before);
  });
}
