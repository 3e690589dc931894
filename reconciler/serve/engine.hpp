// The server's thread. Everything of libmicrohttpd happens on it, so that nothing here needs a lock
// but what the slow handlers' threads hand over.
#pragma once

#include <sys/eventfd.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "reconciler/lane.hpp"
#include "reconciler/serve/crowd.hpp"
#include "reconciler/serve/exchange.hpp"
#include "reconciler/serve/listen.hpp"
#include "reconciler/serve/server.hpp"

namespace homeostat {

struct Server::State {
 public:
  State(ServerSettings settings, std::vector<Route> routes, Listener listener);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] Status start();
  [[nodiscard]] const Listener& listener() const { return listener_; }
  [[nodiscard]] const ServerSettings& settings() const { return settings_; }
  [[nodiscard]] ServerCounts counts() const;

 private:
  using Moment = Crowd::Moment;
  struct Finished {
    Exchange* exchange;
    ServeReply reply;
  };

  // What libmicrohttpd calls; `self` is the State.
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* path,
                               const char* method, const char* version, const char* bytes,
                               std::size_t* count, void** slot);
  static void on_completed(void* self, MHD_Connection* connection, void** slot,
                           MHD_RequestTerminationCode code);
  static void on_connection(void* self, MHD_Connection* connection, void** slot,
                            MHD_ConnectionNotificationCode code);

  [[nodiscard]] Result<MHD_Daemon*> start_daemon();
  void serve(const std::stop_token& stop);
  void wait(bool accepting);
  [[nodiscard]] int patience() const;  // in milliseconds; -1: no limit
  void accept_some();
  void make_room();
  void resume_finished();
  void drop_late();
  void drop(int socket);
  void finish();

  MHD_Result begin(MHD_Connection* connection, const char* method, const char* path, void** slot);
  MHD_Result take(Exchange& exchange, const char* bytes, std::size_t& count);
  MHD_Result complete(Exchange& exchange);
  MHD_Result send(const Exchange& exchange);
  void run_beside(Exchange& exchange);
  void wake() const;

  const ServerSettings settings_;
  const std::vector<Route> routes_;
  Listener listener_;
  Descriptor wakes_;
  MHD_Daemon* daemon_ = nullptr;
  int daemon_events_ = -1;
  Crowd crowd_;
  std::size_t bodies_bytes_ = 0;  // of those that are coming in
  std::size_t beside_ = 0;        // slow handlers that run or wait
  std::optional<Moment> accept_again_;
  std::optional<Moment> over_;  // when stopping: not a moment longer

  std::atomic<std::uint64_t> accepted_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<std::uint64_t> late_ = 0;
  std::atomic<std::uint64_t> requests_ = 0;
  std::atomic<std::size_t> open_ = 0;

  std::stop_source handlers_stop_;
  std::mutex mutex_;
  std::deque<Finished> finished_;  // guarded by mutex_
  std::unique_ptr<Lane> beside_lane_;
  std::jthread thread_;  // last member: joins before the rest dies
};

}  // namespace homeostat
