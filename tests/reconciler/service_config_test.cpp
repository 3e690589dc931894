// `service:` of the machine file.
#include "reconciler/service_config.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "reconciler/machine.hpp"
#include "tests/support/temp_repo.hpp"

using namespace homeostat;

namespace {

struct File {
  TempDir dir;
  tl::expected<MachineFile, Errors> read;

  explicit File(const std::string& text) {
    dir.write("machine.yaml", text);
    REQUIRE(::chmod((dir.path() + "/machine.yaml").c_str(), 0644) == 0);
    read = read_machine_file(dir.path() + "/machine.yaml");
  }
  [[nodiscard]] const ServiceConfig& service() const {
    REQUIRE(read);
    REQUIRE(read->service);
    return *read->service;
  }
  // All errors as people see them, with the folder left out.
  [[nodiscard]] std::string errors(bool whole = false) const {
    std::string text;
    if (read) return text;
    for (const Error& error : read.error()) text += whole ? render(error) : to_string(error) + "\n";
    for (auto at = text.find(dir.path()); at != std::string::npos; at = text.find(dir.path())) {
      text.erase(at, dir.path().size() + 1);
    }
    return text;
  }
};

// What is wrong with a site of which `text` says all but its repository.
std::string wrong_site(const std::string& text) {
  return File("service:\n  sites:\n    home:\n      repo: /srv/lab.git\n      " + text + "\n")
      .errors();
}

std::string wrong_repo(const std::string& text) {
  return File("service: { sites: { home: { repo: \"" + text + "\" } } }\n").errors();
}

}  // namespace

TEST_CASE("service config: all that it can say") {
  const File file(
      "service:\n"
      "  listen: 127.0.0.1:8471\n"
      "  tls: { certificate: /etc/h/cert.pem, key: /etc/h/key.pem }\n"
      "  token_hash: \"sha256:" +
      std::string(64, 'a') +
      "\"\n"
      "  sites:\n"
      "    home:\n"
      "      repo: https://git.example.org/ana/lab.git\n"
      "      tag: v1\n"
      "      path: sites/home\n"
      "      poll: 30s\n"
      "      interval: 1h\n"
      "      fetch_timeout: 5m\n"
      "      auth: { username: ana, password: { command: [pass, show, git] } }\n"
      "      ca_file: /etc/h/ca.pem\n"
      "      require_signed_commits: { ssh: /etc/h/signers }\n"
      "      webhook: { forge: forgejo, secret: { file: /etc/h/hook } }\n"
      "      forge: { type: gitea, url: \"https://git.example.org\", repo: ana/lab, token: { env: "
      "T } }\n"
      "    office:\n"
      "      repo: git@git.example.org:ana/office.git\n"
      "      auth: { key: /etc/h/id_ed25519, passphrase: { file: /etc/h/pass } }\n"
      "      host_key: \"SHA256:" +
      std::string(43, 'x') + "\"\n");
  const ServiceConfig& service = file.service();
  CHECK(service.listen == "127.0.0.1:8471");
  REQUIRE(service.tls);
  CHECK(service.tls->certificate == "/etc/h/cert.pem");
  CHECK(service.tls->key == "/etc/h/key.pem");
  CHECK(service.token_hash == "sha256:" + std::string(64, 'a'));
  REQUIRE(service.sites.size() == 2);
  const SiteConfig& home = service.sites.at("home");
  CHECK(home.name == "home");
  CHECK(home.repo == "https://git.example.org/ana/lab.git");
  CHECK(home.branch.empty());
  CHECK(home.tag == "v1");
  CHECK(home.path == "sites/home");
  CHECK(home.poll == std::chrono::seconds(30));
  CHECK(home.interval == std::chrono::hours(1));
  CHECK(home.fetch_timeout == std::chrono::minutes(5));
  CHECK(home.auth.username == "ana");
  REQUIRE(home.auth.password);
  CHECK(home.auth.password->kind == SecretSource::Kind::command);
  CHECK(home.auth.password->words == std::vector<std::string>{"pass", "show", "git"});
  CHECK_FALSE(home.auth.token);
  CHECK(home.ca_file == "/etc/h/ca.pem");
  REQUIRE(home.signed_commits);
  CHECK(home.signed_commits->ssh == "/etc/h/signers");
  CHECK(home.signed_commits->gpg.empty());
  REQUIRE(home.webhook);
  CHECK(home.webhook->forge == "forgejo");
  CHECK(home.webhook->secret.kind == SecretSource::Kind::file);
  CHECK(home.webhook->secret.words == std::vector<std::string>{"/etc/h/hook"});
  REQUIRE(home.forge);
  CHECK(home.forge->type == "gitea");
  CHECK(home.forge->url == "https://git.example.org");
  CHECK(home.forge->repo == "ana/lab");
  CHECK(home.forge->token.kind == SecretSource::Kind::env);
  const SiteConfig& office = service.sites.at("office");
  CHECK(office.auth.key_file == "/etc/h/id_ed25519");
  REQUIRE(office.auth.passphrase);
  CHECK(office.host_key == "SHA256:" + std::string(43, 'x'));
  CHECK(office.where.line == 18);
}

