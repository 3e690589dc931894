// The report for programs, in the form that report.schema.json describes.
#include "reconciler/names.hpp"
#include "reconciler/report/digest.hpp"
#include "reconciler/report/json_parts.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

json field_json(const DigestField& field) {
  json out = {{"path", field.path},
              {"desired", field.desired},
              {"live", field.live},
              {"secret", field.secret},
              {"cause", name_of(field.cause)}};
  if (field.since) out["since"] = utc_time(*field.since);
  if (!field.by.empty()) out["by"] = field.by;
  return out;
}

json drift_json(const DigestDrift& drift) {
  json out = {{"address", to_string(drift.address)},
              {"repair", name_of(drift.action)},
              {"cause", name_of(drift.cause)},
              {"fields", json_list(drift.fields, field_json)}};
  if (drift.since) out["since"] = utc_time(*drift.since);
  if (!drift.held.empty()) out["held"] = drift.held;
  return out;
}

json drifts_json(const Digest& digest) {
  const DriftCounts& counts = digest.counts;
  return {{"differences", counts.differences},
          {"oldest", counts.oldest ? json(utc_time(*counts.oldest)) : json()},
          {"compared", counts.compared},
          {"unknown", unknown_json(digest.unknown)},
          {"resources", json_list(digest.drifts, drift_json)}};
}

json incident_json(const DigestIncident& incident) {
  json out = {
      {"kind", incident.kind}, {"title", incident.title}, {"since", utc_time(incident.since)}};
  if (!incident.by.empty()) out["by"] = incident.by;
  if (incident.closed) out["closed"] = utc_time(*incident.closed);
  return out;
}

json seen_json(const ScopeSummary& scope) {
  json out = {{"scope", to_string(scope.scope)},
              {"provider", scope.scope.provider},
              {"zone", text_or_null(scope.scope.zone)},
              {"state", scope.unknown ? "unknown" : "ok"},
              {"at", time_or_null(scope.at)}};
  if (scope.unknown) out["error"] = error_json(*scope.unknown);
  return out;
}

}  // namespace

json render_json(const Digest& digest) {
  json out = {{"version", 1},
              {"title", digest.title},
              {"site", digest.site},
              {"made", time_or_null(digest.made)},
              {"summary", headline(digest)},
              {"exit_code", digest.exit_code},
              {"ledger", digest.ledger}};
  out["revision"] = {{"commit", text_or_null(digest.commit)},
                     {"branch", text_or_null(digest.branch)},
                     {"uncommitted", digest.uncommitted}};
  out["live_view"] = {{"at", time_or_null(digest.at)}, {"offline", digest.offline}};
  out["include"] = json_list(digest.parts, [](DigestPart part) { return json(name_of(part)); });
  out["scopes"] = json_list(digest.scopes, seen_json);
  if (digest.parts.contains(DigestPart::drift)) out["drift"] = drifts_json(digest);
  if (digest.parts.contains(DigestPart::incidents)) {
    out["incidents"] = json_list(digest.incidents, incident_json);
    out["closed_incidents"] = json_list(digest.closed, incident_json);
  }
  if (digest.parts.contains(DigestPart::unmanaged)) {
    out["unmanaged"] = json_list(digest.unmanaged, finding_json);
  }
  if (digest.parts.contains(DigestPart::history)) out["history"] = json_list(digest.runs, run_json);
  if (!digest.connections.empty()) {
    out["blocked_connections"] = json_list(digest.connections, connection_json);
  }
  out["warnings"] = json_list(digest.warnings, error_json);
  out["stops"] = digest.stops;
  return out;
}

}  // namespace homeostat
