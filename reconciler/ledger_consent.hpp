// Questions to people, and what they said to be left alone, in the ledger's tables. The caller
// holds the transaction.
#pragma once

#include "reconciler/ledger_db.hpp"
#include "reconciler/loop_memory.hpp"

namespace homeostat {

// The newest first.
[[nodiscard]] Status read_approvals(Database& database, std::vector<Approval>& approvals);
// See Ledger.
[[nodiscard]] Status ask_for_approval(Database& database, const std::optional<Approval>& wanted,
                                      Time now, std::optional<Approval>& open);
[[nodiscard]] Status ask_about_forks(Database& database, const std::vector<Approval>& wanted,
                                     Time now, std::vector<Approval>& open);
[[nodiscard]] Status give_approval(Database& database, const std::string& plan,
                                   const std::string& by, Time at, Approval& approved);
[[nodiscard]] Status end_approval(Database& database, std::int64_t id, Approval::State state,
                                  const std::string& outcome, Time at);

[[nodiscard]] Status read_manual_holds(Database& database, std::vector<ManualHold>& holds);
[[nodiscard]] Status write_manual_hold(Database& database, const ManualHold& hold);
[[nodiscard]] Status delete_manual_hold(Database& database, const std::string& glob, bool& was);

}  // namespace homeostat
