#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "tests/reconciler/follow/git_servers.hpp"
#include "tests/reconciler/follow/mirror_lab.hpp"
#include "tests/support/raw_server.hpp"

using namespace homeostat;
using namespace homeostat::test;
using follow::Fetched;
using follow::Remote;

namespace {

struct SshLab : MirrorLab {
  std::string first = repo.save("a.yaml", "1", "First");
  GitSsh server;
  TempDir keys;

  explicit SshLab(const std::vector<std::string>& host_keys = {"ed25519"}) : server(host_keys) {
    make_ssh_key(key("ours"));
    server.allow(key("ours.pub"));
  }
  [[nodiscard]] std::string key(const std::string& name) const { return keys.path() + "/" + name; }
  // As somebody would write it who did all right.
  [[nodiscard]] Remote remote() const {
    return {.url = server.url(repo.path()),
            .branch = "main",
            .auth = {.key_file = key("ours")},
            .host_key = server.fingerprint("ed25519")};
  }
  [[nodiscard]] std::string said(const Remote& remote) const {
    return problem(mirror(remote).fetch({}));
  }
};

// In the environment of the test program, and so of the child.
class AgentSocket {
 public:
  explicit AgentSocket(const std::string& path) { ::setenv("SSH_AUTH_SOCK", path.c_str(), 1); }
  AgentSocket(const AgentSocket&) = delete;
  AgentSocket& operator=(const AgentSocket&) = delete;
  ~AgentSocket() { ::unsetenv("SSH_AUTH_SOCK"); }
};

}  // namespace

TEST_CASE("mirror: over ssh with a key, a push is seen") {
  SshLab lab;
  follow::Mirror mirror = lab.mirror(lab.remote());
  CHECK(good(mirror.fetch({})).commit == lab.first);
  const std::string second = lab.repo.save("a.yaml", "2", "Second");
  CHECK(good(mirror.fetch({})).commit == second);
  CHECK(lab.file(second, "a.yaml") == "2");
}

TEST_CASE("mirror: over ssh, the user may stand in the settings instead of the url") {
  SshLab lab;
  Remote remote = lab.remote();
  remote.url.erase(6, remote.url.find('@') + 1 - 6);
  remote.auth.username = user_name();
  CHECK(good(lab.mirror(remote).fetch({})).commit == lab.first);
}

TEST_CASE("mirror: over ssh, ECDSA and a key with a passphrase do as well") {
  SshLab lab;
  make_ssh_key(lab.key("ecdsa"), "ecdsa");
  make_ssh_key(lab.key("secret"), "ed25519", {"-N", "hunter2"});
  lab.server.allow(lab.key("ecdsa.pub"));
  lab.server.allow(lab.key("secret.pub"));
  Remote remote = lab.remote();
  remote.auth.key_file = lab.key("ecdsa");
  CHECK(good(lab.mirror(remote).fetch({})).commit == lab.first);
  remote.auth = {.key_file = lab.key("secret"), .passphrase = "hunter2"};
  CHECK(good(lab.mirror(remote).fetch({})).commit == lab.first);
  remote.auth.passphrase = "wrong";
  const std::string said = lab.said(remote);
  CAPTURE(said);
  CHECK(said.find("auth: cannot use the key " + lab.key("secret") + ": ") == 0);
  CHECK(said.find("(is its passphrase right?)") != std::string::npos);
  CHECK(said.find("wrong,") == std::string::npos);
}

TEST_CASE("mirror: over ssh with an agent") {
  SshLab lab;
  const std::string socket = lab.keys.path() + "/agent";
  Daemon agent({"/usr/bin/ssh-agent", "-D", "-a", socket}, lab.keys.path() + "/log");
  REQUIRE(agent.wait_until([&] { return listens(socket); }));
  const AgentSocket named(socket);
  Remote remote = lab.remote();
  remote.auth = {.agent = true};
  CHECK(lab.said(remote).find("auth: " + remote.url + " refuses every key of the agent") == 0);
  must({"/usr/bin/ssh-add", "-q", lab.key("ours")});
  CHECK(good(lab.mirror(remote).fetch({})).commit == lab.first);
}

TEST_CASE("mirror: over ssh, a key that the server does not know is refused, once") {
  SshLab lab;
  make_ssh_key(lab.key("other"));
  Remote remote = lab.remote();
  remote.auth.key_file = lab.key("other");
  CHECK(lab.said(remote) == "auth: " + remote.url + " refuses the key (is it allowed there, for " +
                                "the user " + user_name() + "?)");
  remote.auth = {};
  CHECK(lab.said(remote) == "auth: " + remote.url +
                                " wants to know who we are (add `auth: { key: FILE }` or `auth: { "
                                "agent: true }`)");
}

