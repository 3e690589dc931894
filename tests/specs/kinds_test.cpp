#include "specs/kinds/kinds.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <set>

using namespace homeostat;
using nlohmann::json;

namespace {

Address address(std::string kind, std::string name, std::string provider = "pve") {
  return {"home", std::move(kind), std::move(name), std::move(provider)};
}

// "vmid@pve:110! ip:10.5.0.110": natural ones with a `!`.
std::string claims_of(const Address& at, const Attributes& attributes, const Zones& zones = {}) {
  std::string out;
  for (const Claim& claim : find_kind(at.kind)->claims(at, attributes, zones)) {
    out += (out.empty() ? "" : " ") + claim.token + (claim.natural ? "!" : "");
  }
  return out;
}

Zones lab_zone() {
  Zone zone;
  zone.key = "lab";
  zone.zone = "lab.example.org";
  return {{"lab", zone}};
}

std::string scalar(std::string_view kind, std::string_view field, std::string_view text) {
  const FieldSchema* schema = field_at(*find_kind(kind), nullptr, field);
  REQUIRE(schema != nullptr);
  const auto value = canonical_scalar(*schema, text);
  return value ? value->dump() : value.error().message;
}

void walk(const FieldSchema& field, const std::string& path,
          const std::function<void(const FieldSchema&, const std::string&)>& visit) {
  visit(field, path);
  for (const FieldSchema& member : field.fields) walk(member, path + '/' + member.name, visit);
}

void check_field(const FieldSchema& field, const std::string& path) {
  CAPTURE(path);
  const bool named = !field.name.empty();  // elements of lists and maps are not
  CHECK(field.doc.ends_with('.') == named);
  const bool has_element = field.type == Type::list || field.type == Type::map;
  CHECK((field.fields.size() == 1 || !has_element));
  CHECK((!field.choices.empty() || field.type != Type::choice));
  CHECK((field.computed || !field.read_only));
  const auto again = canonical_value(field, field.default_value);
  REQUIRE(again);
  CHECK(*again == field.default_value);
}

void check_example(const KindSchema& kind, const FieldSchema& field) {
  CAPTURE(kind.name + '/' + field.name);
  Errors errors;
  const std::vector<std::string> files = {"t"};
  const auto documents = yaml::parse(field.name + ": " + field.example, 0, "t", errors);
  REQUIRE(documents.size() == 1);
  std::vector<OpenValue> open;
  ReadSink sink{errors, files, &open};
  const json value =
      read_object({.fields = kind.fields, .complete = false}, documents.front(), "", "", sink);
  CHECK(errors.empty());
  CHECK(value.contains(field.name));
}

}  // namespace

TEST_CASE("kinds: five, each with its section, and what holds data says so") {
  std::string all;
  for (const KindSchema& kind : kinds()) {
    all += kind.name + ':' + kind.section + (kind.holds_data ? "! " : " ");
    CHECK(find_kind(kind.name) == &kind);
    const bool has_claims = kind.claims != nullptr;
    CHECK(has_claims);
  }
  CHECK(all == "container:containers! ip:ips dns:dns proxy_host:proxy_hosts monitor:monitors ");
  CHECK(find_kind("volume") == nullptr);
}

TEST_CASE("kinds: every table is sound: documented, unique, with canonical defaults") {
  for (const KindSchema& kind : kinds()) {
    std::set<std::string> names;
    for (const FieldSchema& field : kind.fields) {
      CAPTURE(kind.name);
      CHECK(names.insert(field.name).second);
      walk(field, field.name, check_field);
      // The options of every resource share the mapping with the fields of its kind.
      for (const FieldSchema& common : common_fields()) CHECK(field.name != common.name);
    }
  }
}

TEST_CASE("kinds: every example reads without an error") {
  for (const KindSchema& kind : kinds()) {
    for (const FieldSchema& field : kind.fields) {
      if (!field.example.empty() && !field.read_only) check_example(kind, field);
    }
  }
}

