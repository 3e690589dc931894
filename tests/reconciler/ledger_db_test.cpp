#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "reconciler/ledger.hpp"
#include "tests/reconciler/ledger_case.hpp"

using namespace homeostat;
using namespace homeostat::ledger_case;

namespace fs = std::filesystem;

TEST_CASE("ledger: an absent file is no ledger, is not created, and refuses writes") {
  const TempDir dir;
  const std::string path = dir.path() + "/state/ledger.db";
  Ledger ledger = open_ledger(path, false);
  const LedgerView view = value_of(ledger.view());
  CHECK_FALSE(view.opened);
  CHECK_FALSE(view.present);
  CHECK(view.owned.empty());
  CHECK(value_of(ledger.last_observation()).scopes.empty());
  CHECK_FALSE(value_of(ledger.last_run()));
  const Status saved = ledger.save_owned({{www, sample()}});
  REQUIRE_FALSE(saved);
  CHECK(saved.error().message == "the ledger " + path + " was opened for reading only");
  CHECK_FALSE(fs::exists(dir.path() + "/state"));
}

TEST_CASE("ledger: file and folders are made private, its journals too") {
  const TempDir dir;
  const std::string path = dir.path() + "/a/b/ledger.db";
  Ledger ledger = open_ledger(path);
  succeed(ledger.save_owned({{www, sample()}}));
  const auto mode = [](const std::string& file) {
    struct stat status = {};
    REQUIRE(stat(file.c_str(), &status) == 0);
    return status.st_mode & 07777;
  };
  CHECK(mode(path) == 0600);
  CHECK(mode(path + "-wal") == 0600);
  CHECK(mode(path + "-shm") == 0600);
  CHECK(mode(dir.path() + "/a") == 0700);
  CHECK(mode(dir.path() + "/a/b") == 0700);
}

TEST_CASE(
    "ledger: reading creates no file beside it and works in a folder that cannot be written") {
  const TempDir dir;
  const std::string path = dir.path() + "/odd %20?#name/ledger.db";
  succeed(open_ledger(path).save_owned({{www, sample()}}));
  const auto files = [&] {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(fs::path(path).parent_path())) {
      names.insert(entry.path().filename());
    }
    return names;
  };
  REQUIRE(files() == std::set<std::string>{"ledger.db"});
  {
    Ledger reader = open_ledger(path, false);
    CHECK(value_of(reader.view()).owned.size() == 1);
    CHECK(files() == std::set<std::string>{"ledger.db"});
  }
  CHECK(files() == std::set<std::string>{"ledger.db"});
}

TEST_CASE("ledger: a reader sees the last committed state while a writer is at work") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  Ledger writer = open_ledger(path);
  succeed(writer.save_owned({{www, sample()}}));
  RawDatabase other(path);
  other.run("BEGIN IMMEDIATE; DELETE FROM owned;");
  Ledger reader = open_ledger(path, false);
  CHECK(value_of(reader.view()).owned.size() == 1);
  other.run("COMMIT");
  CHECK(value_of(reader.view()).owned.empty());
}

TEST_CASE("ledger: a reader notices what is written after it was opened") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  succeed(open_ledger(path).save_owned({{www, sample()}}));
  Ledger reader = open_ledger(path, false);
  CHECK(value_of(reader.view()).owned.size() == 1);
  // Still beside the file (-wal), then in it.
  Ledger writer = open_ledger(path);
  succeed(writer.save_owned({{jelly, sample()}}));
  CHECK(value_of(reader.view()).owned.size() == 2);
  succeed(writer.remove_owned({www, jelly}));
  CHECK(value_of(reader.view()).owned.empty());
}

TEST_CASE("ledger: an index that lacks what its table holds is damage, and named") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  {
    Ledger ledger = open_ledger(path);
    static_cast<void>(value_of(ledger.begin_run(run_of("apply", "", at(1)))));
  }
  RawDatabase(path).run(
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' WHERE run < 0' "
      "WHERE name = 'changes_of_address'");
  RawDatabase(path).run(
      "INSERT INTO changes(run, address, action, fields, outcome, message)"
      " VALUES(1, 'home:container/web@pve', 'update', '[]', 'done', '')");
  RawDatabase(path).run(
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ' WHERE run < 0', "
      "'') WHERE name = 'changes_of_address'");
  const auto opened = Ledger::open(path, true);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message ==
        "the ledger " + path + " is damaged: row 1 missing from index changes_of_address");
}

