#include "reconciler/redact.hpp"

#include <doctest/doctest.h>

using namespace homeostat;

namespace {

const KindSchema& container() { return *find_kind("container"); }

OpenValue secret_at(const std::string& pointer) {
  OpenValue open;
  open.pointer = pointer;
  TemplatePart part;
  part.kind = TemplatePart::Kind::secret;
  part.text = "db";
  open.parts.push_back(part);
  return open;
}

Resource with_secret_env() {
  Resource resource;
  resource.address = {"home", "container", "web", "pve"};
  resource.attributes = {{"memory", "2GiB"}, {"env", {{"PASS", "${secret.db}"}, {"TZ", "UTC"}}}};
  resource.open = {secret_at("/env/PASS")};
  return resource;
}

// A kind with secrets of every sort.
KindSchema vault() {
  FieldSchema user;
  user.name = "user";
  FieldSchema password;
  password.name = "password";
  password.secret = true;
  FieldSchema login;
  login.name = "login";
  login.type = Type::object;
  login.fields = {user, password};
  FieldSchema entry;
  entry.type = Type::object;
  entry.fields = {user, password};
  FieldSchema logins;
  logins.name = "logins";
  logins.type = Type::list;
  logins.fields = {entry};
  KindSchema kind;
  kind.name = "vault";
  kind.fields = {user, password, login, logins};
  return kind;
}

}  // namespace

TEST_CASE("redact: a hash depends on key and value, and tells neither") {
  const std::string hash = keyed_hash("key", "value");
  CHECK(hash == keyed_hash("key", "value"));
  CHECK(hash != keyed_hash("key", "other"));
  CHECK(hash != keyed_hash("other", "value"));
  CHECK(hash.starts_with("hmac:"));
  CHECK(hash.size() == 37);
  CHECK(is_hash(hash));
  CHECK_FALSE(is_hash("hmac:no"));
  CHECK_FALSE(is_hash(std::string("hmac:") + std::string(32, 'g')));
  CHECK_FALSE(is_hash(7));
}

TEST_CASE("redact: the HMAC is SHA-256 as RFC 4231 has it, cut to 16 bytes") {
  CHECK(keyed_hash("Jefe", "what do ya want for nothing?") ==
        "hmac:5bdcc146bf60754e6a042426089575c7");
}

TEST_CASE("redact: null stays null, a hash stays a hash, other values are hashed as JSON") {
  const SecretHash hash = make_secret_hash("key");
  CHECK(hashed(nullptr, hash).is_null());
  CHECK(hashed("value", hash) == keyed_hash("key", "value"));
  CHECK(hashed(hashed("value", hash), hash) == hashed("value", hash));
  CHECK(hashed({1, 2}, hash) == keyed_hash("key", "[1,2]"));
}

TEST_CASE("redact: what a schema calls secret is secret, with what encloses and what it encloses") {
  const KindSchema kind = vault();
  for (const auto& row : std::map<FieldPath, bool>{{"user", false},
                                                   {"password", true},
                                                   {"login/user", false},
                                                   {"login/password", true},
                                                   {"login", true},
                                                   {"logins", true},
                                                   {"nothing", false}}) {
    CAPTURE(row.first);
    CHECK(is_secret(nullptr, kind, nullptr, row.first) == row.second);
  }
}

TEST_CASE("redact: a value with a secret in it is secret, and so is the whole that holds it") {
  const Resource resource = with_secret_env();
  CHECK(is_secret(&resource, container(), nullptr, "env/PASS"));
  CHECK(is_secret(&resource, container(), nullptr, "env"));
  CHECK_FALSE(is_secret(&resource, container(), nullptr, "env/TZ"));
  CHECK_FALSE(is_secret(&resource, container(), nullptr, "memory"));
}

TEST_CASE("redact: desired attributes keep the name of a secret, and hide literal ones") {
  CHECK(redact_desired(with_secret_env(), container(), nullptr) == with_secret_env().attributes);
  Resource resource;
  resource.attributes = {{"user", "ana"}, {"password", "hunter2"}, {"login", {{"password", "x"}}}};
  CHECK(redact_desired(resource, vault(), nullptr) ==
        Attributes(
            {{"user", "ana"}, {"password", "(secret)"}, {"login", {{"password", "(secret)"}}}}));
}

TEST_CASE("redact: live attributes hide secrets, and keys that the spec does not state") {
  const Resource resource = with_secret_env();
  const Attributes live = {{"memory", "2GiB"},
                           {"cores", 2},
                           {"env", {{"PASS", "hunter2"}, {"TZ", "UTC"}, {"TOKEN", "abc"}}}};
  CHECK(redact_live(live, &resource, nullptr, container(), nullptr) ==
        Attributes({{"memory", "2GiB"},
                    {"cores", 2},
                    {"env", {{"PASS", "(secret)"}, {"TZ", "UTC"}, {"TOKEN", "(secret)"}}}}));
  CHECK(redact_live(live, nullptr, nullptr, container(), nullptr)["env"]["TZ"] == "(secret)");
}

