#include "reconciler/private_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "reconciler/places.hpp"

namespace homeostat {
namespace {

struct File {
  int descriptor;
  explicit File(int opened) : descriptor(opened) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File(File&&) = delete;
  File& operator=(File&&) = delete;
  ~File() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

tl::unexpected<Error> system_error(const std::string& doing, const std::string& path, int code) {
  return fail(ErrorKind::internal,
              fmt::format("cannot {} {}: {}", doing, path, std::generic_category().message(code)));
}

Status check(const struct stat& status, const std::string& path, const std::string& what) {
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorKind::auth, fmt::format("{} {} is not a file", what, path));
  }
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return fail(ErrorKind::auth, fmt::format("{} {} belongs to somebody else", what, path),
                "it must belong to the user who runs this, or to root");
  }
  if ((status.st_mode & 077U) == 0) return {};
  return fail(ErrorKind::auth,
              fmt::format("{} {} is open to others (mode {:04o})", what, path,
                          static_cast<unsigned>(status.st_mode & 07777U)),
              "make it private: chmod 600 " + path);
}

Status write_all(int file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const auto done = ::write(file, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return system_error("write", path, errno);
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  if (::fsync(file) != 0) return system_error("write", path, errno);
  return {};
}

}  // namespace

Result<std::optional<std::string>> read_private_file(const std::string& path,
                                                     const std::string& what, std::size_t limit) {
  const File file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (file.descriptor < 0 && (errno == ENOENT || errno == ENOTDIR)) {
    return std::optional<std::string>();
  }
  if (file.descriptor < 0 && errno == ELOOP) {
    return fail(ErrorKind::auth, fmt::format("{} {} is a symbolic link", what, path),
                "name the file itself");
  }
  if (file.descriptor < 0) return system_error("read", path, errno);
  struct stat status = {};
  if (::fstat(file.descriptor, &status) != 0) return system_error("read", path, errno);
  TRY(check(status, path, what));
  std::string text;
  std::string buffer(65536, '\0');
  while (text.size() <= limit) {
    const ssize_t got = ::read(file.descriptor, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", path, errno);
    if (got == 0) return std::optional<std::string>(std::move(text));
    text.append(buffer, 0, static_cast<std::size_t>(got));
  }
  return fail(ErrorKind::invalid_spec, fmt::format("{} {} is too large", what, path));
}

Status write_private_file(const std::string& path, const std::string& what,
                          const std::string& text) {
  struct stat old = {};
  if (::lstat(path.c_str(), &old) == 0 && !S_ISREG(old.st_mode)) {
    return fail(ErrorKind::invalid_spec,
                fmt::format("{} cannot be written to {}: that is no file", what, path),
                "name a new file, or one to be replaced");
  }
  std::string aside = path + ".XXXXXX";
  const File file(::mkostemp(aside.data(), O_CLOEXEC));  // mode 0600
  if (file.descriptor < 0) return system_error("write", path, errno);
  Status done = write_all(file.descriptor, path, text);
  if (done && ::rename(aside.c_str(), path.c_str()) != 0) {
    done = system_error("write", path, errno);
  }
  if (!done) {
    ::unlink(aside.c_str());
    return done;
  }
  const File folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.descriptor >= 0) (void)::fsync(folder.descriptor);
  return {};
}

Result<FolderLock> FolderLock::acquire(const std::string& folder) {
  FolderLock lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.folder_ < 0 || ::flock(lock.folder_, LOCK_EX) != 0) {
    return system_error("lock", folder, errno);
  }
  return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept : folder_(std::exchange(other.folder_, -1)) {}
FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(folder_, other.folder_);
  return *this;
}
FolderLock::~FolderLock() {
  if (folder_ >= 0) ::close(folder_);
}

}  // namespace homeostat
