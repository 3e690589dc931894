// What only one may have.
#include <doctest/doctest.h>

#include "tests/support/spec.hpp"

using namespace homeostat;

namespace {

std::string on_dock(const std::string& a, const std::string& b) {
  return errors_in("containers:\n  a: { provider: dock, ports: " + a + " }\n" +
                   "  b: { provider: dock, ports: " + b + " }\n");
}

}  // namespace

TEST_CASE("collisions: a container publishes a host port once") {
  CHECK(on_dock("[\"80:80\", \"80:81\"]", "[]") ==
        "spec.yaml:2:31: container/a publishes host port 80/tcp twice: `80:80/tcp` and "
        "`80:81/tcp`\n"
        "    a: { provider: dock, ports: [\"80:80\", \"80:81\"] }\n                                "
        "^\n"
        "  hint: a port of the host leads to one place: remove or change one of the two\n");
  CHECK(on_dock("[\"80:80\", \"80:80/udp\", \"81:80\"]", "[\"82:80\"]").empty());
}

TEST_CASE("collisions: all addresses of a host are each of them") {
  CHECK(on_dock("[\"127.0.0.1:90:90\"]", "[\"0.0.0.0:90:91\"]") ==
        "spec.yaml:3:31: host port 0.0.0.0:90/tcp of container/b is already taken by container/a "
        "(spec.yaml:2:31)\n"
        "    b: { provider: dock, ports: [\"0.0.0.0:90:91\"] }\n"
        "                                ^\n"
        "  hint: each has its own: change one of the two\n");
  CHECK(on_dock("[\"90:90\"]", "[\"[::1]:85-95:85-95\"]").find("host port [::1]:85-95/tcp") !=
        std::string::npos);
  CHECK(on_dock("[\"1-9000:1-9000\"]", "[\"8999:1\", \"9001:1\"]").find("host port 8999/tcp") !=
        std::string::npos);
  CHECK(on_dock("[\"127.0.0.1:90:90\", \"0.0.0.0:91:91\"]", "[\"127.0.0.2:90:90\", \"[::]:91:91\"]")
            .empty());
}

TEST_CASE("collisions: one statement on two providers says which resource it means") {
  CHECK(errors_in("containers:\n  a: { provider: [pve, pve2], ip: 10.5.0.7 }\n"
                  "providers: { pve2: { type: proxmox, url: x, token: \"${secret.pve}\" } }\n") ==
        "spec.yaml:2:35: address 10.5.0.7 of container/a@pve2 is already taken by "
        "container/a@pve (spec.yaml:2:35)\n"
        "    a: { provider: [pve, pve2], ip: 10.5.0.7 }\n"
        "                                    ^\n"
        "  hint: `provider` with two names is one resource on each, and each needs its own: "
        "declare them apart, or leave the value out\n");
  CHECK(errors_in("containers:\n  a: { provider: [pve, pve2], vmid: 110 }\n"
                  "providers: { pve2: { type: proxmox, url: x, token: \"${secret.pve}\" } }\n") ==
        "spec.yaml:2:37: container/a@pve and container/a@pve2 would have one address: network "
        "`lab` gives it by the vmid, and both have the same\n"
        "    a: { provider: [pve, pve2], vmid: 110 }\n"
        "                                      ^\n"
        "  hint: declare them apart, each with a vmid of its own\n");
  CHECK(errors_in("containers:\n  a: { provider: [pve, pve] }\n") ==
        "spec.yaml:2:24: `provider` names `pve` twice\n"
        "    a: { provider: [pve, pve] }\n                         ^\n"
        "  hint: remove one of the two\n");
}

