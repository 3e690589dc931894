// Who may stand at the other end of a TLS connection.
#pragma once

#include <string>

#include "specs/result.hpp"

namespace homeostat {

// "12:AB:..." or "12ab...": 32 bytes in hex -> upper case with colons.
[[nodiscard]] Result<std::string> canonical_fingerprint(std::string_view text);

// Refuses a file that holds no certificate.
[[nodiscard]] Status check_ca_file(const std::string& path);

// What a handshake is judged by, and what came of the last one. Must stay where it is for as long
// as connections do.
struct TlsCheck {
  std::string pin;      // canonical fingerprint: this certificate and no other. "": by authority
  std::string seen;     // fingerprint of the certificate that the server showed
  std::string refusal;  // why it was not taken; "" = it was
};
// For an SSL_CTX.
void judge_by(void* ssl_context, TlsCheck& check);

}  // namespace homeostat
