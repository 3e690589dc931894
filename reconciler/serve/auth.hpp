// Who may ask the API: whoever has the token whose hash stands in the machine file.
//
// Wrong tokens are held back, so that guessing is hopeless and cheap for us: after a few of one
// peer (of IPv6: of one /64) that peer is told to wait, whatever it sends; after many from
// everywhere so is every peer that has not shown the right one lately. What is refused for that is
// not even compared.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "reconciler/serve/server.hpp"

namespace homeostat {

class Gate {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  using Clock = std::function<Moment()>;
  struct Limits {
    int peer_tries = 5;  // wrong ones at once; then one more after each pause
    std::chrono::seconds peer_pause = std::chrono::seconds(10);
    int all_tries = 50;
    std::chrono::seconds all_pause = std::chrono::seconds(2);
    std::size_t peers = 1024;  // that are remembered, of each sort
  };

  // `token_hash`: "sha256:<64 hex digits>", or "": the API is off. Error: anything else.
  [[nodiscard]] static Result<Gate> open(const std::string& token_hash, const Limits& limits,
                                         Clock clock = {});
  [[nodiscard]] static Result<Gate> open(const std::string& token_hash);

  // Nullopt: may come in. Else 403 (the API is off), 401 or 429. For several threads.
  [[nodiscard]] std::optional<ServeReply> refuse(const ServeRequest& request);

 private:
  // Tries that are left: one comes back after each pause.
  struct Bucket {
    double left = 0;
    Moment at = {};
  };
  Gate() = default;
  [[nodiscard]] bool is_right(const std::string& token) const;
  // How long until there is one more; zero: there is one.
  static std::chrono::seconds wait(Bucket& bucket, int tries, std::chrono::seconds pause,
                                   Moment now);
  Bucket& bucket_of(const std::string& peer, Moment now);
  void remember(const std::string& peer, Moment now);

  Limits limits_;
  Clock clock_;
  bool on_ = false;
  std::array<unsigned char, 32> hash_ = {};
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
  std::map<std::string, Bucket> wrong_;  // guarded by *mutex_, as what follows
  Bucket all_;
  std::map<std::string, Moment> right_;  // peers, and when they last had the right one
};

// "sha256:<64 hex digits>" of a token: what the machine file holds.
[[nodiscard]] std::string token_hash(const std::string& token);

}  // namespace homeostat
