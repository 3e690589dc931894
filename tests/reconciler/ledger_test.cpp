#include "reconciler/ledger.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "tests/reconciler/ledger_case.hpp"

using namespace homeostat;
using namespace homeostat::ledger_case;

TEST_CASE("ledger: a new file is not present before its first run") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger ledger = open_ledger(path);
  CHECK(value_of(ledger.view()).opened);
  CHECK_FALSE(value_of(ledger.view()).present);
  static_cast<void>(value_of(ledger.begin_run(run_of("apply", "", at(1)))));
  CHECK(value_of(ledger.view()).present);
}

TEST_CASE("ledger: what was saved reads back the same, in this process and in the next") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  {
    Ledger ledger = open_ledger(path);
    succeed(ledger.save_owned({{www, sample()}, {jelly, Owned{}}}));
    CHECK(value_of(ledger.view()).owned == std::map<Address, Owned>{{www, sample()}, {jelly, {}}});
  }
  for (const bool create : {false, true}) {
    const LedgerView view = value_of(open_ledger(path, create).view());
    CHECK(view.present);
    CHECK(view.owned == std::map<Address, Owned>{{www, sample()}, {jelly, {}}});
  }
}

TEST_CASE("ledger: a row is replaced as a whole, the others stay") {
  const TempDir dir;
  Ledger ledger = open_ledger(dir.path() + "/ledger.db");
  succeed(ledger.save_owned({{www, sample()}, {jelly, sample()}}));
  Owned changed;
  changed.agreed = {{"memory", "4GiB", commit_b, at(500)}};
  succeed(ledger.save_owned({{jelly, changed}}));
  CHECK(value_of(ledger.view()).owned ==
        std::map<Address, Owned>{{www, sample()}, {jelly, changed}});
}

TEST_CASE("ledger: an unchanged row is not written") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger ledger = open_ledger(path);
  succeed(ledger.save_owned({{www, sample()}, {jelly, sample()}}));
  RawDatabase other(path);
  const auto before = other.number("PRAGMA data_version");
  succeed(ledger.save_owned({{www, sample()}, {jelly, sample()}}));
  CHECK(other.number("PRAGMA data_version") == before);
  Owned changed = sample();
  changed.drift.clear();
  succeed(ledger.save_owned({{www, sample()}, {jelly, changed}}));
  CHECK(other.number("PRAGMA data_version") != before);
}

TEST_CASE("ledger: rows come in the order of addresses, and go by address") {
  const TempDir dir;
  Ledger ledger = open_ledger(dir.path() + "/ledger.db");
  std::map<Address, Owned> rows;
  for (const char* name : {"b", "a", "a-b", "a/b", "\xc3\xa9", "Z", "a b"}) {
    rows[{"home", "container", name, "pve"}].native_id = name;
    rows[{"home", "container", name, "dock"}].native_id = name;
  }
  succeed(ledger.save_owned(rows));
  CHECK(value_of(ledger.view()).owned == rows);
  const Address gone{"home", "container", "a", "dock"};
  succeed(ledger.remove_owned({gone, www}));
  rows.erase(gone);
  CHECK(value_of(ledger.view()).owned == rows);
}

TEST_CASE("ledger: a write's end is recorded as a whole: row, old name, intent, history") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger ledger = open_ledger(path);
  const Address web{"home", "dns", "lab/web/A", "dns"};
  succeed(ledger.save_owned({{www, sample()}}));
  succeed(ledger.save_forgotten(web, true));
  const auto run = value_of(ledger.begin_run(run_of("apply", commit_a, at(10))));
  succeed(ledger.begin_writes(run, {{web, intent_sample()}}));
  CHECK(value_of(ledger.view()).intents.size() == 1);
  EndedWrite ended{.change = {.address = web, .action = "rename", .outcome = "done", .from = www},
                   .row = sample()};
  succeed(ledger.end_write(run, ended));
  LedgerView view = value_of(ledger.view());
  CHECK(view.owned == std::map<Address, Owned>{{web, sample()}});
  CHECK(view.intents.empty());
  CHECK(view.forgotten.empty());
  CHECK(RawDatabase(path).number("SELECT count(*) FROM changes") == 1);

  succeed(ledger.begin_writes(run, {{web, intent_sample()}}));
  succeed(ledger.end_write(run, {.change = {web, "delete"}, .over = false}));
  view = value_of(ledger.view());
  CHECK(view.owned.size() == 1);
  CHECK(view.intents.size() == 1);
  succeed(ledger.end_write(run, {.change = {web, "delete"}, .gone = true}));
  view = value_of(ledger.view());
  CHECK(view.owned.empty());
  CHECK(view.intents.empty());
}

