// Telegram's Bot API, sendMessage only, as strict as core.telegram.org/bots/api says, and stricter:
// an unknown field, or a type that merely works, is an error. Descriptions are those of the real
// one.
#pragma once

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "tests/support/fake_http.hpp"

namespace homeostat::test {

class FakeTelegram {
 public:
  static constexpr const char* token = "123456:AAc4nary-token_x";
  static constexpr const char* chat = "-1001234567890";

  FakeTelegram() : server_([this](const FakeRequest& request) { return answer(request); }) {}

  [[nodiscard]] std::string url() const { return server_.url(); }
  // What arrived, in order: {"chat_id", "text", "entities", ...}
  [[nodiscard]] std::vector<nlohmann::json> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  [[nodiscard]] int calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  // From the n-th message on (0 = the next), so many calls get a 429.
  void flood(int after, int times, int retry_after) {
    const std::lock_guard lock(mutex_);
    flood_after_ = after;
    flood_times_ = times;
    retry_after_ = retry_after;
  }
  void block() {
    set([this] { blocked_ = true; });
  }
  void migrate(std::int64_t to) {
    set([this, to] { migrated_to_ = to; });
  }
  void refuse_entities() {
    set([this] { refuses_entities_ = true; });
  }

 private:
  template <class Change>
  void set(const Change& change) {
    const std::lock_guard lock(mutex_);
    change();
  }
  FakeAnswer answer(const FakeRequest& request);
  FakeAnswer take(const FakeRequest& request);
  FakeAnswer deliver(const nlohmann::json& body);

  mutable std::mutex mutex_;
  std::vector<nlohmann::json> messages_;
  int calls_ = 0;
  int flood_after_ = 0;
  int flood_times_ = 0;
  int retry_after_ = 0;
  bool blocked_ = false;
  bool refuses_entities_ = false;
  std::int64_t migrated_to_ = 0;
  FakeHttp server_;  // last: it calls us
};

}  // namespace homeostat::test
