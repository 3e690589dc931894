// What was written is looked at again: whether it reads back, and how often in a row it did not.
#pragma once

#include <set>

#include "reconciler/reconcile.hpp"

namespace homeostat {

// Observes these scopes, and plans on what is live now.
using LookAgain = std::function<tl::expected<Planned, Errors>(const std::set<Scope>&)>;

// Stale reads pass, so what does not read back is looked at again, for up to ten seconds. The plan
// of the last look.
[[nodiscard]] tl::expected<Planned, Errors> verify(const LookAgain& look_again,
                                                   const Timing& timing,
                                                   const std::vector<Outcome>& outcomes,
                                                   const std::stop_token& stop);
// What was written and differs still: the server took the write and did nothing, or something else.
[[nodiscard]] std::vector<const Change*> lingering(const Plan& after,
                                                   const std::vector<Outcome>& outcomes);
// "container/web cores", a line a field; `provider` as display() takes it.
[[nodiscard]] std::vector<std::string> lingering_lines(const std::vector<const Change*>& lingering,
                                                       bool provider);
// Counts in the ledger how often in a row each change was written and did not read back.
[[nodiscard]] Status count_tries(Round& round, const Applied& applied);
// Forgets these counts of what needs no write now: where the same change comes back some day, it
// is written again.
[[nodiscard]] Status forget_tries(Round& round, const Planned& planned);

}  // namespace homeostat
