#include <doctest/doctest.h>

#include <random>

#include "specs/types.hpp"
#include "tests/support/cases.hpp"

using namespace homeostat;

namespace {

constexpr std::string_view zone = "lab.example.org";

std::string rdata(std::string_view type, std::string_view text, std::string_view in = zone) {
  const auto value = canonical_rdata(type, text, in);
  return value ? *value : value.error().message + ": " + value.error().hint;
}

}  // namespace

TEST_CASE("rdata: addresses have the family of their type") {
  CHECK(rdata("A", "10.5.0.20") == "10.5.0.20");
  CHECK(rdata("AAAA", "2001:DB8::0:1") == "2001:db8::1");
  CHECK(rdata("A", "2001:db8::1") ==
        "`2001:db8::1` is IPv6, and an A record holds IPv4: write an AAAA record");
  CHECK(rdata("AAAA", "10.5.0.20") ==
        "`10.5.0.20` is IPv4, and an AAAA record holds IPv6: write an A record");
}

TEST_CASE("rdata: a target without an inner dot lies in the zone, with one it is absolute") {
  CHECK(rdata("CNAME", "nas") == "nas.lab.example.org");
  CHECK(rdata("CNAME", "NAS.example.org") == "nas.example.org");
  CHECK(rdata("CNAME", "@") == "lab.example.org");
  CHECK(rdata("NS", "ns1.example.net.") == "ns1.example.net");
  CHECK(rdata("PTR", "nas.lab.example.org.") == "nas.lab.example.org");
  CHECK(rdata("CNAME", "10.5.0.20") ==
        "`10.5.0.20` is an address, and a name is needed here: write the name that has this "
        "address");
}

TEST_CASE("rdata: an absolute name of one label keeps its dot, or it would become relative") {
  CHECK(rdata("CNAME", "nas.", "home") == "nas.");
  CHECK(rdata("CNAME", "@", "home") == "home.");
  CHECK(rdata("CNAME", "nas", "home") == "nas.home");
  CHECK(rdata_target("CNAME", "home.") == "home");
}

TEST_CASE("rdata: MX and SRV are numbers and a name") {
  CHECK(rdata("MX", "10   mail") == "10 mail.lab.example.org");
  CHECK(rdata("MX", "0 .") == "0 .");
  CHECK(rdata("MX", "mail") ==
        "`mail` is not an MX value: it is a preference and a name: write one such as \"10 mail\"");
  CHECK(rdata("MX", "70000 mail") ==
        "the preference is `70000`, not a number from 0 to 65535: "
        "write digits only, without leading zeros");
  CHECK(rdata("SRV", "0 5 5060 sip") == "0 5 5060 sip.lab.example.org");
  CHECK(rdata("SRV", "0 0 0 .") == "0 0 0 .");
  CHECK(rdata("SRV", "0 5 sip") ==
        "`0 5 sip` is not an SRV value: it is priority, weight, port and "
        "a name: write one such as \"0 5 5060 sip\"");
}

