#include "reconciler/serve/listen.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "specs/text.hpp"

namespace homeostat {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

int Descriptor::release() { return std::exchange(number_, -1); }

namespace {

struct Place {
  sockaddr_storage address = {};
  socklen_t length = 0;
};

template <class Address>
Place place_of(const Address& address) {
  Place place;
  std::memcpy(&place.address, &address, sizeof address);
  place.length = sizeof address;
  return place;
}

Result<Place> parse_place(const std::string& text) {
  const auto refused = fail(ErrorKind::invalid_spec, "no address to listen on: " + in_ticks(text),
                            "write it in digits with a port, 127.0.0.1:8471 or [::1]:8471");
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return refused;
  const auto port = parse_digits(std::string_view(text).substr(colon + 1));
  if (!port || *port > 65535) return refused;
  std::string host = text.substr(0, colon);
  sockaddr_in four{};
  if (inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(static_cast<std::uint16_t>(*port));
    return place_of(four);
  }
  if (host.size() < 2 || host.front() != '[' || host.back() != ']') return refused;
  host = host.substr(1, host.size() - 2);
  sockaddr_in6 six{};
  if (inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) != 1) return refused;
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(static_cast<std::uint16_t>(*port));
  return place_of(six);
}

int port_of(const Place& place) {
  if (place.address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(place.address).sin_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in6&>(place.address).sin6_port);
}

}  // namespace

Result<Listener> listen_on(const std::string& address) {
  TRY_ASSIGN(Place place, parse_place(address));
  const auto refused = [&address] {
    const int code = errno;
    return fail(code == EADDRINUSE ? ErrorKind::conflict : ErrorKind::invalid_spec,
                "cannot listen on " + address + ": " + std::generic_category().message(code),
                code == EADDRINUSE ? "another program has this port; is the service running?" : "");
  };
  Listener made;
  made.socket =
      Descriptor(socket(place.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int socket = made.socket.number();
  if (socket < 0) return refused();
  // After a restart the old connections may linger for a minute.
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  auto* raw = reinterpret_cast<sockaddr*>(&place.address);
  if (bind(socket, raw, place.length) != 0 || listen(socket, SOMAXCONN) != 0 ||
      getsockname(socket, raw, &place.length) != 0) {
    return refused();
  }
  made.port = port_of(place);
  made.name = address.substr(0, address.rfind(':') + 1) + std::to_string(made.port);
  return made;
}

std::string peer_name(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address == nullptr) return {};
  if (address->sa_family == AF_INET) {
    const auto* four = reinterpret_cast<const sockaddr_in*>(address);
    inet_ntop(AF_INET, &four->sin_addr, text.data(), text.size());
  } else if (address->sa_family == AF_INET6) {
    const auto* six = reinterpret_cast<const sockaddr_in6*>(address);
    if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
      inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], text.data(), text.size());
    } else {
      inet_ntop(AF_INET6, &six->sin6_addr, text.data(), text.size());
    }
  }
  return text.data();
}

}  // namespace homeostat
