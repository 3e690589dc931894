#include "tests/support/client_socket.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace homeostat::test {

ClientSocket::ClientSocket(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(socket_);
    throw std::runtime_error("no connection");
  }
}

ClientSocket::~ClientSocket() { close(socket_); }

bool ClientSocket::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::string ClientSocket::read_until(std::string_view end) const {
  std::string all;
  std::array<char, 65536> bytes{};
  while (all.find(end) == std::string::npos) {
    pollfd waited{socket_, POLLIN, 0};
    if (poll(&waited, 1, 60'000) <= 0) break;
    const ssize_t count = recv(socket_, bytes.data(), bytes.size(), 0);
    if (count <= 0) break;
    all.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return all;
}

bool ClientSocket::closes_within(std::chrono::milliseconds limit) const {
  const auto end = std::chrono::steady_clock::now() + limit;
  std::array<char, 65536> bytes{};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd waited{socket_, POLLIN, 0};
    if (left.count() < 0 || poll(&waited, 1, static_cast<int>(left.count())) <= 0) return false;
    if (recv(socket_, bytes.data(), bytes.size(), 0) <= 0) return true;
  }
}

void ClientSocket::set_small_buffer() const {
  const int bytes = 4096;
  setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

}  // namespace homeostat::test
