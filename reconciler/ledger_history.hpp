// The audit trail in the ledger's tables: runs, and what each change of them came to. The caller
// holds the transaction.
#pragma once

#include "reconciler/ledger.hpp"
#include "reconciler/ledger_db.hpp"

namespace homeostat {

// Columns 0 to 6: id, verb, commit_hash, started, ended, exit_code, summary.
[[nodiscard]] RunRecord run_at(const SqlRow& row);
[[nodiscard]] Status write_change(Database& database, std::int64_t run, const ChangeRecord& change);

struct HistoryQuery {
  std::optional<Address> address = std::nullopt;  // under any name that it had
  std::optional<std::int64_t> run = std::nullopt;
  std::size_t limit = 1;
};
// The newest first, without runs that changed nothing (but for `run`, which is read as it is).
[[nodiscard]] Status read_history(Database& database, const HistoryQuery& query,
                                  std::vector<RunHistory>& runs);

}  // namespace homeostat
