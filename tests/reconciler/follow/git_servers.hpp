// Real servers of git repositories on loopback ports: `git http-backend` behind nginx, and sshd.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/reconciler/follow/daemon.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat::test {

// Serves the repositories below a folder by TLS with an authority of its own, for `localhost`.
// Who comes in: ana, with the password "hunter2". `/moved/...` is a redirect to `/...`, and
// `/away/...` one to that of another host.
class GitHttps {
 public:
  explicit GitHttps(const std::string& repositories);
  [[nodiscard]] std::string url(const std::string& path) const;
  [[nodiscard]] std::string authority() const { return folder_.path() + "/authority.pem"; }
  // "GET /lab/.git/info/refs?service=git-upload-pack ana", a line a request that was answered. A
  // line is written after its answer: so many are waited for.
  [[nodiscard]] std::string requests(std::ptrdiff_t lines = 0) const;

 private:
  bool start(const std::string& repositories);

  TempDir folder_;
  int port_ = 0;
  std::unique_ptr<Daemon> backend_;
  std::unique_ptr<Daemon> nginx_;
};

// Lets in whose public key is allowed, as the user who runs the tests.
class GitSsh {
 public:
  // With these host keys ("ed25519", "ecdsa"), made anew each time.
  explicit GitSsh(const std::vector<std::string>& host_keys);
  ~GitSsh();
  GitSsh(const GitSsh&) = delete;
  GitSsh& operator=(const GitSsh&) = delete;

  [[nodiscard]] std::string url(const std::string& path) const;
  void allow(const std::string& public_key_file);
  [[nodiscard]] std::string fingerprint(const std::string& host_key) const;
  // The line of a known_hosts file.
  [[nodiscard]] std::string known_line(const std::string& host_key) const;
  // The same place with other keys: what somebody in between would look like.
  void change_host_keys();

 private:
  void make_host_keys();
  bool start();

  TempDir folder_;
  std::vector<std::string> types_;
  int port_ = 0;
  bool made_run_folder_ = false;
  std::unique_ptr<Daemon> sshd_;
};

// Who runs the tests.
[[nodiscard]] std::string user_name();
// A new key pair: `file` and `file`.pub. Its fingerprint.
std::string make_ssh_key(const std::string& file, const std::string& type = "ed25519",
                         const std::vector<std::string>& more = {});
// Runs it, and throws where it fails; its output.
std::string must(const std::vector<std::string>& command);

}  // namespace homeostat::test
