#include "reconciler/serve/server.hpp"

#include "reconciler/serve/engine.hpp"

namespace homeostat {

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

Result<Server> Server::open(ServerSettings settings, std::vector<Route> routes) {
  if (settings.certificate_file.empty() != settings.key_file.empty()) {
    return fail(ErrorKind::invalid_spec, "TLS needs a certificate and its key");
  }
  TRY_ASSIGN(Listener listener, listen_on(settings.listen));
  auto state = std::make_unique<State>(std::move(settings), std::move(routes), std::move(listener));
  TRY(state->start());
  return Server(std::move(state));
}

int Server::port() const { return state_->listener().port; }

std::string Server::url() const {
  return (state_->settings().certificate_file.empty() ? "http://" : "https://") +
         state_->listener().name;
}

ServerCounts Server::counts() const { return state_->counts(); }

}  // namespace homeostat
