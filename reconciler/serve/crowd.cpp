#include "reconciler/serve/crowd.hpp"

#include <algorithm>

namespace homeostat {

void Crowd::enter(int socket, const std::string& peer, Moment now) {
  members_.insert_or_assign(
      socket, Member{.peer = peer, .phase = Phase::receiving, .since = now, .told = false});
}

void Crowd::change(int socket, Phase phase, Moment now) {
  const auto found = members_.find(socket);
  if (found == members_.end()) return;
  found->second.phase = phase;
  found->second.since = now;
}

void Crowd::leave(int socket) {
  const auto found = members_.find(socket);
  if (found == members_.end()) return;
  if (found->second.told) --told_;
  members_.erase(found);
}

std::optional<int> Crowd::too_many() {
  if (members_.size() - told_ <= limits_.connections) return std::nullopt;
  std::map<std::string, std::size_t> waits;
  const auto keeps_waiting = [](const Member& member) {
    return !member.told && member.phase != Phase::handling;
  };
  std::size_t most = 0;
  for (const auto& [socket, member] : members_) {
    if (keeps_waiting(member)) most = std::max(most, ++waits[member.peer]);
  }
  Member* longest = nullptr;
  int chosen = -1;
  for (auto& [socket, member] : members_) {
    if (!keeps_waiting(member) || waits[member.peer] < most) continue;
    if (longest != nullptr && longest->since <= member.since) continue;
    longest = &member;
    chosen = socket;
  }
  if (longest == nullptr) return std::nullopt;
  longest->told = true;
  ++told_;
  return chosen;
}

std::optional<Crowd::Moment> Crowd::end_of(const Member& member) const {
  if (member.told || member.phase == Phase::handling) return std::nullopt;
  return member.since + (member.phase == Phase::receiving ? limits_.receive : limits_.send);
}

std::vector<int> Crowd::late(Moment now) {
  std::vector<int> sockets;
  for (auto& [socket, member] : members_) {
    const auto end = end_of(member);
    if (!end || *end > now) continue;
    member.told = true;
    ++told_;
    sockets.push_back(socket);
  }
  return sockets;
}

std::optional<Crowd::Moment> Crowd::next_late() const {
  std::optional<Moment> next;
  for (const auto& [socket, member] : members_) {
    const auto end = end_of(member);
    if (end && (!next || *end < *next)) next = end;
  }
  return next;
}

bool Crowd::is(int socket, Phase phase) const {
  const auto found = members_.find(socket);
  return found != members_.end() && found->second.phase == phase;
}

std::vector<int> Crowd::in(Phase phase) const {
  std::vector<int> sockets;
  for (const auto& [socket, member] : members_) {
    if (member.phase == phase && !member.told) sockets.push_back(socket);
  }
  return sockets;
}

}  // namespace homeostat
