#include "reconciler/cli/progress.hpp"

#include <spdlog/spdlog.h>

#include <condition_variable>
#include <iostream>

#include "reconciler/names.hpp"

namespace homeostat::cli {

using std::chrono::steady_clock;

ProgressLines::ProgressLines(bool terminal, std::size_t total)
    : terminal_(terminal), total_(total) {
  if (!terminal_) return;
  ticker_ = std::jthread([this](const std::stop_token& stop) {
    std::mutex idle;
    std::condition_variable_any wake;
    std::unique_lock idle_lock(idle);
    while (!stop.stop_requested()) {
      wake.wait_for(idle_lock, stop, std::chrono::seconds(1), [] { return false; });
      const std::lock_guard lock(mutex_);
      erase();
      draw();
    }
  });
}

ProgressLines::~ProgressLines() {
  ticker_.request_stop();
  if (ticker_.joinable()) ticker_.join();
  const std::lock_guard lock(mutex_);
  erase();
}

void ProgressLines::on_progress(Progress progress, const Change& change, const Outcome* outcome) {
  const std::string address = display(change.address, false, false);
  const std::string action(name_of(change.action));
  const std::lock_guard lock(mutex_);
  if (progress == Progress::started) {
    running_.emplace(action + " " + address, steady_clock::now());
    if (!terminal_) return;
    erase();
    draw();
    return;
  }
  const auto started = running_.find(action + " " + address);
  if (started != running_.end()) running_.erase(started);
  // What was stopped before it began is counted at the end, not told one by one.
  if (outcome != nullptr && outcome->kind == OutcomeKind::cancelled) return;
  ++finished_;
  const std::string_view word = outcome == nullptr ? "" : name_of(outcome->kind);
  const std::string why = outcome != nullptr && outcome->error ? outcome->error->message : "";
  if (!terminal_) {
    const bool bad = outcome != nullptr && outcome->kind != OutcomeKind::done;
    spdlog::log(bad ? spdlog::level::warn : spdlog::level::info,
                "action={} address={} outcome={}{}{}", action, address, word,
                why.empty() ? "" : " error=", why);
    return;
  }
  erase();
  std::cerr << action << ' ' << address << ' ' << word << (why.empty() ? "" : ": ") << why << '\n';
  draw();
}

void ProgressLines::erase() {
  for (; drawn_lines_ > 0; --drawn_lines_) std::cerr << "\x1b[1A\x1b[2K";
}

void ProgressLines::draw() {
  if (running_.empty()) return;
  for (const auto& [what, since] : running_) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - since);
    std::cerr << "  " << what << "  " << age.count() << " s\n";
  }
  std::cerr << "  " << finished_ << " of " << total_ << " done\n";
  drawn_lines_ = running_.size() + 1;
}

}  // namespace homeostat::cli
