// DNS names and URLs.
#include <idn2.h>

#include <algorithm>
#include <memory>

#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

constexpr std::size_t max_label = 63;
constexpr std::size_t max_name = 253;

tl::unexpected<Error> wrong(std::string message, std::string hint) {
  return fail(ErrorKind::invalid_spec, std::move(message), std::move(hint));
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Result<std::string> to_ascii(std::string_view text) {
  std::string out;
  for (const std::string_view label : split(text, '.')) {
    if (!out.empty()) out += '.';
    if (is_ascii(label)) {
      out += label;
      continue;
    }
    char* converted = nullptr;
    const std::string terminated(label);
    const int code =
        idn2_to_ascii_8z(terminated.c_str(), &converted, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    const std::unique_ptr<char, decltype([](char* p) { idn2_free(p); })> owned(converted);
    if (code != IDN2_OK) {
      return wrong(in_ticks(label) + " cannot be part of a name: " + idn2_strerror(code),
                   "write it in ASCII, as xn--...");
    }
    out += converted;
  }
  return out;
}

bool is_label_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

Status check_labels(std::string_view name, std::string_view written) {
  bool first = true;
  for (const std::string_view label : split(name, '.')) {
    if (label.empty()) {
      return wrong(in_ticks(written) + " has an empty part", "write one dot between two parts");
    }
    if (label.size() > max_label) {
      return wrong(in_ticks(label) + " is longer than 63 characters", "write a shorter name");
    }
    if (label == "*") {
      if (!first) {
        return wrong(in_ticks(written) + " has a `*` that is not its first part",
                     "write `*` in front, as in *.example.org");
      }
    } else if (const auto bad = std::find_if_not(label.begin(), label.end(), is_label_character);
               bad != label.end()) {
      return wrong(
          in_ticks(written) + " is not a DNS name: it has " + in_ticks(std::string_view(bad, 1)),
          "write letters, digits and hyphens, as in nas.example.org");
    }
    first = false;
  }
  return {};
}

struct UrlParts {
  std::string_view scheme, user, host, port, rest;
};

Result<UrlParts> split_url(std::string_view text) {
  // What stands in front of an `@` may be a password, which no message repeats.
  const bool private_part = text.find('@') != std::string_view::npos;
  const std::string shown = private_part ? "this URL" : in_ticks(text);
  if (text.find_first_of(" \t\r\n\\") != std::string_view::npos) {
    return wrong(shown + " has a space or a backslash in it", "write %20 for a space");
  }
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) {
    const std::string host(private_part ? "nas.example.org" : text.substr(0, 60));
    return wrong(shown + " has no scheme", "write it in full, such as http://" + host);
  }
  UrlParts parts;
  parts.scheme = text.substr(0, colon);
  std::string_view authority = text.substr(colon + 3);
  const auto end = std::min(authority.find_first_of("/?#"), authority.size());
  parts.rest = authority.substr(end);
  authority = authority.substr(0, end);
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    parts.user = authority.substr(0, at + 1);
    authority.remove_prefix(at + 1);
  }
  const auto bracket = authority.rfind(']');
  const auto port = authority.rfind(':');
  if (port != std::string_view::npos && (bracket == std::string_view::npos || port > bracket)) {
    parts.port = authority.substr(port + 1);
    authority = authority.substr(0, port);
  }
  parts.host = authority;
  return parts;
}

Result<std::string> url_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) {
    TRY_ASSIGN(const IpAddress address, parse_ip(host.substr(1, host.size() - 2)));
    if (!address.v6) return wrong(in_ticks(host) + " is not IPv6", "write it without brackets");
    return '[' + to_string(address) + ']';
  }
  if (host.find(':') != std::string_view::npos) {
    return wrong(in_ticks(host) + " needs brackets", "write [" + std::string(host) + "]");
  }
  TRY_ASSIGN(std::string name, canonical_name(host));
  if (name.starts_with("*")) {
    return wrong(in_ticks(host) + " is not one host", "write a name without `*`");
  }
  return name;
}

std::string_view default_port(std::string_view scheme) {
  if (scheme == "http" || scheme == "ws") return "80";
  if (scheme == "https" || scheme == "wss") return "443";
  return {};
}

}  // namespace

Result<std::string> canonical_name(std::string_view text) {
  std::string_view bare = text;
  if (bare.ends_with('.')) bare.remove_suffix(1);
  if (bare.empty()) return wrong("a name is missing", "write one such as nas.example.org");
  if (const auto scheme = bare.find("://"); scheme != std::string_view::npos) {
    std::string_view host = bare.substr(scheme + 3);
    host = host.substr(host.rfind('@', host.find_first_of("/?#")) + 1);
    host = host.substr(0, host.find_first_of(":/?#"));
    return wrong("a name is needed, and this is a URL", "write " + in_ticks(host) + " alone");
  }
  std::string ascii;
  if (is_ascii(bare)) {
    ascii = bare;
  } else {
    TRY_ASSIGN(ascii, to_ascii(bare));
  }
  std::string name = to_lower(ascii);
  TRY(check_labels(name, text));
  if (name.size() > max_name) {
    return wrong(in_ticks(text) + " is longer than 253 characters", "write a shorter name");
  }
  return name;
}

bool is_like_address(std::string_view text) {
  const std::string_view last = text.substr(text.rfind('.') + 1);
  return last.size() < text.size() && !last.empty() &&
         last.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<std::string> canonical_host(std::string_view text) {
  if (const auto address = parse_ip(text)) return to_string(*address);
  return canonical_name(text);
}

Result<std::string> canonical_url(std::string_view text) {
  TRY_ASSIGN(const UrlParts parts, split_url(text));
  const std::string scheme = to_lower(parts.scheme);
  const auto bad = scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.");
  if (bad != std::string::npos || scheme.front() < 'a') {
    return wrong(in_ticks(parts.scheme) + " is not the scheme of a URL",
                 "write http:// or https://");
  }
  if (parts.user.find(':') != std::string_view::npos) {
    // Neither the message nor the hint may repeat the password.
    return wrong("a URL must not hold a password",
                 "leave it out, and write a secret reference where the password has its own field");
  }
  std::string url = scheme + "://" + std::string(parts.user);
  if (parts.host.empty()) {
    const bool local = scheme == "unix" || scheme == "file";
    if (!local || !parts.rest.starts_with('/') || !parts.port.empty()) {
      return wrong(in_ticks(text) + " has no host",
                   "write it in full, such as http://nas.example.org");
    }
    return url + std::string(parts.rest);
  }
  TRY_ASSIGN(const std::string host, url_host(parts.host));
  url += host;
  if (!parts.port.empty()) {
    const auto port = parse_digits(parts.port);
    if (!port || *port < 1 || *port > 65535 || parts.port.front() == '0') {
      return wrong(in_ticks(text) + " has no port between 1 and 65535",
                   "write it in full, such as http://nas.example.org:8080");
    }
    if (parts.port != default_port(scheme)) url += ':' + std::string(parts.port);
  }
  return url + std::string(parts.rest);
}

}  // namespace homeostat
