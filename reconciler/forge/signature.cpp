#include "reconciler/forge/signature.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <span>

#include "specs/text.hpp"

namespace homeostat {
namespace {

constexpr std::size_t digest_bytes = 32;
constexpr std::uint64_t tolerated_seconds = 300;  // Standard Webhooks
constexpr std::string_view key_prefix = "whsec_";

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Lengths are no secret: they are those of an algorithm.
bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct SignatureHeader {
  std::string name;
  std::string prefix;
};

// Gitea signs in GitHub's way too, and Forgejo in Gitea's. The forge's own comes first.
std::vector<SignatureHeader> signature_headers(ForgeType forge) {
  const SignatureHeader forgejo{"x-forgejo-signature", ""};
  const SignatureHeader gitea{"x-gitea-signature", ""};
  const SignatureHeader github{"x-hub-signature-256", "sha256="};
  if (forge == ForgeType::forgejo) return {forgejo, gitea, github};
  if (forge == ForgeType::gitea) return {gitea, github};
  return {github};
}

Signed check_digest(ForgeType forge, const std::string& secret, const WebhookHeaders& headers,
                    std::string_view body) {
  for (const SignatureHeader& header : signature_headers(forge)) {
    const std::string_view value = header_of(headers, header.name);
    // Gitea without a secret sends one with nothing behind its prefix.
    if (value.empty() || value == header.prefix) continue;
    const std::string expected = header.prefix + hex_of(hmac_sha256(secret, body));
    return same(value, expected) ? Signed::good : Signed::wrong;
  }
  return Signed::missing;
}

// A generated signing token is "whsec_" and the key in base64; one that a person wrote is the key.
std::string signing_key(const std::string& secret) {
  if (!secret.starts_with(key_prefix)) return secret;
  const std::string_view encoded = std::string_view(secret).substr(key_prefix.size());
  std::string key(3 * ((encoded.size() + 3) / 4), '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(key.data()),
                                     bytes_of(encoded), static_cast<int>(encoded.size()));
  if (length <= 0) return secret;
  key.resize(static_cast<std::size_t>(length));
  // EVP_DecodeBlock counts what `=` stands for.
  for (std::size_t i = encoded.size(); i > 0 && encoded[i - 1] == '=' && !key.empty(); --i) {
    key.pop_back();
  }
  return key.empty() ? secret : key;
}

bool is_recent(std::string_view timestamp, Time now) {
  const auto seconds = parse_digits(timestamp);
  const auto ours = static_cast<std::uint64_t>(now.time_since_epoch().count());
  if (!seconds) return false;
  return (*seconds > ours ? *seconds - ours : ours - *seconds) <= tolerated_seconds;
}

// https://www.standardwebhooks.com: one of several signatures suffices, while a key is changed.
Signed check_standard(const std::string& secret, const WebhookHeaders& headers,
                      std::string_view body, Time now) {
  const std::string_view id = header_of(headers, "webhook-id");
  const std::string_view timestamp = header_of(headers, "webhook-timestamp");
  if (id.empty() || !is_recent(timestamp, now)) return Signed::wrong;
  std::string text;
  text.append(id).append(1, '.').append(timestamp).append(1, '.').append(body);
  const std::string expected = "v1," + base64_of(hmac_sha256(signing_key(secret), text));
  bool good = false;
  for (const std::string_view given : split_words(header_of(headers, "webhook-signature"))) {
    good = same(given, expected) || good;
  }
  return good ? Signed::good : Signed::wrong;
}

}  // namespace

std::string_view header_of(const WebhookHeaders& headers, const std::string& name) {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : trim(found->second);
}

Signed check_signature(ForgeType forge, const std::string& secret, const WebhookHeaders& headers,
                       std::string_view body, Time now) {
  if (secret.empty()) return Signed::wrong;
  if (forge != ForgeType::gitlab) return check_digest(forge, secret, headers, body);
  if (!header_of(headers, "webhook-signature").empty()) {
    return check_standard(secret, headers, body, now);
  }
  const std::string_view token = header_of(headers, "x-gitlab-token");
  if (token.empty()) return Signed::missing;
  // Hashes, so that not even the secret's length shows.
  return same(sha256(token), sha256(secret)) ? Signed::good : Signed::wrong;
}

std::string sha256(std::string_view text) {
  std::string out(digest_bytes, '\0');
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr,
             EVP_sha256(), nullptr);
  return out;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::string out(digest_bytes, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
       reinterpret_cast<unsigned char*>(out.data()), nullptr);
  return out;
}

std::string hex_of(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += {digits[byte >> 4U], digits[byte & 0xFU]};
  }
  return out;
}

std::string base64_of(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(bytes),
                                     static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

}  // namespace homeostat
