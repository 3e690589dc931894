// Where things are on this machine, the key that hashes secrets, and the lock that keeps a second
// writer out.
#pragma once

#include <optional>
#include <string>

#include "providers/core/provider.hpp"

namespace homeostat {

struct Places {
  std::string state;   // folder of the site
  std::string ledger;  // <state>/ledger.db, or what `--ledger` says
  std::string key;     // beside the ledger
  std::string lock;    // <state>/lock, wherever the ledger lies: a site has one writer
  std::string trust;   // beside the ledger: trust.hpp
};

// As root /var/lib/homeostat/<site>, else homeostat/<site> in $XDG_STATE_HOME or ~/.local/state.
// HOMEOSTAT_STATE_DIR, if set, stands for the folder in front of <site> in both cases. `ledger`:
// from --ledger, or "". Paths are absolute. Nothing is created.
[[nodiscard]] Result<Places> find_places(const std::string& site, const std::string& ledger = {});

inline constexpr std::size_t key_bytes = 32;
// The key behind every hash of a secret: random bytes in a file of mode 0600. Refused where
// others could read it. Absent: made whole or not at all with `create`, else "" is returned (then
// no hash of ours exists either).
[[nodiscard]] Result<std::string> load_or_make_key(const std::string& path, bool create);

// Guards writes to a site's providers. It lasts as long as this object and dies with its process.
class SiteLock {
 public:
  // Fails at once (conflict) where somebody else holds it, and says who: the error names `site`
  // and what the holder gave as `who` ("homeostat apply") and `now`. Makes the folder where it is
  // absent.
  [[nodiscard]] static Result<SiteLock> acquire(const Places& places, const std::string& site,
                                                const std::string& who, Time now);
  // Who holds it, in this process or another, as acquire() names them. nullopt: nobody, or it
  // cannot be told. Writes nothing.
  [[nodiscard]] static std::optional<std::string> holder(const Places& places);
  SiteLock(SiteLock&& other) noexcept;
  SiteLock& operator=(SiteLock&& other) noexcept;
  SiteLock(const SiteLock&) = delete;
  SiteLock& operator=(const SiteLock&) = delete;
  ~SiteLock();

 private:
  explicit SiteLock(int file) : file_(file) {}
  int file_;  // -1: moved from
};

// The folder of a file: "." where the path names none.
[[nodiscard]] std::string folder_of(const std::string& path);
// Makes a folder and those above it, for this user only; existing ones are left as they are.
[[nodiscard]] Status make_private_folders(const std::string& folder);

}  // namespace homeostat
