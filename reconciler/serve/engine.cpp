#include "reconciler/serve/engine.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "reconciler/serve/tls_files.hpp"

namespace homeostat {
namespace {

// So many at once, then what they sent is read: in a flood, who asks at once has its answer before
// the crowd can push it out.
constexpr int accepts_a_turn = 64;

// Not a byte has come since it is there.
bool is_silent(int socket) {
  tcp_info info{};
  socklen_t length = sizeof info;
  return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
         info.tcpi_bytes_received == 0;
}

MHD_Result guarded(const std::function<MHD_Result()>& call) {
  try {
    return call();
  } catch (...) {  // for want of memory; the connection is closed
    return MHD_NO;
  }
}

}  // namespace

Server::State::State(ServerSettings settings, std::vector<Route> routes, Listener listener)
    : settings_(std::move(settings)),
      routes_(std::move(routes)),
      listener_(std::move(listener)),
      wakes_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      crowd_({.connections = settings_.max_connections,
              .receive = settings_.receive_limit,
              .send = settings_.send_limit}) {}

Server::State::~State() {
  if (thread_.joinable()) {
    thread_.request_stop();
    wake();
    thread_.join();
  }
  beside_lane_.reset();
  if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
}

Status Server::State::start() {
  TRY_ASSIGN(daemon_, start_daemon());
  daemon_events_ = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  beside_lane_ = std::make_unique<Lane>(settings_.slow_threads);
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  return {};
}

Result<MHD_Daemon*> Server::State::start_daemon() {
  // It gets its connections from us and runs on our thread.
  unsigned int flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME;
  TlsFiles files;
  std::vector<MHD_OptionItem> options;
  if (!settings_.certificate_file.empty()) {
    TRY_ASSIGN(files, read_tls_files(settings_.certificate_file, settings_.key_file));
    flags |= MHD_USE_TLS;
    // Both are copied while it starts.
    options.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, files.certificate.data()});
    options.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, files.key.data()});
    static char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
    options.push_back({MHD_OPTION_HTTPS_PRIORITIES, 0, &priorities[0]});
  }
  options.push_back({MHD_OPTION_END, 0, nullptr});
  // Names and values are decoded by us: what it decodes ends at a %00.
  const auto as_it_is = [](void*, MHD_Connection*, char* text) {
    return std::char_traits<char>::length(text);
  };
  std::size_t (*unescape)(void*, MHD_Connection*, char*) = as_it_is;
  MHD_Daemon* daemon = MHD_start_daemon(
      flags, 0, nullptr, nullptr, &on_request, this,                 //
      MHD_OPTION_NOTIFY_COMPLETED, &on_completed, this,              //
      MHD_OPTION_NOTIFY_CONNECTION, &on_connection, this,            //
      MHD_OPTION_UNESCAPE_CALLBACK, unescape, nullptr,               //
      MHD_OPTION_STRICT_FOR_CLIENT, 1,                               //
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, settings_.max_head_bytes,  //
      // Ours is the limit; those that were told to go are still there for a turn.
      MHD_OPTION_CONNECTION_LIMIT,                                                    //
      static_cast<unsigned int>(2 * settings_.max_connections + 2 * accepts_a_turn),  //
      MHD_OPTION_ARRAY, options.data(), MHD_OPTION_END);
  if (daemon == nullptr) {
    return fail(ErrorKind::internal, "the web server cannot start",
                files.certificate.empty() ? "" : "is the certificate one that GnuTLS takes?");
  }
  return daemon;
}

ServerCounts Server::State::counts() const {
  return {.accepted = accepted_,
          .dropped = dropped_,
          .late = late_,
          .requests = requests_,
          .open = open_};
}

void Server::State::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wakes_.number(), &one, sizeof one);
}

void Server::State::serve(const std::stop_token& stop) {
  while (true) {
    const auto now = std::chrono::steady_clock::now();
    if (stop.stop_requested() && !over_) {
      over_ = now + settings_.stop_limit;
      listener_.socket = Descriptor();
      handlers_stop_.request_stop();
    }
    if (over_) {
      for (const int socket : crowd_.in(Crowd::Phase::receiving)) drop(socket);
    }
    if (over_ && (*over_ <= now || (crowd_.in(Crowd::Phase::handling).empty() &&
                                    crowd_.in(Crowd::Phase::sending).empty()))) {
      return finish();
    }
    if (accept_again_ && *accept_again_ <= now) accept_again_.reset();
    wait(!over_ && !accept_again_);
    resume_finished();
    MHD_run(daemon_);
    drop_late();
    open_ = crowd_.size();
  }
}

// Nobody is suspended when the daemon is stopped: it would call that a bug of ours.
void Server::State::finish() {
  beside_lane_.reset();
  resume_finished();
  MHD_run(daemon_);
}

