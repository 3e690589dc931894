// Who may stand at the other end of a TLS connection.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "specs/result.hpp"

namespace homeostat {

// "12:AB:..." or "12ab...": 32 bytes in hex -> upper case with colons.
[[nodiscard]] Result<std::string> canonical_fingerprint(std::string_view text);

// Refuses a file that holds no certificate.
[[nodiscard]] Status check_ca_file(const std::string& path);

// Until when the first certificate of a PEM file counts: the server's own, of one that leads to its
// authority.
[[nodiscard]] Result<std::chrono::sys_seconds> certificate_until(const std::string& path);

// What a handshake is judged by, and what came of the last one. Must stay where it is for as long
// as connections do.
struct TlsCheck {
  std::string pin;      // canonical fingerprint: this certificate and no other. "": by authority
  std::string seen;     // fingerprint of the certificate that the server showed
  std::string refusal;  // why it was not taken; "" = it was
  // Until when the one that was taken counts; nullopt with a pin, which asks for no date.
  std::optional<std::chrono::sys_seconds> until = std::nullopt;
};
// For an SSL_CTX.
void judge_by(void* ssl_context, TlsCheck& check);

}  // namespace homeostat
