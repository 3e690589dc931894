#include "providers/core/http_tls.hpp"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <ctime>
#include <memory>
#include <optional>

namespace homeostat {

namespace {

constexpr std::size_t digest_bytes = 32;  // SHA-256

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int length = 0;
  if (certificate == nullptr ||
      X509_digest(certificate, EVP_sha256(), bytes.data(), &length) != 1) {
    return {};
  }
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (unsigned int i = 0; i < length; ++i) {
    if (i > 0) text += ':';
    text += digits[bytes[i] >> 4U];
    text += digits[bytes[i] & 0xFU];
  }
  return text;
}

std::optional<std::chrono::sys_seconds> end_of(const X509* certificate) {
  std::tm at = {};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &at) != 1) {
    return std::nullopt;
  }
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&at)));
}

// OpenSSL's place for a judgement of one's own; `argument` is a TlsCheck.
int judge(X509_STORE_CTX* chain, void* argument) noexcept {
  auto& check = *static_cast<TlsCheck*>(argument);
  check.seen = fingerprint_of(X509_STORE_CTX_get0_cert(chain));
  check.refusal.clear();
  if (check.pin.empty()) {
    if (X509_verify_cert(chain) == 1) {
      check.until = end_of(X509_STORE_CTX_get0_cert(chain));
      return 1;
    }
    check.refusal = X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain));
    return 0;
  }
  if (check.seen == check.pin) {
    X509_STORE_CTX_set_error(chain, X509_V_OK);
    return 1;
  }
  check.refusal = "another fingerprint is pinned";
  X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_REJECTED);
  return 0;
}

}  // namespace

Result<std::string> canonical_fingerprint(std::string_view text) {
  const std::string hint =
      "write the SHA-256 of the certificate: 64 hex digits, as `openssl x509 -noout -fingerprint "
      "-sha256` prints them";
  std::string canonical;
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == ':') continue;
    if (!hex_digit(c)) return fail(ErrorKind::invalid_spec, "a fingerprint is hex digits", hint);
    if (digits > 0 && digits % 2 == 0) canonical += ':';
    canonical += c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
    ++digits;
  }
  if (digits != 2 * digest_bytes) {
    return fail(ErrorKind::invalid_spec,
                "a fingerprint has 64 hex digits, this one has " + std::to_string(digits), hint);
  }
  return canonical;
}

Status check_ca_file(const std::string& path) {
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(),
                                                                      &X509_STORE_free);
  if (store && X509_STORE_load_file(store.get(), path.c_str()) == 1) return {};
  return fail(ErrorKind::invalid_spec, "no certificate can be read from " + path,
              "ca_file names a file of PEM certificates that this user may read");
}

Result<std::chrono::sys_seconds> certificate_until(const std::string& path) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> in(BIO_new_file(path.c_str(), "r"),
                                                         &BIO_free_all);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      in ? PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr) : nullptr, &X509_free);
  const auto end = end_of(certificate.get());
  if (end) return *end;
  return fail(ErrorKind::invalid_spec, "no certificate can be read from " + path);
}

void judge_by(void* ssl_context, TlsCheck& check) {
  auto* context = static_cast<SSL_CTX*>(ssl_context);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, judge, &check);
}

}  // namespace homeostat
