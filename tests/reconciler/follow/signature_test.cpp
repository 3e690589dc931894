#include "reconciler/follow/signature.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/reconciler/follow/git_servers.hpp"
#include "tests/support/process.hpp"

using namespace homeostat;
using namespace homeostat::test;
using follow::Signers;
using follow::verify_commit;

namespace {

struct SignedRepo : TempRepo {
  TempDir keys;

  [[nodiscard]] std::string key(const std::string& name) const { return keys.path() + "/" + name; }
  // HEAD, signed as these options of git say.
  std::string signed_commit(const std::vector<std::string>& options) {
    save("a.yaml", "1", "Change");
    std::vector<std::string> words = options;
    words.insert(words.end(), {"commit", "--quiet", "--amend", "--no-edit", "--allow-empty", "-S"});
    git(words);
    return git({"rev-parse", "HEAD"});
  }
  std::string ssh_commit(const std::string& name) {
    return signed_commit({"-c", "gpg.format=ssh", "-c", "user.signingkey=" + key(name)});
  }
  void allow(const std::string& who, const std::string& name, const std::string& options = {}) {
    const std::string line =
        who + " " + options + (options.empty() ? "" : " ") + keys.read(name + ".pub");
    allowed_ += line;
    keys.write("allowed", allowed_);
  }
  // The same commit with one word of its message changed, and the old signature.
  [[nodiscard]] std::string tampered(const std::string& commit) const {
    std::string text = git({"cat-file", "commit", commit}) + "\n";
    text.replace(text.rfind("Change"), 6, "Chance");
    keys.write("tampered", text);
    return git({"hash-object", "-t", "commit", "-w", key("tampered")});
  }
  [[nodiscard]] std::string said(const std::string& commit, const Signers& signers) const {
    const auto who = verify_commit(path() + "/.git", commit, signers, {});
    return who ? *who : to_string(who.error());
  }

 private:
  std::string allowed_;
};

// Keyrings of their own: one that signs, one that is believed.
struct GpgRepo : SignedRepo {
  GpgRepo() {
    for (const std::string name : {"signing", "believed"}) {
      must({"/bin/mkdir", "-m", "700", key(name)});
    }
    // Waits for its lock otherwise, and the agent ends with its folder anyway.
    keys.write("signing/gpg-agent.conf", "disable-scdaemon\n");
    keys.write("gpg.sh", "#!/bin/sh\nexec gpg --homedir " + key("signing") +
                             " --batch --no-tty --pinentry-mode loopback --passphrase '' \"$@\"\n");
    must({"/bin/chmod", "700", key("gpg.sh")});
  }
  ~GpgRepo() {
    (void)run_process(
        {.command = {"/usr/bin/gpgconf", "--homedir", key("signing"), "--kill", "all"}});
  }
  GpgRepo(const GpgRepo&) = delete;
  GpgRepo& operator=(const GpgRepo&) = delete;

  std::string gpg(const std::vector<std::string>& words) const {
    std::vector<std::string> command = {key("gpg.sh")};
    command.insert(command.end(), words.begin(), words.end());
    return must(command);
  }
  // A new key; its fingerprint.
  [[nodiscard]] std::string make_key(const std::string& who,
                                     const std::string& life = "never") const {
    gpg({"--quick-gen-key", who, "ed25519", "sign", life});
    const std::string said = gpg({"--with-colons", "--list-keys", "=" + who});
    const std::size_t start = said.find("fpr:::::::::") + 12;
    return said.substr(start, said.find(':', start) - start);
  }
  void believe(const std::string& fingerprint) const {
    gpg({"--yes", "--output", key("public"), "--export", fingerprint});
    must({"/usr/bin/gpg", "--homedir", key("believed"), "--batch", "--quiet", "--import",
          key("public")});
  }
  std::string gpg_commit(const std::string& fingerprint) {
    return signed_commit(
        {"-c", "gpg.program=" + key("gpg.sh"), "-c", "user.signingkey=" + fingerprint});
  }
};

const char* const ana = "Ana <ana@example.org>";

}  // namespace

TEST_CASE("signature: an ssh signature of an allowed signer says who it was") {
  SignedRepo repo;
  const std::string print = make_ssh_key(repo.key("ana"));
  make_ssh_key(repo.key("bo"), "ecdsa");
  repo.allow("bo@example.org", "bo");
  repo.allow("ana@example.org", "ana", "namespaces=\"git\"");
  const Signers signers{.ssh = repo.key("allowed")};
  CHECK(repo.said(repo.ssh_commit("ana"), signers) == "ana@example.org (ssh " + print + ")");
  CHECK(repo.said(repo.ssh_commit("bo"), signers).find("bo@example.org (ssh SHA256:") == 0);
}

TEST_CASE("signature: no ssh signature counts but one that fits, of an allowed signer") {
  SignedRepo repo;
  make_ssh_key(repo.key("ana"));
  make_ssh_key(repo.key("eve"));
  repo.allow("ana@example.org", "ana");
  const Signers signers{.ssh = repo.key("allowed")};
  const std::string plain = repo.save("a.yaml", "0", "Plain");
  CHECK(repo.said(plain, signers) == "it is not signed (git commit -S)");
  const std::string eves = repo.ssh_commit("eve");
  CHECK(repo.said(eves, signers) ==
        "it is signed by a key that is not among the allowed signers (where it should be, add "
        "it to " +
            signers.ssh + ")");
  const std::string good = repo.ssh_commit("ana");
  const std::string bad = repo.tampered(good);
  REQUIRE(bad != good);
  CHECK(repo.said(bad, signers) ==
        "its signature does not fit, or its key is not good for this, or not now");
  // Of an earlier time, whatever the commit says of its own.
  SignedRepo old;
  make_ssh_key(old.key("ana"));
  old.allow("ana@example.org", "ana", "valid-before=\"20260201\"");
  CHECK(
      old.said(old.ssh_commit("ana"), {.ssh = old.key("allowed")}).find("it is signed by a key") ==
      0);
  // Allowed for something else.
  SignedRepo mail;
  make_ssh_key(mail.key("ana"));
  mail.allow("ana@example.org", "ana", "namespaces=\"mail\"");
  CHECK(mail.said(mail.ssh_commit("ana"), {.ssh = mail.key("allowed")})
            .find("its signature does not fit") == 0);
}

