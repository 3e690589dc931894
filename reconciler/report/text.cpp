#include <fmt/format.h>

#include <algorithm>

#include "reconciler/names.hpp"
#include "reconciler/report/cells.hpp"
#include "reconciler/report/drifts.hpp"
#include "reconciler/report/layout.hpp"
#include "reconciler/report/report.hpp"
#include "reconciler/report/scopes.hpp"

namespace homeostat {
namespace {

// "live view 14:02:11", of an offline plan with its age.
std::string view_words(const Phrasing& phrasing) {
  const Plan& plan = phrasing.plan;
  if (nothing_seen(plan.scopes)) return "no live view";
  std::string view = "live view " + phrasing.moment(plan.at, true);
  if (!plan.offline) return view;
  if (plan.made == Time{}) return "offline: " + view;
  return "offline: " + view + ", " + age_words(plan.made - plan.at) + " old";
}

// Which plan of what, and of when the live view is.
std::string header(const Phrasing& phrasing, const std::string& title) {
  const Plan& plan = phrasing.plan;
  std::vector<Words> left = {{title}, {"site " + printable(plan.site)}, {revision_words(plan)}};
  if (!plan.ledger) left.push_back({"no ledger", Tone::change});
  if (plan.cut_off > 0) left.push_back({cut_off_words(plan), Tone::change});
  return title_line(std::move(left), view_words(phrasing), phrasing.style);
}

std::string scope_states(const Phrasing& phrasing) {
  return lay_out(describe_scopes(phrasing.plan.scopes), phrasing.style);
}

std::string warnings(const Phrasing& phrasing) {
  std::string out;
  for (const Error& warning : phrasing.plan.warnings) {
    out += paragraph("  warning: ", warning_words(warning), phrasing.style.width);
  }
  return out;
}

std::string blocked(const Phrasing& phrasing) {
  std::string out;
  for (const BlockedConnection& connection : phrasing.plan.connections) {
    const std::string place = place_words(connection.where);
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

}  // namespace

std::string render_text(const Plan& plan, const Spec& spec, const TextStyle& style) {
  const Phrasing phrasing(plan, spec, style, Voice::plan);
  return parted({header(phrasing, "plan " + plan_id(plan).substr(0, 6)) + scope_states(phrasing),
                 lay_out(plan_rows(phrasing), style), blocked(phrasing), warnings(phrasing),
                 findings(phrasing), stop_lines(plan.stops, style),
                 wrapped(summary_line(plan), style)});
}

std::string render_drift_text(const Plan& plan, const Spec& spec, const TextStyle& style) {
  const Phrasing phrasing(plan, spec, style, Voice::drift);
  const Drifts drifts = collect_drifts(plan);
  std::vector<Row> rows;
  for (const Change* change : drifts.changes) rows.push_back(describe(*change, phrasing));
  for (Row& row : describe_unknown(phrasing)) rows.push_back(std::move(row));
  return parted({header(phrasing, "drift") + scope_states(phrasing), lay_out(rows, style),
                 warnings(phrasing), stop_lines(plan.stops, style),
                 wrapped(drift_words(drifts.counts, phrasing.day()), style)});
}

}  // namespace homeostat
