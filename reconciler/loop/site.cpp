#include "reconciler/loop/site.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>

#include "providers/core/http_tls.hpp"
#include "reconciler/cron.hpp"
#include "reconciler/forge/words.hpp"
#include "reconciler/loop/concerned.hpp"
#include "reconciler/loop/publish.hpp"
#include "reconciler/loop/telling.hpp"
#include "reconciler/names.hpp"
#include "reconciler/report/cells.hpp"
#include "reconciler/report/report.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 30s;   // before what failed is tried again; doubled each time
constexpr auto busy_pause = 5s;     // before the lock is asked for again
constexpr auto glance_back = 1min;  // less than that is no step of the clock that matters
constexpr auto glance = 1s;         // how often others are asked whether they want something

// A tenth more or less, so that a hundred services do not ask one server at once.
std::chrono::seconds jittered(std::chrono::seconds time) {
  static std::atomic<std::uint32_t> state =
      static_cast<std::uint32_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  const std::uint32_t number = state = state * 1664525U + 1013904223U;
  const auto tenth = time.count() / 10;
  return tenth == 0 ? time
                    : time - std::chrono::seconds(tenth) +
                          std::chrono::seconds((number >> 8U) % (2 * tenth + 1));
}

}  // namespace

Site::Site(SiteSettings settings)
    : settings_(std::move(settings)),
      head_(settings_.head),
      pulls_(pull_request_settings()),
      herald_(settings_.forge, settings_.label, [this](Forge& forge, const std::stop_token& stop) {
        return pulls_.look(forge, stop);
      }) {
  status_.site = settings_.label;
  if (settings_.webhook) gate_.emplace(*settings_.webhook);
}

void Site::run(const std::stop_token& stop, const std::stop_token& cancel) {
  head_.remember(now());
  while (!stop.stop_requested()) {
    beat();
    bool wake = false;
    bool again = false;
    bool pulls = false;
    bool asked = false;
    {
      const std::lock_guard lock(mutex_);
      wake = std::exchange(wake_, false);
      again = std::exchange(again_, false);
      pulls = std::exchange(pulls_moved_, false);
      asked = std::exchange(asked_, false);
    }
    if (wake || now() >= next_poll_) follow(stop);
    if (stop.stop_requested()) break;  // a look that is stopped sees nothing
    if (again) next_look_ = {};
    if (now() >= next_look_) head_.reconsider(stop, now());
    if (now() >= next_turn()) turn(stop, cancel);
    // After the fetch, so that the branches are there; at each full look too: a webhook may have
    // been lost, or somebody may have approved one.
    pulls_due_ = pulls_due_ || pulls || again;
    if (last_ && std::exchange(pulls_due_, false)) herald_.pull_requests();
    if (asked) {
      tell();
      publish(false);
    }
    if (now() >= next_report_) report();
    wait(stop);
  }
}

// A new commit waits for nothing but what has failed.
Time Site::next_turn() const {
  if (head_.candidate()) return next_try_;
  return head_.good() ? next_look_ : Time::max();
}

void Site::follow(const std::stop_token& stop) {
  const auto before = head_.troubles();
  if (head_.follow(stop, now())) next_try_ = {};
  next_poll_ = now() + jittered(settings_.poll);
  for (const std::string& note : head_.take_notes()) say(note);
  if (before == head_.troubles()) return;
  for (const Trouble& trouble : head_.troubles()) say(trouble.title, spdlog::level::warn);
  tell_forge_refused();
  tell();
  publish(false);
}

void Site::tell_forge_refused() {
  for (const Trouble& trouble : head_.troubles()) {
    if (trouble.kind != TroubleKind::commit || head_.refused() == told_refused_) continue;
    told_refused_ = head_.refused();
    herald_.status({.commit = told_refused_,
                    .state = CommitState::failure,
                    .description = status_words(trouble.title)});
  }
}

