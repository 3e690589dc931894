// What others ask of a site, from threads of their own, and what it shows them.
#include <fmt/format.h>

#include <algorithm>

#include "reconciler/cron.hpp"
#include "reconciler/loop/publish.hpp"
#include "reconciler/loop/site.hpp"
#include "reconciler/report/cells.hpp"
#include "reconciler/report/report.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

constexpr std::size_t errors_shown = 50;  // of a revision that cannot be planned

}  // namespace

void Site::wake() {
  const std::lock_guard lock(mutex_);
  wake_ = true;
  moved_on_.notify_all();
}

void Site::look_again() {
  const std::lock_guard lock(mutex_);
  again_ = true;
  moved_on_.notify_all();
}

std::vector<ResourceRow> Site::rows() const {
  const std::lock_guard lock(mutex_);
  return rows_;
}

SiteStatus Site::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

tl::expected<Round, Errors> Site::plan(const std::string& rev, const PlanOptions& options,
                                       const std::stop_token& stop) const {
  std::string commit;
  {
    const std::lock_guard lock(mutex_);
    if (status_.good) commit = status_.good->commit;
  }
  if (rev.empty() && commit.empty()) {
    return tl::unexpected(Errors{
        Error{ErrorKind::not_found, "no commit is in force yet", "look at the status", {}, {}}});
  }
  Request request = head_.request(rev.empty() ? commit : rev);
  if (!rev.empty()) {
    const Status allowed = check_revision(request.rev, commit);
    if (!allowed) return tl::unexpected(Errors{allowed.error()});
  }
  request.options = options;
  // What the loop would do, and when: not what a hand would.
  request.loop.emplace();
  request.loop->local_time = local_time;
  auto judged = load_judged(request);
  if (!judged) return tl::unexpected(std::move(judged).error());
  // Another site's servers, secrets and ledger are nothing that a branch of this one may ask for.
  const std::string& site = settings_.head.site;
  if (!site.empty() && judged->spec.site != site) {
    return tl::unexpected(Errors{
        {ErrorKind::conflict,
         fmt::format("this revision is about site {}, and this is {}", judged->spec.site, site),
         {},
         {},
         {}}});
  }
  return look(std::move(*judged), request, stop);
}

// What only a fork has is looked at by nobody's wish, unless exactly that was approved.
Status Site::check_revision(std::string& rev, const std::string& good) const {
  TRY_ASSIGN(const std::string wanted, head_.mirror().commit_of(rev));
  if (wanted == good) return {};
  TRY_ASSIGN(const bool own, head_.mirror().is_own(wanted));
  if (own) return {};
  rev = wanted;  // whatever the name means by then
  TRY_ASSIGN(const auto ledger, memory());
  if (ledger) {
    TRY_ASSIGN(const auto approvals, ledger->approvals());
    const bool approved = std::ranges::any_of(approvals, [&](const Approval& known) {
      return known.pull_request != 0 && known.plan == wanted &&
             known.state == Approval::State::approved;
    });
    if (approved) return {};
  }
  return fail(ErrorKind::conflict,
              fmt::format("commit {} is on no branch of the repository, and nobody has approved it",
                          short_commit(wanted)),
              "a pull request of a fork is approved with `homeostat approve`");
}

Result<std::optional<Ledger>> Site::memory() const {
  std::string path;
  {
    const std::lock_guard lock(mutex_);
    path = ledger_;
  }
  if (path.empty()) return std::optional<Ledger>();
  TRY_ASSIGN(Ledger ledger, Ledger::open(path, false));
  return std::optional<Ledger>(std::move(ledger));
}

ServeReply Site::webhook(const ServeRequest& request) {
  if (!gate_) return error_reply(404, "no webhook is configured for " + label());
  const WebhookVerdict verdict = gate_->judge(request.headers, request.body, now());
  if (verdict.outcome == WebhookVerdict::Outcome::wake) {
    // Of a pull request, too: what there is to say of it the forge is asked.
    const std::lock_guard lock(mutex_);
    pulls_moved_ = pulls_moved_ || verdict.what == WebhookVerdict::What::pull_request;
    wake_ = true;
    moved_on_.notify_all();
  } else if (!verdict.why.empty() && verdict.outcome == WebhookVerdict::Outcome::refused) {
    say_refused(verdict.why);
  } else if (!verdict.why.empty()) {
    say("webhook: " + verdict.why);
  }
  return ServeReply{.status = verdict.status, .body = "{}"};
}

