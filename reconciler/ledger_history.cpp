#include "reconciler/ledger_history.hpp"

#include <fmt/format.h>

#include "reconciler/ledger_rows.hpp"
#include "reconciler/names.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

std::string as_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json encode(const FieldRecord& field) {
  json out = {{"path", field.path}, {"from", field.before}, {"to", field.after}};
  if (!field.cause.empty()) out["cause"] = field.cause;
  if (!field.commit.empty()) out["commit"] = field.commit;
  if (!field.author.empty()) out["author"] = field.author;
  if (!field.by.empty()) out["by"] = field.by;
  if (field.secret) out["secret"] = true;
  return out;
}

FieldRecord decode(const json& from) {
  FieldRecord field;
  field.path = from.at("path").get<std::string>();
  field.before = from.at("from");
  field.after = from.at("to");
  field.cause = from.value("cause", std::string());
  field.commit = from.value("commit", std::string());
  field.author = from.value("author", std::string());
  field.by = from.value("by", std::string());
  field.secret = from.value("secret", false);
  return field;
}

// Columns: address, action, fields, outcome, message, cause, before, at, renamed_from, commit_hash,
// author.
Result<ChangeRecord> change_at(const SqlRow& row) {
  ChangeRecord change;
  TRY_ASSIGN(change.address, parse_address(row.text(0)));
  change.action = row.text(1);
  change.outcome = row.text(3);
  change.message = row.text(4);
  change.cause = row.text(5);
  change.at = time_at(row.integer(7));
  change.commit = row.text(9);
  change.author = row.text(10);
  if (!row.text(8).empty()) {
    TRY_ASSIGN(change.from, parse_address(row.text(8)));
  }
  try {
    for (const json& field : json::parse(row.text(2))) change.fields.push_back(decode(field));
    change.before = json::parse(row.text(6));
  } catch (const json::exception&) {
    return fail(ErrorKind::internal, "fields that are no JSON");
  }
  return change;
}

Status read_changes(Database& database, RunHistory& history) {
  return database.each(
      "SELECT address, action, fields, outcome, message, cause, before, at, renamed_from,"
      " commit_hash, author FROM changes WHERE run = ? ORDER BY rowid",
      {history.run.id}, [&](const SqlRow& row) -> Status {
        auto change = change_at(row);
        if (!change) {
          return fail(ErrorKind::internal,
                      fmt::format("the ledger {} is damaged: a change of run {} has {}",
                                  database.path(), history.run.id, change.error().message),
                      damaged_hint(database.path()));
        }
        history.changes.push_back(std::move(*change));
        return {};
      });
}

std::string_view outcome_done() { return name_of(OutcomeKind::done); }

struct KnownChange {
  std::int64_t row = 0;  // 0: there is none
  std::string outcome, message;
};
// By its address: a run may have thousands of them, an address has few.
Result<KnownChange> known_change(Database& database, std::int64_t run, const Address& address) {
  KnownChange known;
  TRY(
      database.each("SELECT rowid, outcome, message FROM changes INDEXED BY changes_of_address"
                    " WHERE address = ? AND run = ?",
                    {to_string(address), run}, [&known](const SqlRow& row) {
                      known = {row.integer(0), std::string(row.text(1)), std::string(row.text(2))};
                      return Status();
                    }));
  return known;
}

struct Said {
  std::string outcome, message;
};
Status set_outcome(Database& database, std::int64_t run, const Address& address, const Said& said) {
  return database.run(
      "UPDATE changes INDEXED BY changes_of_address SET outcome = ?, message = ?"
      " WHERE address = ? AND run = ?",
      {said.outcome, said.message, to_string(address), run});
}

// What was recorded, and what is there, as one. `own`: the run that looks is the one that wrote.
Said said_of(const KnownChange& known, Made made, bool own) {
  const bool done = known.outcome == outcome_done();
  const bool begun = known.outcome == outcome_begun;
  if (made == Made::none && begun) return {std::string(outcome_not_made), "cut off"};
  if (made == Made::none && done && !own) return {std::string(outcome_late), known.message};
  if (made == Made::none || done) return {known.outcome, known.message};
  return {std::string(made == Made::all ? outcome_done() : outcome_partly),
          begun ? "cut off, and found by looking" : "found by looking, after: " + known.message};
}

