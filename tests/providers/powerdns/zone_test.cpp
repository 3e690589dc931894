#include "providers/powerdns/zone.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::powerdns;
using Json = nlohmann::json;

namespace {

ZonePlace lab() { return {"home", "dns", "lab", "lab.example.org"}; }

Json a_set(const std::string& name, const std::string& type, const std::vector<std::string>& values,
           const Json& comments = Json::array()) {
  Json records = Json::array();
  for (const std::string& value : values) {
    records.push_back({{"content", value}, {"disabled", false}});
  }
  return {
      {"name", name}, {"type", type}, {"ttl", 3600}, {"records", records}, {"comments", comments}};
}

Json soa() {
  return a_set("lab.example.org.", "SOA", {"ns1.lab.example.org. hostmaster. 1 2 3 4 5"});
}

Json a_zone(const Json& rrsets) {
  return {{"id", "lab.example.org."},  {"kind", "Native"},         {"serial", 7},
          {"soa_edit_api", "DEFAULT"}, {"masters", Json::array()}, {"rrsets", rrsets}};
}

std::vector<LiveResource> live_of(const Json& rrsets) {
  const auto answer = parse_zone(a_zone(rrsets).dump());
  REQUIRE(answer);
  REQUIRE(*answer);
  return to_observation(**answer, lab()).resources;
}

LiveResource one(const Json& set) {
  const auto all = live_of(Json::array({set}));
  REQUIRE(all.size() == 1);
  return all.front();
}

std::string trouble(const std::string& body) {
  const auto answer = parse_zone(body);
  if (!answer) return answer.error().message;
  return *answer ? "" : "no JSON";
}

}  // namespace

TEST_CASE("powerdns zone: a record set becomes a resource with canonical values") {
  const LiveResource www = one(a_set("WWW.lab.example.org.", "A", {"10.5.0.2", "10.5.0.1"}));
  CHECK(to_string(www.address) == "home:dns/lab/www/A@dns");
  CHECK(www.native_id == "www.lab.example.org/A");
  CHECK(www.attributes == Json{{"values", {"10.5.0.1", "10.5.0.2"}}, {"ttl", "1h"}});
  CHECK_FALSE(www.marker);
  CHECK_FALSE(www.fixed);
  CHECK(one(a_set("lab.example.org.", "MX", {"10 mail.lab.example.org."})).address.name ==
        "lab/%40/MX");
  CHECK(one(a_set("*.apps.lab.example.org.", "A", {"10.5.0.1"})).address.name == "lab/%2A.apps/A");
}

TEST_CASE("powerdns zone: our comment is the marker, another of our account the description") {
  const Json comments = {
      {{"content", "ask Ben first"}, {"account", "ben"}, {"modified_at", 1}},
      {{"content", "site=home id=www.lab.example.org/A address=home:dns/other/www/A@dns"},
       {"account", "homeostat"},
       {"modified_at", 2}},
      {{"content", "the web server"}, {"account", "homeostat"}, {"modified_at", 3}}};
  const LiveResource www = one(a_set("www.lab.example.org.", "A", {"10.5.0.1"}, comments));
  REQUIRE(www.marker);
  CHECK(www.marker->site == "home");
  CHECK(to_string(www.address) == "home:dns/other/www/A@dns");
  CHECK(www.attributes["description"] == "the web server");
}

TEST_CASE("powerdns zone: a marker of another record is a copy's, and gives no address") {
  const Json comments = {
      {{"content", "site=home id=www.lab.example.org/A address=home:dns/lab/www/A@dns"},
       {"account", "homeostat"},
       {"modified_at", 2}}};
  const LiveResource copy = one(a_set("copy.lab.example.org.", "A", {"10.5.0.1"}, comments));
  CHECK(to_string(copy.address) == "home:dns/lab/copy/A@dns");
  REQUIRE(copy.marker);
  CHECK(copy.marker->id == "www.lab.example.org/A");
}

TEST_CASE("powerdns zone: SOA, NS of the zone, DNSSEC and what is switched off are fixed") {
  CHECK(one(soa()).fixed);
  CHECK(one(soa()).why_fixed == "it is the zone's own");
  CHECK(one(a_set("lab.example.org.", "NS", {"ns1.lab.example.org."})).fixed);
  CHECK_FALSE(one(a_set("sub.lab.example.org.", "NS", {"ns1.lab.example.org."})).fixed);
  CHECK(one(a_set("lab.example.org.", "NSEC3PARAM", {"1 0 0 -"})).fixed);
  Json set = a_set("www.lab.example.org.", "A", {"10.5.0.1", "10.5.0.2"});
  set["records"][0]["disabled"] = true;
  const LiveResource www = one(set);
  CHECK(www.fixed);
  CHECK(www.why_fixed == "a record of it is switched off there");
  CHECK(www.attributes["values"] == Json{"10.5.0.2"});
}

