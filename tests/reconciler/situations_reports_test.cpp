// Reports as people and programs read them: tests/golden/<name>/report.{txt,json,md,html}.
#include <fmt/format.h>

#include "reconciler/report/digest.hpp"
#include "tests/reconciler/story.hpp"
#include "tests/support/golden.hpp"

namespace homeostat::testing {
namespace {

const DigestParts everything = {DigestPart::drift, DigestPart::incidents, DigestPart::unmanaged,
                                DigestPart::history};

struct Around {  // what the plan does not know
  DigestParts parts = everything;
  std::vector<DigestIncident> incidents = {};
  std::vector<RunHistory> runs = {};
  std::string title = {};
  int utc_offset_minutes = 0;
  Time closed_since = {};
};

void show_report(const std::string& name, Story& story, const Around& around = {}) {
  const Plan plan = story.plan();
  const Digest digest = make_digest({.plan = plan,
                                     .spec = story.s.spec,
                                     .parts = around.parts,
                                     .incidents = around.incidents,
                                     .runs = around.runs,
                                     .title = around.title,
                                     .utc_offset_minutes = around.utc_offset_minutes,
                                     .closed_since = around.closed_since});
  check_golden(name + "/report.txt", render_text(digest, {}));
  check_golden(name + "/report.json", render_json(digest).dump(2) + "\n");
  check_golden(name + "/report.md", render_markdown(digest));
  check_golden(name + "/report.html", render_html(digest));
}

RunHistory run_of(std::int64_t id, Time at, std::vector<ChangeRecord> changes) {
  RunHistory out;
  out.run.id = id;
  out.run.verb = "apply";
  out.run.commit = "1d0c7e2" + std::string(33, '0');
  out.run.started = out.run.ended = at;
  out.run.exit_code = 0;
  out.run.summary = "in sync: 7 resources";
  out.changes = std::move(changes);
  return out;
}

ChangeRecord changed(const std::string& address, const std::string& action,
                     const std::string& outcome = "done", const std::string& message = {}) {
  ChangeRecord out{.address = parse_address("home:" + address).value()};
  out.action = action;
  out.cause = "git";
  out.outcome = outcome;
  out.message = message;
  out.at = november(19, 9, 0);
  return out;
}

LiveResource stray(const std::string& name, const std::string& id) {
  LiveResource out;
  out.address = {"home", "container", name, "pve"};
  out.native_id = id;
  out.attributes = {{"memory", "1GiB"}};
  return out;
}

TEST_CASE("report situation: in sync") {
  Story story;
  show_report("report_in_sync", story);
}

TEST_CASE("report situation: somebody changed, and deleted, by hand") {
  Story story;
  story.by_hand("proxy_host/wiki", "force_https", false)
      .by_hand("container/web", "memory", "8GiB")
      .by_hand("container/web", "cores", 8)
      .seen_since("proxy_host/wiki", "force_https", november(20, 13, 41), "ops")
      .seen_since("container/web", "memory", november(19, 9, 30))
      .seen_since("dns/lab/web/A", "", november(3, 7, 5));
  story.s.erase("dns/lab/web/A");
  show_report("report_drift", story, {.utc_offset_minutes = 60});
}

TEST_CASE("report situation: a provider and a zone are unknown, the rest has drifted") {
  Story story;
  story.by_hand("container/web", "memory", "8GiB");
  story.s.unknown({"kuma", ""});
  story.s.unknown({"dns", "lab"}, "the answer was cut off after 4096 bytes");
  show_report("report_unknown", story,
              {.incidents = {{"unreachable", "kuma cannot be looked at: no answer in 10 s",
                              november(20, 11, 12)}}});
}

TEST_CASE("report situation: nothing could be looked at") {
  Story story;
  for (const auto& [scope, state] : std::map(story.s.observed.scopes)) {
    story.s.unknown(scope, "connect to 10.5.0.254:443: no route to host");
  }
  show_report("report_blind", story, {.parts = {DigestPart::drift}});
}

TEST_CASE("report situation: what is live and not declared") {
  Story story;
  auto& pve = story.s.observed.scopes.at({"pve", ""}).resources;
  pve.push_back(stray("printer", "212"));
  pve.push_back(stray("old-wiki", "213"));
  LiveResource clone = story.s.at("container/web");
  clone.native_id = "n99";
  clone.address.name = "web-clone";
  pve.push_back(clone);
  show_report("report_unmanaged", story, {.parts = {DigestPart::drift, DigestPart::unmanaged}});
}

TEST_CASE("report situation: long names and long values") {
  const std::string name = "a-very-long-name-that-somebody-made-up-one-rainy-day-" +
                           std::string(70, 'x') + "-and-never-thought-of-phones";
  std::string lab = small_lab();
  lab.replace(lab.find("  wiki:\n"), 8, "  " + name + ":\n");
  Story story(lab);
  story.by_hand("proxy_host/" + name, "domains",
                {"wiki." + std::string(50, 'w') + ".example.org", "wiki.example.org"});
  auto& pve = story.s.observed.scopes.at({"pve", ""}).resources;
  pve.push_back(stray(std::string(120, 'm'), std::string(90, '9')));
  show_report("report_long_names", story);
}

TEST_CASE("report situation: hostile text stays text") {
  const std::string attack =
      "<script>alert(1)</script>\"'><img src=http://evil.example/x onerror=x>`|`\n# [x](http://e)";
  Story story;
  story.by_hand("container/web", "memory", attack)
      .seen_since("container/web", "memory", november(20, 13, 41), attack);
  story.s.unknown({"kuma", ""}, attack);
  story.s.observed.scopes.at({"pve", ""}).resources.push_back(stray("<b>\"x\"|`y`</b>", attack));
  RunHistory run =
      run_of(3, november(19, 9, 0), {changed("container/web@pve", attack, attack, attack)});
  run.run.verb = attack;
  story.s.spec.warnings.push_back({ErrorKind::invalid_spec, attack, attack, {attack, 1, 1}, ""});
  show_report("report_hostile", story,
              {.incidents = {{attack, attack, november(20, 9, 0), attack}},
               .runs = {run},
               .title = attack});
}

TEST_CASE("report situation: everything there is to say") {
  Story story;
  story.edit("cores: 2, memory: 4GiB", "cores: 4, memory: 4GiB")
      .by_hand("proxy_host/wiki", "force_https", false)
      .seen_since("proxy_host/wiki", "force_https", november(20, 13, 41), "ops");
  story.s.observed.scopes.at({"pve", ""}).resources.push_back(stray("printer", "212"));
  story.s.spec.warnings.push_back({ErrorKind::invalid_spec,
                                   "container/web: `ignore` of cores ended on 2026-11-19",
                                   "remove it, or give it a later `until`",
                                   {"lab.yaml", 2, 3},
                                   ""});
  story.connections = {{"provider/dns",
                        {{"url", "http://10.5.0.5:5380", "http://10.9.9.9:5380"}},
                        "planned with what is trusted; see `homeostat trust`",
                        {"homeostat.yaml", 5, 3}}};
  std::vector<ChangeRecord> many;
  many.reserve(12);
  for (int i = 0; i < 12; ++i) {
    many.push_back(changed(fmt::format("dns/lab/host{}/A@dns", i), "create"));
  }
  RunHistory cut_off = run_of(8, november(18, 22, 10), {changed("container/db@pve", "update")});
  cut_off.run.exit_code = -1;
  show_report(
      "report_full", story,
      {.incidents = {{"drift", "proxy_host/wiki: force_https is false", november(20, 13, 41),
                      "ops"},
                     {"secret_expiry", "secret pve expires on 2026-12-01", november(17, 6, 0)},
                     {"remote", "the repository cannot be asked: no answer in 10 s",
                      november(19, 22, 0), "", november(19, 22, 30)}},
       .runs = {run_of(9, november(20, 8, 0),
                       {changed("container/web@pve", "update"),
                        changed("monitor/wiki@kuma", "update", "failed", "no answer in 10 s")}),
                cut_off, run_of(7, november(1, 8, 0), many)},
       .title = "Monday's report",
       .utc_offset_minutes = -210,
       .closed_since = november(13, 8, 0)});
}

TEST_CASE("report situation: a site in which nothing is declared yet, and no part is asked for") {
  Story story = Story::from_nothing("containers: {}\n");
  story.s.ledger = LedgerView();
  show_report("report_empty", story);
  story.offline = true;
  story.s.now = november(20, 17, 2, 11);
  for (auto& [scope, state] : story.s.observed.scopes) state.at = november(20, 14, 2, 11);
  show_report("report_old_view", story, {.parts = {DigestPart::history}});
}

}  // namespace
}  // namespace homeostat::testing
