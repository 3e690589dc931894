#include <doctest/doctest.h>

#include "reconciler/report/cells.hpp"

namespace homeostat {
namespace {

TEST_CASE("cells: what would break a line or trick a terminal is written out") {
  CHECK(printable("plain text, Grüße, 東京, 🦊") == "plain text, Grüße, 東京, 🦊");
  CHECK(printable("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(printable("\x1b[31mred\x1b[0m\x7f") == "\\x1b[31mred\\x1b[0m\\x7f");
  CHECK(printable(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\u009b31m");  // CSI in one character
  CHECK(printable("user\xe2\x80\xae"
                  "txt") == "user\\u202etxt");  // right-to-left override
  CHECK(printable("a\xe2\x80\x8b"
                  "b") == "a\\u200bb");  // zero width
}

TEST_CASE("cells: bytes that are not UTF-8 are written out one by one") {
  CHECK(printable("a\xff"
                  "b") == "a\\xffb");
  CHECK(printable("\xc3") == "\\xc3");                    // cut off
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");           // overlong
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // half a surrogate pair
}

TEST_CASE("cells: a code point is one column") {
  CHECK(text_width("") == 0);
  CHECK(text_width("Grüße") == 5);
  CHECK(padded("Grüße", 7) == "Grüße  ");
  CHECK(padded("toolong", 3) == "toolong");
}

TEST_CASE("cells: a long text loses its middle") {
  CHECK(cut_middle("0123456789", 10) == "0123456789");
  CHECK(cut_middle("0123456789", 7) == "012…789");
  CHECK(cut_middle("0123456789", 6) == "012…89");
  CHECK(cut_middle("ääääööööüüüü", 5) == "ää…üü");
}

TEST_CASE("cells: two texts that differ still differ after the cut") {
  const std::string left = "v=spf1 include:_spf.example.org include:a.example.net ~all";
  const std::string right = "v=spf1 include:_spf.example.org include:b.example.net ~all";
  const auto [first, second] = cut_pair(left, right, 20);
  CHECK(first != second);
  CHECK(text_width(first) <= 20);
  CHECK(text_width(second) <= 20);
  CHECK(first == "…clude:a.example.ne…");
  CHECK(second == "…clude:b.example.ne…");
  // Where the ends tell them apart, the ends are shown.
  CHECK(cut_pair("aaaaaaaaaaaaaaaa1", "aaaaaaaaaaaaaaaa2", 9).second == "aaaa…aaa2");
  // One is the start of the other.
  const auto [some, more] = cut_pair(std::string(30, 'x'), std::string(31, 'x'), 10);
  CHECK(some != more);
}

TEST_CASE("cells: lines break at spaces, a longer word stays whole") {
  using Lines = std::vector<std::string>;
  CHECK(wrap("one two three", 7) == Lines{"one two", "three"});
  CHECK(wrap("one", 2) == Lines{"one"});
  CHECK(wrap("a verylongword b", 5) == Lines{"a", "verylongword", "b"});
  CHECK(wrap("", 5) == Lines{""});
  CHECK(wrap("ää öö üü", 5) == Lines{"ää öö", "üü"});
}

}  // namespace
}  // namespace homeostat
