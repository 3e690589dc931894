// Sockets to listen on, and who is at the other end.
#pragma once

#include <sys/socket.h>

#include <string>

#include "specs/result.hpp"

namespace homeostat {

// Closes its descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  [[nodiscard]] int number() const { return number_; }  // -1: none
  int release();

 private:
  int number_ = -1;
};

struct Listener {
  Descriptor socket;  // does not block
  int port = 0;
  std::string name;  // "127.0.0.1:8471", "[::1]:8471"
};
// An address in digits and a port; port 0: any free one.
[[nodiscard]] Result<Listener> listen_on(const std::string& address);

// Digits; of a 4-in-6 address its IPv4 form; "" where it is neither.
[[nodiscard]] std::string peer_name(const sockaddr* address);

}  // namespace homeostat
