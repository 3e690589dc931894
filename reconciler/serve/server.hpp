// A small HTTP server for one machine's service: few good clients, and any number of bad ones.
//
// One thread of its own accepts, reads, judges and answers; what takes longer than a moment runs in
// a few threads beside it, so that nothing keeps `/healthz` from being answered. What clients can
// cost is bounded: by the number of connections (of too many, the one that has kept us waiting the
// longest goes, of the peer that has the most), by the time that a request may take to come in and
// an answer to go out, and by the bytes of headers and bodies.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "specs/result.hpp"

namespace homeostat {

struct ServeRequest {
  std::string method;  // a HEAD is served as a GET without its body
  std::string path;    // as it was sent, without the query
  // What stands in the path where its route has `{...}`; decoded.
  std::string parameter = {};
  std::multimap<std::string, std::string> query = {};  // decoded
  std::map<std::string, std::string> headers = {};     // names in lower case; several: "a, b"
  std::string body = {};                               // its bytes as they came
  std::string peer = {};                               // the other side's IP address

  [[nodiscard]] std::string header(const std::string& lower_case_name) const;  // "" where absent
};

struct ServeReply {
  int status = 200;
  std::map<std::string, std::string> headers = {};  // Content-Type: application/json if not said
  std::string body = {};
};
// {"error": ..., "hint": ...}: the form of every answer that is none.
[[nodiscard]] ServeReply error_reply(int status, const std::string& error,
                                     const std::string& hint = {});

struct Route {
  std::string method;
  std::string
      path;  // "/healthz"; the last component may be "{name}": any one, but not an empty one
  // Anything it throws is answered with 500. The token: the server is to end, and so should this.
  std::function<ServeReply(const ServeRequest&, const std::stop_token&)> handle;
  // Asked when the headers are there and no byte of the body is read; a reply refuses. On the
  // server's thread.
  std::function<std::optional<ServeReply>(const ServeRequest&)> admit = {};
  std::size_t max_body_bytes = 0;  // a longer one: 413
  // Takes longer than a moment: runs beside the server's thread, a few at a time; of more the
  // answer is 503.
  bool slow = false;
};

struct ServerSettings {
  std::string listen = {};            // "127.0.0.1:8471", "[::1]:8471"; port 0: any free one
  std::string certificate_file = {};  // PEM, with what leads to its authority; "": no TLS
  std::string key_file = {};
  std::size_t max_connections = 256;
  std::chrono::milliseconds receive_limit = std::chrono::seconds(10);  // TLS, head, body; or idle
  std::chrono::milliseconds send_limit = std::chrono::seconds(30);     // of a whole answer
  std::chrono::milliseconds stop_limit = std::chrono::seconds(5);
  std::size_t max_head_bytes = std::size_t{16} << 10;
  std::size_t max_bodies_bytes = std::size_t{16} << 20;  // of all that are coming in
  std::size_t slow_threads = 4;
  std::size_t max_slow = 16;  // running and waiting
};

struct ServerCounts {
  std::uint64_t accepted = 0;
  std::uint64_t dropped = 0;   // of these: for want of room
  std::uint64_t late = 0;      // ... that took too long
  std::uint64_t requests = 0;  // that were answered
  std::size_t open = 0;
};

class Server {
 public:
  // Listens and answers from here on. Errors: an address that is none or taken, certificate files
  // that cannot be read or do not fit together, a key that everybody may read.
  [[nodiscard]] static Result<Server> open(ServerSettings settings, std::vector<Route> routes);
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Takes no more, tells the handlers to end, and lets what is being answered go out within the
  // limit. A handler that does not heed its stop token is waited for.
  ~Server();

  [[nodiscard]] int port() const;
  [[nodiscard]] std::string url() const;  // "http://127.0.0.1:8471"
  [[nodiscard]] ServerCounts counts() const;

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace homeostat
