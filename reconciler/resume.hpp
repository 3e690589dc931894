// `homeostat resume`: what was left alone goes on. It ends a hold by hand, what an undone run keeps
// as it was, and the count of writes that had no effect.
#pragma once

#include "reconciler/ledger.hpp"

namespace homeostat {

struct Resumed {
  bool hold = false;  // there was a hold by hand on exactly these words
  std::vector<Address> undone;
  std::vector<Address> stuck;
};

// `everything` false: only the hold by hand; nothing else is looked at.
[[nodiscard]] Result<Resumed> resume(Ledger& ledger, const std::string& glob, bool everything);

// What of it there is, by name.
[[nodiscard]] Result<std::vector<std::string>> what_waits_for_resume(const Ledger& ledger);

}  // namespace homeostat
