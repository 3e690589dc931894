// One TCP connection of a client that does as a test wants: half a request, byte by byte, silence.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace homeostat::test {

class ClientSocket {
 public:
  explicit ClientSocket(int port);  // to 127.0.0.1; a failure ends the test
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;
  ~ClientSocket();

  bool write(std::string_view bytes) const;  // false: the server has gone
  // What comes until `end` was read, or the server goes, or nothing came for a minute.
  [[nodiscard]] std::string read_until(std::string_view end) const;
  // Whether the server has closed, or does within that time. What it says before is dropped.
  [[nodiscard]] bool closes_within(std::chrono::milliseconds limit) const;
  void set_small_buffer() const;  // of what it takes unread

 private:
  int socket_;
};

}  // namespace homeostat::test
