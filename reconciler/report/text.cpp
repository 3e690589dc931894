#include <fmt/format.h>

#include <algorithm>

#include "reconciler/names.hpp"
#include "reconciler/report/cells.hpp"
#include "reconciler/report/layout.hpp"
#include "reconciler/report/report.hpp"

namespace homeostat {
namespace {

// "live view 14:02:11", of an offline plan with its age.
std::string view_words(const Phrasing& phrasing) {
  const Plan& plan = phrasing.plan;
  const bool blind =
      !plan.scopes.empty() && std::ranges::all_of(plan.scopes, [](const ScopeSummary& scope) {
        return scope.unknown.has_value();
      });
  if (blind) return "no live view";
  std::string view = "live view " + phrasing.moment(plan.at, true);
  if (!plan.offline) return view;
  if (plan.made == Time{}) return "offline: " + view;
  return "offline: " + view + ", " + age_words(plan.made - plan.at) + " old";
}

// Left: which plan of what. Right: of when the live view is.
std::string header(const Phrasing& phrasing, const std::string& title) {
  const Plan& plan = phrasing.plan;
  std::vector<Words> left = {{"site " + printable(plan.site)}, {revision_words(plan)}};
  if (!plan.ledger) left.push_back({"no ledger", Tone::change});
  if (plan.cut_off > 0) left.push_back({cut_off_words(plan), Tone::change});
  if (!title.empty()) left.insert(left.begin(), {title});
  const std::string right = view_words(phrasing);
  std::size_t used = 0;
  std::string line;
  for (const Words& piece : left) {
    line += (line.empty() ? "" : "   ") + painted(piece.text, piece.tone, phrasing.style.color);
    used += text_width(piece.text) + (used == 0 ? 0 : 3);
  }
  const auto width = static_cast<std::size_t>(std::max(phrasing.style.width, 20));
  if (used + 3 + text_width(right) <= width) {
    return line + std::string(width - used - text_width(right), ' ') + right + "\n";
  }
  if (used <= width) return line + "\n" + flow({{right}}, phrasing.style);
  left.push_back({right});
  return flow(left, phrasing.style);
}

// "pve ok   dns partly ok   kuma, dns/lab UNKNOWN: no answer in 10 s"
std::string scope_states(const Phrasing& phrasing) {
  std::map<std::string, std::vector<const ScopeSummary*>> providers;
  for (const ScopeSummary& scope : phrasing.plan.scopes) {
    providers[scope.scope.provider].push_back(&scope);
  }
  std::vector<Words> known;
  std::map<std::string, std::vector<std::string>> unknown;  // reason -> what
  for (const auto& [provider, scopes] : providers) {
    std::map<std::string, std::vector<std::string>> why;
    for (const ScopeSummary* scope : scopes) {
      if (!scope->unknown) continue;
      why[error_words(*scope->unknown)].push_back(printable(to_string(scope->scope)));
    }
    const bool all = why.size() == 1 && why.begin()->second.size() == scopes.size();
    if (all) {
      unknown[why.begin()->first].push_back(printable(provider));
      continue;
    }
    known.push_back({printable(provider) + (why.empty() ? " ok" : " partly ok")});
    for (const auto& [reason, names] : why) {
      std::vector<std::string>& to = unknown[reason];
      to.insert(to.end(), names.begin(), names.end());
    }
  }
  std::vector<Words> reasons;
  for (const auto& [reason, names] : unknown) {
    reasons.push_back({fmt::format("{} UNKNOWN: {}", fmt::join(names, ", "), reason), Tone::bad});
  }
  // One may stand beside what is known; several each have their line.
  if (reasons.size() == 1) known.push_back(std::move(reasons.front()));
  std::string out = flow(known, phrasing.style);
  if (reasons.size() > 1) {
    for (const Words& one : reasons) out += flow({one}, phrasing.style);
  }
  return out;
}

std::string warnings(const Phrasing& phrasing) {
  std::string out;
  for (const Error& warning : phrasing.plan.warnings) {
    const std::string place = phrasing.place(warning.where);
    out += paragraph("  warning: ", (place.empty() ? "" : place + ": ") + error_words(warning),
                     phrasing.style.width);
  }
  return out;
}

std::string blocked(const Phrasing& phrasing) {
  std::string out;
  for (const BlockedConnection& connection : phrasing.plan.connections) {
    const std::string place = phrasing.place(connection.where);
    out +=
        paragraph("  blocked: ", (place.empty() ? "" : place + ": ") + connection_words(connection),
                  phrasing.style.width);
  }
  return out;
}

std::string findings(const Phrasing& phrasing) {
  std::string out;
  for (const Finding& finding : phrasing.plan.findings) {
    if (!phrasing.worth_saying(finding)) continue;
    out += paragraph("  " + std::string(name_of(finding.kind)) + ": ", phrasing.finding(finding),
                     phrasing.style.width);
  }
  return out;
}

std::string stops(const Phrasing& phrasing) {
  if (phrasing.plan.stops.empty()) return "";
  std::string out =
      painted("STOPPED: nothing will be written", Tone::bad, phrasing.style.color) + "\n";
  for (const std::string& stop : phrasing.plan.stops) {
    out += paragraph("  - ", printable(stop), phrasing.style.width);
  }
  return out;
}

// Parts that are not empty, with an empty line between them.
std::string sections(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    if (!out.empty()) out += "\n";
    out += part;
  }
  return out;
}

std::string wrapped(const std::string& text, const TextStyle& style) {
  return paragraph("", text, style.width);
}

// What is done, in the order of apply, then what is held back and what is unknown.
std::vector<Row> plan_rows(const Phrasing& phrasing) {
  std::vector<Row> rows;
  std::vector<Row> held;
  std::vector<Row> unknown;
  for (const Change& change : phrasing.plan.changes) {
    if (change.quiet && !phrasing.style.verbose) continue;
    std::vector<Row>& to = is_unknown(change) ? unknown : change.hold ? held : rows;
    to.push_back(describe(change, phrasing));
  }
  rows.insert(rows.end(), std::make_move_iterator(held.begin()),
              std::make_move_iterator(held.end()));
  rows.insert(rows.end(), std::make_move_iterator(unknown.begin()),
              std::make_move_iterator(unknown.end()));
  join_holds(rows);
  for (Row& row : describe_unknown(phrasing)) rows.push_back(std::move(row));
  return rows;
}

struct Drifts {
  std::vector<const Change*> changes;  // oldest first
  std::size_t differences = 0;
  std::optional<Time> oldest;
};

std::optional<Time> oldest_of(const Change& change) {
  std::optional<Time> out = change.since;
  for (const FieldDiff& field : change.fields) {
    if (caused_outside_git(field.cause) && field.since && (!out || *field.since < *out)) {
      out = field.since;
    }
  }
  return out;
}

Drifts collect_drifts(const Plan& plan) {
  std::vector<std::pair<Time, const Change*>> dated;
  Drifts out;
  for (const Change& change : plan.changes) {
    if (!has_drift(change)) continue;
    const std::optional<Time> since = oldest_of(change);
    dated.emplace_back(since.value_or(Time::max()), &change);
    if (since && (!out.oldest || *since < *out.oldest)) out.oldest = since;
    std::size_t fields = 0;
    if (change.action != Action::create) {
      for (const FieldDiff& field : change.fields) {
        if (caused_outside_git(field.cause)) ++fields;
      }
    }
    out.differences += std::max<std::size_t>(1, fields);
  }
  std::ranges::stable_sort(dated, {}, &std::pair<Time, const Change*>::first);
  for (const auto& [since, change] : dated) out.changes.push_back(change);
  return out;
}

std::string drift_summary(const Phrasing& phrasing, const Drifts& drifts, std::size_t unknown) {
  std::string out;
  if (drifts.differences == 0) {
    out = "no drift: " + counted(compared(phrasing.plan), "resource") + " compared";
  } else {
    out = counted(drifts.differences, "difference") + " that git did not cause";
    if (drifts.oldest) out += ", oldest since " + phrasing.moment(*drifts.oldest);
  }
  return unknown == 0 ? out : out + fmt::format(", {} unknown", unknown);
}

}  // namespace