TEST_CASE("kinds: a container claims its number, its name, its addresses and its ports") {
  CHECK(claims_of(
            address("container", "forgejo"),
            {{"vmid", 110},
             {"ip", "10.5.0.110"},
             {"ip6", "2001:db8::110"},
             {"ports", {"127.0.0.1:53:53/udp", "0.0.0.0:80:8080/tcp", "[::1]:9-10:9-10/tcp"}}}) ==
        "vmid@pve:110! container@pve:forgejo! ip:10.5.0.110 ip:2001:db8::110 "
        "port@pve:127.0.0.1:53/udp port@pve:80/tcp port@pve:[::1]:9/tcp port@pve:[::1]:10/tcp");
  CHECK(claims_of(address("container", "Git"), {{"hostname", "forgejo"}}) ==
        "container@pve:forgejo!");
  CHECK(claims_of(address("container", "Git"), json::object()) == "container@pve:git!");
}

TEST_CASE("kinds: what is not known yet claims nothing") {
  CHECK(claims_of(address("container", "a"), {{"vmid", "${container.b.vmid}"},
                                              {"hostname", "${container.b.hostname}"},
                                              {"ip", "auto"},
                                              {"ip6", "dhcp"},
                                              {"ports", {"${container.b.ports}"}}})
            .empty());
  CHECK(claims_of(address("ip", "lab/printer"), {{"address", "${container.b.ip}"}}).empty());
  CHECK(claims_of(address("proxy_host", "a"), {{"domains", {"${secret.x}", "a.b"}}}) ==
        "domain@pve:a.b!");
  CHECK(claims_of(address("monitor", "a"), {{"name", "${container.b.hostname}"}}).empty());
  CHECK(claims_of(address("dns", "other/www/A"), json::object(), lab_zone()).empty());
}

TEST_CASE("kinds: addresses, domains, names and record sets are natural claims") {
  CHECK(claims_of(address("ip", "lab/printer"), {{"address", "10.5.0.7"}}) == "ip:10.5.0.7!");
  CHECK(claims_of(address("proxy_host", "git", "npm"),
                  {{"domains", {"a.example.org", "git.example.org"}}}) ==
        "domain@npm:a.example.org! domain@npm:git.example.org!");
  CHECK(claims_of(address("monitor", "git", "kuma"), json::object()) == "monitor@kuma:git!");
  CHECK(claims_of(address("monitor", "git", "kuma"), {{"name", "Forgejo"}}) ==
        "monitor@kuma:Forgejo!");
  CHECK(claims_of(address("dns", "lab/www/A", "dns"), json::object(), lab_zone()) ==
        "dns@dns:www.lab.example.org/A!");
  CHECK(claims_of(address("dns", "lab/%40/MX", "dns"), json::object(), lab_zone()) ==
        "dns@dns:lab.example.org/MX!");
  CHECK(claims_of(address("dns", "lab/%2A/CNAME", "dns"), json::object(), lab_zone()) ==
        "dns@dns:*.lab.example.org/CNAME! owner@dns:*.lab.example.org#cname");
}

TEST_CASE("kinds: a published port has one form") {
  const auto port = [](std::string_view text) { return scalar("container", "ports/0", text); };
  CHECK(port("80") == "\"80:80/tcp\"");
  CHECK(port("8080:80") == "\"8080:80/tcp\"");
  CHECK(port("127.0.0.1:53:53/UDP") == "\"127.0.0.1:53:53/udp\"");
  CHECK(port("[2001:DB8::1]:53:53") == "\"[2001:db8::1]:53:53/tcp\"");
  CHECK(port("8000-8010:9000-9010/udp") == "\"8000-8010:9000-9010/udp\"");
  CHECK(port("5000-5001") == "\"5000-5001:5000-5001/tcp\"");
  CHECK(port("0:80") == "`0:80` has no host port between 1 and 65535");
  CHECK(port("80:70000") == "`80:70000` has no container port between 1 and 65535");
  CHECK(port("80-81:90") == "`80-81:90` has two ranges of different length");
  CHECK(port("80/icmp") == "`80/icmp` has a protocol that is not tcp, udp or sctp");
  CHECK(port("nas:80:80") == "`nas:80:80` begins with something that is not an address");
  CHECK(port("2001:db8::1:80:80") ==
        "`2001:db8::1:80:80` begins with something that is not an address");
}

