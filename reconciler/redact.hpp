// Secrets stay out of everything that is printed or stored.
#pragma once

#include "reconciler/plan.hpp"

namespace homeostat {

inline constexpr std::string_view redacted = "(secret)";

// "hmac:" + 32 hex digits of HMAC-SHA256.
[[nodiscard]] std::string keyed_hash(std::string_view key, std::string_view value);
[[nodiscard]] SecretHash make_secret_hash(std::string key);

// Paths of a resource that are secret: by the schema, or because the value holds a ${secret.x}.
[[nodiscard]] bool is_secret(const Resource* desired, const KindSchema& kind,
                             const ProviderKindSchema* extra, const FieldPath& path);

// The observation with every value at a secret path replaced by its keyed hash.
[[nodiscard]] Observed hash_secrets(Observed observed, const Desired& desired,
                                    const std::map<std::string, const ProviderInfo*>& providers,
                                    const SecretHash& hash);

}  // namespace homeostat
