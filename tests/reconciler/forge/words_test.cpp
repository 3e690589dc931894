#include "reconciler/forge/words.hpp"

#include <doctest/doctest.h>

#include <random>

#include "specs/utf8.hpp"
#include "tests/support/cases.hpp"

using namespace homeostat;

namespace {

constexpr std::string_view zero_width_space = "\xE2\x80\x8B";

std::string commented(std::string_view text, std::size_t bytes = 65'536,
                      std::string_view link = {}) {
  const std::string comment = plan_comment("home", text, {.bytes = bytes, .link = link});
  const std::string marker = comment_marker("home") + "\n";
  REQUIRE(comment.starts_with(marker));
  return comment.substr(marker.size());
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// `~` where something unseen keeps a name from its @.
std::string neutral(std::string_view text) {
  std::string out = commented(text);
  for (auto at = out.find(zero_width_space); at != out.npos; at = out.find(zero_width_space)) {
    out.replace(at, zero_width_space.size(), "~");
  }
  return out;
}

}  // namespace

TEST_CASE("forge words: a status is the summary, or what went wrong, on one line") {
  CHECK(status_words("1 to create, 3 to change") == "1 to create, 3 to change");
  Error error;
  error.message = "ttl needs a unit, got \"300\"";
  error.hint = "write 300s or 5m";
  error.where = {"dns.yaml", 14, 12};
  CHECK(status_words(error) == "dns.yaml:14:12: ttl needs a unit, got \"300\" (write 300s or 5m)");
  CHECK(status_words("a\nb\t c\x1b[0m \xFF") == "a b c [0m");
}

TEST_CASE("forge words: a status has at most 140 characters, whole ones") {
  for (const std::string character : {"x", "ü", "€", "😀"}) {
    for (const std::size_t count : {139U, 140U, 141U, 500U}) {
      std::string text;
      for (std::size_t i = 0; i < count; ++i) text += character;
      const std::string shown = status_words(text);
      CHECK(is_utf8(shown));
      CHECK(utf8_count(shown) == std::min<std::size_t>(count, 140));
      CHECK((shown == text) == (count < 140));
    }
  }
}

TEST_CASE("forge words: the marker is a comment whatever the site is called") {
  CHECK(comment_marker("home") == "<!-- homeostat plan home -->");
  CHECK(comment_marker("a--> b") == "<!-- homeostat plan a--%3E%20b -->");
}

TEST_CASE("forge words: a plan that fits is said in full") {
  const std::string text = "### Plan\n\n| a | b |\n|---|---|\n| `+` | `container/x@pve` |\n";
  CHECK(commented(text) == text);
  CHECK(commented("") == "");
  CHECK(commented("\n\na\n\n") == "\n\na\n\n");
}

TEST_CASE("forge words: nobody is called by a name in the plan") {
  CHECK(neutral("@all") == "@~all");
  CHECK(neutral("by @ana, (@bo) and\n@c_d") == "by @~ana, (@~bo) and\n@~c_d");
  CHECK(neutral("&#64;all &#x40;all &commat;all") == "&#64;~all &#x40;~all &commat;~all");
  CHECK(neutral("\\@all \\\\@all") == "\\@~all \\\\@~all");
  CHECK(neutral("@@all") == "@@~all");
  // No mention for any forge.
  for (const std::string text :
       {"container/x@pve", "main@3f2a91c", "a @ b", "@", "mail@", "@ all"}) {
    CHECK(neutral(text) == text);
  }
}

TEST_CASE("forge words: no line of the plan is a command to GitLab") {
  CHECK(neutral("/close\n a/b /close\n  /merge") == "~/close\n a/b /close\n~  /merge");
}

TEST_CASE("forge words: what stands in code stays as it is, to be copied") {
  for (const std::string text :
       {"`@all`", "x `a @all` y", "``a ` @all``", "<code>@all</code>", "`a` and `@b`"}) {
    CHECK(neutral(text) == text);
  }
  CHECK(neutral("`a` @all `b`") == "`a` @~all `b`");
  CHECK(neutral("<code>a</code> @all <code>b</code>") == "<code>a</code> @~all <code>b</code>");
}

TEST_CASE("forge words: what only looks like code is none") {
  CHECK(neutral("` @all") == "` @~all");
  CHECK(neutral("`` @all `") == "`` @~all `");
  CHECK(neutral("\\` @all `") == "\\` @~all `");
  CHECK(neutral("<code>@all") == "<code>@~all");
  CHECK(neutral("| `a | @all` |") == "| `a | @~all` |");  // a bar ends the cell
  // Two lines share their backticks: for the forge the name stands between two spans.
  CHECK(neutral("a `b\nc` @all `d`") == "a `b\nc` @~all `d`");
  CHECK(neutral("a `b\n\n`@all`") == "a `b\n\n`@all`");
}

TEST_CASE("forge words: what is too long is cut behind a line, and says so") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "| `+` | `container/" + std::to_string(1000 + i) + "` |\n";
  const std::string shown = commented(text, 1000);
  CHECK(shown.size() <= 1000 - comment_marker("home").size());
  CHECK(shown.size() > 700);
  const auto note = shown.find("\n**Cut off:** ");
  REQUIRE(note != std::string::npos);
  CHECK(text.starts_with(shown.substr(0, note)));
  CHECK(shown[note - 1] == '\n');
  CHECK(shown.ends_with(" lines are left out; see `homeostat plan`\n"));
  CHECK(commented(text, 1000, "https://lab.example.org/plan")
            .ends_with("; see [the whole plan](https://lab.example.org/plan)\n"));
}