std::string render_text(const Plan& plan, const Spec& spec, const TextStyle& style) {
  const Phrasing phrasing(plan, spec, style, Voice::plan);
  return sections({header(phrasing, "plan " + plan_id(plan).substr(0, 6)) + scope_states(phrasing),
                   lay_out(plan_rows(phrasing), style), blocked(phrasing), warnings(phrasing),
                   findings(phrasing), stops(phrasing), wrapped(summary_line(plan), style)});
}

std::string render_drift_text(const Plan& plan, const Spec& spec, const TextStyle& style) {
  const Phrasing phrasing(plan, spec, style, Voice::drift);
  const Drifts drifts = collect_drifts(plan);
  std::vector<Row> rows;
  for (const Change* change : drifts.changes) rows.push_back(describe(*change, phrasing));
  std::size_t unknown = 0;
  for (Row& row : describe_unknown(phrasing)) rows.push_back(std::move(row));
  for (const auto& [scope, kinds] : plan.unknown) {
    for (const auto& [kind, count] : kinds) unknown += count;
  }
  return sections({header(phrasing, "drift") + scope_states(phrasing), lay_out(rows, style),
                   warnings(phrasing), stops(phrasing),
                   wrapped(drift_summary(phrasing, drifts, unknown), style)});
}

}  // namespace homeostat
