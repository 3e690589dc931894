#include <doctest/doctest.h>

#include "tests/reconciler/report_fixture.hpp"
#include "tests/support/json_schema.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

std::string validate(const json& document) {
  return homeostat::validate("reconciler/report/plan.schema.json", document);
}

// A plan in which every member of every struct is filled.
Plan full_plan() {
  Plan plan = design_plan();
  plan.uncommitted = plan.work_tree = plan.offline = true;
  plan.scopes[0].unknown = Error{.kind = ErrorKind::invalid_spec,
                                 .message = "the url is not known",
                                 .hint = "see providers.dns",
                                 .where = {"homeostat.yaml", 4, 8},
                                 .excerpt = "password: hunter2"};
  plan.warnings = {*plan.scopes[0].unknown};
  plan.stops = {"half a repo"};
  for (const auto kind : {Finding::Kind::copy, Finding::Kind::orphan, Finding::Kind::unmanaged}) {
    plan.findings.push_back({kind, at("container", "web", "pve"), "212", "a clone"});
  }
  Change all = change(Action::rename, at("dns", "lab/%2A/A", "dns"), Cause::both);
  all.from = at("dns", "lab/old/A", "dns");
  all.native_id = "9";
  all.before = all.after = json::object({{"values", {"10.5.0.7"}}});
  FieldDiff field = differs("values", {"10.5.0.7"}, "${container.db.ip}", Cause::both);
  field.has_agreed = field.secret = field.alarm_only = true;
  field.after = {at("container", "db", "pve")};
  field.lines = {{0, 4, 7}};
  field.since = november(1, 0, 0);
  field.by = "ops";
  field.provenance = commit("3f2a91c", "web.yaml", 4, "Ana");
  field.provenance->subject = "move the database";
  field.provenance->at = november(2, 3, 4, 5);
  all.fields = {field};
  all.provenance = field.provenance;
  all.since = november(1, 0, 0);
  all.needs = field.after;
  all.group = "dns/lab/x";
  all.park = Park{"ip", "10.5.0.99", field.after};
  all.on_remove = OnRemove::stop;
  all.hold = held(HoldCode::protected_one, "protect: true");
  all.data = all.gap = true;
  all.where = {"web.yaml", 4, 3};
  all.lines = field.lines;
  all.service = "web";
  plan.changes.push_back(all);
  return plan;
}

Spec one_file() {
  Spec spec;
  spec.files = {"web.yaml"};
  return spec;
}

TEST_CASE("report json: what is rendered fits the schema") {
  CHECK(validate(render_json(empty_plan(), {})) == "");
  CHECK(validate(render_json(design_plan(), {})) == "");
  CHECK(validate(render_json(full_plan(), one_file())) == "");
}

TEST_CASE("report json: the schema refuses what is not a plan") {
  json document = render_json(full_plan(), one_file());
  document["changes"][0]["action"] = "explode";
  CHECK(validate(document) != "");
  document = render_json(full_plan(), one_file());
  document["surprise"] = 1;
  CHECK(validate(document) != "");
}

TEST_CASE("report json: every hold, cause and effect has a name the schema knows") {
  Plan plan = empty_plan();
  for (int code = 0; code <= static_cast<int>(HoldCode::depends); ++code) {
    Change one = change(Action::update, at("container", "web", "pve"), Cause::none);
    one.hold = held(static_cast<HoldCode>(code), "held");
    one.cause = static_cast<Cause>(code % 5);
    one.fields = {differs("f", 1, 2, one.cause)};
    one.fields.front().effect = static_cast<ChangeEffect>(code % 4);
    plan.changes.push_back(one);
  }
  CHECK(validate(render_json(plan, {})) == "");
}

TEST_CASE("report json: full addresses, UTC times, places") {
  const json document = render_json(full_plan(), one_file());
  const json& change = document["changes"].back();
  CHECK(change["address"] == "home:dns/lab/%2A/A@dns");
  CHECK(change["from"] == "home:dns/lab/old/A@dns");
  CHECK(change["since"] == "2026-11-01T00:00:00Z");
  CHECK(change["fields"][0]["provenance"]["at"] == "2026-11-02T03:04:05Z");
  CHECK(change["lines"][0] == json({{"file", "web.yaml"}, {"line", 4}, {"column", 7}}));
  CHECK(change["on_remove"] == "stop");
  CHECK(document["changes"][3]["action"] == "delete");
  CHECK(document["version"] == 1);
  CHECK(document["homeostat_plan"] == plan_id(full_plan()));
  CHECK(document["exit_code"] == 3);
}

TEST_CASE("report json: the user's own line is left out of errors") {
  CHECK(render_json(full_plan(), one_file()).dump().find("hunter2") == std::string::npos);
}

}  // namespace
}  // namespace homeostat
