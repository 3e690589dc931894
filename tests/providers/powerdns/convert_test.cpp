#include "providers/powerdns/convert.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::powerdns;

namespace {

struct Pair {
  std::string type;
  std::string canonical;
  std::string content;
};

// What the server of Debian 12 (4.7.3) takes and gives back; powerdns_records_test.cpp asks it.
const std::vector<Pair>& pairs() {
  static const std::vector<Pair> table = {
      {"A", "10.5.0.20", "10.5.0.20"},
      {"AAAA", "2001:db8::1", "2001:db8::1"},
      {"CNAME", "nas.lab.example.org", "nas.lab.example.org."},
      {"CNAME", "lan.", "lan."},
      {"NS", "ns1.lab.example.org", "ns1.lab.example.org."},
      {"PTR", "nas.lab.example.org", "nas.lab.example.org."},
      {"MX", "10 mail.lab.example.org", "10 mail.lab.example.org."},
      {"MX", "0 .", "0 ."},
      {"SRV", "0 5 5060 sip.lab.example.org", "0 5 5060 sip.lab.example.org."},
      {"SRV", "0 0 0 .", "0 0 0 ."},
      {"TXT", "v=spf1 -all", R"("v=spf1 -all")"},
      {"TXT", "", R"("")"},
      {"TXT", "a; b", R"("a; b")"},
      {"TXT", R"(say "hi" \ bye)", R"("say \"hi\" \\ bye")"},
      {"TXT", R"("\"quoted\"")", R"("\"quoted\"")"},
      {"TXT", "gr\xc3\xbc\xc3\x9f", R"("gr\195\188\195\159")"},
      {"TXT", "a\tb", R"("a\009b")"},
      {"CAA", R"(0 issue "letsencrypt.org")", R"(0 issue "letsencrypt.org")"},
      {"CAA", R"(128 issue "a\"b; x=1")", R"(128 issue "a\"b; x=1")"},
      {"TLSA", "3 1 1 " + std::string(64, 'a'), "3 1 1 " + std::string(64, 'a')},
      {"SSHFP", "4 2 " + std::string(64, 'b'), "4 2 " + std::string(64, 'b')},
      {"HTTPS", "1 . alpn=h2,h3 port=443", "1 . alpn=h2,h3 port=443"},
      {"HTTPS", "0 www.lab.example.org", "0 www.lab.example.org."},
      {"HTTPS", "1 . alpn=h2 no-default-alpn", "1 . alpn=h2 no-default-alpn"},
      {"SVCB", "1 . ipv4hint=10.5.0.1,10.5.0.2 ech=aGVsbG8= ipv6hint=2001:db8::1",
       R"(1 . ipv4hint=10.5.0.1,10.5.0.2 ech="aGVsbG8=" ipv6hint=2001:db8::1)"},
      {"SVCB", "1 dns.lab.example.org alpn=h2 dohpath=/q{?dns}",
       R"(1 dns.lab.example.org. alpn=h2 key7="/q{?dns}")"},
      {"SVCB", "1 . ohttp", R"(1 . key8="")"},
      {"SVCB", R"(1 . mandatory=alpn,key667 alpn=h2 key667="hel lo")",
       R"(1 . mandatory=alpn,key667 alpn=h2 key667="hel lo")"},
      {"SVCB", "1 . key667", R"(1 . key667="")"},
  };
  return table;
}

}  // namespace

TEST_CASE("powerdns convert: values of every type become what the server renders, and come back") {
  for (const Pair& pair : pairs()) {
    CAPTURE(pair.type);
    CAPTURE(pair.canonical);
    // The table holds canonical values, as the spec would.
    const auto canonical = canonical_rdata(pair.type, pair.canonical, "lab.example.org");
    REQUIRE(canonical);
    CHECK(*canonical == pair.canonical);
    CHECK(to_content(pair.type, pair.canonical) == pair.content);
    const auto back = from_content(pair.type, pair.content, "lab.example.org");
    REQUIRE_MESSAGE(back, back.error().message);
    CHECK(*back == pair.canonical);
  }
}

