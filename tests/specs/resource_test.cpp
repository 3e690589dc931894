#include "specs/resource.hpp"

#include <doctest/doctest.h>

using namespace homeostat;

namespace {

Address parsed(std::string_view text) {
  const Result<Address> address = parse_address(text);
  REQUIRE_MESSAGE(address.has_value(), text);
  return *address;
}

std::string why_not(std::string_view text) {
  const Result<Address> address = parse_address(text);
  REQUIRE_MESSAGE(!address.has_value(), text);
  CHECK(address.error().kind == ErrorKind::invalid_spec);
  CHECK(!address.error().hint.empty());
  return address.error().message;
}

}  // namespace

TEST_CASE("address: parts that are left out come back empty") {
  CHECK(parsed("container/forgejo") == Address{"", "container", "forgejo", ""});
  CHECK(parsed("container/forgejo@pve") == Address{"", "container", "forgejo", "pve"});
  CHECK(parsed("home:container/forgejo") == Address{"home", "container", "forgejo", ""});
  CHECK(parsed("home:container/forgejo@pve") == Address{"home", "container", "forgejo", "pve"});
  CHECK(parsed("ip/lab/printer") == Address{"", "ip", "lab/printer", ""});
}

TEST_CASE("address: the apex is understood as @ and as %40, with and without a provider") {
  const Address apex = {"", "dns", "lab/%40/MX", ""};
  CHECK(parsed("dns/lab/@/MX") == apex);
  CHECK(parsed("dns/lab/%40/MX") == apex);
  CHECK(parsed("dns/lab/%40/MX@dns") == Address{"", "dns", "lab/%40/MX", "dns"});
  CHECK(parsed("dns/lab/@/MX@dns") == Address{"", "dns", "lab/%40/MX", "dns"});
  CHECK(parsed("dns/lab/@") == Address{"", "dns", "lab/%40", ""});
}

TEST_CASE("address: the wildcard owner is understood as * and as %2A") {
  CHECK(parsed("dns/lab/*/A").name == "lab/%2A/A");
  CHECK(parsed("dns/lab/%2a/A").name == "lab/%2A/A");
  CHECK(parsed("dns/lab/*.apps/A").name == "lab/%2A.apps/A");
}

TEST_CASE("address: a name is encoded once, however it was typed") {
  CHECK(parsed("monitor/NAS%20web").name == "NAS%20web");
  CHECK(parsed("monitor/%4e%41%53").name == "NAS");
  CHECK(parsed("monitor/100%25").name == "100%25");
}

TEST_CASE("address: what is no address is refused with what is wrong") {
  CHECK(why_not("forgejo") == "`forgejo` is no address: it has no `/` between kind and name");
  CHECK(why_not("") == "`` is no address: it has no `/` between kind and name");
  CHECK(why_not("container/") == "`container/` is no address: its name is empty");
  CHECK(why_not("/x") == "`/x` is no address: the kind is empty");
  CHECK(why_not(":container/x") == "`:container/x` is no address: the site is empty");
  CHECK(why_not("container/x@") == "`container/x@` is no address: the provider is empty");
  CHECK(why_not("container/x@a/b") ==
        "`container/x@a/b` is no address: `a/b` cannot be a provider");
  CHECK(why_not("dns/lab//A") == "`dns/lab//A` is no address: a part of its name is empty");
  CHECK(why_not("dns/lab/a:b/A") ==
        "`dns/lab/a:b/A` is no address: `:` inside a name is written %3A");
  CHECK(
      why_not("dns/lab/%/A") ==
      "`dns/lab/%/A` is no address: `%` must be followed by two hex digits; a percent sign is %25");
}

TEST_CASE("address: to_string holds everything, display what people need") {
  const Address mx = {"home", "dns", "lab/%40/MX", "dns"};
  CHECK(to_string(mx) == "home:dns/lab/%40/MX@dns");
  CHECK(display(mx, false, false) == "dns/lab/@/MX");
  CHECK(display(mx, true, false) == "dns/lab/%40/MX@dns");
  CHECK(display(mx, false, true) == "home:dns/lab/@/MX");
  CHECK(display(mx, true, true) == to_string(mx));
  CHECK(display(Address{"", "dns", "lab/%40/MX", ""}, true, true) == "dns/lab/@/MX");
  CHECK(to_string(Address{"", "container", "x", ""}) == "container/x");
}

TEST_CASE("address: every form that is printed is read back") {
  for (const std::string owner : {"@", "*", "*.apps", "www", "a/b", "50%", "x:y", "what?", "ü n"}) {
    const Address address = {"home", "dns", "lab/" + encode_component(owner) + "/A", "dns"};
    CHECK(parsed(to_string(address)) == address);
    CHECK(parsed(display(address, true, true)) == address);
    CHECK(parsed(display(address, false, true)).name == address.name);
    CHECK(name_components(address.name) == std::vector<std::string>{"lab", owner, "A"});
  }
}

TEST_CASE("address: components are encoded only where it is needed") {
  CHECK(encode_component("@") == "%40");
  CHECK(encode_component("*") == "%2A");
  CHECK(encode_component("/:%*?@ \t\n\x7F") == "%2F%3A%25%2A%3F%40%20%09%0A%7F");
  CHECK(encode_component("grün.example-1_x~v4") == "grün.example-1_x~v4");
  CHECK(decode_component("a%2Fb%zz%4") == "a/b%zz%4");
}

TEST_CASE("address: globs match over the form that people see") {
  const Address www = {"home", "dns", "lab/www/A", "dns"};
  CHECK(address_matches(www, "*"));
  CHECK(address_matches(www, "dns/*"));
  CHECK(address_matches(www, "dns/lab/www/A"));
  CHECK(address_matches(www, "*/www/*"));
  CHECK(address_matches(www, "dns/lab/ww?/A"));
  CHECK(address_matches(www, "home:dns/*"));
  CHECK(address_matches(www, "h*:dns/*@d?s"));
  CHECK(address_matches(www, "*@dns"));
  CHECK(!address_matches(www, "*@pub"));
  CHECK(!address_matches(www, "work:*"));
  CHECK(!address_matches(www, "dns/lab/www"));
  CHECK(!address_matches(www, "dns/lab/w?/A"));
  CHECK(!address_matches(www, ""));
}

TEST_CASE("address: a glob can name the apex and a literal star") {
  const Address apex = {"home", "dns", "lab/%40/MX", "dns"};
  const Address wildcard = {"home", "dns", "lab/%2A/A", "dns"};
  const Address www = {"home", "dns", "lab/www/A", "dns"};
  CHECK(address_matches(apex, "dns/lab/@/*"));
  CHECK(address_matches(apex, "dns/lab/%40/MX"));
  CHECK(address_matches(apex, "dns/lab/@/MX@dns"));
  CHECK(address_matches(apex, "dns/lab/?/MX"));
  CHECK(!address_matches(www, "dns/lab/@/*"));
  CHECK(address_matches(wildcard, "dns/lab/%2a/A"));
  CHECK(!address_matches(www, "dns/lab/%2A/A"));
  CHECK(address_matches(wildcard, "dns/lab/*/A"));
}

TEST_CASE("address: a glob with many stars ends soon on a long name") {
  const Address address = {"", "monitor", std::string(5000, 'a'), ""};
  CHECK(!address_matches(address, "monitor/*a*a*a*a*a*a*a*a*a*a*a*b"));
}
