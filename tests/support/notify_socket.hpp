// Stands for systemd: the socket on which a service says how it is.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <string>

namespace homeostat::test {

class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path) : file_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(file_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const timeval limit = {.tv_sec = 30, .tv_usec = 0};
    setsockopt(file_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~NotifySocket() { close(file_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // Reads on until it is told so; false where nothing comes any more.
  [[nodiscard]] bool hears(const std::string& word) const {
    while (true) {
      std::array<char, 512> bytes = {};
      const ssize_t got = recv(file_, bytes.data(), bytes.size(), 0);
      if (got <= 0) return false;
      const std::string said(bytes.data(), static_cast<std::size_t>(got));
      if (said.find(word) != std::string::npos) return true;
    }
  }

 private:
  int file_;
};

}  // namespace homeostat::test
