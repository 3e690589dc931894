#include "providers/core/timing.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using std::chrono::milliseconds;

TEST_CASE("backoff: the limit doubles up to half a minute, and chance picks below it") {
  Timing timing;
  double chance = 0;
  timing.chance = [&chance] { return chance; };
  CHECK(backoff(timing, 0) == milliseconds(0));
  chance = 0.5;
  CHECK(backoff(timing, 0) == milliseconds(250));
  CHECK(backoff(timing, 1) == milliseconds(500));
  CHECK(backoff(timing, 4) == milliseconds(4000));
  CHECK(backoff(timing, 6) == milliseconds(15000));
  CHECK(backoff(timing, 1000) == milliseconds(15000));
}

TEST_CASE("timing: real chance lies in [0, 1) and is not always the same") {
  const Timing timing = with_real_timing({});
  double lowest = 1;
  double highest = 0;
  for (int i = 0; i < 100; ++i) {
    const double drawn = timing.chance();
    CHECK(drawn >= 0);
    CHECK(drawn < 1);
    lowest = std::min(lowest, drawn);
    highest = std::max(highest, drawn);
  }
  CHECK(highest - lowest > 0.1);
}

TEST_CASE("timing: a stop request ends a wait") {
  std::stop_source stop;
  stop.request_stop();
  with_real_timing({}).wait(std::chrono::hours(1), stop.get_token());
}

TEST_CASE("pace: spaces calls evenly, and waits for the end of a hold") {
  const std::chrono::steady_clock::time_point start;
  Pace four(4);
  CHECK(four.take_turn(start) == milliseconds(0));
  CHECK(four.take_turn(start) == milliseconds(250));
  CHECK(four.take_turn(start + milliseconds(900)) == milliseconds(0));
  four.hold(start + milliseconds(2000));
  four.hold(start);
  CHECK(four.take_turn(start + milliseconds(900)) == milliseconds(1100));
  CHECK(four.take_turn(start + milliseconds(900)) == milliseconds(1350));

  Pace any(0);
  CHECK(any.take_turn(start) == milliseconds(0));
  CHECK(any.take_turn(start) == milliseconds(0));
  any.hold(start + milliseconds(500));
  CHECK(any.take_turn(start) == milliseconds(500));
  CHECK(any.take_turn(start + milliseconds(500)) == milliseconds(0));
}
