// A report in words, before anybody lays them out: what text, Markdown and HTML have in common.
#pragma once

#include "reconciler/report/digest.hpp"
#include "reconciler/report/scopes.hpp"

namespace homeostat {

struct Section {
  DigestPart part = DigestPart::drift;
  std::string_view id;     // one word, of this section alone
  std::string title;       // "Drift"
  std::size_t count = 0;   // of what it is about
  std::vector<Row> rows;   // with what is unknown; at least one
  std::string_view first;  // what the columns of a table are called
  std::string_view second;
  std::string_view third;
  std::string_view more;  // the command that shows all of it
};
// Those of the parts that hold something; of the others, outcome() speaks.
[[nodiscard]] std::vector<Section> sections_of(const Digest& digest);

struct Remark {
  std::string kind;  // "warning", "blocked"
  std::string text;  // a sentence
};
[[nodiscard]] std::vector<Remark> remarks_of(const Digest& digest);

// The headline in pieces, and behind them, of the parts that were asked for and hold nothing, that
// they do. At least one.
[[nodiscard]] std::vector<std::string> outcome(const Digest& digest);
// "in sync" and the like: how a mark may colour the report as a whole.
[[nodiscard]] Tone mood(const Digest& digest);
// "20 Nov 2026 14:02 UTC+1"
[[nodiscard]] std::string date_words(const Digest& digest);
// "live view 14:02:11", "no live view"; with its age where it is not of now.
[[nodiscard]] std::string view_words(const Digest& digest);
// Whether the live view is of the time at which the report was made.
[[nodiscard]] bool seen_now(const Digest& digest);

}  // namespace homeostat
