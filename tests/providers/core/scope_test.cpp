#include <doctest/doctest.h>

#include "providers/core/provider.hpp"

using namespace homeostat;

TEST_CASE("scope: a record belongs to its zone, everything else to the provider") {
  CHECK(scope_of(Address{"home", "dns", "lab/www/A", "dns"}) == Scope{"dns", "lab"});
  CHECK(scope_of(Address{"home", "dns", "lab~v4/7/PTR", "dns"}) == Scope{"dns", "lab~v4"});
  CHECK(scope_of(Address{"home", "dns", "a%2Fb/%40/MX", "dns"}) == Scope{"dns", "a/b"});
  CHECK(scope_of(Address{"home", "ip", "lab/printer", "pve"}) == Scope{"pve", ""});
  CHECK(scope_of(Address{"home", "container", "web", "pve"}) == Scope{"pve", ""});
}

TEST_CASE("scope: is printed as people write it") {
  CHECK(to_string(Scope{"pve", ""}) == "pve");
  CHECK(to_string(Scope{"dns", "lab"}) == "dns/lab");
}
