#include "reconciler/follow/remote.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using follow::Remote;
using follow::RemoteUrl;
using follow::Transport;

namespace {

std::string problem(const Status& status) { return status ? "" : to_string(status.error()); }
std::string url_problem(const std::string& text) {
  const auto url = follow::parse_remote_url(text);
  return url ? "" : to_string(url.error());
}

}  // namespace

TEST_CASE("remote: each form of a url is taken apart") {
  const std::vector<RemoteUrl> urls = {
      {Transport::https, "https://git.example.org/ana/lab.git", "", "git.example.org", 0},
      {Transport::https, "https://ana@git.example.org:3000/lab", "ana", "git.example.org", 3000},
      {Transport::http, "http://10.5.0.110:3000/ana/lab", "", "10.5.0.110", 3000},
      {Transport::https, "https://[fd00::1]:8443/lab", "", "fd00::1", 8443},
      {Transport::ssh, "ssh://git@git.example.org/ana/lab.git", "git", "git.example.org", 0},
      {Transport::ssh, "ssh://git.example.org:2222/~/lab", "", "git.example.org", 2222},
      {Transport::ssh, "git@git.example.org:ana/lab.git", "git", "git.example.org", 0},
      {Transport::ssh, "nas:lab.git", "", "nas", 0},
      {Transport::ssh, "git@[fd00::1]:lab.git", "git", "fd00::1", 0},
      {Transport::local, "/srv/git/lab.git", "", "", 0},
      {Transport::local, "/srv/odd:name", "", "", 0},
  };
  for (const RemoteUrl& expected : urls) {
    CAPTURE(expected.text);
    const auto url = follow::parse_remote_url(expected.text);
    REQUIRE(url.has_value());
    CHECK(*url == expected);
  }
  CHECK(follow::parse_remote_url("file:///srv/git/lab.git")->text == "/srv/git/lab.git");
}

TEST_CASE("remote: what is no url is refused with what to write") {
  const std::string forms =
      " (write https://host/path, ssh://user@host/path, user@host:path or /path)";
  CHECK(url_problem("") == "no repository is named" + forms);
  CHECK(url_problem("lab") == "lab is no url, and no whole path" + forms);
  CHECK(url_problem("./lab:1") == "./lab:1 is no url, and no whole path" + forms);
  CHECK(url_problem("git://h/lab") == "git:// is no way to follow a repository" + forms);
  CHECK(url_problem("https://") == "the url names no repository" + forms);
  CHECK(url_problem("https://host") == "the url names no repository" + forms);
  CHECK(url_problem("https:///lab") == "the url names no host" + forms);
  CHECK(url_problem("https://host:0/lab") == "the url's port is no port" + forms);
  CHECK(url_problem("https://host:99999999999/lab") == "the url's port is no number" + forms);
  CHECK(url_problem("https://host:x/lab") == "the url's port is no number" + forms);
  CHECK(url_problem("ssh://[fd00::1/lab") == "the url's address is not closed by ]" + forms);
  CHECK(url_problem("ssh://-oProxyCommand=x/lab") == "the url names no host" + forms);
  CHECK(url_problem("git@host:") == "the url names no repository" + forms);
  CHECK(url_problem("git@host:a'b") == "the url's path has a quote in it" + forms);
  CHECK(url_problem("ssh://host/a'b") == "the url's path has a quote in it" + forms);
  CHECK(url_problem("https://host/a\nb") == "the url has a control character in it" + forms);
  CHECK(url_problem("file://srv/lab") == "file:// needs a whole path (write file:///path)");
}

TEST_CASE("remote: a password in a url is refused, and not shown") {
  for (const std::string text : {"https://ana:hunter2@host/lab", "ssh://git:hunter2@host/lab"}) {
    CHECK(url_problem(text) == "a url must not hold a password (give it as `auth:`)");
  }
}

TEST_CASE("remote: settings that do not fit together are refused") {
  const std::string web = "https://git.example.org/lab";
  const std::string ssh = "git@git.example.org:lab";
  const std::string hash(40, 'a');
  const auto said = [](const Remote& remote) { return problem(follow::check_remote(remote)); };
  CHECK(said({.url = web, .branch = "main", .tag = "v1"}) ==
        "only one of branch, tag and commit can be followed (keep one of them)");
  CHECK(said({.url = web, .branch = "-x"}) ==
        "-x is no name of a branch or a tag (without refs/heads/ or refs/tags/)");
  CHECK(said({.url = web, .tag = "a..b"}) ==
        "a..b is no name of a branch or a tag (without refs/heads/ or refs/tags/)");
  CHECK(said({.url = web, .commit = "3f2a91c"}) ==
        "3f2a91c is no commit (give the whole hash, in lower case)");
  CHECK(said({.url = web, .auth = {.token = "t", .agent = true}}) ==
        "more than one way to log in is given (keep one)");
  CHECK(said({.url = ssh, .auth = {.token = "t"}}) ==
        "a token or a password is for https only (over ssh: `key:` or `agent:`)");
  CHECK(said({.url = web, .auth = {.key_file = "/k"}}) ==
        "a key or an agent is for ssh only (over https: `token:` or `password:`)");
  CHECK(said({.url = web, .auth = {.password = "p"}}) ==
        "a password needs its username (add `username:`)");
  CHECK(said({.url = "http://git.example.org/lab", .auth = {.token = "t"}}) ==
        "a token or a password would go in the clear over http:// (write https://, or use ssh)");
  CHECK(said({.url = web, .host_key = "SHA256:" + std::string(43, 'a')}) ==
        "host_key is for ssh only (leave it out)");
  CHECK(said({.url = ssh, .host_key = "12:ab"}) ==
        "host_key is no fingerprint (as `ssh-keygen -lf` prints it: SHA256:...)");
  CHECK(said({.url = ssh, .ca_file = "/ca"}) == "ca_file is for https only (leave it out)");

  CHECK(said({.url = web}).empty());
  CHECK(said({.url = web, .branch = "team/a.b", .auth = {.token = "t"}}).empty());
  CHECK(said({.url = web, .commit = hash, .auth = {.username = "a", .password = "p"}}).empty());
  CHECK(said({.url = web, .commit = std::string(64, 'b')}).empty());
  CHECK(said({.url = "https://ana@host/lab", .auth = {.password = "p"}}).empty());
  CHECK(said({.url = "http://127.0.0.1:3000/lab", .auth = {.token = "t"}}).empty());
  CHECK(said({.url = ssh, .auth = {.agent = true}, .host_key = "SHA256:" + std::string(43, 'a')})
            .empty());
}
