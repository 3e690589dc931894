// Writing to a real server.
#include "tests/providers/powerdns/powerdns_lab.hpp"

namespace homeostat::test {
namespace {

using Json = nlohmann::json;
using Lines = std::vector<std::string>;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Attributes values(const std::string& value, const std::string& ttl = "5m") {
  return {{"values", {value}}, {"ttl", ttl}};
}

}  // namespace

TEST_CASE("powerdns: a record is made, changed and removed, and answers as it should") {
  PdnsLab lab;
  CHECK(said(do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1"))})) == Lines{"done"});
  LiveResource www = lab.only();
  CHECK(www.attributes == values("10.5.0.1"));
  REQUIRE(www.marker);
  CHECK(*www.marker == Marker{"home", "home:dns/lab/www/A@dns", "www.lab.example.org/A", false});
  CHECK(lab.server.dig({"www.lab.example.org A"}) ==
        std::vector<Lines>{{"www.lab.example.org. 300 A 10.5.0.1"}});

  const auto changed = do_steps(lab, {update(www, {{"ttl", "1h"}})});
  CHECK(said(changed) == Lines{"done"});
  CHECK(changed[0]->attributes == values("10.5.0.1", "1h"));
  www = lab.only();
  CHECK(www.attributes == values("10.5.0.1", "1h"));

  CHECK(said(do_steps(lab, {remove(www)})) == Lines{"done"});
  CHECK(lab.observe().empty());
}

TEST_CASE("powerdns: each step may come twice") {
  PdnsLab lab;
  const auto make = create("dns/lab/www/A", values("10.5.0.1"));
  do_steps(lab, {make});
  CHECK(said(do_steps(lab, {make})) == Lines{"done"});
  const LiveResource www = lab.only();
  const auto change = update(www, values("10.5.0.2"));
  do_steps(lab, {change});
  CHECK(said(do_steps(lab, {change})) == Lines{"done"});
  const auto gone = remove(lab.only());
  do_steps(lab, {gone});
  CHECK(said(do_steps(lab, {gone})) == Lines{"done"});
  CHECK(lab.observe().empty());
}

TEST_CASE("powerdns: what somebody else changed meanwhile is a conflict, and stays") {
  PdnsLab lab;
  do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1"))});
  const LiveResource www = lab.only();
  lab.server.put("lab.example.org", "www.lab.example.org", "A", 300, {"10.5.0.9"});
  CHECK(said(do_steps(lab, {update(www, values("10.5.0.2"))})) ==
        Lines{"conflict: www.lab.example.org./A got another `values` since it was looked at"});
  CHECK(said(do_steps(lab, {remove(www)})) ==
        Lines{"conflict: www.lab.example.org./A was changed since it was looked at"});
  CHECK(said(do_steps(lab, {create("dns/lab/www/A", values("10.5.0.3"))})) ==
        Lines{"conflict: www.lab.example.org./A was made by somebody else since it was looked at"});
  CHECK(lab.only().attributes == values("10.5.0.9"));
}

TEST_CASE("powerdns: a type is swapped in one step, in both directions") {
  PdnsLab lab;
  do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1"))});
  CHECK(said(do_steps(lab, {remove(lab.only()),
                            create("dns/lab/www/CNAME", values("nas.lab.example.org"))})) ==
        Lines{"done", "done"});
  CHECK(lab.only().attributes == values("nas.lab.example.org"));
  // In whatever order they come: deletes are sent first.
  CHECK(said(do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1")), remove(lab.only())})) ==
        Lines{"done", "done"});
  CHECK(to_string(lab.only().address) == "home:dns/lab/www/A@dns");
}

TEST_CASE("powerdns: the steps on one name happen as a whole or not at all") {
  PdnsLab lab;
  do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1"))});
  const auto gone = remove(lab.only());
  lab.server.put("lab.example.org", "www.lab.example.org", "A", 300, {"10.5.0.9"});
  CHECK(said(do_steps(lab, {gone, create("dns/lab/www/CNAME", values("nas.lab.example.org"))})) ==
        Lines{"conflict: www.lab.example.org./A was changed since it was looked at",
              "cancelled: another change at its name cannot be made"});
  CHECK(lab.only().attributes == values("10.5.0.9"));
}

TEST_CASE("powerdns: what the server refuses is found, and the others are written") {
  PdnsLab lab;
  std::vector<PdnsStep> steps;
  steps.reserve(40);
  for (int i = 0; i < 40; ++i) {
    steps.push_back(create("dns/lab/h" + std::to_string(i) + "/A", values("10.5.0.1")));
  }
  // Nothing of ours would say such a thing; the server checks for itself.
  steps[7].after = values("10.5.0.777");
  steps[31].after = values("nowhere");
  const Lines lines = said(do_steps(lab, steps));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CAPTURE(i);
    if (i == 7 || i == 31) {
      CHECK(has(lines[i], "invalid_spec: "));
      CHECK(has(lines[i], "Record h" + std::to_string(i) + ".lab.example.org./A"));
    } else {
      CHECK(lines[i] == "done");
    }
  }
  CHECK(lab.observe().size() == 38);
}

TEST_CASE("powerdns: comments of others stay when ours are written") {
  PdnsLab lab;
  const Json bens = Json::array(
      {{{"content", "ask Ben first"}, {"account", "ben"}, {"modified_at", 1700000000}}});
  lab.server.patch("lab.example.org",
                   Json::array({{{"name", "www.lab.example.org."},
                                 {"type", "A"},
                                 {"ttl", 300},
                                 {"changetype", "REPLACE"},
                                 {"records", {{{"content", "10.5.0.1"}, {"disabled", false}}}},
                                 {"comments", bens}}}));
  const auto kept = [&] {
    const Json set = lab.server.rrset("lab.example.org", "www.lab.example.org", "A");
    int found = 0;
    for (const Json& comment : set["comments"]) found += comment == bens[0] ? 1 : 0;
    return found == 1;
  };
  do_steps(lab, {update(lab.only(), values("10.5.0.2"))});
  CHECK(kept());
  REQUIRE(lab.only().marker);
  do_steps(lab, {mark(lab.only(), "dns/lab/www/A")});
  CHECK(kept());
  do_steps(lab, {unmark(lab.only())});
  CHECK(kept());
  CHECK_FALSE(lab.only().marker);
  CHECK(lab.only().attributes == values("10.5.0.2"));
}

TEST_CASE("powerdns: records that are switched off meanwhile are not switched on again") {
  PdnsLab lab;
  do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1"))});
  const LiveResource www = lab.only();
  lab.server.sql("update records set disabled = 1 where name = 'www.lab.example.org'");
  CHECK(has(said(do_steps(lab, {update(www, values("10.5.0.2"))}))[0], "conflict: "));
  CHECK(lab.only().fixed);
}

TEST_CASE("powerdns: what was switched off meanwhile goes with no other write to its set") {
  PdnsLab lab;
  do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1"))});
  const LiveResource www = lab.only();
  const Json off = {{"content", "10.5.0.9"}, {"disabled", true}};
  const Json on = {{"content", "10.5.0.1"}, {"disabled", false}};
  lab.server.patch("lab.example.org", {{{"name", "www.lab.example.org."},
                                        {"type", "A"},
                                        {"ttl", 300},
                                        {"changetype", "REPLACE"},
                                        {"records", {off, on}}}});
  for (const PdnsStep& step : {remove(www), update(www, values("10.5.0.2"))}) {
    CHECK(has(said(do_steps(lab, {step}))[0], "got a record that is switched off"));
  }
  CHECK(lab.server.rrset("lab.example.org", "www.lab.example.org", "A")["records"].size() == 2);
}

TEST_CASE("powerdns: a backend without comments is found out by the first write") {
  PdnsLab lab(PdnsBackend::lmdb);
  CHECK(lab.provider->info().kinds.at("dns").marker);
  const auto made = do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1")),
                                   create("dns/lab/ftp/A", values("10.5.0.2"))});
  CHECK(said(made) == Lines{"done", "done"});
  CHECK_FALSE(lab.provider->info().kinds.at("dns").marker);
  const auto live = lab.observe();
  REQUIRE(live.size() == 2);
  CHECK_FALSE(live[0].marker);
  CHECK(said(do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1"))})) == Lines{"done"});
  Attributes described = values("10.5.0.3");
  described["description"] = "the mail server";
  CHECK(has(said(do_steps(lab, {create("dns/lab/mail/A", described)}))[0],
            "invalid_spec: mail.lab.example.org./A: `description` cannot be kept"));
}

TEST_CASE("powerdns: a mark on a backend without comments is done without a word") {
  PdnsLab lab(PdnsBackend::lmdb);
  lab.server.put("lab.example.org", "www.lab.example.org", "A", 300, {"10.5.0.1"});
  CHECK(said(do_steps(lab, {mark(lab.only(), "dns/lab/www/A")})) == Lines{"done"});
}

TEST_CASE("powerdns: opened for looking only, it writes nothing") {
  PdnsLab lab;
  lab.open(true);
  CHECK(has(said(do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1"))}))[0], "looking only"));
  CHECK(lab.observe().empty());
}

TEST_CASE("powerdns: a stop request ends it before the next request") {
  PdnsLab lab;
  std::stop_source stop;
  stop.request_stop();
  CHECK(has(said(do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1"))}, stop.get_token()))[0],
            "cancelled: "));
  CHECK(lab.observe().empty());
}

TEST_CASE("powerdns: what was owned under the key that a zone had before is found by its name") {
  PdnsLab lab;
  do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1"))});
  LiveResource www = lab.only();
  www.address = PdnsLab::address("dns/former/www/A");
  CHECK(said(do_steps(lab, {remove(www)})) == Lines{"done"});
  CHECK(lab.observe().empty());
}

TEST_CASE("powerdns: steps of several zones may come in one call") {
  PdnsLab lab;
  lab.add_zone("office", "office.example.org");
  CHECK(said(do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1")),
                            create("dns/office/www/A", values("10.6.0.1"))})) ==
        Lines{"done", "done"});
  CHECK(lab.only("office").attributes == values("10.6.0.1"));
  CHECK(lab.only("lab").attributes == values("10.5.0.1"));
}

TEST_CASE("powerdns: more than one PATCH holds is sent as several, and no name is split") {
  PdnsLab lab;
  std::vector<PdnsStep> steps;
  const std::string text(2000, 'x');
  for (int i = 0; i < 900; ++i) {
    const std::string owner = "dns/lab/t" + std::to_string(i);
    steps.push_back(create(owner + "/TXT", values(text)));
    steps.push_back(create(owner + "/A", values("10.5.0.1")));
  }
  const Json before = lab.server.zone("lab.example.org")["serial"];
  for (const std::string& line : said(do_steps(lab, steps))) REQUIRE(line == "done");
  CHECK(lab.observe().size() == 1800);
  const Json after = lab.server.zone("lab.example.org")["serial"];
  CHECK(after.get<int>() - before.get<int>() == 2);  // one for each PATCH
}

}  // namespace homeostat::test
