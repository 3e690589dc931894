#include "reconciler/resume.hpp"

#include "reconciler/stuck.hpp"

namespace homeostat {

Result<Resumed> resume(Ledger& ledger, const std::string& glob, bool everything) {
  Resumed resumed;
  TRY_ASSIGN(resumed.hold, ledger.release(glob));
  if (!everything) return resumed;
  TRY_ASSIGN(const LedgerView view, ledger.view());
  for (const auto& [address, suspension] : view.suspended) {
    if (address_matches(address, glob)) resumed.undone.push_back(address);
  }
  for (const auto& [address, tried] : view.tried) {
    const bool stuck = tried.times >= tries_until_stuck;
    if (stuck && address_matches(address, glob)) resumed.stuck.push_back(address);
  }
  TRY(ledger.save_suspended({}, resumed.undone));
  TRY(ledger.save_tried({}, resumed.stuck));
  return resumed;
}

Result<std::vector<std::string>> what_waits_for_resume(const Ledger& ledger) {
  std::vector<std::string> words;
  TRY_ASSIGN(const auto holds, ledger.manual_holds());
  for (const ManualHold& hold : holds) words.push_back(hold.glob);
  TRY_ASSIGN(const LedgerView view, ledger.view());
  for (const auto& [address, suspension] : view.suspended) {
    words.push_back(display(address, false, false));
  }
  for (const auto& [address, tried] : view.tried) {
    if (tried.times >= tries_until_stuck) words.push_back(display(address, false, false));
  }
  return words;
}

}  // namespace homeostat
