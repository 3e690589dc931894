// What is told to people, and what became of the telling.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "providers/core/provider.hpp"

namespace homeostat {

struct Message {
  enum class Kind : std::uint8_t { opened, closed, report, note };
  std::string id = {};  // of the event; the same in every repeat
  std::string site = {};
  Kind kind = Kind::note;
  std::string title = {};     // one line, without the site
  std::string text = {};      // plain lines; the title is not repeated in it
  std::string markdown = {};  // the same with the title; may be empty
  std::string html = {};      // likewise, a fragment or a page, for e-mail; may be empty
  Time at = {};
  std::string incident = {};  // what it belongs to; "" for reports and notes
  friend bool operator==(const Message&, const Message&) = default;
};

[[nodiscard]] std::string_view name_of(Message::Kind kind);  // "opened"

// What programs and webhooks are given; its form has a version:
// {"homeostat": 1, "event": "...", "site": "home", "kind": "opened", "title": "...", "text": "...",
//  "markdown": "...", "html": "...", "at": "2026-11-21T14:02:11Z", "incident": "..."}
[[nodiscard]] nlohmann::json to_json(const Message& message);

enum class DeliveryState : std::uint8_t {
  accepted,  // whoever carries it further has it
  // Nobody took it, or nobody knows: no connection, no answer, a certificate that is not taken, an
  // answer that is not the service's own, a limit, an error of the server's. To be repeated with
  // the same id; where the answer was lost it arrives twice then.
  later,
  refused,  // the service will say the same each time: a wrong token, no such chat, a message that
            // it cannot take. Of several recipients: some did not get it.
};

struct Delivery {
  DeliveryState state = DeliveryState::accepted;
  std::optional<Time> not_before = {};  // `later`, where the service said when
  // Why not. Of kind `cancelled`: we are stopping. Of an accepted one: what somebody should put
  // right all the same; message "" = nothing.
  Error error = {};
};

class Notifier {
 public:
  virtual ~Notifier() = default;
  // Blocks for as long as the type's `timeout` (a message in several parts: each). A stop request
  // ends it within two seconds, as `later`. For several threads. What was accepted in part is, in
  // this process, continued by the next call with the same id.
  [[nodiscard]] virtual Delivery deliver(const Message& message, std::stop_token stop) = 0;
};

}  // namespace homeostat
