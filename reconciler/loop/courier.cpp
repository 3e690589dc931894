#include "reconciler/loop/courier.hpp"

#include <spdlog/spdlog.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "reconciler/outbox.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

using namespace std::chrono_literals;

constexpr auto last_words = 5s;  // of what is being sent when we stop

}  // namespace

class Courier::Post {
 public:
  Post(std::string name, std::string key, std::unique_ptr<Notifier> notifier, std::string ledger)
      : key_(std::move(key)),
        name_(std::move(name)),
        notifier_(std::move(notifier)),
        ledger_(std::move(ledger)),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}
  Post(const Post&) = delete;
  Post& operator=(const Post&) = delete;
  // What is on its way is finished and written down, or it would be sent again; not for ever.
  ~Post() {
    stop();
    std::unique_lock lock(mutex_);
    const bool ended = changed_.wait_for(lock, last_words, [this] { return ended_; });
    lock.unlock();
    if (!ended) over_.request_stop();
  }
  // Takes up nothing more.
  void stop() { thread_.request_stop(); }

  [[nodiscard]] const std::string& key() const { return key_; }
  void wake() {
    const std::lock_guard lock(mutex_);
    awake_ = true;
    changed_.notify_all();
  }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::optional<Time> next = now() + 60s;  // where the ledger cannot be read
      if (auto ledger = Ledger::open(ledger_, true)) {
        const auto deliver = [&](const Message& message) {
          return notifier_->deliver(message, over_.get_token());
        };
        const auto turn = send_waiting(*ledger, name_, deliver, now, stop);
        if (turn) next = turn->next;
        if (!turn) spdlog::error("notifier {}: {}", name_, error_words(turn.error()));
      } else {
        spdlog::error("notifier {}: {}", name_, error_words(ledger.error()));
      }
      wait(next, stop);
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  void wait(const std::optional<Time>& until, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return awake_; };
    if (until) {
      changed_.wait_until(lock, stop, *until, ready);
    } else {
      changed_.wait(lock, stop, ready);
    }
    awake_ = false;
  }

  const std::string key_;
  const std::string name_;
  const std::unique_ptr<Notifier> notifier_;
  const std::string ledger_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool awake_ = false;  // guarded by mutex_
  bool ended_ = false;  // likewise
  std::stop_source over_;
  std::jthread thread_;  // last: it uses the others
};

Courier::Courier() = default;
Courier::~Courier() {
  for (const auto& [name, post] : posts_) post->stop();  // all of them at once
}

std::map<std::string, Error> Courier::set(const Turn& turn) {
  std::map<std::string, Error> failed;
  std::map<std::string, std::unique_ptr<Post>> kept;
  const std::string folder = turn.spec.revision.bare ? std::string() : turn.spec.folder;
  for (const auto& [name, config] : turn.spec.notifiers) {
    const Result<Attributes>& settings = turn.notifiers.at(name);
    if (!settings) {
      // Its secrets were not read because we are stopping: nothing is wrong with it.
      const auto old = posts_.find(name);
      if (settings.error().kind != ErrorKind::cancelled) {
        failed.emplace(name, settings.error());
      } else if (old != posts_.end()) {
        kept.emplace(name, std::move(old->second));
      }
      continue;
    }
    const std::string key = turn.hash(config.type + settings->dump());
    if (const auto old = posts_.find(name); old != posts_.end() && old->second->key() == key) {
      kept.emplace(name, std::move(old->second));
      continue;
    }
    auto opened =
        open_notifier(config.type, {.name = name, .settings = *settings, .folder = folder});
    if (!opened) {
      failed.emplace(name, opened.error());
      continue;
    }
    posts_.erase(name);  // the old one ends before the new one begins: no message goes twice
    kept.emplace(name, std::make_unique<Post>(name, key, std::move(*opened), turn.places.ledger));
  }
  posts_ = std::move(kept);
  return failed;
}

void Courier::wake() {
  for (const auto& [name, post] : posts_) post->wake();
}

}  // namespace homeostat
