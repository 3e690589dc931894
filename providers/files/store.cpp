#include "providers/files/store.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include "providers/core/failpoint.hpp"
#include "providers/files/names.hpp"

namespace homeostat::files {
namespace {

constexpr std::size_t max_file_bytes = 16U << 20U;
constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// `errno` must still be that of the failed call.
tl::unexpected<Error> system_failure(const std::string& path, std::string_view doing) {
  const int code = errno;
  if (code == ELOOP || code == EMLINK) {
    return fail(ErrorKind::invalid_spec, fmt::format("{}: is a symbolic link", path),
                "links are not followed here: put the file itself in its place");
  }
  const bool refused = code == EACCES || code == EPERM || code == EROFS;
  return fail(refused ? ErrorKind::auth : ErrorKind::internal,
              fmt::format("{}: cannot {}: {}", path, doing, std::generic_category().message(code)));
}

Result<std::string> read_all(int fd, const std::string& path, std::size_t expected) {
  std::string text(expected + 1, '\0');  // one more: the end is seen with the first read
  std::size_t length = 0;
  while (true) {
    const ssize_t got = ::read(fd, text.data() + length, text.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(path, "read");
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
    if (length > max_file_bytes) break;
    if (length == text.size()) text.resize(2 * length);
  }
  if (length > max_file_bytes) {
    return fail(ErrorKind::invalid_spec, fmt::format("{}: is larger than 16 MiB", path));
  }
  text.resize(length);
  return text;
}

Status write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return system_failure(path, "write");
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  if (::fsync(fd) != 0) return system_failure(path, "write");
  return {};
}

// Removes a file that did not get its place, whichever way the writing ends.
class Unfinished {
 public:
  Unfinished(int folder, std::string name) : folder_(folder), name_(std::move(name)) {}
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  Unfinished(Unfinished&&) = delete;
  Unfinished& operator=(Unfinished&&) = delete;
  ~Unfinished() {
    if (!name_.empty()) ::unlinkat(folder_, name_.c_str(), 0);
  }
  void keep() { name_.clear(); }

 private:
  int folder_;
  std::string name_;
};

Status put_in_place(int folder, const std::string& temporary, const std::string& name,
                    Store::Existing existing, const std::string& shown) {
  if (existing == Store::Existing::refuse) {
    if (::renameat2(folder, temporary.c_str(), folder, name.c_str(), RENAME_NOREPLACE) == 0) {
      return {};
    }
    if (errno == EEXIST) {
      return fail(ErrorKind::conflict, fmt::format("{}: something is there already", shown));
    }
    // Some file systems do not know the flag; there the caller's own look must do.
    if (errno != EINVAL && errno != ENOSYS) return system_failure(shown, "write");
  }
  if (::renameat(folder, temporary.c_str(), folder, name.c_str()) != 0) {
    return system_failure(shown, "write");
  }
  return {};
}

}  // namespace

Handle::~Handle() {
  if (fd_ >= 0) ::close(fd_);
}

std::string Store::shown(std::string_view path) const {
  return path.empty() ? shown_ : fmt::format("{}/{}", shown_, path);
}

std::string Store::shown(std::span<const std::string> path) const {
  return shown(fmt::to_string(fmt::join(path.begin(), path.end(), "/")));
}

Result<Handle> Store::open_folder(std::span<const std::string> path) const {
  // The root itself may be a link: it is the user's own word.
  const auto open_root = [this] {
    return ::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  };
  Handle folder(open_root());
  struct stat status = {};
  if (!folder.open() && errno == ENOENT && ::lstat(root_.c_str(), &status) == 0) {
    // Another write may have made it between the two calls.
    folder = Handle(open_root());
    if (!folder.open() && errno == ENOENT && S_ISLNK(status.st_mode)) {
      return fail(ErrorKind::invalid_spec,
                  fmt::format("{}: is a symbolic link that leads nowhere", shown_),
                  "nothing there would mean that all of it is gone: mend the link, or remove it");
    }
  }
  if (!folder.open()) {
    if (errno == ENOENT) return Handle();
    if (errno == ENOTDIR) {
      return fail(ErrorKind::invalid_spec, fmt::format("{}: is not a directory", shown_));
    }
    return system_failure(shown_, "open");
  }
  for (std::size_t depth = 0; depth < path.size() && folder.open(); ++depth) {
    TRY_ASSIGN(folder, open_inside(folder, path[depth], shown(path.first(depth + 1))));
  }
  return folder;
}

Result<Handle> Store::open_inside(const Handle& folder, const std::string& name,
                                  std::string_view shown_path) const {
  Handle inside(::openat(folder.get(), name.c_str(), folder_flags));
  if (inside.open() || errno == ENOENT) return inside;
  if (errno == ENOTDIR) {
    struct stat status = {};
    const bool link = ::fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                      S_ISLNK(status.st_mode);
    errno = link ? ELOOP : ENOTDIR;
  }
  return system_failure(std::string(shown_path), "open");
}

Result<std::vector<Entry>> Store::list(const Handle& folder, std::string_view shown_path) const {
  const std::string path(shown_path);
  const int copy = ::fcntl(folder.get(), F_DUPFD_CLOEXEC, 0);
  DIR* opened = copy < 0 ? nullptr : ::fdopendir(copy);
  if (opened == nullptr) {
    auto failure = system_failure(path, "list");
    if (copy >= 0) ::close(copy);
    return failure;
  }
  using Close = decltype([](DIR* directory) { ::closedir(directory); });
  const std::unique_ptr<DIR, Close> directory(opened);
  std::vector<Entry> entries;
  while (true) {
    errno = 0;
    // Safe: each thread reads a stream of its own. NOLINTNEXTLINE(concurrency-mt-unsafe)
    const dirent* next = ::readdir(directory.get());
    if (next == nullptr && errno != 0) return system_failure(path, "list");
    if (next == nullptr) break;
    const std::string name = static_cast<const char*>(next->d_name);
    if (name.front() == '.' || (is_leftover(name) && next->d_type != DT_DIR)) continue;
    auto type = next->d_type;
    if (type == DT_UNKNOWN) {
      struct stat status = {};
      if (::fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return system_failure(fmt::format("{}/{}", path, name), "read");
      }
      type = S_ISDIR(status.st_mode) ? DT_DIR : S_ISREG(status.st_mode) ? DT_REG : DT_LNK;
    }
    if (type != DT_DIR && type != DT_REG) {
      return fail(ErrorKind::invalid_spec,
                  fmt::format("{}/{}: is a symbolic link, or no file at all", path, name),
                  "links are not followed here: put the file itself in its place");
    }
    entries.push_back(Entry{name, type == DT_DIR});
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

Result<std::optional<File>> Store::read(const Handle& folder, const std::string& name,
                                        std::string_view shown_path) const {
  const std::string path(shown_path);
  // Non-blocking: a pipe must not hold us up.
  const Handle file(
      ::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.open()) {
    if (errno == ENOENT) return std::optional<File>();
    return system_failure(path, "open");
  }
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) return system_failure(path, "read");
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorKind::invalid_spec, fmt::format("{}: is not a file", path));
  }
  File read;
  read.changed_at = Time(std::chrono::seconds(status.st_mtim.tv_sec));
  const auto expected = static_cast<std::size_t>(status.st_size);
  TRY_ASSIGN(read.text, read_all(file.get(), path, std::min(expected, max_file_bytes)));
  return std::optional<File>(std::move(read));
}

