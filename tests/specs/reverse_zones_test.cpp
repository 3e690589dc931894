// `reverse:` of zones: which reverse zones there are, and that they stay what they are.
#include <doctest/doctest.h>

#include "tests/support/spec.hpp"

using namespace homeostat;
using Lines = std::vector<std::string>;

namespace {

const std::string six = "networks: { six: { cidr: \"2001:db8:5::/64\" } }\n";
const std::string iot = "networks: { iot: { cidr: 10.6.0.0/24 } }\n";

// "lab~v4 = 0.5.10.in-addr.arpa", for what zone `key` has.
Lines reverse_of(const Spec& spec, const std::string& key) {
  Lines lines;
  for (const std::string& view : spec.zones.at(key).reverse) {
    lines.push_back(view + " = " + spec.zones.at(view).zone);
  }
  return lines;
}

// One zone on a provider of its own beside those of the homelab.
std::string own_zone(const std::string& reverse) {
  return "providers: { d: { type: files, path: /tmp/d } }\n"
         "zones: { z.example: { on: d, reverse: " +
         reverse + " } }\n";
}

}  // namespace

TEST_CASE("reverse zones: one network a family needs no words") {
  const Spec spec = loaded(six);
  CHECK(reverse_of(spec, "lab") ==
        Lines{"lab~v4 = 0.5.10.in-addr.arpa", "lab~v6 = 0.0.0.0.5.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"});
  const Zone& v4 = spec.zones.at("lab~v4");
  CHECK(v4.on == Lines{"dns"});
  CHECK(v4.ttl == "1h");
  CHECK(v4.reverse_of == "lab");
  CHECK(reverse_of(loaded("x-nothing: 1\n"), "lab") == Lines{"lab~v4 = 0.5.10.in-addr.arpa"});
}

TEST_CASE("reverse zones: a network that no host of the zone lies in changes nothing") {
  const std::string hosts =
      "services: { git: { container: { vmid: 110 }, name: git.lab.example.org } }\n"
      "dns: { lab: { nas: 10.5.0.9, \"*.apps\": 10.6.0.1, far: 203.0.113.9 }, "
      "lab~v4: { 9: { PTR: nas.lab.example.org } } }\n";
  const Lines before = reverse_of(loaded(hosts), "lab");
  CHECK(before == Lines{"lab~v4 = 0.5.10.in-addr.arpa"});
  const Spec after = loaded(hosts + iot);
  CHECK(reverse_of(after, "lab") == before);
  CHECK(find(after, "dns/lab~v4/9/PTR").attributes["values"] == Lines{"nas.lab.example.org"});
  CHECK(after.warnings.empty());
}

TEST_CASE("reverse zones: hosts in several networks are an error that says what to write") {
  const std::string hosts =
      "dns: { lab: { nas: 10.5.0.9 } }\n"
      "services: { cam: { container: { network: iot, ip: 10.6.0.9 }, name: cam.lab.example.org } "
      "}\n";
  CHECK(errors_in(iot + hosts) ==
        "homeostat.yaml:17:78: zone `lab` has addresses in the networks `lab`, `iot`, and each of "
        "these has a reverse zone of its own\n"
        "    lab:    { zone: lab.example.org, on: [dns], points_to: container, reverse: true, ttl: "
        "1h }\n"
        "                                                                               ^\n"
        "  hint: name those that PTR records are wanted for: `reverse: [lab, iot]`\n");
}

TEST_CASE("reverse zones: networks by name, the first of a family without more words") {
  const Spec spec =
      loaded(six + own_zone("[lab, iot, six]") + "---\nnetworks: { iot: { cidr: 10.6.0.0/24 } }\n");
  CHECK(reverse_of(spec, "z.example") ==
        Lines{"z.example~v4 = 0.5.10.in-addr.arpa", "z.example~v4~0.6.10 = 0.6.10.in-addr.arpa",
              "z.example~v6 = 0.0.0.0.5.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"});
  CHECK(reverse_of(loaded(own_zone("lab")), "z.example") ==
        Lines{"z.example~v4 = 0.5.10.in-addr.arpa"});
  // Two parts of one octet lie in one reverse zone.
  CHECK(reverse_of(loaded("networks: { a: { cidr: 10.7.0.0/25 }, b: { cidr: 10.7.0.128/25 } }\n" +
                          own_zone("[a, b]")),
                   "z.example") == Lines{"z.example~v4 = 0.7.10.in-addr.arpa"});
}

