#include "tests/support/raw_http.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace homeostat::test {

std::string raw_exchange(int port, const std::string& request) {
  const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // Whoever answers nothing is no reason to wait for ever.
  const timeval limit{.tv_sec = 60, .tv_usec = 0};
  setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  std::string answer;
  bool open = connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  for (std::size_t sent = 0; open && sent < request.size();) {
    const ssize_t count = send(peer, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    open = count > 0;
    if (open) sent += static_cast<std::size_t>(count);
  }
  std::array<char, 65536> bytes{};
  while (open) {
    const ssize_t count = recv(peer, bytes.data(), bytes.size(), 0);
    open = count > 0;
    if (open) answer.append(bytes.data(), static_cast<std::size_t>(count));
  }
  close(peer);
  return answer;
}

RawReply raw_http(int port, const std::string& method, const std::string& path,
                  const std::string& body, const std::string& headers) {
  const std::string all = raw_exchange(
      port, fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\n{}Content-Type: application/json\r\n"
                        "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
                        method, path, headers, body.size(), body));
  RawReply reply;
  const std::size_t end = all.find("\r\n\r\n");
  if (end == std::string::npos) return reply;
  reply.head = all.substr(0, end);
  reply.body = all.substr(end + 4);
  reply.status = std::atoi(all.c_str() + std::string("HTTP/1.1 ").size());
  return reply;
}

}  // namespace homeostat::test