TEST_CASE("ledger: an intent reads back the same, and outlives the process and a thousand runs") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  const auto run = [&] {
    Ledger ledger = open_ledger(path);
    const auto begun = value_of(ledger.begin_run(run_of("apply", commit_a, at(10))));
    succeed(ledger.begin_writes(begun, {{www, intent_sample()}, {jelly, Intent{}}}));
    return begun;
  }();
  Ledger ledger = open_ledger(path);
  Intent expected = intent_sample();
  expected.run = run;
  CHECK(value_of(ledger.view()).intents.at(www) == expected);
  RawDatabase(path).run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)"
      " INSERT INTO runs(verb, commit_hash, started) SELECT 'drift', '', i FROM n");
  static_cast<void>(value_of(ledger.begin_run(run_of("apply", "", at(2000)))));
  CHECK(value_of(ledger.view()).intents.at(www) == expected);
  CHECK(RawDatabase(path).number("SELECT count(*) FROM runs") == 1001);

  const Answer answer{.run = run, .action = Action::rename, .made = Made::all};
  succeed(ledger.settle({{{www, sample()}}, {jelly}, {{www, answer}}}, 0, at(2100)));
  const LedgerView view = value_of(ledger.view());
  CHECK(view.owned == std::map<Address, Owned>{{www, sample()}});
  CHECK(view.intents.size() == 1);
}

TEST_CASE("ledger: notes on the file are kept until they are taken off") {
  const TempDir dir;
  Ledger ledger = open_ledger(dir.path() + "/ledger.db");
  CHECK(value_of(ledger.note("key")).empty());
  succeed(ledger.save_note("key", "one"));
  succeed(ledger.save_note("key", "two"));
  CHECK(value_of(ledger.note("key")) == "two");
  succeed(ledger.save_note("key", ""));
  CHECK(value_of(ledger.note("key")).empty());
}

TEST_CASE("ledger: forgotten addresses and confirmed zones are remembered until taken back") {
  const TempDir dir;
  Ledger ledger = open_ledger(dir.path() + "/ledger.db");
  for (int twice = 0; twice < 2; ++twice) {
    succeed(ledger.save_forgotten(www, true));
    succeed(ledger.confirm_full_zone("lab"));
  }
  CHECK(value_of(ledger.view()).forgotten == std::set<Address>{www});
  CHECK(value_of(ledger.view()).full_zones == std::set<std::string>{"lab"});
  succeed(ledger.save_forgotten(www, false));
  CHECK(value_of(ledger.view()).forgotten.empty());
}

TEST_CASE("ledger: an observation reads back whole; an unknown scope keeps its last one") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger ledger = open_ledger(path);
  LiveResource marked = live_of(www, "r1");
  marked.marker = Marker{"home", to_string(www), "r1", true};
  marked.attributes = {{"values", {"10.5.0.7"}}, {"ttl", "1h"}};
  marked.changed_at = at(77);
  marked.changed_by = "ops";
  LiveResource plain = live_of(jelly, "101");
  plain.fixed = true;
  Observed first;
  first.scopes[{"dns", "lab"}] = {std::nullopt, {marked, plain}, at(1000)};
  first.scopes[{"pve", ""}] = {std::nullopt, {}, at(1001)};
  succeed(ledger.save_observation(first));

  Observed second;
  second.scopes[{"dns", "lab"}].unknown =
      Error{ErrorKind::transient, "no answer in 10 s", {}, {}, {}};
  second.scopes[{"pve", ""}] = {std::nullopt, {plain}, at(2001)};
  succeed(ledger.save_observation(second));

  const Observed read = value_of(open_ledger(path, false).last_observation());
  REQUIRE(read.scopes.size() == 2);
  const ScopeState& dns = read.scopes.at({"dns", "lab"});
  CHECK_FALSE(dns.unknown);
  CHECK(dns.at == at(1000));
  REQUIRE(dns.resources.size() == 2);
  CHECK(dns.resources[0].address == www);
  CHECK(dns.resources[0].native_id == "r1");
  CHECK(dns.resources[0].marker == marked.marker);
  CHECK(dns.resources[0].attributes == marked.attributes);
  CHECK(dns.resources[0].changed_at == at(77));
  CHECK(dns.resources[0].changed_by == "ops");
  CHECK_FALSE(dns.resources[0].fixed);
  CHECK(dns.resources[1].fixed);
  CHECK_FALSE(dns.resources[1].marker);
  CHECK_FALSE(dns.resources[1].changed_at);
  CHECK(read.scopes.at({"pve", ""}).resources.size() == 1);
  CHECK(read.scopes.at({"pve", ""}).at == at(2001));

  const LedgerView view = value_of(ledger.view());
  CHECK(view.scopes.at({"dns", "lab"}).resources == 2);
  CHECK(view.scopes.at({"dns", "lab"}).at == at(1000));
  CHECK(view.scopes.at({"pve", ""}).resources == 1);
}

