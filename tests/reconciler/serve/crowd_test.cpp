#include "reconciler/serve/crowd.hpp"

#include <doctest/doctest.h>

namespace homeostat {
namespace {

using Phase = Crowd::Phase;
using std::chrono::milliseconds;

Crowd::Moment at(int ms) { return Crowd::Moment(milliseconds(ms)); }

Crowd crowd_of(std::size_t connections) {
  return Crowd(
      {.connections = connections, .receive = milliseconds(100), .send = milliseconds(50)});
}

using Sockets = std::vector<int>;

bool nobody(int /*socket*/) { return false; }

TEST_CASE("crowd: of too many, the one that has kept us waiting the longest goes") {
  Crowd crowd = crowd_of(3);
  crowd.enter(7, "a", at(2));
  crowd.enter(8, "a", at(1));
  crowd.enter(9, "a", at(3));
  CHECK(crowd.too_many(nobody).empty());
  crowd.enter(10, "a", at(4));
  CHECK(crowd.too_many(nobody) == Sockets{8});
  CHECK_MESSAGE(crowd.too_many(nobody).empty(), "who was told to go counts no more");
  crowd.leave(8);
  CHECK(crowd.size() == 3);
  CHECK(crowd.too_many(nobody).empty());
  crowd.enter(11, "a", at(5));
  CHECK(crowd.too_many(nobody) == Sockets{7});
}

TEST_CASE("crowd: who asks again begins to wait anew") {
  Crowd crowd = crowd_of(2);
  crowd.enter(7, "a", at(1));
  crowd.enter(8, "a", at(2));
  crowd.change(7, Phase::sending, at(3));
  crowd.change(7, Phase::receiving, at(4));
  crowd.enter(9, "a", at(5));
  CHECK(crowd.too_many(nobody) == Sockets{8});
}

TEST_CASE("crowd: who waits for us stays, however full it is") {
  Crowd crowd = crowd_of(1);
  crowd.enter(7, "a", at(1));
  crowd.change(7, Phase::handling, at(1));
  crowd.enter(8, "a", at(2));
  crowd.change(8, Phase::handling, at(2));
  CHECK(crowd.too_many(nobody).empty());
  crowd.enter(9, "a", at(3));
  CHECK(crowd.too_many(nobody) == Sockets{9});
}

TEST_CASE("crowd: the peer that has the most makes room, not the one that came first") {
  Crowd crowd = crowd_of(3);
  crowd.enter(7, "prometheus", at(1));
  crowd.enter(8, "flood", at(2));
  crowd.enter(9, "flood", at(3));
  crowd.enter(10, "flood", at(4));
  CHECK(crowd.too_many(nobody) == Sockets{8});
  crowd.leave(8);
  crowd.enter(11, "flood", at(5));
  CHECK(crowd.too_many(nobody) == Sockets{9});
}

TEST_CASE("crowd: who has said nothing at all goes before who has been waiting longer") {
  Crowd crowd = crowd_of(2);
  crowd.enter(7, "a", at(1));
  crowd.enter(8, "a", at(2));
  crowd.enter(9, "a", at(3));
  CHECK(crowd.too_many([](int socket) { return socket != 7; }) == Sockets{8});
  crowd.enter(10, "b", at(3));
  CHECK_MESSAGE(crowd.too_many([](int socket) { return socket == 10; }) == Sockets{7},
                "but not one of a peer that has fewer");
}

TEST_CASE("crowd: of several that go, each is of the peer that has the most when its turn comes") {
  Crowd crowd = crowd_of(3);
  for (int i = 1; i <= 4; ++i) crowd.enter(10 + i, "a", at(i));
  for (int i = 1; i <= 3; ++i) crowd.enter(20 + i, "b", at(i));
  CHECK(crowd.too_many(nobody) == Sockets{11, 12, 21, 13});
  CHECK(crowd.too_many(nobody).empty());
  Crowd single = crowd_of(1);
  for (int i = 1; i <= 4; ++i) single.enter(i, "a", at(i));
  CHECK(single.too_many(nobody) == Sockets{1, 2, 3});
}

TEST_CASE("crowd: a request that does not come in time is late, and so is an answer not taken") {
  Crowd crowd = crowd_of(9);
  CHECK(crowd.next_late() == std::nullopt);
  crowd.enter(7, "a", at(0));
  crowd.enter(8, "a", at(0));
  crowd.enter(9, "a", at(0));
  crowd.change(8, Phase::handling, at(10));
  crowd.change(9, Phase::sending, at(10));
  CHECK(crowd.next_late() == at(60));
  CHECK(crowd.late(at(59)).empty());
  CHECK(crowd.late(at(60)) == std::vector<int>{9});
  CHECK(crowd.late(at(60)).empty());
  CHECK(crowd.next_late() == at(100));
  CHECK(crowd.late(at(1000)) == std::vector<int>{7});
  CHECK(crowd.next_late() == std::nullopt);
  CHECK(crowd.in(Phase::handling) == std::vector<int>{8});
}

}  // namespace
}  // namespace homeostat
