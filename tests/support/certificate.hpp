// Certificates for tests, made on the spot.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace homeostat::test {

struct CertificateInput {
  std::string folder = {};                            // where the files go
  std::string file = {};                              // "good" -> good.pem, good.key
  std::vector<std::string> names = {"IP:127.0.0.1"};  // alternative names as OpenSSL writes them
  long valid_from = -3600;                            // seconds from now
  long valid_to = 3600;
  bool authority = false;
  std::string issuer = {};  // `file` of an authority made before; "": itself
};
struct Certificate {
  std::string file;  // PEM
  std::string key_file;
  std::string fingerprint;  // SHA-256, "12:AB:..."
};
[[nodiscard]] Certificate make_certificate(const CertificateInput& input);

}  // namespace homeostat::test
