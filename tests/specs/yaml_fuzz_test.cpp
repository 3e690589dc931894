// Texts that nobody would write: whatever the bytes, parse() gives nodes or errors with a place.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "specs/yaml.hpp"

using namespace homeostat;

namespace {

constexpr std::string_view valid = R"(# a service
services:
  forgejo: &svc
    container: { vmid: 110, template: "debian-12", memory: 2GiB, token: "${secret.x}" }
    name: 'forgejo.lab.example.org'
    env:
      GREETING: "Grüß \"Gott\"\n"
      EMPTY:
      RESET: !default
    tags: [a, "b c", d]
    script: |
      #!/bin/sh
      echo "hi: there"  # not a comment

    folded: >-
      one
      two
x-base: &base
  - &item { k: v, "q": [1, 2, [3, {}]] }
  - *item
merged:
  <<: *svc
  ? complex
  : value
---
other: ~
...
)";

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  std::string mutate(std::string text) {
    for (std::size_t i = pick(6); i-- > 0;) change(text);
    return text;
  }

 private:
  std::size_t pick(std::size_t count) { return count == 0 ? 0 : random_() % count; }

  void change(std::string& text) {
    static const std::vector<std::string> pieces = {"[",
                                                    "]",
                                                    "{",
                                                    "}",
                                                    ",",
                                                    ":",
                                                    ": ",
                                                    "- ",
                                                    "? ",
                                                    "\n",
                                                    "\r\n",
                                                    "\t",
                                                    "  ",
                                                    "#",
                                                    "\"",
                                                    "'",
                                                    "|",
                                                    ">",
                                                    "&a ",
                                                    "*a",
                                                    "!x ",
                                                    "!!str ",
                                                    "<<:",
                                                    "${",
                                                    "---\n",
                                                    "...\n",
                                                    "%YAML 1.2\n",
                                                    "\\",
                                                    "~",
                                                    "@",
                                                    "`",
                                                    "%",
                                                    "*svc",
                                                    "&svc ",
                                                    "!default",
                                                    "\xEF\xBB\xBF",
                                                    "\xC3",
                                                    "\xFF",
                                                    "\x04",
                                                    "ä",
                                                    "\xE2\x80\xA8",
                                                    "[[[[[[[[[[[[[[[[[[",
                                                    "null",
                                                    "!!null",
                                                    "|+2\n",
                                                    ">-\n",
                                                    "!<tag:x> ",
                                                    "- - - - - - - - ",
                                                    "{a: {a: {a: "};
    const std::size_t at = pick(text.size() + 1);
    const std::size_t length = std::min(pick(20), text.size() - at);
    switch (pick(6)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(pick(text.size() + 1), text.substr(at, length));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(pick(256));
        break;
      case 3:
        text.resize(at);
        break;
      default:
        text.insert(at, pieces[pick(pieces.size())]);
    }
  }

  std::mt19937 random_;
};

void check_shape(const yaml::Node& node, std::uint32_t lines, std::size_t depth) {
  REQUIRE(depth <= 64);
  REQUIRE(node.at.file == 3);
  REQUIRE(node.at.line >= 1);
  REQUIRE(node.at.line <= lines);
  REQUIRE(node.at.column >= 1);
  const bool mapping = node.kind == yaml::NodeKind::mapping;
  if (mapping) REQUIRE(node.items.size() % 2 == 0);
  if (!mapping && node.kind != yaml::NodeKind::sequence) REQUIRE(node.items.empty());
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (mapping && i % 2 == 0) REQUIRE(node.items[i].kind == yaml::NodeKind::scalar);
    check_shape(node.items[i], lines, depth + (node.items[i].items.empty() ? 0 : 1));
  }
}

void check_error(const Error& error, int lines) {
  REQUIRE(error.kind == ErrorKind::invalid_spec);
  REQUIRE(error.where.file == "f.yaml");
  REQUIRE(error.where.line >= 1);
  REQUIRE(error.where.line <= lines);
  REQUIRE(error.where.column >= 1);
  REQUIRE(!error.message.empty());
  REQUIRE(error.message.find('\n') == std::string::npos);
  REQUIRE(render(error).ends_with('\n'));
}

}  // namespace

TEST_CASE("yaml fuzz: any bytes give nodes, or errors with a place, and never a crash") {
  std::size_t good = 0;
  for (std::uint32_t seed = 0; seed < 10'000; ++seed) {
    CAPTURE(seed);
    const std::string text = Mutator(seed).mutate(std::string(valid));
    const auto lines = static_cast<int>(std::ranges::count(text, '\n')) + 1;
    Errors errors;
    const std::vector<yaml::Node> documents = yaml::parse(text, 3, "f.yaml", errors);
    for (const Error& error : errors) check_error(error, lines);
    for (const yaml::Node& node : documents) {
      check_shape(node, static_cast<std::uint32_t>(lines), 1);
    }
    if (!errors.empty()) continue;
    ++good;
    for (const yaml::Node& node : documents) {
      const nlohmann::json value = yaml::to_json(node);
      if (!value.is_structured()) continue;
      Errors again;
      const auto back = yaml::parse(yaml::emit(value), 3, "f.yaml", again);
      REQUIRE(again.empty());
      REQUIRE(back.size() == 1);
      REQUIRE(yaml::to_json(back[0]) == value);
    }
  }
  CHECK(good > 1000);
}
