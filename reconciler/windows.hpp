// When the loop may change something: the windows of the policy, on the clocks of their time zones.
// Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "reconciler/cron.hpp"
#include "specs/config.hpp"
#include "specs/resource.hpp"

namespace homeostat {

// local_time() of cron.hpp, or a test's.
using LocalTimeOf = std::function<Result<LocalTime>(Time, const std::string& zone)>;

// Whether one of the windows for this address is open. What no window is for may change at any
// time. A window in a zone that is not known is closed.
[[nodiscard]] bool may_change_now(const Policy& policy, const Address& address, Time now,
                                  const LocalTimeOf& local_time);
// The first moment from `now` on at which that is so, on a whole minute unless it is `now`. Where
// the clock skips the beginning of a window, that is the first moment behind the gap; one that lies
// in the gap as a whole does not come that day. Nullopt: never.
[[nodiscard]] std::optional<Time> opens_at(const Policy& policy, const Address& address, Time now,
                                           const LocalTimeOf& local_time);

}  // namespace homeostat
