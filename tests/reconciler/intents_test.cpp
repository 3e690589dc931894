// What the next run makes of writes that were cut off.
#include "reconciler/intents.hpp"

#include <fmt/format.h>

#include <sstream>

#include "tests/reconciler/plan_world.hpp"
#include "tests/support/cases.hpp"

namespace homeostat::testing {
namespace {

constexpr const char* plain_nas = "containers: { nas: { provider: plain, vmid: 120, cores: 2 } }\n";

const Attributes nas_attributes = {{"vmid", 120}, {"cores", 2}, {"mac", "BC:24:11:00:00:01"}};

// Everything that is left to do, without the fields and without what is adopted as it is.
std::string actions(const Plan& plan) {
  std::istringstream lines(outline(plan));
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    const bool counts = line.front() != ' ' && line.find("(quiet)") == std::string::npos;
    if (counts) kept += line + "\n";
  }
  return kept;
}

TEST_CASE("intents: a create that nobody recorded is ours, though no marker can say so") {
  Situation s(plain_nas);
  s.intend(s.plan(), "container/nas@plain");
  const LiveResource& made = s.live("container/nas@plain", nas_attributes);
  const Settled settled = s.settle_intents();
  CHECK(settled.over.size() == 1);
  CHECK(s.ledger.intents.empty());
  CHECK(s.row("container/nas@plain").native_id == made.native_id);
  CHECK(s.outline() == "");
  s.commit("");
  CHECK(actions(s.plan().plan) == "release container/nas (keep)\n");
}

TEST_CASE("intents: what stands at the place of a create and differs is not taken for ours") {
  Situation s(plain_nas);
  s.intend(s.plan(), "container/nas@plain");
  s.live("container/nas@plain", {{"vmid", 120}, {"cores", 8}});
  static_cast<void>(s.settle_intents());
  CHECK(s.ledger.owned.empty());
  CHECK(actions(s.plan().plan) == "adopt container/nas [adopt_differs]\n");
}

TEST_CASE("intents: a create that did not happen is planned again") {
  Situation s(plain_nas);
  const std::string before = s.outline();
  s.intend(s.plan(), "container/nas@plain");
  static_cast<void>(s.settle_intents());
  CHECK(s.ledger.intents.empty());
  CHECK(s.outline() == before);
}

TEST_CASE("intents: while the scope is unknown, the question stays open") {
  Situation s(plain_nas);
  s.intend(s.plan(), "container/nas@plain");
  Situation later = s;
  later.unknown({"plain", ""});
  CHECK(later.settle_intents().over.empty());
  CHECK(later.ledger.intents.size() == 1);
}

TEST_CASE("intents: a delete that happened drops the row, so that nobody looks for the culprit") {
  Situation s("dns: { lab: { nas: 10.5.0.120, web: 10.5.0.121, db: 10.5.0.122 } }\n");
  s.settle();
  s.commit("dns: { lab: { web: 10.5.0.121, db: 10.5.0.122 } }\n");
  s.intend(s.plan(), "dns/lab/nas/A");
  s.erase("dns/lab/nas/A");
  static_cast<void>(s.settle_intents());
  CHECK_FALSE(s.ledger.owned.contains(s.address("dns/lab/nas/A")));
  // It comes back with the next commit: not as something that was deleted by hand.
  s.commit("dns: { lab: { nas: 10.5.0.120, web: 10.5.0.121, db: 10.5.0.122 } }\n");
  const Planned planned = s.plan();
  CHECK(change_of(planned.plan, "dns/lab/nas/A").cause == Cause::git);
}

TEST_CASE("intents: a release that happened is not made again") {
  Situation s("containers: { web: { vmid: 110, on_remove: stop } }\n");
  s.settle();
  s.at("container/web").attributes["running"] = true;  // again, by hand: it was let go
  s.commit("");
  s.intend(s.plan(), "container/web");
  s.at("container/web").marker.reset();
  static_cast<void>(s.settle_intents());
  CHECK(s.ledger.owned.empty());
  CHECK(s.outline() == "");
}

TEST_CASE("intents: a release with a stop that did not come to the stop is made again") {
  Situation s("containers: { web: { vmid: 110, on_remove: stop } }\n");
  s.settle();
  s.commit("");
  const std::string before = s.outline();
  CHECK(before == "release container/web (stop)\n");
  s.intend(s.plan(), "container/web");
  static_cast<void>(s.settle_intents());
  CHECK(s.outline() == before);
}

TEST_CASE("intents: a release with a stop of what never had a mark is made again") {
  const std::string rest = "dns: { lab: { nas: 10.5.0.7 } }\n";
  for (const nlohmann::json& running : {nlohmann::json(true), nlohmann::json(false), {}}) {
    CAPTURE(running);
    Situation s("containers: { web: { vmid: 110, on_remove: stop } }\n" + rest);
    s.live("container/web", {{"vmid", 110}});
    s.settle();  // adopted: the ledger alone says that it is ours
    if (!running.is_null()) s.at("container/web").attributes["running"] = running;
    s.commit(rest);
    const std::string before = s.outline();
    CHECK(before == "release container/web (stop)\n");
    s.intend(s.plan(), "container/web");
    static_cast<void>(s.settle_intents());
    CHECK(s.ledger.intents.empty());
    CHECK(s.outline() == before);
    s.apply(s.plan());
    CHECK(s.outline() == "");
  }
}

TEST_CASE(
    "intents: values that arrived are agreed on, so that the next commit is not taken for a"
    " change of both hands") {
  Situation s("containers: { web: { vmid: 110, cores: 2, memory: 2GiB } }\n");
  s.settle();
  s.commit("containers: { web: { vmid: 110, cores: 4, memory: 4GiB } }\n");
  s.intend(s.plan(), "container/web");
  s.at("container/web").attributes["cores"] = 4;  // cut off in the middle
  static_cast<void>(s.settle_intents());
  s.commit("containers: { web: { vmid: 110, cores: 8, memory: 8GiB } }\n");
  CHECK(s.outline() ==
        "update container/web\n"
        "  cores 4 -> 8 git\n"
        "  memory \"2GiB\" -> \"8GiB\" git\n");
}

TEST_CASE("intents: of a secret the hash is kept, and the value recognised") {
  const std::string head = standard_head() + "secrets: { pw: { env: PW } }\n";
  Situation s;
  s.secrets.emplace("pw", "s3cret");
  s.commit_files({{"homeostat.yaml", head},
                  {"lab.yaml",
                   "containers: { nas: { provider: plain, vmid: 120, "
                   "env: { PW: \"${secret.pw}\" } } }\n"}});
  s.intend(s.plan(), "container/nas@plain");
  const Intent& intent = s.ledger.intents.begin()->second;
  for (const Agreed& field : intent.row.agreed) {
    CHECK(field.value.dump().find("s3cret") == std::string::npos);
  }
  s.live("container/nas@plain", {{"vmid", 120}, {"env", {{"PW", "s3cret"}}}});
  Situation other = s;
  static_cast<void>(s.settle_intents());
  CHECK(s.ledger.owned.size() == 1);
  other.at("container/nas@plain").attributes["env"]["PW"] = "another";
  static_cast<void>(other.settle_intents());
  CHECK(other.ledger.owned.empty());
}

TEST_CASE("intents: of what was made, the ledger knows whether it carries our mark") {
  Situation s("containers: { web: { vmid: 110 } }\n");
  s.intend(s.plan(), "container/web");
  Situation bare = s;
  s.marked("container/web", {{"vmid", 110}});
  static_cast<void>(s.settle_intents());
  CHECK(s.row("container/web").marked);
  bare.live("container/web", {{"vmid", 110}});  // cut off before the mark
  static_cast<void>(bare.settle_intents());
  CHECK_FALSE(bare.row("container/web").marked);
  CHECK(bare.outline() == "");
}

TEST_CASE("intents: a rename takes the row along, whether it happened or not") {
  Situation s("containers: { old: { vmid: 110, cores: 2 } }\n");
  s.settle();
  s.commit("containers: { new: { vmid: 110, cores: 4 } }\n");
  const std::string before = s.outline();
  s.intend(s.plan(), "container/new");
  Situation untouched = s;
  static_cast<void>(untouched.settle_intents());
  CHECK(untouched.outline() == before);

  LiveResource& live = s.at("container/old");
  live.address = s.address("container/new");
  live.marker->address = to_string(live.address);
  live.attributes["cores"] = 4;
  static_cast<void>(s.settle_intents());
  CHECK(s.row("container/new").native_id == live.native_id);
  CHECK_FALSE(s.ledger.owned.contains(s.address("container/old")));
  s.commit("containers: { new: { vmid: 110, cores: 6 } }\n");
  CHECK(s.outline() == "update container/new\n  cores 4 -> 6 git\n");
}

// What is let go and carries no mark needs no write: the row goes.
bool only_forgets(const Change& change, const Planned& planned) {
  if (change.action != Action::release || change.on_remove == OnRemove::stop) return false;
  const auto live = planned.live.find(change.address);
  return live == planned.live.end() || !live->second->marker;
}

// A stop, and no mark that goes: whether it happened cannot be seen, and it is made again.
bool leaves_no_trace(const Change& change, const Planned& planned) {
  if (change.action != Action::release || change.on_remove != OnRemove::stop) return false;
  const auto live = planned.live.find(change.address);
  return live != planned.live.end() && !live->second->marker;
}

// Makes again what left no trace; the number of those.
std::ptrdiff_t make_again(Situation& s, const Planned& planned) {
  Planned again = s.plan();
  std::erase_if(again.plan.changes, [&](const Change& change) {
    return change.hold || !leaves_no_trace(change, planned);
  });
  s.apply(again);
  return std::ssize(again.plan.changes);
}

// The ledger as it was, with the intents of all that is written.
void intend_all(Situation& s, const Planned& planned) {
  for (const Change& change : planned.plan.changes) {
    if (change.hold || change.quiet) continue;
    if (only_forgets(change, planned)) {
      s.ledger.owned.erase(change.address);
    } else {
      s.intend(planned, to_string(change.address));
    }
  }
}

TEST_CASE("intents: whatever was cut off, nothing is made twice and nothing forgotten") {
  const int seeds = property_cases() / 5;
  for (int seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const World world(static_cast<std::uint32_t>(seed));
    const Situation& before = world.situation;
    const Planned planned = before.plan();
    if (!planned.plan.stops.empty()) continue;
    Situation done = before;
    done.apply(planned);

    Situation crashed = before;  // all was written, nothing recorded
    crashed.observed = done.observed;
    intend_all(crashed, planned);
    Situation untouched = before;  // nothing was written
    untouched.ledger = crashed.ledger;

    static_cast<void>(crashed.settle_intents());
    CHECK(crashed.ledger.intents.empty());
    crashed.apply(Planned());  // agrees, as the next run does
    const auto traceless = std::ranges::count_if(planned.plan.changes, [&](const Change& change) {
      return !change.hold && leaves_no_trace(change, planned);
    });
    CHECK(make_again(crashed, planned) == traceless);
    CHECK(actions(crashed.plan().plan) == actions(done.plan().plan));
    static_cast<void>(untouched.settle_intents());
    Plan left = planned.plan;
    std::erase_if(left.changes,
                  [&](const Change& change) { return only_forgets(change, planned); });
    CHECK(actions(untouched.plan().plan) == actions(left));
  }
}

}  // namespace
}  // namespace homeostat::testing
