#include "reconciler/lane.hpp"

#include <doctest/doctest.h>

#include <atomic>

using namespace homeostat;

namespace {

// Counts how many are inside at once, and holds them until so many have come.
class Gate {
 public:
  explicit Gate(int expected) : expected_(expected) {}

  void pass() {
    std::unique_lock lock(mutex_);
    ++inside_;
    most_ = std::max(most_, inside_);
    ++came_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return came_ >= expected_; });
    --inside_;
  }
  int most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  const int expected_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  int came_ = 0;
  int most_ = 0;
};

}  // namespace

TEST_CASE("lane: as many jobs run side by side as it has threads, and no more") {
  Gate gate(3);
  {
    Lane lane(3);
    for (int i = 0; i < 30; ++i) lane.submit([&] { gate.pass(); });
  }
  CHECK(gate.most() == 3);
}

TEST_CASE("lane: every accepted job runs once, even those that wait when it closes") {
  std::atomic<int> ran = 0;
  {
    Lane lane(2);
    for (int i = 0; i < 500; ++i) lane.submit([&] { ++ran; });
  }
  CHECK(ran == 500);
}

TEST_CASE("lane: one thread keeps the order of the jobs") {
  std::vector<int> order;
  {
    Lane lane(1);
    for (int i = 0; i < 100; ++i) lane.submit([&order, i] { order.push_back(i); });
  }
  REQUIRE(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("lane: at least one thread, whatever was asked for") {
  std::atomic<bool> ran = false;
  {
    Lane lane(0);
    CHECK(lane.threads() == 1);
    lane.submit([&] { ran = true; });
  }
  CHECK(ran);
}