TEST_CASE("powerdns zone: comments without a record, and inner nodes, are not there") {
  const Json left = a_set("gone.lab.example.org.", "A", {},
                          {{{"content", "x"}, {"account", "ben"}, {"modified_at", 1}}});
  Json inner = a_set("b.lab.example.org.", "A", {});
  inner["type"] = nullptr;
  CHECK(live_of({left, inner}).empty());
}

TEST_CASE("powerdns zone: a value that the kind cannot express stays as it is") {
  const LiveResource odd =
      one(a_set("x.lab.example.org.", "LOC", {"52 22 23.000 N 4 53 32.000 E"}));
  CHECK(odd.address.name == "lab/x/LOC");
  CHECK(odd.attributes["values"] == Json{"52 22 23.000 N 4 53 32.000 E"});
}

TEST_CASE("powerdns zone: a zone without its SOA is not whole") {
  const auto with = parse_zone(a_zone(Json::array({soa()})).dump());
  CHECK_FALSE(to_observation(with.value().value(), lab()).incomplete);
  const auto without =
      parse_zone(a_zone(Json::array({a_set("www.lab.example.org.", "A", {"10.5.0.1"})})).dump());
  REQUIRE(to_observation(without.value().value(), lab()).incomplete);
}

TEST_CASE("powerdns zone: another shape of answer is named by its place") {
  CHECK(trouble("<html>") == "no JSON");
  CHECK(trouble(a_zone(Json::array({soa()})).dump().substr(0, 150)) == "no JSON");
  CHECK(trouble("[]").find("it is no object") != std::string::npos);
  CHECK(trouble("{}").find("/rrsets is no list") != std::string::npos);
  Json zone = a_zone(Json::array({soa(), a_set("www.lab.example.org.", "A", {"10.5.0.1"})}));
  zone["rrsets"][1]["ttl"] = "1h";
  CHECK(trouble(zone.dump()).find("/rrsets/1/ttl is no number") != std::string::npos);
  zone = a_zone(Json::array({soa()}));
  zone["rrsets"][0]["records"][0].erase("disabled");
  CHECK(trouble(zone.dump()).find("/rrsets/0/records/0/disabled is no boolean") !=
        std::string::npos);
  zone = a_zone(Json::array({"text"}));
  CHECK(trouble(zone.dump()).find("/rrsets is no list of sets") != std::string::npos);
  zone = a_zone(Json::array({soa()}));
  zone.erase("serial");
  CHECK(trouble(zone.dump()).find("/serial is no number") != std::string::npos);
}

