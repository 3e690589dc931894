// Addresses, networks, ranges, reverse names.
#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

constexpr std::size_t width(bool v6) { return v6 ? 16 : 4; }

std::string without_leading_zeros(std::string_view dotted) {
  std::string out;
  for (std::string_view part : split(dotted, '.')) {
    while (part.size() > 1 && part.front() == '0') part.remove_prefix(1);
    if (!out.empty()) out += '.';
    out += part;
  }
  return out;
}

std::optional<IpAddress> read_ip(std::string_view text) {
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> terminated = {};
  std::memcpy(terminated.data(), text.data(), text.size());
  IpAddress address;
  address.v6 = text.find(':') != std::string_view::npos;
  const int family = address.v6 ? AF_INET6 : AF_INET;
  if (inet_pton(family, terminated.data(), address.bytes.data()) != 1) return std::nullopt;
  return address;
}

// The bits of `bytes` behind `prefix` set to zero.
IpAddress masked(IpAddress address, int prefix) {
  for (std::size_t i = 0; i < width(address.v6); ++i) {
    const int bits = std::clamp(prefix - static_cast<int>(i) * 8, 0, 8);
    address.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] & (0xFF00U >> bits));
  }
  return address;
}

constexpr std::string_view hex_digits = "0123456789abcdef";

// The labels of a reverse name, from the most significant: octets, or nibbles.
std::vector<std::string> reverse_labels(const IpAddress& address) {
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < width(address.v6); ++i) {
    const std::uint8_t byte = address.bytes[i];
    if (address.v6) {
      labels.emplace_back(1, hex_digits[byte >> 4U]);
      labels.emplace_back(1, hex_digits[byte & 0x0FU]);
    } else {
      labels.push_back(std::to_string(byte));
    }
  }
  return labels;
}

std::string reverse_text(const IpAddress& address, std::size_t count) {
  const std::vector<std::string> labels = reverse_labels(address);
  std::string out;
  for (std::size_t i = count; i > 0; --i) {
    out += labels[i - 1];
    out += '.';
  }
  return out + (address.v6 ? "ip6.arpa" : "in-addr.arpa");
}

}  // namespace

Result<IpAddress> parse_ip(std::string_view text) {
  if (const auto address = read_ip(text)) return *address;
  const auto wrong = [&](std::string_view why, std::string hint) {
    return fail(ErrorKind::invalid_spec, in_ticks(text) + std::string(why), std::move(hint));
  };
  if (const auto zone = text.find('%'); zone != std::string_view::npos) {
    if (read_ip(text.substr(0, zone))) {
      return wrong(" has a zone", "write " + std::string(text.substr(0, zone)));
    }
  }
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    if (read_ip(text.substr(0, slash))) {
      return wrong(" has a prefix length",
                   "write the address alone: " + std::string(text.substr(0, slash)));
    }
  }
  if (const std::string shorter = without_leading_zeros(text); read_ip(shorter)) {
    return wrong(" has a number with a leading zero", "write " + shorter);
  }
  return wrong(" is not an IP address", "write one such as 10.5.0.7 or 2001:db8::7");
}

std::string to_string(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text = {};
  if (address.v6) {
    inet_ntop(AF_INET6, address.bytes.data(), text.data(), static_cast<socklen_t>(text.size()));
    return text.data();
  }
  char* end = text.data();  // inet_ntop takes ten times as long for it
  for (std::size_t i = 0; i < width(false); ++i) {
    if (i > 0) *end++ = '.';
    end = std::to_chars(end, text.data() + text.size(), address.bytes.at(i)).ptr;
  }
  return {text.data(), end};
}

