// `policy:`: windows, heal_after, approve. What it says of modes and lint is in config_test.cpp.
#include <doctest/doctest.h>

#include "specs/config.hpp"
#include "specs/types.hpp"
#include "tests/support/spec.hpp"

using namespace homeostat;

namespace {

// The one window that `text` says, and a container that it may be for.
tl::expected<Spec, Errors> with_window(const std::string& text) {
  return load_text("policy:\n  windows: [" + text + "]\ncontainers: { db: { vmid: 120 } }\n");
}

std::string errors_of(const std::string& window) {
  const auto spec = with_window(window);
  std::string out;
  if (spec) return out;
  for (const Error& error : spec.error()) out += to_string(error) + "\n";
  return out;
}

std::string why(const Result<int>& minutes) {
  return minutes ? std::to_string(*minutes) : minutes.error().message + ": " + minutes.error().hint;
}

std::string why(const Result<std::string>& text) {
  return text ? *text : text.error().message + ": " + text.error().hint;
}

}  // namespace

TEST_CASE("policy: heal_after and approve say when and by whose word drift is repaired") {
  const Spec spec = loaded("policy: { heal_after: 5m, approve: always }\n");
  CHECK(spec.policy.heal_after == std::chrono::minutes(5));
  CHECK(spec.policy.approve == Approve::always);
  const Spec silent = loaded("x-nothing: 1\n");
  CHECK(silent.policy.heal_after == std::chrono::seconds(0));
  CHECK(silent.policy.approve == Approve::guard);
  CHECK(silent.policy.windows.empty());
  CHECK(errors_in("policy:\n  heal_after: 5\n  approve: never\n") ==
        "spec.yaml:2:15: `heal_after`: 5 what?\n"
        "    heal_after: 5\n                ^\n"
        "  hint: write 5s\n"
        "spec.yaml:3:12: `approve`: `never` is not one of guard, always\n"
        "    approve: never\n             ^\n"
        "  hint: write one of these\n");
}

TEST_CASE("policy: a window has days, times, a time zone, and what it is for") {
  const auto spec = with_window(
      "{ only: [\"container/*\"], days: [mon, sun], from: \"22:30\", to: 02:00,"
      " timezone: Europe/Copenhagen }");
  REQUIRE(spec);
  REQUIRE(spec->policy.windows.size() == 1);
  const Window& window = spec->policy.windows.front();
  CHECK(window.only == std::vector<std::string>{"container/*"});
  CHECK(window.days.to_string() == "0000011");  // Saturday is the first bit of the text
  CHECK(window.from == 22 * 60 + 30);
  CHECK(window.to == 120);
  CHECK(window.timezone == "Europe/Copenhagen");
  CHECK(window.where.line == 2);
  CHECK(spec->warnings.empty());
}

TEST_CASE("policy: a window without days is for every day, one without `only` for everything") {
  const Spec spec =
      loaded("policy: { windows: { from: \"00:00\", to: \"24:00\", timezone: UTC } }\n");
  REQUIRE(spec.policy.windows.size() == 1);
  CHECK(spec.policy.windows.front().days.all());
  CHECK(spec.policy.windows.front().only.empty());
  CHECK(spec.policy.windows.front().to == 24 * 60);
}

TEST_CASE("policy: a window that cannot be meant is an error that says what to write") {
  CHECK(errors_of("{ from: \"02:00\", to: \"02:00\", timezone: UTC }") ==
        "spec.yaml:2:34: the window ends when it begins, at 02:00 (write a later time, or an "
        "earlier one for the day after)\n");
  CHECK(errors_of("{ from: \"00:00\", to: \"00:00\", timezone: UTC }") ==
        "spec.yaml:2:34: the window ends when it begins, at 00:00 (for the whole day write `to: "
        "\"24:00\"`)\n");
  CHECK(errors_of("{ from: \"24:00\", to: \"02:00\", timezone: UTC }") ==
        "spec.yaml:2:21: a window cannot begin at 24:00 (write `from: \"00:00\"`, and the day "
        "after among its `days`)\n");
  CHECK(errors_of("{ from: \"02:00\", to: \"05:00\" }") ==
        "spec.yaml:2:13: `timezone` is missing in `window` (write `timezone: "
        "Europe/Copenhagen`)\n");
  CHECK(errors_of("{ days: [], from: \"02:00\", to: \"05:00\", timezone: UTC }") ==
        "spec.yaml:2:21: the window has no day (name some, or remove the line: every day)\n");
  CHECK(errors_of("{ days: monday, from: \"02:00\", to: \"05:00\", timezone: UTC }") ==
        "spec.yaml:2:21: `days`: `monday` is not one of mon, tue, wed, thu, fri, sat, sun "
        "(write one of these)\n");
  CHECK(errors_of("{ only: [], from: \"02:00\", to: \"05:00\", timezone: UTC }") ==
        "spec.yaml:2:21: the window is for nothing (name addresses, such as `container/*`, or "
        "remove the line: for all)\n");
  CHECK(errors_of("nights") ==
        "spec.yaml:2:13: a window is a mapping (write { from: \"02:00\", to: \"05:00\", timezone: "
        "Europe/Copenhagen })\n");
  CHECK(errors_of("{ form: \"02:00\", to: \"05:00\", timezone: UTC }") ==
        "spec.yaml:2:15: `form` is not a field of `window` (did you mean `from`?)\n");
}

