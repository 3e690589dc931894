// What the machine file says of the service that `homeostat run` is: which repositories it follows,
// how it gets at them, and what it serves. Of secrets it says where they are, never what they are.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "specs/config.hpp"
#include "specs/schema.hpp"

namespace homeostat {

// How one gets into a repository. One of token, password, key and agent, or none of them.
struct SiteAuth {
  std::string username = {};  // of token and password; of a key, where the url names none
  std::optional<SecretSource> token = {};
  std::optional<SecretSource> password = {};  // with a username
  std::string key_file = {};
  std::optional<SecretSource> passphrase = {};  // of the key
  bool agent = false;                           // what SSH_AUTH_SOCK leads to
};

// Whose signatures make a commit count. Exactly one of the two.
struct SignedCommits {
  std::string ssh = {};  // a file of allowed signers
  std::string gpg = {};  // a folder with a keyring
};

struct WebhookConfig {
  std::string forge = {};  // forgejo, gitea, github, gitlab
  SecretSource secret = {};
};

// Where commit statuses and comments go.
struct ForgeConfig {
  std::string type = {};  // as of a webhook
  std::string url = {};   // "": the public server of that type
  std::string repo = {};  // "ana/lab"
  SecretSource token = {};
  std::string target_url = {};
  std::string ca_file = {};
  std::string fingerprint = {};
};

struct SiteConfig {
  std::string name = {};  // the key: what the spec there calls its `site`
  std::string repo = {};
  // Exactly one of the three; where nothing is said, branch main.
  std::string branch = {};
  std::string tag = {};
  std::string commit = {};
  std::string path = {};  // of the spec's folder in the repository, "" = its top
  std::chrono::seconds poll{60};
  std::chrono::seconds interval{900};
  std::chrono::seconds fetch_timeout{120};
  SiteAuth auth = {};
  std::string host_key = {};     // "SHA256:..."
  std::string known_hosts = {};  // a file
  std::string ca_file = {};
  std::optional<SignedCommits> signed_commits = {};
  std::optional<WebhookConfig> webhook = {};
  std::optional<ForgeConfig> forge = {};
  SourceRef where = {};
};

struct TlsConfig {
  std::string certificate = {};
  std::string key = {};
};

struct ServiceConfig {
  std::string listen = {};  // "127.0.0.1:8471", "[::1]:8471"; "": no server
  std::optional<TlsConfig> tls = {};
  std::string token_hash = {};  // "sha256:..." of the API's token; "": nobody may ask it
  std::map<std::string, SiteConfig> sites = {};
};

// Reads the `service` of a machine file. All files it names are named by their whole path: a
// service has no folder of its own. What is wrong goes to `sink.errors`; what stands where a
// secret's value was written is not shown.
[[nodiscard]] ServiceConfig read_service(const yaml::Node& node, ReadSink& sink);

}  // namespace homeostat
