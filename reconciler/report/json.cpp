// The plan for programs: everything in it, in the form that plan.schema.json describes.
#include "reconciler/mode.hpp"
#include "reconciler/names.hpp"
#include "reconciler/report/report.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

json text_or_null(const std::string& text) { return text.empty() ? json() : json(text); }

json time_or_null(Time time) { return time == Time{} ? json() : json(utc_time(time)); }

json place(const SourceRef& where) {
  json out = {{"file", where.file}};
  if (where.line > 0) out["line"] = where.line;
  if (where.column > 0) out["column"] = where.column;
  return out;
}

json places(const std::vector<Origin>& lines, const Spec& spec) {
  json out = json::array();
  for (const Origin& line : lines) {
    if (line.line > 0) out.push_back(place(source_ref(line, spec.files)));
  }
  return out;
}

json addresses(const std::vector<Address>& addresses) {
  json out = json::array();
  for (const Address& address : addresses) out.push_back(to_string(address));
  return out;
}

// Without the excerpt: a line of the user's text, which may hold what belongs nowhere else.
json error(const Error& error) {
  json out = {{"kind", name_of(error.kind)}, {"message", error.message}};
  if (!error.hint.empty()) out["hint"] = error.hint;
  if (!error.where.file.empty()) out["where"] = place(error.where);
  return out;
}

json provenance(const Provenance& from) {
  json out = {{"commit", text_or_null(from.commit)},
              {"removed", from.removed},
              {"uncommitted", from.uncommitted}};
  if (!from.author.empty()) out["author"] = from.author;
  if (!from.subject.empty()) out["subject"] = from.subject;
  if (from.at != Time{}) out["at"] = utc_time(from.at);
  if (!from.where.file.empty()) out["where"] = place(from.where);
  if (!from.since.empty()) out["since_commit"] = from.since;
  if (!from.secret.empty()) out["secret"] = from.secret;
  if (from.undone != 0) out["undo_of"] = from.undone;
  if (from.target) out["target"] = to_string(*from.target);
  return out;
}

json field(const FieldDiff& from, const Spec& spec) {
  json out = {{"path", from.path},
              {"desired", from.desired},
              {"live", from.live},
              {"cause", name_of(from.cause)},
              {"effect", name_of(from.effect)},
              {"secret", from.secret},
              {"alarm_only", from.alarm_only},
              {"lines", places(from.lines, spec)}};
  if (from.has_agreed) out["agreed"] = from.agreed;
  if (!from.after.empty()) out["after"] = addresses(from.after);
  if (from.since) out["since"] = utc_time(*from.since);
  if (!from.by.empty()) out["by"] = from.by;
  if (from.provenance) out["provenance"] = provenance(*from.provenance);
  return out;
}

void add_origin(json& out, const Change& change, const Spec& spec) {
  if (!change.where.file.empty()) out["where"] = place(change.where);
  if (!change.lines.empty()) out["lines"] = places(change.lines, spec);
  if (!change.service.empty()) out["service"] = change.service;
  if (change.provenance) out["provenance"] = provenance(*change.provenance);
  if (change.since) out["since"] = utc_time(*change.since);
}

json one_change(const Change& from, const Spec& spec) {
  json fields = json::array();
  for (const FieldDiff& one : from.fields) fields.push_back(field(one, spec));
  json out = {{"action", name_of(from.action)},
              {"address", to_string(from.address)},
              {"cause", name_of(from.cause)},
              {"mode", name_of(mode_of(spec, from.address))},
              {"before", from.before},
              {"after", from.after},
              {"fields", std::move(fields)},
              {"needs", addresses(from.needs)},
              {"data", from.data},
              {"quiet", from.quiet},
              {"gap", from.gap}};
  if (from.from) out["from"] = to_string(*from.from);
  if (!from.native_id.empty()) out["native_id"] = from.native_id;
  if (!from.group.empty()) out["group"] = from.group;
  if (from.park) {
    out["park"] = {{"path", from.park->path},
                   {"value", from.park->value},
                   {"frees", addresses(from.park->frees)}};
  }
  if (from.on_remove) out["on_remove"] = name_of(*from.on_remove);
  if (from.hold) out["hold"] = {{"code", name_of(from.hold->code)}, {"text", from.hold->text}};
  add_origin(out, from, spec);
  return out;
}