TEST_CASE("service config: the example of its page is right") {
  std::ifstream page(std::string(HOMEOSTAT_SOURCE_DIR) + "/reconciler/machine.md");
  std::stringstream text;
  text << page.rdbuf();
  const std::string all = text.str();
  const std::size_t begin = all.find("```yaml\n") + 8;
  const File file(all.substr(begin, all.find("```\n", begin) - begin));
  CHECK(file.errors().empty());
  CHECK(file.service().sites.size() == 2);
}

TEST_CASE("service config: what is not said has a default") {
  const File file("service: { sites: { home: { repo: /srv/lab.git } } }\n");
  const ServiceConfig& service = file.service();
  CHECK(service.listen.empty());
  CHECK_FALSE(service.tls);
  CHECK(service.token_hash.empty());
  const SiteConfig& home = service.sites.at("home");
  CHECK(home.branch == "main");
  CHECK(home.tag.empty());
  CHECK(home.commit.empty());
  CHECK(home.path.empty());
  CHECK(home.poll == std::chrono::minutes(1));
  CHECK(home.interval == std::chrono::minutes(15));
  CHECK(home.fetch_timeout == std::chrono::minutes(2));
  CHECK_FALSE(home.auth.agent);
  CHECK_FALSE(home.signed_commits);
  CHECK_FALSE(home.webhook);
  CHECK_FALSE(home.forge);
  CHECK_FALSE(File("pin: {}\n").read->service);
}

TEST_CASE("service config: the rules beside it are read as ever") {
  const File file(
      "forbid: { notifiers: [exec] }\nservice: { sites: { home: { repo: /srv/a } } }\n");
  REQUIRE(file.read);
  CHECK(file.read->rules.forbidden_notifiers == std::set<std::string>{"exec"});
  CHECK(file.read->service);
}

TEST_CASE("service config: a repository is a url or a whole path, without a password") {
  for (const char* good : {"https://h.example/a.git", "ssh://git@h.example:2222/a", "file:///a",
                           "git@h.example:a.git", "/srv/a.git", "http://[::1]:3000/a.git"}) {
    CAPTURE(good);
    CHECK(wrong_repo(good).empty());
  }
  const std::string form =
      " (write https://HOST/PATH, ssh://git@HOST/PATH, git@HOST:PATH, or a path from / on)\n";
  CHECK(wrong_repo("lab.git") ==
        "machine.yaml:1:35: `repo`: `lab.git` is neither a url nor a whole path" + form);
  CHECK(wrong_repo("ftp://h.example/a") ==
        "machine.yaml:1:35: `repo`: `ftp` is no way to a repository that is known here (write "
        "https://, ssh://, git@HOST:PATH, or the path of a folder)\n");
  const std::string said = wrong_repo("https://ana:hunter2@h.example/a");
  CHECK(said.find("the url of `repo` holds a password (say below `auth` where it comes from)") !=
        std::string::npos);
  CHECK(said.find("hunter2") == std::string::npos);
}

TEST_CASE("service config: a secret that stands in the file is refused, and not shown") {
  const std::string text =
      "service:\n  token_hash: hunter2\n  sites:\n    home:\n      repo: /srv/a\n"
      "      auth: { token: hunter2 }\n      webhook: { forge: github, secret: hunter2 }\n";
  const std::string said = File(text).errors(true);
  CHECK(said.find("hunter2") == std::string::npos);
  CHECK(said.find("machine.yaml:2:1: `token_hash` is no hash of a token\n") != std::string::npos);
  CHECK(said.find("machine.yaml:6:1: `token` does not say where its value comes from\n") !=
        std::string::npos);
  CHECK(said.find("machine.yaml:7:1: `secret` does not say where its value comes from\n") !=
        std::string::npos);
  const std::string url =
      "service:\n  sites:\n    home:\n      repo: \"https://ana:hunter2@h.example/a\"\n";
  CHECK(File(url).errors(true).find("hunter2") == std::string::npos);
}

