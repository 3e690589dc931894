// A server of Debian's that runs for a test: a child of it, gone with the object, and with the test
// program whatever becomes of that.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace homeostat::test {

class Daemon {
 public:
  // What it says goes to the file `log`.
  Daemon(const std::vector<std::string>& command, const std::string& log);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon();
  // False where it ended first, or is not ready within the deadline.
  [[nodiscard]] bool wait_until(const std::function<bool()>& ready);

 private:
  pid_t pid_ = -1;
};

// Whether somebody listens there: a port of 127.0.0.1, or a socket in a folder.
[[nodiscard]] bool listens(int port);
[[nodiscard]] bool listens(const std::string& socket_path);

}  // namespace homeostat::test
