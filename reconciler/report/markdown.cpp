// The plan for a pull request. Whatever a user, a live system or a commit wrote stands in code
// spans: no link, no mention, no HTML, and no way out of its cell.
#include <fmt/format.h>

#include <cctype>

#include "reconciler/names.hpp"
#include "reconciler/report/cells.hpp"
#include "reconciler/report/report.hpp"
#include "reconciler/report/rows.hpp"

namespace homeostat {
namespace {

// Forges refuse comments above 65,536 characters.
constexpr std::size_t most_bytes = 60'000;
constexpr std::size_t most_columns = 120;  // of one value

std::string entities(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x80 || std::isalnum(byte) != 0 || c == ' ';
    out += plain ? std::string(1, c) : fmt::format("&#{};", static_cast<int>(byte));
  }
  return out;
}

// Backticks where nothing in the text can end them or the cell; else HTML, which needs no fence.
std::string code(std::string_view text) {
  if (text.empty()) return "";
  const bool simple = text.find_first_of("`|\\<") == std::string_view::npos &&
                      text.front() != ' ' && text.back() != ' ';
  return simple ? fmt::format("`{}`", text) : "<code>" + entities(text) + "</code>";
}

// Running text with names in it: letters, digits and what has no meaning inside a line.
std::string prose(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = std::string_view(" ,:;()%").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : entities(std::string_view(&c, 1));
  }
  return out;
}

std::string short_phrase(const Phrase& phrase) {
  Phrase cut = phrase;
  std::tie(cut.left, cut.right) = cut_pair(phrase.left, phrase.right, most_columns);
  return to_string(cut);
}

std::string table_row(const Row& row) {
  std::string changes;
  std::string causes;
  const auto add = [](std::string& cell, const std::string& text) {
    if (!text.empty()) cell += (cell.empty() ? "" : "<br>") + code(text);
  };
  for (const Line& line : row.lines) {
    add(changes, short_phrase(line.phrase));
    if (!line.same_cause) add(causes, line.cause.text);
  }
  for (const std::string& note : row.notes) add(changes, note);
  add(changes, row.held);
  return fmt::format("| {} | {} | {} | {} |\n", code(row.symbol), code(row.address), changes,
                     causes);
}

constexpr std::string_view table_head = "| | Resource | Change | Cause |\n|---|---|---|---|\n";

// As many rows as still fit, and how many there are besides.
std::string table(const std::vector<Row>& rows, std::size_t& room) {
  if (rows.empty()) return "";
  std::string out = "\n" + std::string(table_head);
  std::size_t left_out = 0;
  for (const Row& row : rows) {
    const std::string text = table_row(row);
    if (left_out > 0 || out.size() + text.size() > room) {
      ++left_out;
    } else {
      out += text;
    }
  }
  room -= std::min(room, out.size());
  if (left_out > 0) out += fmt::format("\n... and {} more: see `homeostat plan`\n", left_out);
  return out;
}

std::string details(const std::string& title, const std::string& body) {
  if (body.empty()) return "";
  return "\n<details><summary>" + title + "</summary>\n" + body + "\n</details>\n";
}

std::string view(const Phrasing& phrasing) {
  const Plan& plan = phrasing.plan;
  std::string out = "site " + code(printable(plan.site)) + ", " + code(revision_words(plan)) +
                    ", live view " + code(utc_time(plan.at));
  if (plan.offline) out += " (offline)";
  if (!plan.ledger) out += ", **no ledger**";
  if (plan.cut_off > 0) out += ", " + cut_off_words(plan);
  out += "\n";
  for (const ScopeSummary& scope : plan.scopes) {
    if (!scope.unknown) continue;
    out += fmt::format("\n**{} is unknown:** {}\n", code(printable(to_string(scope.scope))),
                       code(error_words(*scope.unknown)));
  }
  for (const BlockedConnection& connection : plan.connections) {
    out += fmt::format("\n**{} is blocked:** {}\n", code(printable(connection.name)),
                       code(connection_words(connection)));
  }
  return out;
}

std::string bullets(const std::vector<std::string>& texts, std::size_t& room) {
  std::string out;
  std::size_t left_out = 0;
  for (const std::string& text : texts) {
    const std::string line = "- " + code(text) + "\n";
    if (left_out > 0 || out.size() + line.size() > room) {
      ++left_out;
    } else {
      out += line;
    }
  }
  room -= std::min(room, out.size());
  if (left_out > 0) out += fmt::format("- ... and {} more: see `homeostat plan`\n", left_out);
  return out.empty() ? out : "\n" + out;
}

std::vector<std::string> remarks(const Phrasing& phrasing) {
  std::vector<std::string> out;
  for (const Error& warning : phrasing.plan.warnings) {
    const std::string place = phrasing.place(warning.where);
    out.push_back((place.empty() ? "" : place + ": ") + error_words(warning));
  }
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

  std::string out = "### Homeostat plan " + code(plan_id(plan).substr(0, 6)) + ": " +
                    prose(summary_line(plan)) + "\n\n" + view(phrasing);
  std::size_t room = most_bytes - std::min(most_bytes, out.size());
  if (!stops.empty()) out += "\n**Stopped: nothing will be written**\n" + bullets(stops, room);
  out += table(rows, room);
  out += details("held back or unknown: " + std::to_string(held.size()), table(held, room));
  out += details("warnings: " + std::to_string(said.size()), bullets(said, room));
  return out;
}

}  // namespace homeostat