TEST_CASE("redact: what was a secret when it was agreed on stays hidden") {
  Resource resource = with_secret_env();
  resource.open.clear();
  resource.attributes["env"]["PASS"] = "plain now";
  Owned owned;
  owned.agreed.push_back({"env/PASS", keyed_hash("key", "hunter2"), {}, {}});
  const Attributes live = {{"env", {{"PASS", "hunter2"}, {"TZ", "UTC"}}}};
  CHECK(redact_live(live, &resource, &owned, container(), nullptr)["env"]["PASS"] == "(secret)");
}

TEST_CASE("redact: an observation is kept with hashes where secrets were") {
  const SecretHash hash = make_secret_hash("key");
  const Resource resource = with_secret_env();
  Observed observed;
  LiveResource live;
  live.address = resource.address;
  live.attributes = {{"memory", "2GiB"}, {"env", {{"PASS", "hunter2"}, {"TZ", "UTC"}}}};
  observed.scopes[{"pve", ""}].resources.push_back(live);
  live.address.name = "unmanaged";
  observed.scopes[{"pve", ""}].resources.push_back(live);
  const Observed kept =
      hash_secrets(observed, {{resource.address, resource}}, {}, {}, KnownSecrets(), hash);
  const auto& resources = kept.scopes.begin()->second.resources;
  CHECK(resources.at(0).attributes["memory"] == "2GiB");
  CHECK(resources.at(0).attributes["env"]["PASS"] == hash("hunter2"));
  CHECK(resources.at(0).attributes["env"]["TZ"] == "UTC");
  CHECK(resources.at(1).attributes["env"]["PASS"] == hash("hunter2"));
  CHECK(resources.at(1).attributes["env"]["TZ"] == hash("UTC"));
}

TEST_CASE("redact: of what is neither declared nor ours, all free text is hidden") {
  const Attributes live = {{"hostname", "web"},
                           {"image", "nginx:1"},
                           {"memory", "2GiB"},
                           {"ports", {"80:80"}},
                           {"command", {"run", "--pw=hunter2"}},
                           {"description", "hunter2"}};
  Attributes seen = live;
  seen["command"] = "(secret)";
  seen["description"] = "(secret)";
  CHECK(redact_live(live, nullptr, nullptr, container(), nullptr) == seen);
  Owned owned;
  CHECK(redact_live(live, nullptr, &owned, container(), nullptr) == live);

  const SecretHash hash = make_secret_hash("key");
  Observed observed;
  LiveResource one;
  one.address = {"home", "container", "web", "pve"};
  one.attributes = live;
  observed.scopes[{"pve", ""}].resources.push_back(one);
  const Observed kept = hash_secrets(observed, {}, {}, {}, KnownSecrets(), hash);
  const Attributes& stored = kept.scopes.begin()->second.resources.at(0).attributes;
  CHECK(stored["description"] == hash("hunter2"));
  CHECK(is_hash(stored["command"]));
  CHECK(stored["ports"] == live["ports"]);
}

TEST_CASE("redact: a secret is known by its value, now and as it once was, wherever it stands") {
  const SecretHash hash = make_secret_hash("key");
  LedgerView ledger;
  ledger.secrets = {hash("d once")};
  Owned owned;
  owned.agreed.push_back({"command", hashed({"run", "then"}, hash), {}, {}});
  ledger.owned[{"home", "container", "other", "pve"}] = owned;
  const KnownSecrets known({{"db", std::string("hunter2")}}, ledger, hash);
  CHECK(known.tell("smb://hunter2@nas"));
  CHECK(known.tell({"run", "--pw=hunter2"}));
  CHECK(known.tell("d once"));
  CHECK(known.tell({"run", "then"}));
  CHECK_FALSE(known.tell("d"));
  CHECK_FALSE(known.tell({"run"}));
  CHECK_FALSE(known.tell(7));
  CHECK_FALSE(known.tell(nullptr));

  Resource plain;
  plain.attributes = {{"description", "plain"}, {"image", "x"}};
  const Attributes live = {{"description", "d once"}, {"image", "hunter2"}, {"working_dir", "/"}};
  CHECK(redact_live(live, &plain, nullptr, container(), nullptr, known) ==
        Attributes({{"description", "(secret)"}, {"image", "(secret)"}, {"working_dir", "/"}}));
}

TEST_CASE("redact: an observation is kept with hashes where secrets were agreed on") {
  const SecretHash hash = make_secret_hash("key");
  Resource resource = with_secret_env();
  resource.open.clear();
  resource.attributes["env"]["PASS"] = "plain now";
  LedgerView ledger;
  ledger.owned[resource.address].agreed.push_back({"env/PASS", hash("hunter2"), {}, {}});
  Observed observed;
  LiveResource live;
  live.address = resource.address;
  live.attributes = {{"env", {{"PASS", "hunter3"}, {"TZ", "UTC"}}}};
  observed.scopes[{"pve", ""}].resources.push_back(live);
  const Observed kept =
      hash_secrets(observed, {{resource.address, resource}}, ledger, {}, KnownSecrets(), hash);
  CHECK(kept.scopes.begin()->second.resources.at(0).attributes["env"] ==
        Attributes({{"PASS", hash("hunter3")}, {"TZ", "UTC"}}));
}
