// Files that only their user may read: written whole or not at all, and believed only where nobody
// else could have written them.
#pragma once

#include <optional>
#include <string>

#include "specs/result.hpp"

namespace homeostat {

// Nullopt where there is none. Refused: a link, no regular file, another user's (but root's), one
// that others may read or write, or more than `limit` bytes. `what` names it in messages ("the
// record of trust").
[[nodiscard]] Result<std::optional<std::string>> read_private_file(const std::string& path,
                                                                   const std::string& what,
                                                                   std::size_t limit);

// Mode 0600. An old file of that name is replaced in one step; whatever else stands there (a link,
// a device) is refused. The folder must be there.
[[nodiscard]] Status write_private_file(const std::string& path, const std::string& what,
                                        const std::string& text);

// Held by one process at a time, for as long as it takes to read a file of that folder, change it
// and write it again; it dies with its holder, and leaves nothing behind.
class FolderLock {
 public:
  // Waits until it is free.
  [[nodiscard]] static Result<FolderLock> acquire(const std::string& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int folder) : folder_(folder) {}
  int folder_ = -1;  // -1: moved from
};

}  // namespace homeostat