TEST_CASE("reverse zones: a DNS name says it where the zone is wider than the network") {
  CHECK(reverse_of(loaded(own_zone("10.IN-ADDR.arpa.")), "z.example") ==
        Lines{"z.example~v4 = 10.in-addr.arpa"});
  CHECK(errors_in("networks: { wide: { cidr: 128.0.0.0/1 } }\n" + own_zone("wide")) ==
        "spec.yaml:3:39: network `wide` (128.0.0.0/1) is too large for one reverse zone\n"
        "  zones: { z.example: { on: d, reverse: wide } }\n"
        "                                        ^\n"
        "  hint: name the zone: `reverse: 10.in-addr.arpa`\n");
}

TEST_CASE("reverse zones: two zones share one, and say so") {
  const std::string media = "zones:\n  media: { zone: media.example.org, on: dns, reverse: ";
  CHECK(errors_in(media + "true }\n") ==
        "spec.yaml:2:55: 0.5.10.in-addr.arpa is the zone `lab~v4` already (homeostat.yaml:17:78), "
        "and a provider has it once\n"
        "    media: { zone: media.example.org, on: dns, reverse: true }\n"
        "                                                        ^\n"
        "  hint: put the PTR records of `media` there: `reverse: lab~v4`\n");
  CHECK(loaded(media + "lab~v4 }\n").zones.at("media").reverse == Lines{"lab~v4"});
  // One that is declared by hand is as good.
  const std::string wide = "  wide: { zone: 10.in-addr.arpa, on: dns }\n";
  CHECK(loaded(media + "wide }\n" + wide).zones.at("media").reverse == Lines{"wide"});
  CHECK(errors_in(media + "10.in-addr.arpa }\n" + wide) ==
        "spec.yaml:2:55: 10.in-addr.arpa is the zone `wide` already (spec.yaml:3:3), and a "
        "provider has it once\n"
        "    media: { zone: media.example.org, on: dns, reverse: 10.in-addr.arpa }\n"
        "                                                        ^\n"
        "  hint: put the PTR records of `media` there: `reverse: wide`\n");
  // Hosts in different networks are no conflict.
  const Spec spec = loaded("dns: { lab: { nas: 10.5.0.9 }, media: { tv: 10.6.0.9 } }\n" + iot +
                           "---\n" + media + "true }\n");
  CHECK(reverse_of(spec, "media") == Lines{"media~v4 = 0.6.10.in-addr.arpa"});
}

TEST_CASE("reverse zones: what names nothing is an error") {
  CHECK(errors_in(
            own_zone("labb") +
            "---\nzones:\n  a.example: { on: pub, reverse: lab~v4 }\n"
            "  b.example: { on: pub, reverse: [true] }\n  c.example: { on: pub, reverse: }\n") ==
        "spec.yaml:2:39: `reverse` of zone `z.example` names `labb`, which is neither a network "
        "nor a reverse zone\n"
        "  zones: { z.example: { on: d, reverse: labb } }\n"
        "                                        ^\n"
        "  hint: did you mean `lab`?\n"
        "spec.yaml:5:34: zone `a.example` is on `pub`, and reverse zone `lab~v4` is on `dns`\n"
        "    a.example: { on: pub, reverse: lab~v4 }\n"
        "                                   ^\n"
        "  hint: PTR records lie on the provider of their zone: name a network instead\n"
        "spec.yaml:6:35: `reverse` is `true`, or names networks and reverse zones\n"
        "    b.example: { on: pub, reverse: [true] }\n"
        "                                    ^\n"
        "  hint: write `reverse: true`, `reverse: lab` or `reverse: [lab, 168.192.in-addr.arpa]`\n"
        "spec.yaml:7:25: `reverse` of zone `c.example` has no value\n"
        "    c.example: { on: pub, reverse: }\n"
        "                          ^\n"
        "  hint: write `reverse: true`, or the networks that PTR records are wanted for\n");
}

TEST_CASE(
    "reverse zones: `true` without any network is an error, without a host in one a warning") {
  CHECK(errors_in({{"homeostat.yaml", "homeostat: 1\nsite: home\n" + own_zone("true")}}) ==
        "homeostat.yaml:4:39: `reverse` of zone `z.example` has no network to make a zone from\n"
        "  zones: { z.example: { on: d, reverse: true } }\n"
        "                                        ^\n"
        "  hint: declare one under `networks:`, or name it: `reverse: 0.5.10.in-addr.arpa`\n");
  CHECK(warnings_in(iot + "---\n" + own_zone("true") + "---\ndns: { lab: { nas: 10.5.0.9 } }\n") ==
        "spec.yaml:4:39: `reverse: true` of zone `z.example` makes no reverse zone: no address of "
        "it lies in a declared network\n"
        "  zones: { z.example: { on: d, reverse: true } }\n"
        "                                        ^\n"
        "  hint: name the networks: `reverse: lab`, or remove it\n");
  CHECK(reverse_of(loaded(own_zone("false")), "z.example").empty());
}
