// A peer that behaves as badly as a test wants: a script decides what happens on each connection.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace homeostat::test {

// One accepted connection, in a thread of its own. Closed when the script returns.
class Peer {
 public:
  explicit Peer(int socket) : socket_(socket) {}
  // The next request, head and body (by Content-Length); "" when the client is gone.
  std::string read_request();
  bool write(std::string_view bytes);  // false: the client is gone
  void reset();                        // ends the connection with a RST
  void wait_for_end();                 // until the client, or the server object, goes

 private:
  int socket_;
  std::string unread_;
};

class RawServer {
 public:
  using Script = std::function<void(Peer&, int connection)>;  // connections count from 1
  explicit RawServer(Script script);                          // on a free port of 127.0.0.1
  RawServer(Script script, const std::string& socket_path);
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  ~RawServer();

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void accept_all();
  void serve(int socket, int number);

  Script script_;
  std::string url_;
  int listener_ = -1;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::set<int> sockets_;                // guarded by mutex_; open ones
  std::vector<int> ended_;               // guarded by mutex_; connections whose script is over
  std::map<int, std::jthread> scripts_;  // by connection; of the accepting thread
  std::jthread acceptor_;
};

// A whole answer with its Content-Length.
[[nodiscard]] std::string http_answer(int status, std::string_view body,
                                      std::string_view more_headers = {});
// A port of 127.0.0.1 on which nobody listens: connections are refused.
[[nodiscard]] int closed_port();

}  // namespace homeostat::test
