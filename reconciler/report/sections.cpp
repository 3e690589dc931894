#include "reconciler/report/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "reconciler/names.hpp"
#include "reconciler/report/cells.hpp"

namespace homeostat {
namespace {

constexpr std::size_t changes_shown = 8;  // of one run

Day day_of(const Digest& digest) { return {digest.made, digest.utc_offset_minutes}; }

Row plain_row(std::string address, std::string text, Words cause) {
  Row row;
  row.address = std::move(address);
  row.lines.push_back({{std::move(text)}, std::move(cause)});
  return row;
}

Section drift_section(const Digest& digest) {
  Section out;
  out.title = "Drift";
  out.count = digest.counts.differences;
  for (const DigestDrift& drift : digest.drifts) out.rows.push_back(drift.row);
  out.rows.insert(out.rows.end(), digest.unknown_rows.begin(), digest.unknown_rows.end());
  out.first = "Resource";
  out.second = "Difference";
  out.third = "Cause";
  out.more = "homeostat drift";
  return out;
}

Row incident_row(const Digest& digest, const DigestIncident& incident) {
  const Day day = day_of(digest);
  std::string when = "since " + moment_words(day, incident.since);
  if (incident.closed) {
    when = fmt::format("closed {}, {}", moment_words(day, *incident.closed), when);
  }
  if (!incident.by.empty()) when += ", by " + printable(incident.by);
  std::string kind = printable(incident.kind);
  std::ranges::replace(kind, '_', ' ');
  return plain_row(std::move(kind), printable(incident.title), {std::move(when)});
}

Section incidents_section(const Digest& digest) {
  Section out;
  out.title = "Open incidents";
  out.count = digest.incidents.size();
  for (const DigestIncident& incident : digest.incidents) {
    Row row = incident_row(digest, incident);
    row.symbol = "!";
    row.tone = Tone::bad;
    out.rows.push_back(std::move(row));
  }
  out.first = "Kind";
  out.second = "What";
  out.third = "Since";
  out.more = "homeostat incidents";
  return out;
}

Section closed_section(const Digest& digest) {
  Section out;
  out.title = "Incidents closed since " + moment_words(day_of(digest), digest.closed_since);
  out.count = digest.closed.size();
  for (const DigestIncident& incident : digest.closed) {
    out.rows.push_back(incident_row(digest, incident));
  }
  out.first = "Kind";
  out.second = "What";
  out.third = "When";
  out.more = "homeostat incidents --all";
  return out;
}

Section unmanaged_section(const Digest& digest) {
  Section out;
  out.title = "Live and not declared";
  out.count = digest.unmanaged.size();
  for (const Finding& finding : digest.unmanaged) {
    std::string about = printable(finding.text);
    if (finding.kind != Finding::Kind::unmanaged) {
      const std::string kind(name_of(finding.kind));
      about = about.empty() ? kind : kind + ": " + about;
    }
    const std::string id = printable(finding.native_id);
    const bool elsewhere = finding.address.site != digest.site;
    out.rows.push_back(plain_row(printable(display(finding.address, true, elsewhere)),
                                 id.empty() ? "" : "id " + id, {std::move(about)}));
  }
  out.first = "Resource";
  out.second = "Native id";
  out.third = "What";
  out.more = "homeostat unmanaged";
  return out;
}

std::string change_words(const ChangeRecord& change) {
  std::string out =
      printable(change.action) + " " + printable(display(change.address, false, false));
  if (change.outcome != "done") out += ": " + printable(change.outcome);
  if (!change.message.empty()) out += ": " + printable(change.message);
  return out;
}

Row run_row(const Digest& digest, const RunHistory& history) {
  const RunRecord& run = history.run;
  std::string text = printable(run.verb);
  if (!run.commit.empty()) text += " " + short_commit(run.commit);
  if (run.exit_code < 0) text += ", never ended";
  if (run.summary == cut_off_summary) text += ", cut off";
  Row row = plain_row(fmt::format("run {}", run.id), std::move(text),
                      {moment_words(day_of(digest), run.started)});
  for (const ChangeRecord& change : history.changes) {
    if (row.lines.size() > changes_shown) break;
    row.lines.push_back({{change_words(change)}});
  }
  if (history.changes.size() > changes_shown) {
    row.notes.push_back(fmt::format("and {} more", history.changes.size() - changes_shown));
  }
  return row;
}

Section history_section(const Digest& digest) {
  Section out;
  out.title = "Last changes";
  out.count = digest.runs.size();
  for (const RunHistory& run : digest.runs) out.rows.push_back(run_row(digest, run));
  out.first = "Run";
  out.second = "What";
  out.third = "When";
  out.more = "homeostat history";
  return out;
}

// What is said of a part in a few words.
struct Piece {
  std::string text;
  bool nothing = false;  // there is nothing to be told of it
};

Piece incidents_piece(const Digest& digest) {
  if (!digest.ledger) return {"without a ledger no incident is known", true};
  std::string text = digest.incidents.empty() ? "no open incident"
                                              : counted(digest.incidents.size(), "open incident");
  if (!digest.closed.empty()) text += fmt::format(", {} closed", digest.closed.size());
  return {std::move(text), digest.incidents.empty()};
}

Piece piece_of(const Digest& digest, DigestPart part) {
  const bool blind = digest.exit_code == 3;
  switch (part) {
    case DigestPart::drift:
      return {drift_words(digest.counts, day_of(digest))};
    case DigestPart::incidents:
      return incidents_piece(digest);
    case DigestPart::unmanaged:
      if (!digest.unmanaged.empty()) {
        return {fmt::format("{} live and not declared", digest.unmanaged.size())};
      }
      return {blind ? "nothing undeclared in what was seen" : "nothing live that is not declared",
              true};
    case DigestPart::history:
      if (digest.runs.empty()) return {"nothing was changed yet", true};
      return {"last changed " + moment_words(day_of(digest), digest.runs.front().run.started),
              digest.parts.size() > 1};
  }
  return {};
}

std::vector<Piece> pieces_of(const Digest& digest) {
  std::vector<Piece> out;
  if (!digest.stops.empty()) out.push_back({"stopped: nothing will be written"});
  for (const DigestPart part : digest.parts) out.push_back(piece_of(digest, part));
  if (digest.exit_code == 3 && digest.counts.unknown == 0) out.push_back({"not all was seen"});
  if (out.empty()) out.push_back({"nothing was asked for", true});
  return out;
}

}  // namespace

std::vector<Section> sections_of(const Digest& digest) {
  std::vector<Section> out;
  const auto add = [&out](DigestPart part, std::string_view id, Section section) {
    section.part = part;
    section.id = id;
    if (!section.rows.empty()) out.push_back(std::move(section));
  };
  for (const DigestPart part : digest.parts) {
    switch (part) {
      case DigestPart::drift:
        add(part, name_of(part), drift_section(digest));
        break;
      case DigestPart::incidents:
        add(part, name_of(part), incidents_section(digest));
        add(part, "closed", closed_section(digest));
        break;
      case DigestPart::unmanaged:
        add(part, name_of(part), unmanaged_section(digest));
        break;
      case DigestPart::history:
        add(part, name_of(part), history_section(digest));
        break;
    }
  }
  return out;
}

std::vector<Remark> remarks_of(const Digest& digest) {
  std::vector<Remark> out;
  for (const BlockedConnection& connection : digest.connections) {
    const std::string place = place_words(connection.where);
    out.push_back({"blocked", (place.empty() ? "" : place + ": ") + connection_words(connection)});
  }
  for (const Error& warning : digest.warnings) out.push_back({"warning", warning_words(warning)});
  return out;
}

Tone mood(const Digest& digest) {
  if (!digest.stops.empty() || digest.exit_code == 3 || !digest.incidents.empty()) return Tone::bad;
  return digest.exit_code == 2 ? Tone::drift : Tone::good;
}

std::string date_words(const Digest& digest) {
  // A day that is no day of this era: so the year is said too.
  const Day day = {Time{}, digest.utc_offset_minutes};
  const int offset = std::abs(digest.utc_offset_minutes);
  std::string zone = "UTC";
  if (offset != 0) {
    zone += fmt::format("{}{}", digest.utc_offset_minutes < 0 ? '-' : '+', offset / 60);
  }
  if (offset % 60 != 0) zone += fmt::format(":{:02}", offset % 60);
  return moment_words(day, digest.made) + " " + zone;
}

bool seen_now(const Digest& digest) {
  return !digest.offline && !nothing_seen(digest.scopes) &&
         digest.made - digest.at < std::chrono::seconds(90);
}

std::string view_words(const Digest& digest) {
  if (nothing_seen(digest.scopes)) return "no live view";
  std::string view = "live view " + moment_words(day_of(digest), digest.at, true);
  if (seen_now(digest)) return view;
  return (digest.offline ? "offline: " : "") + view + ", " + age_words(digest.made - digest.at) +
         " old";
}

std::string headline(const Digest& digest) {
  const std::vector<Piece> all = pieces_of(digest);
  std::vector<std::string> out;
  for (const Piece& piece : all) {
    if (!piece.nothing) out.push_back(piece.text);
  }
  if (out.empty()) out.push_back(all.front().text);
  return fmt::format("{}", fmt::join(out, "; "));
}

std::vector<std::string> outcome(const Digest& digest) {
  std::vector<Piece> all = pieces_of(digest);
  std::stable_partition(all.begin(), all.end(), [](const Piece& piece) { return !piece.nothing; });
  std::vector<std::string> out;
  out.reserve(all.size());
  for (Piece& piece : all) out.push_back(std::move(piece.text));
  return out;
}

}  // namespace homeostat
