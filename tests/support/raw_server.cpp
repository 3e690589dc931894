#include "tests/support/raw_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace homeostat::test {

namespace {

sockaddr_in local_address(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int port_of(int socket) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}

template <class Address>
int listen_on(const Address& address) {
  const int made =
      socket(reinterpret_cast<const sockaddr&>(address).sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(made, 64) != 0) {
    throw std::runtime_error("no socket to listen on");
  }
  return made;
}

}  // namespace

std::string Peer::read_request() {
  std::array<char, 16384> bytes{};
  std::size_t wanted = std::string::npos;
  while (unread_.size() < wanted) {
    if (const auto head = unread_.find("\r\n\r\n"); head != std::string::npos) {
      wanted = head + 4;
      const auto length = unread_.find("Content-Length: ");
      if (length < head) wanted += std::stoul(unread_.substr(length + 16));
      if (unread_.size() >= wanted) break;
    }
    const ssize_t count = recv(socket_, bytes.data(), bytes.size(), 0);
    if (count <= 0) return {};
    unread_.append(bytes.data(), static_cast<std::size_t>(count));
  }
  std::string request = unread_.substr(0, wanted);
  unread_.erase(0, wanted);
  return request;
}

bool Peer::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void Peer::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void Peer::wait_for_end() {
  std::array<char, 4096> bytes{};
  while (recv(socket_, bytes.data(), bytes.size(), 0) > 0) {
  }
}

RawServer::RawServer(Script script) : script_(std::move(script)) {
  listener_ = listen_on(local_address(0));
  url_ = "http://127.0.0.1:" + std::to_string(port_of(listener_));
  acceptor_ = std::jthread([this] { accept_all(); });
}

RawServer::RawServer(Script script, const std::string& socket_path)
    : script_(std::move(script)), url_("unix://" + socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) throw std::runtime_error("too long a path");
  std::memcpy(&address.sun_path[0], socket_path.data(), socket_path.size());
  listener_ = listen_on(address);
  acceptor_ = std::jthread([this] { accept_all(); });
}

RawServer::~RawServer() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
  }
  scripts_.clear();
}

void RawServer::accept_all() {
  while (true) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    std::vector<int> ended;
    {
      const std::lock_guard lock(mutex_);
      sockets_.insert(socket);
      ended.swap(ended_);
    }
    // A thread that nobody has joined keeps its stack.
    for (const int script : ended) scripts_.erase(script);
    const int number = ++connections_;
    scripts_.emplace(number, [this, socket, number] { serve(socket, number); });
  }
}

void RawServer::serve(int socket, int number) {
  Peer peer(socket);
  script_(peer, number);
  const std::lock_guard lock(mutex_);
  sockets_.erase(socket);
  ended_.push_back(number);
  close(socket);
}

std::string http_answer(int status, std::string_view body, std::string_view more_headers) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(more_headers) + "\r\n" + std::string(body);
}

int closed_port() {
  const int socket = listen_on(local_address(0));
  const int port = port_of(socket);
  close(socket);
  return port;
}

}  // namespace homeostat::test
