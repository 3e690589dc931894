// The directory on disk: listing, reading and atomic writing below one folder. Symbolic links are
// never followed there.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "providers/core/provider.hpp"

namespace homeostat::files {

// An open file or folder; closed at the end of its life.
class Handle {
 public:
  explicit Handle(int fd = -1) : fd_(fd) {}
  Handle(Handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

struct Entry {
  std::string name;
  bool folder = false;
};

struct File {
  std::string text;
  Time changed_at = {};
};

// `shown` is what a path is called in messages. All functions may be called from several threads.
class Store {
 public:
  enum class Existing : std::uint8_t { replace, refuse };

  // `root` need not exist.
  Store(std::string root, std::string shown) : root_(std::move(root)), shown_(std::move(shown)) {}

  [[nodiscard]] std::string shown(std::string_view path) const;
  [[nodiscard]] std::string shown(std::span<const std::string> path) const;

  // A folder below the root (an empty path: the root itself); not open() where there is none.
  [[nodiscard]] Result<Handle> open_folder(std::span<const std::string> path) const;
  // A folder inside an open one. `shown_path`: for messages.
  [[nodiscard]] Result<Handle> open_inside(const Handle& folder, const std::string& name,
                                           std::string_view shown_path) const;
  // Sorted by name, without leftovers. Links, devices and the like are errors.
  [[nodiscard]] Result<std::vector<Entry>> list(const Handle& folder,
                                                std::string_view shown_path) const;
  // nullopt: there is none. At most 16 MiB.
  [[nodiscard]] Result<std::optional<File>> read(const Handle& folder, const std::string& name,
                                                 std::string_view shown_path) const;
  [[nodiscard]] Result<std::optional<File>> read(std::span<const std::string> path) const;

  // The whole file or nothing, even over a crash. `refuse`: a conflict where the file is there.
  [[nodiscard]] Status write(std::span<const std::string> path, std::string_view text,
                             Existing existing) const;
  // Absent is fine. Folders that become empty go too, down to the kind's own.
  [[nodiscard]] Status remove(std::span<const std::string> path) const;

 private:
  [[nodiscard]] Result<Handle> make_folder(std::span<const std::string> path) const;
  // False: the folder vanished meanwhile.
  [[nodiscard]] Result<bool> write_inside(const Handle& folder, std::span<const std::string> path,
                                          std::string_view text, Existing existing) const;

  std::string root_;
  std::string shown_;
};

}  // namespace homeostat::files
