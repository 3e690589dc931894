#include "reconciler/yaml_lines.hpp"

#include <doctest/doctest.h>

using namespace homeostat;

TEST_CASE("yaml lines: a text is cut at newlines, the last one may be missing") {
  const FileText file("a\n\nb");
  CHECK(file.lines.size() == 3);
  CHECK(file.line(1) == "a");
  CHECK(file.line(2).empty());
  CHECK(file.line(3) == "b");
  CHECK(file.line(0).empty());
  CHECK(file.line(4).empty());
  CHECK(FileText("").lines.empty());
  CHECK(FileText("a\n").lines.size() == 1);
}

TEST_CASE("yaml lines: the word at a column is a key or a value, without quotes") {
  CHECK(word_at("  jellyfin:", 3) == "jellyfin");
  CHECK(word_at("  jellyfin:", 0) == "jellyfin");
  CHECK(word_at("  - 10.5.0.3", 0) == "10.5.0.3");
  CHECK(word_at("  \"@\": { MX: [\"10 mail\"] }", 0) == "@");
  CHECK(word_at("web: { domain: git.example.org, port: 3000 }", 8) == "domain");
  CHECK(word_at("web: { domain: git.example.org, port: 3000 }", 16) == "git.example.org");
  CHECK(word_at("  # nas: 1", 0).empty());
  CHECK(word_at("", 0).empty());
  CHECK(word_at("a", 9).empty());
}

TEST_CASE("yaml lines: a word is whole, and not in a comment") {
  CHECK(has_word("    nas: 10.5.0.20", "nas"));
  CHECK(has_word("tags: [web,nas]", "nas"));
  CHECK(has_word("a#nas", "a#nas"));
  CHECK_FALSE(has_word("    nas.lab: 10.5.0.20", "nas"));
  CHECK_FALSE(has_word("    my-nas: 10.5.0.20", "nas"));
  CHECK_FALSE(has_word("    nasty: 1", "nas"));
  CHECK_FALSE(has_word("    # nas: 10.5.0.20", "nas"));
  CHECK_FALSE(has_word("    a: 1 # nas", "nas"));
}

TEST_CASE("yaml lines: a block is what stands below its first line, and keys come first") {
  const FileText file(
      "containers:\n"
      "  jellyfin:   # memory\n"
      "    description: needs memory\n"
      "\n"
      "# memory: a comment at the margin ends nothing\n"
      "    memory : 2GiB\n"
      "    tags: [old]\n"
      "  plex:\n"
      "    cores: 2\n");
  CHECK(find_in_block(file, 2, "memory", true) == 6);
  CHECK(find_in_block(file, 2, "old", false) == 7);
  CHECK_FALSE(find_in_block(file, 2, "old", true));
  CHECK_FALSE(find_in_block(file, 2, "cores", false));
  CHECK(find_in_block(file, 1, "cores", true) == 9);
  CHECK_FALSE(find_in_block(file, 40, "cores", true));
}

TEST_CASE("yaml lines: a value ends with its block, or with the items beside its key") {
  const FileText file("a:\n  - 1\n  - 2\nb:\n- 1\n- x: 1\n  y: 2\n- 3\nc: 1\n- 4\n");
  CHECK(value_end(file, 1) == 3);
  CHECK(value_end(file, 4) == 8);
  CHECK(value_end(file, 6) == 7);
  CHECK(value_end(file, 7) == 7);
  CHECK(value_end(file, 99) == 99);
}

TEST_CASE("yaml lines: a line stands below the keys that are indented less") {
  const FileText file(
      "services:\n  a:\n    x: 1\n  b:\n    # note\n    y:\n      - z: 1\nother: 1\n");
  CHECK(enclosing_lines(file, 7) == std::vector<int>{6, 4, 1});
  CHECK(enclosing_lines(file, 3) == std::vector<int>{2, 1});
  CHECK(enclosing_lines(file, 8).empty());
  CHECK(enclosing_lines(file, 99).empty());
  CHECK(keys_above(file) == std::vector<int>{0, 1, 2, 1, 0, 4, 6, 0});
}
