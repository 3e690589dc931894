// A site's repository as this machine has it: a bare mirror of the remote, kept up by fetches that
// harm nobody when the remote is silent, gone or lying.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "reconciler/follow/remote.hpp"

namespace homeostat::follow {

struct Fetched {
  std::string commit = {};   // of what is followed, in hex (as long as the repository's hashes are)
  std::string branch = {};   // the branch or tag that it was found by; "" of a bare commit
  bool moved = false;        // what was followed before is none of its ancestors: a force-push
  bool cloned_anew = false;  // there was a mirror, and it was of no use
  std::string why = {};      // of cloned_anew: "commit 3f2a91c cannot be read: ..."
};

// For one thread at a time. Nothing is opened or made before the first fetch.
class Mirror {
 public:
  // `folder` is the mirror's own; it is made, for this user only (0700). `program` is what runs the
  // fetch: this very program, whose main must then call fetch_child_main().
  Mirror(std::string folder, Remote remote, std::string program = "/proc/self/exe");

  // The bare repository, for open_commit(), History and the like. Its old objects stay, so that
  // causes are found after a force-push too; open it again after each fetch.
  [[nodiscard]] std::string repository() const;

  // Clones where there is no mirror, or a broken one. Takes all branches, and the tag that is
  // followed; those that the remote has no more go. In a child process, which is killed at the
  // remote's time limit and at a stop request.
  // Errors, none of which changes what last_commit() says:
  //   transient     nobody answers, or not in time
  //   auth          credentials refused or missing; a host key or certificate that is not believed
  //   not_found     no such repository; it is empty; it has no such branch, tag or commit
  //   invalid_spec  the settings are wrong; the remote leads to another host
  //   cancelled     stop was requested
  //   internal      this machine: a disk that is full, a folder of somebody else's
  [[nodiscard]] Result<Fetched> fetch(const std::stop_token& stop);

  // Takes all branches, and one more ref of the remote ("refs/pull/7/head"), which never counts as
  // the repository's own; "": only the branches. What is followed stays as it is. The commit that
  // `ref` leads to. Errors as of
  // fetch(); `not_found`: the remote has no such ref, or there is no mirror yet.
  [[nodiscard]] Result<std::string> fetch_beside(const std::string& ref,
                                                 const std::stop_token& stop);

  // Of what is there already; from any thread.
  // Whether one of the repository's own branches, or what is followed, leads to this commit. False
  // of what only a pull request has, and of a commit that is not there.
  [[nodiscard]] Result<bool> is_own(const std::string& commit) const;
  // The whole hash of the commit that `rev` means, as git understands it.
  [[nodiscard]] Result<std::string> commit_of(const std::string& rev) const;

  // What the last good fetch gave, whenever that was; nullopt: nothing, or it cannot be read.
  [[nodiscard]] std::optional<std::string> last_commit() const;

 private:
  Result<Fetched> ask(const std::string& request, const std::stop_token& stop);
  std::string folder_;
  Remote remote_;
  std::string program_;
};

// The word that makes this program the child of a fetch: its only argument.
inline constexpr const char* fetch_child_word = "--fetch-child";
// What it does then: a request on its standard input, the answer on its standard output. Returns
// the exit code.
[[nodiscard]] int fetch_child_main();

}  // namespace homeostat::follow
