// The plan for a pull request.
#include <fmt/format.h>

#include "reconciler/names.hpp"
#include "reconciler/report/cells.hpp"
#include "reconciler/report/markdown_parts.hpp"
#include "reconciler/report/report.hpp"

namespace homeostat {
namespace {

using markdown::code;

std::string view(const Plan& plan) {
  std::string out = "site " + code(printable(plan.site)) + ", " + code(revision_words(plan)) +
                    ", live view " + code(utc_time(plan.at));
  if (plan.offline) out += " (offline)";
  if (!plan.ledger) out += ", **no ledger**";
  if (plan.cut_off > 0) out += ", " + cut_off_words(plan);
  return out + "\n" + markdown::troubles(plan.scopes, plan.connections);
}

std::vector<std::string> remarks(const Phrasing& phrasing) {
  std::vector<std::string> out;
  for (const Error& warning : phrasing.plan.warnings) out.push_back(warning_words(warning));
  for (const Finding& finding : phrasing.plan.findings) {
    if (!phrasing.worth_saying(finding)) continue;
    out.push_back(std::string(name_of(finding.kind)) + ": " + phrasing.finding(finding));
  }
  return out;
}

}  // namespace

std::string render_markdown(const Plan& plan, const Spec& spec) {
  const TextStyle style;
  const Phrasing phrasing(plan, spec, style, Voice::plan);
  std::vector<Row> rows;
  std::vector<Row> held;
  for (const Change& change : plan.changes) {
    if (!change.quiet) (change.hold ? held : rows).push_back(describe(change, phrasing));
  }
  join_holds(held);
  for (Row& row : describe_unknown(phrasing)) held.push_back(std::move(row));
  std::vector<std::string> stops;
  for (const std::string& stop : plan.stops) stops.push_back(printable(stop));
  const std::vector<std::string> said = remarks(phrasing);

  const markdown::TableWords words;
  std::string out = "### Homeostat plan " + code(plan_id(plan).substr(0, 6)) + ": " +
                    markdown::prose(summary_line(plan)) + "\n\n" + view(plan);
  std::size_t room = markdown::most_bytes - std::min(markdown::most_bytes, out.size());
  if (!stops.empty()) {
    out += "\n**Stopped: nothing will be written**\n" + markdown::bullets(stops, words.more, room);
  }
  out += markdown::table(rows, words, room);
  out += markdown::details("held back or unknown: " + std::to_string(held.size()),
                           markdown::table(held, words, room));
  out += markdown::details("warnings: " + std::to_string(said.size()),
                           markdown::bullets(said, words.more, room));
  return out;
}

}  // namespace homeostat
