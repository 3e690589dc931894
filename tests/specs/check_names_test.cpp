// Names that lead nowhere, or in a circle.
#include <doctest/doctest.h>

#include "tests/support/spec.hpp"

using namespace homeostat;

TEST_CASE("names: a CNAME to a name of ours that has no record is a warning") {
  CHECK(warnings_in("dns:\n  lab:\n    a: { CNAME: nope }\n") ==
        "spec.yaml:3:17: dns/lab/a/CNAME leads to nope.lab.example.org, which has no record in "
        "this spec\n"
        "      a: { CNAME: nope }\n                  ^\n"
        "  hint: declare that name, or correct the target\n");
  // Another view, a wildcard, a name of which only names below have records, the top of a zone,
  // what is delegated, and what is not ours.
  CHECK(warnings_in("dns:\n"
                    "  lab:\n"
                    "    a: { CNAME: x.example.org }\n"
                    "    b: { CNAME: any }\n"
                    "    \"*\": 10.5.0.8\n"
                    "  inside:\n"
                    "    c: { CNAME: deep }\n"
                    "    here.deep: 10.5.0.9\n"
                    "    d: { CNAME: lab.example.org }\n"
                    "    theirs: { NS: ns.example.net }\n"
                    "    e: { CNAME: www.theirs.example.org }\n"
                    "    f: { CNAME: www.example.com }\n"
                    "    _acme-challenge.g: { CNAME: g.acme.example.org }\n"
                    "  public:\n"
                    "    x: 203.0.113.9\n")
            .empty());
}

TEST_CASE("names: CNAME records in a circle are an error that shows the circle") {
  CHECK(
      errors_in("dns:\n  lab:\n    a: { CNAME: b }\n    b: { CNAME: c }\n    c: { CNAME: b }\n") ==
      "spec.yaml:4:17: a circle of CNAME records, which leads nowhere: b.lab.example.org -> "
      "c.lab.example.org -> b.lab.example.org\n"
      "      b: { CNAME: c }\n                  ^\n"
      "  hint: let one of them lead to a name with an address\n");
  CHECK(errors_in("dns:\n  lab:\n    a: { CNAME: a }\n").find("a.lab.example.org -> a.lab.") !=
        std::string::npos);
  // Each view has its own.
  CHECK(errors_in("dns:\n  inside:\n    a: { CNAME: b }\n    b: 10.5.0.8\n"
                  "  public:\n    b: { CNAME: a }\n    a: 203.0.113.9\n")
            .empty());
}

TEST_CASE("names: a domain of a proxy host that no record leads to is a warning") {
  const std::string host = "forward_host: 10.5.0.8, forward_port: 80 }\n";
  CHECK(warnings_in("proxy_hosts:\n  p: { domains: [new.example.org], " + host) ==
        "spec.yaml:2:17: domain new.example.org of proxy_host/p has no record in this spec: nobody "
        "finds it\n"
        "    p: { domains: [new.example.org], forward_host: 10.5.0.8, forward_port: 80 }\n"
        "                  ^\n"
        "  hint: declare one under `dns:`, or write the host as `web:` of a service, which makes "
        "it\n");
  CHECK(warnings_in("proxy_hosts:\n  p: { domains: [new.example.org, x.example.com], " + host +
                    "dns:\n  public:\n    new: 203.0.113.9\n")
            .empty());
}
