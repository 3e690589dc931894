// Stands in front of a real server and does to its answers what networks and servers do.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/raw_server.hpp"

namespace homeostat::test {

struct WireFault {
  enum class Kind {
    answer,       // `status`, `headers` and `body`; the server hears nothing
    lost_answer,  // the server does it, and the client is told `status`
    cut_off,      // half of the answer's body, and the connection ends
    truncated,    // half of the body, as if that were all
    slow,         // one byte, and no more for now
    silent,       // takes the request and says nothing
    reset,        // the connection breaks
    huge,         // a body of 1 GB
    stale         // the answer that the same request got before the fault began
  };
  Kind kind = Kind::answer;
  int status = 500;
  std::string headers = {};  // whole lines
  std::string body = {};
};

struct WireRule {
  std::string method = {};  // "": any
  std::string path = {};    // a part of it; "": any
  WireFault fault = {};
  int after = 0;   // so many matching calls go well first
  int times = -1;  // so many are hit; -1: all
};

class FaultProxy {
 public:
  explicit FaultProxy(int port);  // of the server, on this machine

  [[nodiscard]] const std::string& url() const { return server_.url(); }
  void add(WireRule rule);
  void clear();  // all rules
  // Called before a request goes to the server: somebody else may be quicker.
  void before_forward(std::function<void(const std::string& method, const std::string& path)> hook);
  // "GET /api/v1/servers", in the order in which they came.
  [[nodiscard]] std::vector<std::string> log() const;
  [[nodiscard]] std::size_t count(const std::string& method) const;
  // Waits until so many have come. False: they have not, in twenty seconds.
  [[nodiscard]] bool wait_for(std::size_t requests) const;

 private:
  void serve(Peer& peer);
  std::optional<WireFault> match(const std::string& method, const std::string& path);
  std::string forward(const std::string& method, const std::string& path,
                      const std::string& request);
  void send(Peer& peer, const WireFault& fault, const std::string& answer);

  const int port_;
  mutable std::mutex mutex_;
  mutable std::condition_variable grown_;
  std::vector<WireRule> rules_;                // guarded by mutex_
  std::vector<std::string> log_;               // guarded by mutex_
  std::map<std::string, std::string> before_;  // "GET /x" -> its last good answer; guarded
  std::function<void(const std::string&, const std::string&)> hook_;  // guarded by mutex_
  RawServer server_;  // last: it ends before the rest goes
};

}  // namespace homeostat::test
