#include "specs/yaml.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace homeostat;
using nlohmann::json;

namespace {

// All documents of a text without mistakes.
std::vector<yaml::Node> parsed(std::string_view text) {
  Errors errors;
  std::vector<yaml::Node> documents = yaml::parse(text, 7, "forgejo.yaml", errors);
  for (const Error& error : errors) FAIL_CHECK(render(error));
  return documents;
}

json as_json(std::string_view text) {
  const std::vector<yaml::Node> documents = parsed(text);
  REQUIRE(documents.size() == 1);
  return yaml::to_json(documents[0]);
}

Errors errors_of(std::string_view text, const yaml::Limits& limits = {}) {
  Errors errors;
  (void)yaml::parse(text, 0, "forgejo.yaml", errors, limits);
  return errors;
}

std::string lines_of(int count, const char* line) {
  std::string text;
  for (int i = 0; i < count; ++i) text += fmt::format(fmt::runtime(line), i);
  return text;
}

}  // namespace

TEST_CASE("yaml: values keep their text, whatever they look like") {
  CHECK(as_json("a: 010\nb: yes\nc: 1.50\nd: 2027-01-31\ne: 0x1F\nf: 10.5.0.0/24\n") ==
        json{{"a", "010"},
             {"b", "yes"},
             {"c", "1.50"},
             {"d", "2027-01-31"},
             {"e", "0x1F"},
             {"f", "10.5.0.0/24"}});
}

TEST_CASE("yaml: empty, ~ and null are null; in quotes they are text") {
  CHECK(as_json("a:\nb: ~\nc: null\nd: \"null\"\ne: ''\n") ==
        json{{"a", nullptr}, {"b", nullptr}, {"c", nullptr}, {"d", "null"}, {"e", ""}});
}

TEST_CASE("yaml: quoted and block scalars are marked as text, plain ones are not") {
  const auto documents = parsed("a: 1\nb: '1'\nc: \"1\"\nd: |\n  1\ne: !!str 1\nf: !!int 1\n");
  REQUIRE(documents.size() == 1);
  const yaml::Node& root = documents[0];
  CHECK(!root.find("a")->quoted);
  for (const char* key : {"b", "c", "d", "e"}) CHECK(root.find(key)->quoted);
  CHECK(!root.find("f")->quoted);
  CHECK(root.find("g") == nullptr);
  CHECK(root.find("a")->find("x") == nullptr);
}

TEST_CASE("yaml: every value knows its line and column") {
  const auto documents = parsed("a: 1\nlist:\n  - x\n  - { k: v }\nempty:\nnext: ~\n");
  REQUIRE(documents.size() == 1);
  const yaml::Node& root = documents[0];
  CHECK(root.at == Origin{7, 1, 1});
  CHECK(root.find("a")->at == Origin{7, 1, 4});
  const yaml::Node& list = *root.find("list");
  CHECK(list.at == Origin{7, 3, 3});
  CHECK(list.items[0].at == Origin{7, 3, 5});
  CHECK(list.items[1].at == Origin{7, 4, 5});
  CHECK(list.items[1].find("k")->at == Origin{7, 4, 10});
  CHECK(root.find("next")->at == Origin{7, 6, 7});
}

TEST_CASE("yaml: an empty value has the place of its key or dash, not of what comes next") {
  const auto documents = parsed("# c\na:\n  b:\n\nnull_: 1\nlist:\n  -\n  - x\nflow: { k, l: }\n");
  REQUIRE(documents.size() == 1);
  const yaml::Node& root = documents[0];
  CHECK(root.find("a")->find("b")->at == Origin{7, 3, 3});
  CHECK(root.find("list")->items[0].at == Origin{7, 7, 3});
  CHECK(root.find("flow")->find("k")->at == Origin{7, 9, 9});
  CHECK(root.find("flow")->find("l")->at == Origin{7, 9, 12});
}

TEST_CASE("yaml: columns count characters, not bytes") {
  const auto documents = parsed("größe: { \"ä\": ü, €: x }\nb: 1\n");
  REQUIRE(documents.size() == 1);
  const yaml::Node& map = *documents[0].find("größe");
  CHECK(map.at == Origin{7, 1, 8});
  CHECK(map.items[0].at == Origin{7, 1, 10});
  CHECK(map.items[1].at == Origin{7, 1, 15});
  CHECK(map.items[2].at == Origin{7, 1, 18});
  CHECK(map.items[3].at == Origin{7, 1, 21});
  CHECK(documents[0].find("b")->at == Origin{7, 2, 4});
}

TEST_CASE("yaml: a leading byte order mark and CRLF line ends are fine") {
  CHECK(as_json("\xEF\xBB\xBF"
                "a: 1\r\nb: x\r\n") == json{{"a", "1"}, {"b", "x"}});
}

