#include "reconciler/record.hpp"

#include <algorithm>

#include "providers/core/failpoint.hpp"
#include "reconciler/agreement.hpp"
#include "reconciler/intents.hpp"
#include "reconciler/names.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

const Owned* row_before(const Round& round, const Change& change) {
  const auto row = round.memory.owned.find(change.from.value_or(change.address));
  return row == round.memory.owned.end() ? nullptr : &row->second;
}

std::string cause_words(Cause cause, const std::optional<Provenance>& from) {
  return cause == Cause::undo && from ? undone_words(from->undone) : std::string(name_of(cause));
}

// The commit of the field, else of the change.
void add_provenance(FieldRecord& record, const std::optional<Provenance>& from) {
  if (!from || !record.commit.empty()) return;
  record.commit = from->commit;
  record.author = from->author;
}

ChangeRecord history_of(const Change& change) {
  ChangeRecord record{.address = change.address,
                      .action = std::string(name_of(change.action)),
                      .cause = cause_words(change.cause, change.provenance),
                      .outcome = std::string(outcome_begun),
                      .from = change.from,
                      .at = now()};
  for (const FieldDiff& diff : change.fields) {
    FieldRecord field{diff.path, diff.live, diff.desired, cause_words(diff.cause, diff.provenance),
                      {},        {},        diff.by,      diff.secret};
    add_provenance(field, diff.provenance);
    add_provenance(field, change.provenance);
    record.fields.push_back(std::move(field));
  }
  // What the fields do not tell.
  const bool whole = change.action == Action::remove || change.action == Action::release ||
                     change.action == Action::replace;
  if (whole) record.before = change.before;
  if (change.fields.empty() && change.provenance) {
    record.commit = change.provenance->commit;
    record.author = change.provenance->author;
  }
  return record;
}

// What is remembered of a thing that is ours now.
Owned row_after(const Round& round, const Change& change, const Outcome& outcome) {
  return row_of_made(change, outcome.native_id, round.planned.desired.at(change.address),
                     row_before(round, change), round.spec);
}

// An old view knows nothing of a write that came after it.
bool too_old_to_settle(const Round& round) {
  const auto& partly = round.request.partly;
  return partly && std::ranges::any_of(round.memory.intents, [&](const auto& intent) {
           return !partly->scopes.contains(scope_of(intent.first));
         });
}

}  // namespace

Status record_intents(Round& round, std::int64_t run, std::span<const Intended> intended) {
  const IntentContext context{
      round.spec, round.planned.desired, round.planned.live, round.infos, round.hash, now()};
  std::map<Address, Intent> intents;
  std::vector<ChangeRecord> changes;
  for (const Intended& one : intended) {
    changes.push_back(history_of(one.change));
    intents[one.change.address] = intent_of(one, row_before(round, one.change), context);
    intents[one.change.address].run = run;
  }
  failpoint("ledger.before_intents");
  TRY(round.ledger->begin_writes(run, intents, changes));
  for (auto& [address, intent] : intents) round.memory.intents[address] = std::move(intent);
  return {};
}

Status record_outcome(Round& round, std::int64_t run, const Change& change,
                      const Outcome& outcome) {
  EndedWrite ended;
  ended.change = history_of(change);
  ended.change.outcome = name_of(outcome.kind);
  if (outcome.error) ended.change.message = outcome.error->message;
  // The intent stays until somebody looks: a write that failed may have happened all the same, and
  // what is removed may still be there. What was made is agreed by that look: should we die before
  // it, the next run knows by the intent that this is no drift. A replaced thing is not waited for:
  // a look that is too early would take it for gone.
  const bool done = outcome.kind == OutcomeKind::done && change.action != Action::remove;
  ended.over = done && (change.action == Action::release || change.action == Action::replace);
  LedgerView& memory = round.memory;
  if (done) {
    ended.gone = change.action == Action::release;
    if (!ended.gone) ended.row = row_after(round, change, outcome);
    if (change.from) memory.owned.erase(*change.from);
    if (ended.gone) memory.owned.erase(change.address);
    if (ended.row) {
      memory.owned[change.address] = *ended.row;
      memory.forgotten.erase(change.address);
    }
  }
  if (ended.over) memory.intents.erase(change.address);
  return round.ledger->end_write(run, ended);
}

Status settle(Round& round, std::int64_t own_run) {
  if (round.memory.intents.empty() || round.request.offline) return {};
  if (too_old_to_settle(round)) return {};
  const Settled settled = settle_intents({.spec = round.spec,
                                          .observed = round.observed,
                                          .ledger = round.memory,
                                          .providers = round.infos,
                                          .hash = round.hash});
  take_in(round.memory, settled);
  // Of a run that is alive nothing was cut off: what shows is done, and the rest is to be done.
  if (own_run == 0 && !round.at_work) round.cut_off = settled.over.size();
  if (!round.request.locked) return {};
  failpoint("apply.cut_off");
  return round.ledger->settle(settled, own_run, now());
}

Status record_late(Round& round, std::int64_t run, const Applied& applied) {
  if (applied.lingering.empty()) return {};
  std::map<Address, std::string> late;
  for (const Change* change : applied.lingering) {
    std::string& what = late[change->address];
    for (const FieldDiff& field : change->fields) what += (what.empty() ? "" : ", ") + field.path;
  }
  return round.ledger->mark_late(run, late);
}

}  // namespace homeostat