// A new commit concerns what it touches; all else is a full look.
void Site::turn(const std::stop_token& stop, const std::stop_token& cancel) {
  const bool fresh = head_.candidate().has_value();
  const bool full = !fresh || !last_ || !last_->looked_again || now() >= next_look_;
  const Head::Taken& taken = fresh ? *head_.candidate() : *head_.good();
  const auto places = find_places(taken.spec.site, settings_.head.ledger_path);
  if (!places) return cannot(Errors{places.error()});
  const auto lock = SiteLock::acquire(*places, taken.spec.site, "homeostat run", now());
  if (!lock) {
    if (!std::exchange(told_busy_, true)) say("waits: " + error_words(lock.error()));
    next_try_ = next_look_ = now() + busy_pause;
    return;
  }
  told_busy_ = false;
  begun_ = std::chrono::steady_clock::now();
  const std::string commit = taken.commit;
  if (fresh && commit != told_refused_) {
    herald_.status(
        {.commit = commit, .state = CommitState::pending, .description = "looking at it"});
  }
  auto made =
      try_turn(commit, full ? std::nullopt : concerned(last_->spec, taken.spec), stop, cancel);
  if (!made && fresh && !stop.stop_requested()) {
    const Errors why = made.error();
    made = turn_without(why, stop, cancel);
  } else if (made && fresh) {
    head_.accept();
    say(fmt::format("{} is in force", short_commit(head_.good()->commit)));
  }
  for (const std::string& note : head_.take_notes()) say(note);
  if (stop.stop_requested() && !made) return;
  if (!made) return cannot(made.error());
  ill_.reset();
  settle_turn(std::move(*made), full);
  pulls_due_ = pulls_due_ || fresh;  // they were planned on what was there before
  if (fresh || told_failed_) tell_forge_done(commit);
}

// A commit could not be planned: its own fault, or something else's? What was good until now tells.
tl::expected<Turn, Errors> Site::turn_without(const Errors& why, const std::stop_token& stop,
                                              const std::stop_token& cancel) {
  if (!head_.good()) return tl::unexpected(why);
  auto made = try_turn(head_.good()->commit, std::nullopt, stop, cancel);
  if (!made) return made;
  const auto before = head_.troubles();
  head_.refuse(why, now());
  if (before != head_.troubles()) {
    for (const Trouble& trouble : head_.troubles()) say(trouble.title, spdlog::level::warn);
  }
  tell_forge_refused();
  return made;
}

// How it went with a commit that is in force; of one that is not, its refusal was told.
void Site::tell_forge_done(const std::string& commit) {
  if (head_.good()->commit != commit) return;
  told_failed_ = failed(*last_);
  herald_.status({.commit = commit,
                  .state = told_failed_ ? CommitState::failure : CommitState::success,
                  .description = status_words(summary_line(last_->planned.plan))});
}

// Not the commit's fault: the ledger, the machine file, ... Tried again soon.
void Site::cannot(const Errors& why) {
  const std::string title = warning_words(why.front());
  if (!ill_ || ill_->title != title) say(title, spdlog::level::err);
  ill_ = Trouble{.kind = TroubleKind::failed,
                 .key = "failed turn",
                 .title = title,
                 .details = why.size() > 1 ? warning_lines(why) : "",
                 .since = ill_ ? ill_->since : now()};
  slow_down();
  tell();
  publish(true);
}

void Site::slow_down() {
  pause_ =
      std::min(pause_ == 0s ? std::chrono::seconds(first_pause) : pause_ * 2, settings_.interval);
  next_try_ = next_look_ = now() + jittered(pause_);
}

tl::expected<Turn, Errors> Site::try_turn(const std::string& commit,
                                          std::optional<std::set<Scope>> scopes,
                                          const std::stop_token& stop,
                                          const std::stop_token& cancel) {
  TurnInput input;
  input.request = head_.request(commit);
  if (last_) {
    input.seen = last_->observed;
    input.before = last_->troubles;
  }
  input.scopes = std::move(scopes);
  input.on_progress = [this] { beat(); };
  input.on_change = [this](const Change& change, const Outcome& outcome) {
    say(fmt::format("{} {}: {}{}", name_of(change.action), display(change.address, true, false),
                    name_of(outcome.kind),
                    outcome.error ? ", " + error_words(*outcome.error) : std::string()),
        outcome.kind == OutcomeKind::failed ? spdlog::level::err : spdlog::level::info);
  };
  return take_turn(input, stop, cancel);
}

void Site::settle_turn(Turn turn, bool full) {
  for (const Error& error : turn.errors) say(error_words(error), spdlog::level::err);
  for (const std::string& line : turn.lingering)
    say("did not converge: " + line, spdlog::level::warn);
  const std::string summary = summary_line(turn.planned.plan);
  if (summary != told_summary_) say(told_summary_ = summary);
  if (failed(turn)) {
    slow_down();
  } else {
    pause_ = 0s;
    // Commits that come fast put off no full look.
    if (full) next_look_ = now() + jittered(settings_.interval);
  }
  pulls_due_ = pulls_due_ || full;
  if (turn.again && *turn.again < next_look_) next_look_ = *turn.again;
  last_ = std::move(turn);
  open_notifiers();
  next_report_ = {};
  tell();
  publish(true);
}

