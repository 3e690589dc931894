// The plan for programs: everything in it, in the form that plan.schema.json describes.
#include "reconciler/mode.hpp"
#include "reconciler/names.hpp"
#include "reconciler/report/json_parts.hpp"
#include "reconciler/report/report.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

json places(const std::vector<Origin>& lines, const Spec& spec) {
  json out = json::array();
  for (const Origin& line : lines) {
    if (line.line > 0) out.push_back(place_json(source_ref(line, spec.files)));
  }
  return out;
}

json addresses(const std::vector<Address>& addresses) {
  json out = json::array();
  for (const Address& address : addresses) out.push_back(to_string(address));
  return out;
}

json provenance(const Provenance& from) {
  json out = {{"commit", text_or_null(from.commit)},
              {"removed", from.removed},
              {"uncommitted", from.uncommitted}};
  if (!from.author.empty()) out["author"] = from.author;
  if (!from.subject.empty()) out["subject"] = from.subject;
  if (from.at != Time{}) out["at"] = utc_time(from.at);
  if (!from.where.file.empty()) out["where"] = place_json(from.where);
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
  if (!change.where.file.empty()) out["where"] = place_json(change.where);
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
  if (from.hold) {
    out["hold"] = {{"code", name_of(from.hold->code)}, {"text", from.hold->text}};
    if (from.hold->until) out["hold"]["until"] = utc_time(*from.hold->until);
  }
  add_origin(out, from, spec);
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
          {"held", counts.held + counts.waiting + counts.reported_drift + counts.reported},
          {"unknown", counts.unknown},
          {"adopt_quietly", counts.adopt_quietly}};
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
  out["scopes"] = json_list(plan.scopes, scope_json);
  out["changes"] =
      json_list(plan.changes, [&spec](const Change& change) { return one_change(change, spec); });
  out["findings"] = json_list(plan.findings, finding_json);
  out["unknown"] = unknown_json(plan.unknown);
  if (!plan.connections.empty()) {
    out["blocked_connections"] = json_list(plan.connections, connection_json);
  }
  out["warnings"] = json_list(plan.warnings, error_json);
  out["stops"] = plan.stops;
  return out;
}

}  // namespace homeostat
