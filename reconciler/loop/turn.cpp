#include "reconciler/loop/turn.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/cron.hpp"
#include "reconciler/loop/approvals.hpp"
#include "reconciler/loop/telling.hpp"
#include "reconciler/open_providers.hpp"
#include "reconciler/report/report.hpp"
#include "reconciler/report/words.hpp"
#include "reconciler/verify.hpp"

namespace homeostat {
namespace {

bool writes(const Plan& plan) {
  return plan.stops.empty() && std::ranges::any_of(plan.changes, [](const Change& change) {
           return !change.hold && !change.quiet;
         });
}

// Where something would be written, or was cut off, that was not looked at just now.
std::set<Scope> unseen(const Round& round, const std::set<Scope>& seen) {
  std::set<Scope> scopes;
  for (const Change& change : round.planned.plan.changes) {
    if (!change.hold) scopes.insert(scope_of(change.address));
  }
  for (const auto& [address, intent] : round.memory.intents) scopes.insert(scope_of(address));
  std::erase_if(scopes, [&seen](const Scope& scope) { return seen.contains(scope); });
  return scopes;
}

std::string key_of_failed(const Address& address) { return "failed " + to_string(address); }

Trouble trouble_of(const Outcome& outcome, Time now) {
  const std::string name = display(outcome.address, true, false);
  return {.kind = TroubleKind::failed,
          .key = key_of_failed(outcome.address),
          .title = name + ": " + (outcome.error ? error_words(*outcome.error) : "failed"),
          .since = now,
          .subject = subject_of(scope_of(outcome.address))};
}

class TurnTaker {
 public:
  TurnTaker(const TurnInput& input, std::stop_token stop, std::stop_token cancel)
      : input_(input), stop_(std::move(stop)), cancel_(std::move(cancel)) {}

  tl::expected<Turn, Errors> take() {
    Request request = input_.request;
    request.record = true;
    request.locked = true;
    request.loop.emplace();
    request.loop->local_time = local_time;
    auto judged = load_judged(request);
    if (!judged) return tl::unexpected(judged.error());
    auto round = look_partly(*judged, request);
    if (!round) return tl::unexpected(round.error());
    // What it did not see is no trouble of anybody's, and nothing was begun.
    if (stop_.stop_requested()) {
      return tl::unexpected(Errors{{ErrorKind::cancelled, "the look was stopped", {}, {}, {}}});
    }
    if (!round->planned.plan.stops.empty()) {
      return tl::unexpected(stopped(round->planned.plan));
    }
    carry_out(*round);
    approve(*round);
    return finish(*round);
  }

 private:
  // Until all that would be written was looked at in this turn.
  tl::expected<Round, Errors> look_partly(const Judged& judged, const Request& request) {
    Request now = request;
    std::set<Scope> again;
    if (input_.seen != nullptr && input_.scopes) {
      again = *input_.scopes;
      now.partly = Partly{input_.seen, again};
    }
    while (true) {
      auto round = look(judged, now, stop_);
      looked_ = now.partly ? again : scopes_of(judged.spec);
      if (!round || !now.partly) return round;
      const std::set<Scope> more = unseen(*round, again);
      if (more.empty()) return round;
      count_calls(*round);
      again.insert(more.begin(), more.end());
      now.partly->scopes = again;
    }
  }

  static Errors stopped(const Plan& plan) {
    Errors errors;
    for (const std::string& why : plan.stops) {
      errors.push_back({ErrorKind::conflict, why, {}, {}, {}});
    }
    return errors;
  }

  void count_calls(const Round& round) {
    for (const auto& [name, calls] : round.calls) turn_.calls[name] += calls;
    add_calls(round.providers, turn_.calls);
  }

  void carry_out(Round& round) {
    beat();
    if (!writes(round.planned.plan)) {
      note(record_agreement(round, round.planned, true));
      return;
    }
    const Sight found = troubles_of(round.planned.plan, round.spec, looked_);
    if (const Status told = tell_found(*round.ledger, found, round.spec, now()); !told) {
      return note(told);  // what is repaired untold is lost
    }
    ApplyHooks hooks;
    hooks.on_progress = [this](Progress progress, const Change& change, const Outcome* outcome) {
      beat();
      if (input_.on_change && progress == Progress::finished) input_.on_change(change, *outcome);
    };
    Applied applied = apply(round, hooks, stop_, cancel_);
    turn_.outcomes.insert(turn_.outcomes.end(), applied.outcomes.begin(), applied.outcomes.end());
    turn_.errors.insert(turn_.errors.end(), applied.errors.begin(), applied.errors.end());
    const auto late = lingering_lines(applied.lingering, true);
    turn_.lingering.insert(turn_.lingering.end(), late.begin(), late.end());
    turn_.looked_again = turn_.looked_again && applied.looked_again;
    round.planned = std::move(applied.after);
  }

  // What waits for a word is written down; what has got one is carried out.
  void approve(Round& round) {
    if (stop_.stop_requested() || !turn_.looked_again) return;
    auto wanted = to_be_approved(round);
    auto asked = ask(round, wanted);
    if (asked && asked->state == Approval::State::approved) {
      carry_out_exactly(round, *wanted, *asked);
      wanted = to_be_approved(round);
      asked = ask(round, wanted);
    }
    if (!asked) return;
    turn_.waiting_approvals = 1;
    turn_.troubles.push_back({.kind = TroubleKind::approval,
                              .key = "approval " + asked->plan,
                              .title = counted(wanted->changes.size(), "change") +
                                       " to approve: homeostat approve " + asked->plan,
                              .details = asked->reason,
                              .since = asked->requested});
  }

