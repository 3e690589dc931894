#include "reconciler/ledger_tables.hpp"

#include <fmt/format.h>

#include "reconciler/ledger_rows.hpp"
#include "reconciler/names.hpp"
#include "reconciler/redact.hpp"

namespace homeostat {
namespace {

Address address_at(const SqlRow& row) {
  return {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)),
          std::string(row.text(3))};
}

// Rows of commits that agreed values speak of.
Result<CommitNames> commit_names(Database& database) {
  CommitNames names;
  TRY(database.each("SELECT id, hash FROM commits", {}, [&names](const SqlRow& row) {
    names.emplace(row.integer(0), row.text(1));
    return Status();
  }));
  return names;
}

Result<std::int64_t> commit_number(Database& database, CommitNumbers& numbers,
                                   const std::string& commit) {
  if (commit.empty()) return 0;
  if (const auto known = numbers.find(commit); known != numbers.end()) return known->second;
  TRY(database.run("INSERT INTO commits(hash) VALUES(?)", {commit}));
  numbers.emplace(commit, database.last_id());
  return database.last_id();
}

tl::unexpected<Error> damaged_row(const Database& database, const std::string& what,
                                  const Error& error) {
  return fail(
      ErrorKind::internal,
      fmt::format("the ledger {} is damaged: {} has {}", database.path(), what, error.message),
      damaged_hint(database.path()));
}

tl::unexpected<Error> cannot_store(const std::string& what, const Error& error) {
  return fail(error.kind, fmt::format("{} cannot be recorded: it has {}", what, error.message));
}

// Less its drift and its mark: columns 4 to 12.
Result<Owned> owned_at(const SqlRow& row, const CommitNames& names) {
  Owned owned;
  owned.native_id = row.text(4);
  owned.protect = row.integer(5) != 0;
  TRY_ASSIGN(owned.on_remove, decode_on_remove(row.text(6)));
  owned.service = row.text(7);
  owned.where = {std::string(row.text(8)), static_cast<int>(row.integer(9)),
                 static_cast<int>(row.integer(10))};
  if (const auto commit = names.find(row.integer(11)); commit != names.end()) {
    owned.commit = commit->second;
  }
  TRY_ASSIGN(owned.agreed, decode_agreed(row.text(12), names));
  return owned;
}

Result<Owned> owned_with_drift(const SqlRow& row, const CommitNames& names) {
  TRY_ASSIGN(Owned owned, owned_at(row, names));
  TRY_ASSIGN(owned.drift, decode_drift(row.text(13)));
  return owned;
}

Result<Intent> intent_at(const SqlRow& row, const CommitNames& names) {
  Intent intent;
  TRY_ASSIGN(intent.row, owned_at(row, names));
  intent.run = row.integer(13);
  intent.row.marked = row.integer(16) != 0;
  TRY_ASSIGN(intent.action, decode_action(row.text(14)));
  if (!row.text(15).empty()) {
    TRY_ASSIGN(intent.from, parse_address(row.text(15)));
  }
  return intent;
}

Status read_owned(Database& database, const CommitNames& names, std::map<Address, Owned>& owned) {
  return database.each(
      "SELECT site, kind, name, provider, native_id, protect, on_remove, service, file, line, col,"
      " commit_id, agreed, drift, marked FROM owned ORDER BY site, kind, name, provider",
      {}, [&](const SqlRow& row) -> Status {
        Address address = address_at(row);
        auto value = owned_with_drift(row, names);
        if (!value) return damaged_row(database, to_string(address), value.error());
        value->marked = row.integer(14) != 0;
        owned.emplace_hint(owned.end(), std::move(address), std::move(*value));
        return {};
      });
}

Status read_intents(Database& database, const CommitNames& names,
                    std::map<Address, Intent>& intents) {
  return database.each(
      "SELECT site, kind, name, provider, native_id, protect, on_remove, service, file, line, col,"
      " commit_id, wanted, run, action, renamed_from, marked FROM intents",
      {}, [&](const SqlRow& row) -> Status {
        Address address = address_at(row);
        auto value = intent_at(row, names);
        if (!value) {
          return damaged_row(database, "the intent of " + to_string(address), value.error());
        }
        intents.emplace(std::move(address), std::move(*value));
        return {};
      });
}

Status read_suspended(Database& database, std::map<Address, Suspension>& suspended) {
  return database.each(
      "SELECT site, kind, name, provider, run, declared, absent, fields FROM suspended", {},
      [&](const SqlRow& row) -> Status {
        Suspension made{row.integer(4), std::string(row.text(5)), row.integer(6) != 0, {}};
        const auto values = nlohmann::json::parse(row.text(7), nullptr, false);
        if (!values.is_object()) {
          return damaged_row(database, "the suspension of " + to_string(address_at(row)),
                             Error{ErrorKind::internal, "values that are no JSON", {}, {}, {}});
        }
        for (const auto& [path, value] : values.items()) made.values[path] = value;
        suspended.emplace(address_at(row), std::move(made));
        return {};
      });
}

