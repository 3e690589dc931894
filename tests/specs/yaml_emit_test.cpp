#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>

#include "specs/yaml.hpp"

using namespace homeostat;
using nlohmann::json;

namespace {

// `value` as a parser that leaves scalars as text would give it.
json as_text(const json& value) {
  if (value.is_string() || value.is_null()) return value;
  if (value.is_object()) {
    json out = json::object();
    for (const auto& [key, item] : value.items()) out[key] = as_text(item);
    return out;
  }
  if (value.is_array()) {
    json out = json::array();
    for (const json& item : value) out.push_back(as_text(item));
    return out;
  }
  return value.dump();
}

void check_round_trip(const json& object) {
  const std::string text = yaml::emit(object);
  CAPTURE(text);
  Errors errors;
  const std::vector<yaml::Node> documents = yaml::parse(text, 0, "x.yaml", errors);
  for (const Error& error : errors) FAIL_CHECK(render(error));
  REQUIRE(documents.size() == 1);
  CHECK(yaml::to_json(documents[0]) == as_text(object));
}

}  // namespace

TEST_CASE("yaml emit: the form that people edit") {
  const json object = {
      {"cores", 2},
      {"memory", "2GiB"},
      {"unprivileged", true},
      {"description", nullptr},
      {"ip", "10.5.0.110"},
      {"mac", "BC:24:11:00:00:0A"},
      {"tags", {"a", "yes", "10"}},
      {"env", {{"EMPTY", ""}, {"LIST", json::array()}, {"MAP", json::object()}}},
      {"mounts", {{{"source", "/srv/media"}, {"target", "/media"}}, {{"source", "x"}}}},
      {"nested", {{1, 2}, {3}}},
      {"script", "#!/bin/sh\necho \"hi\"\n\n  exit 0\n"},
      {"wildcard", "*.example.org"}};
  CHECK(yaml::emit(object) ==
        "cores: 2\n"
        "description: null\n"
        "env:\n"
        "  EMPTY: \"\"\n"
        "  LIST: []\n"
        "  MAP: {}\n"
        "ip: 10.5.0.110\n"
        "mac: BC:24:11:00:00:0A\n"
        "memory: 2GiB\n"
        "mounts:\n"
        "  - source: /srv/media\n"
        "    target: /media\n"
        "  - source: x\n"
        "nested:\n"
        "  - - 1\n"
        "    - 2\n"
        "  - - 3\n"
        "script: |\n"
        "  #!/bin/sh\n"
        "  echo \"hi\"\n"
        "\n"
        "    exit 0\n"
        "tags:\n"
        "  - a\n"
        "  - \"yes\"\n"
        "  - \"10\"\n"
        "unprivileged: true\n"
        "wildcard: \"*.example.org\"\n");
  check_round_trip(object);
  CHECK(yaml::emit(json::object()) == "{}\n");
}

TEST_CASE("yaml emit: a text that reads as something else is quoted") {
  for (const char* text : {"",           "~",
                           "null",       "NULL",
                           "yes",        "No",
                           "on",         "OFF",
                           "y",          "true",
                           "False",      "010",
                           "0x1F",       "0o17",
                           "1e5",        "-1",
                           "+1.5",       ".5",
                           "1_000",      "1,5",
                           "12:30:45",   "52:54:00:12:34:56",
                           "2027-01-31", ".inf",
                           "-.INF",      ".NaN",
                           "<<",         "=",
                           "-",          "- a",
                           "? a",        ": a",
                           "a: b",       "a:",
                           "a #b",       "#x",
                           "&x",         "*x",
                           "!x",         "|",
                           ">",          "%x",
                           "@x",         "`x`",
                           "\"x\"",      "'x'",
                           "[a]",        "{a}",
                           " lead",      "trail ",
                           "a\tb",       "---",
                           "...",        "--- a",
                           "... a"}) {
    const std::string out = yaml::emit({{"k", text}});
    CAPTURE(out);
    CHECK(out != fmt::format("k: {}\n", text));
    check_round_trip({{"k", text}});
    check_round_trip({{text, {text}}});
  }
}