TEST_CASE("collisions: what a service derives twice is said at the line that asks for it") {
  CHECK(errors_in("services:\n  nas:\n    address: 10.5.0.9\n    name: nas.lab.example.org\n"
                  "dns: { lab: { nas: 10.5.0.9 } }\n") ==
        "spec.yaml:4:11: dns/lab/nas/A is declared by service `nas`, and already at "
        "spec.yaml:5:15\n"
        "      name: nas.lab.example.org\n            ^\n"
        "  hint: a resource is declared once: remove or rename one of the two\n");
  CHECK(errors_in("services:\n  nas:\n    address: 10.5.0.9\n    name: nas.lab.example.org\n"
                  "dns: { lab: { nas: { CNAME: b.example } } }\n")
            .find("spec.yaml:5:22: dns/lab/nas/CNAME cannot stand beside dns/lab/nas/A "
                  "(spec.yaml:4:11)") == 0);
  CHECK(errors_in("services:\n  nas:\n    address: 10.5.0.9\n"
                  "    web: { domain: n.example.org, port: 80, key: wiki }\n"
                  "proxy_hosts: { wiki: { domains: w.example.org, forward_host: a.example, "
                  "forward_port: 1 } }\n")
            .find("spec.yaml:4:20: proxy_host/wiki is declared by service `nas`") == 0);
}

TEST_CASE("collisions: each `files` provider has a folder of its own") {
  const auto errors = [](const std::string& b) {
    return errors_in(
        "providers:\n  fa: { type: files, path: /tmp/live }\n"
        "  fb: { type: files, path: " +
        b + " }\ncontainers: {}\n");
  };
  CHECK(errors("/tmp/x/../live/") ==
        "spec.yaml:3:28: the folder of `fb` is that of `fa` (spec.yaml:2:28)\n"
        "    fb: { type: files, path: /tmp/x/../live/ }\n"
        "                             ^\n"
        "  hint: two `files` providers never share one: write `path: live/fb`\n");
  CHECK(errors("/tmp/live/b").find("the folder of `fb` lies inside that of `fa`") !=
        std::string::npos);
  CHECK(errors("/tmp").find("the folder of `fb` holds that of `fa`") != std::string::npos);
  CHECK(errors("/tmp/live2").empty());
}

TEST_CASE("collisions: an address by the rule for a vmid is taken like a stated one") {
  CHECK(errors_in("containers:\n  a: { vmid: 150 }\n  b: { vmid: 151, ip: 10.5.0.150 }\n") ==
        "spec.yaml:3:23: address 10.5.0.150 (the rule for its vmid) of container/b is already "
        "taken by container/a (spec.yaml:2:14)\n"
        "    b: { vmid: 151, ip: 10.5.0.150 }\n                        ^\n"
        "  hint: each has its own: change one of the two\n");
  CHECK(errors_in("containers:\n  a: { vmid: 150 }\nips:\n  lab:\n    p: 10.5.0.150\n")
            .find("10.5.0.150 (the rule for its vmid) of ip/lab/p is already taken by "
                  "container/a") != std::string::npos);
  // The rule gives nothing of the DHCP range, and a vmid says nothing where the address is stated.
  CHECK(errors_in("containers:\n  a: { vmid: 150, ip: 10.5.0.7 }\n  b: { vmid: 151, ip: 10.5.0.150 "
                  "}\n")
            .empty());
}

TEST_CASE("collisions: a MAC address is one of a host, and of one host") {
  const auto macs = [](const std::string& a, const std::string& b) {
    return errors_in("containers:\n  a: { vmid: 150, mac: \"" + a +
                     "\" }\n  b: { vmid: 151, mac: \"" + b + "\" }\n");
  };
  CHECK(macs("02:00:00:00:00:05", "02-00-00-00-00-05")
            .find("spec.yaml:3:24: mac 02:00:00:00:00:05 of container/b is already taken by "
                  "container/a (spec.yaml:2:24)") != std::string::npos);
  CHECK(macs("02:00:00:00:00:05", "01:00:5e:00:00:01")
            .find("spec.yaml:3:24: 01:00:5E:00:00:01 of container/b is the address of a group "
                  "(multicast)") != std::string::npos);
  CHECK(macs("00:00:00:00:00:00", "02:00:00:00:00:05")
            .find("spec.yaml:2:24: 00:00:00:00:00:00 of container/a is nobody's address") !=
        std::string::npos);
  // A reservation is made for the container that has it.
  CHECK(errors_in("containers:\n  a: { vmid: 150, mac: \"02:00:00:00:00:05\" }\n"
                  "ips:\n  lab:\n    p: { address: 10.5.0.9, mac: \"02:00:00:00:00:05\" }\n")
            .empty());
}