Result<CommitNumbers> commit_numbers(Database& database) {
  CommitNumbers numbers;
  TRY_ASSIGN(const CommitNames names, commit_names(database));
  for (const auto& [number, name] : names) numbers.emplace(name, number);
  return numbers;
}

// The agreed values as text, and the number of the commit; commits that are new get their numbers.
struct Encoded {
  std::string agreed;
  std::int64_t commit = 0;
};
Result<Encoded> encode(Database& database, CommitNumbers& numbers, const Address& address,
                       const Owned& owned) {
  for (const Agreed& field : owned.agreed) {
    TRY(commit_number(database, numbers, field.commit));
    if (!is_hash(field.value)) continue;
    TRY(database.run("INSERT OR IGNORE INTO secrets VALUES(?)", {field.value.get<std::string>()}));
  }
  Encoded encoded;
  TRY_ASSIGN(encoded.commit, commit_number(database, numbers, owned.commit));
  auto agreed = encode_agreed(owned.agreed, numbers);
  if (!agreed) return cannot_store(to_string(address), agreed.error());
  encoded.agreed = std::move(*agreed);
  return encoded;
}

Status save_row(Database& database, CommitNumbers& numbers, const Address& address,
                const Owned& owned) {
  TRY_ASSIGN(const Encoded encoded, encode(database, numbers, address, owned));
  const auto drift = encode_drift(owned.drift);
  if (!drift) return cannot_store(to_string(address), drift.error());
  // Equal rows are left alone by the WHERE: no page of the file is written for them.
  return database.run(
      "INSERT INTO owned(site, kind, name, provider, native_id, protect, on_remove, service, file,"
      " line, col, commit_id, agreed, drift, marked) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
      " ON CONFLICT DO UPDATE SET (native_id, protect, on_remove, service, file, line, col,"
      "  commit_id, agreed, drift, marked) = (excluded.native_id, excluded.protect,"
      "  excluded.on_remove, excluded.service, excluded.file, excluded.line, excluded.col,"
      "  excluded.commit_id, excluded.agreed, excluded.drift, excluded.marked)"
      " WHERE (native_id, protect, on_remove, service, file, line, col, commit_id, agreed, drift,"
      "  marked) <> (excluded.native_id, excluded.protect, excluded.on_remove, excluded.service,"
      "  excluded.file, excluded.line, excluded.col, excluded.commit_id, excluded.agreed,"
      "  excluded.drift, excluded.marked)",
      {address.site, address.kind, address.name, address.provider, owned.native_id,
       std::int64_t{owned.protect}, encode_on_remove(owned.on_remove), owned.service,
       owned.where.file, std::int64_t{owned.where.line}, std::int64_t{owned.where.column},
       encoded.commit, encoded.agreed, *drift, std::int64_t{owned.marked}});
}

Status save_intent(Database& database, CommitNumbers& numbers, std::int64_t run,
                   const Address& address, const Intent& intent) {
  const Owned& row = intent.row;
  TRY_ASSIGN(const Encoded encoded, encode(database, numbers, address, row));
  return database.run(
      "INSERT OR REPLACE INTO intents(site, kind, name, provider, run, action, renamed_from,"
      " native_id, protect, on_remove, service, file, line, col, commit_id, wanted, marked)"
      " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      {address.site, address.kind, address.name, address.provider, run, name_of(intent.action),
       intent.from ? to_string(*intent.from) : std::string(), row.native_id,
       std::int64_t{row.protect}, encode_on_remove(row.on_remove), row.service, row.where.file,
       std::int64_t{row.where.line}, std::int64_t{row.where.column}, encoded.commit, encoded.agreed,
       std::int64_t{row.marked}});
}

Status save_scope(Database& database, const Scope& scope, const ScopeState& state) {
  const auto live = encode_live(state.resources);
  if (!live) return cannot_store("the observation of " + to_string(scope), live.error());
  TRY(
      database.run("INSERT INTO scopes(provider, zone, resources, at) VALUES(?,?,?,?) ON CONFLICT"
                   " DO UPDATE SET resources = excluded.resources, at = excluded.at",
                   {scope.provider, scope.zone, static_cast<std::int64_t>(state.resources.size()),
                    seconds_of(state.at)}));
  return database.run(
      "INSERT INTO observations(provider, zone, live) VALUES(?,?,?) ON CONFLICT"
      " DO UPDATE SET live = excluded.live WHERE live <> excluded.live",
      {scope.provider, scope.zone, *live});
}

}  // namespace

