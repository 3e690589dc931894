// The ledger's big values, from its tables and into them. The caller holds the transaction.
#pragma once

#include "reconciler/ledger_db.hpp"
#include "reconciler/ledger_view.hpp"
#include "reconciler/observe.hpp"

namespace homeostat {

// Into empty values. A row that cannot be understood is an error that names it.
[[nodiscard]] Status read_view(Database& database, LedgerView& view);
[[nodiscard]] Status read_observed(Database& database, Observed& observed);

// Equal rows are not written.
[[nodiscard]] Status write_owned(Database& database, const std::map<Address, Owned>& rows);
[[nodiscard]] Status write_intents(Database& database, std::int64_t run,
                                   const std::map<Address, Intent>& intents);
// Replaces all rows.
[[nodiscard]] Status write_tried(Database& database, const std::map<Address, Tried>& rows,
                                 const std::vector<Address>& gone);
[[nodiscard]] Status write_suspended(Database& database, const std::map<Address, Suspension>& rows,
                                     const std::vector<Address>& gone);
[[nodiscard]] Status delete_owned(Database& database, const Address& address);
[[nodiscard]] Status delete_intent(Database& database, const Address& address);
[[nodiscard]] Status write_forgotten(Database& database, const Address& address, bool forgotten);
[[nodiscard]] Status write_observed(Database& database, const Observed& observed);

}  // namespace homeostat
