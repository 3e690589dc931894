// Which connections there are, what each is waiting for, and which of them has to go. Knows no
// socket and no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat {

class Crowd {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  // Who keeps whom waiting: the client (a request, or its next), us, the client (to take it all).
  enum class Phase : std::uint8_t { receiving, handling, sending };
  struct Limits {
    std::size_t connections = 0;
    std::chrono::milliseconds receive = {};
    std::chrono::milliseconds send = {};
  };

  explicit Crowd(const Limits& limits) : limits_(limits) {}

  void enter(int socket, const std::string& peer, Moment now);
  void change(int socket, Phase phase, Moment now);
  void leave(int socket);

  // Of too many, those that make room: they keep us waiting, and are of the peer that has the most
  // such. The ones that do so the longest, but before all others those that have been `silent` from
  // the beginning: who is in the middle of something may be a good one. Told once of each; what was
  // told counts no more. Empty: there is room, or everybody waits for us.
  [[nodiscard]] std::vector<int> too_many(const std::function<bool(int socket)>& silent);
  // Those whose time is over. Told once of each.
  [[nodiscard]] std::vector<int> late(Moment now);
  // When the next one's time is over, if nothing happens before; nullopt: nobody is being timed.
  [[nodiscard]] std::optional<Moment> next_late() const;

  [[nodiscard]] bool is(int socket, Phase phase) const;
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] std::vector<int> in(Phase phase) const;

 private:
  struct Member {
    std::string peer;
    Phase phase = Phase::receiving;
    Moment since = {};
    bool told = false;
  };
  struct Worst {
    std::vector<int> sockets;  // that keep us waiting, of the peer with the most; the longest first
    std::size_t lead = 0;      // so many more than the next peer
  };
  [[nodiscard]] Worst worst() const;
  [[nodiscard]] std::optional<Moment> end_of(const Member& member) const;

  Limits limits_;
  std::map<int, Member> members_;  // by socket
  std::size_t told_ = 0;           // of these, those that are going
};

}  // namespace homeostat