TEST_CASE("rdata: TXT is its joined text, however it was cut") {
  CHECK(rdata("TXT", "v=spf1 -all") == "v=spf1 -all");
  CHECK(rdata("TXT", "\"v=spf1 \" \"-all\"") == "v=spf1 -all");
  CHECK(rdata("TXT", R"("a \"b\" \\ \065")") == "a \"b\" \\ A");
  CHECK(rdata("TXT", R"("\"quoted\"")") == R"("\"quoted\"")");
  CHECK(rdata("TXT", "\"\"").empty());
  CHECK(rdata("TXT", "\"open") == "`\"open` has a quote that is not closed: write `\"` at its end");
  CHECK(rdata("TXT", "\"a\" b") ==
        "`\"a\" b` mixes quoted and plain text: quote every chunk, or "
        "none: TXT values are joined");
  CHECK(rdata("TXT", R"("\255")") ==
        "a TXT value holds bytes that are not UTF-8: write UTF-8 text");
}

TEST_CASE("rdata: CAA has its value in quotes") {
  CHECK(rdata("CAA", "0 Issue letsencrypt.org") == "0 issue \"letsencrypt.org\"");
  CHECK(rdata("CAA", "0 issue \"letsencrypt.org\"") == "0 issue \"letsencrypt.org\"");
  CHECK(rdata("CAA", "0 issue letsencrypt.org; validationmethods=dns-01") ==
        "0 issue \"letsencrypt.org; validationmethods=dns-01\"");
  CHECK(rdata("CAA", "0 issue").starts_with("`0 issue` has no value behind `issue`"));
  CHECK(rdata("CAA", "256 issue x").starts_with("the flags is `256`"));
}

TEST_CASE("rdata: SVCB and HTTPS have their parameters in the order of their numbers") {
  CHECK(rdata("HTTPS", "1 . port=8443 alpn=\"h2,h3\"") == "1 . alpn=h2,h3 port=8443");
  CHECK(rdata("HTTPS", "1 web ipv6hint=2001:DB8::1 ipv4hint=10.5.0.1") ==
        "1 web.lab.example.org ipv4hint=10.5.0.1 ipv6hint=2001:db8::1");
  CHECK(rdata("SVCB", "0 other.example.net") == "0 other.example.net");
  CHECK(rdata("HTTPS", "1 . mandatory=port,alpn alpn=h2 port=443") ==
        "1 . mandatory=alpn,port alpn=h2 port=443");
  CHECK(rdata("HTTPS", "1 . key667=\"a b\" no-default-alpn alpn=h2") ==
        "1 . alpn=h2 no-default-alpn key667=\"a b\"");
  CHECK(
      rdata("HTTPS", "1 . mandatory=port alpn=h2").starts_with("`port` is mandatory and missing"));
  CHECK(rdata("HTTPS", "1 . alpn=h2 alpn=h3").starts_with("`alpn` stands twice"));
  CHECK(rdata("HTTPS", "0 . alpn=h2").starts_with("a service value of priority 0 is an alias"));
  CHECK(rdata("HTTPS", "1 . apln=h2").starts_with("`apln` is not a parameter"));
  CHECK(rdata("HTTPS", "1 . key3=443") == "`key3` has a name: write port=");
}

TEST_CASE("rdata: TLSA and SSHFP hashes have the length of their kind") {
  const std::string sha256(64, 'A');
  CHECK(rdata("TLSA", "3 1 1 " + sha256) == "3 1 1 " + std::string(64, 'a'));
  CHECK(rdata("TLSA", "3 1 1 " + sha256.substr(32) + ' ' + sha256.substr(32)) ==
        "3 1 1 " + std::string(64, 'a'));
  CHECK(rdata("TLSA", "3 1 1 abcd").starts_with("the TLSA hash has 4 digits, not 64"));
  CHECK(rdata("TLSA", "4 1 1 " + sha256).starts_with("the usage is `4`"));
  CHECK(rdata("SSHFP", "4 2 " + sha256) == "4 2 " + std::string(64, 'a'));
  CHECK(rdata("SSHFP", "4 1 " + sha256).starts_with("the fingerprint has 64 digits, not 40"));
  CHECK(rdata("SSHFP", "5 2 " + sha256).find("does not exist") != std::string::npos);
}

TEST_CASE("rdata: an unknown type is named, with those that are known") {
  CHECK(rdata("SPF", "x") ==
        "`SPF` is not a record type: write one of A AAAA CNAME MX TXT SRV CAA "
        "NS PTR SVCB HTTPS TLSA SSHFP");
  CHECK(is_record_type("SSHFP"));
  CHECK_FALSE(is_record_type("a"));
}

TEST_CASE("rdata: the target of a value") {
  CHECK(rdata_target("CNAME", "nas.lab.example.org") == "nas.lab.example.org");
  CHECK(rdata_target("MX", "10 mail.lab.example.org") == "mail.lab.example.org");
  CHECK(rdata_target("SRV", "0 5 5060 sip.lab.example.org") == "sip.lab.example.org");
  CHECK(rdata_target("HTTPS", "1 . alpn=h2").empty());
  CHECK(rdata_target("A", "10.5.0.1").empty());
}

TEST_CASE("rdata: what was printed is read back as the same, for every type (property)") {
  std::mt19937_64 random(23);
  const auto pick = [&random](const std::vector<std::string>& from) {
    return from[random() % from.size()];
  };
  const auto number = [&random](std::uint64_t below) { return std::to_string(random() % below); };
  const std::vector<std::string> names = {"nas", "@",        "a.b", "Mail.Example.ORG.",
                                          "x.",  "_sip._tcp"};
  const std::vector<std::string> pieces = {"\"",   "\\",     " ",     "a",     "=", ";",
                                           "\\\"", "\u00fc", "\\010", "\" \"", "\t"};
  const auto text = [&] {
    std::string out;
    for (std::size_t i = 0; i < random() % 6; ++i) out += pick(pieces);
    return out;
  };
  const auto hex = [&](std::size_t digits) {
    std::string out;
    for (std::size_t i = 0; i < digits; ++i) out += "0123456789aBcDeF"[random() % 16];
    return out;
  };
  int read = 0;
  for (int i = 0; i < property_cases(); ++i) {
    const std::vector<std::pair<std::string, std::string>> values = {
        {"A", number(256) + ".0." + number(300) + ".1"},
        {"AAAA", "2001:DB8:0:" + hex(2) + "::" + hex(4)},
        {pick({"CNAME", "NS", "PTR"}), pick(names)},
        {"MX", number(70000) + ' ' + pick(names)},
        {"SRV", number(9) + ' ' + number(70000) + " 5060 " + pick(names)},
        {"TXT", text()},
        {"TXT", '"' + text() + '"'},
        {"CAA", number(260) + " Issue " + text()},
        {pick({"SVCB", "HTTPS"}), number(2) + ' ' + pick(names) +
                                      pick({"", " alpn=H2", " port=1", " alpn"}) +
                                      pick({"", " key9=\"a b\"", " ech=AAA=", " key77"}) +
                                      pick({"", " mandatory=port", " ipv4hint=1.2.3.4,1.2.3.5"})},
        {"TLSA", number(4) + " 1 1 " + hex(random() % 2 == 0 ? 64 : 62)},
        {"SSHFP", number(5) + " 2 " + hex(64)},
    };
    const std::string in = pick({"lab.example.org", "home"});
    for (const auto& row : values) {
      const auto& type = row.first;
      const auto& value = row.second;
      const auto canonical = canonical_rdata(type, value, in);
      if (!canonical) continue;
      ++read;
      CAPTURE(type);
      CAPTURE(value);
      REQUIRE(canonical_rdata(type, *canonical, in).value() == *canonical);
    }
  }
  CHECK(read > property_cases() * 5);
}
