#include "reconciler/follow/host_keys.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <sstream>

namespace homeostat::follow {
namespace {

struct Line {
  std::string text;
  std::string marker;  // "@revoked"
  std::string hosts;   // "a,b"
  std::string type;
  std::string key;  // in base64
};

std::vector<Line> lines_of(const std::string& file) {
  std::vector<Line> lines;
  std::istringstream in(file);
  for (std::string text; std::getline(in, text);) {
    Line line{text, {}, {}, {}, {}};
    std::istringstream words(text);
    words >> line.hosts;
    if (line.hosts.starts_with('#')) continue;
    if (line.hosts.starts_with('@')) {
      line.marker = line.hosts;
      words >> line.hosts;
    }
    if (words >> line.type >> line.key) lines.push_back(std::move(line));
  }
  return lines;
}

bool names(const Line& line, const std::string& host) {
  std::istringstream hosts(line.hosts);
  for (std::string name; std::getline(hosts, name, ',');) {
    if (name == host) return true;
  }
  return false;
}

bool is_usable(const std::string& type) {
  return std::ranges::find(usable_key_types(), type) != usable_key_types().end();
}

}  // namespace

std::string base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string from_base64(std::string_view text) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) break;
    held = (held << 6U) | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((held >> bits) & 0xFFU);
  }
  return bytes;
}

std::string fingerprint_of(std::string_view key) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash = {};
  unsigned length = 0;
  EVP_Digest(key.data(), key.size(), hash.data(), &length, EVP_sha256(), nullptr);
  std::string text = base64({reinterpret_cast<const char*>(hash.data()), length});
  while (text.ends_with('=')) text.pop_back();
  return "SHA256:" + text;
}

std::optional<std::string_view> take_string(std::string_view& bytes) {
  if (bytes.size() < 4) return std::nullopt;
  std::size_t length = 0;
  for (const char c : bytes.substr(0, 4)) length = (length << 8U) | static_cast<unsigned char>(c);
  if (length > bytes.size() - 4) return std::nullopt;
  const std::string_view taken = bytes.substr(4, length);
  bytes.remove_prefix(4 + length);
  return taken;
}

std::string key_type(std::string_view key) {
  return std::string(take_string(key).value_or(std::string_view()));
}

std::string known_name(const std::string& host, int port) {
  constexpr int usual = 22;
  return port == 0 || port == usual ? host : fmt::format("[{}]:{}", host, port);
}

std::string known_line(const std::string& name, std::string_view key) {
  return fmt::format("{} {} {}\n", name, key_type(key), base64(key));
}

const std::vector<std::string>& usable_key_types() {
  static const std::vector<std::string> types = {"ssh-ed25519", "ecdsa-sha2-nistp256",
                                                 "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"};
  return types;
}

std::string usable_lines(const std::string& known_hosts) {
  std::string text;
  for (const Line& line : lines_of(known_hosts)) {
    if (line.marker.empty() && is_usable(line.type)) text += line.text + "\n";
  }
  return text;
}

std::string wish_line(const std::string& name, const std::string& type) {
  return fmt::format("{} {} {}\n", name, type, base64(std::string(32, 'x')));
}

Status judge_host_key(const Presented& presented, const std::string& fingerprint,
                      const std::string& ours, const std::string& theirs) {
  const std::string seen = fingerprint_of(presented.key);
  const std::string key = base64(presented.key);
  for (const Line& line : lines_of(theirs)) {
    if (line.marker != "@revoked" || line.key != key) continue;
    return fail(
        ErrorKind::auth,
        fmt::format("{} has the host key {}, which is marked as revoked", presented.name, seen),
        "do not go on: somebody else may be there in its place");
  }
  if (!fingerprint.empty()) {
    if (seen == fingerprint) return {};
    return fail(
        ErrorKind::auth,
        fmt::format("{} has the host key {}, and not {}", presented.name, seen, fingerprint),
        "host_key says so; where the key was changed on purpose, write the new one");
  }
  if (presented.known) return {};
  for (const std::string* file : {&ours, &theirs}) {
    for (const Line& line : lines_of(*file)) {
      if (!line.marker.empty() || !names(line, presented.name)) continue;
      return fail(ErrorKind::auth,
                  fmt::format("the host key of {} has changed: it is {}, and was {}",
                              presented.name, seen, fingerprint_of(from_base64(line.key))),
                  "where that was on purpose, say so: host_key: " + seen);
    }
  }
  return fail(
      ErrorKind::auth, fmt::format("the host key of {} is not known: {}", presented.name, seen),
      "compare it with what `ssh-keygen -lf` says on that host, and write host_key: " + seen);
}

std::string remember_host_key(const Presented& presented, const std::string& ours) {
  std::string text;
  for (const Line& line : lines_of(ours)) {
    if (!names(line, presented.name)) text += line.text + "\n";
  }
  return text + known_line(presented.name, presented.key);
}

}  // namespace homeostat::follow
