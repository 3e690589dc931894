// What of a message is done already: of a repeat, only the rest is sent.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

namespace homeostat {

// Of messages in several parts, or to several recipients, that were accepted in part. In this
// process only: a crash in between repeats the whole. For several threads.
class DoneParts {
 public:
  [[nodiscard]] bool is_done(const std::string& message, std::size_t part) const {
    const std::lock_guard lock(mutex_);
    const auto found = done_.find(message);
    return found != done_.end() && found->second.contains(part);
  }
  void set_done(const std::string& message, std::size_t part) {
    constexpr std::size_t most = 200;  // messages; what nobody came back for goes
    const std::lock_guard lock(mutex_);
    if (done_.size() >= most && !done_.contains(message)) done_.erase(done_.begin());
    done_[message].insert(part);
  }
  void forget(const std::string& message) {
    const std::lock_guard lock(mutex_);
    done_.erase(message);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::set<std::size_t>> done_;  // guarded by mutex_
};

}  // namespace homeostat
