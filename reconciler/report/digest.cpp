#include "reconciler/report/digest.hpp"

#include <algorithm>
#include <array>

#include "reconciler/report/cells.hpp"
#include "reconciler/report/sections.hpp"

namespace homeostat {
namespace {

constexpr std::array<std::pair<DigestPart, std::string_view>, 4> part_names = {
    {{DigestPart::drift, "drift"},
     {DigestPart::incidents, "incidents"},
     {DigestPart::unmanaged, "unmanaged"},
     {DigestPart::history, "history"}}};

DigestDrift make_drift(const Change& change, const Phrasing& phrasing) {
  DigestDrift out;
  out.address = change.address;
  out.action = change.action;
  out.cause = change.cause;
  out.since = drift_since(change);
  if (change.hold) out.held = change.hold->text;
  for (const FieldDiff& field : change.fields) {
    // Of what is gone, all that it should have.
    if (!caused_outside_git(field.cause) && change.action != Action::create) continue;
    out.fields.push_back(DigestField{.path = field.path,
                                     .desired = field.desired,
                                     .live = field.live,
                                     .secret = field.secret,
                                     .cause = field.cause,
                                     .since = field.since,
                                     .by = field.by});
  }
  out.row = describe(change, phrasing);
  return out;
}

void add_drift(Digest& digest, const DigestInput& input) {
  TextStyle style;
  style.utc_offset_minutes = input.utc_offset_minutes;
  const Phrasing phrasing(input.plan, input.spec, style, Voice::drift);
  const Drifts drifts = collect_drifts(input.plan);
  digest.counts = drifts.counts;
  for (const Change* change : drifts.changes) {
    digest.drifts.push_back(make_drift(*change, phrasing));
  }
  digest.unknown = input.plan.unknown;
  digest.unknown_rows = describe_unknown(phrasing);
}

void add_incidents(Digest& digest, DigestInput& input) {
  digest.closed_since = input.closed_since;
  for (DigestIncident& incident : input.incidents) {
    if (!incident.closed) {
      digest.incidents.push_back(std::move(incident));
    } else if (*incident.closed >= input.closed_since) {
      digest.closed.push_back(std::move(incident));
    }
  }
  std::ranges::stable_sort(digest.incidents, {}, &DigestIncident::since);
  std::ranges::stable_sort(digest.closed, std::ranges::greater(), &DigestIncident::closed);
}

}  // namespace

std::string_view name_of(DigestPart part) {
  for (const auto& [known, name] : part_names) {
    if (known == part) return name;
  }
  return "";
}

std::optional<DigestPart> digest_part(std::string_view name) {
  for (const auto& [part, known] : part_names) {
    if (known == name) return part;
  }
  return std::nullopt;
}

DigestIncident digest_incident(const Incident& incident) {
  const Trouble& trouble = incident.trouble;
  return {std::string(name_of(trouble.kind)), trouble.title, trouble.since, trouble.by,
          incident.closed};
}

Digest make_digest(DigestInput input) {
  const Plan& plan = input.plan;
  Digest out;
  out.title = input.title.empty() ? "Homeostat report" : std::move(input.title);
  out.site = plan.site;
  out.commit = plan.commit;
  out.branch = plan.branch;
  out.uncommitted = plan.uncommitted;
  out.revision = revision_words(plan);
  out.ledger = plan.ledger;
  out.made = plan.made == Time{} ? plan.at : plan.made;
  out.at = plan.at;
  out.offline = plan.offline;
  out.utc_offset_minutes = input.utc_offset_minutes;
  out.scopes = plan.scopes;
  out.connections = plan.connections;
  out.warnings = plan.warnings;
  out.stops = plan.stops;
  const int of_drift = drift_exit_code(plan);
  const bool drift = input.parts.contains(DigestPart::drift);
  out.exit_code = drift || of_drift == 3 ? of_drift : 0;
  if (drift) add_drift(out, input);
  if (input.parts.contains(DigestPart::incidents)) add_incidents(out, input);
  if (input.parts.contains(DigestPart::unmanaged)) out.unmanaged = plan.findings;
  if (input.parts.contains(DigestPart::history)) out.runs = std::move(input.runs);
  out.parts = std::move(input.parts);
  return out;
}

}  // namespace homeostat
