// What is true of every plan, over generated homelabs.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "reconciler/report/report.hpp"
#include "tests/reconciler/plan_world.hpp"
#include "tests/support/cases.hpp"

using namespace homeostat;
using namespace homeostat::testing;

namespace {

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
    return row.second.native_id == live.native_id && !row.second.marked &&
           scope_of(row.first) == scope_of(live.address);
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

void nothing_foreign_is_touched(const World& world, const Planned& planned) {
  for (const Change& change : planned.plan.changes) {
    const LiveResource* live = live_of(planned, change);
    if (!writes(change) || live == nullptr) continue;
    CHECK_FALSE((live->marker && live->marker->site != "home"));
    CHECK_FALSE(live->fixed);
    const bool swept = change.action == Action::remove && change.address.kind == "dns" &&
                       world.situation.ledger.full_zones.contains("lab");
    if (destroys(change)) CHECK((is_ours(world.situation, *live) || swept));
  }
}

void data_needs_consent(const World& world, const Planned& planned) {
  for (const Change& change : planned.plan.changes) {
    if (!destroys(change)) continue;
    const LiveResource* live = live_of(planned, change);
    REQUIRE(live != nullptr);
    CHECK_FALSE((live->marker && live->marker->protect));
    if (change.address.kind != "container") continue;
    const std::string name = display(change.address, false, false);
    CHECK(std::ranges::count(world.situation.options.allow_destroy, name) == 1);
  }
}

void unknown_and_filtered_have_no_change(const World& world, const Planned& planned) {
  const PlanOptions& options = world.situation.options;
  for (const Change& change : planned.plan.changes) {
    CHECK_FALSE(world.situation.observed.scopes.at(scope_of(change.address)).unknown);
    const auto matches = [&](const std::string& glob) {
      return address_matches(change.address, glob);
    };
    CHECK((options.only.empty() || std::ranges::any_of(options.only, matches)));
    CHECK(std::ranges::none_of(options.exclude, matches));
  }
}

// Each live thing is in one change at most, and a rename deletes nothing.
void one_change_a_thing(const World&, const Planned& planned) {
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
}

void order_of_observations_is_nothing(const World& world, const Planned& planned) {
  Situation situation = world.situation;
  Random random = world.random;
  const std::string before = render_json(planned.plan, situation.spec).dump() + said(planned);
  for (auto& [scope, state] : situation.observed.scopes) random.shuffle(state.resources);
  const Planned shuffled = situation.plan();
  CHECK(render_json(shuffled.plan, situation.spec).dump() + said(shuffled) == before);
}

void order_of_files_and_keys_is_nothing(const World& world, const Planned& planned) {
  Situation situation = world.situation;
  Random random = world.random;
  std::vector<Entry> entries = world.entries;
  random.shuffle(entries);
  for (Entry& entry : entries) random.shuffle(entry.fields);
  situation.commit_files(as_files(world.head, entries, 1 + random.below(3)));
  CHECK(said(situation.plan()) == said(planned));
}

// What was held may be free by now; everything else is done, and stays done.
void check_that_it_is_done(Situation& situation, const Planned& planned) {
  std::set<Address> held;
  for (const Change& change : planned.plan.changes) {
    if (change.hold) held.insert(change.address);
  }
  situation.apply(planned);
  const Planned again = situation.plan();
  INFO("again\n", outline(again.plan));
  for (const Change& change : again.plan.changes) CHECK(held.contains(change.address));
}

void what_is_done_is_not_planned_again(const World& world, const Planned& planned) {
  Situation situation = world.situation;
  check_that_it_is_done(situation, planned);
}

void with_full_consent_too(const World& world, const Planned&) {
  Situation situation = world.situation;
  situation.options = full_consent(situation);
  const Planned planned = situation.plan();
  INFO("with consent\n", outline(planned.plan));
  check_that_it_is_done(situation, planned);
}

struct Property {
  std::string_view name;
  void (*check)(const World&, const Planned&);
};
constexpr Property properties[] = {
    {"nothing unowned is deleted, nothing of another site is written", nothing_foreign_is_touched},
    {"data is never destroyed without consent, what is protected never", data_needs_consent},
    {"what is unknown or filtered out has no change", unknown_and_filtered_have_no_change},
    {"each live thing is in one change, and a rename deletes nothing", one_change_a_thing},
    {"the order of observations changes no byte", order_of_observations_is_nothing},
    {"the order of files and keys changes nothing that is said",
     order_of_files_and_keys_is_nothing},
    {"what an apply has done is not planned again", what_is_done_is_not_planned_again},
    {"with full consent a plan after an apply is empty, holds excepted", with_full_consent_too},
};

}  // namespace

// Making a homelab costs more than any of the checks, so that each is asked everything.
TEST_CASE("plan property: what is true of every plan, over generated homelabs") {
  std::atomic<int> planned = 0;
  for_each_case([&planned](int seed) {
    const World world(static_cast<std::uint32_t>(seed));
    // One whose resources contradict each other (an address used twice) has no plan.
    const auto plan = world.situation.try_plan();
    if (!plan) return;
    ++planned;
    INFO("seed ", seed, "\n", outline(plan->plan));
    for (const Property& property : properties) {
      INFO(property.name);
      property.check(world, *plan);
    }
  });
  CHECK(planned > property_cases() / 2);
}

TEST_CASE("plan property: new keys for the same things are renames, and nothing else") {
  for_each_case([](int seed) {
    Random random(static_cast<std::uint32_t>(seed));
    std::vector<Entry> entries = random_entries(random);
    // A record is its name, a monitor its key; a value that refers to a key would move with it.
    std::erase_if(entries, [](const Entry& entry) { return entry.section != "containers"; });
    for (Entry& entry : entries) {
      std::erase_if(entry.fields,
                    [](const std::string& field) { return field.find("${") != std::string::npos; });
    }
    if (entries.empty()) return;
    Situation situation;
    situation.commit_files(as_files(standard_head(), entries, 1));
    if (!situation.errors().empty()) return;
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
  });
}
