#include "reconciler/follow/host_keys.hpp"

#include <doctest/doctest.h>

#include "tests/reconciler/follow/git_servers.hpp"

using namespace homeostat;
using namespace homeostat::follow;

namespace {

// As it goes over the wire: two strings, each behind four bytes of length.
std::string key_of(const std::string& type, const std::string& body) {
  const auto packed = [](const std::string& text) {
    return std::string(3, '\0') + static_cast<char>(text.size()) + text;
  };
  return packed(type) + packed(body);
}

std::string problem(const Status& status) { return status ? "" : to_string(status.error()); }

const std::string key = key_of("ssh-ed25519", std::string(32, 'k'));    // NOLINT(cert-err58-cpp)
const std::string other = key_of("ssh-ed25519", std::string(32, 'o'));  // NOLINT(cert-err58-cpp)

}  // namespace

TEST_CASE("host keys: bytes become base64 and come back") {
  for (const std::string text : {"", "a", "ab", "abc", "abcd"}) {
    CHECK(from_base64(base64(text)) == text);
  }
  CHECK(base64("abcd") == "YWJjZA==");
  CHECK(from_base64("YWJj\r\n ZA==-----END") == "abcd");
}

TEST_CASE("host keys: a fingerprint is the one that ssh-keygen prints") {
  const TempDir folder;
  for (const std::string type : {"ed25519", "ecdsa"}) {
    const std::string printed = test::make_ssh_key(folder.path() + "/" + type, type);
    const std::string line = folder.read(type + ".pub");
    const std::string rest = line.substr(line.find(' ') + 1);
    const std::string wire = from_base64(rest.substr(0, rest.find(' ')));
    CHECK(fingerprint_of(wire) == printed);
    CHECK(key_type(wire) == line.substr(0, line.find(' ')));
  }
  CHECK(key_type("").empty());
  CHECK(key_type(std::string("\0\0\0\x7Fshort", 9)).empty());
}

TEST_CASE("host keys: with a fingerprint, its key is the host, whatever was known before") {
  const std::string name = "git.example.org";
  const std::string recorded = known_line(name, other);
  CHECK(problem(judge_host_key({name, key, false}, fingerprint_of(key), recorded, "")).empty());
  CHECK(problem(judge_host_key({name, other, true}, fingerprint_of(key), recorded, "")) ==
        "git.example.org has the host key " + fingerprint_of(other) + ", and not " +
            fingerprint_of(key) +
            " (host_key says so; where the key was changed on purpose, write the new one)");
}

TEST_CASE("host keys: without a fingerprint, a new host is told from one that has changed") {
  const std::string name = known_name("git.example.org", 2222);
  CHECK(name == "[git.example.org]:2222");
  CHECK(known_name("git.example.org", 22) == "git.example.org");
  const std::string recorded = known_line(name, other);
  CHECK(judge_host_key({name, key, true}, "", "", "").has_value());
  CHECK(problem(judge_host_key({name, key, false}, "", "", recorded)) ==
        "the host key of [git.example.org]:2222 has changed: it is " + fingerprint_of(key) +
            ", and was " + fingerprint_of(other) +
            " (where that was on purpose, say so: host_key: " + fingerprint_of(key) + ")");
  CHECK(problem(judge_host_key({name, key, false}, "", "# " + recorded, "x,y a b\n")) ==
        "the host key of [git.example.org]:2222 is not known: " + fingerprint_of(key) +
            " (compare it with what `ssh-keygen -lf` says on that host, and write host_key: " +
            fingerprint_of(key) + ")");
}

TEST_CASE("host keys: a key that is marked as revoked is refused, whoever vouches for it") {
  const std::string theirs = "@revoked * ssh-ed25519 " + base64(key) + "\n";
  CHECK(problem(judge_host_key({"h", key, true}, fingerprint_of(key), "", theirs)) ==
        "h has the host key " + fingerprint_of(key) +
            ", which is marked as revoked (do not go on: somebody else may be there in its place)");
  CHECK(judge_host_key({"h", other, true}, "", "", theirs).has_value());
}

TEST_CASE("host keys: a host is remembered with one key, and others are kept") {
  const std::string before = known_line("a", other) + known_line("b", other);
  CHECK(remember_host_key({"a", key, false}, before) ==
        known_line("b", other) + known_line("a", key));
  CHECK(remember_host_key({"c", key, false}, "") == known_line("c", key));
}

TEST_CASE("host keys: comments, markers and keys of no use are left out of what is believed") {
  const std::string good = "a,b ssh-ed25519 AAAA comment\n";
  CHECK(usable_lines("# a\n\n@cert-authority * ssh-ed25519 AAAA\na ssh-rsa AAAA\nshort\n" + good) ==
        good);
}
