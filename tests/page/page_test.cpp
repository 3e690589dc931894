// The report's page as a browser shows it: on a phone, on a desk, on paper, in light and dark. The
// pages are the golden files, which other tests hold to what is rendered. With
// HOMEOSTAT_SCREENSHOTS=FOLDER the pictures are kept there.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/support/browser.hpp"
#include "tests/support/golden.hpp"

namespace homeostat::test {
namespace {

using nlohmann::json;

std::string read_source(const std::string& file) {
  std::ifstream in(std::string(HOMEOSTAT_SOURCE_DIR) + "/" + file, std::ios::binary);
  REQUIRE_MESSAGE(in, file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> reports() {
  std::vector<std::string> out;
  for (const std::string& folder : golden_folders()) {
    if (folder.starts_with("report_")) out.push_back(folder);
  }
  return out;
}

std::string url_of(const std::string& report) {
  return "file://" + std::string(HOMEOSTAT_SOURCE_DIR) + "/tests/golden/" + report + "/report.html";
}

json measure(Page& page) { return page.evaluate(read_source("tests/page/measure.js")); }

// What is in a screenshot. On a page of its own, since the report's lets no picture in.
json look_at(Page& empty, const std::string& png) {
  return empty.evaluate("(" + read_source("tests/page/picture.js") + ")('data:image/png;base64," +
                        png + "')");
}

void keep(const std::string& name, const std::string& base64) {
  const char* folder = std::getenv("HOMEOSTAT_SCREENSHOTS");
  if (folder == nullptr) return;
  std::ofstream(std::string(folder) + "/" + name, std::ios::binary) << from_base64(base64);
}

std::string name_of(const std::string& report, const Screen& screen) {
  return report + "-" + std::to_string(screen.width) + (screen.dark ? "-dark" : "-light") +
         (screen.paper ? "-paper" : "") + ".png";
}

// Nothing sticks out, all words can be read, and the page asks for nothing.
void check_readable(const json& seen, const Screen& screen) {
  CAPTURE(seen["outside"]);
  CAPTURE(seen["unreadable"]);
  CHECK(seen["screen"] == screen.width);
  CHECK(seen["width"] <= screen.width);
  CHECK(seen["outside"].empty());
  CHECK(seen["texts"] >= 10);
  CHECK(seen["unreadable"].empty());
  CHECK(seen["lowest"] >= 4.5);
  CHECK(seen["small"].empty());
  CHECK(seen["hidden"].empty());
  CHECK(seen["scripts"] == 0);
  CHECK(seen["rules"] > 30);
}

TEST_CASE("page: every report can be read on a phone and on a desk, in light and in dark" *
          doctest::test_suite("once")) {
  Browser browser;
  Page empty(browser, "", {});
  REQUIRE(reports().size() >= 8);
  for (const std::string& report : reports()) {
    Page page(browser, url_of(report), {});
    for (const Screen& screen :
         {Screen{.width = 320}, Screen{.width = 390}, Screen{.width = 390, .dark = true},
          Screen{.width = 1280, .height = 900, .phone = false},
          Screen{.width = 1280, .height = 900, .phone = false, .dark = true}}) {
      const std::string name = name_of(report, screen);
      CAPTURE(name);
      page.show_on(screen);
      const json seen = measure(page);
      check_readable(seen, screen);
      CHECK((seen["paper"] > 0.8) == !screen.dark);
      CHECK((seen["paper"] < 0.05) == screen.dark);
      CHECK(page.requests() == std::vector<std::string>{url_of(report)});
      CHECK(page.complaints() == std::vector<std::string>());
      const std::string picture = page.screenshot();
      keep(name, picture);
      const json shown = look_at(empty, picture);
      CHECK(shown["width"] == screen.width);
      CHECK(shown["height"] >= 400);
      CHECK(shown["colours"] > 50);
      CHECK(shown["inked"] > 5000);
    }
  }
}

TEST_CASE("page: on paper a report is dark on white, whatever the screen was" *
          doctest::test_suite("once")) {
  Browser browser;
  for (const std::string& report : reports()) {
    CAPTURE(report);
    // 178 mm: A4 without its margins.
    const Screen screen = {.width = 673, .phone = false, .dark = true, .paper = true};
    Page page(browser, url_of(report), screen);
    const json seen = measure(page);
    check_readable(seen, screen);
    CHECK(seen["paper"] == 1.0);
    keep(name_of(report, screen), page.screenshot());
    const std::string base64 = page.pdf();
    keep(report + ".pdf", base64);
    const std::string pdf = from_base64(base64);
    CHECK(pdf.starts_with("%PDF-"));
    const std::regex sheet("/Type\\s*/Page\\b(?!s)");
    const auto sheets = std::distance(std::sregex_iterator(pdf.begin(), pdf.end(), sheet), {});
    CHECK(sheets >= 1);
    CHECK(sheets <= 3);
  }
}

TEST_CASE("page: hostile text is shown as it was written, and nothing of it happens" *
          doctest::test_suite("once")) {
  Browser browser;
  Page page(browser, url_of("report_hostile"), {});
  const std::string words = measure(page)["words"].get<std::string>();
  CHECK(words.find("<script>alert(1)</script>\"'><img src=http://evil.example/x onerror=x>") !=
        std::string::npos);
  CHECK(page.evaluate("document.querySelectorAll('script, img, a, iframe, b').length") == 0);
}

// A page with one fault, to see that it is found.
json faulty(Browser& browser, const TempDir& folder, const std::string& style,
            const std::string& body, std::vector<std::string>* requests = nullptr) {
  folder.write("page.html",
               "<!DOCTYPE html><html lang=en><meta name=viewport content='width=device-width'>"
               "<style>body { background: #fff; color: #000; margin: 0 } " +
                   style + "</style><body>" + body);
  Page page(browser, "file://" + folder.path() + "/page.html", {});
  if (requests != nullptr) *requests = page.requests();
  return measure(page);
}

TEST_CASE("page: the measures find what they look for" * doctest::test_suite("once")) {
  Browser browser;
  const TempDir folder;
  const json fine = faulty(browser, folder, "", "<p>fine</p>");
  CHECK(fine["width"] == 390);
  CHECK(fine["outside"].empty());
  CHECK(fine["unreadable"].empty());
  CHECK(fine["lowest"].get<double>() == doctest::Approx(21.0));

  CHECK(faulty(browser, folder, "p { width: 500px }", "<p>wide</p>")["width"] > 390);
  CHECK(faulty(browser, folder, "", "<p>" + std::string(300, 'w') + "</p>")["width"] > 390);
  // Cut off instead of wrapped, which makes the page no wider.
  const std::string cut = "p { overflow: hidden; white-space: nowrap }";
  CHECK_FALSE(
      faulty(browser, folder, cut, "<p>" + std::string(300, 'w') + "</p>")["outside"].empty());
  CHECK_FALSE(faulty(browser, folder, "p { color: #888 }", "<p>pale</p>")["unreadable"].empty());
  CHECK(faulty(browser, folder, "p { color: #767676 }", "<p>just so</p>")["unreadable"].empty());
  CHECK_FALSE(faulty(browser, folder, "div { background: rgba(0, 0, 0, .6) }",
                     "<div><p>on grey</p></div>")["unreadable"]
                  .empty());
  CHECK_FALSE(faulty(browser, folder, "p { font-size: 9px }", "<p>small</p>")["small"].empty());
  std::vector<std::string> requests;
  faulty(browser, folder, "", "<img src='http://127.0.0.1:9/x.png'><p>asks</p>", &requests);
  CHECK(requests.size() == 2);

  folder.write("refused.html",
               "<!DOCTYPE html><meta http-equiv=Content-Security-Policy content=\"default-src "
               "'none'\"><style>p { color: red }</style><p>x</p>");
  Page refused(browser, "file://" + folder.path() + "/refused.html", {});
  CHECK_FALSE(refused.complaints().empty());
  folder.write("blank.html", "<!DOCTYPE html>");
  Page blank(browser, "file://" + folder.path() + "/blank.html", {});
  Page empty(browser, "", {});
  CHECK(look_at(empty, blank.screenshot())["colours"] == 1);
}

}  // namespace
}  // namespace homeostat::test
