#include "reconciler/places.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <thread>

#include "providers/core/failpoint.hpp"
namespace homeostat {
namespace {

tl::unexpected<Error> system_error(const std::string& doing, int code) {
  std::string hint;
  if (code == EACCES || code == EPERM || code == EROFS) {
    hint = "it is read-only for this user: check owner, mode and mount";
  } else if (code == ENOSPC || code == EDQUOT) {
    hint = "free some space on that disk and run again";
  }
  return fail(ErrorKind::internal, fmt::format("cannot {}: {}", doing, std::strerror(code)),
              std::move(hint));
}

// A variable that is set and not empty, or "".
std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<std::string> state_base() {
  if (auto given = environment("HOMEOSTAT_STATE_DIR"); !given.empty()) return given;
  if (::geteuid() == 0) return std::string("/var/lib/homeostat");
  // The XDG specification wants relative paths to be ignored.
  if (auto xdg = environment("XDG_STATE_HOME"); xdg.starts_with('/')) return xdg + "/homeostat";
  const auto home = environment("HOME");
  if (home.empty()) {
    return fail(ErrorKind::internal, "there is no place for the ledger: HOME is not set",
                "set HOMEOSTAT_STATE_DIR to a folder of this user, or give --ledger PATH");
  }
  return home + "/.local/state/homeostat";
}

struct File {
  int descriptor;
  explicit File(int opened) : descriptor(opened) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

// Up to `limit` bytes from the start; short only at the end of the file.
Result<std::string> read_start(int file, const std::string& path, std::size_t limit) {
  std::string text(limit, '\0');
  std::size_t have = 0;
  while (have < limit) {
    const auto got = ::pread(file, text.data() + have, limit - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read " + path, errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  return text;
}

Status write_all(int file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const auto done = ::write(file, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return system_error("write " + path, errno);
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

Result<std::string> random_key() {
  std::string key(key_bytes, '\0');
  // Up to 256 bytes come whole, or not at all.
  if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) {
    return system_error("get random bytes for a key", errno);
  }
  return key;
}

// "" where there is none.
Result<std::string> load_key(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.descriptor < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::string();
  if (file.descriptor < 0) return system_error("open the key " + path, errno);
  struct stat status = {};
  if (::fstat(file.descriptor, &status) != 0) return system_error("read " + path, errno);
  if ((status.st_mode & 077) != 0) {
    return fail(
        ErrorKind::auth,
        fmt::format("the key {} can be read by others (mode {:o})", path, status.st_mode & 07777),
        "make it private: chmod 600 " + path);
  }
  // One more, to see that nothing follows.
  auto key = read_start(file.descriptor, path, key_bytes + 1);
  if (key && key->size() != key_bytes) {
    return fail(ErrorKind::internal,
                fmt::format("the key {} is damaged: it should hold {} bytes", path, key_bytes),
                "restore it, or remove it and run again: each secret is seen as changed once then");
  }
  return key;
}

// Written aside and linked: whoever looks sees a whole key or none, and the first of two makers
// wins.
Status make_key(const std::string& path) {
  TRY(make_private_folders(folder_of(path)));
  TRY_ASSIGN(const std::string key, random_key());
  std::string aside = path + ".XXXXXX";
  const File file(::mkostemp(aside.data(), O_CLOEXEC));  // mode 0600
  if (file.descriptor < 0) return system_error("make the key " + path, errno);
  auto done = write_all(file.descriptor, aside, key);
  if (done && ::fsync(file.descriptor) != 0) done = system_error("write " + aside, errno);
  failpoint("key.before_link");
  if (done && ::link(aside.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    done = system_error("make the key " + path, errno);
  }
  failpoint("key.after_link");
  ::unlink(aside.c_str());
  return done;
}

Result<std::string> read_holder(int file, const std::string& path) {
  TRY_ASSIGN(std::string holder, read_start(file, path, 256));
  return holder.empty() ? "another process" : holder;
}

// Who only asks for the holder has the lock for a moment.
int lock_soon(int file) {
  for (int tries = 5;; --tries) {
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) return 0;
    if (errno != EWOULDBLOCK || tries == 1) return -1;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

// "14:02:11" of this machine's day.
std::string clock_text(Time time) {
  const auto seconds = static_cast<std::time_t>(time.time_since_epoch().count());
  std::tm local = {};
  ::localtime_r(&seconds, &local);
  std::array<char, 16> text = {};
  return {text.data(), std::strftime(text.data(), text.size(), "%H:%M:%S", &local)};
}

}  // namespace

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status make_private_folders(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) == 0) return {};
  if (errno == ENOENT && folder_of(folder) != folder) {
    TRY(make_private_folders(folder_of(folder)));
    if (::mkdir(folder.c_str(), 0700) == 0) return {};
  }
  // Another process may have made it in between; a file in its place is found by whoever uses it.
  if (errno == EEXIST) return {};
  return system_error("make the folder " + folder, errno);
}

Result<Places> find_places(const std::string& site, const std::string& ledger) {
  if (site.empty() || site == "." || site == ".." || site.find('/') != std::string::npos) {
    return fail(ErrorKind::invalid_spec, fmt::format("\"{}\" cannot name a site's folder", site),
                "use letters, digits and dashes");
  }
  TRY_ASSIGN(const std::string base, state_base());
  std::error_code code;
  const auto state = std::filesystem::absolute(base, code) / site;
  if (code) return system_error("find the folder " + base, code.value());
  Places places;
  places.state = state.string();
  places.ledger = places.state + "/ledger.db";
  if (!ledger.empty()) {
    places.ledger = std::filesystem::absolute(ledger, code).string();
    if (code) return system_error("find the ledger " + ledger, code.value());
  }
  places.key = folder_of(places.ledger) + "/key";
  places.trust = folder_of(places.ledger) + "/trust.json";
  places.lock = places.state + "/lock";
  return places;
}

Result<std::string> load_or_make_key(const std::string& path, bool create) {
  TRY_ASSIGN(std::string key, load_key(path));
  if (!key.empty() || !create) return key;
  TRY(make_key(path));
  return load_key(path);
}

Result<SiteLock> SiteLock::acquire(const Places& places, const std::string& site,
                                   const std::string& who, Time now) {
  TRY(make_private_folders(folder_of(places.lock)));
  const int file = ::open(places.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return system_error("open the lock " + places.lock, errno);
  SiteLock lock(file);  // closes it, whatever follows
  if (lock_soon(file) != 0) {
    if (errno != EWOULDBLOCK) return system_error("lock " + places.lock, errno);
    TRY_ASSIGN(const std::string holder, read_holder(file, places.lock));
    return fail(ErrorKind::conflict, fmt::format("{} holds the lock of site {}", holder, site),
                "wait until it has ended, and run again");
  }
  const auto holder = fmt::format("{}, process {}, since {}", who, ::getpid(), clock_text(now));
  if (::ftruncate(file, 0) != 0) return system_error("write " + places.lock, errno);
  TRY(write_all(file, places.lock, holder));
  return lock;
}

std::optional<std::string> SiteLock::holder(const Places& places) {
  const File file(::open(places.lock.c_str(), O_RDONLY | O_CLOEXEC));
  // Shared, so that two who ask do not take each other for a holder.
  if (file.descriptor < 0 || ::flock(file.descriptor, LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  if (errno != EWOULDBLOCK) return std::nullopt;
  const auto holder = read_holder(file.descriptor, places.lock);
  return holder ? *holder : "another process";
}

SiteLock::SiteLock(SiteLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
SiteLock& SiteLock::operator=(SiteLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

// The text may stay: it is only read while somebody holds the lock.
SiteLock::~SiteLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace homeostat
