#include "reconciler/reconcile.hpp"

#include <algorithm>

#include "reconciler/agreement.hpp"
#include "reconciler/names.hpp"
#include "reconciler/open_providers.hpp"
#include "reconciler/provenance.hpp"
#include "reconciler/redact.hpp"
#include "reconciler/report/report.hpp"
#include "reconciler/secrets.hpp"

namespace homeostat {
namespace {

Errors one(Error error) { return Errors{std::move(error)}; }

PlanInput plan_input(const Round& round,
                     const std::function<Attributes(const Address&, Attributes)>& canonical) {
  return PlanInput{.spec = round.spec,
                   .observed = round.observed,
                   .ledger = round.memory,
                   .options = round.request.options,
                   .providers = round.infos,
                   .canonical = canonical,
                   .secrets = round.secrets,
                   .hash = round.hash,
                   .now = now()};
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

// The ledger, its key and what it remembers. Reading never makes a file.
Status open_memory(Round& round, const Request& request) {
  TRY_ASSIGN(round.places, find_places(round.spec.site, request.ledger_path));
  TRY_ASSIGN(Ledger ledger, Ledger::open(round.places.ledger, request.record));
  TRY_ASSIGN(round.memory, ledger.view());
  if (!request.full_zone.empty()) round.memory.full_zones.insert(request.full_zone);
  TRY_ASSIGN(std::string key, load_or_make_key(round.places.key, request.record));
  round.hash = make_secret_hash(std::move(key));
  round.ledger = std::move(ledger);
  return {};
}

Providers open_round(const Round& round, bool read_only) {
  return open_providers({.spec = round.spec,
                         .ledger = round.memory,
                         .secrets = round.secrets,
                         .verdict = round.verdict,
                         .read_only = read_only});
}

Status observe_round(Round& round, const Request& request, std::stop_token stop) {
  if (!request.offline) {
    round.observed = observe(round.spec, round.providers, scopes_of(round.spec), now, stop);
    return {};
  }
  if (!round.memory.present) {
    return fail(ErrorKind::not_found, "there is no last observation: this machine has no ledger",
                "leave out --offline, or name the ledger with --ledger PATH");
  }
  TRY_ASSIGN(round.observed, round.ledger->last_observation());
  return {};
}

std::set<Scope> touched_scopes(const std::vector<Outcome>& outcomes) {
  std::set<Scope> scopes;
  for (const Outcome& outcome : outcomes) {
    if (outcome.kind == OutcomeKind::done || outcome.kind == OutcomeKind::failed) {
      scopes.insert(scope_of(outcome.address));
    }
  }
  return scopes;
}

// Ours from now on, or no longer: what each outcome means for the ledger. At once, not at the end
// of the run: a process that dies in between must not forget what it made.
Status record_outcome(Round& round, const Change& change, const Outcome& outcome) {
  if (outcome.kind != OutcomeKind::done) return {};
  if (change.from) {
    TRY(round.ledger->rename_owned(*change.from, change.address));
  }
  if (change.action == Action::remove || change.action == Action::release) {
    round.memory.owned.erase(change.address);
    return round.ledger->remove_owned({change.address});
  }
  auto& rows = round.memory.owned;
  auto known = rows.extract(change.from.value_or(change.address));
  Owned row = row_of_made(change, outcome.native_id, round.planned.desired.at(change.address),
                          known ? &known.mapped() : nullptr, round.spec);
  rows.insert_or_assign(change.address, row);
  if (round.memory.forgotten.erase(change.address) > 0) {
    TRY(round.ledger->save_forgotten(change.address, false));
  }
  return round.ledger->save_owned({{change.address, row}});
}

Status record_change(Round& round, std::int64_t run, const Change& change, const Outcome& outcome) {
  nlohmann::json fields = nlohmann::json::array();
  for (const FieldDiff& diff : change.fields) {
    fields.push_back({{"path", diff.path}, {"from", diff.live}, {"to", diff.desired}});
  }
  TRY(round.ledger->record_change(
      run, {.address = change.address,
            .action = std::string(name_of(change.action)),
            .cause = fields.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
            .outcome = std::string(name_of(outcome.kind)),
            .message = outcome.error ? outcome.error->message : std::string()}));
  return record_outcome(round, change, outcome);
}

// What was written and differs still: the server took the write and did nothing, or something else.
std::vector<const Change*> lingering(const Plan& after, const std::vector<Outcome>& outcomes) {
  std::set<Address> written;
  for (const Outcome& outcome : outcomes) {
    if (outcome.kind == OutcomeKind::done) written.insert(outcome.address);
  }
  std::vector<const Change*> found;
  for (const Change& change : after.changes) {
    if (written.contains(change.address) && !change.hold && !change.quiet) {
      found.push_back(&change);
    }
  }
  return found;
}

// A word that matches nothing is a typo: "in sync" would be its worst answer, and a consent that
// nobody needs was meant for something else.
Errors unmatched_words(const Round& round) {
  const auto matches = [&round](const std::string& glob) {
    const auto hit = [&glob](const auto& entry) { return address_matches(entry.first, glob); };
    return std::ranges::any_of(round.planned.desired, hit) ||
           std::ranges::any_of(round.memory.owned, hit) ||
           std::ranges::any_of(round.planned.plan.findings, [&glob](const Finding& finding) {
             return address_matches(finding.address, glob);
           });
  };
  Errors errors;
  const PlanOptions& options = round.request.options;
  for (const auto* globs :
       {&options.only, &options.exclude, &options.adopt, &options.allow_destroy}) {
    for (const std::string& glob : *globs) {
      if (matches(glob)) continue;
      errors.push_back(fail(ErrorKind::invalid_spec, "nothing is declared or owned as " + glob,
                            "write an address or a glob, as in 'dns/lab/*'")
                           .value());
    }
  }
  for (const std::string& word : options.allow_destroy) {
    if (word.find_first_of("*?[") == std::string::npos) continue;
    errors.push_back(fail(ErrorKind::invalid_spec,
                          "--allow-destroy takes addresses, and " + word + " is a glob",
                          "say it once for each resource whose data may go")
                         .value());
  }
  const Plan& plan = round.planned.plan;
  if (errors.empty() && !options.exclude.empty() && plan.resources == 0 && plan.changes.empty() &&
      plan.findings.empty()) {
    errors.push_back(fail(ErrorKind::invalid_spec, "nothing was selected",
                          "--exclude leaves out all that there is, or that --only names")
                         .value());
  }
  std::vector<std::string> scopes;
  for (const ScopeSummary& scope : round.planned.plan.scopes) {
    scopes.push_back(to_string(scope.scope));
  }
  for (const std::string& scope : options.accept_empty) {
    if (std::ranges::find(scopes, scope) != scopes.end()) continue;
    const std::string near = suggestion(scope, scopes);
    errors.push_back(fail(ErrorKind::invalid_spec, "there is no scope " + scope,
                          near.empty() ? "`homeostat status` lists the scopes" : near)
                         .value());
  }
  return errors;
}

}  // namespace

Time now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

tl::expected<Spec, Errors> load(const Request& request) {
  auto source = request.rev.empty() ? open_directory(request.folder)
                                    : open_commit(request.folder, request.rev, request.path);
  if (!source) return tl::unexpected(one(std::move(source).error()));
  std::vector<ProviderSchema> types;
  for (const ProviderType& type : builtin_providers()) types.push_back(type.info().schema);
  return load_spec(**source, types);
}

tl::expected<Planned, Errors> plan_again(const Round& round) {
  const auto canonical = canonical_of(round.providers);
  auto planned = make_plan(plan_input(round, canonical));
  if (!planned) return planned;
  planned->plan.offline = round.request.offline;
  planned->plan.connections = round.verdict.blocked;
  add_warnings(planned->plan, expiry_warnings(round.spec, planned->plan.made));
  fill_provenance(planned->plan, round.spec, round.memory);
  return planned;
}

tl::expected<Round, Errors> look(const Request& request, std::stop_token stop) {
  auto spec = load(request);
  if (!spec) return tl::unexpected(std::move(spec).error());
  Round round;
  round.request = request;
  round.spec = std::move(*spec);
  if (const Status opened = open_memory(round, request); !opened) {
    return tl::unexpected(one(opened.error()));
  }
  auto rules = load_machine_file();
  if (!rules) return tl::unexpected(std::move(rules).error());
  const auto trusted = load_trust(round.places.trust);
  if (!trusted) return tl::unexpected(one(trusted.error()));
  round.verdict = judge(round.spec, *trusted, *rules);
  round.secrets = read_secrets(round.spec, round.verdict, !request.offline);
  round.infos = provider_infos(round.spec);
  if (!request.offline) {
    round.providers = open_round(round, true);
  }
  if (const Status seen = observe_round(round, request, stop); !seen) {
    return tl::unexpected(one(seen.error()));
  }
  auto planned = plan_again(round);
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
  for (const auto& [address, row] : rows) round.memory.owned[address] = row;
  const KnownSecrets known(round.secrets, round.memory, round.hash);
  return round.ledger->save_observation(
      hash_secrets(round.observed, planned.desired, round.memory, round.infos, known, round.hash));
}

Applied apply(Round& round, const ApplyHooks& hooks, std::stop_token stop, std::stop_token cancel) {
  Applied applied;
  const auto note = [&applied](const Status& status) {
    if (!status) applied.errors.push_back(status.error());
  };
  RunRecord record;
  record.verb = "apply";
  record.commit = round.spec.revision.commit;
  record.started = now();
  const auto run = round.ledger->begin_run(record);
  if (!run) {
    applied.errors.push_back(run.error());
    applied.after = std::move(round.planned);
    return applied;
  }
  round.providers = open_round(round, false);
  applied.outcomes =
      execute({.planned = round.planned,
               .spec = round.spec,
               .providers = round.providers,
               .secrets = round.secrets,
               .by_service = hooks.by_service,
               .on_progress = hooks.on_progress,
               .after_write =
                   [&round, id = *run](const Change& change, const Outcome& outcome) {
                     return record_change(round, id, change, outcome);
                   }},
              stop, cancel);

  if (cancel.stop_requested()) {  // a second look would see nothing
    applied.looked_again = false;
    applied.after = std::move(round.planned);
    note(round.ledger->end_run(*run, 1, "cancelled", now()));
    return applied;
  }
  const Observed again =
      observe(round.spec, round.providers, touched_scopes(applied.outcomes), now, cancel);
  for (const auto& [scope, state] : again.scopes) round.observed.scopes[scope] = state;
  auto after = plan_again(round);
  if (!after) {
    applied.errors.insert(applied.errors.end(), after.error().begin(), after.error().end());
    applied.after = std::move(round.planned);
  } else {
    applied.after = std::move(*after);
    applied.lingering = lingering(applied.after.plan, applied.outcomes);
    note(record_agreement(round, applied.after, true));
  }
  const bool failed =
      !applied.errors.empty() || std::ranges::any_of(applied.outcomes, [](const Outcome& outcome) {
        return outcome.kind != OutcomeKind::done;
      });
  note(round.ledger->end_run(*run, failed ? 1 : exit_code(applied.after.plan),
                             summary_line(applied.after.plan), now()));
  return applied;
}

}  // namespace homeostat
