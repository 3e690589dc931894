#include <doctest/doctest.h>

#include "tests/reconciler/follow/git_servers.hpp"
#include "tests/reconciler/follow/mirror_lab.hpp"
#include "tests/support/raw_server.hpp"

using namespace homeostat;
using namespace homeostat::test;
using follow::Fetched;
using follow::Remote;

namespace {

struct WebLab : MirrorLab {
  std::string first = repo.save("a.yaml", "1", "First");
  GitHttps server{repo.path()};

  [[nodiscard]] Remote remote(const follow::RemoteAuth& auth) const {
    return {
        .url = server.url(".git"), .branch = "main", .auth = auth, .ca_file = server.authority()};
  }
  [[nodiscard]] std::string said(const Remote& remote) const {
    return problem(mirror(remote).fetch({}));
  }
};

const follow::RemoteAuth ana{.username = "ana", .password = "hunter2"};  // NOLINT(cert-err58-cpp)

}  // namespace

TEST_CASE("mirror: over https with a password, a push is seen") {
  WebLab lab;
  follow::Mirror mirror = lab.mirror(lab.remote(ana));
  CHECK(good(mirror.fetch({})).commit == lab.first);
  const std::string second = lab.repo.save("a.yaml", "2", "Second");
  CHECK(good(mirror.fetch({})).commit == second);
  CHECK(lab.file(second, "a.yaml") == "2");
  // The name in the url counts where the settings have none.
  Remote named = lab.remote({.password = "hunter2"});
  named.url.replace(0, 8, "https://ana@");
  CHECK(good(lab.mirror(named).fetch({})).commit == second);
}

TEST_CASE("mirror: over https with a token, which goes in place of the password") {
  WebLab lab;
  CHECK(good(lab.mirror(lab.remote({.username = "ana", .token = "hunter2"})).fetch({})).commit ==
        lab.first);
  // A forge looks at no name then; this server does.
  CHECK(lab.said(lab.remote({.token = "hunter2"})) ==
        "auth: " + lab.server.url(".git") +
            " refuses the token (has it expired, and may it read that repository?)");
}

TEST_CASE("mirror: over https, wrong and missing credentials are asked for once") {
  WebLab lab;
  const std::string url = lab.server.url(".git");
  CHECK(lab.said(lab.remote({.username = "ana", .password = "wrong"})) ==
        "auth: " + url +
            " refuses the password (has it expired, and may it read that repository?)");
  const std::string ask = "GET /.git/info/refs?service=git-upload-pack ";
  CHECK(lab.server.requests(2) == ask + "-\n" + ask + "ana\n");
  CHECK(lab.said(lab.remote({})) ==
        "auth: " + url +
            " wants to know who we are (add `auth:` with a token, or a username and a password)");
}

TEST_CASE("mirror: over https, no server is believed whose authority is not") {
  WebLab lab;
  Remote remote = lab.remote(ana);
  remote.ca_file.clear();
  CHECK(lab.said(remote).find("auth: the certificate of localhost is not to be believed: ") == 0);
  // The right authority, and an address: the certificate says it, but nobody looks there.
  remote = lab.remote(ana);
  remote.url.replace(remote.url.find("localhost"), 9, "127.0.0.1");
  const std::string said = lab.said(remote);
  CHECK(said.find("auth: the certificate of 127.0.0.1 is not to be believed: ") == 0);
  CHECK(said.find("call it by its name") != std::string::npos);
  CHECK(lab.server.requests().empty());
  remote.ca_file = "/nowhere";
  CHECK(lab.said(remote) == "invalid_spec: cannot use ca_file /nowhere");
}

TEST_CASE("mirror: over https, a redirect is followed within the host, and never to another") {
  WebLab lab;
  Remote remote = lab.remote(ana);
  remote.url = lab.server.url("away/.git");
  CHECK(lab.said(remote) ==
        "invalid_spec: " + remote.url + " leads to another host (write the url it leads to)");
  CHECK(lab.server.requests().find("GET /.git") == std::string::npos);
  remote.url = lab.server.url("moved/.git");
  CHECK(good(lab.mirror(remote).fetch({})).commit == lab.first);
}

TEST_CASE("mirror: over https, a repository that is not there is said so") {
  WebLab lab;
  Remote remote = lab.remote(ana);
  remote.url = lab.server.url("none.git");
  CHECK(lab.said(remote) == "not_found: there is no repository at " + remote.url +
                                " (or these credentials may not see it)");
}

TEST_CASE("mirror: over https, an unreachable remote takes nothing away") {
  WebLab lab;
  follow::Mirror mirror = lab.mirror(lab.remote(ana));
  good(mirror.fetch({}));
  Remote gone = lab.remote(ana);
  gone.url = "https://localhost:" + std::to_string(closed_port()) + "/.git";
  follow::Mirror later = lab.mirror(gone);
  CHECK(problem(later.fetch({})).find("transient: cannot reach " + gone.url + ": ") == 0);
  CHECK(later.last_commit() == lab.first);
  CHECK(lab.file(lab.first, "a.yaml") == "1");
}

TEST_CASE("mirror: an answer that is no git is an error of the remote") {
  const RawServer web([](Peer& peer, int) {
    peer.read_request();
    peer.write(http_answer(200, "<html>welcome</html>"));
  });
  const MirrorLab lab;
  const std::string said =
      problem(lab.mirror({.url = web.url() + "/lab", .branch = "main"}).fetch({}));
  CAPTURE(said);
  CHECK(said.find("transient: cannot reach " + web.url() + "/lab: ") == 0);
}
