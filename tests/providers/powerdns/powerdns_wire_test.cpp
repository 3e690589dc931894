// What goes over the wire, and who else writes at the same time.
#include <fmt/format.h>

#include <atomic>

#include "providers/powerdns/write.hpp"
#include "tests/providers/powerdns/powerdns_lab.hpp"
#include "tests/support/fault_proxy.hpp"

namespace homeostat::test {
namespace {

using Json = nlohmann::json;
using Lines = std::vector<std::string>;
using Kind = WireFault::Kind;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Attributes values(const std::string& value) { return {{"values", {value}}, {"ttl", "5m"}}; }

struct WireLab : PdnsLab {
  FaultProxy wire{server.port()};

  WireLab() {
    settings["url"] = wire.url();
    settings["timeout"] = "5s";
    open();
  }
};

}  // namespace

TEST_CASE("powerdns: the serial tells whether a PATCH was the next one after the look") {
  const auto next = [](std::int64_t known, std::int64_t before, std::int64_t after,
                       const char* how = "DEFAULT") {
    return powerdns::is_next_serial(known, how, {before, after});
  };
  // Servers that say what they had before.
  CHECK(next(7, 7, 8));
  CHECK_FALSE(next(7, 8, 9));
  CHECK(next(7, 7, 1795261423, "EPOCH"));
  // 4.7 says the new one twice.
  CHECK(next(2026112105, 2026112106, 2026112106));
  CHECK_FALSE(next(2026112105, 2026112107, 2026112107));
  CHECK(next(2026112105, 2026112201, 2026112201));  // the next day
  CHECK_FALSE(next(2026112105, 2026112202, 2026112202));
  CHECK_FALSE(next(5, 7, 7, "INCREASE"));
  CHECK(next(1795261000, 1795261423, 1795261423, "EPOCH"));  // nobody can tell
  CHECK(powerdns::is_next_serial(7, "", {}));
}

TEST_CASE("powerdns: who writes between our look and our PATCH is a conflict that is told") {
  WireLab lab;
  std::atomic<bool> once = true;
  lab.wire.before_forward([&](const std::string& method, const std::string&) {
    if (method != "PATCH" || !once.exchange(false)) return;
    lab.server.put("lab.example.org", "other.lab.example.org", "A", 300, {"10.5.0.7"});
  });
  const Lines lines = said(do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1"))}));
  CHECK(has(lines[0], "conflict: somebody else wrote to zone lab.example.org in the same moment"));
  // It was written all the same, and is ours: the next plan has nothing to do.
  CHECK(lab.observe().size() == 2);
  CHECK(said(do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1"))})) == Lines{"done"});
}

TEST_CASE("powerdns: a zone that moved while it was read is read again before it is written") {
  WireLab lab;
  do_steps(lab,
           {create("dns/lab/a/A", values("10.5.0.1")), create("dns/lab/b/A", values("10.5.0.2"))});
  std::vector<PdnsStep> steps;
  for (const LiveResource& live : lab.observe()) steps.push_back(update(live, values("10.5.0.9")));
  std::atomic<bool> once = true;
  lab.wire.before_forward([&](const std::string&, const std::string& path) {
    if (!has(path, "rrsets=false") || !once.exchange(false)) return;
    lab.server.put("lab.example.org", "b.lab.example.org", "A", 300, {"10.5.0.77"});
  });
  CHECK(
      said(do_steps(lab, steps)) ==
      Lines{"done", "conflict: b.lab.example.org./A got another `values` since it was looked at"});
  CHECK(lab.server.rrset("lab.example.org", "b.lab.example.org", "A")["records"][0]["content"] ==
        "10.5.0.77");
}

TEST_CASE("powerdns: a write whose answer is lost is found done when it is tried again") {
  WireLab lab;
  for (const int status : {500, 503}) {
    CAPTURE(status);
    lab.wire.add({"PATCH", "", {Kind::lost_answer, status}, 0, 1});
    const auto step = create(fmt::format("dns/lab/x{}/A", status), values("10.5.0.1"));
    CHECK(has(said(do_steps(lab, {step}))[0], "transient: "));
    const std::size_t patches = lab.wire.count("PATCH");
    CHECK(said(do_steps(lab, {step})) == Lines{"done"});
    CHECK(lab.wire.count("PATCH") == patches);
  }
}

TEST_CASE("powerdns: an answer that is not the server's own is no success") {
  WireLab lab;
  lab.wire.add({"PATCH", "", {Kind::answer, 200, "Content-Type: text/html\r\n", "<html>"}, 0, 1});
  CHECK(has(said(do_steps(lab, {create("dns/lab/www/A", values("10.5.0.1"))}))[0], "internal: "));
  CHECK(lab.observe().empty());
}

TEST_CASE("powerdns: a zone whose backend has no comments takes the marks of no other zone") {
  WireLab lab;
  lab.add_zone("other", "other.example.org");
  lab.open();
  lab.wire.add(
      {.method = "PATCH",
       .path = "/other.example.org",
       .fault = {.status = 422,
                 .body = R"({"error": "Hosting backend does not support editing comments."})"},
       .times = 1});
  CHECK(said(do_steps(lab, {create("dns/other/x/A", values("10.6.0.1"))})) == Lines{"done"});
  CHECK(said(do_steps(lab, {create("dns/lab/x/A", values("10.5.0.1"))})) == Lines{"done"});
  CHECK_FALSE(lab.only("other").marker);
  CHECK(lab.only().marker);
  CHECK(lab.provider->info().kinds.at("dns").marker);
}

TEST_CASE("powerdns: a server that refuses everything is not asked for ever") {
  WireLab lab;
  lab.wire.add({"PATCH", "", {Kind::answer, 422, "", R"({"error": "Not today"})"}, 0, -1});
  std::vector<PdnsStep> steps;
  steps.reserve(1000);
  for (int i = 0; i < 1000; ++i) {
    steps.push_back(create(fmt::format("dns/lab/h{}/A", i), values("10.5.0.1")));
  }
  for (const std::string& line : said(do_steps(lab, steps))) REQUIRE(has(line, "invalid_spec: "));
  CHECK(lab.wire.count("PATCH") < 110);
  lab.wire.clear();
  lab.wire.add(
      {"PATCH",
       "",
       {Kind::answer, 422, "", R"({"error": "Hosting backend does not support editing records."})"},
       0,
       -1});
  const std::size_t before = lab.wire.count("PATCH");
  do_steps(lab, steps);
  CHECK(lab.wire.count("PATCH") == before + 1);
}

TEST_CASE("powerdns: 10,000 record sets are one call to read, and 1,000 changes one to write") {
  WireLab lab;
  constexpr int all = 10'000;
  for (int from = 0; from < all; from += 5000) {
    Json sets = Json::array();
    for (int i = from; i < from + 5000; ++i) {
      const std::string name = fmt::format("h{}.lab.example.org", i);
      sets.push_back(
          {{"name", name + '.'},
           {"type", "A"},
           {"ttl", 300},
           {"changetype", "REPLACE"},
           {"records",
            {{{"content", fmt::format("10.{}.{}.1", i / 250, i % 250)}, {"disabled", false}}}},
           {"comments",
            Json::array(
                {{{"content",
                   fmt::format("site=home id={}/A address=home:dns/lab/h{}/A@dns", name, i)},
                  {"account", "homeostat"}}})}});
    }
    lab.server.patch("lab.example.org", sets);
  }
  const auto live = lab.observe();
  CHECK(live.size() == all);
  CHECK(lab.wire.log() == Lines{"GET /api/v1/servers/localhost/zones/lab.example.org."});
  std::vector<PdnsStep> steps;
  for (std::size_t i = 0; i < 1000; ++i) steps.push_back(update(live[i], values("10.200.0.1")));
  for (const std::string& line : said(do_steps(lab, steps))) REQUIRE(line == "done");
  CHECK(lab.wire.count("PATCH") == 1);
  CHECK(lab.wire.count("GET") == 3);  // the first look, the check, and its serial
}

}  // namespace homeostat::test
