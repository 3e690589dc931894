// What a page is made of; how a browser shows it: tests/page.
#include <doctest/doctest.h>

#include <regex>
#include <set>

#include "reconciler/report/digest.hpp"
#include "tests/reconciler/report_fixture.hpp"

namespace homeostat {
namespace {

const std::string attack = "<script>alert(1)</script><img src=x onerror='a'>\"&\x1b[31m\xff\u202e";

// All that a page can show, with hostile text wherever text can be.
std::string hostile_page() {
  Plan plan = design_plan();
  plan.site = plan.branch = attack;
  for (Change& change : plan.changes) {
    change.address.name = attack;
    change.cause = Cause::drift;
    change.hold = held(HoldCode::depends, attack);
    for (FieldDiff& field : change.fields) {
      field.path = field.by = attack;
      field.live = attack;
      field.cause = Cause::both;
    }
  }
  plan.scopes[0].unknown = problem(attack, attack);
  plan.scopes[1].scope.zone = attack;
  plan.scopes[3].scope.provider = attack;
  plan.findings = {{Finding::Kind::copy, at(attack, attack, attack), attack, attack}};
  plan.warnings = {problem(attack, attack, {attack, 1, 1})};
  plan.stops = {attack};
  plan.connections = {{attack, {{attack, attack, attack}}, attack, {attack, 1, 1}}};
  RunHistory run;
  run.run.verb = run.run.commit = attack;
  run.changes = {{.address = at(attack, attack, attack), .action = attack, .message = attack}};
  return render_html(make_digest({.plan = plan,
                                  .spec = {},
                                  .parts = {DigestPart::drift, DigestPart::incidents,
                                            DigestPart::unmanaged, DigestPart::history},
                                  .incidents = {{attack, attack, november(20, 9, 0), attack}},
                                  .runs = {run},
                                  .title = attack}));
}

// Every tag with its attributes, as written; what is no tag is left out.
std::vector<std::string> tags_of(const std::string& page) {
  std::vector<std::string> out;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    out.push_back(page.substr(at, page.find('>', at) - at + 1));
  }
  return out;
}

TEST_CASE("report html: whatever others wrote is text, never a tag or an attribute") {
  const std::string page = hostile_page();
  const std::set<std::string> known = {"html",   "head", "meta",   "title",   "style", "body",
                                       "header", "main", "footer", "section", "h1",    "h2",
                                       "h3",     "p",    "ul",     "li",      "dl",    "dt",
                                       "dd",     "div",  "code",   "span",    "time",  "!DOCTYPE"};
  std::set<std::string> attributes;
  for (const std::string& tag : tags_of(page)) {
    CAPTURE(tag);
    const std::size_t start = tag.starts_with("</") ? 2 : 1;
    CHECK(known.contains(tag.substr(start, tag.find_first_of(" >") - start)));
    const std::regex attribute(" ([a-z-]+)=\"[^\"<>&]*\"");
    for (std::sregex_iterator next(tag.begin(), tag.end(), attribute), end; next != end; ++next) {
      attributes.insert((*next)[1]);
    }
    // Nothing is left of a tag once its attributes are taken away.
    const std::string rest = std::regex_replace(tag, attribute, "");
    CHECK((rest == "<!DOCTYPE html>" || rest.find_first_of(" =\"'") == std::string::npos));
  }
  CHECK(attributes == std::set<std::string>{"aria-hidden", "aria-labelledby", "charset", "class",
                                            "content", "datetime", "http-equiv", "id", "lang",
                                            "name"});
  // All of it is there, as text.
  CHECK(has(page,
            "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&#39;a&#39;&gt;"
            "&quot;&amp;\\x1b[31m\\xff\\u202e"));
  CHECK(page.find('\x1b') == std::string::npos);
  CHECK(page.find('\xff') == std::string::npos);
}

TEST_CASE("report html: tags are closed in the order in which they are opened") {
  std::vector<std::string> open;
  for (const std::string& tag : tags_of(hostile_page())) {
    CAPTURE(tag);
    if (tag.starts_with("<!") || tag.starts_with("<meta")) continue;
    if (!tag.starts_with("</")) {
      open.push_back(tag.substr(1, tag.find_first_of(" >") - 1));
      continue;
    }
    REQUIRE_FALSE(open.empty());
    CHECK(open.back() == tag.substr(2, tag.size() - 3));
    open.pop_back();
  }
  CHECK(open.empty());
}

TEST_CASE("report html: one page that asks for nothing, and says so to the browser") {
  const std::string page = hostile_page();
  CHECK(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
  CHECK(std::regex_search(
      page, std::regex("Content-Security-Policy\" content=\"default-src 'none'; style-src "
                       "'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; form-action 'none'\"")));
  const std::string style = page.substr(page.find("<style>"), page.find("</style>"));
  CHECK(style.find("url(") == std::string::npos);
  CHECK(style.find("@import") == std::string::npos);
  CHECK(has(page, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"));
}

TEST_CASE("report html: headings go down by one, and every section is named by one") {
  const std::string page = hostile_page();
  int depth = 0;
  int first = 0;
  for (const std::string& tag : tags_of(page)) {
    if (tag.size() < 4 || !tag.starts_with("<h") || std::isdigit(tag[2]) == 0) continue;
    const int level = tag[2] - '0';
    CHECK(level <= depth + 1);
    depth = level;
    if (level == 1) ++first;
  }
  CHECK(first == 1);
  const std::regex labelled("aria-labelledby=\"([a-z]+)\"");
  std::size_t sections = 0;
  for (std::sregex_iterator next(page.begin(), page.end(), labelled), end; next != end; ++next) {
    CHECK(has(page, "<h2 id=\"" + (*next)[1].str() + "\""));
    ++sections;
  }
  CHECK(sections == 7);  // stops, four parts, warnings, scopes
}

}  // namespace
}  // namespace homeostat
