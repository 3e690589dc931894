#include "tests/support/fault_proxy.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/support/raw_http.hpp"

namespace homeostat::test {
namespace {

std::size_t body_at(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? answer.size() : end + 4;
}

std::string plain_answer(int status, const std::string& headers, const std::string& body) {
  return fmt::format("HTTP/1.1 {} X\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n{}", status,
                     headers, body.size(), body);
}

// As much of the body, and a length that says that it is all.
std::string truncated(const std::string& answer) {
  const std::string body = answer.substr(body_at(answer));
  const int status = std::atoi(answer.c_str() + std::string("HTTP/1.1 ").size());
  return plain_answer(status, "Content-Type: application/json\r\n",
                      body.substr(0, body.size() / 2));
}

void send_huge(Peer& peer) {
  constexpr std::size_t all = std::size_t{1} << 30;
  const std::string part(std::size_t{1} << 20, ' ');
  if (!peer.write(fmt::format("HTTP/1.1 200 X\r\nContent-Type: application/json\r\n"
                              "Content-Length: {}\r\nConnection: close\r\n\r\n",
                              all))) {
    return;
  }
  for (std::size_t sent = 0; sent < all; sent += part.size()) {
    if (!peer.write(part)) return;
  }
}

}  // namespace

FaultProxy::FaultProxy(int port) : port_(port), server_([this](Peer& peer, int) { serve(peer); }) {}

void FaultProxy::add(WireRule rule) {
  const std::lock_guard lock(mutex_);
  rules_.push_back(std::move(rule));
}

void FaultProxy::clear() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
}

void FaultProxy::before_forward(
    std::function<void(const std::string& method, const std::string& path)> hook) {
  const std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
}

std::vector<std::string> FaultProxy::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::size_t FaultProxy::count(const std::string& method) const {
  const std::vector<std::string> lines = log();
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(),
                    [&](const std::string& line) { return line.starts_with(method + ' '); }));
}

bool FaultProxy::wait_for(std::size_t requests) const {
  std::unique_lock lock(mutex_);
  return grown_.wait_for(lock, std::chrono::seconds(20), [&] { return log_.size() >= requests; });
}

std::optional<WireFault> FaultProxy::match(const std::string& method, const std::string& path) {
  const std::lock_guard lock(mutex_);
  log_.push_back(method + ' ' + path);
  grown_.notify_all();
  for (WireRule& rule : rules_) {
    const bool fits =
        (rule.method.empty() || rule.method == method) && path.find(rule.path) != std::string::npos;
    if (!fits || rule.times == 0) continue;
    if (rule.after > 0) {
      --rule.after;
      continue;
    }
    if (rule.times > 0) --rule.times;
    return rule.fault;
  }
  return std::nullopt;
}

std::string FaultProxy::forward(const std::string& method, const std::string& path,
                                const std::string& request) {
  std::function<void(const std::string&, const std::string&)> hook;
  {
    const std::lock_guard lock(mutex_);
    hook = hook_;
  }
  if (hook) hook(method, path);
  return raw_exchange(port_, request);
}

void FaultProxy::serve(Peer& peer) {
  const std::string request = peer.read_request();
  const std::size_t space = request.find(' ');
  if (space == std::string::npos) return;
  const std::string method = request.substr(0, space);
  const std::string path = request.substr(space + 1, request.find(' ', space + 1) - space - 1);
  const std::optional<WireFault> fault = match(method, path);
  if (!fault) {
    const std::string answer = forward(method, path, request);
    {
      const std::lock_guard lock(mutex_);
      before_[method + ' ' + path] = answer;
    }
    peer.write(answer);
    return;
  }
  std::string answer;
  if (fault->kind == WireFault::Kind::stale) {
    const std::lock_guard lock(mutex_);
    answer = before_[method + ' ' + path];
  }
  const bool reaches_server =
      fault->kind == WireFault::Kind::lost_answer || fault->kind == WireFault::Kind::cut_off ||
      fault->kind == WireFault::Kind::truncated || fault->kind == WireFault::Kind::slow;
  // Nobody asked before: then it is no older than the server's own.
  if (reaches_server || (fault->kind == WireFault::Kind::stale && answer.empty())) {
    answer = forward(method, path, request);
  }
  send(peer, *fault, answer);
}

void FaultProxy::send(Peer& peer, const WireFault& fault, const std::string& answer) {
  switch (fault.kind) {
    case WireFault::Kind::answer:
    case WireFault::Kind::lost_answer:
      peer.write(plain_answer(fault.status, fault.headers, fault.body));
      return;
    case WireFault::Kind::cut_off: {
      const std::size_t body = answer.size() - body_at(answer);
      // Of an answer without a body, half of the head.
      peer.write(answer.substr(0, body == 0 ? answer.size() / 2 : answer.size() - body / 2));
      return;
    }
    case WireFault::Kind::truncated:
      peer.write(truncated(answer));
      return;
    case WireFault::Kind::slow:
      peer.write(answer.substr(0, 1));
      peer.wait_for_end();
      return;
    case WireFault::Kind::silent:
      peer.wait_for_end();
      return;
    case WireFault::Kind::reset:
      peer.reset();
      return;
    case WireFault::Kind::huge:
      send_huge(peer);
      return;
    case WireFault::Kind::stale:
      peer.write(answer);
      return;
  }
}

}  // namespace homeostat::test