TEST_CASE("kinds: further forms of single fields") {
  CHECK(scalar("container", "capabilities/add/0", "cap_net_admin") == "\"NET_ADMIN\"");
  CHECK(scalar("container", "cpu_limit", "01.50") == "\"1.5\"");
  CHECK(scalar("container", "cpu_limit", "2.0") == "\"2\"");
  CHECK(scalar("container", "cpu_limit", "two") == "`two` is not a number");
  CHECK(scalar("container", "description", "a\n\n") == "\"a\"");
  CHECK(scalar("container", "description", "\n") == "\"\"");
  CHECK(scalar("container", "ip6", "10.5.0.7") == "`10.5.0.7` is IPv4");
  CHECK(scalar("container", "ip6", "slaac") == "\"slaac\"");
  CHECK(scalar("proxy_host", "forward_host", "NAS.") == "\"nas\"");
  CHECK(scalar("proxy_host", "forward_host", "2001:DB8::1") == "\"2001:db8::1\"");
  CHECK(scalar("monitor", "accepted_codes/0", "200 - 299") == "\"200-299\"");
  CHECK(scalar("monitor", "accepted_codes/0", "299-200") ==
        "`299-200` is not an HTTP status or a range of them");
  CHECK(scalar("monitor", "accepted_codes/0", "999") ==
        "`999` is not an HTTP status or a range of them");
  CHECK(scalar("monitor", "expiry_warning/0", "true") == "\"true\"");
  CHECK(scalar("monitor", "expiry_warning/0", "1w") == "\"7d\"");
}

TEST_CASE("kinds: the values of a record set are canonical by its type, sorted, each once") {
  const auto values = [](std::string_view type, const json& written) {
    const auto result = canonical_value(record_values(type, "lab.example.org"), written);
    return result ? result->dump() : result.error().message;
  };
  CHECK(values("MX", {"20 b", "10 a", "10  A"}) ==
        R"(["10 a.lab.example.org","20 b.lab.example.org"])");
  CHECK(values("CNAME", "nas") == R"(["nas.lab.example.org"])");
  CHECK(values("A", {"nas"}) == "`nas` is not an IP address");
}

TEST_CASE("kinds: a CNAME has one value and no place at the apex") {
  const auto why = [](std::string name, const Attributes& attributes) {
    const auto status = check_record_set(address("dns", std::move(name)), attributes);
    return status ? "no error" : status.error().message;
  };
  CHECK(why("lab/www/CNAME", {{"values", {"a", "b"}}}) == "a CNAME has exactly one value");
  CHECK(why("lab/%40/CNAME", {{"values", {"a"}}}) == "a CNAME cannot stand at the top of a zone");
  CHECK(why("lab/www/CNAME", {{"values", {"a"}}}) == "no error");
  CHECK(why("lab/%40/A", {{"values", {"10.5.0.1", "10.5.0.2"}}}) == "no error");
}

TEST_CASE("kinds: a CNAME tolerates no other type at its name") {
  CHECK(records_exclude("CNAME", "A"));
  CHECK(records_exclude("TXT", "CNAME"));
  CHECK_FALSE(records_exclude("CNAME", "CNAME"));
  CHECK_FALSE(records_exclude("A", "TXT"));
}

TEST_CASE("kinds: the reference names every field with what a change costs") {
  const std::string text = reference_markdown();
  CHECK(
      text.find("| `memory` | size | in place | How much memory it may use. Example: `2GiB`. |") !=
      std::string::npos);
  CHECK(text.find("| `mounts[].target` | text |  |") != std::string::npos);
  CHECK(text.find("| `healthcheck.interval` | duration | restart |") != std::string::npos);
  CHECK(text.find("| `on_remove` | choice |") != std::string::npos);
  for (const KindSchema& kind : kinds()) {
    CHECK(text.find("### `" + kind.name + "`") != std::string::npos);
    for (const FieldSchema& field : kind.fields) {
      CHECK(text.find("\n| `" + field.name + "` | ") != std::string::npos);
    }
  }
}

TEST_CASE("kinds: the JSON Schema knows the same fields, and refuses others") {
  const json schema = json_schema();
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["properties"]["containers"]["additionalProperties"]["$ref"] == "#/$defs/container");
  for (const KindSchema& kind : kinds()) {
    const json& one = schema["$defs"][kind.name];
    CHECK(one["additionalProperties"] == false);
    for (const FieldSchema& field : kind.fields) {
      CAPTURE(field.name);
      CHECK(one["properties"].contains(field.name) == !field.read_only);
    }
    for (const FieldSchema& field : common_fields()) CHECK(one["properties"].contains(field.name));
  }
  const json& memory = schema["$defs"]["container"]["properties"]["memory"];
  CHECK(memory["pattern"] == "^[0-9]+ *(B|KiB|MiB|GiB|TiB)$|\\$\\{");
  CHECK(memory["type"] == json::array({"string"}));
}
