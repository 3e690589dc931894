#include "reconciler/follow/key_file.hpp"

#include <fmt/format.h>

#include "reconciler/follow/host_keys.hpp"

namespace homeostat::follow {
namespace {

constexpr const char* make_one = "make one with: ssh-keygen -t ed25519";

tl::unexpected<Error> refused(const std::string& path, const std::string& why,
                              const std::string& hint) {
  return fail(ErrorKind::auth, fmt::format("the key {} {}", path, why), hint);
}

tl::unexpected<Error> rsa(const std::string& path) {
  return refused(path, "is RSA, and Debian's libssh2 has no rsa-sha2",
                 std::string("use ed25519 or ECDSA; ") + make_one);
}

// The bytes of the first PEM block with this title; "" where there is none.
std::string block(std::string_view text, const std::string& title) {
  const std::string begin = "-----BEGIN " + title + "-----";
  const std::size_t start = text.find(begin);
  if (start == std::string_view::npos) return {};
  return from_base64(text.substr(start + begin.size()));
}

// OpenSSH's PROTOCOL.key: magic, cipher, kdf, its options, how many keys, the first public key. All
// of that is in the clear, with a passphrase too.
std::string openssh_type(std::string_view bytes) {
  constexpr std::string_view magic("openssh-key-v1\0", 15);
  if (!bytes.starts_with(magic)) return {};
  bytes.remove_prefix(magic.size());
  for (int skipped = 0; skipped < 3; ++skipped) {
    if (!take_string(bytes)) return {};
  }
  if (bytes.size() < 4) return {};
  bytes.remove_prefix(4);
  const auto key = take_string(bytes);
  return key ? key_type(*key) : std::string();
}

}  // namespace

Status check_private_key(const std::string& path, std::string_view text) {
  const auto has = [text](std::string_view title) {
    return text.find(fmt::format("-----BEGIN {}-----", title)) != std::string_view::npos;
  };
  if (has("RSA PRIVATE KEY")) return rsa(path);
  if (has("DSA PRIVATE KEY")) {
    return refused(path, "is DSA, which no server takes any more", make_one);
  }
  if (has("OPENSSH PRIVATE KEY")) {
    const std::string type = openssh_type(block(text, "OPENSSH PRIVATE KEY"));
    if (type == "ssh-rsa") return rsa(path);
    if (type.starts_with("sk-")) {
      return refused(path, "needs its hardware to be touched", make_one);
    }
    if (type == "ssh-ed25519" || type.starts_with("ecdsa-")) return {};
    return refused(path, "is of a type that cannot be used, or damaged", make_one);
  }
  // PKCS #8 names the algorithm near its start: 1.2.840.113549.1.1.1 is RSA.
  if (has("PRIVATE KEY")) {
    constexpr std::string_view rsa_oid("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01", 9);
    const std::string bytes = block(text, "PRIVATE KEY");
    if (bytes.substr(0, 64).find(rsa_oid) != std::string::npos) return rsa(path);
    return {};
  }
  if (has("EC PRIVATE KEY") || has("ENCRYPTED PRIVATE KEY")) return {};
  if (text.starts_with("PuTTY-User-Key-File")) {
    return refused(path, "is in PuTTY's form",
                   "convert it: puttygen KEY -O private-openssh -o NEW");
  }
  if (text.starts_with("ssh-") || text.starts_with("ecdsa-")) {
    return refused(path, "is a public key", "name the private one, without .pub");
  }
  return refused(path, "is no private key", make_one);
}

}  // namespace homeostat::follow
