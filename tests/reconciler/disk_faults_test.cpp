// The ledger's disk fails at every possible moment: nothing that was recorded is lost, the message
// says what to do, and no server is written to without an intent.
#include <filesystem>

#include "tests/reconciler/ledger_case.hpp"
#include "tests/reconciler/round_lab.hpp"
#include "tests/support/faulty_disk.hpp"

namespace homeostat {
namespace {

using ledger_case::value_of;
namespace fs = std::filesystem;

constexpr std::array faults{DiskFault::full, DiskFault::io_error, DiskFault::torn,
                            DiskFault::read_only};

Address numbered(int i) { return {"home", "dns", "lab/" + std::to_string(i) + "/A", "dns"}; }

// What a run was told had been recorded.
struct Recorded {
  std::set<Address> intents;
  std::set<Address> owned;
  std::int64_t incidents = 0;
};

Status live_through(const std::string& path, Recorded& told) {
  TRY_ASSIGN(Ledger ledger, Ledger::open(path, true));
  TRY_ASSIGN(const auto run, ledger.begin_run(ledger_case::run_of("apply", "", Time())));
  for (int i = 0; i < 4; ++i) {
    TRY(ledger.begin_writes(run, {{numbered(i), ledger_case::intent_sample()}}));
    told.intents.insert(numbered(i));
    TRY(ledger.end_write(run, {.change = {.address = numbered(i), .action = "create"},
                               .row = ledger_case::sample()}));
    told.owned.insert(numbered(i));
    const std::int64_t id = i + 1;
    TRY(ledger.tell({.incidents = {{.id = id, .trouble = {.key = std::to_string(id)}}},
                     .messages = {{"phone", {.id = std::to_string(id)}}}}));
    told.incidents = id;
  }
  return ledger.end_run(run, 0, "in sync", Time());
}

// A server in memory, and all that lies on the disk.
std::string all_live(const RoundLab& lab, const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) {
    const LiveResource* live = lab.server("plain").find(id);
    text += id + ": " + (live == nullptr ? "absent" : live->attributes.dump()) + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("disk faults: whatever fails, what was recorded is there afterwards") {
  FaultyDisk disk;
  for (const DiskFault fault : faults) {
    for (int moment = 1;; ++moment) {
      CAPTURE(static_cast<int>(fault));
      CAPTURE(moment);
      const TempDir dir;
      const std::string path = dir.path() + "/ledger.db";
      Recorded told;
      disk.fail(fault, moment);
      const Status lived = live_through(path, told);
      const bool failed = disk.has_failed();
      disk.repair();
      if (!lived) {
        CHECK_FALSE(lived.error().message.empty());
        CHECK_FALSE(lived.error().hint.empty());
      }
      const Ledger ledger = ledger_case::open_ledger(path);
      const LedgerView view = value_of(ledger.view());
      // An incident is there with the word of it, or neither is.
      const auto incidents = value_of(ledger.incidents(Time()));
      CHECK(static_cast<std::int64_t>(incidents.size()) >= told.incidents);
      CHECK(value_of(ledger.outbox("phone")).size() == incidents.size());
      for (const Address& address : told.intents) {
        CHECK((view.intents.contains(address) || view.owned.contains(address)));
      }
      for (const Address& address : told.owned) CHECK(view.owned.contains(address));
      if (!failed) break;
      REQUIRE(moment < 500);
    }
  }
}

TEST_CASE(
    "disk faults: no server is written to unless the intent was recorded, and the next run"
    " finds everything") {
  const std::vector<std::string> ids = {"container/a", "monitor/b", "container/c", "container/d"};
  const std::string before =
      "containers:\n"
      "  a: { provider: plain, vmid: 111, cores: 1 }\n"
      "monitors: { b: { provider: plain, type: ping, target: 10.5.0.1 } }\n";
  const std::string after =
      "containers:\n"
      "  a: { provider: plain, vmid: 111, cores: 2 }\n"
      "  c: { provider: plain, vmid: 113 }\n"
      "  d: { provider: plain, vmid: 114 }\n";
  FaultyDisk disk;
  for (const DiskFault fault : faults) {
    for (int moment = 1;; moment += 2) {
      CAPTURE(static_cast<int>(fault));
      CAPTURE(moment);
      RoundLab lab;
      lab.options.allow_deletes = 5;
      lab.spec(before);
      REQUIRE(lab.run() == 0);
      const std::string untouched = all_live(lab, ids);
      lab.spec(after);
      disk.fail(fault, moment);
      if (auto round = lab.try_look()) {
        static_cast<void>(lab.apply(*round));
      } else {
        CHECK(all_live(lab, ids) == untouched);
      }
      const bool failed = disk.has_failed();
      disk.repair();
      const LedgerView view = value_of(ledger_case::open_ledger(lab.ledger(), false).view());
      for (const std::string& id : ids) {
        const auto slash = id.find('/');
        const Address address{"home", id.substr(0, slash), id.substr(slash + 1), "plain"};
        const bool is_there = lab.server("plain").find(id) != nullptr;
        const bool known = view.owned.contains(address) || view.intents.contains(address);
        if (is_there) CHECK(known);
      }
      CHECK(lab.run() == 0);
      CHECK(lab.look().memory.intents.empty());
      CHECK(all_live(lab, ids) ==
            "container/a: {\"cores\":2,\"vmid\":111}\nmonitor/b: absent\n"
            "container/c: {\"vmid\":113}\ncontainer/d: {\"vmid\":114}\n");
      if (!failed) break;
      REQUIRE(moment < 1000);
    }
  }
}

TEST_CASE("disk faults: a full disk is called so, and what to do is said") {
  FaultyDisk disk;
  RoundLab lab;
  lab.spec("containers: { a: { vmid: 111 } }\n");
  REQUIRE(lab.run() == 0);
  lab.spec("containers: { a: { vmid: 111, cores: 2 }, b: { vmid: 112 } }\n");
  Round round = lab.look();
  disk.fail(DiskFault::full, 1);
  const Applied applied = lab.apply(round);
  disk.repair();
  REQUIRE_FALSE(applied.errors.empty());
  CHECK(applied.errors[0].message == "no space is left for the ledger " + lab.ledger());
  CHECK(applied.errors[0].hint.find("free some space") != std::string::npos);
  CHECK(applied.outcomes.empty());
}

}  // namespace homeostat
