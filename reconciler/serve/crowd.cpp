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

std::vector<int> Crowd::worst() const {
  std::map<std::string, std::vector<int>> waiting;
  std::size_t most = 0;
  for (const auto& [socket, member] : members_) {
    if (member.told || member.phase == Phase::handling) continue;
    std::vector<int>& peer = waiting[member.peer];
    peer.push_back(socket);
    most = std::max(most, peer.size());
  }
  std::vector<int> all;
  for (const auto& [peer, sockets] : waiting) {
    if (sockets.size() == most) all.insert(all.end(), sockets.begin(), sockets.end());
  }
  std::stable_sort(all.begin(), all.end(), [this](int a, int b) {
    return members_.at(a).since < members_.at(b).since;
  });
  return all;
}

std::optional<int> Crowd::too_many(const std::function<bool(int)>& silent) {
  if (members_.size() - told_ <= limits_.connections) return std::nullopt;
  const std::vector<int> candidates = worst();
  if (candidates.empty()) return std::nullopt;
  const auto quiet = std::find_if(candidates.begin(), candidates.end(), silent);
  const int chosen = quiet == candidates.end() ? candidates.front() : *quiet;
  members_.at(chosen).told = true;
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
