// Incidents and messages on their way, in the ledger's tables. The caller holds the transaction.
#pragma once

#include "reconciler/ledger_db.hpp"
#include "reconciler/loop_memory.hpp"

namespace homeostat {

using IncidentList = std::vector<Incident>;
using ReportRuns = std::map<std::string, Time>;
using NotifierStates = std::map<std::string, NotifierState>;

// Into empty values. A row that cannot be understood is an error that names it.
[[nodiscard]] Status read_incidents(Database& database, Time since, IncidentList& incidents);
[[nodiscard]] Status read_report_runs(Database& database, ReportRuns& runs);
[[nodiscard]] Status read_outbox(Database& database, const std::string& notifier,
                                 std::vector<Waiting>& waiting);
[[nodiscard]] Status read_notifiers(Database& database, NotifierStates& states);

[[nodiscard]] Status write_telling(Database& database, const Telling& telling);
// `error` "": it was accepted.
[[nodiscard]] Status end_message(Database& database, std::int64_t id, Time at,
                                 const std::string& error);
[[nodiscard]] Status put_off_message(Database& database, std::int64_t id, Time until,
                                     const std::string& error);

}  // namespace homeostat
