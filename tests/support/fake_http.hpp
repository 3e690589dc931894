// A well-behaved HTTP server in this process, for the fakes of real APIs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace homeostat::test {

struct FakeRequest {
  std::string method;
  std::string path;                               // decoded, no query
  std::string target;                             // as it was sent, with the query
  std::multimap<std::string, std::string> query;  // decoded
  std::map<std::string, std::string> headers;     // names in lower case
  std::string body;
};
struct FakeAnswer {
  int status = 200;
  std::string body = "{}";
  std::string type = "application/json";
  std::map<std::string, std::string> headers = {};
};

class FakeHttp {
 public:
  using Answer = std::function<FakeAnswer(const FakeRequest&)>;  // from several threads at once
  explicit FakeHttp(Answer answer);                              // http, a free port of 127.0.0.1
  FakeHttp(Answer answer, const std::string& certificate_file, const std::string& key_file);
  FakeHttp(const FakeHttp&) = delete;
  FakeHttp& operator=(const FakeHttp&) = delete;
  ~FakeHttp();

  [[nodiscard]] std::string url(const std::string& host = "127.0.0.1") const;
  [[nodiscard]] int port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace homeostat::test
