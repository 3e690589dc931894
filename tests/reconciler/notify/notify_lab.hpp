// Notifiers and messages for tests.
#pragma once

#include <doctest/doctest.h>

#include "reconciler/notify/notifier.hpp"
#include "tests/support/still_clock.hpp"

namespace homeostat::test {

[[nodiscard]] inline Time at_noon() {
  using namespace std::chrono;
  return sys_days(year(2026) / November / 21) + hours(14) + minutes(2) + seconds(11);
}

[[nodiscard]] inline Message sample() {
  return {.id = "home-17-opened",
          .site = "home",
          .kind = Message::Kind::opened,
          .title = "drift: container/jellyfin",
          .text = "memory 4GiB, wanted 2GiB\nsince 2026-11-21 13:41 UTC, by ops\n",
          .at = at_noon(),
          .incident = "17"};
}

[[nodiscard]] inline Result<std::unique_ptr<Notifier>> try_open(const std::string& type,
                                                                const nlohmann::json& settings,
                                                                const std::string& folder = {}) {
  static StillClock clock;
  const std::string name = "phone";
  return open_notifier(
      type, {.name = name, .settings = settings, .folder = folder, .timing = clock.timing()});
}

[[nodiscard]] inline std::unique_ptr<Notifier> open(const std::string& type,
                                                    const nlohmann::json& settings,
                                                    const std::string& folder = {}) {
  auto opened = try_open(type, settings, folder);
  REQUIRE_MESSAGE(opened, opened.error().message);
  return std::move(*opened);
}

// What StillClock's date is.
[[nodiscard]] inline Time still_now() { return Time(std::chrono::seconds(784111777)); }

[[nodiscard]] inline std::string words(const Delivery& delivery) {
  std::string text = delivery.state == DeliveryState::accepted ? "accepted"
                     : delivery.state == DeliveryState::later  ? "later"
                                                               : "refused";
  if (!delivery.error.message.empty()) text += ": " + to_string(delivery.error);
  return text;
}

}  // namespace homeostat::test
