#include "tests/support/faulty_disk.hpp"

#include <sqlite3.h>

#include <cstring>
#include <mutex>
#include <stdexcept>

namespace homeostat {
namespace {

// What a VFS is made of is plain C: one state for the process, as SQLite has one list of VFSs.
struct State {
  std::mutex mutex;
  DiskFault fault = DiskFault::none;  // guarded by mutex
  int left = 0;                       // likewise
  bool failed = false;                // likewise
};
State& state() {
  static State one;
  return one;
}

enum class Doing : std::uint8_t { read, write, sync };
enum class Answer : std::uint8_t { go_on, full, io_error, half, read_only };

Answer ask(Doing doing) {
  State& now = state();
  const std::lock_guard lock(now.mutex);
  const bool counts = doing != Doing::read || now.fault == DiskFault::io_error;
  if (now.fault == DiskFault::none || !counts) return Answer::go_on;
  const bool gone = now.failed && now.fault == DiskFault::torn;
  const bool stuck = now.failed && now.fault == DiskFault::read_only;
  if (gone) return Answer::io_error;
  if (stuck) return Answer::read_only;
  if (now.failed || --now.left > 0) return Answer::go_on;
  now.failed = true;
  switch (now.fault) {
    case DiskFault::full:
      return doing == Doing::write ? Answer::full : Answer::io_error;
    case DiskFault::torn:
      return doing == Doing::write ? Answer::half : Answer::io_error;
    case DiskFault::read_only:
      return Answer::read_only;
    default:
      return Answer::io_error;
  }
}

struct File {
  sqlite3_file base;
  sqlite3_file* real;  // lies behind this struct
};
File* as_ours(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return as_ours(file)->real; }

int close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int read(sqlite3_file* file, void* to, int bytes, sqlite3_int64 at) {
  if (ask(Doing::read) != Answer::go_on) return SQLITE_IOERR_READ;
  return real(file)->pMethods->xRead(real(file), to, bytes, at);
}
int write(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 at) {
  switch (ask(Doing::write)) {
    case Answer::go_on:
      return real(file)->pMethods->xWrite(real(file), from, bytes, at);
    case Answer::full:
      return SQLITE_FULL;
    case Answer::half:
      static_cast<void>(real(file)->pMethods->xWrite(real(file), from, bytes / 2, at));
      return SQLITE_IOERR_WRITE;
    case Answer::read_only:
      return SQLITE_READONLY;
    case Answer::io_error:
      break;
  }
  return SQLITE_IOERR_WRITE;
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (ask(Doing::sync) != Answer::go_on) return SQLITE_IOERR_TRUNCATE;
  return real(file)->pMethods->xTruncate(real(file), size);
}
int sync(sqlite3_file* file, int flags) {
  if (ask(Doing::sync) != Answer::go_on) return SQLITE_IOERR_FSYNC;
  return real(file)->pMethods->xSync(real(file), flags);
}
int size(sqlite3_file* file, sqlite3_int64* bytes) {
  return real(file)->pMethods->xFileSize(real(file), bytes);
}
int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int check_lock(sqlite3_file* file, int* held) {
  return real(file)->pMethods->xCheckReservedLock(real(file), held);
}
int control(sqlite3_file* file, int what, void* with) {
  return real(file)->pMethods->xFileControl(real(file), what, with);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int traits(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
int map_shared(sqlite3_file* file, int page, int bytes, int extend, void volatile** at) {
  return real(file)->pMethods->xShmMap(real(file), page, bytes, extend, at);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int unmap_shared(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

const sqlite3_io_methods methods = {2,       close,        read,    write,      truncate,
                                    sync,    size,         lock,    unlock,     check_lock,
                                    control, sector_size,  traits,  map_shared, lock_shared,
                                    barrier, unmap_shared, nullptr, nullptr};

sqlite3_vfs* real_vfs() {
  static sqlite3_vfs* const found = sqlite3_vfs_find(nullptr);
  return found;
}

int open(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  File* ours = as_ours(file);
  ours->real = reinterpret_cast<sqlite3_file*>(ours + 1);
  const int code = real_vfs()->xOpen(real_vfs(), name, ours->real, flags, out_flags);
  ours->base.pMethods = ours->real->pMethods == nullptr ? nullptr : &methods;
  return code;
}

sqlite3_vfs make_vfs() {
  sqlite3_vfs vfs = *real_vfs();
  vfs.zName = "faulty";
  vfs.szOsFile += static_cast<int>(sizeof(File));
  vfs.xOpen = open;
  return vfs;
}
sqlite3_vfs& our_vfs() {
  static sqlite3_vfs vfs = make_vfs();
  return vfs;
}

}  // namespace

FaultyDisk::FaultyDisk() {
  repair();
  sqlite3_vfs* below = real_vfs();
  if (below == nullptr || sqlite3_vfs_register(&our_vfs(), 1) != SQLITE_OK) {
    throw std::runtime_error("SQLite takes no other VFS");
  }
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&our_vfs());
  sqlite3_vfs_register(real_vfs(), 1);
}

void FaultyDisk::fail(DiskFault fault, int after) {
  const std::lock_guard lock(state().mutex);
  state().fault = fault;
  state().left = after;
  state().failed = false;
}

void FaultyDisk::repair() { fail(DiskFault::none, 0); }

bool FaultyDisk::has_failed() const {
  const std::lock_guard lock(state().mutex);
  return state().failed;
}

}  // namespace homeostat
