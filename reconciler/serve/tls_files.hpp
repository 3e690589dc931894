// The server's certificate and its key.
#pragma once

#include <string>

#include "specs/result.hpp"

namespace homeostat {

struct TlsFiles {
  std::string certificate;  // PEM, as the files hold it
  std::string key;
};
// Errors: a file that cannot be read, is no PEM, or does not fit the other; a key that everybody on
// this machine may read.
[[nodiscard]] Result<TlsFiles> read_tls_files(const std::string& certificate_file,
                                              const std::string& key_file);

}  // namespace homeostat
