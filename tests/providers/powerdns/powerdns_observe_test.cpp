// Looking at a real server.
#include "tests/providers/powerdns/powerdns_lab.hpp"

namespace homeostat::test {
namespace {

using Json = nlohmann::json;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("powerdns: what others have written is seen, and is nobody's") {
  PdnsLab lab;
  lab.server.put("lab.example.org", "www.lab.example.org", "A", 300, {"10.5.0.2", "10.5.0.1"});
  const LiveResource www = lab.only();
  CHECK(to_string(www.address) == "home:dns/lab/www/A@dns");
  CHECK(www.native_id == "www.lab.example.org/A");
  CHECK(www.attributes == Json{{"values", {"10.5.0.1", "10.5.0.2"}}, {"ttl", "5m"}});
  CHECK_FALSE(www.marker);
}

TEST_CASE("powerdns: the server's own records are there and fixed") {
  PdnsLab lab;
  const auto observation = lab.provider->observe(Scope{"dns", "lab"}, {});
  REQUIRE(observation);
  REQUIRE(observation->resources.size() == 2);
  for (const LiveResource& live : observation->resources) CHECK(live.fixed);
  CHECK(observation->warnings.empty());
}

TEST_CASE("powerdns: a missing zone is unknown, and the message says how to make it") {
  PdnsLab lab;
  lab.add_zone("other", "other.example.org", false);
  CHECK(lab.trouble("other") ==
        "the server has no zone other.example.org (create it there: pdnsutil create-zone "
        "other.example.org)");
  CHECK(lab.trouble("lab").empty());
}

TEST_CASE("powerdns: a secondary zone is refused") {
  PdnsLab lab;
  lab.server.create_zone("mirror.example.org", "Slave");
  lab.add_zone("mirror", "mirror.example.org", false);
  CHECK(has(lab.trouble("mirror"), "zone mirror.example.org is a secondary on this server"));
}

TEST_CASE("powerdns: a primary that does not raise its serial is warned of") {
  PdnsLab lab;
  lab.server.create_zone("old.example.org", "Master");
  lab.add_zone("old", "old.example.org", false);
  CHECK(lab.provider->observe(Scope{"dns", "old"}, {})->warnings.empty());
  lab.server.sql("delete from domainmetadata where kind = 'SOA-EDIT-API'");
  const auto observation = lab.provider->observe(Scope{"dns", "old"}, {});
  REQUIRE(observation);
  REQUIRE(observation->warnings.size() == 1);
  CHECK(has(observation->warnings.front().message, "zone old.example.org on dns"));
  CHECK(has(observation->warnings.front().hint, "pdnsutil set-meta old.example.org SOA-EDIT-API"));
}

TEST_CASE("powerdns: the provider's own scope says whether the server answers") {
  PdnsLab lab;
  CHECK(lab.trouble("").empty());
  lab.settings["key"] = "wrong";
  lab.open();
  CHECK(has(lab.trouble(""), "`api-key`"));
  CHECK(has(lab.trouble("lab"), "`api-key`"));
  CHECK_FALSE(has(lab.trouble("lab"), "wrong"));
  lab.settings = {{"url", lab.server.url() + "/api/v1"}, {"key", PdnsServer::key}};
  lab.open();
  CHECK(has(lab.trouble(""), "without /api/v1"));
}

TEST_CASE("powerdns: records that are switched off are fixed, with the others as their values") {
  PdnsLab lab;
  lab.server.patch("lab.example.org",
                   Json::array({{{"name", "www.lab.example.org."},
                                 {"type", "A"},
                                 {"ttl", 60},
                                 {"changetype", "REPLACE"},
                                 {"records",
                                  {{{"content", "10.5.0.1"}, {"disabled", true}},
                                   {{"content", "10.5.0.2"}, {"disabled", false}}}}}}));
  const LiveResource www = lab.only();
  CHECK(www.fixed);
  CHECK(www.attributes["values"] == Json{"10.5.0.2"});
}

TEST_CASE("powerdns: comments that stand alone are no record") {
  PdnsLab lab;
  lab.server.patch("lab.example.org",
                   Json::array({{{"name", "gone.lab.example.org."},
                                 {"type", "A"},
                                 {"changetype", "REPLACE"},
                                 {"comments", {{{"content", "x"}, {"account", "ben"}}}}}}));
  CHECK(lab.observe().empty());
}

}  // namespace homeostat::test
