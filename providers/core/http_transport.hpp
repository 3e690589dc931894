// One request, once, over libcurl: what HttpClient is made of.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "providers/core/http.hpp"

namespace homeostat {

// Where the requests of a client go.
struct HttpTarget {
  std::string base;    // for libcurl: "https://10.5.0.2:8006/api2", no slash at the end
  std::string shown;   // for people; of a socket "unix:///run/x.sock"
  std::string socket;  // its path; "" = TCP
};
[[nodiscard]] Result<HttpTarget> parse_target(const std::string& url);

struct HttpTry {
  // An answer of any status. An error's kind is final but for one thing: a transient one of a
  // request that is not idempotent and was `sent` is for the caller to rename.
  Result<HttpReply> reply = fail(ErrorKind::internal, "not tried");
  bool sent = false;         // the server may have seen it
  bool out_of_time = false;  // a time limit ended it
  HttpCounts counts;         // of this try
};

// A libcurl handle with the connections it keeps. For one thread at a time.
class HttpHandle {
 public:
  HttpHandle(const HttpSettings& settings, const HttpTarget& target);  // both outlive it
  HttpHandle(const HttpHandle&) = delete;
  HttpHandle& operator=(const HttpHandle&) = delete;
  ~HttpHandle();

  // `origin` is how messages call the request. The reply has no excerpt yet.
  [[nodiscard]] HttpTry perform(const HttpRequest& request, const std::string& origin,
                                const std::stop_token& stop);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Seconds from `now` that a Retry-After asks for, as a number or as a date; without one, until the
// quota is full again where GitHub's headers say that nothing is left of it; else nullopt.
[[nodiscard]] std::optional<std::chrono::seconds> retry_after(const HttpReply& reply,
                                                              std::chrono::sys_seconds now);

}  // namespace homeostat
