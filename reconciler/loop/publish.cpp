#include "reconciler/loop/publish.hpp"

#include <algorithm>

#include "reconciler/mode.hpp"
#include "reconciler/names.hpp"
#include "reconciler/report/words.hpp"
#include "specs/git.hpp"

namespace homeostat {
namespace {

ResourceState state_of(const Change& change) {
  if (change.quiet) return ResourceState::in_sync;
  if (is_unknown(change)) return ResourceState::unknown;
  if (change.hold) {
    if (change.hold->code == HoldCode::stuck) return ResourceState::stuck;
    // In report mode nothing is held from what would be done: it is looked at, and that is all.
    if (waits(change.hold->code) && change.hold->code != HoldCode::report_mode &&
        change.hold->code != HoldCode::approval) {
      return ResourceState::waiting;
    }
    if (change.hold->code != HoldCode::report_mode) return ResourceState::blocked;
  }
  return has_drift(change) ? ResourceState::drift : ResourceState::differs;
}

std::string why(const Change& change) {
  std::string out(name_of(change.action));
  for (const FieldDiff& field : change.fields) {
    out += (&field == &change.fields.front() ? " " : ", ") + field.path;
  }
  return change.hold ? out + ": " + change.hold->text : out;
}

ResourceRow row_of(const Plan& plan, const Change& change, const Spec& spec) {
  ResourceRow row{.site = plan.site,
                  .address = to_string(change.address),
                  .state = state_of(change),
                  .service = change.service};
  if (row.state == ResourceState::in_sync) return row;
  row.text = why(change);
  row.since = change.since;
  for (const FieldDiff& field : change.fields) {
    if (field.since && (!row.since || *field.since < *row.since)) row.since = field.since;
    if (row.by.empty()) row.by = field.by;
  }
  const auto resource = spec.desired.find(change.address);
  if (row.service.empty() && resource != spec.desired.end()) row.service = resource->second.service;
  return row;
}

}  // namespace

std::vector<ResourceRow> rows_of(const Turn& turn) {
  const Plan& plan = turn.planned.plan;
  std::map<Address, ResourceRow> rows;
  for (const auto& [address, resource] : turn.planned.desired) {
    const bool unknown = plan.unknown.contains(scope_of(address));
    rows[address] = {.site = plan.site,
                     .address = to_string(address),
                     .state = unknown ? ResourceState::unknown : ResourceState::in_sync,
                     .service = resource.service,
                     .text = unknown ? "its scope could not be observed" : ""};
  }
  for (const Change& change : plan.changes) {
    rows[change.address] = row_of(plan, change, turn.spec);
  }
  std::vector<ResourceRow> out;
  out.reserve(rows.size());
  for (auto& [address, row] : rows) out.push_back(std::move(row));
  return out;
}

void show_turn(SiteStatus& status, const Turn& turn) {
  const Plan& plan = turn.planned.plan;
  status.ready = true;
  status.mode = turn.spec.policy.mode == Mode::enforce ? "enforce" : "report";
  status.looked = plan.made;
  status.resources.clear();
  for (const ResourceRow& row : rows_of(turn)) ++status.resources[row.state];
  status.scopes.clear();
  for (const ScopeSummary& scope : plan.scopes) {
    status.scopes.push_back({.scope = to_string(scope.scope),
                             .why = scope.unknown ? error_words(*scope.unknown) : std::string(),
                             .at = scope.at == Time{} ? std::nullopt : std::optional(scope.at)});
  }
  status.approvals = turn.waiting_approvals;
}

void show_memory(SiteStatus& status, const std::string& path, Time now) {
  const auto ledger = Ledger::open(path, false);
  if (!ledger) return;
  if (const auto run = ledger->last_run(); run && *run) {
    status.last_run =
        RunStatus{.id = (*run)->id,
                  .started = (*run)->started,
                  .ended = (*run)->exit_code < 0 ? std::nullopt : std::optional((*run)->ended),
                  .exit_code = (*run)->exit_code,
                  .summary = (*run)->summary};
  }
  status.incidents.clear();
  if (const auto incidents = ledger->incidents(now)) {
    for (const Incident& incident : *incidents) {
      if (!incident.closed) ++status.incidents[std::string(name_of(incident.trouble.kind))];
    }
  }
  // Those of pull requests; of plans the turn knows.
  if (const auto approvals = ledger->approvals()) {
    status.approvals +=
        static_cast<std::size_t>(std::ranges::count_if(*approvals, [](const Approval& approval) {
          return approval.pull_request != 0 && approval.state == Approval::State::waiting;
        }));
  }
  status.outbox = 0;
  if (const auto states = ledger->notifiers()) {
    for (const auto& [name, state] : *states) status.outbox += state.waiting;
  }
  status.suspended.reset();
  if (const auto holds = ledger->manual_holds()) {
    for (const ManualHold& hold : *holds) {
      status.suspended = (status.suspended ? *status.suspended + "; " : std::string()) + hold.glob +
                         ": " + hold.reason;
    }
  }
}

CommitStatus commit_status(const std::string& repository, const std::string& commit) {
  CommitStatus out{.commit = commit};
  auto opened = git::discover(repository);
  git_oid id;
  git_commit* raw = nullptr;
  if (!opened || !*opened || git_oid_fromstr(&id, commit.c_str()) != 0 ||
      git_commit_lookup(&raw, opened->get(), &id) != 0) {
    return out;
  }
  const git::Commit found(raw);
  const char* subject = git_commit_summary(found.get());
  out.subject = subject == nullptr ? "" : subject;
  const git_signature* author = git_commit_author(found.get());
  if (author != nullptr && author->name != nullptr) out.author = author->name;
  out.at = Time(std::chrono::seconds(git_commit_time(found.get())));
  return out;
}

}  // namespace homeostat
