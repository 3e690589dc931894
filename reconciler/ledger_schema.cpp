#include "reconciler/ledger_schema.hpp"

#include <fmt/format.h>

#include <array>

#include "providers/core/failpoint.hpp"
namespace homeostat {
namespace {

// Tells a ledger from other SQLite files ("HMST"). It stands in `PRAGMA application_id`.
constexpr std::int64_t application_id = 0x484d5354;

// One step a version, never changed once released. `owned` is WITHOUT ROWID, so that a scan comes
// in the order of Address. Columns are NOT NULL: "" and 0 stand for what is absent.
constexpr std::array migrations = {
    R"(
    CREATE TABLE commits(          -- every agreed value names one: 40 digits would be half of it
      id INTEGER PRIMARY KEY,
      hash TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE owned(
      site TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, provider TEXT NOT NULL,
      native_id TEXT NOT NULL,
      protect INTEGER NOT NULL,
      on_remove TEXT NOT NULL,
      service TEXT NOT NULL,
      file TEXT NOT NULL, line INTEGER NOT NULL, col INTEGER NOT NULL,  -- of the declaration
      commit_id INTEGER NOT NULL,                                       -- ... in this commit
      agreed TEXT NOT NULL, drift TEXT NOT NULL,                        -- see ledger_rows.hpp
      PRIMARY KEY(site, kind, name, provider)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE forgotten(
      site TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, provider TEXT NOT NULL,
      PRIMARY KEY(site, kind, name, provider)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE full_zones(zone TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE scopes(
      provider TEXT NOT NULL, zone TEXT NOT NULL,
      resources INTEGER NOT NULL, at INTEGER NOT NULL,
      PRIMARY KEY(provider, zone)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE observations(     -- apart from `scopes`: mostly only the time changes
      provider TEXT NOT NULL, zone TEXT NOT NULL, live TEXT NOT NULL,
      PRIMARY KEY(provider, zone)
    ) STRICT;
    )",
    R"(
    CREATE TABLE runs(
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      verb TEXT NOT NULL, commit_hash TEXT NOT NULL,
      started INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0,
      exit_code INTEGER NOT NULL DEFAULT -1, summary TEXT NOT NULL DEFAULT ''
    ) STRICT;
    CREATE TABLE changes(
      run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
      address TEXT NOT NULL, action TEXT NOT NULL, cause TEXT NOT NULL,
      outcome TEXT NOT NULL, message TEXT NOT NULL
    ) STRICT;
    CREATE INDEX changes_of_run ON changes(run);
    )",
    R"(
    CREATE TABLE intents(          -- writes that were begun; a run with open ones is kept
      site TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, provider TEXT NOT NULL,
      run INTEGER NOT NULL REFERENCES runs(id),
      action TEXT NOT NULL, renamed_from TEXT NOT NULL,
      native_id TEXT NOT NULL,
      protect INTEGER NOT NULL,
      on_remove TEXT NOT NULL,
      service TEXT NOT NULL,
      file TEXT NOT NULL, line INTEGER NOT NULL, col INTEGER NOT NULL,
      commit_id INTEGER NOT NULL,
      wanted TEXT NOT NULL,        -- as `agreed` of `owned`
      PRIMARY KEY(site, kind, name, provider)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX intents_of_run ON intents(run);
    CREATE TABLE tried(            -- what was written and did not read back
      site TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, provider TEXT NOT NULL,
      what TEXT NOT NULL, times INTEGER NOT NULL, since INTEGER NOT NULL,
      PRIMARY KEY(site, kind, name, provider)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE suspended(        -- by `undo`, until git says something else
      site TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, provider TEXT NOT NULL,
      run INTEGER NOT NULL, declared TEXT NOT NULL, absent INTEGER NOT NULL,
      fields TEXT NOT NULL,        -- JSON: path -> value
      PRIMARY KEY(site, kind, name, provider)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE changes RENAME COLUMN cause TO fields;
    ALTER TABLE changes ADD COLUMN cause TEXT NOT NULL DEFAULT '';
    ALTER TABLE changes ADD COLUMN before TEXT NOT NULL DEFAULT 'null';
    ALTER TABLE changes ADD COLUMN renamed_from TEXT NOT NULL DEFAULT '';
    ALTER TABLE changes ADD COLUMN commit_hash TEXT NOT NULL DEFAULT '';
    ALTER TABLE changes ADD COLUMN author TEXT NOT NULL DEFAULT '';
    ALTER TABLE changes ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX changes_of_address ON changes(address);
    CREATE TABLE notes(            -- what there is to know of the file itself
      name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    )",
    R"(
    CREATE TABLE secrets(hash TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
    )",
    R"(
    ALTER TABLE owned ADD COLUMN marked INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE intents ADD COLUMN marked INTEGER NOT NULL DEFAULT 0;
    )",
    R"(
    CREATE TABLE incidents(        -- numbers go on, as the newest one is always kept
      id INTEGER PRIMARY KEY,
      kind TEXT NOT NULL, key TEXT NOT NULL, subject TEXT NOT NULL,
      title TEXT NOT NULL, details TEXT NOT NULL, by TEXT NOT NULL, since INTEGER NOT NULL,
      opened INTEGER NOT NULL, closed INTEGER NOT NULL,
      flapping INTEGER NOT NULL, there INTEGER NOT NULL, moved INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX incidents_closed ON incidents(closed, id);
    CREATE INDEX incidents_opened ON incidents(opened);
    CREATE TABLE outbox(           -- what is to be told, in this order to each notifier
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      notifier TEXT NOT NULL, event TEXT NOT NULL, message TEXT NOT NULL, made INTEGER NOT NULL,
      state TEXT NOT NULL DEFAULT 'waiting',  -- sent, failed
      attempts INTEGER NOT NULL DEFAULT 0, not_before INTEGER NOT NULL DEFAULT 0,
      ended INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',
      UNIQUE(notifier, event)
    ) STRICT;
    CREATE INDEX outbox_state ON outbox(state, notifier, id);
    CREATE TABLE approvals(
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      plan TEXT NOT NULL, addresses TEXT NOT NULL, digest TEXT NOT NULL, reason TEXT NOT NULL,
      requested INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'waiting',
      approved INTEGER NOT NULL DEFAULT 0, by TEXT NOT NULL DEFAULT '',
      ended INTEGER NOT NULL DEFAULT 0, outcome TEXT NOT NULL DEFAULT ''
    ) STRICT;
    CREATE TABLE holds(            -- by hand, until they are taken back
      glob TEXT NOT NULL PRIMARY KEY,
      reason TEXT NOT NULL, by TEXT NOT NULL, since INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE report_runs(name TEXT NOT NULL PRIMARY KEY, at INTEGER NOT NULL)
      STRICT, WITHOUT ROWID;
    )",
    R"(
    ALTER TABLE approvals ADD COLUMN pull_request INTEGER NOT NULL DEFAULT 0;
    )",
};
constexpr std::int64_t current_version = migrations.size();

}  // namespace

Result<SchemaState> schema_state(Database& database) {
  TRY_ASSIGN(const auto version, database.integer("PRAGMA user_version"));
  TRY_ASSIGN(const auto application, database.integer("PRAGMA application_id"));
  TRY_ASSIGN(const auto tables, database.integer("SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && version == 0 && tables == 0) return SchemaState::empty;
  if (application != application_id) {
    return fail(ErrorKind::internal,
                fmt::format("{} is an SQLite file, but no ledger of Homeostat", database.path()),
                "give the ledger another path");
  }
  if (version > current_version) {
    return fail(ErrorKind::internal,
                fmt::format("the ledger {} was written by a later version of Homeostat (its format "
                            "is {}, this program knows {})",
                            database.path(), version, current_version),
                "use that version, or a copy of the ledger from before the upgrade");
  }
  return version < current_version ? SchemaState::older : SchemaState::current;
}

Status migrate(Database& database) {
  return database.transaction(Database::Begin::writing, [&database]() -> Status {
    // Looked at again under the lock: another process may have been faster.
    TRY_ASSIGN(const auto state, schema_state(database));
    if (state == SchemaState::current) return {};
    TRY_ASSIGN(const auto version, database.integer("PRAGMA user_version"));
    for (auto step = static_cast<std::size_t>(version); step < migrations.size(); ++step) {
      TRY(database.script(migrations[step]));
      failpoint("ledger.in_migration");
    }
    // Pragmas take no parameters.
    TRY(database.script(fmt::format("PRAGMA application_id = {}", application_id).c_str()));
    return database.script(fmt::format("PRAGMA user_version = {}", current_version).c_str());
  });
}

}  // namespace homeostat
