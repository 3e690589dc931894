#include "reconciler/follow/signature.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <vector>

#include "reconciler/follow/store.hpp"
#include "reconciler/private_file.hpp"
#include "reconciler/run_command.hpp"

namespace homeostat::follow {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> refused(std::string message, std::string hint = {}) {
  return fail(ErrorKind::auth, std::move(message), std::move(hint));
}

struct SignedCommit {
  std::string signature;
  std::string content;  // what was signed
};

Result<SignedCommit> read_commit(const std::string& path, const std::string& commit) {
  TRY_ASSIGN(const git::Repository repository, open_bare(path));
  TRY_ASSIGN(const git_oid id, parse_id(commit));
  git_buf signature = GIT_BUF_INIT;
  git_buf content = GIT_BUF_INIT;
  const int code = git_commit_extract_signature(&signature, &content, repository.get(),
                                                const_cast<git_oid*>(&id), nullptr);
  SignedCommit held;
  if (code == 0) {
    held.signature.assign(signature.ptr, signature.size);
    held.content.assign(content.ptr, content.size);
  }
  git_buf_dispose(&signature);
  git_buf_dispose(&content);
  const git_error* last = git_error_last();
  // An absent commit is "not found" too.
  if (code == GIT_ENOTFOUND && last != nullptr && last->klass == GIT_ERROR_OBJECT) {
    return refused("it is not signed", "git commit -S");
  }
  if (code < 0) return tl::unexpected(git::last_error("cannot read commit " + commit));
  return held;
}

// For what the programs want to read from a file. For this user only; goes with the object.
class Scratch {
 public:
  Scratch() {
    std::error_code ignored;
    path_ = (fs::temp_directory_path(ignored) / "homeostat-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] Result<std::string> put(const std::string& text) const {
    if (path_.empty()) return fail(ErrorKind::internal, "cannot make a scratch folder");
    std::string file = path_ + "/signature";
    TRY(write_private_file(file, "the signature", text));
    return file;
  }

 private:
  std::string path_;
};

// What it said, and its exit code.
Result<CommandResult> ask(std::vector<std::string> words, const std::string& input,
                          const std::stop_token& stop) {
  const std::string program = words.front();
  const Command command{.words = std::move(words), .input = input};
  Result<CommandResult> ended = run_command(command, stop);
  if (!ended) {
    if (ended.error().kind == ErrorKind::not_found) {
      ended.error().hint = program == "gpg" ? "install gpg" : "install openssh-client";
    }
    return ended;
  }
  if (ended->end == CommandEnd::exited) return ended;
  if (ended->end == CommandEnd::stopped) {
    return fail(ErrorKind::cancelled, "the look at a signature was stopped");
  }
  return fail(ErrorKind::internal, fmt::format("{}: {}", program, to_string(*ended, command)));
}

// "Good "git" signature for ana@example.org with ED25519 key SHA256:..."
std::string fingerprint_in(const std::string& said) {
  const std::size_t start = said.find("SHA256:");
  if (start == std::string::npos) return {};
  return " " + said.substr(start, said.find_first_of(" \r\n", start) - start);
}

Result<std::string> verify_ssh(const SignedCommit& commit, const std::string& allowed,
                               const std::stop_token& stop) {
  const Scratch scratch;
  TRY_ASSIGN(const std::string file, scratch.put(commit.signature));
  TRY_ASSIGN(const CommandResult principals,
             ask({"ssh-keygen", "-Y", "find-principals", "-s", file, "-f", allowed}, {}, stop));
  if (principals.code != 0 || principals.output.empty()) {
    return refused("it is signed by a key that is not among the allowed signers",
                   "where it should be, add it to " + allowed);
  }
  std::istringstream lines(principals.output);
  for (std::string who; std::getline(lines, who);) {
    TRY_ASSIGN(const CommandResult said, ask({"ssh-keygen", "-Y", "verify", "-n", "git", "-I", who,
                                              "-s", file, "-f", allowed},
                                             commit.content, stop));
    if (said.code == 0) return fmt::format("{} (ssh{})", who, fingerprint_in(said.output));
  }
  return refused("its signature does not fit, or its key is not good for this, or not now");
}

Result<std::string> verify_gpg(const SignedCommit& commit, const std::string& keyring,
                               const std::stop_token& stop) {
  const Scratch scratch;
  TRY_ASSIGN(const std::string file, scratch.put(commit.signature));
  // Every key of the keyring counts, and nothing is looked up anywhere else.
  TRY_ASSIGN(
      const CommandResult ended,
      ask({"gpg", "--homedir", keyring, "--no-options", "--batch", "--no-tty", "--lock-never",
           "--no-auto-check-trustdb", "--trust-model", "always", "--no-auto-key-retrieve",
           "--no-auto-key-locate", "--status-fd", "1", "--verify", file, "-"},
          commit.content, stop));
  TRY_ASSIGN(std::string who, read_gpg_status(ended.output));
  if (ended.code == 0) return who;
  return refused(fmt::format("gpg does not accept its signature by {}", who));
}

Result<std::string> verify(const SignedCommit& commit, const Signers& signers,
                           const std::stop_token& stop) {
  const bool ssh = commit.signature.starts_with("-----BEGIN SSH SIGNATURE-----");
  const bool gpg = commit.signature.starts_with("-----BEGIN PGP SIGNATURE-----");
  const std::string& place = signers.ssh.empty() ? signers.gpg : signers.ssh;
  std::error_code ignored;
  if (!signers.ssh.empty() ? !fs::is_regular_file(place, ignored)
                           : !fs::is_directory(place, ignored)) {
    return fail(ErrorKind::invalid_spec, fmt::format("there are no signers in {}", place),
                "require_signed_commits names them: a file for ssh, a folder for gpg");
  }
  if (!signers.ssh.empty() && ssh) return verify_ssh(commit, signers.ssh, stop);
  if (!signers.gpg.empty() && gpg) return verify_gpg(commit, signers.gpg, stop);
  return refused(fmt::format("it is signed by {}, and {} is asked for",
                             ssh   ? "ssh"
                             : gpg ? "gpg"
                                   : "something else",
                             signers.ssh.empty() ? "gpg" : "ssh"));
}

std::string unescaped(const std::string& text) {
  const auto digit = [](char c) {
    return std::string_view("0123456789ABCDEF").find(static_cast<char>(c & ~(c >= 'a' ? 32 : 0)));
  };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%' && i + 2 < text.size() && digit(text[i + 1]) < 16 && digit(text[i + 2]) < 16) {
      c = static_cast<char>(16 * digit(text[i + 1]) + digit(text[i + 2]));
      i += 2;
    }
    plain += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? '?' : c;
  }
  return plain;
}

}  // namespace

