// The steps of one zone: one look, then as few PATCHes as hold them.
#pragma once

#include <atomic>

#include "providers/powerdns/api.hpp"
#include "providers/powerdns/steps.hpp"

namespace homeostat::powerdns {

// The server takes 2 MB ("webserver-max-bodysize"), less what it costs to be near that.
inline constexpr std::size_t max_patch_bytes = 1'500'000;

// Whether a PATCH that was planned against serial `known` was the next one after it. True also
// where that cannot be told.
[[nodiscard]] bool is_next_serial(std::int64_t known, const std::string& soa_edit_api,
                                  const Serials& answered);

// One result a step, in order. Steps on one name happen as a whole or not at all; where the server
// refuses some, the others are written. `comments` becomes false when the server says that the
// zone's backend has none.
[[nodiscard]] std::vector<Result<StepResult>> write_zone(const Api& api, const ZonePlace& place,
                                                         std::span<const Step> steps,
                                                         std::atomic<bool>& comments,
                                                         const std::stop_token& stop);

}  // namespace homeostat::powerdns
