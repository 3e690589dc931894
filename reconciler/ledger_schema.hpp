// The tables of the ledger, and how an older file becomes one of ours.
#pragma once

#include "reconciler/ledger_db.hpp"

namespace homeostat {

enum class SchemaState : std::uint8_t {
  empty,    // nothing in it yet
  older,    // ours, from an earlier version
  current,  // as this program writes it
};

// An error for a file of a later version, and for one that is no ledger at all.
[[nodiscard]] Result<SchemaState> schema_state(Database& database);

// Brings an empty or older one to the current form, in one transaction. Safe to be called by
// several processes at once.
[[nodiscard]] Status migrate(Database& database);

}  // namespace homeostat