TEST_CASE("policy: a time zone that is not there is an error, in windows and in reports") {
  const auto none = [](const std::string& name) -> Status {
    if (name == "UTC") return {};
    return fail(ErrorKind::invalid_spec, "there is no time zone `" + name + "`", "look at a map");
  };
  const Texts texts = {
      {"homeostat.yaml",
       homelab() +
           "policy:\n  windows: [{ from: \"02:00\", to: \"05:00\", timezone: Europe/Atlantis }]\n"
           "notifiers: { a: { type: exec, command: [a] } }\n"
           "reports:\n  - { cron: \"0 7 * * *\", timezone: Asia/Lemuria }\n"
           "  - { cron: \"0 7 * * *\", timezone: UTC }\n"}};
  CHECK(load_texts(texts));
  const auto spec = load_spec(TextSource(texts), test_types(), test_notifiers(), none);
  REQUIRE_FALSE(spec);
  REQUIRE(spec.error().size() == 2);
  CHECK(render(spec.error().front()) ==
        "homeostat.yaml:25:53: `timezone`: there is no time zone `Europe/Atlantis`\n"
        "    windows: [{ from: \"02:00\", to: \"05:00\", timezone: Europe/Atlantis }]\n"
        "                                                      ^\n"
        "  hint: look at a map\n");
  CHECK(to_string(spec.error().back()).find("there is no time zone `Asia/Lemuria`") !=
        std::string::npos);
}

TEST_CASE("policy: a window for what is not there is a warning") {
  const auto spec = with_window(
      "{ only: [\"container/*\", \"container/bd\"], from: \"02:00\", to: \"05:00\", timezone: UTC "
      "}");
  REQUIRE(spec);
  REQUIRE(spec->warnings.size() == 1);
  CHECK(to_string(spec->warnings.front()) ==
        "spec.yaml:2:13: a window is for `container/bd`, and nothing here is called that (an "
        "address is written as in a plan: `container/forgejo`, `dns/lab/*`)");
}

TEST_CASE("policy: what belongs under it and stands at the top is led there") {
  CHECK(errors_in("windows: []\n") ==
        "spec.yaml:1:1: unknown section `windows`\n  windows: []\n  ^\n"
        "  hint: `windows` belongs under `policy:`\n");
}

TEST_CASE("policy: editors know windows, notifiers and reports") {
  const nlohmann::json schema = json_schema()["properties"];
  const nlohmann::json& window = schema["policy"]["properties"]["windows"]["anyOf"][0];
  CHECK(window["required"] == nlohmann::json{"from", "to", "timezone"});
  CHECK(window["properties"].contains("only"));
  CHECK(schema["policy"]["properties"].contains("heal_after"));
  CHECK(schema["policy"]["properties"]["approve"]["anyOf"][0]["enum"] ==
        nlohmann::json{"guard", "always"});
  CHECK(schema["reports"]["anyOf"][1]["items"]["required"] == nlohmann::json{"cron", "timezone"});
  CHECK(schema["notifiers"]["additionalProperties"]["required"] == nlohmann::json{"type"});
  CHECK(schema.contains("notify"));
}

TEST_CASE("types: a time of the day has two digits each") {
  const std::string form = ": write hours and minutes in quotes: \"02:00\"";
  CHECK(why(parse_time_of_day("00:00")) == "0");
  CHECK(why(parse_time_of_day("23:59")) == "1439");
  CHECK(why(parse_time_of_day("24:00")) == "1440");
  CHECK(why(parse_time_of_day("7:00")) == "`7:00` has an hour of one digit: write \"07:00\"");
  // What other readers of YAML make of 02:00 without quotes.
  CHECK(why(parse_time_of_day("120")) == "`120` is not a time of the day" + form);
  CHECK(why(parse_time_of_day("7pm")) == "`7pm` is not a time of the day" + form);
  CHECK(why(parse_time_of_day("24:01")) ==
        "`24:01` is not a time of the day: a day goes from 00:00 to 24:00");
  for (const char* text : {"", ":", "02:", ":00", "2:0", "02:60", "25:00", "-1:00", "02:00:00"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time_of_day(text));
  }
}

TEST_CASE("types: a time zone is an area and a city") {
  const std::string form =
      ": write the area and the city, such as Europe/Copenhagen, or UTC: then summer time is known";
  for (const char* text : {"UTC", "Europe/Copenhagen", "America/Argentina/Buenos_Aires",
                           "America/Port-au-Prince", "Etc/GMT+2"}) {
    CHECK(why(canonical_timezone(text)) == text);
  }
  CHECK(why(canonical_timezone("utc")) == "`utc` is not the name of a time zone: write UTC");
  CHECK(why(canonical_timezone("america/new_york")) ==
        "`america/new_york` is not the name of a time zone: write America/New_York");
  for (const char* text : {"", "CET", "+02:00", "Europe/", "/Vienna", "a/b/c/d", "../etc/passwd"}) {
    CHECK(why(canonical_timezone(text)) ==
          "`" + std::string(text) + "` is not the name of a time zone" + form);
  }
}
