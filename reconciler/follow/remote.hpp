// Where a site's commits come from, and how one gets in there.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "specs/result.hpp"

namespace homeostat::follow {

enum class Transport : std::uint8_t { local, https, http, ssh };

// A git url taken apart. None holds a password.
struct RemoteUrl {
  Transport transport = Transport::local;
  std::string text = {};      // as it was written; of `file://`, the path
  std::string username = {};  // "" where it names none
  std::string host = {};      // "" of a local one; an IPv6 address without its brackets
  int port = 0;               // 0: the usual one
  friend bool operator==(const RemoteUrl&, const RemoteUrl&) = default;
};

// https://host/path, http://host/path, ssh://[user@]host[:port]/path, [user@]host:path,
// file:///path, /path. Anything else is refused with what to write.
[[nodiscard]] Result<RemoteUrl> parse_remote_url(const std::string& text);

// What the machine file says, with the values of its secrets. At most one way.
struct RemoteAuth {
  std::string username = {};    // https with password or token: any; ssh: the url's comes first
  std::string token = {};       // https
  std::string password = {};    // https
  std::string key_file = {};    // ssh: an ed25519 or ECDSA private key, private to the user
  std::string passphrase = {};  // of key_file; "": it has none
  bool agent = false;           // ssh: what SSH_AUTH_SOCK leads to
};

struct Remote {
  std::string url = {};
  // At most one of them; none: the branch that the remote's HEAD names.
  std::string branch = {};
  std::string tag = {};
  std::string commit = {};  // the whole hash
  std::string path = {};    // the spec's folder in the repository, "" = its top
  RemoteAuth auth = {};
  std::string host_key = {};     // ssh: "SHA256:...", as `ssh-keygen -lf` prints it
  std::string known_hosts = {};  // ssh: a file whose keys are believed too; never written
  std::string ca_file = {};      // https: believed instead of the system's authorities
  std::chrono::milliseconds time_limit = std::chrono::minutes(2);
};

// Whether all that fits together: what would be ignored, or sent in the clear, is refused.
[[nodiscard]] Status check_remote(const Remote& remote);

// "branch main", "tag v1", "commit 3f2a91c...", "the default branch".
[[nodiscard]] std::string wanted_text(const Remote& remote);

}  // namespace homeostat::follow
