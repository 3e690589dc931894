// The audit trail in the ledger's tables: runs, and what each change of them came to. The caller
// holds the transaction.
#pragma once

#include "reconciler/ledger.hpp"
#include "reconciler/ledger_db.hpp"

namespace homeostat {

// Columns 0 to 6: id, verb, commit_hash, started, ended, exit_code, summary.
[[nodiscard]] RunRecord run_at(const SqlRow& row);
// In the place of what is known of this address in this run.
[[nodiscard]] Status write_change(Database& database, std::int64_t run, const ChangeRecord& change);
// What looking has told of a write of `answer.run`. A run that is still looking (`own_run`) does
// not judge what was said to be done: a server may read stale.
[[nodiscard]] Status write_answer(Database& database, const Address& address, const Answer& answer,
                                  std::int64_t own_run, Time at);
// A write that was done and does not read back.
[[nodiscard]] Status write_late(Database& database, std::int64_t run, const Address& address,
                                const std::string& what);
// All runs but this one that have no end get one.
[[nodiscard]] Status close_dead_runs(Database& database, std::int64_t own_run, Time at);

struct HistoryQuery {
  std::optional<Address> address = std::nullopt;  // under any name that it had
  std::optional<std::int64_t> run = std::nullopt;
  std::size_t limit = 1;
};
// The newest first, without runs that changed nothing (but for `run`, which is read as it is).
[[nodiscard]] Status read_history(Database& database, const HistoryQuery& query,
                                  std::vector<RunHistory>& runs);

}  // namespace homeostat
