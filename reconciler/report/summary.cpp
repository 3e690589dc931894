// The last line of a plan, and what the process says to its caller.
#include <fmt/format.h>

#include "reconciler/by_itself.hpp"
#include "reconciler/report/report.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

void add_count(std::string& out, std::size_t count, std::string_view what) {
  if (count > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, what);
}

// "1 of 181 owned in lab"; the limit beside it once it is reached.
std::string share(const Plan& plan, const ScopeSummary& scope, std::size_t going) {
  std::string out =
      fmt::format("{} of {} owned in {}", going, scope.owned, scope_words(plan, scope.scope));
  if (going >= scope.limit && scope.limit > 0) out += fmt::format(", limit {}", scope.limit);
  return out;
}

// What an authority over a whole zone sweeps away was never owned.
bool owned_goes(const Change& change) {
  return change.action == Action::replace ||
         (change.action == Action::remove && change.cause != Cause::drift);
}

bool held_for_their_number(const Change& change) {
  return change.hold && (change.hold->code == HoldCode::too_many_deletes ||
                         change.hold->code == HoldCode::would_empty);
}

// Of those that go, or of those held because they are so many.
std::string shares(const Plan& plan, bool held) {
  std::map<Scope, std::size_t> counts;
  for (const Change& change : plan.changes) {
    const bool counted = held ? held_for_their_number(change) : !change.hold;
    if (counted && owned_goes(change)) ++counts[scope_of(change.address)];
  }
  std::string out;
  for (const ScopeSummary& scope : plan.scopes) {
    const auto found = counts.find(scope.scope);
    if (found == counts.end()) continue;
    out += (out.empty() ? "" : "; ") + share(plan, scope, found->second);
  }
  return out.empty() ? out : " (" + out + ")";
}

std::string in_sync_line(const Plan& plan, const Counts& counts) {
  const std::size_t known = compared(plan);
  if (known == 0 && plan.resources > 0) {
    return fmt::format("nothing could be compared: {} unknown", counts.unknown);
  }
  if (counts.unknown > 0) {
    return fmt::format("{} unknown, the other {} in sync", counts.unknown, known);
  }
  std::string out = counted(plan.resources, "resource");
  out = plan.secret_gaps == 0 ? "in sync: " + out
                              : fmt::format("{} not compared, all else of {} in sync",
                                            counted(plan.secret_gaps, "value"), out);
  if (counts.adopt_quietly > 0) {
    out += fmt::format(" ({} to adopt as they are)", counts.adopt_quietly);
  }
  return out;
}

bool something_unknown(const Plan& plan) {
  for (const ScopeSummary& scope : plan.scopes) {
    if (scope.unknown) return true;
  }
  return !plan.unknown.empty() || plan.secret_gaps > 0;
}

}  // namespace

std::size_t compared(const Plan& plan) {
  std::size_t unknown = 0;
  for (const auto& [scope, kinds] : plan.unknown) {
    for (const auto& [kind, count] : kinds) unknown += count;
  }
  return plan.resources - std::min(plan.resources, unknown);
}

bool has_drift(const Change& change) {
  if (change.quiet) return false;
  if (change.action == Action::create) {
    return change.cause == Cause::drift || change.cause == Cause::both;
  }
  if (change.fields.empty()) return caused_outside_git(change.cause);
  for (const FieldDiff& field : change.fields) {
    if (caused_outside_git(field.cause)) return true;
  }
  return false;
}

namespace {

// Of what is neither held nor unknown.
void count_action(Counts& out, const Change& change) {
  switch (change.action) {
    case Action::create:
      ++out.create;
      break;
    case Action::adopt:
      ++out.adopt;
      break;
    case Action::rename:
      ++out.rename;
      break;
    case Action::update:
    case Action::restart:
      ++(change.cause == Cause::drift || change.cause == Cause::both ? out.drift : out.change);
      break;
    case Action::replace:
      ++out.replace;
      break;
    case Action::remove:
      ++out.remove;
      break;
    case Action::release:
      ++out.release;
      break;
  }
}

}  // namespace

Counts count(const Plan& plan) {
  Counts out;
  for (const auto& [scope, kinds] : plan.unknown) {
    for (const auto& [kind, not_compared] : kinds) out.unknown += not_compared;
  }
  for (const Change& change : plan.changes) {
    if (change.quiet) {
      if (change.action == Action::adopt) ++out.adopt_quietly;
    } else if (is_unknown(change)) {
      ++out.unknown;
    } else if (change.hold && change.hold->code == HoldCode::report_mode) {
      ++(has_drift(change) ? out.reported_drift : out.reported);
    } else if (change.hold) {
      ++(waits(change.hold->code) ? out.waiting : out.held);
    } else {
      count_action(out, change);
    }
  }
  return out;
}

std::string summary_line(const Plan& plan) {
  const Counts counts = count(plan);
  std::string out;
  add_count(out, counts.create, "to create");
  add_count(out, counts.adopt, "to adopt");
  add_count(out, counts.rename, "to rename");
  add_count(out, counts.change, "to change");
  add_count(out, counts.drift, counts.drift == 1 ? "drift to repair" : "drifts to repair");
  add_count(out, counts.release, "to release");
  add_count(out, counts.replace, "to replace");
  add_count(out, counts.remove, "to delete");
  out += shares(plan, false);
  add_count(out, counts.held, "held back");
  out += shares(plan, true);
  add_count(out, counts.waiting, "waiting");
  const std::size_t reported = counts.reported_drift + counts.reported;
  add_count(out, counts.reported_drift, counts.reported_drift == 1 ? "drift" : "drifts");
  add_count(out, counts.reported, counts.reported == 1 ? "difference" : "differences");
  if (reported > 0) out += ", report only";
  add_count(out, plan.connections.size(),
            plan.connections.size() == 1 ? "connection blocked" : "connections blocked");
  if (out.empty()) {
    out = in_sync_line(plan, counts);
  } else {
    add_count(out, counts.adopt_quietly, "to adopt as they are");
    add_count(out, counts.unknown, "unknown");
    add_count(out, plan.secret_gaps,
              plan.secret_gaps == 1 ? "value not compared" : "values not compared");
  }
  return plan.stops.empty() ? out : "stopped, nothing will be written: " + out;
}

int exit_code(const Plan& plan) {
  if (something_unknown(plan)) return 3;
  if (!plan.connections.empty()) return 2;
  for (const Change& change : plan.changes) {
    if (!change.quiet) return 2;
  }
  return 0;
}

Plan drift_part(const Plan& plan) {
  Plan part = plan;
  std::erase_if(part.changes, [](const Change& change) { return !has_drift(change); });
  return part;
}

int drift_exit_code(const Plan& plan) {
  if (something_unknown(plan)) return 3;
  for (const Change& change : plan.changes) {
    if (has_drift(change)) return 2;
  }
  return 0;
}

}  // namespace homeostat
