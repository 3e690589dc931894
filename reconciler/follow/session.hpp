// One talk with a remote: how we log in, whom we believe, and what libgit2's failures mean.
#pragma once

#include <git2.h>

#include <optional>
#include <string>
#include <vector>

#include "reconciler/follow/host_keys.hpp"
#include "reconciler/follow/wire.hpp"

namespace homeostat::follow {

// Its address is given to libgit2: it stays where it is, and outlives the remote it is used with.
class Session {
 public:
  explicit Session(const FetchRequest& request) : request_(request) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() = default;

  // Reads what belongs to the transport: the key's file, known hosts. Once, before all others.
  [[nodiscard]] Status prepare();
  // Connects, with as many attempts as it takes to see the host key that we were told of.
  [[nodiscard]] Status connect(git_remote* remote);
  [[nodiscard]] git_remote_callbacks callbacks();
  // What the last failure of libgit2 was; `doing` begins the message where nothing better is known.
  [[nodiscard]] Error explain(const std::string& doing) const;

  // Where libgit2 looks for `.ssh/known_hosts`, and for what a user's git is configured with.
  [[nodiscard]] static std::string home_in(const std::string& folder);

 private:
  static int on_credentials(git_credential** out, const char* url, const char* user,
                            unsigned allowed, void* payload);
  static int on_certificate(git_cert* certificate, int valid, const char* host, void* payload);
  static int on_progress(const git_indexer_progress* progress, void* payload);
  int log_in(git_credential** out, const std::string& user, unsigned allowed);
  int refuse(Error why, int code);
  [[nodiscard]] Error rejected(const std::string& user) const;
  int look_at_host_key(const git_cert_hostkey& key, bool known);
  [[nodiscard]] Status expect_key(const std::string& type) const;
  [[nodiscard]] bool is_worth_another_key() const;
  [[nodiscard]] Status remember() const;

  const FetchRequest& request_;
  RemoteUrl url_;
  std::string ours_;    // the text of our known hosts
  std::string theirs_;  // of the file that the settings name
  bool tried_ = false;  // credentials were given once
  bool other_key_ = false;
  std::optional<Presented> presented_;
  std::optional<Error> verdict_;  // of ours, where a callback refused
};

}  // namespace homeostat::follow
