#include <doctest/doctest.h>

#include "specs/yaml.hpp"

using namespace homeostat;

namespace {

// What a user sees for a text with one mistake.
std::string complaint(std::string_view text) {
  Errors errors;
  (void)yaml::parse(text, 0, "a.yaml", errors);
  REQUIRE_MESSAGE(errors.size() == 1, text);
  return render(errors[0]);
}

struct Case {
  std::string_view text;
  std::string_view place;
  std::string_view message;
  std::string_view hint;
};

void check(std::span<const Case> cases) {
  for (const Case& c : cases) {
    CAPTURE(c.text);
    Errors errors;
    (void)yaml::parse(c.text, 0, "a.yaml", errors);
    REQUIRE(errors.size() == 1);
    CHECK(to_string(errors[0].where) == c.place);
    CHECK(errors[0].message == c.message);
    CHECK(errors[0].hint == c.hint);
    CHECK(errors[0].kind == ErrorKind::invalid_spec);
  }
}

using namespace std::string_view_literals;

}  // namespace

TEST_CASE("yaml errors: an unquoted reference in braces is told what to write") {
  CHECK(complaint("providers:\n  pve: { type: proxmox, token: ${secret.pve} }\n") ==
        "a.yaml:2:32: `${...}` inside { } or [ ] must be quoted\n"
        "    pve: { type: proxmox, token: ${secret.pve} }\n"
        "                                 ^\n"
        "  hint: write \"${secret.pve}\"\n");
  constexpr std::string_view message = "`${...}` inside { } or [ ] must be quoted";
  const Case cases[] = {
      {"a: { url: http://${container.dns.ip}:5380, b: c }", "a.yaml:1:11", message,
       "write \"http://${container.dns.ip}:5380\""},
      {"a: [ x, \"y\", ${b.c}-${d.e}, z ]", "a.yaml:1:14", message, "write \"${b.c}-${d.e}\""},
      {"a: [${b.c}]", "a.yaml:1:5", message, "write \"${b.c}\""},
      {"a: {\n  b: 1,\n  c: ${d.e},\n}\n", "a.yaml:3:6", message, "write \"${d.e}\""},
      {"{ ${a}: b }", "a.yaml:1:3", message, "write \"${a}\""},
  };
  check(cases);
  Errors errors;
  (void)yaml::parse("a: ${b.c}\nd: { e: \"${b.c}\" }\n", 0, "a.yaml", errors);
  CHECK(errors.empty());
}

TEST_CASE("yaml errors: tabs as indentation are refused, and nowhere else") {
  const Case cases[] = {
      {"a:\n\tb: c\n", "a.yaml:2:1", "tab used as indentation", "write spaces"},
      {"a:\n\tb\n", "a.yaml:2:1", "tab used as indentation", "write spaces"},
      {"a:\n  \tb: c\n", "a.yaml:2:3", "tab used as indentation", "write spaces"},
      {"a: 1\n\tb: 2\n", "a.yaml:2:1", "tab used as indentation", "write spaces"},
      {"a:\n\t- b\n", "a.yaml:2:1", "tab used as indentation", "write spaces"},
      {"-\ta: b\n\tc: d\n", "a.yaml:1:2", "tab used as indentation", "write spaces"},
      {"a: |\n\tx\n", "a.yaml:2:1", "tab used as indentation", "write spaces"},
  };
  check(cases);
  Errors errors;
  const auto documents =
      yaml::parse("a:\tb\nc: |\n  \tmake\nd: [\n\te,\n\tf ]\ng: \"x\n\ty\"\n", 0, "a.yaml", errors);
  for (const Error& error : errors) FAIL_CHECK(render(error));
  REQUIRE(documents.size() == 1);
  CHECK(documents[0].find("c")->text == "\tmake\n");
}