// Anybody can send one that is not genuine, as often as he likes.
void Site::say_refused(const std::string& why) {
  std::size_t unsaid = 0;
  {
    const std::lock_guard lock(mutex_);
    ++webhooks_refused_;
    if (now() < next_refusal_said_) return;
    next_refusal_said_ = now() + std::chrono::minutes(1);
    unsaid = std::exchange(webhooks_refused_, 0) - 1;
  }
  const std::string more = unsaid == 0 ? "" : fmt::format(" (and {} before it)", unsaid);
  say("webhook: " + why + more, spdlog::level::warn);
}

RevisionPlan Site::plan_for_readers(const std::string& rev, const std::stop_token& stop) const {
  const auto round = plan(rev, {}, stop);
  if (round) {
    const Plan& plan = round->planned.plan;
    return {render_markdown(plan, round->spec), summary_line(plan), plan.stops.empty()};
  }
  RevisionPlan none = {"### Homeostat: no plan\n\n", warning_words(round.error().front()), false};
  for (std::size_t i = 0; i < round.error().size(); ++i) {
    if (i == errors_shown) {
      none.markdown += fmt::format("    ... and {} more\n", round.error().size() - i);
      break;
    }
    none.markdown += "    " + printable(warning_words(round.error()[i])) + "\n";
  }
  return none;
}

PullRequestSettings Site::pull_request_settings() {
  const follow::Remote& remote = settings_.head.remote;
  return {.label = settings_.label,
          .ref = remote.branch.empty() ? "" : "refs/heads/" + remote.branch,
          .mirror = settings_.head.mirror,
          .remote = remote,
          .site = settings_.head.site,
          .ledger_path = settings_.head.ledger_path,
          .plan_of = [this](const std::string& rev,
                            const std::stop_token& stop) { return plan_for_readers(rev, stop); },
          .in_force =
              [this] {
                const std::lock_guard lock(mutex_);
                return status_.good ? status_.good->commit : std::string();
              },
          .on_asked =
              [this] {
                const std::lock_guard lock(mutex_);
                asked_ = true;
                moved_on_.notify_all();
              }};
}

// What others may see, in one step.
void Site::publish(bool turn_ended) {
  SiteStatus status = this->status();
  if (const auto& good = head_.good()) {
    if (!status.good || status.good->commit != good->commit) {
      status.good = commit_status(head_.request("").folder, good->commit);
    }
  }
  const auto refused = std::exchange(status.refused, std::nullopt);
  status.remote_error.clear();
  for (const Trouble& trouble : head_.troubles()) {
    if (trouble.kind == TroubleKind::remote) status.remote_error = trouble.title;
    if (trouble.kind == TroubleKind::commit) {
      const bool known = refused && refused->commit.commit == head_.refused();
      status.refused = RefusedCommit{
          known ? refused->commit : commit_status(head_.request("").folder, head_.refused()),
          trouble.title};
    }
  }
  status.next_look = next_look_;
  std::vector<ResourceRow> rows;
  if (last_) {
    show_turn(status, *last_);
    rows = rows_of(*last_);
    show_memory(status, last_->places.ledger, now());
  }
  if (last_ && turn_ended) {
    const bool wrote = !last_->outcomes.empty();
    ++status.runs[ill_ || failed(*last_) ? "failed" : wrote ? "applied" : "looked"];
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun_;
    status.durations.add(took.count());
    for (const auto& [name, calls] : std::exchange(last_->calls, {})) {
      status.providers[name] += calls;
    }
  }
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
  rows_ = std::move(rows);
  if (last_) ledger_ = last_->places.ledger;
}

}  // namespace homeostat