int Server::State::patience() const {
  MHD_UNSIGNED_LONG_LONG its_own = 0;
  if (MHD_get_timeout(daemon_, &its_own) == MHD_YES && its_own == 0) return 0;
  auto next = crowd_.next_late();
  for (const auto& other : {accept_again_, over_}) {
    if (other && (!next || *other < *next)) next = other;
  }
  if (!next) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*next - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

void Server::State::wait(bool accepting) {
  std::array<pollfd, 3> waited{{{daemon_events_, POLLIN, 0},
                                {wakes_.number(), POLLIN, 0},
                                {accepting ? listener_.socket.number() : -1, POLLIN, 0}}};
  if (poll(waited.data(), waited.size(), patience()) <= 0) return;
  if (waited[1].revents != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = read(wakes_.number(), &count, sizeof count);
  }
  if (waited[2].revents == 0) return;
  accept_some();
  make_room();
}

void Server::State::accept_some() {
  for (int i = 0; i < accepts_a_turn; ++i) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    const int made = accept4(listener_.socket.number(), raw, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (made < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      // No descriptor or no memory is left: the one that waits there would wake us at once again.
      if (errno != EAGAIN && errno != EWOULDBLOCK) {
        accept_again_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
      }
      return;
    }
    // Answers are small, and go out as soon as they are there.
    const int yes = 1;
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    ++accepted_;
    // What it does not take, it closes.
    [[maybe_unused]] const MHD_Result taken = MHD_add_connection(daemon_, made, raw, length);
  }
}

void Server::State::make_room() {
  for (const int socket : crowd_.too_many(&is_silent)) {
    ++dropped_;
    drop(socket);
  }
}

// What is shut down reads as ended by the client: libmicrohttpd closes it in its next turn.
// What a client does not take is thrown away with it; else the kernel would keep it for minutes.
void Server::State::drop(int socket) {
  if (crowd_.is(socket, Crowd::Phase::sending)) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  shutdown(socket, SHUT_RDWR);
}

void Server::State::drop_late() {
  for (const int socket : crowd_.late(std::chrono::steady_clock::now())) {
    ++late_;
    drop(socket);
  }
}

void Server::State::on_connection(void* self, MHD_Connection* connection, void** /*slot*/,
                                  MHD_ConnectionNotificationCode code) {
  auto& state = *static_cast<State*>(self);
  const int socket = socket_of(connection);
  if (code == MHD_CONNECTION_NOTIFY_CLOSED) return state.crowd_.leave(socket);
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  state.crowd_.enter(socket, info == nullptr ? "" : peer_name(info->client_addr),
                     std::chrono::steady_clock::now());
}

MHD_Result Server::State::on_request(void* self, MHD_Connection* connection, const char* path,
                                     const char* method, const char* /*version*/, const char* bytes,
                                     std::size_t* count, void** slot) {
  auto& state = *static_cast<State*>(self);
  return guarded([&] {
    if (*slot == nullptr) return state.begin(connection, method, path, slot);
    auto& exchange = *static_cast<Exchange*>(*slot);
    if (*count > 0) return state.take(exchange, bytes, *count);
    return state.complete(exchange);
  });
}

void Server::State::on_completed(void* self, MHD_Connection* connection, void** slot,
                                 MHD_RequestTerminationCode /*code*/) {
  auto& state = *static_cast<State*>(self);
  const std::unique_ptr<Exchange> exchange(static_cast<Exchange*>(*slot));
  *slot = nullptr;
  if (!exchange) return;
  state.bodies_bytes_ -= exchange->request.body.size();
  state.crowd_.change(socket_of(connection), Crowd::Phase::receiving,
                      std::chrono::steady_clock::now());
}

MHD_Result Server::State::begin(MHD_Connection* connection, const char* method, const char* path,
                                void** slot) {
  auto made = std::make_unique<Exchange>();
  made->connection = connection;
  made->request = read_request(connection, method, path);
  made->reply = find_route(routes_, *made);
  if (!made->reply) made->reply = refuse(*made);
  Exchange& exchange = *made;
  *slot = made.release();  // until on_completed()
  return exchange.reply ? send(exchange) : MHD_YES;
}

MHD_Result Server::State::take(Exchange& exchange, const char* bytes, std::size_t& count) {
  if (bodies_bytes_ + count > settings_.max_bodies_bytes) return MHD_NO;
  exchange.request.body.append(bytes, count);
  bodies_bytes_ += count;
  count = 0;
  return MHD_YES;
}

MHD_Result Server::State::complete(Exchange& exchange) {
  if (exchange.reply) return send(exchange);
  if (!exchange.route->slow) {
    exchange.reply = handle(exchange, handlers_stop_.get_token());
    return send(exchange);
  }
  if (beside_ >= settings_.max_slow) {
    exchange.reply = error_reply(503, "too much of this is asked at once", "ask again in a while");
    exchange.reply->headers["Retry-After"] = "5";
    return send(exchange);
  }
  run_beside(exchange);
  return MHD_YES;
}

// While it is suspended nothing ends the connection, so that the exchange stays where it is.
void Server::State::run_beside(Exchange& exchange) {
  ++beside_;
  MHD_suspend_connection(exchange.connection);
  crowd_.change(socket_of(exchange.connection), Crowd::Phase::handling,
                std::chrono::steady_clock::now());
  beside_lane_->submit([this, &exchange] {
    const std::stop_token stop = handlers_stop_.get_token();
    ServeReply reply = stop.stop_requested() ? error_reply(503, "the service is stopping")
                                             : handle(exchange, stop);
    {
      const std::lock_guard lock(mutex_);
      finished_.push_back({&exchange, std::move(reply)});
    }
    wake();
  });
}

void Server::State::resume_finished() {
  std::deque<Finished> finished;
  {
    const std::lock_guard lock(mutex_);
    finished.swap(finished_);
  }
  for (Finished& one : finished) {
    --beside_;
    one.exchange->reply = std::move(one.reply);
    MHD_resume_connection(one.exchange->connection);
  }
}

MHD_Result Server::State::send(const Exchange& exchange) {
  ++requests_;
  crowd_.change(socket_of(exchange.connection), Crowd::Phase::sending,
                std::chrono::steady_clock::now());
  return queue(exchange.connection, *exchange.reply);
}

}  // namespace homeostat
