// The `dns:` section.
#include <doctest/doctest.h>

#include "tests/support/spec.hpp"

using namespace homeostat;
using Lines = std::vector<std::string>;

TEST_CASE("records: a bare value is an A or AAAA record by what it looks like") {
  const Spec spec = loaded(R"(dns:
  lab:
    nas: 10.5.0.20
    both: [10.5.0.21, "2001:DB8::21", 10.5.0.22]
    ref: ${container.a.ip}
containers: { a: { vmid: 110 } }
)");
  CHECK(find(spec, "dns/lab/nas/A").attributes ==
        Attributes{{"values", {"10.5.0.20"}}, {"ttl", "1h"}});
  CHECK(find(spec, "dns/lab/both/A").attributes["values"] == Attributes{"10.5.0.21", "10.5.0.22"});
  CHECK(find(spec, "dns/lab/both/AAAA").attributes["values"] == Attributes{"2001:db8::21"});
  CHECK(open_at(find(spec, "dns/lab/ref/A"), "/values/0") == "<home:container/a@pve ip>");
  CHECK(lines_of(spec, find(spec, "dns/lab/nas/A"), "values") == Lines{"spec.yaml:3"});
}

TEST_CASE("records: types, values and options") {
  const Spec spec = loaded(R"(dns:
  lab:
    "@":
      MX: ["10 mail", 20 backup.example.org]
      TXT: { values: "v=spf1 -all", ttl: 5m, mode: report }
      protect: true
      ttl: 10m
    "*.apps": { CNAME: nas }
    www: { CNAME: nas.example.org. }
)");
  const Resource& mx = find(spec, "dns/lab/%40/MX");
  CHECK(
      mx.attributes ==
      Attributes{{"values", {"10 mail.lab.example.org", "20 backup.example.org"}}, {"ttl", "10m"}});
  CHECK(mx.protect == true);
  const Resource& txt = find(spec, "dns/lab/%40/TXT");
  CHECK(txt.attributes == Attributes{{"values", {"v=spf1 -all"}}, {"ttl", "5m"}});
  CHECK(txt.mode == Mode::report);
  CHECK(txt.protect == true);
  CHECK(find(spec, "dns/lab/%2A.apps/CNAME").attributes["values"] ==
        Attributes{"nas.lab.example.org"});
  CHECK(find(spec, "dns/lab/www/CNAME").attributes["values"] == Attributes{"nas.example.org"});
}

TEST_CASE("records: one zone and one owner may be spread over files, a type may not") {
  const Spec spec = loaded(Texts{{"homeostat.yaml", homelab()},
                                 {"a.yaml", "dns: { lab: { \"@\": { MX: 10 mail } } }\n"},
                                 {"b.yaml", "dns: { lab: { \"@\": { TXT: hello } } }\n"}});
  CHECK(has(spec, "dns/lab/@/MX"));
  CHECK(has(spec, "dns/lab/@/TXT"));
  CHECK(errors_in(Texts{{"homeostat.yaml", homelab()},
                        {"a.yaml", "dns: { lab: { x: 10.5.0.1 } }\n"},
                        {"b.yaml", "dns: { lab: { x: 10.5.0.2 } }\n"}}) ==
        "b.yaml:1:15: dns/lab/x/A is declared, and already at a.yaml:1:15\n"
        "  dns: { lab: { x: 10.5.0.2 } }\n                ^\n"
        "  hint: a resource is declared once: remove or rename one of the two\n");
}

TEST_CASE("records: what is no address needs a type") {
  CHECK(errors_in("dns:\n  lab:\n    www: nas\n    web: { cname: nas }\n    x: { HOST: nas }\n") ==
        "spec.yaml:3:10: `nas` is no address\n      www: nas\n           ^\n"
        "  hint: a bare value is an A or AAAA record; for another name write { CNAME: nas }\n"
        "spec.yaml:4:12: record types are written in capitals\n      web: { cname: nas }\n"
        "             ^\n  hint: write `CNAME`\n"
        "spec.yaml:5:10: `HOST` is no record type\n      x: { HOST: nas }\n           ^\n"
        "  hint: there is: `A`, `AAAA`, `CAA`, `CNAME`, `HTTPS`, `MX`, `NS`, `PTR` and 5 more\n");
}

TEST_CASE("records: owners are relative to their zone") {
  CHECK(
      errors_in(
          "dns:\n  lab:\n    nas.lab.example.org: 10.5.0.1\n    lab.example.org.: 10.5.0.2\n") ==
      "spec.yaml:3:5: `nas.lab.example.org` would be nas.lab.example.org.lab.example.org: names in "
      "a zone are relative to it\n"
      "      nas.lab.example.org: 10.5.0.1\n      ^\n  hint: write `nas`\n"
      "spec.yaml:4:5: `lab.example.org.` would be lab.example.org.lab.example.org: names in a zone "
      "are relative to it\n"
      "      lab.example.org.: 10.5.0.2\n      ^\n  hint: write `\"@\"`\n");
}

TEST_CASE("records: an unknown zone gets a suggestion, also where its DNS name was written") {
  CHECK(errors_in("dns:\n  lba: { a: 10.5.0.1 }\n  lab.example.org: { a: 10.5.0.1 }\n") ==
        "spec.yaml:2:3: `dns` names `lba`, which is no zone\n    lba: { a: 10.5.0.1 }\n    ^\n"
        "  hint: did you mean `lab`?\n"
        "spec.yaml:3:3: `dns` names `lab.example.org`, which is no zone\n"
        "    lab.example.org: { a: 10.5.0.1 }\n    ^\n"
        "  hint: `dns` goes by the zone's key: write `lab`\n");
}

TEST_CASE("records: a CNAME tolerates nothing beside it") {
  CHECK(errors_in("dns:\n  lab:\n    www: { CNAME: nas, TXT: hello }\n    nas: 10.5.0.1\n") ==
        "spec.yaml:3:24: dns/lab/www/TXT cannot stand beside dns/lab/www/CNAME (spec.yaml:3:12)\n"
        "      www: { CNAME: nas, TXT: hello }\n                         ^\n"
        "  hint: a CNAME tolerates no other record at its name: keep one of the two\n");
}

TEST_CASE("records: a type that the provider cannot hold is an error") {
  CHECK(errors_in("dns:\n  public: { a: { SSHFP: 4 2 " + std::string(64, 'a') + " } }\n")
            .find("`pub` (cloudflare) cannot hold SSHFP records") != std::string::npos);
}

TEST_CASE("records: a zone on two providers is one resource on each") {
  const Spec spec = loaded(Texts{{"homeostat.yaml", R"(homeostat: 1
site: home
providers:
  a: { type: files, path: /x/a }
  b: { type: files, path: /x/b }
zones: { z.example: { on: [a, b] } }
dns: { z.example: { www: 10.0.0.1 } }
)"}});
  Lines addresses;
  for (const auto& [address, resource] : spec.desired) addresses.push_back(to_string(address));
  CHECK(addresses == Lines{"home:dns/z.example/www/A@a", "home:dns/z.example/www/A@b"});
}

TEST_CASE("records: a record that a service derives too is declared twice") {
  CHECK(errors_in("services:\n  a: { container: { vmid: 110 }, name: a.lab.example.org }\n"
                  "dns: { lab: { a: 10.5.0.9 } }\n") ==
        "spec.yaml:2:40: dns/lab/a/A is declared by service `a`, and already at spec.yaml:3:15\n"
        "    a: { container: { vmid: 110 }, name: a.lab.example.org }\n"
        "                                         ^\n"
        "  hint: a resource is declared once: remove or rename one of the two\n");
}
