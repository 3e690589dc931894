#include "reconciler/report/report.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "reconciler/report/cells.hpp"
#include "tests/reconciler/report_fixture.hpp"

namespace homeostat {
namespace {

std::size_t widest(const std::string& text) {
  std::istringstream stream(text);
  std::size_t out = 0;
  for (std::string line; std::getline(stream, line);) out = std::max(out, text_width(line));
  return out;
}

Plan plan_of(std::vector<Change> changes) {
  Plan plan = empty_plan();
  plan.changes = std::move(changes);
  return plan;
}

std::string text_of_field(const FieldDiff& field, const TextStyle& style = {}) {
  return text_of(
      plan_of({change(Action::update, at("container", "web", "pve"), field.cause, {field})}),
      style);
}

TEST_CASE("report: the plan of the design, at 80 columns") {
  const std::string expected =
      "plan XXXXXX   site home   main@3f2a91c                        live view 14:02:11\n"
      "  dns ok   npm ok   pve ok   kuma UNKNOWN: no answer in 10 s\n"
      "\n"
      "  + dns/lab/forgejo/A    10.5.0.110               git 3f2a91c forgejo.yaml:4 Ana\n"
      "  ~ container/jellyfin   memory 2GiB -> 4GiB      git 3f2a91c media.yaml:9 Ana\n"
      "                         (restart)\n"
      "  ! proxy_host/jellyfin  force_https false -> true  drift since 13:41, by ops\n"
      "  - dns/lab/old/CNAME    was web.lab.example.org  git 91bb020 removed, Ana\n"
      "  ? monitor/*            4 not compared: kuma is unknown\n"
      "\n"
      "1 to create, 1 to change, 1 drift to repair, 1 to delete (1 of 181 owned in\n"
      "lab), 4 unknown\n";
  CHECK(text_of(design_plan()) == expected);
}

TEST_CASE("report: writes that were cut off are counted in every header") {
  Plan plan = plan_of({});
  CHECK(text_of(plan).find("cut off") == std::string::npos);
  plan.cut_off = 1;
  CHECK(has(text_of(plan), "resolved a write that was cut off"));
  plan.cut_off = 3;
  CHECK(has(text_of(plan), "resolved 3 writes that were cut off"));
  CHECK(has(render_markdown(plan, {}), "resolved 3 writes that were cut off"));
  CHECK(render_json(plan, {}).at("cut_off") == 3);
}

TEST_CASE("report: colour changes nothing but colour") {
  TextStyle style;
  style.color = true;
  const std::string colored = text_of(design_plan(), style);
  CHECK(has(colored, "\x1b[32m+\x1b[0m"));
  std::string bare;
  for (std::size_t i = 0; i < colored.size(); ++i) {
    if (colored[i] == '\x1b') i = colored.find('m', i) + 1;
    if (i < colored.size() && colored[i] == '\x1b') i = colored.find('m', i) + 1;
    if (i < colored.size()) bare += colored[i];
  }
  CHECK(bare == text_of(design_plan()));
}

TEST_CASE("report: in sync is one line below the header") {
  CHECK(text_of(empty_plan()) ==
        "plan XXXXXX   site home   main@3f2a91c                        live view 14:02:11\n"
        "  dns ok   pve ok\n"
        "\n"
        "in sync: 181 resources\n");
}

TEST_CASE("report: quiet adopts are counted, and listed when verbose") {
  Change adopt = change(Action::adopt, at("container", "web", "pve"), Cause::first_contact);
  adopt.quiet = true;
  const Plan plan = plan_of({adopt});
  CHECK(summary_line(plan) == "in sync: 181 resources (1 to adopt as they are)");
  CHECK_FALSE(text_of(plan).find("container/web") != std::string::npos);
  TextStyle style;
  style.verbose = true;
  CHECK(has(text_of(plan, style), "  = container/web  as declared\n"));
}

TEST_CASE("report: what report mode only tells waits for nothing") {
  Change drift = change(Action::update, at("container", "web", "pve"), Cause::drift);
  drift.hold = held(HoldCode::report_mode, "mode: report");
  Change other = change(Action::update, at("container", "db", "pve"), Cause::git);
  other.hold = drift.hold;
  CHECK(summary_line(plan_of({drift})) == "1 drift, report only");
  CHECK(summary_line(plan_of({drift, other})) == "1 drift, 1 difference, report only");
}

TEST_CASE("report: the header says what the plan does not know") {
  Plan plan = empty_plan();
  plan.ledger = false;
  plan.uncommitted = true;
  CHECK(has(text_of(plan),
            "plan XXXXXX   site home   main@3f2a91c+uncommitted   no ledger\n"
            "  live view 14:02:11\n"));
  plan.commit.clear();
  plan.branch.clear();
  plan.uncommitted = false;
  CHECK(has(text_of(plan), "site home   no git   no ledger"));
}

TEST_CASE("report: an offline plan shows the age of its view") {
  Plan plan = empty_plan();
  plan.offline = true;
  plan.at = november(19, 9, 30);
  CHECK(has(text_of(plan), "offline: live view 19 Nov 09:30:00, 28 h old\n"));
  plan.at = plan.made - std::chrono::seconds(40);
  CHECK(has(text_of(plan), "offline: live view 14:01:32, 40 s old\n"));
}

TEST_CASE("report: what failed alike at several urls is one line, and nothing of it is ok") {
  Plan plan = empty_plan();
  plan.scopes[0].unknown = problem("http://10.5.0.5:8081/api/zones/lab.: 401 Unauthorized", "");
  plan.scopes[1].unknown = problem("http://10.5.0.5:8081/api/zones/lan.: 401 Unauthorized", "");
  CHECK(has(text_of(plan), "  pve ok   dns UNKNOWN: http://10.5.0.5:8081: 401 Unauthorized\n"));
  plan.scopes[1].unknown = problem("no answer in 10 s", "");
  CHECK_FALSE(has(text_of(plan), "partly"));
}

TEST_CASE("report: scopes that are unknown say why, by zone where a part is known") {
  Plan plan = empty_plan();
  plan.scopes[1].unknown = problem("the token was refused", "see secrets.dns");
  CHECK(has(
      text_of(plan),
      "  dns partly ok   pve ok\n  dns/lab UNKNOWN: the token was refused (see secrets.dns)\n"));
  plan.scopes[0].unknown = plan.scopes[1].unknown;
  CHECK(has(text_of(plan), "  pve ok   dns UNKNOWN: the token was refused (see secrets.dns)\n"));
}

TEST_CASE("report: many scopes wrap, several unknown ones have a line each") {
  Plan plan = empty_plan();
  plan.scopes.clear();
  for (const char letter : std::string("abcdefghijklmnop")) {
    plan.scopes.push_back(scope(std::string("provider-") + letter, ""));
  }
  plan.scopes[3].unknown = problem("no answer in 10 s");
  plan.scopes[5].unknown = problem(std::string(20, 'x') + " " + std::string(60, 'y'));
  const std::string text = text_of(plan);
  CHECK(widest(text) <= 80);
  CHECK(has(text, "\n  provider-d UNKNOWN: no answer in 10 s\n  provider-f UNKNOWN: xxx"));
}

TEST_CASE("report: values are said plainly") {
  const auto said = [](const nlohmann::json& live, const nlohmann::json& desired) {
    const std::string text = text_of_field(differs("f", live, desired, Cause::none));
    const std::size_t from = text.find("container/web  ") + 15;
    return text.substr(from, text.find('\n', from) - from);
  };
  CHECK(said("2GiB", "4GiB") == "f 2GiB -> 4GiB");
  CHECK(said(nullptr, 80) == "f (none) -> 80");
  CHECK(said(true, nullptr) == "f true -> (none)");
  CHECK(said({"a", "b"}, {"a"}) == "f a, b -> a");
  CHECK(said(nlohmann::json::array(), {"x, y"}) == "f (empty) -> x, y");
  CHECK(said({"x, y", "z"}, "x, y") == "f \"x, y\", z -> x, y");
  CHECK(said({{"k", "v"}, {"n", 1}}, "") == "f k=v, n=1 -> \"\"");
  CHECK(said({{{"path", "/a"}, {"ro", true}}}, " x") == "f {path=/a, ro=true} -> \" x\"");
  CHECK(said("a\nb\x1b[0m", "c") == "f a\\nb\\x1b[0m -> c");
}

TEST_CASE("report: secrets are named, never shown") {
  FieldDiff token = differs("env/TOKEN", "(secret)", "(secret)", Cause::git);
  token.secret = true;
  CHECK(has(text_of_field(token), "env/TOKEN changes (secret)"));
  token.live = nullptr;
  CHECK(has(text_of_field(token), "env/TOKEN (none) -> (secret)"));
}

TEST_CASE("report: a value that apply will know says what it waits for") {
  FieldDiff ip = differs("ip", nullptr, "${container.db.ip}", Cause::git);
  ip.after = {at("container", "db", "pve")};
  CHECK(has(text_of_field(ip), "ip (none) -> (after container/db)"));
}

TEST_CASE("report: a long value loses its middle, and keeps it when verbose") {
  const std::string words = "one two three four five six seven eight nine ten eleven twelve";
  const FieldDiff field = differs("command", words, words + " thirteen", Cause::git);
  const std::string text = text_of_field(field);
  CHECK(widest(text) <= 80);
  CHECK(has(text, "command one two three four five si…ght nine ten eleven twelve\n"));
  CHECK(has(text, "\n                   -> one two three"));
  TextStyle style;
  style.verbose = true;
  const std::string whole = text_of_field(field, style);
  CHECK(widest(whole) <= 80);
  CHECK(has(whole, "thirteen"));
  CHECK_FALSE(whole.find("…") != std::string::npos);
}

TEST_CASE("report: the words of each cause") {
  const auto said = [](const FieldDiff& field) { return text_of_field(field); };
  FieldDiff field = differs("f", 1, 2, Cause::git);
  field.provenance = commit("3f2a91c", "web.yaml", 4, "Ana Example <ana@example.org>");
  CHECK(has(said(field), "f 1 -> 2  git 3f2a91c web.yaml:4 Ana Example\n"));
  field.provenance->uncommitted = true;
  field.provenance->commit.clear();
  CHECK(has(said(field), "f 1 -> 2  uncommitted web.yaml:4\n"));
  field.provenance->removed = true;
  CHECK(has(said(field), "f 1 -> 2  uncommitted, removed from web.yaml\n"));
  field.provenance.reset();
  CHECK(has(said(field), "f 1 -> 2  git\n"));
  field.cause = Cause::drift;
  CHECK(has(said(field), "f 1 -> 2  drift\n"));
  field.since = november(20, 13, 41);
  CHECK(has(said(field), "f 1 -> 2  drift since 13:41\n"));
  field.since = november(19, 13, 41);
  field.by = "ops";
  CHECK(has(said(field), "f 1 -> 2  drift since 19 Nov 13:41, by ops\n"));
  field.since = november(19, 13, 41) - std::chrono::days(365);
  CHECK(has(said(field), "f 1 -> 2  drift since 19 Nov 2025 13:41, by ops\n"));
  field.cause = Cause::first_contact;
  CHECK(has(said(field), "f 1 -> 2  first contact\n"));
}

TEST_CASE("report: both says who wins and what is lost") {
  FieldDiff field = differs("memory", "4GiB", "6GiB", Cause::both);
  field.provenance = commit("3f2a91c", "web.yaml", 4, "Ana");
  field.since = november(20, 13, 41);
  field.by = "ops";
  CHECK(has(text_of_field(field),
            "  ! container/web  memory 4GiB -> 6GiB  both: git 3f2a91c web.yaml:4 Ana\n"
            "                   (git wins: memory 4GiB by hand since 13:41, by ops, is lost)\n"));
}

TEST_CASE("report: times are shown where the reader is") {
  FieldDiff field = differs("f", 1, 2, Cause::drift);
  field.since = november(19, 23, 30);
  TextStyle style;
  style.utc_offset_minutes = 120;
  CHECK(has(text_of_field(field, style), "drift since 01:30\n"));
  CHECK(has(text_of_field(field, style), "live view 16:02:11\n"));
}

TEST_CASE("report: several fields have a line each, a repeated cause is said once") {
  FieldDiff first = differs("cores", 2, 4, Cause::drift);
  first.since = november(20, 13, 41);
  FieldDiff second = differs("memory", "2GiB", "4GiB", Cause::drift);
  second.since = first.since;
  const std::string text = text_of(plan_of(
      {change(Action::update, at("container", "web", "pve"), Cause::drift, {first, second})}));
  CHECK(has(text,
            "  ! container/web  cores 2 -> 4         drift since 13:41\n"
            "                   memory 2GiB -> 4GiB\n"));
}

TEST_CASE("report: nothing is wider than the terminal") {
  FieldDiff field = differs("env/A_RATHER_LONG_VARIABLE", "some text of some length",
                            "another text of another length", Cause::git);
  field.provenance =
      commit("3f2a91c", "services/media/jellyfin.yaml", 112, "Anastasia Example-Longname");
  std::vector<Change> changes = {
      change(Action::restart, at("container", "web", "pve"), Cause::git, {field, field}),
      change(Action::update,
             at("dns", "internal/a-very-long-owner-name.of-some-service/AAAA", "dns"), Cause::git,
             {field})};
  changes[0].hold = held(HoldCode::needs_consent,
                         "it holds data, and a replace destroys it: --allow-destroy container/web "
                         "lets it through");
  Plan plan = plan_of(std::move(changes));
  for (const int width : {60, 72, 80, 100, 132}) {
    TextStyle style;
    style.width = width;
    CAPTURE(width);
    CHECK(widest(text_of(plan, style)) <= static_cast<std::size_t>(width));
    style.verbose = true;
    CHECK(widest(text_of(plan, style)) <= static_cast<std::size_t>(width));
  }
}

TEST_CASE("report: the provider is shown only where two could be meant") {
  Spec spec;
  for (const char* provider : {"dns1", "dns2"}) {
    const Address address = at("dns", "lab/web/A", provider);
    spec.desired[address].address = address;
  }
  const Plan plan = plan_of({change(Action::create, at("dns", "lab/web/A", "dns1"), Cause::none),
                             change(Action::create, at("dns", "lab/www/A", "dns1"), Cause::none)});
  const std::string text = text_of(plan, {}, spec);
  CHECK(has(text, "  + dns/lab/web/A@dns1  create\n"));
  CHECK(has(text, "  + dns/lab/www/A       create\n"));
}

TEST_CASE("report: what is held stands behind what will be done, and says why") {
  Change update = change(Action::update, at("container", "a", "pve"), Cause::git,
                         {differs("cores", 1, 2, Cause::git)});
  update.hold = held(HoldCode::depends, "needs container/b, which is held");
  Change create = change(Action::create, at("dns", "lab/b/A", "dns"), Cause::git,
                         {differs("values", nullptr, {"10.5.0.7"}, Cause::git)});
  Change gone = change(Action::remove, at("dns", "lab/c/A", "dns"), Cause::git,
                       {differs("values", {"10.5.0.8"}, nullptr, Cause::git)});
  gone.hold = held(HoldCode::no_ledger, "the ledger alone could say that it is ours");
  const Plan plan = plan_of({update, gone, create});
  const std::string text = text_of(plan);
  CHECK(has(text,
            "  + dns/lab/b/A  10.5.0.7              git\n"
            "  x container/a  cores 1 -> 2          git\n"
            "                 held: needs container/b, which is held\n"
            "  ? dns/lab/c/A  delete: was 10.5.0.8  git\n"
            "                 unknown: the ledger alone could say that it is ours\n"));
  CHECK(summary_line(plan) == "1 to create, 1 held back, 1 unknown");
}

TEST_CASE("report: warnings, findings and stops stand below, a stop is loud") {
  Plan plan = empty_plan();
  plan.warnings = {problem("the ignore of cores has expired", "remove it", {"web.yaml", 4, 3})};
  plan.findings.push_back({Finding::Kind::copy, at("container", "web", "pve"), "212",
                           "it carries the mark of container/web"});
  plan.findings.push_back({Finding::Kind::unmanaged, at("container", "x", "pve"), "9", "not ours"});
  plan.stops = {"the repo holds no resource, and 181 are owned"};
  const std::string text = text_of(plan);
  CHECK(has(text,
            "\n\n  warning: web.yaml:4: the ignore of cores has expired (remove it)\n"
            "\n  copy: container/web (212): it carries the mark of container/web\n"
            "\nSTOPPED: nothing will be written\n"
            "  - the repo holds no resource, and 181 are owned\n"
            "\nstopped, nothing will be written: in sync: 181 resources\n"));
  CHECK_FALSE(text.find("not ours") != std::string::npos);
}

TEST_CASE("report: the summary counts, with the share that would go") {
  Plan plan = plan_of({});
  for (int i = 0; i < 6; ++i) {
    plan.changes.push_back(
        change(Action::remove, at("dns", "lab/r" + std::to_string(i) + "/A", "dns"), Cause::git));
  }
  plan.scopes[1] = scope("dns", "lab", 20, 6, 5);
  CHECK(summary_line(plan) == "6 to delete (6 of 20 owned in lab, limit 5)");
  for (Change& one : plan.changes) one.hold = held(HoldCode::too_many_deletes, "too many");
  plan.scopes[1].going = 0;
  CHECK(summary_line(plan) == "6 held back (6 of 20 owned in lab, limit 5)");
}

TEST_CASE("report: the summary names every action") {
  std::vector<Change> changes;
  for (const Action action : {Action::create, Action::adopt, Action::rename, Action::update,
                              Action::restart, Action::replace, Action::remove, Action::release}) {
    changes.push_back(
        change(action, at("container", action == Action::create ? "a" : "b", "pve"), Cause::git));
  }
  changes.push_back(change(Action::update, at("container", "c", "pve"), Cause::both));
  changes.push_back(change(Action::restart, at("container", "d", "pve"), Cause::drift));
  CHECK(summary_line(plan_of(std::move(changes))) ==
        "1 to create, 1 to adopt, 1 to rename, 2 to change, 2 drifts to repair, 1 to release, "
        "1 to replace, 1 to delete (2 of 12 owned in pve)");
}

TEST_CASE("report: exit codes: 0 in sync, 2 differs, 3 unknown, 3 wins") {
  Plan plan = empty_plan();
  CHECK(exit_code(plan) == 0);
  Change adopt = change(Action::adopt, at("container", "a", "pve"), Cause::first_contact);
  adopt.quiet = true;
  plan.changes = {adopt};
  CHECK(exit_code(plan) == 0);
  Change update = change(Action::update, at("container", "b", "pve"), Cause::git,
                         {differs("cores", 1, 2, Cause::git)});
  update.hold = held(HoldCode::depends, "waits");
  plan.changes.push_back(update);
  CHECK(exit_code(plan) == 2);
  CHECK(drift_exit_code(plan) == 0);
  plan.changes.back().fields.front().cause = Cause::drift;
  CHECK(drift_exit_code(plan) == 2);
  plan.scopes[0].unknown = problem("no answer");
  CHECK(exit_code(plan) == 3);
  CHECK(drift_exit_code(plan) == 3);
}

TEST_CASE("report: of what is let go only a container is said to be stopped") {
  Change gone = change(Action::release, at("dns", "lab/www/A", "dns"), Cause::git);
  gone.on_remove = OnRemove::stop;
  CHECK(render_text(plan_of({gone}), {}, {}).find("no longer managed, stays") != std::string::npos);
}

TEST_CASE("report: what could not be compared for want of a secret is not called in sync") {
  Plan plan = empty_plan();
  plan.resources = 5;
  plan.secret_gaps = 7;
  CHECK(summary_line(plan) == "7 values not compared, all else of 5 resources in sync");
  CHECK(exit_code(plan) == 3);
  plan.changes = {change(Action::create, at("container", "a", "pve"), Cause::git)};
  plan.secret_gaps = 1;
  CHECK(summary_line(plan) == "1 to create, 1 value not compared");
}

}  // namespace
}  // namespace homeostat
