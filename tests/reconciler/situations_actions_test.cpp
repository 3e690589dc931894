// Every action, as plans show it.
#include <fmt/format.h>

#include "tests/reconciler/story.hpp"

namespace homeostat::testing {
namespace {

const std::string gitea = R"(services:
  gitea:
    container: { vmid: 120, template: debian-12, cores: 2, memory: 2GiB, disk: 16GiB }
    name: gitea.lab.example.org
    web: { domain: git.lab.example.org, port: 3000 }
    monitor: { path: /api/healthz }
)";

// A lab that serves its services: records point to the container and to the proxy.
std::string serving_head() {
  return R"(homeostat: 1
site: home
providers:
  pve: { type: box }
  dns: { type: box }
  npm: { type: box, address: 10.5.0.2 }
  kuma: { type: box }
networks:
  lab: { cidr: 10.5.0.0/24, gateway: 10.5.0.254, dhcp: 10.5.0.20-10.5.0.99, assign: vmid }
zones:
  lab: { zone: lab.example.org, on: [dns], points_to: container, reverse: true, ttl: 1h }
defaults:
  container: { provider: pve, network: lab }
  proxy_host: { provider: npm, force_https: true, certificate: letsencrypt }
  monitor: { provider: kuma, interval: 60s }
)";
}

TEST_CASE("situation: a new service, and nothing is there yet") {
  Story::from_nothing(serving_head(), gitea).show("create_service");
}

TEST_CASE("situation: a new service, told in full") {
  Story::from_nothing(serving_head(), gitea).show("create_service_verbose", true);
}

TEST_CASE("situation: a service moves: container, records, proxy host, monitor") {
  Story(serving_head(), gitea).edit("vmid: 120", "vmid: 120, ip: 10.5.0.130").show("renumber");
}

TEST_CASE("situation: a whole service goes, its container is kept") {
  std::string others;
  for (const char* name : {"wiki", "feeds", "media", "photos", "music", "paste", "chat"}) {
    others += fmt::format(
        "  {0}:\n    container: {{ vmid: {1}, template: debian-12 }}\n"
        "    web: {{ domain: {0}.lab.example.org, port: 3000 }}\n    monitor: {{}}\n",
        name, 130 + others.size() / 100);
  }
  Story(serving_head(), gitea + others).commit("services:\n" + others).show("remove_service");
}

TEST_CASE("situation: what exists as declared is adopted quietly") {
  Story story = Story::from_nothing(small_lab());
  story.s.live("container/web", {{"vmid", 110},
                                 {"template", "debian-12"},
                                 {"cores", 2},
                                 {"memory", "2GiB"},
                                 {"ip", "10.5.0.110"},
                                 {"network", "lab"}});
  story.s.live("dns/lab/db/A", {{"values", {"10.5.0.111"}}});
  story.show("adopt_quietly", true);
}

TEST_CASE("situation: what exists and differs is adopted when asked for") {
  Story story = Story::from_nothing("dns: { lab: { nas: 10.5.0.120 } }\n");
  story.s.live("dns/lab/nas/A", {{"values", {"10.5.0.121"}}});
  story.s.options.adopt = {"dns/lab/*"};
  story.show("adopt_asked");
}

TEST_CASE("situation: a new name in git for what is there") {
  Story().edit("  db: {", "  database: {").show("rename");
}

TEST_CASE("situation: a new name and a new value") {
  Story()
      .edit("  db: { vmid: 111, network: lab, template: debian-12, cores: 2, memory: 4GiB }",
            "  database: { vmid: 111, network: lab, template: debian-12, cores: 4, memory: 4GiB }")
      .show("rename_and_change");
}

TEST_CASE("situation: a change that needs a restart") {
  Story()
      .edit("memory: 2GiB", "memory: 2GiB, timezone: Europe/Vienna, hostname: wiki")
      .show("restart");
}

TEST_CASE("situation: a replace, with consent") {
  Story story;
  story.edit("template: debian-12, cores: 2, memory: 2GiB",
             "template: debian-13, cores: 2, memory: 2GiB");
  story.s.options.allow_destroy = {"container/web"};
  story.show("replace");
}

TEST_CASE("situation: lines of a record are gone") {
  Story().edit("    www: { CNAME: web }\n", "").show("delete");
}

TEST_CASE("situation: lines of a container are gone: it is kept") {
  Story()
      .edit("  db: { vmid: 111, network: lab, template: debian-12, cores: 2, memory: 4GiB }\n", "")
      .show("release_keep");
}

TEST_CASE("situation: lines of a container are gone: it is stopped") {
  const std::string line =
      "  db: { vmid: 111, network: lab, template: debian-12, cores: 2, memory: 4GiB, on_remove: "
      "stop }\n";
  std::string before = small_lab();
  before.replace(before.find("  db: {"), before.find("dns:") - before.find("  db: {"), line);
  Story(before).edit(line, "").show("release_stop");
}

TEST_CASE("situation: lines of a container are gone: it is deleted, with consent") {
  const std::string line =
      "  db: { vmid: 111, network: lab, template: debian-12, cores: 2, memory: 4GiB, on_remove: "
      "delete }\n";
  std::string before = small_lab();
  before.replace(before.find("  db: {"), before.find("dns:") - before.find("  db: {"), line);
  Story story(before);
  story.edit(line, "");
  story.s.options.allow_destroy = {"container/db"};
  story.show("delete_container");
}

TEST_CASE("situation: a record changes its type, on a server without atomic batches") {
  Story().edit("    www: { CNAME: web }\n", "    www: 10.5.0.110\n").show("record_changes_type");
}

TEST_CASE("situation: one takes the address that another lets go") {
  Story()
      .edit("  db: { vmid: 111,", "  db: { vmid: 111, ip: 10.5.0.130,")
      .edit("  web: { vmid: 110,", "  web: { vmid: 110, ip: 10.5.0.111,")
      .show("take_what_is_released");
}

TEST_CASE("situation: two change places, over a spare address") {
  Story().swap_addresses().show("swap");
}

TEST_CASE("situation: what is done to a zone under full authority") {
  std::string head = standard_head();
  head.replace(head.find("on: [dns] }"), 11, "on: [dns], authority: full }");
  Story story(head, small_lab());
  story.s.ledger.full_zones = {"lab"};
  story.s.live("dns/lab/stray/A", {{"values", {"10.5.0.9"}}});
  story.show("sweep");
}

TEST_CASE("situation: many deletes, let through by number") {
  std::string many = "dns:\n  lab:\n    keep: 10.5.0.200\n";
  for (int i = 1; i <= 19; ++i) many += fmt::format("    host{}: 10.5.0.{}\n", i, 100 + i);
  Story story(many);
  story.commit(many.substr(0, many.find("    host14:")));
  story.s.options.allow_deletes = 6;
  story.show("deletes_let_through");
}

}  // namespace
}  // namespace homeostat::testing
