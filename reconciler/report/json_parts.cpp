#include "reconciler/report/json_parts.hpp"

#include "reconciler/names.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

json change_json(const ChangeRecord& change) {
  json fields = json::array();
  for (const FieldRecord& field : change.fields) {
    fields.push_back({{"path", field.path},
                      {"before", field.before},
                      {"after", field.after},
                      {"cause", field.cause},
                      {"commit", text_or_null(field.commit)},
                      {"author", text_or_null(field.author)},
                      {"by", text_or_null(field.by)},
                      {"secret", field.secret}});
  }
  return {{"address", to_string(change.address)},
          {"renamed_from", change.from ? json(to_string(*change.from)) : json()},
          {"action", change.action},
          {"cause", change.cause},
          {"commit", text_or_null(change.commit)},
          {"author", text_or_null(change.author)},
          {"outcome", change.outcome},
          {"message", text_or_null(change.message)},
          {"at", utc_time(change.at)},
          {"before", change.before},
          {"fields", std::move(fields)}};
}

}  // namespace

json text_or_null(const std::string& text) { return text.empty() ? json() : json(text); }

json time_or_null(Time time) { return time == Time{} ? json() : json(utc_time(time)); }

json place_json(const SourceRef& where) {
  json out = {{"file", where.file}};
  if (where.line > 0) out["line"] = where.line;
  if (where.column > 0) out["column"] = where.column;
  return out;
}

json error_json(const Error& error) {
  json out = {{"kind", name_of(error.kind)}, {"message", error.message}};
  if (!error.hint.empty()) out["hint"] = error.hint;
  if (!error.where.file.empty()) out["where"] = place_json(error.where);
  return out;
}

json scope_json(const ScopeSummary& scope) {
  json out = {{"scope", to_string(scope.scope)},
              {"provider", scope.scope.provider},
              {"zone", text_or_null(scope.scope.zone)},
              {"state", scope.unknown ? "unknown" : "ok"},
              {"at", time_or_null(scope.at)},
              {"owned", scope.owned},
              {"going", scope.going},
              {"limit", scope.limit},
              {"not_compared", scope.not_compared}};
  if (scope.unknown) out["error"] = error_json(*scope.unknown);
  return out;
}

json finding_json(const Finding& finding) {
  return {{"kind", name_of(finding.kind)},
          {"address", to_string(finding.address)},
          {"native_id", text_or_null(finding.native_id)},
          {"text", finding.text}};
}

json connection_json(const BlockedConnection& connection) {
  json fields = json::array();
  for (const ConnectionField& field : connection.fields) {
    fields.push_back({{"name", field.name}, {"trusted", field.trusted}, {"wanted", field.wanted}});
  }
  json out = {{"name", connection.name}, {"fields", std::move(fields)}, {"text", connection.text}};
  if (!connection.where.file.empty()) out["where"] = place_json(connection.where);
  return out;
}

json unknown_json(const std::map<Scope, std::map<std::string, std::size_t>>& unknown) {
  json out = json::array();
  for (const auto& [scope, kinds] : unknown) {
    for (const auto& [kind, not_compared] : kinds) {
      out.push_back({{"scope", to_string(scope)}, {"kind", kind}, {"not_compared", not_compared}});
    }
  }
  return out;
}

json run_json(const RunHistory& history) {
  const RunRecord& run = history.run;
  const bool ended = run.exit_code >= 0;
  return {{"run", run.id},
          {"verb", run.verb},
          {"commit", text_or_null(run.commit)},
          {"started", utc_time(run.started)},
          {"ended", ended ? json(utc_time(run.ended)) : json()},
          {"exit_code", ended ? json(run.exit_code) : json()},
          {"summary", run.summary},
          {"changes", json_list(history.changes, change_json)}};
}

}  // namespace homeostat