TEST_CASE("mirror: over ssh, a key file is looked at before anybody is called") {
  SshLab lab;
  Remote remote = lab.remote();
  make_ssh_key(lab.key("rsa"), "rsa", {"-b", "2048", "-N", ""});
  remote.auth.key_file = lab.key("rsa");
  CHECK(lab.said(remote) ==
        "auth: the key " + lab.key("rsa") +
            " is RSA, and Debian's libssh2 has no rsa-sha2 (use ed25519 or ECDSA; make one with: "
            "ssh-keygen -t ed25519)");
  remote.auth.key_file = lab.key("none");
  CHECK(lab.said(remote) == "auth: there is no key " + lab.key("none"));
  remote.auth.key_file = lab.key("ours");
  REQUIRE(::chmod(lab.key("ours").c_str(), 0644) == 0);
  CHECK(lab.said(remote).find("is open to others (mode 0644)") != std::string::npos);
}

TEST_CASE("mirror: over ssh, nobody is talked to whose host key is not known") {
  SshLab lab;
  Remote remote = lab.remote();
  remote.host_key.clear();
  const std::string seen = lab.server.fingerprint("ed25519");
  const std::string said = lab.said(remote);
  CAPTURE(said);
  CHECK(said.find("auth: the host key of [127.0.0.1]:") == 0);
  CHECK(said.find(" is not known: " + seen) != std::string::npos);
  remote.host_key = "SHA256:" + std::string(43, 'a');
  CHECK(lab.said(remote).find(" has the host key " + seen + ", and not " + remote.host_key) !=
        std::string::npos);
}

TEST_CASE("mirror: over ssh, a host key is remembered from the first contact on") {
  SshLab lab;
  Remote remote = lab.remote();
  CHECK(good(lab.mirror(remote).fetch({})).commit == lab.first);
  remote.host_key.clear();
  CHECK(good(lab.mirror(remote).fetch({})).commit == lab.first);

  lab.server.change_host_keys();
  const std::string said = lab.said(remote);
  CAPTURE(said);
  CHECK(said.find("auth: the host key of [127.0.0.1]:") == 0);
  CHECK(said.find(" has changed: it is " + lab.server.fingerprint("ed25519") + ", and was ") !=
        std::string::npos);
  CHECK(lab.mirror(remote).last_commit() == lab.first);

  // On purpose: the machine file says so.
  remote.host_key = lab.server.fingerprint("ed25519");
  CHECK(good(lab.mirror(remote).fetch({})).commit == lab.first);
  remote.host_key.clear();
  CHECK(good(lab.mirror(remote).fetch({})).commit == lab.first);
}

TEST_CASE("mirror: over ssh, the fingerprint of any of the server's keys will do") {
  SshLab lab({"ed25519", "ecdsa"});
  for (const std::string type : {"ecdsa", "ed25519"}) {
    CAPTURE(type);
    std::filesystem::remove_all(lab.folder());
    Remote remote = lab.remote();
    remote.host_key = lab.server.fingerprint(type);
    CHECK(good(lab.mirror(remote).fetch({})).commit == lab.first);
    remote.host_key.clear();
    CHECK(good(lab.mirror(remote).fetch({})).commit == lab.first);
  }
}

TEST_CASE("mirror: over ssh, a known_hosts file of the machine's is believed, and not written") {
  SshLab lab({"ed25519", "ecdsa"});
  Remote remote = lab.remote();
  remote.host_key.clear();
  remote.known_hosts = lab.key("known_hosts");
  CHECK(lab.said(remote) == "invalid_spec: cannot read known_hosts " + remote.known_hosts);
  // RSA comes first, as it often does; nobody could talk to that.
  const std::string line = lab.server.known_line("ecdsa");
  const std::string text =
      line.substr(0, line.find(' ')) + " ssh-rsa " + std::string(64, 'A') + "\n" + line;
  lab.keys.write("known_hosts", text);
  CHECK(good(lab.mirror(remote).fetch({})).commit == lab.first);
  CHECK(lab.keys.read("known_hosts") == text);
  must({"/usr/bin/ssh-keygen", "-q", "-H", "-f", remote.known_hosts});
  CHECK(good(lab.mirror(remote).fetch({})).commit == lab.first);
  lab.keys.write("known_hosts", "@revoked" + (" * " + line.substr(line.find(' ') + 1)) + line);
  CHECK(lab.said(remote).find("which is marked as revoked") != std::string::npos);
}

TEST_CASE("mirror: over ssh, a repository that is not there is said so") {
  SshLab lab;
  Remote remote = lab.remote();
  remote.url = lab.server.url("/none");
  CHECK(lab.said(remote) == "not_found: there is no repository at " + remote.url +
                                " (or these credentials may not see it)");
}

TEST_CASE("mirror: over ssh, an unreachable remote is said so") {
  SshLab lab;
  Remote remote = lab.remote();
  remote.url = "ssh://git@127.0.0.1:" + std::to_string(closed_port()) + "/lab";
  CHECK(lab.said(remote).find("transient: cannot reach " + remote.url + ": ") == 0);
}
