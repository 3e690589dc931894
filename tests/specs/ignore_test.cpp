#include "specs/ignore.hpp"

#include <doctest/doctest.h>

using namespace homeostat;

namespace {

bool ignored(std::string_view rules, std::string_view path, bool folder = false) {
  return IgnoreRules(rules).ignores(path, folder);
}

}  // namespace

TEST_CASE("ignore: a name without slash matches at every depth") {
  CHECK(ignored("x.yaml", "x.yaml"));
  CHECK(ignored("x.yaml", "a/b/x.yaml"));
  CHECK(!ignored("x.yaml", "a/xx.yaml"));
  CHECK(ignored("*.yml", "a/b.yml"));
  CHECK(ignored("docs", "docs", true));
}

TEST_CASE("ignore: a slash ties a pattern to the top, a trailing one means folders") {
  CHECK(ignored("/x.yaml", "x.yaml"));
  CHECK(!ignored("/x.yaml", "a/x.yaml"));
  CHECK(ignored("a/*.yaml", "a/x.yaml"));
  CHECK(!ignored("a/*.yaml", "b/a/x.yaml"));
  CHECK(!ignored("a/*.yaml", "a/b/x.yaml"));
  CHECK(ignored("build/", "build", true));
  CHECK(ignored("build/", "a/build", true));
  CHECK(!ignored("build/", "build", false));
  CHECK(ignored("/a/b/", "a/b", true));
}

TEST_CASE("ignore: the last rule that fits decides") {
  CHECK(!ignored("*.yaml\n!keep.yaml", "keep.yaml"));
  CHECK(ignored("*.yaml\n!keep.yaml", "other.yaml"));
  CHECK(ignored("!keep.yaml\n*.yaml", "keep.yaml"));
}

TEST_CASE("ignore: comments, blank lines, trailing spaces and CRLF do not count") {
  CHECK(!ignored("# x\n\n   \n", "x"));
  CHECK(ignored("x  \r\ny\r\n", "x"));
  CHECK(ignored("x  \r\ny\r\n", "y"));
  CHECK(ignored("x\\ ", "x "));
  CHECK(ignored("\\#x\n\\!y", "#x"));
  CHECK(ignored("\\#x\n\\!y", "!y"));
  CHECK(!ignored("", "x"));
  CHECK(!ignored("/\n!\n", "x"));
}

TEST_CASE("ignore: ** stands for any number of folders") {
  CHECK(ignored("**/x", "x"));
  CHECK(ignored("**/x", "a/b/x"));
  CHECK(ignored("a/**", "a/b/c"));
  CHECK(!ignored("a/**", "a", true));
  CHECK(ignored("a/**/x", "a/x"));
  CHECK(ignored("a/**/x", "a/b/c/x"));
  CHECK(!ignored("a/**/x", "b/x"));
  CHECK(ignored("**/b/*.yaml", "a/b/c.yaml"));
}

TEST_CASE("ignore: *, ? and classes stay inside one name") {
  CHECK(ignored("a*c", "abbc"));
  CHECK(ignored("a*c", "ac"));
  CHECK(!ignored("a*c", "a/c"));
  CHECK(!ignored("/a*c", "ab/c"));
  CHECK(ignored("a?c", "abc"));
  CHECK(!ignored("a?c", "ac"));
  CHECK(ignored("[a-c]x", "bx"));
  CHECK(!ignored("[!a-c]x", "bx"));
  CHECK(ignored("[^a-c]x", "dx"));
  CHECK(ignored("[]]x", "]x"));
  CHECK(ignored("[a-]x", "-x"));
  CHECK(ignored("a\\*", "a*"));
  CHECK(!ignored("a\\*", "ab"));
  CHECK(ignored("[x", "[x"));
}

TEST_CASE("ignore: a pattern of many stars ends soon") {
  std::string stars;
  for (int i = 0; i < 30; ++i) stars += "*a";
  std::string folders;
  for (int i = 0; i < 30; ++i) folders += "**/a/";
  std::string path;
  for (int i = 0; i < 200; ++i) path += "a/";
  CHECK(!ignored(stars + "b", std::string(2000, 'a')));
  CHECK(!ignored(folders + "b", path + "c"));
}
