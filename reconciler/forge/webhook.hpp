// Whether a webhook is genuine, and whether it concerns us. It can do one thing: wake the loop,
// which then asks the remote itself. Nothing that a payload says is believed beyond that.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "providers/core/provider.hpp"
#include "reconciler/forge/types.hpp"

namespace homeostat {

// Of a body. The server refuses more without reading on; judge() refuses it too.
inline constexpr std::size_t most_webhook_bytes = std::size_t{2} << 20U;
// Deliveries that are remembered.
inline constexpr std::size_t most_webhook_ids = 1024;

struct WebhookSettings {
  ForgeType forge = ForgeType::forgejo;
  std::string secret = {};  // "": every webhook is refused
  // What the site follows: "refs/heads/main" or "refs/tags/live". "": one commit, which any push
  // may bring.
  std::string ref = {};
  std::string repository = {};  // "ana/lab"; "": whichever the forge sends from
};

struct WebhookVerdict {
  enum class Outcome : std::uint8_t { wake, ignored, refused };
  enum class What : std::uint8_t { unknown, push, pull_request, ping };
  Outcome outcome = Outcome::refused;
  int status = 401;      // for the answer, which says nothing else
  std::string why = {};  // for the log, where it does not wake: one line, no secret
  What what = What::unknown;
  PullRequest pull_request = {};  // where it is one
  std::string action = {};        // likewise: "opened", "synchronized", ...
  std::string delivery = {};      // its id, for the log; printable, "" where it has none
};

// For several threads at once.
class WebhookGate {
 public:
  explicit WebhookGate(WebhookSettings settings) : settings_(std::move(settings)) {}

  // `headers` in any case, several of one name as "a, b"; `body` as its bytes came. The request was
  // a POST. The signature is verified before anything is parsed. What woke the loop once is ignored
  // the second time.
  [[nodiscard]] WebhookVerdict judge(const std::map<std::string, std::string>& headers,
                                     std::string_view body, Time now);

 private:
  // False: that delivery woke us before.
  [[nodiscard]] bool remember(const std::string& delivery);

  const WebhookSettings settings_;
  std::mutex mutex_;
  std::deque<std::string> order_;  // guarded by mutex_; hashes of ids, the oldest first
  std::set<std::string> seen_;     // guarded by mutex_; the same
};

}  // namespace homeostat
