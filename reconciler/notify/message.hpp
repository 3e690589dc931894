// What is told to people, and what became of the telling.
#pragma once

#include <optional>
#include <string>

#include "providers/core/provider.hpp"

namespace homeostat {

struct Message {
  enum class Kind : std::uint8_t { opened, closed, report, note };
  std::string id = {};  // of the event; the same in every repeat
  std::string site = {};
  Kind kind = Kind::note;
  std::string title = {};  // one line
  std::string text = {};   // plain
  std::string markdown = {};
  std::string html = {};  // may be empty, as Markdown may
  Time at = {};
  std::string incident = {};
  friend bool operator==(const Message&, const Message&) = default;
};

enum class DeliveryState : std::uint8_t { accepted, later, refused };

struct Delivery {
  DeliveryState state = DeliveryState::accepted;
  std::optional<Time> not_before = std::nullopt;  // later: where the other side said when
  Error error = {};
};

class Notifier {
 public:
  virtual ~Notifier() = default;
  [[nodiscard]] virtual Delivery deliver(const Message& message, std::stop_token stop) = 0;
};

}  // namespace homeostat
