#include "reconciler/history.hpp"

#include <doctest/doctest.h>

#include <random>

#include "tests/support/temp_repo.hpp"

using namespace homeostat;

TEST_CASE("history: a hunk says which lines became which") {
  const FileText before("a\nb\nc\nd\n");
  CHECK(diff_lines(before, FileText("a\nb\nc\nd\n")).empty());
  const auto inserted = diff_lines(before, FileText("a\nx\nb\nc\nd\n"));
  REQUIRE(inserted.size() == 1);
  CHECK(inserted[0].old_start == 2);
  CHECK(inserted[0].old_lines == 0);
  CHECK(inserted[0].new_start == 2);
  CHECK(inserted[0].new_lines == 1);
  const auto two = diff_lines(before, FileText("a\nX\nc\nD\nE\n"));
  REQUIRE(two.size() == 2);
  CHECK(line_after(two, 1) == 1);
  CHECK_FALSE(line_after(two, 2));
  CHECK(line_after(two, 3) == 3);
  CHECK(line_before(two, 3) == 3);
  CHECK_FALSE(line_before(two, 5));
}

TEST_CASE("history: lines that are followed read the same, there and back") {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    CAPTURE(round);
    const auto text = [&random] {
      std::string lines;
      for (auto count = random() % 12; count > 0; --count) {
        lines += std::string(1, static_cast<char>('a' + random() % 4)) + "\n";
      }
      return lines;
    };
    const FileText before(text());
    const FileText after(text());
    const Hunks hunks = diff_lines(before, after);
    std::size_t kept = 0;
    for (int line = 1; line <= static_cast<int>(before.lines.size()); ++line) {
      const auto moved = line_after(hunks, line);
      if (!moved) continue;
      ++kept;
      CHECK(before.line(line) == after.line(*moved));
      CHECK(line_before(hunks, *moved) == line);
    }
    std::size_t touched = 0;
    for (const Hunk& hunk : hunks) touched += static_cast<std::size_t>(hunk.new_lines);
    CHECK(kept + touched == after.lines.size());
  }
}

TEST_CASE("history: a line is found again by its word in what replaced it") {
  const FileText before("dns:\n  nas: 1\n  web: 2\n");
  const FileText after("dns:\n  # nas: 1\n  \"nas\": 3\n  www: 4\n");
  const Hunks hunks = diff_lines(before, after);
  CHECK(find_again(hunks, after, 1, "dns") == 1);
  CHECK(find_again(hunks, after, 2, "nas") == 3);
  CHECK_FALSE(find_again(hunks, after, 3, "web"));
}

TEST_CASE("history: ids are 40 hex digits") {
  const std::string hex = "0123456789abcdef0123456789abcdef01234567";
  CHECK(hex_of(parse_object_id(hex).value()) == hex);
  for (const std::string& text : {std::string(), hex.substr(1), hex + "0", std::string(40, 'x')}) {
    CHECK_FALSE(parse_object_id(text));
  }
}

TEST_CASE("history: what a tree no longer has as it was, and who is before whom") {
  TempRepo repo;
  repo.write("a.yaml", "a: 1\n");
  repo.write("lab/b.yaml", "b: 1\n");
  repo.write("same.yaml", "c: 1\n");
  const auto start = parse_object_id(repo.commit("start")).value();
  repo.write("a.yaml", "a: 2\n");
  repo.remove("lab/b.yaml");
  repo.write("new.yaml", "d: 1\n");
  const auto head = parse_object_id(repo.commit("head")).value();
  const auto history = History::open(repo.path());
  REQUIRE(history);
  const auto before = history->commit(start)->tree;
  const auto& changed = history->changed_files(before, history->commit(head)->tree);
  REQUIRE(changed.size() == 2);
  CHECK(changed[0].first == "a.yaml");
  CHECK(changed[1].first == "lab/b.yaml");
  CHECK(history->text(changed[0].second)->text == "a: 1\n");
  CHECK(history->changed_files(before, before).empty());
  CHECK(history->is_within(start, head));
  CHECK(history->is_within(head, head));
  CHECK_FALSE(history->is_within(head, start));
  CHECK_FALSE(History::open(repo.path() + "/nothing"));
}
