#include "tests/specs/schema_case.hpp"

using namespace homeostat;
using namespace homeostat::schema_case;

TEST_CASE("schema: a scalar has the canonical form of its type") {
  const auto scalar = [](Type type, std::string_view text) {
    return shown(canonical_scalar({.name = "x", .type = type}, text));
  };
  CHECK(scalar(Type::text, "010") == "\"010\"");
  CHECK(scalar(Type::integer, "110") == "110");
  CHECK(scalar(Type::boolean, "true") == "true");
  CHECK(scalar(Type::size, "2048MiB") == "\"2GiB\"");
  CHECK(scalar(Type::duration, "60m") == "\"1h\"");
  CHECK(scalar(Type::ip, "2001:DB8::1") == "\"2001:db8::1\"");
  CHECK(scalar(Type::name, "NAS.lab.") == "\"nas.lab\"");
  CHECK(scalar(Type::boolean, "yes") == "`yes` is not true or false: write true");
  CHECK(scalar(Type::list, "a") == "`a` is not a list: ");
}

TEST_CASE("schema: words of a field are accepted beside its type") {
  const FieldSchema ip{.name = "ip", .type = Type::ip, .choices = {"auto", "dhcp"}};
  CHECK(shown(canonical_scalar(ip, "auto")) == "\"auto\"");
  CHECK(shown(canonical_scalar(ip, "10.5.0.7")) == "\"10.5.0.7\"");
  CHECK_FALSE(canonical_scalar(ip, "any"));
  const FieldSchema choice{.name = "c", .type = Type::choice, .choices = {"http", "https"}};
  CHECK(shown(canonical_scalar(choice, "htpt")) ==
        "`htpt` is not one of http, https: did you mean `http`?");
  CHECK(shown(canonical_scalar(choice, "ftp")) ==
        "`ftp` is not one of http, https: write one of these");
}

TEST_CASE("schema: limits are inclusive and said in the field's own unit") {
  const FieldSchema port{.name = "p", .type = Type::integer, .min = 1, .max = 65535};
  CHECK(canonical_scalar(port, "65535"));
  CHECK(shown(canonical_scalar(port, "65536")) == "`65536` is too large: write 65535 or less");
  const FieldSchema wait{.name = "w", .type = Type::duration, .min = 60};
  CHECK(shown(canonical_scalar(wait, "5s")) == "`5s` is too small: write 1m or more");
  const FieldSchema size{.name = "s", .type = Type::size, .min = 1048576};
  CHECK(shown(canonical_scalar(size, "5B")) == "`5B` is too small: write 1MiB or more");
  CHECK(canonical_scalar(size, "16000000TiB"));  // above 63 bit, below 64
}

TEST_CASE("schema: an error about a secret never shows it") {
  const FieldSchema secret{.name = "t", .type = Type::url, .secret = true};
  CHECK(shown(canonical_scalar(secret, "hunter2")) ==
        "the value has a wrong form (it is a secret): ");
}

TEST_CASE("schema: values with text scalars become canonical when references are resolved") {
  const KindSchema& container = *find_kind("container");
  CHECK(shown(canonical_value(*container.field("ports"), json::array({"443:443", "53:53/UDP"}))) ==
        R"(["443:443/tcp","53:53/udp"])");
  CHECK(shown(canonical_value(*container.field("ports"), "80")) == R"(["80:80/tcp"])");
  CHECK(shown(canonical_value(*container.field("env"), {{"A", 1}, {"B", nullptr}})) ==
        R"({"A":"1","B":null})");
  CHECK(shown(canonical_value(*container.field("healthcheck"),
                              {{"interval", "60s"}, {"retries", "3"}})) ==
        R"({"interval":"1m","retries":3})");
  CHECK(shown(canonical_value(*container.field("memory"), nullptr)) == "null");
  CHECK_FALSE(canonical_value(*container.field("healthcheck"), {{"pace", "60s"}}));
  CHECK_FALSE(canonical_value(*container.field("memory"), json::array()));
  CHECK_FALSE(canonical_value(*container.field("env"), "A=1"));
}

TEST_CASE("schema: an object reads into canonical attributes with the lines they came from") {
  const Reading reading = read_kind("container",
                                    "memory: 2048MiB\n"
                                    "env:\n"
                                    "  A: 1\n"
                                    "  B/C: two\n"
                                    "tags: [web, db]\n"
                                    "healthcheck: { interval: 60s,\n"
                                    "  test: [curl,\n"
                                    "    -f] }\n"
                                    "mounts:\n"
                                    "  - { source: /a, target: /b }\n"
                                    "  - source: /c\n"
                                    "    target: /d\n");
  CHECK(reading.error() == "no error");
  CHECK(reading.value ==
        json{{"memory", "2GiB"},
             {"env", {{"A", "1"}, {"B/C", "two"}}},
             {"tags", {"db", "web"}},
             {"healthcheck", {{"interval", "1m"}, {"test", {"curl", "-f"}}}},
             {"mounts",
              {{{"source", "/a"}, {"target", "/b"}}, {{"source", "/c"}, {"target", "/d"}}}}});
  CHECK(reading.lines() ==
        "memory: 1, env/A: 3, env/B%2FC: 4, tags/db: 5, tags/web: 5, healthcheck/interval: 6, "
        "healthcheck/test: 7 8, mounts: 10 11 12");
}