// Who cannot be opened takes nothing, and the others are told so.
void Site::open_notifiers() {
  std::vector<Trouble> unopened;
  for (const auto& [name, error] : courier_.set(*last_)) {
    const std::string itself = fmt::format("notifier {}: ", name);
    const std::string why = warning_words(error);
    const std::string title = why.starts_with(itself) ? why : itself + why;
    const auto known = std::ranges::find(unopened_, title, &Trouble::title);
    if (known == unopened_.end()) say(title, spdlog::level::err);
    unopened.push_back({.kind = TroubleKind::notifier,
                        .key = "notifier " + name,
                        .title = title,
                        .since = known == unopened_.end() ? now() : known->since});
  }
  unopened_ = std::move(unopened);
}

void Site::tell() {
  const std::string site = head_.good() ? head_.good()->spec.site : settings_.head.site;
  if (site.empty()) return;  // nothing was ever read of it: the log has it
  std::vector<Trouble> others = head_.troubles();
  if (ill_) others.push_back(*ill_);
  if (!settings_.certificate_file.empty()) {
    const auto until = certificate_until(settings_.certificate_file);
    const auto ends = until ? certificate_trouble("this service", *until, now()) : std::nullopt;
    if (ends) others.push_back(*ends);
  }
  others.insert(others.end(), unopened_.begin(), unopened_.end());
  const auto places = find_places(site, settings_.head.ledger_path);
  auto ledger = places ? Ledger::open(places->ledger, true) : tl::unexpected(places.error());
  // Before the first turn, too, somebody is to know.
  const Spec* spec = last_ ? &last_->spec : head_.good() ? &head_.good()->spec : nullptr;
  const Status told =
      ledger ? tell_incidents(*ledger, last_ ? &*last_ : nullptr, others, site,
                              spec != nullptr ? spec->notify : std::vector<std::string>(), now())
             : tl::unexpected(ledger.error());
  std::string untold = told ? "" : error_words(told.error());
  if (!untold.empty() && untold != untold_) say(untold, spdlog::level::err);
  untold_ = std::move(untold);
  courier_.wake();
}

void Site::report() {
  next_report_ = now() + 1h;
  if (!last_) return;
  auto ledger = Ledger::open(last_->places.ledger, true);
  const auto done = ledger ? make_reports(*ledger, *last_, now()) : tl::unexpected(ledger.error());
  if (!done) return say(error_words(done.error()), spdlog::level::err);
  if (done->made > 0) courier_.wake();
  if (done->next && *done->next < next_report_) next_report_ = *done->next;
}

void Site::wait(const std::stop_token& stop) {
  Time until = std::min(next_poll_, next_report_);
  until = std::min(until, next_turn());
  std::unique_lock lock(mutex_);
  const auto wanted = [this] { return wake_ || again_ || asked_; };
  while (!stop.stop_requested() && !wanted() && now() < until && !was_set_back()) {
    moved_on_.wait_for(lock, stop, glance, wanted);
    again_ = again_ || asked_from_outside();
    beat();
  }
}

// Whoever waits for a moment would wait an hour longer where the clock was set back by one.
bool Site::was_set_back() {
  const Time at = now();
  const bool back = at + glance_back < latest_;
  latest_ = at;
  if (back) {
    say("the clock was set back: everything is looked at now", spdlog::level::warn);
    next_poll_ = next_look_ = next_try_ = next_report_ = Time();
  }
  return back;
}

// Another process has said something: `approve`, `suspend`, `resume`, `trust`.
bool Site::asked_from_outside() {
  if (!last_) return false;
  std::error_code code;
  const auto at = std::filesystem::last_write_time(last_->places.state + "/wake", code);
  if (code || at == woken_at_) return false;
  const bool first = woken_at_ == std::filesystem::file_time_type{};
  woken_at_ = at;
  return !first || at > started_;
}

void Site::say(const std::string& text, spdlog::level::level_enum level) const {
  spdlog::log(level, "{}: {}", settings_.label, printable(text));
}

}  // namespace homeostat