TEST_CASE("service config: what is wrong in a site says where, and what to write") {
  CHECK(wrong_site("branch: main\n      tag: v1") ==
        "machine.yaml:6:12: site `home` follows more than one thing (keep one of `branch`, `tag` "
        "and `commit`)\n");
  CHECK(wrong_site("commit: 3f2a91c") ==
        "machine.yaml:5:15: `commit`: `3f2a91c` is not the whole hash of a commit (write all of "
        "its 40 digits: git rev-parse COMMIT)\n");
  CHECK(wrong_site("path: ../other") ==
        "machine.yaml:5:13: `path`: `../other` does not lie in the repository (write the spec's "
        "folder as it is called there, without / in front)\n");
  CHECK(wrong_site("poll: 60") == "machine.yaml:5:13: `poll`: 60 what? (write 60s or 1m)\n");
  CHECK(wrong_site("pol: 60s") ==
        "machine.yaml:5:7: `pol` is not a field of `site home` (did you mean `poll`?)\n");
  CHECK(wrong_site("ca_file: ca.pem") ==
        "machine.yaml:5:16: `ca_file`: `ca.pem` is a relative path, and the service has no folder "
        "of its own (write the whole path, from / on)\n");
  CHECK(wrong_site("host_key: MD5:aa")
            .find("is not the fingerprint of a host key (write "
                  "SHA256:...") != std::string::npos);
  CHECK(wrong_site("require_signed_commits: true") ==
        "machine.yaml:5:31: `require_signed_commits` is a mapping (write its fields as `field: "
        "value`, one a line)\n");
  CHECK(wrong_site("require_signed_commits: {}") ==
        "machine.yaml:5:31: `require_signed_commits` needs exactly one of `ssh` and `gpg` (write { "
        "ssh: FILE_OF_ALLOWED_SIGNERS } or { gpg: FOLDER_OF_A_KEYRING })\n");
  CHECK(wrong_site("webhook: { forge: gitea }").find("`secret` is missing in `webhook`") !=
        std::string::npos);
  CHECK(
      wrong_site("webhook: { forge: git, secret: { env: S } }").find("`forge`: `git` is not one") !=
      std::string::npos);
  CHECK(wrong_site("forge: { type: forgejo, repo: a/b, token: { env: T } }") ==
        "machine.yaml:5:14: `url` is missing in `forge` (write `url: https://git.example.org`)\n");
  CHECK(wrong_site("forge: { type: github, repo: a/b, token: { env: T } }").empty());
}

TEST_CASE("service config: one way in") {
  CHECK(wrong_site("auth: { token: { env: T }, key: /k }") ==
        "machine.yaml:5:13: `auth` says more than one way in (keep one of `token`, `password`, "
        "`key` and `agent`)\n");
  CHECK(wrong_site("auth: { username: ana }").find("`auth` says no way in") != std::string::npos);
  CHECK(wrong_site("auth: { password: { env: P } }") ==
        "machine.yaml:5:25: a password without a `username` (write `username: NAME` beside it)\n");
  CHECK(wrong_site("auth: { passphrase: { env: P } }") ==
        "machine.yaml:5:27: `passphrase` belongs to a `key` (write `key: FILE` beside it)\n");
  CHECK(wrong_site("auth: { token: { env: T, file: /t } }") ==
        "machine.yaml:5:22: `token` needs exactly one of `file`, `env` and `command` (keep the one "
        "that holds the value)\n");
  CHECK(wrong_site("auth: { token: { file: token } }")
            .find("`token` is a relative path, and the service has no folder") !=
        std::string::npos);
  CHECK(wrong_site("auth: { token: { command: [./token.sh] } }")
            .find("`./token.sh` is a relative path") != std::string::npos);
  CHECK(wrong_site("auth: { token: { fil: /t } }") ==
        "machine.yaml:5:24: `fil` is not a field of `token` (did you mean `file`?)\n");
  CHECK(wrong_site("auth: { agent: true }").empty());
}

TEST_CASE("service config: what is wrong around the sites") {
  CHECK(File("service: { listen: 127.0.0.1:8471 }\n").errors() ==
        "machine.yaml:1:10: the service has no site to follow (write `sites:` and below it, "
        "indented, `NAME:` with its `repo`)\n");
  CHECK(File("service: { sites: { Home: { repo: /a } } }\n").errors() ==
        "machine.yaml:1:21: `Home` cannot be the name of a site (write the `site:` that the spec "
        "there says: lower-case letters, digits and dashes)\n");
  CHECK(File("service: { sites: { home: {} } }\n").errors() ==
        "machine.yaml:1:27: `repo` is missing in `site home` (write `repo: "
        "https://git.example.org/ana/lab.git`)\n");
  CHECK(File("service: { lisen: \"\", sites: { home: { repo: /a } } }\n").errors() ==
        "machine.yaml:1:12: `lisen` is not a field of `service` (did you mean `listen`?)\n");
  CHECK(File("servce: {}\n").errors() ==
        "machine.yaml:1:1: `servce` is not a field of `machine file` (did you mean `service`?)\n");
  for (const char* good : {"127.0.0.1:8471", "[::1]:0", "localhost:80", "8471", ""}) {
    CAPTURE(good);
    CHECK(File("service: { listen: \"" + std::string(good) + "\", sites: { h: { repo: /a } } }\n")
              .errors()
              .empty());
  }
  for (const char* bad : {":8471", "65536", "127.0.0.1", "::1:8471", "127.0.0.1:65536", "[x]:1"}) {
    CAPTURE(bad);
    CHECK(File("service: { listen: \"" + std::string(bad) + "\", sites: { h: { repo: /a } } }\n")
              .errors()
              .find("is nothing to listen on (write a port (8471, for this machine alone), or") !=
          std::string::npos);
  }
  CHECK(File("service: { tls: { certificate: /c }, sites: { h: { repo: /a } } }\n").errors() ==
        "machine.yaml:1:17: `key` is missing in `tls`\n");
}
