#include "reconciler/follow/key_file.hpp"

#include <doctest/doctest.h>

#include "tests/reconciler/follow/git_servers.hpp"

using namespace homeostat;

namespace {

struct Keys {
  TempDir folder;

  // What is said of a key that ssh-keygen makes.
  [[nodiscard]] std::string said_of(const std::string& name, const std::string& type,
                                    const std::vector<std::string>& more) const {
    test::make_ssh_key(folder.path() + "/" + name, type, more);
    return said(folder.read(name));
  }
  static std::string said(const std::string& text) {
    const Status status = follow::check_private_key("/etc/key", text);
    return status ? "" : to_string(status.error());
  }
};

const char* const rsa =
    "the key /etc/key is RSA, and Debian's libssh2 has no rsa-sha2 (use ed25519 or ECDSA; make one "
    "with: ssh-keygen -t ed25519)";

}  // namespace

TEST_CASE("key file: RSA is told in each of its forms, with a passphrase too") {
  const Keys keys;
  CHECK(keys.said_of("openssh", "rsa", {"-b", "2048", "-N", ""}) == rsa);
  CHECK(keys.said_of("secret", "rsa", {"-b", "2048", "-N", "passphrase"}) == rsa);
  CHECK(keys.said_of("pem", "rsa", {"-b", "2048", "-m", "PEM", "-N", ""}) == rsa);
  CHECK(keys.said_of("pkcs8", "rsa", {"-b", "2048", "-m", "PKCS8", "-N", ""}) == rsa);
}

TEST_CASE("key file: ed25519 and ECDSA are fine, with a passphrase too") {
  const Keys keys;
  CHECK(keys.said_of("a", "ed25519", {"-N", ""}).empty());
  CHECK(keys.said_of("b", "ed25519", {"-N", "passphrase"}).empty());
  CHECK(keys.said_of("c", "ecdsa", {"-N", ""}).empty());
  CHECK(keys.said_of("d", "ecdsa", {"-m", "PEM", "-N", ""}).empty());
  CHECK(keys.said_of("e", "ecdsa", {"-m", "PKCS8", "-N", ""}).empty());
}

TEST_CASE("key file: what is no private key of ssh is refused with what to do") {
  const Keys keys;
  test::make_ssh_key(keys.folder.path() + "/k");
  CHECK(Keys::said(keys.folder.read("k.pub")) ==
        "the key /etc/key is a public key (name the private one, without .pub)");
  CHECK(Keys::said("PuTTY-User-Key-File-3: ssh-ed25519\n") ==
        "the key /etc/key is in PuTTY's form (convert it: puttygen KEY -O private-openssh -o NEW)");
  CHECK(Keys::said("token\n") ==
        "the key /etc/key is no private key (make one with: ssh-keygen -t ed25519)");
  const std::string text = keys.folder.read("k");
  CHECK(
      Keys::said(text.substr(0, 60)) ==
      "the key /etc/key is of a type that cannot be used, or damaged (make one with: ssh-keygen -t "
      "ed25519)");
}