TEST_CASE("forge words: what is open where the plan is cut is closed") {
  std::string text = "one\n\n<details><summary>more</summary>\n\n";
  for (int i = 0; i < 100; ++i) text += "- a line of some length\n";
  text += "\n</details>\n";
  std::string shown = commented(text, 800);
  CHECK(count_of(shown, "<details>") == 1);
  CHECK(count_of(shown, "</details>") == 1);
  CHECK(shown.find("</details>") < shown.find("**Cut off:**"));

  text = "<details><summary>short</summary>x\n\n</details>\n~~~~ text\n";
  for (int i = 0; i < 100; ++i) text += "~~~ a line <details>\n";
  shown = commented(text + "~~~~\n", 800);
  CHECK(shown.find("\n~~~~\n\n**Cut off:**") != std::string::npos);
  CHECK(count_of(shown, "</details>") == 1);

  text = "```\ncode\n```\n";
  for (int i = 0; i < 100; ++i) text += "a line of some length\n";
  shown = commented(text, 800);
  CHECK(count_of(shown, "```") == 2);
}

TEST_CASE("forge words: a line that is too long for a comment is begun") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "€";
  const std::string shown = commented(text, 600);
  CHECK(shown.size() <= 600 - comment_marker("home").size());
  CHECK(is_utf8(shown));
  CHECK(shown.starts_with("€€€€"));
  CHECK(shown.find("€…\n") != std::string::npos);
}

TEST_CASE("forge words: whatever the bytes, a comment is UTF-8, within its limit, and marked") {
  for_each_case([](int seed) {
    std::mt19937 random(static_cast<std::uint32_t>(seed));
    static const std::vector<std::string> pieces = {"@all",
                                                    "`",
                                                    "``",
                                                    "```\n",
                                                    "~~~\n",
                                                    "<code>",
                                                    "</code>",
                                                    "<details>",
                                                    "</details>",
                                                    "\n",
                                                    "\n\n",
                                                    "|",
                                                    "\\",
                                                    "\xFF",
                                                    "\xC3",
                                                    "€",
                                                    "😀",
                                                    "text ",
                                                    "&#64;x",
                                                    std::string(1, '\0'),
                                                    "<!-- homeostat plan home -->"};
    std::string text;
    for (std::size_t i = random() % 300; i-- > 0;) text += pieces[random() % pieces.size()];
    const std::size_t limit = 500 + random() % 1500;
    const std::string shown = commented(text, limit);
    CHECK(is_utf8(shown));
    CHECK(shown.size() + comment_marker("home").size() + 1 <= limit);
  });
}
