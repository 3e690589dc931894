// What proves that a webhook comes from who knows the secret.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "providers/core/provider.hpp"
#include "reconciler/forge/types.hpp"

namespace homeostat {

using WebhookHeaders = std::map<std::string, std::string>;  // names in lower case

// "" where absent.
[[nodiscard]] std::string_view header_of(const WebhookHeaders& headers, const std::string& name);

enum class Signed : std::uint8_t { good, missing, wrong };

// Of several signatures the forge's own decides: if that one is wrong, no other is looked at. Every
// comparison takes the same time whatever it finds. An empty secret makes everything wrong.
[[nodiscard]] Signed check_signature(ForgeType forge, const std::string& secret,
                                     const WebhookHeaders& headers, std::string_view body,
                                     Time now);

[[nodiscard]] std::string sha256(std::string_view text);                             // 32 bytes
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view text);  // likewise
[[nodiscard]] std::string hex_of(std::string_view bytes);
[[nodiscard]] std::string base64_of(std::string_view bytes);

}  // namespace homeostat