TEST_CASE("yaml: several documents come in order, and empty ones are left out") {
  const auto documents =
      parsed("---\na: 1\n---\n---\n# nothing\n--- ~\n---\nb: 2\n...\n# c\nc: 3\n");
  REQUIRE(documents.size() == 3);
  CHECK(yaml::to_json(documents[0]) == json{{"a", "1"}});
  CHECK(yaml::to_json(documents[1]) == json{{"b", "2"}});
  CHECK(yaml::to_json(documents[2]) == json{{"c", "3"}});
  CHECK(documents[1].at == Origin{7, 8, 1});
  CHECK(parsed("").empty());
  CHECK(parsed("# only a comment\n").empty());
}

TEST_CASE("yaml: a document that is in order is returned, though a later one is not") {
  Errors errors;
  const auto documents = yaml::parse("a: 1\n---\nb: [\n", 0, "forgejo.yaml", errors);
  REQUIRE(documents.size() == 1);
  CHECK(yaml::to_json(documents[0]) == json{{"a", "1"}});
  CHECK(errors.size() == 1);
}

TEST_CASE("yaml: !default resets, and takes no value") {
  const auto documents = parsed("a: !default\nb: { c: !default, d: !default }\ne: x\n");
  REQUIRE(documents.size() == 1);
  CHECK(documents[0].find("a")->reset);
  CHECK(documents[0].find("a")->kind == yaml::NodeKind::null);
  CHECK(documents[0].find("b")->find("c")->reset);
  CHECK(documents[0].find("b")->find("d")->reset);
  CHECK(!documents[0].find("e")->reset);
}

TEST_CASE("yaml: aliases are expanded, with the places of the anchor's text") {
  const auto documents = parsed("x: &x { a: [1, 2] }\ny: *x\nz: [*x, &s t, *s]\n");
  REQUIRE(documents.size() == 1);
  CHECK(yaml::to_json(*documents[0].find("y")) == json{{"a", {"1", "2"}}});
  CHECK(documents[0].find("y")->find("a")->at == Origin{7, 1, 12});
  CHECK(yaml::to_json(*documents[0].find("z")) == json::array({{{"a", {"1", "2"}}}, "t", "t"}));
}

TEST_CASE("yaml: an anchor may be given again, and aliases mean the last one above") {
  CHECK(as_json("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") ==
        json{{"a", "1"}, {"b", "1"}, {"c", "2"}, {"d", "2"}});
}

TEST_CASE("yaml: << merges, own keys win, and of several the first") {
  const auto documents = parsed(
      "a: &a { k: 1, l: 2 }\n"
      "b: &b { l: 3, m: 4 }\n"
      "one: { <<: *a, k: 0 }\n"
      "many:\n  <<: [*a, *b]\n  m: 9\n  n: 5\n"
      "chain: &c { <<: *b, l: 7 }\n"
      "last: { <<: *c }\n");
  REQUIRE(documents.size() == 1);
  const yaml::Node& root = documents[0];
  CHECK(yaml::to_json(*root.find("one")) == json{{"k", "0"}, {"l", "2"}});
  CHECK(yaml::to_json(*root.find("many")) == json{{"k", "1"}, {"l", "2"}, {"m", "9"}, {"n", "5"}});
  CHECK(yaml::to_json(*root.find("last")) == json{{"l", "7"}, {"m", "4"}});
  const yaml::Node& many = *root.find("many");
  CHECK(many.items[0].text == "m");
  CHECK(many.items[2].text == "n");
  CHECK(many.items[4].text == "k");
  CHECK(many.items[4].at == Origin{7, 1, 9});
  CHECK(as_json("\"<<\": 1\n") == json{{"<<", "1"}});
}

TEST_CASE("yaml: a merge of many keys into many keeps each once") {
  const std::string text =
      "a: &a\n" + lines_of(200, "  k{}: 1\n") + "b:\n  <<: *a\n" + lines_of(150, "  k{}: 2\n");
  const auto documents = parsed(text);
  REQUIRE(documents.size() == 1);
  const yaml::Node& merged = *documents[0].find("b");
  CHECK(merged.items.size() == 400);
  CHECK(merged.find("k149")->text == "2");
  CHECK(merged.find("k150")->text == "1");
}

