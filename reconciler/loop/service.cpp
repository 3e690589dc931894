#include "reconciler/loop/service.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <thread>

#include "reconciler/loop/routes.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

using namespace std::chrono_literals;

// A look has limits of its own, and so has every write; a loop that does not move for so long will
// not move again.
constexpr auto stands_still = 15min;
constexpr auto before_next_server = 10s;  // where it could not listen

// The sites and the server of one configuration.
class Running {
 public:
  explicit Running(ServiceSettings settings) : settings_(std::move(settings)) {
    for (const SiteSettings& site : settings_.sites) {
      sites_.push_back(std::make_unique<Site>(site));
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { stop(std::stop_token()); }

  [[nodiscard]] const ServiceSettings& settings() const { return settings_; }
  [[nodiscard]] bool wants_server() const { return !settings_.server.listen.empty() && !server_; }
  Status open_server() {
    if (!wants_server()) return {};
    TRY_ASSIGN(auto routes, make_routes(sources_of(sites_, settings_, now())));
    auto opened = Server::open(settings_.server, std::move(routes));
    if (!opened) return tl::unexpected(opened.error());
    server_.emplace(std::move(*opened));
    spdlog::info("listening on {}", server_->url());
    return {};
  }
  void start_sites() {
    for (const auto& site : sites_) {
      threads_.emplace_back(
          [this, &site = *site] { site.run(stop_.get_token(), cancel_.get_token()); });
    }
  }

  // What is in flight is finished, but not for longer than the limit; `cancel` ends it at once.
  void stop(const std::stop_token& cancel) {
    stop_.request_stop();
    const std::stop_callback pass_on(cancel, [this] { cancel_.request_stop(); });
    std::jthread limit([this](const std::stop_token& over) {
      std::mutex mutex;
      std::condition_variable_any wake;
      std::unique_lock lock(mutex);
      wake.wait_for(lock, over, settings_.stop_limit, [] { return false; });
      if (!over.stop_requested()) cancel_.request_stop();
    });
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    server_.reset();
    sites_.clear();  // with what they are sending: whoever is next would send it again
  }

  [[nodiscard]] bool moves() const {
    const Time since = now() - stands_still;
    return std::ranges::all_of(sites_, [&](const auto& site) { return site->moved() > since; });
  }

 private:
  const ServiceSettings settings_;
  std::vector<std::unique_ptr<Site>> sites_;
  std::stop_source stop_, cancel_;
  std::vector<std::thread> threads_;
  std::optional<Server> server_;  // goes first: it asks the sites
};

// Half of what systemd allows between two signs of life.
std::chrono::microseconds watchdog_pause() {
  std::uint64_t limit = 0;
  if (sd_watchdog_enabled(0, &limit) <= 0) return 0us;
  return std::chrono::microseconds(limit / 2);
}

void wait_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, time, [] { return false; });
}

// While something takes longer than systemd waits for a sign, and is no standstill.
class SignsOfLife {
 public:
  SignsOfLife(std::chrono::microseconds pause, std::chrono::seconds longest) {
    if (pause == 0us) return;
    thread_ = std::jthread([pause, longest](const std::stop_token& over) {
      const auto until = std::chrono::steady_clock::now() + longest;
      while (!over.stop_requested() && std::chrono::steady_clock::now() < until) {
        sd_notify(0, "WATCHDOG=1");
        wait_for(std::chrono::duration_cast<std::chrono::milliseconds>(pause), over);
      }
    });
  }

 private:
  std::jthread thread_;
};

}  // namespace

namespace {

// With the new settings; with those of before where nothing can listen by the new ones: a port that
// is taken, a certificate that is gone. Then the sites are looked after in any case.
std::unique_ptr<Running> replace(Running& old, ServiceSettings fresh,
                                 const std::stop_token& cancel) {
  old.stop(cancel);
  auto running = std::make_unique<Running>(std::move(fresh));
  if (const Status opened = running->open_server(); !opened) {
    spdlog::error("{}; the settings stay as they were", error_words(opened.error()));
    running = std::make_unique<Running>(old.settings());
    if (const Status again = running->open_server(); !again) {
      spdlog::error("{}; nobody is served until it can be", error_words(again.error()));
    }
  }
  running->start_sites();
  return running;
}

}  // namespace

Status serve_sites(ServiceSettings settings,
                   const std::function<std::optional<ServiceSettings>()>& reload,
                   const std::stop_token& stop, const std::stop_token& cancel) {
  auto running = std::make_unique<Running>(std::move(settings));
  TRY(running->open_server());
  running->start_sites();
  sd_notify(0, "READY=1");
  const auto pause = watchdog_pause();
  auto next_sign = std::chrono::steady_clock::now();
  auto next_server = next_sign;
  while (!stop.stop_requested()) {
    if (pause > 0us && std::chrono::steady_clock::now() >= next_sign && running->moves()) {
      sd_notify(0, "WATCHDOG=1");
      next_sign = std::chrono::steady_clock::now() + pause;
    }
    if (auto fresh = reload()) {
      sd_notify(0, "RELOADING=1");
      const SignsOfLife signs(pause, running->settings().stop_limit + 1min);
      running = replace(*running, std::move(*fresh), cancel);
      sd_notify(0, "READY=1");
    }
    if (running->wants_server() && std::chrono::steady_clock::now() >= next_server) {
      next_server = std::chrono::steady_clock::now() + before_next_server;
      if (const Status opened = running->open_server(); !opened) {
        spdlog::debug("{}", error_words(opened.error()));
      }
    }
    wait_for(500ms, stop);
  }
  sd_notify(0, "STOPPING=1");
  running->stop(cancel);
  return {};
}

}  // namespace homeostat
