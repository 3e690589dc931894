// What this machine remembers of a site: the ledger and its key, opened, checked, and set aside
// where they are damaged.
#pragma once

#include "reconciler/ledger.hpp"
#include "reconciler/places.hpp"
#include "reconciler/plan.hpp"

namespace homeostat {

enum class MemoryUse : std::uint8_t {
  look,    // nothing is written; a damaged ledger is as good as none
  read,    // nothing is written; a damaged one is an error
  record,  // made where it is absent; a damaged one is an error
  keep     // by who holds the site's lock: a damaged one is set aside, and begun anew
};

struct Memory {
  Ledger ledger;
  LedgerView view;
  SecretHash hash;
  Errors notices;        // what was lost, and what that means
  bool damaged = false;  // the ledger cannot be read: what was agreed is not known
};

// `given`: the ledger's path came from the user, so a file that is no database is left alone.
[[nodiscard]] Result<Memory> recall(const Places& places, MemoryUse use, bool given, Time now);

// Nothing is deleted from now on, until confirm_ownership(). `why` is shown.
[[nodiscard]] Status distrust(Ledger& ledger, LedgerView& view, const std::string& why);
[[nodiscard]] Error unconfirmed_notice(const LedgerView& view);
[[nodiscard]] Status confirm_ownership(Ledger& ledger, LedgerView& view);

}  // namespace homeostat
