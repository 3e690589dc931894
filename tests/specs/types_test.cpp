#include "specs/types.hpp"

#include <doctest/doctest.h>

#include <random>

#include "specs/text.hpp"
#include "tests/support/cases.hpp"

using namespace homeostat;

namespace {

// "message: hint", as one line for comparing.
template <class T>
std::string why(const Result<T>& result) {
  return result ? "no error" : result.error().message + ": " + result.error().hint;
}

std::string ip_text(const Result<IpAddress>& address) {
  return address ? to_string(*address) : "error";
}

IpAddress random_ip(std::mt19937_64& random) {
  IpAddress address;
  address.v6 = random() % 2 == 0;
  const std::size_t width = address.v6 ? 16 : 4;
  for (std::size_t i = 0; i < width; ++i) {
    // Runs of zeros, where the short forms of IPv6 are.
    address.bytes[i] = random() % 2 == 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(random());
  }
  return address;
}

}  // namespace

TEST_CASE("types: an address has one form, and what is none says what to write") {
  CHECK(ip_text(parse_ip("10.5.0.7")) == "10.5.0.7");
  CHECK(ip_text(parse_ip("2001:DB8:0:0:0:0:0:1")) == "2001:db8::1");
  CHECK(why(parse_ip("10.05.0.7")) ==
        "`10.05.0.7` has a number with a leading zero: write 10.5.0.7");
  CHECK(why(parse_ip("10.5.0.7/24")) ==
        "`10.5.0.7/24` has a prefix length: write the address alone: 10.5.0.7");
  CHECK(why(parse_ip("fe80::1%eth0")) == "`fe80::1%eth0` has a zone: write fe80::1");
  CHECK(why(parse_ip("nas")) ==
        "`nas` is not an IP address: write one such as 10.5.0.7 or 2001:db8::7");
  CHECK_FALSE(parse_ip(""));
  CHECK_FALSE(parse_ip("10.5.0"));
  CHECK_FALSE(parse_ip("10.5.0.256"));
  CHECK_FALSE(parse_ip(std::string_view("10.5.0.7\0", 9)));
}

TEST_CASE("types: a network has no host bits") {
  CHECK(to_string(parse_cidr("10.5.0.0/24").value()) == "10.5.0.0/24");
  CHECK(to_string(parse_cidr("2001:DB8::/32").value()) == "2001:db8::/32");
  CHECK(why(parse_cidr("10.5.0.7/24")) ==
        "`10.5.0.7/24` is an address inside a network, not the network: write 10.5.0.0/24");
  CHECK(why(parse_cidr("10.5.0.0")) == "`10.5.0.0` has no prefix length: write 10.5.0.0/24");
  CHECK_FALSE(parse_cidr("10.5.0.0/33"));
  CHECK_FALSE(parse_cidr("10.5.0.0/024"));
  CHECK_FALSE(parse_cidr("lab"));
}

TEST_CASE("types: a range is two addresses of one family, or one") {
  const IpRange range = parse_ip_range("10.5.0.20 - 10.5.0.99").value();
  CHECK(contains(range, parse_ip("10.5.0.20").value()));
  CHECK(contains(range, parse_ip("10.5.0.99").value()));
  CHECK_FALSE(contains(range, parse_ip("10.5.0.100").value()));
  CHECK_FALSE(contains(range, parse_ip("::1").value()));
  const IpRange one = parse_ip_range("10.5.0.20").value();
  CHECK(one.first == one.last);
  CHECK(why(parse_ip_range("10.5.0.20-99")) ==
        "`10.5.0.20-99` ends in a number, not in an address: write 10.5.0.20-10.5.0.99");
  CHECK(why(parse_ip_range("10.5.0.99-10.5.0.20")) ==
        "`10.5.0.99-10.5.0.20` ends before it begins: write 10.5.0.20-10.5.0.99");
  CHECK_FALSE(parse_ip_range("10.5.0.20-::1"));
}