// Its names, as renames tell: this one, those it had before, and what came to be called so.
Result<std::set<std::string>> names_of(Database& database, const Address& address) {
  std::set<std::string> names = {to_string(address)};
  for (std::size_t known = 0; known != names.size();) {
    known = names.size();
    for (const std::string& name : std::set<std::string>(names)) {
      TRY(database.each("SELECT renamed_from FROM changes WHERE address = ? AND renamed_from <> ''",
                        {name}, [&names](const SqlRow& row) {
                          names.emplace(row.text(0));
                          return Status();
                        }));
    }
  }
  return names;
}

}  // namespace

RunRecord run_at(const SqlRow& row) {
  return {row.integer(0),          std::string(row.text(1)), std::string(row.text(2)),
          time_at(row.integer(3)), time_at(row.integer(4)),  static_cast<int>(row.integer(5)),
          std::string(row.text(6))};
}

Status write_change(Database& database, std::int64_t run, const ChangeRecord& change) {
  json fields = json::array();
  for (const FieldRecord& field : change.fields) fields.push_back(encode(field));
  TRY_ASSIGN(const auto known, known_change(database, run, change.address));
  // A new row gets a number of its own.
  return database.run(
      "INSERT OR REPLACE INTO changes(rowid, run, address, action, fields, outcome, message, cause,"
      " before, at, renamed_from, commit_hash, author)"
      " VALUES(nullif(?, 0),?,?,?,?,?,?,?,?,?,?,?,?)",
      {known.row, run, to_string(change.address), change.action, as_text(fields), change.outcome,
       change.message, change.cause, as_text(change.before), seconds_of(change.at),
       change.from ? to_string(*change.from) : std::string(), change.commit, change.author});
}

Status write_answer(Database& database, const Address& address, const Answer& answer,
                    std::int64_t own_run, Time at) {
  TRY_ASSIGN(KnownChange known, known_change(database, answer.run, address));
  if (known.row == 0) {  // begun by a version that wrote down no more than the intent
    ChangeRecord change;
    change.address = address;
    change.action = name_of(answer.action);
    change.outcome = known.outcome = outcome_begun;
    change.from = answer.from;
    change.at = at;
    TRY(write_change(database, answer.run, change));
  }
  const Said now = said_of(known, answer.made, answer.run == own_run);
  return set_outcome(database, answer.run, address, now);
}

Status write_late(Database& database, std::int64_t run, const Address& address,
                  const std::string& what) {
  TRY_ASSIGN(const KnownChange known, known_change(database, run, address));
  if (known.outcome != outcome_done()) return {};
  return set_outcome(database, run, address, {std::string(outcome_late), what});
}

Status close_dead_runs(Database& database, std::int64_t own_run, Time at) {
  return database.run(
      "UPDATE runs SET ended = ?, exit_code = 1, summary = ? WHERE exit_code < 0 AND id <> ?",
      {seconds_of(at), cut_off_summary, own_run});
}

Status read_history(Database& database, const HistoryQuery& query, std::vector<RunHistory>& runs) {
  std::set<std::string> names;
  if (query.address) {
    TRY_ASSIGN(names, names_of(database, *query.address));
  }
  std::vector<RunRecord> found;
  TRY(database.each(
      "SELECT id, verb, commit_hash, started, ended, exit_code, summary FROM runs"
      " WHERE id = ?1 OR (?1 < 0 AND id IN (SELECT run FROM changes)) ORDER BY id DESC",
      {query.run.value_or(-1)}, [&found](const SqlRow& row) {
        found.push_back(run_at(row));
        return Status();
      }));
  for (RunRecord& run : found) {
    if (runs.size() == query.limit) break;
    RunHistory history{std::move(run), {}};
    TRY(read_changes(database, history));
    if (query.address) {
      std::erase_if(history.changes, [&names](const ChangeRecord& change) {
        return !names.contains(to_string(change.address));
      });
      if (history.changes.empty()) continue;
    }
    runs.push_back(std::move(history));
  }
  return {};
}

}  // namespace homeostat
