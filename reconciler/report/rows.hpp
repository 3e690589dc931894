// A plan's changes as rows of words, before anybody lays them out.
#pragma once

#include "reconciler/report/words.hpp"

namespace homeostat {

// `head left joint right`: "memory" "2GiB" " -> " "4GiB". The values may be cut, the rest may not.
struct Phrase {
  std::string head = {};
  std::string left = {};
  std::string joint = {};
  std::string right = {};
};
[[nodiscard]] std::string to_string(const Phrase& phrase);

struct Line {
  Phrase phrase;
  Words cause = {};
  bool same_cause = false;  // as the line above: not said again
};

struct Row {
  std::string symbol;
  Tone tone = Tone::plain;
  std::string address;
  std::vector<Line> lines;         // at least one
  std::vector<std::string> notes;  // whole sentences below
  std::string held;                // why it is not made, or ""
};

// In the drift report only the fields that git did not cause.
[[nodiscard]] Row describe(const Change& change, const Phrasing& phrasing);
[[nodiscard]] std::vector<Row> describe_unknown(const Phrasing& phrasing);
// Rows one behind the other that are held for the same reason: the last one says it for all.
void join_holds(std::vector<Row>& rows);

}  // namespace homeostat