// The lines are described in doc/DETAILS of GnuPG.
Result<std::string> read_gpg_status(const std::string& status) {
  std::string who;
  std::string key;
  int good = 0;
  int signatures = 0;
  std::istringstream lines(status);
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view prefix = "[GNUPG:] ";
    if (!line.starts_with(prefix)) continue;
    std::istringstream words(line.substr(prefix.size()));
    std::string what;
    std::string first;
    words >> what >> first;
    if (what == "NEWSIG") ++signatures;
    if (what == "EXPKEYSIG") return refused("it is signed by a key that has expired", "renew it");
    if (what == "REVKEYSIG") return refused("it is signed by a key that was revoked");
    if (what == "EXPSIG") return refused("its signature has expired");
    if (what == "BADSIG") return refused("its signature does not fit: it was changed since");
    if (what == "ERRSIG") {
      return refused(fmt::format("it is signed by {}, whose key is not in the keyring", first),
                     "gpg --homedir KEYRING_FOLDER --import KEY");
    }
    if (what == "GOODSIG") {
      ++good;
      std::string name;
      std::getline(words >> std::ws, name);
      who = unescaped(name);
    }
    if (what == "VALIDSIG") key = first;
  }
  if (good == 1 && signatures <= 1 && !key.empty()) return fmt::format("{} (gpg {})", who, key);
  if (good > 1 || signatures > 1) return refused("it has more than one signature");
  return refused("gpg finds no good signature in it");
}

Result<std::string> verify_commit(const std::string& repository, const std::string& commit,
                                  const Signers& signers, const std::stop_token& stop) {
  if (signers.ssh.empty() == signers.gpg.empty()) {
    return fail(ErrorKind::invalid_spec, "require_signed_commits wants ssh or gpg");
  }
  TRY_ASSIGN(const SignedCommit held, read_commit(repository, commit));
  return verify(held, signers, stop);
}

}  // namespace homeostat::follow
