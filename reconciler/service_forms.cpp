#include "reconciler/service_forms.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

tl::unexpected<Error> wrong(std::string message, std::string hint) {
  return fail(ErrorKind::invalid_spec, std::move(message), std::move(hint));
}

// "git@git.example.org:ana/lab.git"
bool is_scp_form(std::string_view text) {
  const auto colon = text.find(':');
  const auto at = text.find('@');
  return at != std::string_view::npos && colon != std::string_view::npos && at > 0 && at < colon &&
         text.substr(0, colon).find('/') == std::string_view::npos && colon + 1 < text.size();
}

// Of a url: what stands between the scheme and the path.
std::string_view authority_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view rest = url.substr(scheme + 3);
  return rest.substr(0, rest.find('/'));
}

}  // namespace

Result<std::string> whole_path(std::string_view text) {
  if (text.starts_with('/')) return std::string(text);
  return wrong(in_ticks(text) + " is a relative path, and the service has no folder of its own",
               "write the whole path, from / on");
}

bool holds_password(std::string_view url) {
  const std::string_view authority = authority_of(url);
  const auto at = authority.find('@');
  return at != std::string_view::npos &&
         authority.substr(0, at).find(':') != std::string_view::npos;
}

Result<std::string> repository(std::string_view text) {
  const auto scheme = text.find("://");
  const std::string_view name = text.substr(0, scheme);
  for (const std::string_view known : {"https", "http", "ssh", "file"}) {
    if (scheme != std::string_view::npos && name == known) return std::string(text);
  }
  if (scheme != std::string_view::npos) {
    return wrong(in_ticks(name) + " is no way to a repository that is known here",
                 "write https://, ssh://, git@HOST:PATH, or the path of a folder");
  }
  if (text.starts_with('/') || is_scp_form(text)) return std::string(text);
  return wrong(in_ticks(text) + " is neither a url nor a whole path",
               "write https://HOST/PATH, ssh://git@HOST/PATH, git@HOST:PATH, or a path from / on");
}

Result<std::string> inner_path(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, '/');
  if (text.starts_with('/') || std::ranges::find(parts, "..") != parts.end()) {
    return wrong(in_ticks(text) + " does not lie in the repository",
                 "write the spec's folder as it is called there, without / in front");
  }
  return std::string(text);
}

Result<std::string> commit_hash(std::string_view text) {
  const bool hex = text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (hex && (text.size() == 40 || text.size() == 64)) return std::string(text);
  return wrong(in_ticks(text) + " is not the whole hash of a commit",
               "write all of its 40 digits: git rev-parse COMMIT");
}

Result<std::string> host_fingerprint(std::string_view text) {
  constexpr std::string_view prefix = "SHA256:";
  if (text.starts_with(prefix) && text.size() == prefix.size() + 43) return std::string(text);
  return wrong(in_ticks(text) + " is not the fingerprint of a host key",
               "write SHA256:..., as `ssh-keygen -lf` shows it");
}

Result<std::string> listen_address(std::string_view text) {
  if (text.empty()) return std::string();
  // A port alone: nobody but this machine is served.
  if (const auto port = parse_digits(text); port && *port <= 65535) {
    return "127.0.0.1:" + std::string(text);
  }
  const auto colon = text.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : parse_digits(text.substr(colon + 1));
  const std::string_view host = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  const bool v6 = host.starts_with('[') && host.ends_with(']') &&
                  parse_ip(host.substr(1, host.size() - 2)).has_value();
  const bool plain = !host.empty() && host.find_first_of(":[]/ ") == std::string_view::npos;
  if (port && *port <= 65535 && (v6 || plain)) return std::string(text);
  return wrong(
      in_ticks(text) + " is nothing to listen on",
      "write a port (8471, for this machine alone), or an address of this machine and a port: "
      "127.0.0.1:8471, \"[::1]:8471\"");
}

}  // namespace homeostat
