#include "specs/result.hpp"

#include <doctest/doctest.h>

using namespace homeostat;

namespace {

Error at(int line, int column, std::string message, std::string excerpt = {},
         std::string hint = {}) {
  return Error{ErrorKind::invalid_spec, std::move(message), std::move(hint),
               SourceRef{"dns.yaml", line, column}, std::move(excerpt)};
}

}  // namespace

TEST_CASE("result: an error reads place, message, line, caret and hint") {
  CHECK(render(at(14, 8, "2048 what?", "memory: 2048", "write 2048MiB")) ==
        "dns.yaml:14:8: 2048 what?\n"
        "  memory: 2048\n"
        "         ^\n"
        "  hint: write 2048MiB\n");
  CHECK(render(at(0, 0, "is empty")) == "dns.yaml: is empty\n");
  CHECK(render(Error{ErrorKind::internal, "odd", "", {}, ""}) == "odd\n");
  CHECK(to_string(at(14, 8, "2048 what?", "", "write 2048MiB")) ==
        "dns.yaml:14:8: 2048 what? (write 2048MiB)");
  CHECK(to_string(Error{ErrorKind::internal, "odd", "", {}, ""}) == "odd");
}

TEST_CASE("result: the caret keeps tabs and counts characters") {
  CHECK(render(at(1, 3, "m", "\tä€x")) == "dns.yaml:1:3: m\n  \tä€x\n  \t ^\n");
  CHECK(render(at(1, 99, "m", "ab")) == "dns.yaml:1:99: m\n  ab\n    ^\n");
}

TEST_CASE("result: of a long line the part around the column is shown, cut between characters") {
  std::string line;
  for (int i = 0; i < 1000; ++i) line += "ä";
  const std::string text = render(at(1, 500, "m", line));
  std::string part;
  for (int i = 0; i < 120; ++i) part += "ä";
  CHECK(text == "dns.yaml:1:500: m\n  …" + part + "…\n  " + std::string(61, ' ') + "^\n");
  CHECK(render(at(1, 1, "m", line)) == "dns.yaml:1:1: m\n  " + part + "…\n  ^\n");
}

TEST_CASE("result: bytes that a terminal would obey are not printed") {
  CHECK(render(at(1, 3, "m", "a\x1B\xFF\xC2\x9B\x01z")) ==
        "dns.yaml:1:3: m\n  a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\n    ^\n");
}

TEST_CASE("result: errors are sorted by place, and equal ones are kept once") {
  Errors errors = {at(10, 1, "b"), at(9, 2, "a"), at(10, 1, "a"), at(10, 1, "b"), at(9, 1, "z")};
  sort_errors(errors);
  REQUIRE(errors.size() == 4);
  CHECK(to_string(errors[0]) == "dns.yaml:9:1: z");
  CHECK(to_string(errors[1]) == "dns.yaml:9:2: a");
  CHECK(to_string(errors[2]) == "dns.yaml:10:1: a");
  CHECK(to_string(errors[3]) == "dns.yaml:10:1: b");
}