TEST_CASE("ledger: a run is recorded from its begin to its end") {
  const TempDir dir;
  Ledger ledger = open_ledger(dir.path() + "/ledger.db");
  const auto first = value_of(ledger.begin_run(run_of("drift", commit_a, at(10))));
  const auto second = value_of(ledger.begin_run(run_of("apply", commit_b, at(20))));
  CHECK(second > first);
  RunRecord run = value_of(ledger.last_run()).value();
  CHECK(run.id == second);
  CHECK(run.verb == "apply");
  CHECK(run.commit == commit_b);
  CHECK(run.started == at(20));
  CHECK(run.exit_code == -1);
  succeed(ledger.end_write(second, {.change = {www, "create"}}));
  succeed(ledger.end_run(second, 2, "1 to create", at(25)));
  run = value_of(ledger.last_run()).value();
  CHECK(run.ended == at(25));
  CHECK(run.exit_code == 2);
  CHECK(run.summary == "1 to create");
}

TEST_CASE("ledger: the last 1,000 runs are kept, changes go with their run") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger ledger = open_ledger(path);
  const auto first = value_of(ledger.begin_run(run_of("apply", "", at(1))));
  succeed(ledger.end_write(first, {.change = {www, "create"}}));
  RawDatabase other(path);
  other.run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)"
      " INSERT INTO runs(verb, commit_hash, started) SELECT 'drift', '', i FROM n");
  CHECK(other.number("SELECT count(*) FROM changes") == 1);
  static_cast<void>(value_of(ledger.begin_run(run_of("apply", "", at(2000)))));
  CHECK(other.number("SELECT count(*) FROM runs") == 1000);
  CHECK(other.number("SELECT min(id) FROM runs") == first + 1);
  CHECK(other.number("SELECT count(*) FROM changes") == 0);
}

TEST_CASE("ledger: a row that cannot be understood is named") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  const auto message = [&](const std::string& sql) {
    std::filesystem::remove(path);
    succeed(open_ledger(path).save_owned({{www, sample()}, {jelly, sample()}}));
    RawDatabase(path).run(sql);
    const auto view = open_ledger(path, false).view();
    REQUIRE_FALSE(view);
    return view.error().message;
  };
  const std::string row = "the ledger " + path + " is damaged: home:dns/lab/www/A@dns has ";
  const std::string where = " WHERE kind = 'dns'";
  CHECK(message("UPDATE owned SET agreed = substr(agreed, 1, length(agreed) - 4)" + where) ==
        row + "a field that is no JSON");
  CHECK(message("UPDATE owned SET agreed = '9 1' || char(10) || '\"a\"' || char(9) || '1'" +
                where) == row + "a commit that is not recorded");
  CHECK(message("UPDATE owned SET agreed = '{}'" + where) ==
        row + "a line without a commit and a time");
  CHECK(message("UPDATE owned SET agreed = '\"a\"' || char(9) || '1'" + where) ==
        row + "a field that is no JSON");
  CHECK(message("UPDATE owned SET drift = 'x'" + where) == row + "a drift that is no JSON");
  CHECK(message("UPDATE owned SET on_remove = 'burn'" + where) ==
        row + "an on_remove that is not known");
}

TEST_CASE("ledger: an observation that cannot be understood is named by its scope") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger ledger = open_ledger(path);
  Observed observed;
  observed.scopes[{"dns", "lab"}] = {std::nullopt, {live_of(www, "1")}, at(1)};
  for (const char* text : {"[", "{}", "[1]", "[{\"address\":\"a\"}]"}) {
    CAPTURE(text);
    succeed(ledger.save_observation(observed));
    RawDatabase(path).run(std::string("UPDATE observations SET live = '") + text + "'");
    const auto read = ledger.last_observation();
    REQUIRE_FALSE(read);
    CHECK(read.error().message.starts_with("the ledger " + path +
                                           " is damaged: the observation of dns/lab has "));
  }
}

TEST_CASE("ledger: a value that is not UTF-8 is refused and nothing of that call is kept") {
  const TempDir dir;
  Ledger ledger = open_ledger(dir.path() + "/ledger.db");
  Owned broken;
  broken.agreed = {{"memory", "\xff", "", at(1)}};
  const Status saved = ledger.save_owned({{jelly, sample()}, {www, broken}});
  REQUIRE_FALSE(saved);
  CHECK(saved.error().message ==
        "home:dns/lab/www/A@dns cannot be recorded: it has a value that is not UTF-8");
  CHECK(value_of(ledger.view()).owned.empty());
}