TEST_CASE("signature: a gpg signature by a key of the keyring says who it was") {
  GpgRepo repo;
  const std::string key = repo.make_key(ana);
  repo.believe(key);
  CHECK(repo.said(repo.gpg_commit(key), {.gpg = repo.key("believed")}) ==
        std::string(ana) + " (gpg " + key + ")");
}

TEST_CASE("signature: no gpg signature counts but one that fits, of a good key of the keyring") {
  GpgRepo repo;
  const std::string key = repo.make_key(ana);
  const Signers signers{.gpg = repo.key("believed")};
  const std::string good = repo.gpg_commit(key);
  CHECK(repo.said(good, signers) ==
        "it is signed by " + key.substr(24) +
            ", whose key is not in the keyring (gpg --homedir KEYRING_FOLDER --import KEY)");
  repo.believe(key);
  const std::string bad = repo.tampered(good);
  CHECK(repo.said(bad, signers) == "its signature does not fit: it was changed since");
  const std::string plain = repo.save("a.yaml", "0", "Plain");
  CHECK(repo.said(plain, signers).find("it is not signed") == 0);
  // The certificate of its end was made with the key.
  const std::string revocation = repo.key("signing") + "/openpgp-revocs.d/" + key + ".rev";
  must({"/bin/sed", "-i", "s/^:-----BEGIN/-----BEGIN/", revocation});
  must({"/usr/bin/gpg", "--homedir", signers.gpg, "--batch", "--quiet", "--import", revocation});
  CHECK(repo.said(good, signers) == "it is signed by a key that was revoked");
}

TEST_CASE("signature: a gpg key that has expired counts no more") {
  GpgRepo repo;
  // Made, and used, long ago; good for a day.
  must({"/bin/sed", "-i", "s/exec gpg/exec gpg --faked-system-time 20250101T000000/",
        repo.key("gpg.sh")});
  const std::string key = repo.make_key(ana, "1d");
  const std::string commit = repo.gpg_commit(key);
  repo.believe(key);
  CHECK(repo.said(commit, {.gpg = repo.key("believed")}) ==
        "it is signed by a key that has expired (renew it)");
}

TEST_CASE("signature: one of the other kind does not count") {
  SignedRepo repo;
  make_ssh_key(repo.key("ana"));
  repo.allow("ana@example.org", "ana");
  const std::string commit = repo.ssh_commit("ana");
  CHECK(repo.said(commit, {.gpg = repo.keys.path()}) ==
        "it is signed by ssh, and gpg is asked for");
}

TEST_CASE("signature: settings that lead nowhere are told from a bad signature") {
  SignedRepo repo;
  make_ssh_key(repo.key("ana"));
  const std::string commit = repo.ssh_commit("ana");
  CHECK(repo.said(commit, {.ssh = "/nowhere"}) ==
        "there are no signers in /nowhere (require_signed_commits names them: a file for ssh, a "
        "folder for gpg)");
  CHECK(repo.said(commit, {}) == "require_signed_commits wants ssh or gpg");
  const auto absent =
      verify_commit(repo.path() + "/.git", std::string(40, 'a'), {.ssh = repo.key("ana.pub")}, {});
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().kind == ErrorKind::internal);
  std::stop_source stop;
  stop.request_stop();
  repo.allow("ana@example.org", "ana");
  const auto stopped =
      verify_commit(repo.path() + "/.git", commit, {.ssh = repo.key("allowed")}, stop.get_token());
  REQUIRE_FALSE(stopped.has_value());
  CHECK(stopped.error().kind == ErrorKind::cancelled);
}

TEST_CASE("signature: what gpg says counts as a whole") {
  const auto said = [](const std::string& status) {
    const auto who = follow::read_gpg_status(status);
    return who ? *who : to_string(who.error());
  };
  const std::string fresh = "[GNUPG:] NEWSIG\n";
  const std::string good = "[GNUPG:] GOODSIG ABCD An%C3%A1 <a@b>\n[GNUPG:] VALIDSIG FFEE 2026\n";
  CHECK(said(fresh + good) == "Aná <a@b> (gpg FFEE)");
  CHECK(said(fresh + good + fresh + good) == "it has more than one signature");
  CHECK(said(fresh + good + fresh + "[GNUPG:] ERRSIG 12 1\n").find("it is signed by 12") == 0);
  CHECK(said(fresh + "[GNUPG:] GOODSIG ABCD Ana\n") == "gpg finds no good signature in it");
  CHECK(said(fresh + "[GNUPG:] EXPSIG ABCD Ana\n") == "its signature has expired");
  CHECK(said("GOODSIG ABCD Ana\nVALIDSIG FFEE\n") == "gpg finds no good signature in it");
  CHECK(said("") == "gpg finds no good signature in it");
}
