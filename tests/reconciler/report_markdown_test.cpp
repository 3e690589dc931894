#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "tests/reconciler/report_fixture.hpp"

namespace homeostat {
namespace {

std::string markdown_of(const Plan& plan) {
  const std::string text = render_markdown(plan, {});
  return text.substr(0, 20) + "XXXXXX" + text.substr(26);
}

// Without what stands in code spans.
std::string outside_code(const std::string& text) {
  std::string out;
  bool inside = false;
  for (const char c : text) {
    if (c == '`') {
      inside = !inside;
    } else if (!inside) {
      out += c;
    }
  }
  return out;
}

std::vector<std::string> table_lines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> out;
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty() && line.front() == '|') out.push_back(line);
  }
  return out;
}

TEST_CASE("report markdown: the plan of the design") {
  CHECK(markdown_of(design_plan()) ==
        "### Homeostat plan `XXXXXX`: 1 to create, 1 to change, 1 drift to repair, 1 to delete "
        "(1 of 181 owned in lab), 4 unknown\n"
        "\n"
        "site `home`, `main@3f2a91c`, live view `2026-11-20T14:02:11Z`\n"
        "\n"
        "**`kuma` is unknown:** `no answer in 10 s`\n"
        "\n"
        "| | Resource | Change | Cause |\n"
        "|---|---|---|---|\n"
        "| `+` | `dns/lab/forgejo/A` | `10.5.0.110` | `git 3f2a91c forgejo.yaml:4 Ana` |\n"
        "| `~` | `container/jellyfin` | `memory 2GiB -> 4GiB`<br>`(restart)` | "
        "`git 3f2a91c media.yaml:9 Ana` |\n"
        "| `!` | `proxy_host/jellyfin` | `force_https false -> true` | "
        "`drift since 13:41, by ops` |\n"
        "| `-` | `dns/lab/old/CNAME` | `was web.lab.example.org` | `git 91bb020 removed, Ana` |\n"
        "\n"
        "<details><summary>held back or unknown: 1</summary>\n"
        "\n"
        "| | Resource | Change | Cause |\n"
        "|---|---|---|---|\n"
        "| `?` | `monitor/*` | `4 not compared: kuma is unknown` |  |\n"
        "\n"
        "</details>\n");
}

TEST_CASE("report markdown: nothing a user wrote breaks out of its cell") {
  const std::vector<std::string> attacks = {
      "a | b | c",
      "`code` and ``more``",
      "</details><script>alert(1)</script>",
      "@everyone",
      "[x](https://evil.example)",
      "line\nbreak | x |\n\n# title",
      "back\\| slash\\",
      "<!-- ",
      "&#124; &lt;b&gt;",
      "![](x)",
      "**bold** _it_ ~~s~~",
      " ` ",
  };
  for (const std::string& attack : attacks) {
    CAPTURE(attack);
    Plan plan = empty_plan();
    FieldDiff field = differs(attack, attack, attack + "!", Cause::drift);
    field.by = attack;
    field.provenance = commit("3f2a91c", attack, 1, attack);
    Change one = change(Action::update, at("container", attack, "pve"), Cause::both, {field});
    plan.changes = {one, one};
    plan.changes[0].fields[0].cause = Cause::git;
    plan.changes[1].hold = held(HoldCode::depends, attack);
    plan.warnings = {problem(attack, attack)};
    plan.stops = {attack};
    plan.branch = attack;
    plan.site = attack;
    plan.scopes[1].scope.zone = attack;
    plan.scopes[1].going = 1;
    plan.scopes[0].unknown = plan.warnings.front();
    const std::string text = render_markdown(plan, {});
    CHECK(text.find("<script") == std::string::npos);
    CHECK(text.find("<!--") == std::string::npos);
    CHECK(text.find("\n#", 1) == std::string::npos);
    const std::string outside = outside_code(text);
    CHECK(outside.find(attack) == std::string::npos);
    CHECK(outside.find("](") == std::string::npos);
    CHECK(outside.find('@') == std::string::npos);
    CHECK(outside.find("~~") == std::string::npos);
    for (const std::string& line : table_lines(text)) CHECK(std::ranges::count(line, '|') == 5);
    // Every span that is opened is closed on its line.
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
      CHECK(std::ranges::count(line, '`') % 2 == 0);
    }
  }
}

TEST_CASE("report markdown: a huge plan still fits a comment, and says what it leaves out") {
  Plan plan = empty_plan();
  for (int i = 0; i < 3000; ++i) {
    Change one = change(Action::create, at("dns", "lab/host" + std::to_string(i) + "/A", "dns"),
                        Cause::git, {differs("values", nullptr, {"10.5.0.7"}, Cause::git)});
    if (i % 2 == 0) one.hold = held(HoldCode::depends, "needs another");
    plan.changes.push_back(one);
  }
  const std::string text = render_markdown(plan, {});
  CHECK(text.size() < 65'000);
  CHECK(text.find(" more: see `homeostat plan`") != std::string::npos);
}

TEST_CASE("report markdown: in sync is a heading and the view") {
  CHECK(markdown_of(empty_plan()) ==
        "### Homeostat plan `XXXXXX`: in sync: 181 resources\n"
        "\n"
        "site `home`, `main@3f2a91c`, live view `2026-11-20T14:02:11Z`\n");
}

}  // namespace
}  // namespace homeostat
