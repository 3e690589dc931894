#include "reconciler/serve/auth.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cmath>

#include "specs/text.hpp"

namespace homeostat {
namespace {

constexpr std::string_view prefix = "sha256:";
constexpr std::chrono::hours trusted_for(24);

using Digest = std::array<unsigned char, 32>;

Digest digest_of(const std::string& text) {
  Digest digest = {};
  unsigned int length = digest.size();
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return digest;
}

std::optional<Digest> parse_hash(std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  Digest digest = {};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char* digits = "0123456789abcdef";
    const char* found = std::char_traits<char>::find(digits, 16, text[i]);
    if (found == nullptr) return std::nullopt;
    digest[i / 2] = static_cast<unsigned char>(digest[i / 2] * 16 + (found - digits));
  }
  return digest;
}

// Who has one IPv6 address has all of its /64.
std::string household(const std::string& peer) {
  in6_addr address{};
  if (inet_pton(AF_INET6, peer.c_str(), &address) != 1) return peer;
  return {reinterpret_cast<const char*>(&address), 8};
}

template <class Value, class Age>
void keep_to(std::map<std::string, Value>& map, std::size_t limit, const Age& age) {
  if (map.size() <= limit) return;
  map.erase(std::min_element(map.begin(), map.end(), [&age](const auto& a, const auto& b) {
    return age(a.second) < age(b.second);
  }));
}

ServeReply not_yet(std::chrono::seconds wait) {
  ServeReply reply = error_reply(429, "too many wrong tokens",
                                 "ask again in " + std::to_string(wait.count()) + " s");
  reply.headers["Retry-After"] = std::to_string(wait.count());
  return reply;
}

ServeReply who_are_you(const std::string& error, const std::string& hint) {
  ServeReply reply = error_reply(401, error, hint);
  reply.headers["WWW-Authenticate"] = "Bearer";
  return reply;
}

}  // namespace

std::string token_hash(const std::string& token) {
  std::string text(prefix);
  for (const unsigned char byte : digest_of(token)) text += fmt::format("{:02x}", byte);
  return text;
}

Result<Gate> Gate::open(const std::string& token_hash, const Limits& limits, Clock clock) {
  Gate gate;
  gate.limits_ = limits;
  gate.clock_ = clock ? std::move(clock) : [] { return std::chrono::steady_clock::now(); };
  gate.all_ = {.left = static_cast<double>(limits.all_tries), .at = gate.clock_()};
  if (token_hash.empty()) return gate;
  const auto hash = parse_hash(token_hash);
  if (!hash) {
    return fail(ErrorKind::invalid_spec, "token_hash is no SHA-256 of a token",
                "write sha256: and 64 hex digits: printf %s TOKEN | sha256sum");
  }
  gate.hash_ = *hash;
  gate.on_ = true;
  return gate;
}

Result<Gate> Gate::open(const std::string& token_hash) { return open(token_hash, Limits()); }

bool Gate::is_right(const std::string& token) const {
  const Digest given = digest_of(token);
  return CRYPTO_memcmp(given.data(), hash_.data(), hash_.size()) == 0;
}

std::chrono::seconds Gate::wait(Bucket& bucket, int tries, std::chrono::seconds pause, Moment now) {
  const std::chrono::duration<double> passed = now - bucket.at;
  const double pauses = passed / std::chrono::duration<double>(pause);
  bucket.left = std::min<double>(tries, bucket.left + pauses);
  bucket.at = now;
  if (bucket.left >= 1) return std::chrono::seconds(0);
  const double missing = (1 - bucket.left) * static_cast<double>(pause.count());
  return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(missing)));
}

Gate::Bucket& Gate::bucket_of(const std::string& peer, Moment now) {
  const auto found = wrong_.find(peer);
  if (found != wrong_.end()) return found->second;
  // The one that has been quiet the longest has the most tries back.
  keep_to(wrong_, limits_.peers - 1, [](const Bucket& bucket) { return bucket.at; });
  return wrong_[peer] = {.left = static_cast<double>(limits_.peer_tries), .at = now};
}

void Gate::remember(const std::string& peer, Moment now) {
  right_[peer] = now;
  keep_to(right_, limits_.peers, [](Moment at) { return at; });
}

std::optional<ServeReply> Gate::refuse(const ServeRequest& request) {
  if (!on_) {
    return error_reply(403, "the API is off",
                       "its token's hash goes into the machine file: service: token_hash");
  }
  const std::string stated = request.header("authorization");
  if (stated.empty()) {
    return who_are_you("this needs a token", "send Authorization: Bearer TOKEN");
  }
  const Moment now = clock_();
  const std::string peer = household(request.peer);
  const std::lock_guard lock(*mutex_);
  if (const auto known = wrong_.find(peer); known != wrong_.end()) {
    const auto left = wait(known->second, limits_.peer_tries, limits_.peer_pause, now);
    if (left.count() > 0) return not_yet(left);
  }
  const auto friendly = right_.find(peer);
  if (friendly == right_.end() || now - friendly->second > trusted_for) {
    const auto left = wait(all_, limits_.all_tries, limits_.all_pause, now);
    if (left.count() > 0) return not_yet(left);
  }
  constexpr std::string_view scheme = "bearer ";
  if (to_lower(stated).starts_with(scheme) &&
      is_right(std::string(trim(std::string_view(stated).substr(scheme.size()))))) {
    remember(peer, now);
    return std::nullopt;
  }
  bucket_of(peer, now).left -= 1;
  all_.left = std::max(0.0, all_.left - 1);
  return who_are_you("the token is wrong", "");
}

}  // namespace homeostat
