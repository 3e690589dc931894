#include "tests/specs/schema_case.hpp"

using namespace homeostat;
using namespace homeostat::schema_case;

TEST_CASE("schema: !default resets a field to its default, or to nothing") {
  const Reading reading = read_kind("container",
                                    "restart: !default\n"
                                    "memory: !default\n"
                                    "env: { A: !default, B: 1 }\n"
                                    "healthcheck: !default\n");
  CHECK(reading.error() == "no error");
  CHECK(reading.value == json{{"restart", "no"},
                              {"memory", nullptr},
                              {"env", {{"A", nullptr}, {"B", "1"}}},
                              {"healthcheck", nullptr}});
  CHECK(reading.lines() == "restart: 1, memory: 2, env/A: 3, env/B: 3, healthcheck: 4");
  CHECK(read_kind("ip", "address: !default").error().find("has no default to go back to") !=
        std::string::npos);
  CHECK(read_kind("container", "ports: [!default ]").error().find("cannot stand here") !=
        std::string::npos);
}

TEST_CASE("schema: a reference stays as written and is kept as an open value") {
  const Reading reading = read_kind("container",
                                    "memory: \"${container.db.memory}\"\n"
                                    "env: { A/B~: \"x ${secret.db} y\" }\n"
                                    "mounts: [{ source: \"${container.nas.ip}\", target: /a }]\n");
  CHECK(reading.error() == "no error");
  REQUIRE(reading.open.size() == 3);
  CHECK(reading.open[0].pointer == "/memory");
  CHECK(reading.open[1].pointer == "/env/A~1B~0");
  CHECK(reading.open[1].parts.size() == 3);
  CHECK(reading.open[1].at.line == 2);
  CHECK(reading.open[2].pointer == "/mounts/0/source");
  for (const OpenValue& open : reading.open) {
    const json& text = reading.value.at(json::json_pointer(open.pointer));
    CHECK(text.get<std::string>().find("${") != std::string::npos);
  }
}

TEST_CASE("schema: the pointer of an open value follows it when a set is sorted") {
  const Reading reading = read_kind(
      "container", "devices: [/z, \"${secret.a}\", /a, \"${secret.b}\", /a, \"${secret.a}\"]");
  REQUIRE(reading.open.size() == 2);
  for (const OpenValue& open : reading.open) {
    const json& text = reading.value.at(json::json_pointer(open.pointer));
    CHECK(text == "${secret." + open.parts.front().text + '}');
  }
  CHECK(reading.value["devices"].size() == 4);
}

TEST_CASE("schema: where no reference can stand, one is an error") {
  Reading reading;
  const yaml::Node node = parse_one("\"${secret.a}\"", reading);
  ReadSink sink{reading.errors, reading.files};
  CHECK(read_value({.name = "url"}, node, "/url", "url", sink).is_null());
  CHECK(reading.error() ==
        "t.yaml:1:1: `url`: a reference cannot be used here (write the value "
        "itself, or `$${` for a plain `${`)");
  CHECK(read_kind("container", "tags: [\"${secret.a}\"]").errors.size() == 1);
}

TEST_CASE("schema: $${ is a plain ${, and a live text is never a reference") {
  const Reading escaped = read_kind("container", "env: { A: \"$${HOME} 5$\" }");
  CHECK(escaped.value["env"]["A"] == "${HOME} 5$");
  CHECK(escaped.open.empty());
  const Reading live = read_kind("container", "env: { A: \"${HOME}\" }\nstate: running\n", true);
  CHECK(live.error() == "no error");
  CHECK(live.value == json{{"env", {{"A", "${HOME}"}}}, {"state", "running"}});
  CHECK(read_kind("ip", "mac: bc-24-11-00-00-07", true).errors.empty());
}

TEST_CASE("schema: a broken reference says what one looks like") {
  CHECK(read_kind("container", "image: \"a ${secret.x\"").error() ==
        "t.yaml:1:8: `image`: `${secret.x` is not closed with `}` (write `${container.NAME.ip}` or "
        "`${secret.NAME}`, or `$${` for a plain `${`)");
}

