#include "tests/support/certificate.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace homeostat::test {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Cert = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<FILE, decltype(&fclose)>;

void check(bool fine, const char* what) {
  if (!fine) throw std::runtime_error(std::string("no certificate: ") + what);
}

File open_file(const std::string& path, const char* mode) {
  File file(fopen(path.c_str(), mode), &fclose);
  check(file != nullptr, path.c_str());
  return file;
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  check(made != nullptr && X509_add_ext(certificate, made, -1) == 1, value.c_str());
  X509_EXTENSION_free(made);
}

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int length = 0;
  check(X509_digest(certificate, EVP_sha256(), bytes.data(), &length) == 1, "digest");
  std::string text;
  for (unsigned int i = 0; i < length; ++i) text += fmt::format("{}{:02X}", i ? ":" : "", bytes[i]);
  return text;
}

}  // namespace

Certificate make_certificate(const CertificateInput& input) {
  const std::string base = input.folder + "/" + input.file;
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Cert made(X509_new(), &X509_free);
  check(key && made, "memory");
  static int serial = 0;
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), input.valid_from);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), input.valid_to);
  X509_set_pubkey(made.get(), key.get());
  X509_NAME* name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(input.file.c_str()), -1, -1, 0);

  Key issuer_key(nullptr, &EVP_PKEY_free);
  Cert issuer(nullptr, &X509_free);
  if (!input.issuer.empty()) {
    const std::string from = input.folder + "/" + input.issuer;
    issuer.reset(PEM_read_X509(open_file(from + ".pem", "r").get(), nullptr, nullptr, nullptr));
    issuer_key.reset(
        PEM_read_PrivateKey(open_file(from + ".key", "r").get(), nullptr, nullptr, nullptr));
    check(issuer && issuer_key, "the issuer");
  }
  X509* signer = issuer ? issuer.get() : made.get();
  X509_set_issuer_name(made.get(), X509_get_subject_name(signer));
  extend(made.get(), signer, NID_basic_constraints, input.authority ? "CA:TRUE" : "CA:FALSE");
  if (!input.names.empty()) {
    extend(made.get(), signer, NID_subject_alt_name,
           fmt::format("{}", fmt::join(input.names, ",")));
  }
  EVP_PKEY* signing = issuer_key ? issuer_key.get() : key.get();
  check(X509_sign(made.get(), signing, EVP_sha256()) > 0, "signature");

  PEM_write_X509(open_file(base + ".pem", "w").get(), made.get());
  PEM_write_PrivateKey(open_file(base + ".key", "w").get(), key.get(), nullptr, nullptr, 0, nullptr,
                       nullptr);
  return {base + ".pem", base + ".key", fingerprint_of(made.get())};
}

}  // namespace homeostat::test
