// The report of a site, on a schedule or by hand: plain values made of a plan and of what the
// ledger remembers, and how they are read, in four forms that say the same.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/ledger.hpp"
#include "reconciler/report/drifts.hpp"
#include "reconciler/report/rows.hpp"

namespace homeostat {

// In the order in which they are shown.
enum class DigestPart : std::uint8_t { drift, incidents, unmanaged, history };
[[nodiscard]] std::string_view name_of(DigestPart part);
[[nodiscard]] std::optional<DigestPart> digest_part(std::string_view name);
using DigestParts = std::set<DigestPart>;

// What is wrong now, and was told of.
struct DigestIncident {
  std::string kind;   // "unreachable", "secret_expiry", ...
  std::string title;  // one line, no secret
  Time since = {};
  std::string by = {};
  std::optional<Time> closed = {};
};

// Of FieldDiff; secrets are redacted there.
struct DigestField {
  FieldPath path;
  nlohmann::json desired = {}, live = {};  // null = absent
  bool secret = false;
  Cause cause = Cause::none;
  std::optional<Time> since = {};
  std::string by = {};
};

// A resource that differs, and git did not cause it.
struct DigestDrift {
  Address address;
  Action action = Action::update;  // what would repair it; create: it is gone
  Cause cause = Cause::none;
  std::optional<Time> since = {};        // the oldest of its differences
  std::vector<DigestField> fields = {};  // those that git did not cause
  std::string held = {};                 // why it would not be repaired, or ""
  Row row = {};                          // the same in words
};

struct Digest {
  std::string title;
  std::string site;
  std::string commit, branch;  // as in Plan
  bool uncommitted = false;
  std::string revision;  // "main@3f2a91c"
  bool ledger = false;
  Time made = {};
  Time at = {};  // of the oldest part of the live view
  bool offline = false;
  int utc_offset_minutes = 0;  // of the times shown
  DigestParts parts;
  std::vector<ScopeSummary> scopes;
  DriftCounts counts;
  std::vector<DigestDrift> drifts;  // oldest first
  std::map<Scope, std::map<std::string, std::size_t>> unknown;
  std::vector<Row> unknown_rows;          // the same in words
  std::vector<DigestIncident> incidents;  // open, oldest first
  std::vector<DigestIncident> closed;     // lately, the last one first
  Time closed_since = {};                 // what "lately" is
  std::vector<Finding> unmanaged;
  std::vector<RunHistory> runs;  // newest first
  std::vector<BlockedConnection> connections;
  Errors warnings;
  std::vector<std::string> stops;
  int exit_code = 0;  // as of `drift`; without that part, 0 or 3
};

struct DigestInput {
  const Plan& plan;
  const Spec& spec;
  DigestParts parts;
  std::vector<DigestIncident> incidents = {};  // open or closed
  std::vector<RunHistory> runs = {};           // as Ledger::history gives them
  std::string title = {};                      // "": "Homeostat report"
  int utc_offset_minutes = 0;
  Time closed_since = {};  // an incident that was over before this time is left out
};
// What the ledger knows of one, for a report.
[[nodiscard]] DigestIncident digest_incident(const Incident& incident);
// Pure. What is not asked for is not there.
[[nodiscard]] Digest make_digest(DigestInput input);

// One line: "2 differences that git did not cause, oldest since 13:41; 1 open incident". What a
// message may have as its title.
[[nodiscard]] std::string headline(const Digest& digest);

// Of the style, the offset is not looked at.
[[nodiscard]] std::string render_text(const Digest& digest, const TextStyle& style);
[[nodiscard]] std::string render_markdown(const Digest& digest);
[[nodiscard]] nlohmann::json render_json(const Digest& digest);  // report.schema.json
// One page that needs nothing besides itself: no request, no script.
[[nodiscard]] std::string render_html(const Digest& digest);

}  // namespace homeostat