Result<std::optional<File>> Store::read(std::span<const std::string> path) const {
  TRY_ASSIGN(const Handle folder, open_folder(path.first(path.size() - 1)));
  if (!folder.open()) return std::optional<File>();
  return read(folder, path.back(), shown(path));
}

// Not open() where another thread took an empty folder away meanwhile.
Result<Handle> Store::make_folder(std::span<const std::string> path) const {
  std::error_code code;
  std::filesystem::create_directories(root_, code);
  if (code) {
    return fail(ErrorKind::internal, fmt::format("{}: cannot create: {}", shown_, code.message()));
  }
  TRY_ASSIGN(Handle folder, open_folder({}));
  for (std::size_t depth = 0; depth < path.size() && folder.open(); ++depth) {
    const std::string where = shown(path.first(depth + 1));
    const bool made = ::mkdirat(folder.get(), path[depth].c_str(), 0777) == 0;
    if (!made && errno == ENOENT) return Handle();
    if (!made && errno != EEXIST) return system_failure(where, "create");
    if (made) failpoint("files.after_folder");
    if (made && ::fsync(folder.get()) != 0) return system_failure(where, "create");
    TRY_ASSIGN(folder, open_inside(folder, path[depth], where));
  }
  return folder;
}

Status Store::write(std::span<const std::string> path, std::string_view text,
                    Existing existing) const {
  for (int attempt = 0; attempt < 5; ++attempt) {
    TRY_ASSIGN(const Handle folder, make_folder(path.first(path.size() - 1)));
    if (!folder.open()) continue;
    TRY_ASSIGN(const bool written, write_inside(folder, path, text, existing));
    if (written) return {};
  }
  return fail(ErrorKind::transient,
              fmt::format("{}: its folder vanishes while it is written", shown(path)));
}

Result<bool> Store::write_inside(const Handle& folder, std::span<const std::string> path,
                                 std::string_view text, Existing existing) const {
  const std::string where = shown(path);
  const std::string& name = path.back();
  struct stat status = {};
  const bool there = ::fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (there && (existing == Existing::refuse || !S_ISREG(status.st_mode))) {
    return fail(ErrorKind::conflict, fmt::format("{}: something is there already", where));
  }
  // Private: it may hold secrets. A file that was there keeps the mode that its user gave it.
  const std::string temporary =
      fmt::format(".{:x}.{}.tmp", std::hash<std::string>()(name), ::getpid());
  const Handle file(::openat(folder.get(), temporary.c_str(),
                             O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.open() && errno == ENOENT) return false;
  if (!file.open()) return system_failure(where, "write");
  Unfinished unfinished(folder.get(), temporary);
  if (there && ::fchmod(file.get(), status.st_mode & 07777U) != 0) {
    return system_failure(where, "write");
  }
  failpoint("files.before_text");
  TRY(write_all(file.get(), text, where));
  failpoint("files.before_place");
  TRY(put_in_place(folder.get(), temporary, name, existing, where));
  unfinished.keep();
  failpoint("files.after_place");
  if (::fsync(folder.get()) != 0) return system_failure(where, "write");
  return true;
}

Status Store::remove(std::span<const std::string> path) const {
  TRY_ASSIGN(const Handle folder, open_folder(path.first(path.size() - 1)));
  if (!folder.open()) return {};
  failpoint("files.before_remove");
  if (::unlinkat(folder.get(), path.back().c_str(), 0) != 0 && errno != ENOENT) {
    return system_failure(shown(path), "remove");
  }
  if (::fsync(folder.get()) != 0) return system_failure(shown(path), "remove");
  failpoint("files.after_remove");
  for (std::size_t depth = path.size() - 2; depth >= 1; --depth) {
    TRY_ASSIGN(const Handle above, open_folder(path.first(depth)));
    // Not empty, or gone already: both are as they should be.
    if (!above.open() || ::unlinkat(above.get(), path[depth].c_str(), AT_REMOVEDIR) != 0) break;
  }
  return {};
}

}  // namespace homeostat::files