Status read_view(Database& database, LedgerView& view) {
  TRY_ASSIGN(const CommitNames names, commit_names(database));
  TRY(read_owned(database, names, view.owned));
  TRY(read_intents(database, names, view.intents));
  TRY(read_suspended(database, view.suspended));
  TRY(database.each("SELECT site, kind, name, provider FROM forgotten", {}, [&](const SqlRow& row) {
    view.forgotten.insert(address_at(row));
    return Status();
  }));
  TRY(database.each("SELECT zone FROM full_zones", {}, [&](const SqlRow& row) {
    view.full_zones.emplace(row.text(0));
    return Status();
  }));
  TRY(database.each("SELECT hash FROM secrets", {}, [&](const SqlRow& row) {
    view.secrets.emplace(row.text(0));
    return Status();
  }));
  TRY(database.each("SELECT provider, zone, resources, at FROM scopes", {}, [&](const SqlRow& row) {
    view.scopes[{std::string(row.text(0)), std::string(row.text(1))}] = {
        static_cast<std::size_t>(row.integer(2)), time_at(row.integer(3))};
    return Status();
  }));
  TRY(database.each("SELECT site, kind, name, provider, what, times, since FROM tried", {},
                    [&](const SqlRow& row) {
                      view.tried[address_at(row)] = {std::string(row.text(4)),
                                                     static_cast<int>(row.integer(5)),
                                                     time_at(row.integer(6))};
                      return Status();
                    }));
  TRY(database.each("SELECT value FROM notes WHERE name = 'unconfirmed'", {},
                    [&](const SqlRow& row) {
                      view.unconfirmed = row.text(0);
                      return Status();
                    }));
  TRY_ASSIGN(const auto runs, database.integer("SELECT EXISTS(SELECT 1 FROM runs)"));
  view.opened = true;
  view.present = runs != 0 || !view.owned.empty();
  return {};
}

Status read_observed(Database& database, Observed& observed) {
  return database.each(
      "SELECT provider, zone, at, live FROM scopes JOIN observations USING (provider, zone)", {},
      [&](const SqlRow& row) -> Status {
        const Scope scope{std::string(row.text(0)), std::string(row.text(1))};
        auto live = decode_live(row.text(3));
        if (!live) {
          return damaged_row(database, "the observation of " + to_string(scope), live.error());
        }
        observed.scopes[scope] = {std::nullopt, std::move(*live), time_at(row.integer(2))};
        return {};
      });
}

Status write_owned(Database& database, const std::map<Address, Owned>& rows) {
  TRY_ASSIGN(CommitNumbers numbers, commit_numbers(database));
  for (const auto& [address, owned] : rows) {
    TRY(save_row(database, numbers, address, owned));
  }
  return {};
}

Status write_intents(Database& database, std::int64_t run,
                     const std::map<Address, Intent>& intents) {
  TRY_ASSIGN(CommitNumbers numbers, commit_numbers(database));
  for (const auto& [address, intent] : intents) {
    TRY(save_intent(database, numbers, run, address, intent));
  }
  return {};
}

Status write_tried(Database& database, const std::map<Address, Tried>& rows,
                   const std::vector<Address>& gone) {
  for (const Address& address : gone) {
    TRY(database.run("DELETE FROM tried WHERE (site, kind, name, provider) = (?,?,?,?)",
                     {address.site, address.kind, address.name, address.provider}));
  }
  for (const auto& [address, row] : rows) {
    TRY(database.run("INSERT OR REPLACE INTO tried VALUES(?,?,?,?,?,?,?)",
                     {address.site, address.kind, address.name, address.provider, row.what,
                      std::int64_t{row.times}, seconds_of(row.since)}));
  }
  return {};
}

Status write_suspended(Database& database, const std::map<Address, Suspension>& rows,
                       const std::vector<Address>& gone) {
  for (const Address& address : gone) {
    TRY(database.run("DELETE FROM suspended WHERE (site, kind, name, provider) = (?,?,?,?)",
                     {address.site, address.kind, address.name, address.provider}));
  }
  for (const auto& [address, row] : rows) {
    const std::string values =
        nlohmann::json(row.values).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    TRY(database.run("INSERT OR REPLACE INTO suspended VALUES(?,?,?,?,?,?,?,?)",
                     {address.site, address.kind, address.name, address.provider, row.run,
                      row.declared, std::int64_t{row.absent}, values}));
  }
  return {};
}

Status delete_owned(Database& database, const Address& address) {
  return database.run("DELETE FROM owned WHERE (site, kind, name, provider) = (?,?,?,?)",
                      {address.site, address.kind, address.name, address.provider});
}

Status delete_intent(Database& database, const Address& address) {
  return database.run("DELETE FROM intents WHERE (site, kind, name, provider) = (?,?,?,?)",
                      {address.site, address.kind, address.name, address.provider});
}

Status write_forgotten(Database& database, const Address& address, bool forgotten) {
  return database.run(forgotten
                          ? "INSERT OR IGNORE INTO forgotten VALUES(?,?,?,?)"
                          : "DELETE FROM forgotten WHERE (site, kind, name, provider) = (?,?,?,?)",
                      {address.site, address.kind, address.name, address.provider});
}

Status write_observed(Database& database, const Observed& observed) {
  for (const auto& [scope, state] : observed.scopes) {
    if (state.unknown) continue;
    TRY(save_scope(database, scope, state));
  }
  return {};
}

}  // namespace homeostat