TEST_CASE("schema: texts split into literals, references and secrets") {
  CHECK(template_text("plain") == "[plain]");
  CHECK(template_text("").empty());
  CHECK(template_text("http://${container.dns.ip}:5380") == "[http://][container/dns ip][:5380]");
  CHECK(template_text("${ secret.npm }") == "[secret npm]");
  CHECK(template_text("${proxy_host.git.example.org.domains}") ==
        "[proxy_host/git.example.org domains]");
  CHECK(template_text("${container.a.b.env/FOO.BAR}") == "[container/a.b env/FOO.BAR]");
  CHECK(template_text("${container.web@pve.ip}") == "[container/web@pve ip]");
  CHECK(template_text("${dns.lab/@/MX.values}") == "[dns/lab/%40/MX values]");
  CHECK(template_text("${dns.lab/*/A.values}") == "[dns/lab/%2A/A values]");
  CHECK(template_text("${volume.data.size}") == "[volume/data size]");
  CHECK(template_text("$${a} $$${b}") == "[${a} $${b}]");
  CHECK(template_text("$$") == "[$$]");
  CHECK(template_text("${}") == "`${}` refers to nothing");
  CHECK(template_text("${VAR:-x}") == "`${VAR:-x}` is not a reference");
  CHECK(template_text("${container.db}") == "`${container.db}` names no field");
  CHECK(template_text("${container.db.}") == "`${container.db.}` names no field");
  CHECK(template_text("${secret.}") == "`${secret.}` is not a reference");
  CHECK(template_text("${a b.c.d}") == "`${a b.c.d}` has characters that no reference has");
  CHECK(has_template("a ${x}"));
  CHECK(has_template("$${a}${b}"));
  CHECK_FALSE(has_template("a $${x} $y {z}"));
}

TEST_CASE("schema: a path names its field, key or member") {
  const KindSchema& container = *find_kind("container");
  CHECK(field_at(container, nullptr, "memory") == container.field("memory"));
  REQUIRE(field_at(container, nullptr, "env/FOO") != nullptr);
  CHECK(field_at(container, nullptr, "env/FOO")->type == Type::text);
  REQUIRE(field_at(container, nullptr, "healthcheck/interval") != nullptr);
  CHECK(field_at(container, nullptr, "healthcheck/interval")->type == Type::duration);
  CHECK(field_at(container, nullptr, "mounts/0/size")->type == Type::size);
  CHECK(field_at(container, nullptr, "memory/x") == nullptr);
  CHECK(field_at(container, nullptr, "nothing") == nullptr);
  CHECK(field_at(container, nullptr, "extra/x") == nullptr);
  CHECK(field_at(container, nullptr, "extra") == nullptr);
  const ProviderKindSchema extra{.extra = {{.name = "x", .type = Type::integer}},
                                 .unsupported = {}};
  CHECK(field_at(container, &extra, "extra/x") == &extra.extra.front());
  CHECK(field_at(container, &extra, "extra/y") == nullptr);
  CHECK(field_at(container, &extra, "x") == nullptr);
}

TEST_CASE("schema: a block text lists every line it is written on") {
  const Reading reading = read_kind("container", "description: |\n  one\n  two\ncores: 2\n");
  CHECK(reading.value["description"] == "one\ntwo");
  CHECK(reading.lines() == "description: 1 2 3, cores: 4");
}

TEST_CASE("schema: canonical values are canonical again, in every kind (property)") {
  std::mt19937_64 random(31);
  const std::vector<std::string> texts = {
      "110",      "true",           "2048MiB", "60m",
      "10.5.0.7", "2001:DB8::1",    "a.B.",    "auto",
      "http",     "https://X:443/", "80:8080", "[::1]:53:53/UDP",
      "200-299",  "CAP_chown",      "1.50",    "text\n\n",
      "none",     "2027-01-31",     "always",  "bc-24-11-00-00-07"};
  int canonical = 0;
  for (int i = 0; i < property_cases(); ++i) {
    const KindSchema& kind = kinds()[random() % kinds().size()];
    const FieldSchema& field = kind.fields[random() % kind.fields.size()];
    const auto pick = [&] { return texts[random() % texts.size()]; };
    json value = pick();
    if (field.type == Type::list) {
      value = json::array();
      for (std::size_t k = 0; k < random() % 4; ++k) value.push_back(pick());
    } else if (field.type == Type::map) {
      value = {{pick(), pick()}, {"k", pick()}};
    } else if (field.type == Type::object) {
      value = json::object();
      for (const FieldSchema& member : field.fields) {
        if (random() % 3 == 0) value[member.name] = pick();
      }
    }
    const auto once = canonical_value(field, value);
    if (!once) continue;
    ++canonical;
    CAPTURE(field.name);
    CAPTURE(value.dump());
    const auto twice = canonical_value(field, *once);
    REQUIRE(twice);
    REQUIRE(*twice == *once);
    // And as it is written to files: printed, read, the same.
    Reading reading;
    ReadSink sink{reading.errors, reading.files, nullptr, nullptr, true};
    const auto documents =
        yaml::parse(yaml::emit(json{{field.name, *once}}), 0, "t.yaml", reading.errors);
    REQUIRE(documents.size() == 1);
    const json back = read_object({.fields = kind.fields}, documents.front(), "", "", sink);
    CAPTURE(reading.error());
    REQUIRE(back == json{{field.name, *once}});
  }
  CHECK(canonical * 5 > property_cases());
}
