// What is wrong and what is due, into the ledger: incidents, and messages for the outbox.
#pragma once

#include <string>
#include <vector>

#include "reconciler/ledger.hpp"
#include "reconciler/loop/turn.hpp"

namespace homeostat {

// Before anything is written: what a look has found, opened as incidents; none is closed. What is
// repaired at once was an incident too, though the process dies between the repair and its telling.
[[nodiscard]] Status tell_found(Ledger& ledger, const Sight& found, const Spec& spec, Time now);

// Incidents are opened and closed by what the last turn has seen and what else is wrong ("": it is
// known always). Who is to know is told: the messages stand in the outbox when it returns.
[[nodiscard]] Status tell_incidents(Ledger& ledger, const Turn* turn,
                                    const std::vector<Trouble>& others, const std::string& site,
                                    const std::vector<std::string>& to, Time now);

struct ReportsDone {
  std::size_t made = 0;
  std::optional<Time> next;  // when the next one is due
};
// The reports that are due, each once, however often it was missed. One that is new begins now.
[[nodiscard]] Result<ReportsDone> make_reports(Ledger& ledger, const Turn& turn, Time now);

}  // namespace homeostat
