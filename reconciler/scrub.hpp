// A provider whose words are cleaned of secrets.
#pragma once

#include <memory>

#include "providers/core/scrub.hpp"
#include "reconciler/plan.hpp"

namespace homeostat {

// Of all values that are there. Those below four characters are left in texts: too much else looks
// like them.
[[nodiscard]] Scrubber scrubber_of(const SecretValues& secrets);

// The same provider, with its errors, warnings and exceptions cleaned.
[[nodiscard]] std::unique_ptr<Provider> scrubbed(std::unique_ptr<Provider> provider,
                                                 std::shared_ptr<const Scrubber> scrubber);

}  // namespace homeostat
