#include "reconciler/serve/tls_files.hpp"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <memory>
#include <sstream>
#include <system_error>

namespace homeostat {
namespace {

using Memory = std::unique_ptr<BIO, decltype([](BIO* bio) { BIO_free(bio); })>;
using Certificate = std::unique_ptr<X509, decltype([](X509* made) { X509_free(made); })>;
using Key = std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* made) { EVP_PKEY_free(made); })>;

Memory reader(const std::string& text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Result<std::string> read_whole(const std::string& what, const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    return fail(ErrorKind::invalid_spec,
                "cannot read " + what + " " + path + ": " + std::generic_category().message(errno));
  }
  return text.str();
}

}  // namespace

Result<TlsFiles> read_tls_files(const std::string& certificate_file, const std::string& key_file) {
  TlsFiles files;
  TRY_ASSIGN(files.certificate, read_whole("the certificate", certificate_file));
  TRY_ASSIGN(files.key, read_whole("the key", key_file));
  struct stat about {};
  if (stat(key_file.c_str(), &about) != 0 || (about.st_mode & S_IRWXO) != 0) {
    return fail(ErrorKind::invalid_spec, "the key " + key_file + " is open to everybody",
                "chmod o= " + key_file);
  }
  const Certificate certificate(
      PEM_read_bio_X509(reader(files.certificate).get(), nullptr, nullptr, nullptr));
  if (!certificate) {
    return fail(ErrorKind::invalid_spec, certificate_file + " holds no certificate",
                "it must be PEM: -----BEGIN CERTIFICATE-----");
  }
  // A key with a passphrase is none that a service can use; without this callback OpenSSL would ask
  // on the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  const Key key(PEM_read_bio_PrivateKey(reader(files.key).get(), nullptr, no_passphrase, nullptr));
  if (!key) {
    return fail(ErrorKind::invalid_spec, key_file + " holds no private key",
                "it must be PEM, without a passphrase");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return fail(ErrorKind::invalid_spec,
                "the key " + key_file + " is not the one of the certificate " + certificate_file,
                "the file's first certificate must be the server's own");
  }
  return files;
}

}  // namespace homeostat