TEST_CASE("schema: one scalar stands for a list of one, a mapping does not") {
  CHECK(read_kind("container", "ports: 80").value == json{{"ports", {"80:80/tcp"}}});
  CHECK(
      read_kind("container", "ports: { a: 1 }").error() ==
      "t.yaml:1:8: `ports` must be a list (write `ports: [\"8080:80\", \"127.0.0.1:53:53/udp\"]`)");
  CHECK(read_kind("container", "mounts: /data")
            .error()
            .starts_with("t.yaml:1:9: `mounts` must be a list"));
  CHECK(read_kind("container", "env: A=1")
            .error()
            .starts_with("t.yaml:1:6: `env` must be a mapping"));
  CHECK(read_kind("container", "healthcheck: on")
            .error()
            .starts_with("t.yaml:1:14: `healthcheck` must be a mapping"));
  CHECK(read_kind("container", "memory: [1GiB]").error() ==
        "t.yaml:1:9: `memory` must be one value (write `memory: 2GiB`)");
  CHECK(read({.fields = {}, .what = "container"}, "[a]")
            .error()
            .starts_with("t.yaml:1:1: `container` must be a mapping"));
}

TEST_CASE("schema: what is wrong is said with its place, all at once") {
  const Reading reading = read_kind("container",
                                    "memory: 2048\n"
                                    "cores: 010\n"
                                    "unprivileged: yes\n"
                                    "disk:\n"
                                    "env: { A: }\n"
                                    "state: running\n");
  REQUIRE(reading.errors.size() == 6);
  CHECK(reading.error(0) == "t.yaml:1:9: `memory`: 2048 what? (write 2048MiB)");
  CHECK(reading.error(1) == "t.yaml:2:8: `cores`: `010` could be read as 8 or as 10 (write 10)");
  CHECK(reading.error(2) == "t.yaml:3:15: `unprivileged`: `yes` is not true or false (write true)");
  CHECK(reading.error(3).find("`disk` has no value (write `disk: 16GiB`)") != std::string::npos);
  CHECK(reading.error(4).find(
            "`A` has no value (write `A: \"\"` for an empty text, or remove the line)") !=
        std::string::npos);
  CHECK(reading.error(5) ==
        "t.yaml:6:1: `state` is given by the live system and cannot be set "
        "(remove the line; other resources may refer to it)");
  CHECK(reading.value == json{{"env", json::object()}});
}

TEST_CASE("schema: a missing field is said once, at its object") {
  CHECK(read_kind("ip", "mac: bc-24-11-00-00-07").error() ==
        "t.yaml:1:1: `address` is missing in `ip` (write `address: 10.5.0.7`)");
  CHECK(read_kind("ip", "address: nas").errors.size() == 1);
  CHECK(read({.fields = find_kind("ip")->fields, .complete = false}, "{}").errors.empty());
  const Reading nested = read_kind("container", "volumes: [{ name: data }]");
  CHECK(nested.error() == "t.yaml:1:11: `target` is missing in `volumes` (write `target: /data`)");
}

TEST_CASE("schema: an unknown key gets the nearest known one") {
  CHECK(read_kind("container", "memroy: 2GiB").error() ==
        "t.yaml:1:1: `memroy` is not a field of `container` (did you mean `memory`?)");
  CHECK(read_kind("ip", "address: 10.5.0.7\ncolour: red").error() ==
        "t.yaml:2:1: `colour` is not a field of `ip` (write one of address, mac, hostname, "
        "description)");
}

TEST_CASE("schema: an unknown key is looked for one level down and one level up") {
  CHECK(read_kind("container", "interval: 5s").error() ==
        "t.yaml:1:1: `interval` is not a field of `container` (`interval` belongs under "
        "`healthcheck:`)");
  CHECK(read_kind("container", "healthcheck: { memory: 2GiB }").error() ==
        "t.yaml:1:16: `memory` is not a field of `healthcheck` (`memory` belongs one level up, "
        "beside `healthcheck:`)");
  const std::vector<FieldSchema> service = {
      {.name = "container", .type = Type::object, .fields = find_kind("container")->fields},
      {.name = "web", .type = Type::object, .fields = {{.name = "domain"}}}};
  const std::vector<std::string_view> skip = {"mode"};
  const std::vector<KeyPlace> elsewhere = {{"cidr", "under `networks:`"}};
  const ReadObject how{.fields = service, .skip = skip, .what = "service", .elsewhere = elsewhere};
  CHECK(read(how, "memory: 2GiB").errors.front().hint == "`memory` belongs under `container:`");
  CHECK(read(how, "container: { domain: a }").errors.front().hint ==
        "`domain` belongs under `web:`");
  CHECK(read(how, "container: { mode: report }").errors.front().hint ==
        "`mode` belongs one level up, beside `container:`");
  CHECK(read(how, "container: { cidr: x }").errors.front().hint ==
        "`cidr` belongs under `networks:`");
  CHECK(read(how, "mode: report").errors.empty());
}

TEST_CASE("schema: suggestions are near, and never a different word") {
  const std::vector<std::string> known = {"memory", "mac", "ip", "start_on_boot"};
  CHECK(suggestion("memmory", known) == "did you mean `memory`?");
  CHECK(suggestion("mac_", known) == "did you mean `mac`?");
  CHECK(suggestion("start_onbott", known) == "did you mean `start_on_boot`?");
  CHECK(suggestion("pi", known) == "did you mean `ip`?");
  CHECK(suggestion("xy", known).empty());
  CHECK(suggestion("network", known).empty());
}
