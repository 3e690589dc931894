// The chapters in which something is wrong with the wire, or with the server behind it: refusals,
// errors, gateways that answer in HTML, answers that break off, peers that say nothing, or too
// much, writes that are done and reported as failed, and writes that are reported as done. While it
// lasts we may fail to do what we should. Afterwards everything is as declared, nothing is there
// twice, and nothing was deleted that should not be.
#pragma once

#include "reconciler/contract/contract.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/still_clock.hpp"

namespace homeostat::contract {

// No call of a chapter runs into it, however busy the machine.
inline constexpr const char* patient = "5m";

// A bench with a wire to the server, so that we can cut it.
class WiredBench : public Bench {
 public:
  std::string timeout = patient;  // of one call over the wire, from the next open() on
  [[nodiscard]] Timing timing() override { return clock_.timing(); }
  virtual test::FaultProxy& wire() = 0;
  // Whether a call only looks, by its method.
  [[nodiscard]] virtual bool only_looks(const std::string& method) const { return method == "GET"; }
  // What a server that lies says to a write: that all went well.
  [[nodiscard]] virtual test::WireFault lie() const {
    return {test::WireFault::Kind::answer, 204, {}, {}};
  }

 private:
  test::StillClock clock_;
};

struct BadChapter {
  std::string title;
  std::function<Complaints(WiredBench&, const Sample&)> play;
};
[[nodiscard]] std::vector<BadChapter> bad_days();

}  // namespace homeostat::contract