TEST_CASE("yaml: twenty thousand keys are checked for duplicates in one go") {
  const std::string text = lines_of(20'000, "key{}: 1\n") + "key77: 2\n";
  Errors errors;
  const auto documents = yaml::parse(text, 0, "forgejo.yaml", errors);
  REQUIRE(errors.size() == 1);
  CHECK(to_string(errors[0]) ==
        "forgejo.yaml:20001:1: `key77` is given twice; first at forgejo.yaml:78:1 "
        "(keep one of the two)");
  REQUIRE(documents.size() == 1);
  CHECK(documents[0].items.size() == 40'000);
  CHECK(documents[0].find("key77")->text == "1");
}

TEST_CASE("yaml: a duplicate key in the middle of others names both places") {
  const Errors errors = errors_of(
      "services:\n  x:\n    container:\n      memory: 1GiB\n"
      "      cores: 2\n      memory: 2GiB\n");
  REQUIRE(errors.size() == 1);
  CHECK(render(errors[0]) ==
        "forgejo.yaml:6:7: `memory` is given twice; first at forgejo.yaml:4:7\n"
        "        memory: 2GiB\n"
        "        ^\n"
        "  hint: keep one of the two\n");
}

TEST_CASE("yaml: mistakes in keys and tags do not hide each other") {
  const Errors errors = errors_of("a: 1\na: 2\nb: !foo x\n~: y\n[c]: d\ne: { <<: 3 }\n");
  std::string messages;
  for (const Error& error : errors) messages += error.message + "\n";
  CHECK(messages ==
        "unknown tag `!foo`\n"
        "`<<` takes a mapping, or a list of mappings\n"
        "a key is missing here\n"
        "a key must be text, not a list\n"
        "`a` is given twice; first at forgejo.yaml:1:1\n");
}

TEST_CASE("yaml: nesting is limited, in brackets and by indentation, and never by the stack") {
  CHECK(errors_of(std::string(64, '[') + std::string(64, ']')).empty());
  for (const char* piece : {"[", "- ", "? ", "{a: ", "[{", "&a [", "!!seq [", "[[]] : ["}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += piece;
    const Errors errors = errors_of(text);
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].where.line == 1);
    CHECK(errors[0].message == "nested more than 64 levels deep");
  }
  std::string indented;
  for (int i = 0; i < 1000; ++i) indented += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  REQUIRE(errors_of(indented).size() == 1);
  CHECK(to_string(errors_of(indented)[0]) ==
        "forgejo.yaml:65:65: nested more than 64 levels deep "
        "(is a bracket or an indentation wrong?)");
}

TEST_CASE("yaml: aliases count as deep as what they stand for") {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 70; ++i) text += fmt::format("a{}: &a{} [*a{}]\n", i, i, i - 1);
  const Errors errors = errors_of(text);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].message == "nested more than 64 levels deep");
  CHECK(to_string(errors[0].where) == "forgejo.yaml:64:12");
}

TEST_CASE("yaml: a bomb of aliases is refused before it grows") {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    text += fmt::format("a{}: &a{} [", i, i);
    for (int k = 0; k < 10; ++k) text += fmt::format("{}*a{}", k == 0 ? "" : ", ", i - 1);
    text += "]\n";
  }
  const Errors errors = errors_of(text);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].message == "aliases make this file too large (more than 10480 values)");
  CHECK(errors[0].where.line == 4);
}

TEST_CASE("yaml: anchors inside anchors cannot grow a file either") {
  const yaml::Limits limits = {.max_depth = 64, .alias_factor = 2, .alias_slack = 0};
  CHECK(errors_of("&a [&b [x, y, z]]\n", limits).empty());
  const Errors errors = errors_of("&a [&b [&c [&d [x, y, z]]]]\n", limits);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].message ==
        "anchors inside anchors make this file too large (more than 14 values)");
}

TEST_CASE("yaml: the limit on aliases looks at the whole file, wherever they stand") {
  const yaml::Limits limits = {.max_depth = 64, .alias_factor = 1, .alias_slack = 0};
  const std::string aliases = "x: &x [1, 2, 3]\ny: [*x, *x, *x, *x, *x]\n";
  CHECK(errors_of(aliases, limits).size() == 1);
  CHECK(errors_of(aliases + lines_of(20, "k{}: v\n"), limits).empty());
}

TEST_CASE("yaml: an alias inside its own anchor is refused") {
  for (const char* text : {"a: &x [*x]\n", "a: &x { b: { c: *x } }\n"}) {
    const Errors errors = errors_of(text);
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].message == "`*x` stands inside the value that it refers to");
  }
}

TEST_CASE("yaml: anchors end with their document") {
  const Errors errors = errors_of("a: &x 1\nb: *x\n---\nc: *x\n");
  REQUIRE(errors.size() == 1);
  CHECK(to_string(errors[0]) ==
        "forgejo.yaml:4:4: no anchor `&x` stands above in this document "
        "(mark a value with `&x`, or write \"*x\" if it is text)");
}
