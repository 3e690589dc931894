#include "reconciler/follow/remote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace homeostat::follow {
namespace {

constexpr const char* forms =
    "write https://host/path, ssh://user@host/path, user@host:path or /path";

tl::unexpected<Error> wrong(std::string message, std::string hint = forms) {
  return fail(ErrorKind::invalid_spec, std::move(message), std::move(hint));
}

bool is_word(std::string_view text, std::string_view more) {
  return !text.empty() && std::ranges::all_of(text, [more](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

bool is_host(std::string_view text) { return is_word(text, "-._") && !text.starts_with('-'); }

// The user in front of a host, taken off.
Result<std::string> take_user(std::string_view& place) {
  const std::size_t at = place.rfind('@');
  if (at == std::string_view::npos) return std::string();
  const std::string_view user = place.substr(0, at);
  place.remove_prefix(at + 1);
  // Not shown: what follows the colon is a secret.
  if (user.find(':') != std::string_view::npos) {
    return wrong("a url must not hold a password", "give it as `auth:`");
  }
  if (!is_word(user, "-._+%")) return wrong("the user in the url is no name");
  return std::string(user);
}

Result<int> read_port(std::string_view text) {
  int port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || port > 65535) return wrong("the url's port is no number");
    port = 10 * port + (c - '0');
  }
  if (port < 1 || port > 65535) return wrong("the url's port is no port");
  return port;
}

// host, host:port, [v6], [v6]:port
Status read_host(std::string_view place, RemoteUrl& url) {
  std::string_view host = place.substr(0, place.find(':'));
  std::string_view rest = place.substr(host.size());
  if (place.starts_with('[')) {
    const std::size_t end = place.find(']');
    if (end == std::string_view::npos) return wrong("the url's address is not closed by ]");
    host = place.substr(1, end - 1);
    rest = place.substr(end + 1);
    if (!is_word(host, ":.")) return wrong("the url's address is none of IPv6");
  } else if (!is_host(host)) {
    return wrong("the url names no host");
  }
  url.host = host;
  if (rest.empty()) return {};
  if (!rest.starts_with(':')) return wrong("the url's host is followed by something else");
  TRY_ASSIGN(url.port, read_port(rest.substr(1)));
  return {};
}

// libgit2 puts an ssh path between quotes, as it is.
Status check_ssh_path(std::string_view path) {
  if (path.empty()) return wrong("the url names no repository");
  if (path.find('\'') == std::string_view::npos) return {};
  return wrong("the url's path has a quote in it");
}

Result<RemoteUrl> read_scp(const std::string& text, std::size_t colon) {
  RemoteUrl url{.transport = Transport::ssh, .text = text};
  std::string_view place = std::string_view(text).substr(0, colon);
  TRY_ASSIGN(url.username, take_user(place));
  TRY(read_host(place, url));
  TRY(check_ssh_path(std::string_view(text).substr(colon + 1)));
  return url;
}

Result<RemoteUrl> read_url(const std::string& text, std::size_t scheme_end) {
  const std::string_view scheme = std::string_view(text).substr(0, scheme_end);
  std::string_view rest = std::string_view(text).substr(scheme_end + 3);
  RemoteUrl url{.text = text};
  if (scheme == "file") {
    if (!rest.starts_with('/')) return wrong("file:// needs a whole path", "write file:///path");
    url.text = rest;
    return url;
  }
  if (scheme != "https" && scheme != "http" && scheme != "ssh") {
    return wrong(fmt::format("{}:// is no way to follow a repository", scheme));
  }
  url.transport = scheme == "https"  ? Transport::https
                  : scheme == "http" ? Transport::http
                                     : Transport::ssh;
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash + 1 == rest.size()) {
    return wrong("the url names no repository");
  }
  std::string_view place = rest.substr(0, slash);
  TRY_ASSIGN(url.username, take_user(place));
  TRY(read_host(place, url));
  if (url.transport == Transport::ssh) {
    TRY(check_ssh_path(rest.substr(slash)));
  }
  return url;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

bool is_hash(const std::string& text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// What git itself refuses in a branch or a tag.
bool is_ref_name(const std::string& name) {
  const auto bad = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' ||
           std::string_view("~^:?*[\\").find(c) != std::string_view::npos;
  };
  return !name.empty() && std::ranges::none_of(name, bad) && !name.starts_with('/') &&
         !name.starts_with('-') && !name.ends_with('/') && !name.ends_with('.') &&
         !name.ends_with(".lock") && name.find("..") == std::string::npos &&
         name.find("//") == std::string::npos && name.find("@{") == std::string::npos;
}

Status check_wanted(const Remote& remote) {
  const auto given = {!remote.branch.empty(), !remote.tag.empty(), !remote.commit.empty()};
  if (std::ranges::count(given, true) > 1) {
    return wrong("only one of branch, tag and commit can be followed", "keep one of them");
  }
  for (const std::string& name : {remote.branch, remote.tag}) {
    if (name.empty() || is_ref_name(name)) continue;
    return wrong(fmt::format("{} is no name of a branch or a tag", name),
                 "without refs/heads/ or refs/tags/");
  }
  if (remote.commit.empty() || is_hash(remote.commit)) return {};
  return wrong(fmt::format("{} is no commit", remote.commit), "give the whole hash, in lower case");
}

Status check_auth(const Remote& remote, const RemoteUrl& url) {
  const RemoteAuth& auth = remote.auth;
  const auto ways = {!auth.token.empty(), !auth.password.empty(), !auth.key_file.empty(),
                     auth.agent};
  if (std::ranges::count(ways, true) > 1) {
    return wrong("more than one way to log in is given", "keep one");
  }
  const bool web = url.transport == Transport::https || url.transport == Transport::http;
  const bool spoken = !auth.token.empty() || !auth.password.empty();
  if (spoken && !web) {
    return wrong("a token or a password is for https only",
                 url.transport == Transport::ssh ? "over ssh: `key:` or `agent:`" : "leave it out");
  }
  if ((!auth.key_file.empty() || auth.agent) && url.transport != Transport::ssh) {
    return wrong("a key or an agent is for ssh only", "over https: `token:` or `password:`");
  }
  if (!auth.password.empty() && auth.username.empty() && url.username.empty()) {
    return wrong("a password needs its username", "add `username:`");
  }
  if (spoken && url.transport == Transport::http && !is_loopback(url.host)) {
    return wrong("a token or a password would go in the clear over http://",
                 "write https://, or use ssh");
  }
  return {};
}

}  // namespace

Result<RemoteUrl> parse_remote_url(const std::string& text) {
  if (text.empty()) return wrong("no repository is named");
  const auto odd = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  if (std::ranges::any_of(text, odd)) return wrong("the url has a control character in it");
  if (text.starts_with('/')) return RemoteUrl{.text = text};
  const std::size_t scheme_end = text.find("://");
  const std::size_t colon = text.find(':');
  if (scheme_end == colon && colon != std::string::npos) return read_url(text, scheme_end);
  // As git reads it: a colon before the first slash follows a host. An IPv6 one has more of them.
  std::size_t after = colon;
  if (const std::size_t bracket = text.find("]:"); bracket < text.find('/')) after = bracket + 1;
  if (after < text.find('/')) return read_scp(text, after);
  return wrong(fmt::format("{} is no url, and no whole path", text));
}

Status check_remote(const Remote& remote) {
  TRY_ASSIGN(const RemoteUrl url, parse_remote_url(remote.url));
  TRY(check_wanted(remote));
  TRY(check_auth(remote, url));
  if (url.transport != Transport::ssh && !remote.host_key.empty()) {
    return wrong("host_key is for ssh only", "leave it out");
  }
  constexpr std::size_t fingerprint_size = 50;  // SHA256: and 43 characters of base64
  if (!remote.host_key.empty() &&
      (!remote.host_key.starts_with("SHA256:") || remote.host_key.size() != fingerprint_size)) {
    return wrong("host_key is no fingerprint", "as `ssh-keygen -lf` prints it: SHA256:...");
  }
  if (url.transport != Transport::https && !remote.ca_file.empty()) {
    return wrong("ca_file is for https only", "leave it out");
  }
  return {};
}

std::string wanted_text(const Remote& remote) {
  if (!remote.branch.empty()) return "branch " + remote.branch;
  if (!remote.tag.empty()) return "tag " + remote.tag;
  if (!remote.commit.empty()) return "commit " + remote.commit;
  return "the default branch";
}

}  // namespace homeostat::follow