Result<Cidr> parse_cidr(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) {
    const auto address = read_ip(text);
    if (!address) {
      return fail(ErrorKind::invalid_spec, in_ticks(text) + " is not a network",
                  "write one such as 10.5.0.0/24");
    }
    const int usual = address->v6 ? 64 : 24;
    return fail(ErrorKind::invalid_spec, in_ticks(text) + " has no prefix length",
                "write " + to_string(Cidr{masked(*address, usual), usual}));
  }
  TRY_ASSIGN(const IpAddress address, parse_ip(text.substr(0, slash)));
  const std::string_view digits = text.substr(slash + 1);
  const auto prefix = parse_digits(digits);
  const std::size_t bits = width(address.v6) * 8;
  if (!prefix || *prefix > bits || (digits.size() > 1 && digits.front() == '0')) {
    return fail(ErrorKind::invalid_spec,
                in_ticks(text) + " has no prefix length between 0 and " + std::to_string(bits),
                "write one such as " + to_string(address) + (address.v6 ? "/64" : "/24"));
  }
  const Cidr cidr{masked(address, static_cast<int>(*prefix)), static_cast<int>(*prefix)};
  if (cidr.base != address) {
    return fail(ErrorKind::invalid_spec,
                in_ticks(text) + " is an address inside a network, not the network",
                "write " + to_string(cidr));
  }
  return cidr;
}

std::string to_string(const Cidr& cidr) {
  return to_string(cidr.base) + '/' + std::to_string(cidr.prefix);
}

Result<IpRange> parse_ip_range(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) {
    TRY_ASSIGN(const IpAddress address, parse_ip(text));
    return IpRange{address, address};
  }
  const std::string_view last_text = trim(text.substr(dash + 1));
  TRY_ASSIGN(const IpAddress first, parse_ip(trim(text.substr(0, dash))));
  if (!first.v6 && parse_digits(last_text).value_or(256) < 256) {
    const std::string begin = to_string(first);
    return fail(ErrorKind::invalid_spec, in_ticks(text) + " ends in a number, not in an address",
                "write " + begin + '-' + begin.substr(0, begin.rfind('.') + 1) +
                    std::to_string(*parse_digits(last_text)));
  }
  TRY_ASSIGN(const IpAddress last, parse_ip(last_text));
  if (first.v6 != last.v6) {
    return fail(ErrorKind::invalid_spec, in_ticks(text) + " mixes IPv4 and IPv6",
                "write two addresses of one family, such as 10.5.0.20-10.5.0.99");
  }
  if (last < first) {
    return fail(ErrorKind::invalid_spec, in_ticks(text) + " ends before it begins",
                "write " + to_string(last) + '-' + to_string(first));
  }
  return IpRange{first, last};
}

bool contains(const Cidr& cidr, const IpAddress& address) {
  return cidr.base.v6 == address.v6 && masked(address, cidr.prefix) == cidr.base;
}

bool contains(const IpRange& range, const IpAddress& address) {
  return range.first.v6 == address.v6 && range.first <= address && address <= range.last;
}

std::optional<IpAddress> host_address(const Cidr& cidr, std::uint64_t offset) {
  IpAddress address = cidr.base;
  for (std::size_t i = width(address.v6); i > 0 && offset > 0; --i) {
    const std::uint64_t sum = address.bytes[i - 1] + (offset & 0xFFU);
    address.bytes[i - 1] = static_cast<std::uint8_t>(sum & 0xFFU);
    offset = (offset >> 8U) + (sum >> 8U);
  }
  if (offset > 0 || !contains(cidr, address)) return std::nullopt;
  return address;
}

IpAddress next(const IpAddress& address) {
  IpAddress following = address;
  for (std::size_t i = width(address.v6); i > 0; --i) {
    if (++following.bytes[i - 1] != 0) break;
  }
  return following;
}

std::string reverse_name(const IpAddress& address) {
  return reverse_text(address, address.v6 ? 32 : 4);
}

std::optional<std::string> reverse_zone(const std::vector<Cidr>& networks) {
  if (networks.empty()) return std::nullopt;
  const IpAddress& first = networks.front().base;
  const int step = first.v6 ? 4 : 8;
  // At least one label must stay below the zone, for the records themselves.
  std::size_t common = first.v6 ? 31 : 3;
  const std::vector<std::string> labels = reverse_labels(first);
  for (const Cidr& network : networks) {
    if (network.base.v6 != first.v6) return std::nullopt;
    common = std::min(common, static_cast<std::size_t>(network.prefix / step));
    const std::vector<std::string> others = reverse_labels(network.base);
    const auto differs = std::mismatch(labels.begin(), labels.end(), others.begin());
    common = std::min(common, static_cast<std::size_t>(differs.first - labels.begin()));
  }
  if (common == 0) return std::nullopt;
  return reverse_text(first, common);
}

}  // namespace homeostat
