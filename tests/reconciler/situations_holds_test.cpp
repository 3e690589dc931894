// Every reason to show a change and not to make it.
#include <fmt/format.h>

#include "tests/reconciler/story.hpp"

namespace homeostat::testing {
namespace {

std::string many_records(int count) {
  std::string out = "dns:\n  lab:\n    keep: 10.5.0.200\n";
  for (int i = 1; i <= count; ++i) out += fmt::format("    host{}: 10.5.0.{}\n", i, 100 + i);
  return out;
}

TEST_CASE("situation: it exists, is not ours, and differs") {
  Story story = Story::from_nothing("dns: { lab: { nas: 10.5.0.120 } }\n");
  story.s.live("dns/lab/nas/A", {{"values", {"10.5.0.121"}}});
  story.show("hold_adopt_differs");
}

TEST_CASE("situation: a provider that adopts nothing") {
  std::string head = standard_head();
  head.replace(head.find("dns: { type: box }"), 18, "dns: { type: box, adopt: never }");
  Story story = Story::from_nothing(head, "dns: { lab: { nas: 10.5.0.120 } }\n");
  story.s.live("dns/lab/nas/A", {{"values", {"10.5.0.120"}}});
  story.show("hold_adopt_never");
}

TEST_CASE("situation: it belongs to another site") {
  Story story = Story::from_nothing("dns: { lab: { nas: 10.5.0.120 } }\n");
  LiveResource& live = story.s.live("dns/lab/nas/A", {{"values", {"10.5.0.120"}}});
  live.marker = Marker{"cabin", "cabin:dns/lab/nas/A@dns", live.native_id, false};
  story.show("hold_foreign");
}

TEST_CASE("situation: something that is not ours holds what is needed") {
  Story story = Story::from_nothing("dns: { lab: { nas: 10.5.0.120 } }\n");
  story.s.live("dns/lab/nas/CNAME", {{"values", {"box.lab.example.org"}}});
  story.show("hold_in_the_way");
}

TEST_CASE("situation: an adopt would have to make it anew") {
  Story story = Story::from_nothing("containers: { web: { vmid: 110, template: debian-13 } }\n");
  story.s.live("container/web", {{"vmid", 110}, {"template", "debian-12"}, {"ip", "10.5.0.110"}});
  story.s.options.adopt = {"*"};
  story.show("hold_never_field");
}

TEST_CASE("situation: Homeostat's own container") {
  Story()
      .edit_head("site: home\n", "site: home\nself: container/web\n")
      .edit("  web: { vmid: 110,", "  web: { vmid: 110, timezone: Europe/Vienna,")
      .show("hold_self");
}

TEST_CASE("situation: possible deletes, and no ledger to vouch for them") {
  Story story;
  story.edit("    www: { CNAME: web }\n", "");
  story.s.ledger = LedgerView();
  story.show("hold_no_ledger");
}

TEST_CASE("situation: a secret that is not there") {
  const std::string head = standard_head() + "secrets:\n  db: { env: DB_PASSWORD }\n";
  Story story = Story::from_nothing(
      head,
      "containers:\n  db: { vmid: 111, template: debian-12, env: { PW: \"${secret.db}\" } }\n");
  story.s.secrets.emplace(
      "db", fail(ErrorKind::auth, "the variable DB_PASSWORD is not set", "export it"));
  story.show("hold_secret_missing");
}

TEST_CASE("situation: a value from what could not be observed") {
  Story story(standard_head(), R"(containers:
  web: { vmid: 110, template: debian-12, network: lab, ip: dhcp }
dns: { lab: { web: "${container.web.ip}" } }
)");
  story.commit(R"(containers:
  web: { vmid: 110, template: debian-12, network: lab, ip: dhcp }
dns: { lab: { web: "${container.web.ip}", www: "${container.web.ip}" } }
)");
  story.s.unknown({"pve", ""});
  story.show("hold_value_unknown");
}

TEST_CASE("situation: a protected container would be made anew") {
  std::string before = small_lab();
  before.replace(before.find("memory: 2GiB"), 12, "memory: 2GiB, protect: true");
  Story story(before);
  story.edit("lab, template: debian-12", "lab, template: debian-13");
  story.s.options.allow_destroy = {"container/web"};
  story.show("hold_protected");
}

TEST_CASE("situation: protection outlives the lines that said it") {
  std::string before = small_lab();
  before.replace(before.find("www: { CNAME: web }"), 19, "www: { CNAME: web, protect: true }");
  Story story(before);
  story.edit("    www: { CNAME: web, protect: true }\n", "").show("hold_protected_delete");
}

TEST_CASE("situation: data would be destroyed, and nobody agreed") {
  Story().edit("lab, template: debian-12", "lab, template: debian-13").show("hold_needs_consent");
}

TEST_CASE("situation: too many deletes at once") {
  const std::string many = many_records(19);
  Story story(many);
  story.commit(many.substr(0, many.find("    host14:")));
  story.show("hold_too_many_deletes");
}

TEST_CASE("situation: most of a zone would go") {
  Story()
      .edit("    web: 10.5.0.110\n    db: 10.5.0.111\n    www: { CNAME: web }\n",
            "    web: 10.5.0.110\n")
      .show("hold_share_of_deletes");
}

TEST_CASE("situation: a provider would hold nothing of ours") {
  const std::string lab = small_lab();
  Story().commit(lab.substr(0, lab.find("monitors:"))).show("hold_would_empty");
}

TEST_CASE("situation: a zone that held something reads empty") {
  Story story;
  story.s.erase("dns/lab/web/A");
  story.s.erase("dns/lab/db/A");
  story.s.erase("dns/lab/www/CNAME");
  story.show("hold_reads_empty");
}

TEST_CASE("situation: it was written three times, and the server shows no effect") {
  Story story;
  story.edit("memory: 2GiB", "memory: 3GiB");
  story.s.try_in_vain(3);
  story.show("hold_stuck");
}

TEST_CASE("situation: it waits for something that is held") {
  const std::string head = standard_head() + "secrets:\n  app: { env: APP_KEY }\n";
  Story story(head, small_lab());
  story.edit(
      "dns:\n  lab:\n",
      R"(  app: { vmid: 112, template: debian-12, network: lab, env: { KEY: "${secret.app}" } }
dns:
  lab:
    app: "${container.app.ip}"
)");
  story.s.secrets.emplace("app", fail(ErrorKind::auth, "the variable APP_KEY is not set"));
  story.show("hold_depends");
}

TEST_CASE("situation: places change around a circle, and no address is spare") {
  const std::string head = [] {
    std::string text = standard_head();
    const std::string from = "gateway: 10.5.0.254,";
    text.replace(text.find(from), from.size(),
                 from +
                     " reserved: [10.5.0.1-10.5.0.19, 10.5.0.100-10.5.0.109, "
                     "10.5.0.112-10.5.0.253],");
    return text;
  }();
  Story(head, small_lab()).swap_addresses().show("hold_cycle");
}

TEST_CASE("situation: a revision wants other connections than are trusted") {
  Story story;
  story.edit("memory: 2GiB", "memory: 3GiB");
  story.connections = {{.name = "provider/dns",
                        .fields = {{"token", "${secret.dns}", nullptr},
                                   {"url", "http://10.5.0.5:5380", "http://10.9.9.9:5380"}},
                        .text = "planned with the trusted one; look at it with: homeostat trust",
                        .where = {"homeostat.yaml", 5, 3}},
                       {.name = "secret/npm",
                        .fields = {{"command", {"age", "-d", "npm.age"}, {"sh", "-c", "env"}}},
                        .text = "planned with the trusted one; look at it with: homeostat trust",
                        .where = {"homeostat.yaml", 12, 3}}};
  story.show("blocked_connections");
}

TEST_CASE("situation: the spec declares nothing any more") {
  Story().commit("containers:\n").show("stop_empty");
}

}  // namespace
}  // namespace homeostat::testing
