// "127.0.0.1:53:53/udp": what a container publishes on its host.
#include "specs/kinds/kinds.hpp"
#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

tl::unexpected<Error> wrong(std::string_view text, std::string_view why) {
  return fail(ErrorKind::invalid_spec, in_ticks(text) + std::string(why),
              "write host:container, such as 8080:80, 53:53/udp or 127.0.0.1:8080:80");
}

struct PortRange {
  int first = 0;
  int last = 0;
};

std::optional<PortRange> parse_range(std::string_view text) {
  const auto parts = split(text, '-');
  if (parts.size() > 2) return std::nullopt;
  PortRange range;
  const auto first = parse_digits(parts.front());
  const auto last = parse_digits(parts.back());
  if (!first || !last || *first < 1 || *last > 65535 || *first > *last) return std::nullopt;
  range.first = static_cast<int>(*first);
  range.last = static_cast<int>(*last);
  return range;
}

// No address means all of both families.
bool addresses_meet(std::string_view a, std::string_view b) {
  if (a == b || a.empty() || b.empty()) return true;
  const auto v6 = [](std::string_view ip) { return ip.find(':') != std::string_view::npos; };
  const auto all = [](std::string_view ip) { return ip == "0.0.0.0" || ip == "::"; };
  return v6(a) == v6(b) && (all(a) || all(b));
}

std::string range_text(int first, int last) {
  return first == last ? std::to_string(first) : std::to_string(first) + '-' + std::to_string(last);
}

}  // namespace

Result<PortMapping> parse_port_mapping(std::string_view text) {
  PortMapping mapping;
  std::string_view rest = trim(text);
  mapping.protocol = "tcp";
  if (const auto slash = rest.rfind('/'); slash != std::string_view::npos) {
    mapping.protocol = to_lower(rest.substr(slash + 1));
    rest = rest.substr(0, slash);
    const std::string& protocol = mapping.protocol;
    if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") {
      return wrong(text, " has a protocol that is not tcp, udp or sctp");
    }
  }
  const auto colon = rest.rfind(':');
  const std::string_view container_text =
      colon == std::string_view::npos ? rest : rest.substr(colon + 1);
  const auto container = parse_range(container_text);
  if (!container) return wrong(text, " has no container port between 1 and 65535");
  mapping.container_first = container->first;
  mapping.host_first = container->first;
  mapping.host_last = container->last;
  if (colon == std::string_view::npos) return mapping;
  rest = rest.substr(0, colon);
  const auto before = rest.rfind(':');
  const auto host = parse_range(before == std::string_view::npos ? rest : rest.substr(before + 1));
  if (!host) return wrong(text, " has no host port between 1 and 65535");
  if (host->last - host->first != container->last - container->first) {
    return wrong(text, " has two ranges of different length");
  }
  mapping.host_first = host->first;
  mapping.host_last = host->last;
  if (before == std::string_view::npos) return mapping;
  std::string_view ip = rest.substr(0, before);
  const bool bracketed = ip.starts_with('[') && ip.ends_with(']');
  if (bracketed) ip = ip.substr(1, ip.size() - 2);
  const auto address = parse_ip(ip);
  if (!address || address->v6 != bracketed) {
    return wrong(text, " begins with something that is not an address");
  }
  mapping.ip = to_string(*address);
  return mapping;
}

std::string to_string(const PortMapping& mapping) {
  std::string out;
  if (!mapping.ip.empty()) {
    const bool v6 = mapping.ip.find(':') != std::string::npos;
    out = v6 ? '[' + mapping.ip + "]:" : mapping.ip + ':';
  }
  const int length = mapping.host_last - mapping.host_first;
  return out + range_text(mapping.host_first, mapping.host_last) + ':' +
         range_text(mapping.container_first, mapping.container_first + length) + '/' +
         mapping.protocol;
}

bool ports_clash(const PortMapping& a, const PortMapping& b) {
  return a.protocol == b.protocol && a.host_first <= b.host_last && b.host_first <= a.host_last &&
         addresses_meet(a.ip, b.ip);
}

std::vector<PortMapping> published_ports(const Attributes& container) {
  std::vector<PortMapping> published;
  const auto ports = container.find("ports");
  if (ports == container.end() || !ports->is_array()) return published;
  for (const nlohmann::json& port : *ports) {
    if (!port.is_string()) continue;
    Result<PortMapping> mapping = parse_port_mapping(port.get_ref<const std::string&>());
    if (mapping) published.push_back(std::move(*mapping));
  }
  return published;
}

}  // namespace homeostat
