// Whom we talk to over ssh: fingerprints, and files in the form of OpenSSH's known_hosts. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "specs/result.hpp"

namespace homeostat::follow {

[[nodiscard]] std::string base64(std::string_view bytes);
// Whitespace is skipped; what is no base64 ends it.
[[nodiscard]] std::string from_base64(std::string_view text);

// As ssh packs strings: four bytes of length, and as many of text. Taken off; nullopt where `bytes`
// is shorter.
[[nodiscard]] std::optional<std::string_view> take_string(std::string_view& bytes);

// Of a public key as it goes over the wire: "SHA256:..." like `ssh-keygen -lf`, and its type
// ("ssh-ed25519"; "" where it has none).
[[nodiscard]] std::string fingerprint_of(std::string_view key);
[[nodiscard]] std::string key_type(std::string_view key);

// A host as known_hosts names it: "host", "[host]:port" where the port is not ssh's own.
[[nodiscard]] std::string known_name(const std::string& host, int port);
// One line of such a file, with its newline.
[[nodiscard]] std::string known_line(const std::string& name, std::string_view key);

// The types that libssh2 can check, most wanted first. RSA is none: it knows no rsa-sha2.
[[nodiscard]] const std::vector<std::string>& usable_key_types();
// The lines of such a file that have a use: keys of these types, no comments, no markers.
[[nodiscard]] std::string usable_lines(const std::string& known_hosts);
// Makes the next connection ask for a key of this type: a line with a key that nobody has.
[[nodiscard]] std::string wish_line(const std::string& name, const std::string& type);

struct Presented {
  std::string name;    // known_name of the host
  std::string key;     // as it goes over the wire
  bool known = false;  // it stands in the lines that were believed
};

// Whether this is the host that we mean. With a fingerprint: whose key has it, whatever was known
// before. Without: whom the files know. `ours` and `theirs` tell one that is new from one whose key
// has changed; a key that `theirs` marks @revoked is refused in any case.
[[nodiscard]] Status judge_host_key(const Presented& presented, const std::string& fingerprint,
                                    const std::string& ours, const std::string& theirs);

// `ours` with this key as the only one of its host.
[[nodiscard]] std::string remember_host_key(const Presented& presented, const std::string& ours);

}  // namespace homeostat::follow
