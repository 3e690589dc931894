// `homeostat report`, as a user calls it.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/lab.hpp"
#include "tests/support/json_schema.hpp"

namespace homeostat::test {
namespace {

constexpr const char* wiki = "live/npm/proxy_host/forgejo.yaml";

TEST_CASE("report: says what was changed by hand, in each form, with the exit code of drift") {
  Lab lab;
  lab.apply();
  const ProcessResult calm = lab.run({"report"});
  CAPTURE(calm.err);
  CHECK(calm.exit_code == 0);
  CHECK(has(calm.out, "Homeostat report   site home   main@"));
  CHECK(has(calm.out, "\nno drift: "));
  CHECK(has(calm.out, "Last changes\n    run 1  apply "));

  lab.edit(wiki, "force_https: true", "force_https: false");
  const auto live = Lab::snapshot(lab.folder() + "/live");
  const ProcessResult text = lab.run({"report", "--text"});
  CHECK(text.exit_code == 2);
  CHECK(has(flat(text.out), "force_https is false, should be true"));
  CHECK(has(flat(text.out), "1 difference that git did not cause"));

  const ProcessResult markdown = lab.run({"report", "--markdown"});
  CHECK(markdown.exit_code == 2);
  CHECK(
      has(markdown.out, "| `!` | `proxy_host/forgejo` | `force_https is false, should be true` |"));

  const ProcessResult page = lab.run({"report", "--html"});
  CHECK(page.exit_code == 2);
  CHECK(page.out.starts_with("<!DOCTYPE html>"));
  CHECK(has(page.out, "force_https is <code>false</code>, should be <code>true</code>"));

  const ProcessResult json = lab.run({"report", "--json"});
  CHECK(json.exit_code == 2);
  const auto document = nlohmann::json::parse(json.out);
  CHECK(validate("reconciler/report/report.schema.json", document) == "");
  CHECK(document["drift"]["resources"][0]["address"] == "home:proxy_host/forgejo@npm");
  CHECK(document["history"][0]["verb"] == "apply");
  CHECK(Lab::snapshot(lab.folder() + "/live") == live);
}

TEST_CASE("report: a difference begins with the first report that shows it") {
  Lab lab;
  lab.apply();
  lab.edit(wiki, "force_https: true", "force_https: false");
  const auto since = [&] {
    const auto document = nlohmann::json::parse(lab.run({"report", "--json"}).out);
    return document["drift"]["resources"][0].value("since", "");
  };
  const std::string first = since();
  CHECK(first.size() == 20);
  CHECK(since() == first);
}

TEST_CASE("report: only the parts that were asked for, and only the resources") {
  Lab lab;
  lab.apply();
  lab.edit(wiki, "force_https: true", "force_https: false");
  lab.write("live/pve/container/stray.yaml", "memory: 1GiB\n");
  const ProcessResult parts = lab.run({"report", "--include", "unmanaged"});
  CHECK(parts.exit_code == 0);
  CHECK(has(parts.out, "container/stray@pve"));
  CHECK_FALSE(has(parts.out, "force_https"));
  CHECK_FALSE(has(parts.out, "run 1"));
  const ProcessResult two = lab.run({"report", "--include", "drift,unmanaged"});
  CHECK(two.exit_code == 2);
  CHECK(has(two.out, "container/stray@pve"));
  CHECK(has(two.out, "force_https"));
  const ProcessResult only = lab.run({"report", "--only", "container/*", "--include", "drift"});
  CHECK(only.exit_code == 0);
  const ProcessResult wrong = lab.run({"report", "--include", "gossip"});
  CHECK(wrong.exit_code == 1);
  CHECK(has(wrong.err, "drift"));
  CHECK(lab.run({"report", "--html", "--json"}).exit_code == 1);
}

TEST_CASE("report: to a file, whole or not at all") {
  Lab lab;
  lab.apply();
  const ProcessResult printed = lab.run({"report", "--html", "--include", "drift"});
  const ProcessResult written =
      lab.run({"report", "--html", "--include", "drift", "--out", "page.html"});
  CHECK(written.exit_code == 0);
  CHECK(written.out.empty());
  CHECK(lab.read("page.html").starts_with("<!DOCTYPE html>"));
  CHECK(lab.read("page.html").size() == printed.out.size());
  CHECK_FALSE(lab.exists("page.html.new"));
  const ProcessResult nowhere = lab.run({"report", "--out", "absent/page.html"});
  CHECK(nowhere.exit_code == 1);
  CHECK(has(nowhere.err, "absent/page.html"));
  lab.write("taken/file", "");
  const ProcessResult folder = lab.run({"report", "--out", "taken"});
  CHECK(folder.exit_code == 1);
  CHECK_FALSE(lab.exists("taken.new"));
}

TEST_CASE("report: what could not be looked at is unknown, and gives 3") {
  Lab lab;
  lab.apply();
  lab.write("live/npm/proxy_host/forgejo.yaml", "domains: [\n");
  const ProcessResult told = lab.run({"report", "--include", "drift"});
  CHECK(told.exit_code == 3);
  CHECK(has(told.out, "npm UNKNOWN: "));
  CHECK(lab.run({"report", "--include", "unmanaged"}).exit_code == 3);
}

}  // namespace
}  // namespace homeostat::test
