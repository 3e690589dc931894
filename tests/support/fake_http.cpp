#include "tests/support/fake_http.hpp"

#include <httplib.h>

#include <stdexcept>
#include <thread>

#include "specs/text.hpp"

namespace homeostat::test {

namespace {

FakeRequest read(const httplib::Request& given) {
  FakeRequest request;
  request.method = given.method;
  request.path = given.path;
  request.target = given.target;
  request.query.insert(given.params.begin(), given.params.end());
  for (const auto& [name, value] : given.headers) request.headers[to_lower(name)] = value;
  request.body = given.body;
  return request;
}

}  // namespace

struct FakeHttp::State {
  Answer answer;
  std::string scheme;
  std::unique_ptr<httplib::Server> server;
  int port = 0;
  std::jthread listening;

  void start();
};

void FakeHttp::State::start() {
  const auto handle = [this](const httplib::Request& given, httplib::Response& out) {
    const FakeAnswer made = answer(read(given));
    out.status = made.status;
    for (const auto& [name, value] : made.headers) out.set_header(name, value);
    out.set_content(made.body, made.type);
  };
  server->Get(".*", handle);
  server->Post(".*", handle);
  server->Put(".*", handle);
  server->Patch(".*", handle);
  server->Delete(".*", handle);
  // A connection holds a thread for as long as it is kept.
  server->new_task_queue = [] { return new httplib::ThreadPool(16); };
  server->set_keep_alive_max_count(100'000);
  server->set_keep_alive_timeout(60);
  server->set_tcp_nodelay(true);
  port = server->bind_to_any_port("127.0.0.1");
  if (port <= 0) throw std::runtime_error("no port for the fake server");
  listening = std::jthread([this] { server->listen_after_bind(); });
  // stop() of a server that does not run yet would be forgotten.
  while (!server->is_running()) std::this_thread::yield();
}

FakeHttp::FakeHttp(Answer answer) : state_(std::make_unique<State>()) {
  state_->answer = std::move(answer);
  state_->scheme = "http://";
  state_->server = std::make_unique<httplib::Server>();
  state_->start();
}

FakeHttp::FakeHttp(Answer answer, const std::string& certificate_file, const std::string& key_file)
    : state_(std::make_unique<State>()) {
  state_->answer = std::move(answer);
  state_->scheme = "https://";
  state_->server = std::make_unique<httplib::SSLServer>(certificate_file.c_str(), key_file.c_str());
  if (!state_->server->is_valid()) throw std::runtime_error("no TLS with " + certificate_file);
  state_->start();
}

FakeHttp::~FakeHttp() { state_->server->stop(); }

std::string FakeHttp::url(const std::string& host) const {
  return state_->scheme + host + ":" + std::to_string(state_->port);
}

int FakeHttp::port() const { return state_->port; }

}  // namespace homeostat::test
