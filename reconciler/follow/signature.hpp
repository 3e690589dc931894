// Who signed a commit, asked of the programs that know: ssh-keygen and gpg.
#pragma once

#include <stop_token>
#include <string>

#include "specs/result.hpp"

namespace homeostat::follow {

// Whose signatures count. Exactly one of them.
struct Signers {
  std::string ssh = {};  // a file as `ssh-keygen -Y verify` reads it (ALLOWED SIGNERS)
  std::string gpg = {};  // a folder with a keyring: every key in it counts
  friend bool operator==(const Signers&, const Signers&) = default;
};

// "ana@example.org (ssh SHA256:...)", "Ana <ana@example.org> (gpg 9F3C...)". `repository` is a bare
// one, `commit` the whole hash. A key counts while it is good now: one that has expired or was
// revoked since refuses the commit, whatever time that claims.
// Errors: auth where it is not signed by one of them, with what is wrong; invalid_spec where the
// file or folder of the signers is not there; not_found where the program is not; cancelled.
[[nodiscard]] Result<std::string> verify_commit(const std::string& repository,
                                                const std::string& commit, const Signers& signers,
                                                const std::stop_token& stop);

// What `gpg --status-fd` said of one signature: "Ana <ana@example.org> (gpg 9F3C...)", or why it
// does not count. Pure.
[[nodiscard]] Result<std::string> read_gpg_status(const std::string& status);

}  // namespace homeostat::follow
