// Private keys for ssh, as far as it can be told in advance that one will not do. Pure.
#pragma once

#include <string>
#include <string_view>

#include "specs/result.hpp"

namespace homeostat::follow {

// `text` of the file `path`. Refused: RSA, which Debian's libssh2 can only use with SHA-1; DSA; a
// key that lives in hardware; a public key; PuTTY's form; what is no private key at all.
[[nodiscard]] Status check_private_key(const std::string& path, std::string_view text);

}  // namespace homeostat::follow