TEST_CASE("ledger: an older file is brought up to date, or read as if it were") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  succeed(open_ledger(path).save_owned({{www, sample()}}));
  RawDatabase(path).run(
      "DROP TABLE intents; DROP TABLE notes; DROP TABLE tried; DROP TABLE suspended; "
      "DROP TABLE secrets; DROP TABLE changes; DROP TABLE runs; DROP TABLE incidents; "
      "DROP TABLE outbox; DROP TABLE approvals; DROP TABLE holds; DROP TABLE report_runs;"
      "ALTER TABLE owned DROP COLUMN marked; PRAGMA user_version = 1;");
  Owned old = sample();
  old.marked = false;  // older files do not say
  {
    Ledger reader = open_ledger(path, false);
    CHECK(value_of(reader.view()).owned.at(www) == old);
    CHECK_FALSE(value_of(reader.last_run()));
  }
  CHECK(RawDatabase(path).number("PRAGMA user_version") == 1);
  Ledger ledger = open_ledger(path);
  CHECK(value_of(ledger.view()).owned.at(www) == old);
  static_cast<void>(value_of(ledger.begin_run(run_of("apply", "", at(1)))));
  CHECK(RawDatabase(path).number("PRAGMA user_version") == 7);
}

TEST_CASE("ledger: a file of a later version, and one that is no ledger, are refused") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  succeed(open_ledger(path).save_owned({{www, sample()}}));
  RawDatabase(path).run("PRAGMA user_version = 8");
  for (const bool create : {false, true}) {
    const auto opened = Ledger::open(path, create);
    REQUIRE_FALSE(opened);
    CHECK(
        opened.error().message ==
        "the ledger " + path +
            " was written by a later version of Homeostat (its format is 8, this program knows 7)");
  }
  const std::string other = dir.path() + "/other.db";
  RawDatabase(other).run("CREATE TABLE photos(name)");
  for (const bool create : {false, true}) {
    const auto opened = Ledger::open(other, create);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message == other + " is an SQLite file, but no ledger of Homeostat");
  }
}

TEST_CASE("ledger: a damaged file is an error that says what to do") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  std::ofstream(path) << std::string(5000, 'x');
  for (const bool create : {false, true}) {
    const auto opened = Ledger::open(path, create);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message == "the ledger " + path + " is damaged: file is not a database");
    CHECK(opened.error().hint.find("let `homeostat apply` set it aside") != std::string::npos);
    CHECK(is_damage(opened.error(), path));
  }
}

TEST_CASE("ledger: a torn page is an error, never a crash") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  std::map<Address, Owned> rows;
  for (int i = 0; i < 500; ++i) rows[{"home", "dns", std::to_string(i), "dns"}] = sample();
  succeed(open_ledger(path).save_owned(rows));
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(40'000);
    file << std::string(100'000, '\xff');
  }
  const auto reader = Ledger::open(path, false);
  const auto view = reader ? reader->view() : Result<LedgerView>(tl::unexpected(reader.error()));
  REQUIRE_FALSE(view);
  CHECK(view.error().message.starts_with("the ledger " + path + " is damaged"));
  const auto writer = Ledger::open(path, true);
  REQUIRE_FALSE(writer);
  CHECK(is_damage(writer.error(), path));
}

TEST_CASE("ledger: a torn page that no query has read is found when it is opened for writing") {
  const TempDir dir;
  const std::string path = dir.path() + "/ledger.db";
  std::map<Address, Owned> rows;
  for (int i = 0; i < 500; ++i) rows[{"home", "dns", std::to_string(i), "dns"}] = sample();
  succeed(open_ledger(path).save_owned(rows));
  const auto pages = RawDatabase(path).number("PRAGMA page_count");
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((pages - 20) * 4096);
    file << std::string(4096, '\0');
  }
  const auto writer = Ledger::open(path, true);
  REQUIRE_FALSE(writer);
  CHECK(is_damage(writer.error(), path));
}

TEST_CASE("ledger: a path that cannot be opened is an error that says what to check") {
  const TempDir dir;
  const auto folder = Ledger::open(dir.path(), true);
  REQUIRE_FALSE(folder);
  CHECK(folder.error().message == "the ledger " + dir.path() + " cannot be opened");
  std::ofstream(dir.path() + "/file") << "x";
  const auto below = Ledger::open(dir.path() + "/file/ledger.db", true);
  REQUIRE_FALSE(below);
  CHECK(below.error().message == "the ledger " + dir.path() + "/file/ledger.db cannot be opened");
}
