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

Crowd::Worst Crowd::worst() const {
  std::map<std::string, std::vector<int>> waiting;
  for (const auto& [socket, member] : members_) {
    if (!member.told && member.phase != Phase::handling) waiting[member.peer].push_back(socket);
  }
  Worst worst;
  for (auto& [peer, sockets] : waiting) {
    if (sockets.size() > worst.sockets.size()) {
      worst.lead = sockets.size() - worst.sockets.size();
      worst.sockets = std::move(sockets);
    } else {
      worst.lead = std::min(worst.lead, worst.sockets.size() - sockets.size());
    }
  }
  std::stable_sort(worst.sockets.begin(), worst.sockets.end(),
                   [this](int a, int b) { return members_.at(a).since < members_.at(b).since; });
  return worst;
}

std::vector<int> Crowd::too_many(const std::function<bool(int)>& silent) {
  std::vector<int> chosen;
  while (members_.size() - told_ > limits_.connections) {
    Worst candidates = worst();
    if (candidates.sockets.empty()) break;
    std::stable_partition(candidates.sockets.begin(), candidates.sockets.end(), silent);
    const std::size_t spare = members_.size() - told_ - limits_.connections;
    candidates.sockets.resize(
        std::min({spare, std::max<std::size_t>(candidates.lead, 1), candidates.sockets.size()}));
    for (const int socket : candidates.sockets) {
      members_.at(socket).told = true;
      ++told_;
      chosen.push_back(socket);
    }
  }
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
