// A disk that fails when a test wants it to: a VFS of SQLite in front of the real one. While an
// object of it lives, every database of this process is on it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace homeostat {

enum class DiskFault : std::uint8_t {
  none,
  full,       // no space for one write
  io_error,   // one write, read or sync fails
  torn,       // half of a write arrives, and nothing any more after it: the machine went down
  read_only,  // no write at all from here on
};

class FaultyDisk {
 public:
  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  // The `after`th write, sync or truncation from now on fails (for io_error reads count too).
  void fail(DiskFault fault, int after);
  // Works again.
  void repair();
  // Whether the fault has come up.
  [[nodiscard]] bool has_failed() const;
};

}  // namespace homeostat