json one_scope(const ScopeSummary& from) {
  json out = {{"scope", to_string(from.scope)},
              {"provider", from.scope.provider},
              {"zone", text_or_null(from.scope.zone)},
              {"state", from.unknown ? "unknown" : "ok"},
              {"at", time_or_null(from.at)},
              {"owned", from.owned},
              {"going", from.going},
              {"limit", from.limit},
              {"not_compared", from.not_compared}};
  if (from.unknown) out["error"] = error(*from.unknown);
  return out;
}

json one_finding(const Finding& from) {
  return {{"kind", name_of(from.kind)},
          {"address", to_string(from.address)},
          {"native_id", text_or_null(from.native_id)},
          {"text", from.text}};
}

json one_connection(const BlockedConnection& from) {
  json fields = json::array();
  for (const ConnectionField& field : from.fields) {
    fields.push_back({{"name", field.name}, {"trusted", field.trusted}, {"wanted", field.wanted}});
  }
  json out = {{"name", from.name}, {"fields", std::move(fields)}, {"text", from.text}};
  if (!from.where.file.empty()) out["where"] = place(from.where);
  return out;
}

json counts_of(const Plan& plan) {
  const Counts counts = count(plan);
  return {{"create", counts.create},
          {"adopt", counts.adopt},
          {"rename", counts.rename},
          {"change", counts.change},
          {"drift", counts.drift},
          {"replace", counts.replace},
          {"delete", counts.remove},
          {"release", counts.release},
          {"held", counts.held},
          {"unknown", counts.unknown},
          {"adopt_quietly", counts.adopt_quietly}};
}

json unknown_of(const Plan& plan) {
  json out = json::array();
  for (const auto& [scope, kinds] : plan.unknown) {
    for (const auto& [kind, not_compared] : kinds) {
      out.push_back({{"scope", to_string(scope)}, {"kind", kind}, {"not_compared", not_compared}});
    }
  }
  return out;
}

template <class Values, class Convert>
json list(const Values& values, Convert convert) {
  json out = json::array();
  for (const auto& value : values) out.push_back(convert(value));
  return out;
}

}  // namespace

nlohmann::json render_json(const Plan& plan, const Spec& spec) {
  json out = {{"version", 1},
              {"homeostat_plan", plan_id(plan)},
              {"site", plan.site},
              {"made", time_or_null(plan.made)},
              {"ledger", plan.ledger},
              {"resources", plan.resources},
              {"summary", summary_line(plan)},
              {"exit_code", exit_code(plan)}};
  out["revision"] = {{"commit", text_or_null(plan.commit)},
                     {"branch", text_or_null(plan.branch)},
                     {"work_tree", plan.work_tree},
                     {"uncommitted", plan.uncommitted}};
  out["live_view"] = {{"at", time_or_null(plan.at)}, {"offline", plan.offline}};
  if (plan.cut_off > 0) out["cut_off"] = plan.cut_off;
  out["counts"] = counts_of(plan);
  out["scopes"] = list(plan.scopes, one_scope);
  out["changes"] =
      list(plan.changes, [&spec](const Change& change) { return one_change(change, spec); });
  out["findings"] = list(plan.findings, one_finding);
  out["unknown"] = unknown_of(plan);
  if (!plan.connections.empty()) {
    out["blocked_connections"] = list(plan.connections, one_connection);
  }
  out["warnings"] = list(plan.warnings, error);
  out["stops"] = plan.stops;
  return out;
}

}  // namespace homeostat