TEST_CASE("powerdns zone: what is not strictly JSON is no answer") {
  const std::string good =
      R"({"kind":"Native","serial":7,"rrsets":[{"name":"a.","type":"TXT","ttl":60,"comments":[],)"
      R"("records":[{"disabled":false,"content":"TEXT"}]}]})";
  const auto with = [&good](const std::string& text) {
    std::string body = good;
    return body.replace(body.find("TEXT"), 4, text);
  };
  CHECK(trouble(good).empty());
  CHECK(trouble(' ' + good + "\r\n\t ").empty());
  for (const char* behind : {"x", "{}", ",", "}"}) CHECK(trouble(good + behind) == "no JSON");
  CHECK(trouble(good + '\0') == "no JSON");
  CHECK(trouble(with(std::string(1, '\0'))) == "no JSON");
  CHECK(trouble("").find("no JSON") == 0);
  CHECK(trouble("/* */" + good) == "no JSON");
  CHECK(trouble(good.substr(0, good.size() - 1) + ",}") == "no JSON");
  CHECK(trouble(good.substr(0, good.size() - 1) + ",\"x\":NaN}") == "no JSON");
  CHECK(trouble(good.substr(0, good.size() - 1) + ",\"x\":01}") == "no JSON");
  CHECK(trouble(with("a\nb")) == "no JSON");
  CHECK(trouble(with("\\x41")) == "no JSON");
  // What is not UTF-8: a stray byte, an overlong form, half a surrogate pair, also escaped.
  for (const char* bad : {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\\uD800", "\\uDC00"}) {
    CHECK(trouble(with(bad)) == "no JSON");
    CHECK(trouble(good.substr(0, good.size() - 1) + ",\"" + bad + "\":1}") == "no JSON");
  }
  const auto text = parse_zone(with("\xC3\xA4\\u00e4\\ud83d\\ude00\\u0000\\\"\\/"));
  REQUIRE(text);
  REQUIRE(*text);
  CHECK((*text)->sets.front().records.front().text ==
        std::string("\xC3\xA4\xC3\xA4\xF0\x9F\x98\x80\0\"/", 11));
}

TEST_CASE("powerdns zone: numbers have 64 bits, and of a key that stands twice the last counts") {
  const auto serial_of = [](const std::string& serial) {
    const auto answer = parse_zone(R"({"kind":"Native","rrsets":[],"serial":)" + serial + '}');
    return answer && *answer ? std::optional((*answer)->serial) : std::nullopt;
  };
  CHECK(serial_of("0") == 0);
  CHECK(serial_of("-3") == -3);
  CHECK(serial_of("2147483648") == 2147483648);
  CHECK(serial_of("4294967296") == 4294967296);
  CHECK(serial_of("9223372036854775807") == INT64_MAX);
  CHECK(serial_of("-9223372036854775808") == INT64_MIN);
  CHECK_FALSE(serial_of("18446744073709551616"));
  CHECK_FALSE(serial_of("7.0"));
  CHECK_FALSE(serial_of("7e0"));
  CHECK(serial_of("7,\"serial\":8") == 8);
}

TEST_CASE("powerdns zone: an answer nested without end is no zone, and uses up no stack") {
  const auto nested = [](std::size_t depth) {
    return R"({"kind":"Native","serial":7,"rrsets":[],"more":)" + std::string(depth, '[') +
           std::string(depth, ']') + '}';
  };
  CHECK(trouble(nested(50)).empty());
  CHECK(trouble(nested(1000)) == "no JSON");
  CHECK(trouble(std::string(8'000'000, '[')) == "no JSON");
}

TEST_CASE("powerdns zone: the first thing that is wrong in a record set is named") {
  const Json www = a_set("www.lab.example.org.", "A", {"10.5.0.1", "10.5.0.2"},
                         {{{"content", "x"}, {"account", "ben"}, {"modified_at", 1}}});
  const auto trouble_with = [&www](const char* pointer, const Json& value) {
    Json set = www;
    set[Json::json_pointer(pointer)] = value;
    return trouble(a_zone(Json::array({soa(), set})).dump());
  };
  const auto names = [](const std::string& message, const char* words) {
    return message.find(words) != std::string::npos;
  };
  CHECK(trouble_with("/ttl", 60).empty());
  CHECK(names(trouble_with("/name", nullptr), "/rrsets/1/name is no text"));
  CHECK(names(trouble_with("/type", 1), "/rrsets/1/type is no text"));
  CHECK(names(trouble_with("/ttl", 1.5), "/rrsets/1/ttl is no number"));
  CHECK(names(trouble_with("/records", Json::object()), "/rrsets/1/records is no list"));
  CHECK(names(trouble_with("/comments", "none"), "/rrsets/1/comments is no list"));
  CHECK(names(trouble_with("/records/1", "10.5.0.2"), "/rrsets/1/records/1 is no object"));
  CHECK(names(trouble_with("/records/1", Json::array()), "/rrsets/1/records/1 is no object"));
  CHECK(names(trouble_with("/records/1/content", Json::array({"10.5.0.2"})),
              "/rrsets/1/records/1/content is no text"));
  CHECK(names(trouble_with("/records/0/modified_at", "now"),
              "/rrsets/1/records/0/modified_at is no number"));
  CHECK(names(trouble_with("/comments/0/account", nullptr),
              "/rrsets/1/comments/0/account is no text"));
  const Json inside = Json::array({Json::array({www})});
  CHECK(names(trouble(a_zone(inside).dump()), "/rrsets is no list of sets"));
}

TEST_CASE("powerdns zone: what nobody reads may be anything, also under names that are read") {
  Json set = a_set("www.lab.example.org.", "A", {"10.5.0.1"});
  set["records"][0]["name"] = {{"content", {"deep", {{"records", 1}}}}};
  set["more"] = {{"records", {{{"content", 5}}}}, {"type", nullptr}, {"rrsets", {1, {2}}}};
  Json zone = a_zone(Json::array({set, soa()}));
  zone["account"] = {{"serial", "x"}, {"kind", {{"rrsets", false}}}};
  zone["records"] = {1, "2"};
  const auto answer = parse_zone(zone.dump());
  REQUIRE(answer);
  REQUIRE(*answer);
  REQUIRE((*answer)->sets.size() == 2);
  CHECK((*answer)->sets.front().name == "www.lab.example.org");
  CHECK((*answer)->sets.front().records == std::vector<Content>{{"10.5.0.1", false}});
  CHECK((*answer)->serial == 7);
}

TEST_CASE("powerdns zone: a secondary is refused, by its old names and its new ones") {
  ZoneAnswer answer;
  for (const char* kind : {"Slave", "Secondary", "Consumer"}) {
    answer.kind = kind;
    const Status refused = check_kind(answer, "lab.example.org");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("secondary") != std::string::npos);
  }
  for (const char* kind : {"Native", "Master", "Primary", "Producer"}) {
    answer.kind = kind;
    CHECK(check_kind(answer, "lab.example.org"));
  }
}