TEST_CASE("yaml emit: what reads as text anyway stays plain") {
  for (const char* text :
       {"a", "forgejo.lab.example.org", "10.5.0.0/24", "1.2.3", "2GiB", "90s", "12:AB:34", "a, b",
        "http://x:80/y", "grün", "日本", "a-b_c", "note", "on-call", "/srv", "v1.0"}) {
    CHECK(yaml::emit({{"k", text}}) == fmt::format("k: {}\n", text));
    check_round_trip({{"k", text}});
  }
}

TEST_CASE("yaml emit: several lines stand as they are where YAML can hold them so") {
  CHECK(yaml::emit({{"a", {{"k", "x\ny"}}}}) == "a:\n  k: |-\n    x\n    y\n");
  for (const char* text : {"x\ny", "x\n", "x\n\ny\n", "\nx", " x\ny", "x\n\n", "x \ny", "x\ty\nz",
                           "x\n  y\nz", "x\r\ny", "\n", "\n\n", "x\n#y\n", "x\n---\ny\n", "x\n ",
                           "# x\ny\n", "x\n\n\n  y", "ä\nö\n"}) {
    check_round_trip({{"k", text}});
    check_round_trip({{"a", {{{"k", text}, {"l", {text, text}}}}}});
    check_round_trip({{text, 1}});
  }
}

TEST_CASE("yaml emit: control characters, odd spaces and long texts come back") {
  std::string all;
  for (char c = 1; c < 0x20; ++c) all += c;
  all += "\x7F\xC2\x80\xC2\x85\xC2\xA0\xE2\x80\xA8\xE2\x80\xA9\xEF\xBB\xBF\xF0\x9F\x98\x80\\\"";
  check_round_trip({{"k", all}, {"nul", std::string(3, '\0')}});
  check_round_trip({{"long", std::string(100'000, 'x')}, {std::string(3000, 'k'), "v"}});
  check_round_trip({{std::string(3000, 'k'), {{"a", {1, 2}}}}, {std::string(1025, ' '), nullptr}});
}

TEST_CASE("yaml emit: numbers keep their digits") {
  check_round_trip({{"a", -1}, {"b", 1.5}, {"c", 18446744073709551615U}, {"d", 1e300}, {"e", 0.1}});
}

namespace {

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  json object(int depth) {
    json out = json::object();
    for (std::size_t i = pick(4); i > 0; --i) out[text()] = value(depth - 1);
    return out;
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }

  std::string text() {
    static const std::vector<std::string> pieces = {
        "a",   "B",   "0",    "1",    " ",    "  ",       "\n",
        "\t",  ":",   ": ",   "#",    " #",   "-",        "- ",
        "?",   ",",   "[",    "]",    "{",    "}",        "&",
        "*",   "!",   "|",    ">",    "'",    "\"",       "%",
        "@",   "`",   "\\",   ".",    "..",   "~",        "ä",
        "€",   "😀",   "\r",   "\x01", "null", "yes",      "$",
        "${",  "---", "\n\n", "=",    "<<",   "\xC2\xA0", "\xE2\x80\xA8",
        "\x7F"};
    std::string out;
    for (std::size_t i = pick(7); i > 0; --i) out += pieces[pick(pieces.size())];
    return out;
  }

  json value(int depth) {
    const std::size_t kind = pick(depth > 0 ? 9 : 6);
    if (kind < 3) return text();
    if (kind == 3) return nullptr;
    if (kind == 4) return pick(2) == 0;
    if (kind == 5) return static_cast<int>(pick(1000)) - 500;
    if (kind < 8) return object(depth);
    json out = json::array();
    for (std::size_t i = pick(4); i > 0; --i) out.push_back(value(depth - 1));
    return out;
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("yaml emit: any object comes back, and always as the same bytes") {
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    const json object = Generator(seed).object(4);
    CHECK(yaml::emit(object) == yaml::emit(json::parse(object.dump())));
    check_round_trip(object);
  }
}
