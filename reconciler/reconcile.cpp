#include "reconciler/reconcile.hpp"

#include <algorithm>
#include <thread>

#include "providers/core/failpoint.hpp"
#include "reconciler/agreement.hpp"
#include "reconciler/cron.hpp"
#include "reconciler/memory.hpp"
#include "reconciler/notify/notifier.hpp"
#include "reconciler/open_providers.hpp"
#include "reconciler/provenance.hpp"
#include "reconciler/record.hpp"
#include "reconciler/redact.hpp"
#include "reconciler/report/report.hpp"
#include "reconciler/secrets.hpp"
#include "reconciler/suspend.hpp"
#include "reconciler/undone.hpp"
#include "reconciler/unmatched.hpp"
#include "reconciler/verify.hpp"

namespace homeostat {
namespace {

Errors one(Error error) { return Errors{std::move(error)}; }

PlanInput plan_input(const Round& round, const Observed& observed,
                     const std::function<Attributes(const Address&, Attributes)>& canonical) {
  return PlanInput{.spec = round.spec,
                   .observed = observed,
                   .ledger = round.memory,
                   .options = round.request.options,
                   .providers = round.infos,
                   .canonical = canonical,
                   .secrets = round.secrets,
                   .hash = round.hash,
                   .now = now(),
                   .loop = round.request.loop ? &*round.request.loop : nullptr};
}

std::function<Attributes(const Address&, Attributes)> canonical_of(const Providers& providers) {
  return [&providers](const Address& address, Attributes wanted) {
    const auto found = providers.find(address.provider);
    if (found == providers.end() || !found->second) return wanted;
    return (*found->second)->canonical(address, std::move(wanted));
  };
}

void add_warnings(Plan& plan, Errors more) {
  plan.warnings.insert(plan.warnings.end(), std::make_move_iterator(more.begin()),
                       std::make_move_iterator(more.end()));
  sort_errors(plan.warnings);
}

// `desired`: a copy of the spec's.
tl::expected<Planned, Errors> plan_round(const Round& round, const Observed& observed,
                                         Desired desired) {
  const auto canonical = canonical_of(round.providers);
  auto planned = make_plan(plan_input(round, observed, canonical), std::move(desired));
  if (!planned) return planned;
  planned->plan.offline = round.request.offline;
  planned->plan.cut_off = round.cut_off;
  planned->plan.connections = round.verdict.blocked;
  add_warnings(planned->plan, expiry_warnings(round.spec, planned->plan.made));
  add_warnings(planned->plan, round.notices);
  Suspensions undone = round.memory.suspended;
  undone.insert(round.request.suspend.begin(), round.request.suspend.end());
  say_undone(planned->plan, round.spec, undone);
  fill_provenance(planned->plan, round.spec, round.memory);
  return planned;
}

Error at_work_notice(const std::string& holder) {
  return {ErrorKind::conflict,
          holder + ", is at work: what it is writing is planned as far as it does not show yet",
          "plan again when it has ended",
          {},
          {}};
}

// The ledger, its key and what it remembers. Reading never makes a file.
Status open_memory(Round& round, const Request& request) {
  TRY_ASSIGN(round.places, find_places(round.spec.site, request.ledger_path));
  const MemoryUse use = request.locked && !request.whole ? MemoryUse::keep
                        : request.record                 ? MemoryUse::record
                                                         : MemoryUse::look;
  TRY_ASSIGN(Memory memory, recall(round.places, use, !request.ledger_path.empty(), now()));
  round.memory = std::move(memory.view);
  if (!request.full_zone.empty()) round.memory.full_zones.insert(request.full_zone);
  round.hash = std::move(memory.hash);
  round.notices = std::move(memory.notices);
  round.damaged = memory.damaged;
  round.ledger = std::move(memory.ledger);
  // At once: it may have ended before the servers have answered.
  if (!request.locked && !round.memory.intents.empty()) {
    if (const auto holder = SiteLock::holder(round.places)) {
      round.at_work = true;
      round.notices.push_back(at_work_notice(*holder));
    }
  }
  if (round.request.loop && round.ledger) {
    TRY_ASSIGN(round.request.loop->suspended, round.ledger->manual_holds());
  }
  return {};
}

Providers open_round(const Round& round, bool read_only) {
  return open_providers({.spec = round.spec,
                         .ledger = round.memory,
                         .secrets = round.secrets,
                         .verdict = round.verdict,
                         .read_only = read_only,
                         .timing = round.request.timing});
}

// Undone runs stand in for git. What git has overtaken is forgotten by who may write.
Status put_suspensions(Round& round) {
  for (const auto& [address, suspension] : round.request.suspend) {
    Suspension& kept = round.memory.suspended[address];
    kept = merged(kept, suspension);
  }
  const std::vector<Address> over = suspend(round.spec, round.memory);
  if (over.empty() || !round.request.locked || !round.request.suspend.empty()) return {};
  return round.ledger->save_suspended({}, over);
}

// All scopes; or those that are asked for, and the others as they were seen.
Observed observe_round(Round& round, const std::stop_token& stop) {
  std::set<Scope> scopes = scopes_of(round.spec);
  Observed kept;
  if (const auto& partly = round.request.partly) {
    std::erase_if(scopes, [&](const Scope& scope) {
      const auto seen = partly->seen->scopes.find(scope);
      if (partly->scopes.contains(scope) || seen == partly->seen->scopes.end() ||
          seen->second.unknown) {
        return false;
      }
      kept.scopes.insert(*seen);
      return true;
    });
  }
  Observed observed = observe(round.spec, round.providers, scopes, now, stop);
  observed.scopes.merge(kept.scopes);
  return observed;
}

// Opens the memory while the servers answer, and copies what the plan will start from. Nobody waits
// for them where the memory cannot be opened.
Result<Desired> look_and_remember(Round& round, const Request& request,
                                  const std::stop_token& stop) {
  round.providers = open_round(round, true);
  std::jthread looking(
      [&round](const std::stop_token& until) { round.observed = observe_round(round, until); });
  const std::stop_callback pass_on(stop, [&looking] { looking.request_stop(); });
  Status opened = open_memory(round, request);
  if (opened) opened = put_suspensions(round);  // who looks reads nothing that this changes
  if (!opened) looking.request_stop();
  Desired copy;
  if (opened) copy = round.spec.desired;
  looking.join();
  TRY(opened);
  return copy;
}

Result<Desired> remember_and_look(Round& round, const Request& request,
                                  const std::stop_token& stop) {
  TRY(open_memory(round, request));
  TRY(put_suspensions(round));
  if (!request.offline) {
    round.providers = open_round(round, true);
    round.observed = observe_round(round, stop);
    return round.spec.desired;
  }
  if (!round.memory.present) {
    return fail(ErrorKind::not_found, "there is no last observation: this machine has no ledger",
                "leave out --offline, or name the ledger with --ledger PATH");
  }
  TRY_ASSIGN(round.observed, round.ledger->last_observation());
  return round.spec.desired;
}

// Our marks on things, and a ledger that has nothing to say: it was lost.
Status notice_loss(Round& round) {
  const bool told = round.memory.present || !round.memory.unconfirmed.empty();
  if (!round.request.record || told) return {};
  for (const auto& [scope, state] : round.observed.scopes) {
    for (const LiveResource& live : state.resources) {
      const bool ours =
          live.marker && live.marker->site == round.spec.site && live.marker->id == live.native_id;
      if (!ours) continue;
      TRY(distrust(*round.ledger, round.memory,
                   "the ledger was lost: " + display(live.address, false, false) +
                       " and maybe others are marked as ours, and it knows nothing"));
      round.notices.push_back(unconfirmed_notice(round.memory));
      return {};
    }
  }
  return {};
}

}  // namespace

Time now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

tl::expected<Spec, Errors> load(const Request& request) {
  auto source = request.rev.empty() ? open_directory(request.folder)
                                    : open_commit(request.folder, request.rev, request.path);
  if (!source) return tl::unexpected(one(std::move(source).error()));
  std::vector<ProviderSchema> types;
  for (const ProviderType& type : builtin_providers()) types.push_back(type.info().schema);
  auto spec = load_spec(**source, types, notifier_schemas(), find_zone);
  if (spec && spec->site == check_site) {
    const std::string name(check_site);
    return tl::unexpected(
        one({ErrorKind::invalid_spec,
             "site: " + name + " is the name of what `provider check` makes and removes",
             "give the site another name",
             {},
             {}}));
  }
  return spec;
}

tl::expected<Planned, Errors> plan_again(const Round& round) {
  return plan_round(round, round.observed, round.spec.desired);
}

tl::expected<Judged, Errors> load_judged(const Request& request) {
  auto spec = load(request);
  if (!spec) return tl::unexpected(std::move(spec).error());
  const auto places = find_places(spec->site, request.ledger_path);
  if (!places) return tl::unexpected(one(places.error()));
  const auto rules = load_machine_file();
  if (!rules) return tl::unexpected(rules.error());
  const auto trusted = load_trust(places->trust);
  if (!trusted) return tl::unexpected(one(trusted.error()));
  Judged judged;
  judged.spec = std::move(*spec);
  judged.verdict = judge(judged.spec, *trusted, *rules);
  return judged;
}

tl::expected<Round, Errors> look(const Request& request, std::stop_token stop) {
  auto judged = load_judged(request);
  if (!judged) return tl::unexpected(std::move(judged).error());
  return look(std::move(*judged), request, std::move(stop));
}

tl::expected<Round, Errors> look(Judged judged, const Request& request, std::stop_token stop) {
  Round round;
  round.request = request;
  round.spec = std::move(judged.spec);
  round.verdict = std::move(judged.verdict);
  round.secrets = read_secrets(round.spec, round.verdict, !request.offline, stop);
  round.infos = provider_infos(round.spec);
  const bool together = !request.offline && !needs_memory(round.spec);
  Result<Desired> desired =
      together ? look_and_remember(round, request, stop) : remember_and_look(round, request, stop);
  if (!desired) return tl::unexpected(one(desired.error()));
  Status known = notice_loss(round);
  if (known) known = settle(round, 0);
  if (!known) return tl::unexpected(one(known.error()));
  auto planned = plan_round(round, round.observed, std::move(*desired));
  if (!planned) return tl::unexpected(std::move(planned).error());
  round.planned = std::move(*planned);
  if (Errors unmatched = unmatched_words(round); !unmatched.empty()) {
    return tl::unexpected(std::move(unmatched));
  }
  return round;
}

Status record_agreement(Round& round, const Planned& planned, bool adopt) {
  const auto rows = agree({.planned = planned,
                           .spec = round.spec,
                           .ledger = round.memory,
                           .providers = round.infos,
                           .secrets = round.secrets,
                           .hash = round.hash,
                           .adopt = adopt,
                           .now = now()});
  TRY(round.ledger->save_owned(rows));
  TRY(forget_tries(round, planned));
  failpoint("apply.between_agreement");
  for (const auto& [address, row] : rows) round.memory.owned[address] = row;
  const KnownSecrets known(round.secrets, round.memory, round.hash);
  return round.ledger->save_observation(
      hash_secrets(round.observed, planned.desired, round.memory, round.infos, known, round.hash));
}

namespace {

// After one service of several. Looked at apart: the plan at work points into the round's own view.
Status verify_service(Round& round, const std::vector<Outcome>& outcomes,
                      const std::stop_token& stop, const std::stop_token& cancel) {
  Observed seen = round.observed;
  const auto look_again = [&](const std::set<Scope>& scopes) {
    const Observed again = observe(round.spec, round.providers, scopes, now, cancel);
    for (const auto& [scope, state] : again.scopes) seen.scopes[scope] = state;
    return plan_round(round, seen, round.spec.desired);
  };
  const auto after = verify(look_again, round.request.timing, outcomes, stop);
  if (!after) return tl::unexpected(after.error().front());
  const auto late = lingering(after->plan, outcomes);
  if (late.empty()) return {};
  return fail(ErrorKind::conflict,
              display(late.front()->address, false, false) + " did not converge");
}

}  // namespace

Applied apply(Round& round, const ApplyHooks& hooks, std::stop_token stop, std::stop_token cancel) {
  Applied applied;
  const auto note = [&applied](const Status& status) {
    if (!status) applied.errors.push_back(status.error());
  };
  RunRecord record;
  record.verb = round.request.loop ? "run" : round.request.suspend.empty() ? "apply" : "undo";
  record.commit = round.spec.revision.commit;
  record.started = now();
  failpoint("apply.before_run");
  const auto run = round.ledger->begin_run(record);
  failpoint("apply.after_run");
  if (!run) {
    applied.errors.push_back(run.error());
    applied.after = std::move(round.planned);
    return applied;
  }
  add_calls(round.providers, round.calls);
  round.providers = open_round(round, false);
  applied.outcomes =
      execute({.planned = round.planned,
               .spec = round.spec,
               .providers = round.providers,
               .secrets = round.secrets,
               .by_service = hooks.by_service,
               .verify_service =
                   [&](const std::vector<Outcome>& outcomes) {
                     return verify_service(round, outcomes, stop, cancel);
                   },
               .on_progress = hooks.on_progress,
               .before_write =
                   [&round, id = *run](std::span<const Intended> intended) {
                     return record_intents(round, id, intended);
                   },
               .after_write =
                   [&round, id = *run](const Change& change, const Outcome& outcome) {
                     return record_outcome(round, id, change, outcome);
                   },
               .timing = round.request.timing},
              stop, cancel);

  if (cancel.stop_requested()) {  // a second look would see nothing
    applied.looked_again = false;
    applied.after = std::move(round.planned);
    note(round.ledger->end_run(*run, 1, "cancelled", now()));
    return applied;
  }
  failpoint("apply.before_verify");
  const auto look_again = [&](const std::set<Scope>& scopes) -> tl::expected<Planned, Errors> {
    const Observed again = observe(round.spec, round.providers, scopes, now, cancel);
    for (const auto& [scope, state] : again.scopes) round.observed.scopes[scope] = state;
    failpoint("apply.before_settle");
    // Of those that failed, which may have been made all the same, and of removals.
    if (const Status settled = settle(round, *run); !settled) {
      return tl::unexpected(one(settled.error()));
    }
    round.cut_off = 0;  // told already
    return plan_again(round);
  };
  auto after = verify(look_again, round.request.timing, applied.outcomes, stop);
  if (after) {
    applied.after = std::move(*after);
    applied.lingering = lingering(applied.after.plan, applied.outcomes);
  } else {
    applied.errors.insert(applied.errors.end(), after.error().begin(), after.error().end());
    applied.after = std::move(round.planned);
  }
  failpoint("apply.before_agreement");
  note(record_late(round, *run, applied));
  note(count_tries(round, applied));
  if (applied.errors.empty()) note(record_agreement(round, applied.after, true));
  failpoint("apply.after_agreement");
  const bool failed = !applied.errors.empty() || !applied.lingering.empty() ||
                      std::ranges::any_of(applied.outcomes, [](const Outcome& outcome) {
                        return outcome.kind != OutcomeKind::done;
                      });
  failpoint("apply.before_end");
  note(round.ledger->end_run(*run, failed ? 1 : exit_code(applied.after.plan),
                             summary_line(applied.after.plan), now()));
  return applied;
}

}  // namespace homeostat
