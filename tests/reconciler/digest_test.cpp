#include "reconciler/report/digest.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "reconciler/report/sections.hpp"
#include "tests/reconciler/report_fixture.hpp"
#include "tests/support/json_schema.hpp"

namespace homeostat {
namespace {

const DigestParts everything = {DigestPart::drift, DigestPart::incidents, DigestPart::unmanaged,
                                DigestPart::history};

Digest digest_of(const Plan& plan, const DigestParts& parts = everything) {
  return make_digest({.plan = plan, .spec = {}, .parts = parts});
}

Plan known_plan() {
  Plan plan = design_plan();
  plan.unknown.clear();
  for (ScopeSummary& scope : plan.scopes) scope.unknown.reset();
  return plan;
}

std::string validate(const nlohmann::json& document) {
  return homeostat::validate("reconciler/report/report.schema.json", document);
}

TEST_CASE("report: only what git did not cause is drift, with who and since when") {
  const Digest digest = digest_of(known_plan());
  REQUIRE(digest.drifts.size() == 1);
  const DigestDrift& drift = digest.drifts.front();
  CHECK(drift.address == at("proxy_host", "jellyfin", "npm"));
  CHECK(drift.since == november(20, 13, 41));
  REQUIRE(drift.fields.size() == 1);
  CHECK(drift.fields.front().by == "ops");
  CHECK(digest.counts.differences == 1);
  CHECK(digest.counts.compared == 181);
}

TEST_CASE("report: of a resource that git and a hand have changed, only the hand's fields") {
  Plan plan = known_plan();
  plan.changes[2].fields.push_back(differs("forward_port", 80, 3000, Cause::git));
  const Digest digest = digest_of(plan);
  REQUIRE(digest.drifts.size() == 1);
  REQUIRE(digest.drifts.front().fields.size() == 1);
  CHECK(digest.drifts.front().fields.front().path == "force_https");
  for (const std::string& text : {render_text(digest, {}), render_markdown(digest),
                                  render_html(digest), render_json(digest).dump()}) {
    CHECK(text.find("forward_port") == std::string::npos);
  }
}

TEST_CASE("report: the exit code is that of drift, and 0 or 3 where drift was not asked for") {
  const DigestParts none = {DigestPart::unmanaged};
  CHECK(digest_of(empty_plan()).exit_code == 0);
  CHECK(digest_of(known_plan()).exit_code == 2);
  CHECK(digest_of(design_plan()).exit_code == 3);
  CHECK(digest_of(known_plan(), none).exit_code == 0);
  CHECK(digest_of(design_plan(), none).exit_code == 3);
}

TEST_CASE("report: what is not asked for is nowhere") {
  Plan plan = known_plan();
  plan.findings = {{Finding::Kind::unmanaged, at("container", "stray", "pve"), "n7", ""}};
  RunHistory run;
  run.run.id = 41;
  run.run.verb = "apply";
  for (const DigestPart part : everything) {
    CAPTURE(name_of(part));
    const Digest digest = make_digest({.plan = plan,
                                       .spec = {},
                                       .parts = {part},
                                       .incidents = {{"stuck", "it sticks", november(20, 9, 0)}},
                                       .runs = {run}});
    CHECK(digest.drifts.empty() == (part != DigestPart::drift));
    CHECK(digest.incidents.empty() == (part != DigestPart::incidents));
    CHECK(digest.unmanaged.empty() == (part != DigestPart::unmanaged));
    CHECK(digest.runs.empty() == (part != DigestPart::history));
    const std::string json = render_json(digest).dump();
    for (const std::string& text :
         {render_text(digest, {}), render_markdown(digest), render_html(digest), json}) {
      const auto shows = [&](const char* what) { return text.find(what) != std::string::npos; };
      CHECK(shows("force_https") == (part == DigestPart::drift));
      CHECK(shows("it sticks") == (part == DigestPart::incidents));
      CHECK(shows("container/stray") == (part == DigestPart::unmanaged));
      CHECK((shows("run 41") || shows("\"run\":41")) == (part == DigestPart::history));
    }
    CHECK(digest_part(name_of(part)) == part);
  }
  CHECK_FALSE(digest_part("everything"));
}

TEST_CASE("report: the headline says how it stands in a line") {
  CHECK(headline(digest_of(empty_plan())) == "no drift: 181 resources compared");
  Plan plan = known_plan();
  plan.findings = {{Finding::Kind::unmanaged, at("container", "stray", "pve"), "n7", ""}};
  const Digest digest = make_digest({.plan = plan,
                                     .spec = {},
                                     .parts = everything,
                                     .incidents = {{"stuck", "it sticks", november(20, 9, 0)}}});
  CHECK(headline(digest) ==
        "1 difference that git did not cause, oldest since 13:41; 1 open incident; 1 live and not "
        "declared");
  CHECK(headline(digest_of(plan, {DigestPart::incidents})) == "no open incident");
  CHECK(headline(digest_of(empty_plan(), {DigestPart::history})) == "nothing was changed yet");
}

TEST_CASE("report: incidents stand oldest first, by words for their kind") {
  const Digest digest =
      make_digest({.plan = empty_plan(),
                   .spec = {},
                   .parts = everything,
                   .incidents = {{"secret_expiry", "the secret pve expires", november(20, 9, 0)},
                                 {"drift", "wiki has drifted", november(3, 9, 0), "ops"}}});
  const std::string text = render_text(digest, {});
  CHECK(has(text,
            "  ! drift          wiki has drifted        since 3 Nov 09:00, by ops\n"
            "  ! secret expiry  the secret pve expires  since 09:00\n"));
  CHECK(render_json(digest)["incidents"][1]["kind"] == "secret_expiry");
}

TEST_CASE("report: what has closed lately stands behind what is open, the last one first") {
  const Time since = november(13, 14, 2);
  const auto digest = [&](std::vector<DigestIncident> incidents) {
    return make_digest({.plan = empty_plan(),
                        .spec = {},
                        .parts = {DigestPart::incidents},
                        .incidents = std::move(incidents),
                        .closed_since = since});
  };
  const DigestIncident early = {"drift", "wiki has drifted", november(3, 9, 0), "ops", since};
  const DigestIncident late = {"remote", "git is away", november(20, 8, 0), "",
                               november(20, 9, 30)};
  const DigestIncident before = {"stuck", "long ago", november(3, 9, 0), "",
                                 since - std::chrono::seconds(1)};
  const DigestIncident open = {"stuck", "it sticks", november(20, 9, 0)};
  const Digest both = digest({before, early, open, late});
  CHECK(has(render_text(both, {}),
            "Open incidents\n"
            "  ! stuck  it sticks  since 09:00\n\n"
            "Incidents closed since 13 Nov 14:02\n"
            "    remote  git is away       closed 09:30, since 08:00\n"
            "    drift   wiki has drifted  closed 13 Nov 14:02, since 3 Nov 09:00, by ops\n"));
  CHECK(headline(both) == "1 open incident, 2 closed");
  CHECK(has(render_markdown(both), "#### Incidents closed since 13 Nov 14:02"));
  CHECK(has(render_html(both), "<h2 id=\"closed\">Incidents closed since 13 Nov 14:02"));
  const nlohmann::json json = render_json(both);
  CHECK(validate(json) == "");
  CHECK(json["incidents"].size() == 1);
  REQUIRE(json["closed_incidents"].size() == 2);
  CHECK(json["closed_incidents"][0]["closed"] == "2026-11-20T09:30:00Z");
  CHECK(json["closed_incidents"][1]["by"] == "ops");
  for (const std::string& text :
       {render_text(both, {}), render_markdown(both), render_html(both), json.dump()}) {
    CHECK(text.find("long ago") == std::string::npos);
  }
  CHECK(headline(digest({late})) == "no open incident, 1 closed");
  CHECK(sections_of(digest({late})).size() == 1);
}

TEST_CASE("report: without a ledger it is not said that nothing is wrong") {
  Plan plan = empty_plan();
  plan.ledger = false;
  const Digest digest = digest_of(plan, {DigestPart::incidents});
  CHECK(headline(digest) == "without a ledger no incident is known");
}

TEST_CASE("report: times are said in the zone that was asked for, with its offset") {
  const Plan plan = known_plan();
  const auto text = [&](int offset) {
    return render_text(
        make_digest(
            {.plan = plan, .spec = {}, .parts = {DigestPart::drift}, .utc_offset_minutes = offset}),
        {});
  };
  CHECK(has(text(0), "20 Nov 2026 14:02 UTC\n"));
  CHECK(has(text(60), "20 Nov 2026 15:02 UTC+1\n"));
  CHECK(has(text(60), "since 14:41"));
  CHECK(has(text(-210), "20 Nov 2026 10:32 UTC-3:30\n"));
  CHECK(has(text(330), "20 Nov 2026 19:32 UTC+5:30\n"));
}

TEST_CASE("report: a view that is not of now says how old it is, and so does an old scope") {
  Plan plan = empty_plan();
  plan.at = plan.made - std::chrono::minutes(12);
  CHECK(has(render_text(digest_of(plan), {}), "  live view 13:50:12, 12 min old\n"));
  plan.scopes[2].at = plan.made - std::chrono::hours(5);
  CHECK(has(render_text(digest_of(plan), {}), "   pve ok, 5 h old\n"));
  CHECK(render_text(digest_of(empty_plan()), {}).find("old") == std::string::npos);
}

TEST_CASE(
    "report: of very many findings the text shows a hundred, and says how many it leaves out") {
  Plan plan = empty_plan();
  for (int i = 0; i < 250; ++i) {
    plan.findings.push_back(
        {Finding::Kind::unmanaged, at("container", "c" + std::to_string(i), "pve"), "", ""});
  }
  const std::string text = render_text(digest_of(plan), {});
  CHECK(std::ranges::count(text, '\n') < 125);
  CHECK(has(text, "  ... and 150 more: see `homeostat unmanaged`\n"));
  const std::string page = render_html(digest_of(plan));
  CHECK(has(page, "container/c249@pve"));
  for (int i = 0; i < 3000; ++i) plan.findings.push_back(plan.findings.front());
  CHECK(has(render_html(digest_of(plan)), "and 2250 more: see <code>homeostat unmanaged</code>"));
  const std::string markdown = render_markdown(digest_of(plan));
  CHECK(markdown.size() < 65'000);
  CHECK(has(markdown, " more: see `homeostat unmanaged`"));
}

TEST_CASE("report: no line of the text is wider than 80 columns, unless one word of it is") {
  Plan plan = known_plan();
  plan.warnings = {problem(std::string(40, 'w') + " " + std::string(60, 'v'))};
  plan.stops = {"it reads as empty, and " + std::string(70, 's')};
  std::istringstream lines(render_text(digest_of(plan), {}));
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(line.size() <= 80);
  }
}

TEST_CASE("report json: the schema refuses what is not a report") {
  nlohmann::json document = render_json(digest_of(design_plan()));
  CHECK(validate(document) == "");
  nlohmann::json wrong = document;
  wrong["surprise"] = 1;
  CHECK(validate(wrong) != "");
  wrong = document;
  wrong["drift"]["resources"][0]["repair"] = "explode";
  CHECK(validate(wrong) != "");
  wrong = document;
  wrong["include"] = {"gossip"};
  CHECK(validate(wrong) != "");
}

TEST_CASE("report: secrets and the user's own lines are in no form") {
  Plan plan = known_plan();
  plan.warnings = {Error{.kind = ErrorKind::invalid_spec,
                         .message = "it expires",
                         .hint = "",
                         .where = {"homeostat.yaml", 4, 8},
                         .excerpt = "password: hunter2"}};
  FieldDiff secret = differs("env/PASSWORD", "(secret)", "${secret.db}", Cause::drift);
  secret.secret = true;
  plan.changes[2].fields.push_back(secret);
  const Digest digest = digest_of(plan);
  for (const std::string& text : {render_text(digest, {}), render_markdown(digest),
                                  render_html(digest), render_json(digest).dump()}) {
    CHECK(has(text, "env/PASSWORD"));
    CHECK(text.find("hunter2") == std::string::npos);
  }
  CHECK(has(render_text(digest, {}), "env/PASSWORD differs (secret)"));
}

TEST_CASE("report markdown: nothing a user wrote breaks out of its cell") {
  const std::string attack = "</details><script>`a|b`\n# [x](https://evil.example) @all ~~s~~";
  Plan plan = known_plan();
  plan.site = plan.branch = attack;
  plan.changes[2].fields.front().by = attack;
  plan.findings = {{Finding::Kind::copy, at("container", attack, "pve"), attack, attack}};
  plan.warnings = {problem(attack, attack)};
  plan.stops = {attack};
  RunHistory run;
  run.run.verb = attack;
  const std::string text =
      render_markdown(make_digest({.plan = plan,
                                   .spec = {},
                                   .parts = everything,
                                   .incidents = {{attack, attack, november(20, 9, 0), attack}},
                                   .runs = {run},
                                   .title = attack}));
  CHECK(text.find("<script") == std::string::npos);
  CHECK(text.find("\n# ") == std::string::npos);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    if (line.starts_with('|')) CHECK(std::ranges::count(line, '|') == 5);
    CHECK(std::ranges::count(line, '`') % 2 == 0);
  }
}

}  // namespace
}  // namespace homeostat
