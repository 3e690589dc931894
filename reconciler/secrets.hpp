// Values of secrets, from where the spec says. They live in memory only, and in no message.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "reconciler/plan.hpp"

namespace homeostat {

struct SecretLimits {
  std::chrono::milliseconds time{30'000};  // of one command
  std::size_t bytes = 1U << 20U;           // of one value
};

// Asks for `names` only. One that cannot be had carries why, with the place of its entry; so does
// one that is empty. A file must be regular (no link to one), of the user or root, and private
// (0600, 0400). A command runs without a shell, in the spec's folder, with no input (where that
// is not on the disk: in the repository's, else in /); what it says on stderr is not shown. Of
// files and commands, exactly one newline at the end is taken off. At a stop request no command is
// waited for any longer, and what has not been read yet is `cancelled`.
[[nodiscard]] SecretValues load_secrets(const Spec& spec, const std::set<std::string>& names,
                                        const std::stop_token& stop,
                                        const SecretLimits& limits = {});

// Whole days until `expires`, below 0 after it; nullopt where none is said. Pure.
[[nodiscard]] std::optional<std::int64_t> days_left(const SecretSource& source, Time now);
// From 30 days before the date on, and louder after it: a value is used whatever its date says, as
// only the server knows. The day itself still counts. Pure.
[[nodiscard]] Errors expiry_warnings(const Spec& spec, Time now);

}  // namespace homeostat