TEST_CASE("yaml errors: quotes, brackets and braces that are not closed show where they open") {
  const Case cases[] = {
      {"a: \"b\nc: d\n", "a.yaml:1:4", "the quote \" is never closed", "add the closing \""},
      {"a: \"b\nc: \"d\"\n", "a.yaml:1:4", "the quote \" is never closed", "add the closing \""},
      {"a: 'x", "a.yaml:1:4", "the quote ' is never closed", "add the closing '"},
      {"a: 1\nb: !!str &x 'y\n", "a.yaml:2:13", "the quote ' is never closed", "add the closing '"},
      {"a: [\"x, b]\nc: d\n", "a.yaml:1:5", "the quote \" is never closed", "add the closing \""},
      {"a: [ 'it''s', \"x\\\"\", 'y ]\n", "a.yaml:1:22", "the quote ' is never closed",
       "add the closing '"},
      {"a: [b, c\nd: e\n", "a.yaml:1:4", "`[` is never closed", "add the `]`"},
      {"a: { b: c\nd: { e: f }\n", "a.yaml:1:4", "`{` is never closed", "add the `}`"},
      {"a: [b}\n", "a.yaml:1:6", "`}` does not close the `[` of line 1", "check the brackets"},
      {"a: ]\n", "a.yaml:1:4", "`]` closes nothing", "remove it, or put the text in quotes"},
      {"{a: b c: d}\n", "a.yaml:1:8", "a `,` or `}` is missing here",
       "separate the values by commas; put texts with `:`, `{` or `[` in quotes"},
      {"[\"a\" b]\n", "a.yaml:1:6", "a `,` or `]` is missing here",
       "separate the values by commas; put texts with `:`, `{` or `[` in quotes"},
  };
  check(cases);
}

TEST_CASE("yaml errors: wrong indentation says what does not fit") {
  const Case cases[] = {
      {"a:\n  b: 1\n c: 2\n", "a.yaml:3:2", "the indentation fits no line above",
       "align it with the lines that it belongs to"},
      {"a: b\n  c: d\n", "a.yaml:2:3", "a key cannot start here: the line above is a value already",
       "align it with the key above, or end that one with `:`"},
      {"- a: 1\n   b: 2\n", "a.yaml:2:4",
       "a key cannot start here: the line above is a value already",
       "align it with the key above, or end that one with `:`"},
      {" a: b\nc: d\n", "a.yaml:2:1", "what stands above is complete, this belongs to nothing",
       "check the indentation of this line and of those above"},
      {"- a\nb: c\n", "a.yaml:2:1", "what stands above is complete, this belongs to nothing",
       "check the indentation of this line and of those above"},
      {"a: 1\n- b\n", "a.yaml:2:1", "a list item stands between the keys of a mapping",
       "indent it below its key"},
      {"a:\n  - b\n  c: d\n", "a.yaml:3:3", "this is no list item, and stands where one belongs",
       "write `- ` in front, or change the indentation"},
      {"a: - b\n", "a.yaml:1:4", "a list cannot start behind a key, on the same line",
       "put `- ...` on the next line, or write [a, b]"},
      {"a: |\n  x\n y\nb: 1\n", "a.yaml:3:2", "the indentation fits no line above",
       "align it with the lines that it belongs to"},
  };
  check(cases);
}

TEST_CASE("yaml errors: a key without its colon is refused, the last one too") {
  const Case cases[] = {
      {"a: 1\nfoo\n", "a.yaml:2:1", "`foo` has no `:`", "write `foo: value`"},
      {"a: 1\n\"foo\"\nb: 2\n", "a.yaml:2:1", "`\"foo\"` has no `:`", "write `\"foo\": value`"},
      {"a: 1\nfoo\nb: 2\n", "a.yaml:3:1",
       "a key cannot start here: the line above is a value already",
       "align it with the key above, or end that one with `:`"},
  };
  check(cases);
}

TEST_CASE("yaml errors: characters that mean something to YAML are told to be quoted") {
  const Case cases[] = {
      {", x\n", "a.yaml:1:1", "a value cannot start with `,`", "write \", x\""},
      {"...\n,: \n", "a.yaml:2:1", "a value cannot start with `,`", "write \",:\""},
      {"a: @x\n", "a.yaml:1:4", "a value cannot start with `@`", "write \"@x\""},
      {"a: `x \"y\"`\n", "a.yaml:1:4", "a value cannot start with ```", "write \"`x \\\"y\\\"`\""},
      {"a: %x\n", "a.yaml:1:4", "a value cannot start with `%`", "write \"%x\""},
      {"a: *.example.org\n", "a.yaml:1:4", "a value that starts with `*` must be quoted",
       "write \"*.example.org\""},
      {"d: [ *.example.org, x ]\n", "a.yaml:1:6", "a value that starts with `*` must be quoted",
       "write \"*.example.org\""},
      {"a: *\n", "a.yaml:1:4", "a value that starts with `*` must be quoted", "write \"*\""},
      {"a: b: c\n", "a.yaml:1:5", "`: ` inside a value must be quoted", "write \"b: c\""},
      {"a: \"b\" c\n", "a.yaml:1:8", "the value has ended, this text is too much",
       "put the whole value in quotes"},
      {"a: \"C:\\qx\"\n", "a.yaml:1:7", "unknown `\\` escape in double quotes",
       "write `\\\\` for a backslash, or use single quotes"},
      {"a: | x\n  y\n", "a.yaml:1:6", "text behind `|` or `>`", "begin the text on the next line"},
  };
  check(cases);
}