TEST_CASE("types: addresses are counted inside their network") {
  const Cidr lab = parse_cidr("10.5.0.0/22").value();
  CHECK(to_string(host_address(lab, 110).value()) == "10.5.0.110");
  CHECK(to_string(host_address(lab, 300).value()) == "10.5.1.44");
  CHECK_FALSE(host_address(lab, 1024));
  CHECK_FALSE(host_address(lab, std::uint64_t{1} << 40U));
  const Cidr v6 = parse_cidr("2001:db8::/64").value();
  CHECK(to_string(host_address(v6, UINT64_MAX).value()) == "2001:db8::ffff:ffff:ffff:ffff");
  CHECK(to_string(next(parse_ip("10.5.0.255").value())) == "10.5.1.0");
  CHECK(to_string(next(parse_ip("2001:db8::ffff").value())) == "2001:db8::1:0");
}

TEST_CASE("types: reverse names and the zone that covers some networks") {
  CHECK(reverse_name(parse_ip("10.5.0.110").value()) == "110.0.5.10.in-addr.arpa");
  CHECK(reverse_name(parse_ip("2001:db8::1").value()) ==
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
  const auto zone = [](std::vector<std::string> networks) {
    std::vector<Cidr> parsed;
    for (const std::string& network : networks) parsed.push_back(parse_cidr(network).value());
    return reverse_zone(parsed).value_or("none");
  };
  CHECK(zone({"10.5.0.0/24"}) == "0.5.10.in-addr.arpa");
  CHECK(zone({"10.5.0.0/22"}) == "5.10.in-addr.arpa");
  CHECK(zone({"10.5.0.0/24", "10.5.7.0/24"}) == "5.10.in-addr.arpa");
  CHECK(zone({"10.5.0.7/32"}) == "0.5.10.in-addr.arpa");
  CHECK(zone({"10.5.0.0/24", "192.168.1.0/24"}) == "none");
  CHECK(zone({"2001:db8::/34"}) == "8.b.d.0.1.0.0.2.ip6.arpa");
  CHECK(zone({"10.5.0.0/24", "2001:db8::/64"}) == "none");
  CHECK(zone({}) == "none");
}

TEST_CASE("types: integers are decimal and have one reading") {
  CHECK(parse_integer("0").value() == 0);
  CHECK(parse_integer("-7").value() == -7);
  CHECK(parse_integer("9223372036854775807").value() == INT64_MAX);
  CHECK(parse_integer("-9223372036854775808").value() == INT64_MIN);
  CHECK(why(parse_integer("010")) == "`010` could be read as 8 or as 10: write 10");
  CHECK(why(parse_integer("-010")) == "`-010` could be read as -8 or as -10: write -10");
  CHECK(why(parse_integer("08")) == "`08` has a leading zero: write 8");
  CHECK(why(parse_integer("0x1F")) == "`0x1F` is not a decimal number: write 31");
  CHECK(why(parse_integer("1_000")) == "`1_000` is not a plain number: write 1000");
  CHECK(why(parse_integer("+5")) == "`+5` has a sign that is not needed: write 5");
  CHECK(why(parse_integer("1.0")) == "`1.0` is not a whole number: write 1");
  CHECK(why(parse_integer("9223372036854775808")) ==
        "`9223372036854775808` is too large: write a smaller number");
  CHECK_FALSE(parse_integer(""));
  CHECK_FALSE(parse_integer("-"));
}

TEST_CASE("types: only true and false are booleans") {
  CHECK(parse_boolean("true").value());
  CHECK_FALSE(parse_boolean("false").value());
  CHECK(why(parse_boolean("yes")) == "`yes` is not true or false: write true");
  CHECK(why(parse_boolean("Off")) == "`Off` is not true or false: write false");
  CHECK(why(parse_boolean("maybe")) == "`maybe` is not true or false: write true or false");
}

TEST_CASE("types: a size needs a unit, and equal sizes print alike") {
  CHECK(format_size(parse_size("2048MiB").value()) == "2GiB");
  CHECK(format_size(parse_size("1536 MiB").value()) == "1536MiB");
  CHECK(format_size(parse_size("0MiB").value()) == "0B");
  CHECK(why(parse_size("2048")) == "2048 what?: write 2048MiB");
  CHECK(why(parse_size("2147483648")) == "2147483648 what?: write 2GiB");
  CHECK(why(parse_size("1.5")) == "1.5 what?: write 1536MiB");
  CHECK(why(parse_size("2G")) == "`G` is not a unit of size: write 2GiB");
  CHECK(why(parse_size("512MB")) == "`MB` is not a unit of size: write 512MiB");
  CHECK(why(parse_size("512mib")) == "`mib` is not a unit of size: write 512MiB");
  CHECK(why(parse_size("1.5GiB")) == "`1.5GiB` is not a whole number: write 1536MiB");
  CHECK(why(parse_size("big")) ==
        "`big` is not a size: write a number and a unit, such as 512MiB or 8GiB");
  CHECK_FALSE(parse_size("20000000TiB"));
  CHECK_FALSE(parse_size("-1GiB"));
}

TEST_CASE("types: a duration needs a unit, and equal durations print alike") {
  for (const std::string_view text : {"1h", "60m", "3600s"}) {
    CHECK(format_duration(parse_duration(text).value()) == "1h");
  }
  CHECK(format_duration(parse_duration("90s").value()) == "90s");
  CHECK(format_duration(parse_duration("1w").value()) == "7d");
  CHECK(format_duration(parse_duration("0m").value()) == "0s");
  CHECK(why(parse_duration("300")) == "300 what?: write 300s or 5m");
  CHECK(why(parse_duration("90")) == "90 what?: write 90s");
  CHECK(why(parse_duration("5min")) == "`min` is not a unit of time: write 5m");
  CHECK(why(parse_duration("1.5h")) == "`1.5h` is not a whole number: write 90m");
  CHECK(why(parse_duration("500ms")) == "`500ms` is not a whole number of seconds: write 1s");
  CHECK(why(parse_duration("1h30m")) ==
        "`1h30m` is not a duration: write one number and one unit, such as 90s, 5m, 1h or 7d");
  CHECK_FALSE(parse_duration("99999999999999999d"));
}

TEST_CASE("types: hardware addresses and dates") {
  CHECK(canonical_mac("bc-24-11-00-00-0a").value() == "BC:24:11:00:00:0A");
  CHECK(canonical_mac("bc24.1100.000a").value() == "BC:24:11:00:00:0A");
  CHECK(canonical_mac("bc241100000a").value() == "BC:24:11:00:00:0A");
  CHECK_FALSE(canonical_mac("bc:24:11:00:00"));
  CHECK_FALSE(canonical_mac("bc:24:11:00:00:0g"));
  CHECK(canonical_date("2028-02-29").value() == "2028-02-29");
  CHECK_FALSE(canonical_date("2027-02-29"));
  CHECK_FALSE(canonical_date("27-01-31"));
  CHECK_FALSE(canonical_date("2027-1-031"));
}

TEST_CASE("types: a DNS name is lower case, without trailing dot, in ASCII") {
  CHECK(canonical_name("NAS.lab.example.org.").value() == "nas.lab.example.org");
  CHECK(canonical_name("_dmarc.example.org").value() == "_dmarc.example.org");
  CHECK(canonical_name("*.Example.org").value() == "*.example.org");
  CHECK(canonical_name("b\u00fccher.example").value() == "xn--bcher-kva.example");
  CHECK(canonical_name("B\u00dcCHER.example").value() == "xn--bcher-kva.example");
  CHECK_FALSE(canonical_name(""));
  CHECK_FALSE(canonical_name("."));
  CHECK_FALSE(canonical_name("a..b"));
  CHECK_FALSE(canonical_name("a.*.b"));
  CHECK_FALSE(canonical_name("a b"));
  CHECK_FALSE(canonical_name("http://a"));
  CHECK_FALSE(canonical_name(std::string(64, 'a') + ".example"));
  CHECK(canonical_name(std::string(63, 'a') + ".example"));
  std::string longest;
  for (int i = 0; i < 126; ++i) longest += "a.";
  CHECK(canonical_name(longest + "a"));
  CHECK_FALSE(canonical_name(longest + "aa"));
}

TEST_CASE("types: a URL keeps its path and loses what its scheme implies") {
  CHECK(canonical_url("HTTP://Nas.Lab.Example:80/A?b=C").value() == "http://nas.lab.example/A?b=C");
  CHECK(canonical_url("https://git.example.org").value() == "https://git.example.org");
  CHECK(canonical_url("https://git.example.org/").value() == "https://git.example.org/");
  CHECK(canonical_url("http://[2001:DB8:0::1]:8080/").value() == "http://[2001:db8::1]:8080/");
  CHECK(canonical_url("unix:///var/run/docker.sock").value() == "unix:///var/run/docker.sock");
  CHECK(canonical_url("ssh://git@forge/x").value() == "ssh://git@forge/x");
  CHECK(why(canonical_url("nas:8080")) ==
        "`nas:8080` has no scheme: write it in full, such as "
        "http://nas:8080");
  CHECK_FALSE(canonical_url("http:///x"));
  CHECK_FALSE(canonical_url("http://nas:99999"));
  CHECK_FALSE(canonical_url("http://a b/"));
  CHECK_FALSE(canonical_url("http://2001:db8::1/"));
}

TEST_CASE("types: an error about a URL never repeats a password in it") {
  for (const std::string_view text :
       {"http://ops:hunter2@nas/", "ops:hunter2@nas", "http://ops:hunter2@na s/"}) {
    const auto url = canonical_url(text);
    REQUIRE_FALSE(url);
    CHECK(why(url).find("hunter2") == std::string::npos);
  }
}

TEST_CASE("types: what was printed is read back as the same (property)") {
  std::mt19937_64 random(7);
  for (int i = 0; i < property_cases(); ++i) {
    CAPTURE(i);
    const IpAddress address = random_ip(random);
    REQUIRE(parse_ip(to_string(address)).value() == address);
    const Cidr whole{address, address.v6 ? 128 : 32};
    REQUIRE(parse_cidr(to_string(whole)).value() == whole);
    // Shifts spread the numbers over all magnitudes.
    const std::uint64_t number = random() >> (random() % 64);
    REQUIRE(parse_size(format_size(number)).value() == number);
    const auto seconds = static_cast<std::int64_t>(number >> 1U);
    REQUIRE(parse_duration(format_duration(seconds)).value() == seconds);
    const auto integer = static_cast<std::int64_t>(random()) >> (random() % 64);
    REQUIRE(parse_integer(std::to_string(integer)).value() == integer);
  }
}

TEST_CASE("types: names, URLs and hardware addresses read back as they print (property)") {
  std::mt19937_64 random(11);
  const auto label = [&random] {
    const std::vector<std::string> pieces = {"nas",    "A", "-x1", "_tcp",
                                             "\u00fc", "9", "LAB", "\u65e5"};
    std::string text;
    for (std::size_t i = 0; i <= random() % 3; ++i) text += pieces[random() % pieces.size()];
    return text;
  };
  int read = 0;
  for (int i = 0; i < property_cases(); ++i) {
    std::string name = random() % 8 == 0 ? "*." : "";
    name += label();
    for (std::size_t k = 0; k < random() % 4; ++k) name += '.' + label();
    if (random() % 4 == 0) name += '.';
    CAPTURE(name);
    const auto canonical = canonical_name(name);
    if (canonical) {
      ++read;
      REQUIRE(canonical_name(*canonical).value() == *canonical);
    }
    const auto url =
        canonical_url("HTTPS://" + name + ':' + std::to_string(random() % 600 + 1) + "/P");
    if (url) REQUIRE(canonical_url(*url).value() == *url);
    std::string mac;
    for (int k = 0; k < 6; ++k) {
      mac += k == 0 ? "" : "-";
      mac += "0123456789abcdef"[random() % 16];
      mac += "0123456789abcdef"[random() % 16];
    }
    const std::string colons = canonical_mac(mac).value();
    REQUIRE(canonical_mac(colons).value() == colons);
  }
  CHECK(read * 2 > property_cases());
}

TEST_CASE("types: what a message quotes is one line, cut between two characters") {
  CHECK(in_ticks("a\nb") == "`a b`");
  CHECK(in_ticks(std::string(59, 'x') + "\u65e5\u65e5") == "`" + std::string(59, 'x') + "...`");
  CHECK(in_ticks(std::string(57, 'x') + "\u65e5\u65e5") ==
        "`" + std::string(57, 'x') + "\u65e5...`");
}