  std::optional<Approval> ask(Round& round, const std::optional<SavedPlan>& wanted) {
    std::optional<Approval> question;
    if (wanted) question = question_of(*wanted, round.hash);
    auto asked = round.ledger->ask(question, now());
    if (asked) return *asked;
    note(asked.error());
    return std::nullopt;
  }

  void carry_out_exactly(Round& round, const SavedPlan& wanted, const Approval& approval) {
    round.request.options = only_those_of(wanted);
    round.request.loop->approved = true;
    auto exact = plan_again(round);
    const bool same = exact && plan_id(exact->plan) == approval.plan;
    const std::size_t before = turn_.outcomes.size();
    const std::size_t late = turn_.lingering.size();
    if (same) {
      round.planned = std::move(*exact);
      carry_out(round);
    }
    const bool done =
        same && turn_.lingering.size() == late &&
        std::all_of(turn_.outcomes.begin() + static_cast<long>(before), turn_.outcomes.end(),
                    [](const Outcome& outcome) { return outcome.kind == OutcomeKind::done; });
    note(round.ledger->end_approval(approval.id,
                                    done   ? Approval::State::done
                                    : same ? Approval::State::failed
                                           : Approval::State::stale,
                                    done   ? "carried out"
                                    : same ? "not all of it could be done"
                                           : "it has moved",
                                    now()));
    round.request.options = input_.request.options;
    round.request.loop->approved = false;
    auto after = plan_again(round);
    if (after) round.planned = std::move(*after);
  }

  // What failed, and what failed before and was not tried again: it waits for a word, for its
  // window, or its server is away.
  void tell_failed(const Plan& plan) {
    std::set<std::string> tried;
    for (const Outcome& outcome : turn_.outcomes) {
      if (outcome.kind == OutcomeKind::failed) {
        turn_.troubles.push_back(trouble_of(outcome, now()));
      }
      const bool begun = outcome.kind == OutcomeKind::done || outcome.kind == OutcomeKind::failed;
      if (begun) tried.insert(key_of_failed(outcome.address));
    }
    std::set<std::string> wanted;
    for (const Change& change : plan.changes) {
      if (!change.quiet) wanted.insert(key_of_failed(change.address));
    }
    std::set<std::string> unknown;
    for (const auto& [scope, kinds] : plan.unknown) unknown.insert(subject_of(scope));
    for (const Trouble& before : input_.before) {
      const bool stays = before.kind == TroubleKind::failed && !tried.contains(before.key) &&
                         (wanted.contains(before.key) || unknown.contains(before.subject));
      if (stays) turn_.troubles.push_back(before);
    }
  }

  // Of a server that did not answer, what it showed before.
  void tell_certificates(const Spec& spec) {
    std::set<std::string> silent;
    for (const auto& [name, config] : spec.providers) silent.insert(certificate_subject(name));
    for (const auto& [name, calls] : turn_.calls) {
      if (calls.certificate_until || calls.calls > calls.errors) {
        silent.erase(certificate_subject(name));
      }
      if (!calls.certificate_until) continue;
      auto trouble = certificate_trouble("provider " + name, *calls.certificate_until, now());
      if (!trouble) continue;
      trouble->subject = certificate_subject(name);
      turn_.troubles.push_back(std::move(*trouble));
    }
    for (const Trouble& before : input_.before) {
      const bool stays =
          before.kind == TroubleKind::certificate_expiry && silent.contains(before.subject);
      if (stays) turn_.troubles.push_back(before);
    }
  }
  static std::string certificate_subject(const std::string& provider) {
    return fmt::format("{} certificate of {}", plan_subject, provider);
  }

  Turn finish(Round& round) {
    count_calls(round);
    tell_failed(round.planned.plan);
    tell_certificates(round.spec);
    for (const Change& change : round.planned.plan.changes) {
      if (!change.hold || !change.hold->until) continue;
      if (!turn_.again || *change.hold->until < *turn_.again) turn_.again = change.hold->until;
    }
    const SecretValues secrets = read_notifier_secrets(round.spec, round.verdict, stop_);
    for (const auto& [name, config] : round.spec.notifiers) {
      turn_.notifiers.emplace(name, notifier_settings({.spec = round.spec,
                                                       .ledger = round.memory,
                                                       .secrets = secrets,
                                                       .verdict = round.verdict},
                                                      config));
    }
    turn_.planned = std::move(round.planned);
    turn_.planned.live.clear();  // it points into what goes
    turn_.spec = std::move(round.spec);
    turn_.verdict = std::move(round.verdict);
    turn_.hash = std::move(round.hash);
    turn_.looked = std::move(looked_);
    turn_.places = std::move(round.places);
    turn_.observed = std::make_shared<const Observed>(std::move(round.observed));
    return std::move(turn_);
  }

  void note(const Status& status) {
    if (!status) turn_.errors.push_back(status.error());
  }
  void note(const Error& error) { turn_.errors.push_back(error); }
  void beat() const {
    if (input_.on_progress) input_.on_progress();
  }

  const TurnInput& input_;
  const std::stop_token stop_;
  const std::stop_token cancel_;
  Turn turn_;
  std::set<Scope> looked_;
};

}  // namespace

bool failed(const Turn& turn) {
  return !turn.errors.empty() || !turn.lingering.empty() ||
         std::ranges::any_of(turn.outcomes, [](const Outcome& outcome) {
           return outcome.kind == OutcomeKind::failed;
         });
}

tl::expected<Turn, Errors> take_turn(const TurnInput& input, std::stop_token stop,
                                     std::stop_token cancel) {
  return TurnTaker(input, std::move(stop), std::move(cancel)).take();
}

}  // namespace homeostat