TEST_CASE("yaml errors: tags other than !default are refused, standard ones where they lie") {
  constexpr std::string_view only =
      "only `!default` is known; put a text that starts with `!` in quotes";
  const Case cases[] = {
      {"a: !foo b\n", "a.yaml:1:4", "unknown tag `!foo`", only},
      {"a: !foo [b]\n", "a.yaml:1:4", "unknown tag `!foo`", only},
      {"a: !!binary b\n", "a.yaml:1:4", "unknown tag `!!binary`", only},
      {"a: !!set { b }\n", "a.yaml:1:4", "unknown tag `!!set`", only},
      {"a: !!map b\n", "a.yaml:1:4", "`!!map` does not fit this value", "remove the tag"},
      {"a: !!str [b]\n", "a.yaml:1:4", "`!!str` does not fit this value", "remove the tag"},
      {"a: !!null b\n", "a.yaml:1:4", "`!!null` does not fit this value", "remove the tag"},
      {"a: !default b\n", "a.yaml:1:4", "`!default` takes no value",
       "write `!default` alone, or the value alone"},
      {"a: !default { b: c }\n", "a.yaml:1:4", "`!default` takes no value",
       "write `!default` alone, or the value alone"},
  };
  check(cases);
  Errors errors;
  (void)yaml::parse("a: !!int 1\nb: !!bool x\nc: !!map { d: e }\nf: !!seq [g]\nh: !!null\n", 0,
                    "a.yaml", errors);
  CHECK(errors.empty());
}

TEST_CASE("yaml errors: bytes that are no text are refused with their place") {
  const Case cases[] = {
      {"a: b\nä: \xE9t\xE9\n", "a.yaml:2:4", "byte 0xE9 is not UTF-8", "save the file as UTF-8"},
      {"a: \xC0\xAF\n", "a.yaml:1:4", "byte 0xC0 is not UTF-8", "save the file as UTF-8"},
      {"a: \xED\xA0\x80\n", "a.yaml:1:4", "byte 0xED is not UTF-8", "save the file as UTF-8"},
      {"a: \xE2\x82", "a.yaml:1:4", "byte 0xE2 is not UTF-8", "save the file as UTF-8"},
      {"a: \xF4\x90\x80\x80\n", "a.yaml:1:4", "byte 0xF4 is not UTF-8", "save the file as UTF-8"},
      {"abc\0d"sv, "a.yaml:1:4", "NUL byte in the text", "remove it; is this a text file?"},
      {"a: b\x04\n", "a.yaml:1:5", "control character 0x04 in the text",
       "remove it, or write \"\\x04\" in double quotes"},
      {"a: b\rc: d\n", "a.yaml:1:5", "carriage return without a line feed",
       "save the file with LF line ends"},
      {"a: \xEF\xBB\xBF"
       "b\n",
       "a.yaml:1:4", "byte order mark in the middle of the text",
       "remove this invisible character; it may only start a file"},
      {"\xFF\xFE"
       "a\0:\0"sv,
       "a.yaml:1:1", "the file is UTF-16", "save it as UTF-8"},
      {"\xFE\xFF\0a\0:"sv, "a.yaml:1:1", "the file is UTF-16", "save it as UTF-8"},
      {"a\0:\0 \0b\0"sv, "a.yaml:1:1", "the file is UTF-16", "save it as UTF-8"},
      {"\0\0\xFE\xFF\0\0\0a"sv, "a.yaml:1:1", "the file is UTF-32", "save it as UTF-8"},
      {"a\0\0\0"sv, "a.yaml:1:1", "the file is UTF-32", "save it as UTF-8"},
  };
  check(cases);
}