TEST_CASE("powerdns convert: other forms of the same value read the same") {
  const auto same = [](const std::string& type, const std::string& content) {
    const auto value = from_content(type, content, "lab.example.org");
    REQUIRE_MESSAGE(value, value.error().message);
    return *value;
  };
  CHECK(same("AAAA", "2001:DB8:0:0:0:0:0:A") == "2001:db8::a");
  CHECK(same("AAAA", "::ffff:a00:1") == "::ffff:10.0.0.1");
  CHECK(same("CNAME", "NAS.Lab.example.org.") == "nas.lab.example.org");
  CHECK(same("TXT", R"("one" " two")") == "one two");
  CHECK(same("TXT", "\"gr\xc3\xbc\xc3\x9f\"") == "gr\xc3\xbc\xc3\x9f");
  CHECK(same("TXT", R"("a\;b")") == "a;b");
}

TEST_CASE("powerdns convert: an address inside an IPv6 address is written in hexadecimal") {
  CHECK(to_content("AAAA", "::ffff:10.0.0.1") == "0:0:0:0:0:ffff:a00:1");
  CHECK(to_content("AAAA", "::1.2.3.4") == "0:0:0:0:0:0:102:304");
}

TEST_CASE("powerdns convert: long texts are cut into chunks of 255 bytes, whatever their escapes") {
  const std::string exact(255, 'x');
  CHECK(to_content("TXT", exact) == '"' + exact + '"');
  CHECK(to_content("TXT", exact + "y") == '"' + exact + "\" \"y\"");
  std::string quotes;
  for (int i = 0; i < 255; ++i) quotes += R"(\")";
  CHECK(to_content("TXT", "x" + std::string(600, 'y')) == "\"x" + std::string(254, 'y') + "\" \"" +
                                                              std::string(255, 'y') + "\" \"" +
                                                              std::string(91, 'y') + '"');
  // 256 quotes: escaped they are 512 bytes, in two chunks all the same. The canonical form of a
  // text that begins with a quote is quoted.
  const std::string canonical = '"' + quotes + R"(\")" + '"';
  CHECK(to_content("TXT", canonical) == '"' + quotes + "\" \"\\\"\"");
  CHECK(from_content("TXT", to_content("TXT", canonical), "x").value() == canonical);
  // A letter of two bytes across the border.
  const std::string umlaut = std::string(254, 'a') + "\xc3\xbc";
  CHECK(to_content("TXT", umlaut) == '"' + std::string(254, 'a') + R"(\195" "\188")");
  CHECK(from_content("TXT", to_content("TXT", umlaut), "x").value() == umlaut);
}

TEST_CASE("powerdns convert: what the kind cannot say is an error, not a guess") {
  CHECK_FALSE(from_content("LOC", "52 22 23.000 N 4 53 32.000 E -2.00m", "example.org"));
  CHECK_FALSE(from_content("A", "10.0.0", "example.org"));
  CHECK_FALSE(from_content("TXT", R"("\255\255")", "example.org"));
}

TEST_CASE("powerdns convert: names are absolute there and relative here") {
  CHECK(absolute("lab.example.org") == "lab.example.org.");
  CHECK(absolute("lan.") == "lan.");
  CHECK(bare_name("WWW.Lab.example.org.") == "www.lab.example.org");
  CHECK(owner_in("example.org", "example.org") == "@");
  CHECK(owner_in("example.org", "*.apps.example.org") == "*.apps");
  CHECK(owner_in("example.org", "badexample.org") == std::nullopt);
  CHECK(owner_in("example.org", "org") == std::nullopt);
}

TEST_CASE("powerdns convert: a zone's id in a URL has =XX for what is special") {
  CHECK(zone_id("lab.example.org") == "lab.example.org.");
  CHECK(zone_id("_dmarc.example.org") == "=5Fdmarc.example.org.");
  CHECK(zone_id("0/25.2.0.192.in-addr.arpa") == "0=2F25.2.0.192.in-addr.arpa.");
}

TEST_CASE("powerdns convert: a marker is one line and reads back") {
  const Marker plain{"home", "home:dns/lab/www/A@dns", "www.lab.example.org/A", false};
  CHECK(print_marker(plain) == "site=home id=www.lab.example.org/A address=home:dns/lab/www/A@dns");
  CHECK(parse_marker(print_marker(plain)) == plain);
  const Marker kept{"home", "home:dns/lab/%2A.x/A@dns", "*.x.lab.example.org/A", true};
  CHECK(print_marker(kept) ==
        "site=home id=*.x.lab.example.org/A protect=true address=home:dns/lab/%2A.x/A@dns");
  CHECK(parse_marker(print_marker(kept)) == kept);
  CHECK_FALSE(parse_marker("moved in May"));
  CHECK_FALSE(parse_marker("site=home id=x"));
  CHECK_FALSE(parse_marker("site=home of ours, id=2"));
}
