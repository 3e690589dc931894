// What is ours, what is not, and what becomes of either.
#include "reconciler/agreement.hpp"
#include "reconciler/redact.hpp"
#include "reconciler/report/report.hpp"
#include "tests/reconciler/plan_fixture.hpp"

using namespace homeostat;
using namespace homeostat::testing;

namespace {

// The standard head with one provider's entry replaced.
std::string head_with(const std::string& entry, const std::string& replacement) {
  std::string head = standard_head();
  head.replace(head.find(entry), entry.size(), replacement);
  return head;
}

}  // namespace

TEST_CASE("plan: what exists, is not ours and equals the spec is adopted quietly") {
  Situation s("dns: { lab: { www: 10.5.0.8 } }");
  s.live("dns/lab/www/A", {{"values", {"10.5.0.8"}}, {"ttl", "1h"}});
  CHECK(s.outline() == "adopt dns/lab/www/A (quiet)\n");
  s.apply(s.plan());
  CHECK(s.outline() == "");
  CHECK_FALSE(s.at("dns/lab/www/A").marker);
  CHECK(s.ledger.owned.contains(s.address("dns/lab/www/A")));
}

TEST_CASE("plan: what exists, is not ours and differs waits for --adopt") {
  Situation s("dns: { lab: { www: 10.5.0.8 } }");
  s.live("dns/lab/www/A", {{"values", {"10.5.0.8", "10.5.0.9"}}});
  CHECK(s.outline() ==
        "adopt dns/lab/www/A [adopt_differs]\n"
        "  values [\"10.5.0.8\",\"10.5.0.9\"] -> [\"10.5.0.8\"] first contact\n");
  CHECK(s.plan().in_sync.empty());
  s.options.adopt = {"dns/lab/*"};
  CHECK(s.outline() ==
        "adopt dns/lab/www/A\n"
        "  values [\"10.5.0.8\",\"10.5.0.9\"] -> [\"10.5.0.8\"] first contact\n");
  s.apply(s.plan());
  CHECK(s.outline() == "");
  CHECK(s.at("dns/lab/www/A").marker);
}

TEST_CASE("plan: a provider may adopt always, or never") {
  Situation s;
  s.commit_files(
      {{"homeostat.yaml", head_with("dns: { type: box }", "dns: { type: box, adopt: always }")},
       {"lab.yaml", "dns: { lab: { www: 10.5.0.8 } }"}});
  s.live("dns/lab/www/A", {{"values", {"10.5.0.9"}}});
  CHECK_FALSE(change_of(s.plan().plan, "dns/lab/www/A").hold);
  s.commit_files(
      {{"homeostat.yaml", head_with("dns: { type: box }", "dns: { type: box, adopt: never }")},
       {"lab.yaml", "dns: { lab: { www: 10.5.0.9 } }"}});
  CHECK(s.outline() == "adopt dns/lab/www/A [adopt_never]\n");
}

TEST_CASE("plan: what is adopted is not made anew") {
  Situation s("containers: { web: { vmid: 110, template: debian-12 } }");
  s.live("container/web", {{"vmid", 110}, {"template", "debian-11"}});
  s.options.adopt = {"*"};
  s.options.allow_destroy = {"container/web"};
  CHECK(change_of(s.plan().plan, "container/web").hold->code == HoldCode::never_field);
}

TEST_CASE("plan: an adopt goes by natural key, whatever the provider calls the thing") {
  Situation s("containers: { web: { vmid: 110, hostname: forgejo } }");
  s.live("container/forgejo", {{"vmid", 110}, {"hostname", "forgejo"}});
  CHECK(s.outline() == "adopt container/web (quiet)\n");
}

TEST_CASE("plan: what another site owns is left alone") {
  Situation s("dns: { lab: { www: 10.5.0.8 } }");
  LiveResource& live = s.marked("dns/lab/www/A", {{"values", {"10.5.0.8"}}});
  live.marker->site = "office";
  CHECK(s.outline() == "adopt dns/lab/www/A [foreign]\n");
  CHECK(holds(s.plan().plan) == "dns/lab/www/A foreign: it belongs to site office\n");
}

TEST_CASE("plan: a copy is listed, never changed, never deleted") {
  Situation s("containers: { web: { vmid: 110 } }");
  s.settle();
  LiveResource clone = s.at("container/web");
  clone.native_id = "n77";
  clone.attributes["vmid"] = 999;
  clone.attributes["hostname"] = "clone";
  s.observed.scopes[{"pve", ""}].resources.push_back(clone);
  CHECK(s.outline() == "");
  const Plan plan = s.plan().plan;
  REQUIRE(plan.findings.size() == 1);
  CHECK(plan.findings.front().kind == Finding::Kind::copy);
  CHECK(plan.findings.front().native_id == "n77");
}

TEST_CASE("plan: a copy that stands where ours should be is in the way") {
  Situation s("containers: { web: { vmid: 110 }, db: { vmid: 111 } }");
  s.settle();
  LiveResource clone = s.at("container/web");
  clone.native_id = "n77";
  s.erase("container/web");
  s.observed.scopes[{"pve", ""}].resources.push_back(clone);
  const Plan plan = s.plan().plan;
  CHECK(change_of(plan, "container/web").action == Action::create);
  CHECK(change_of(plan, "container/web").hold->code == HoldCode::in_the_way);
  CHECK(plan.findings.size() == 1);
}

TEST_CASE("plan: what is the server's own is never touched") {
  Situation s("dns: { lab: { www: 10.5.0.8 } }");
  LiveResource& live = s.live("dns/lab/www/A", {{"values", {"10.5.0.9"}}});
  live.fixed = true;
  s.options.adopt = {"*"};
  CHECK(s.plan().plan.changes.size() == 1);
  CHECK(s.plan().plan.changes.front().hold->code == HoldCode::in_the_way);
  CHECK(s.plan().plan.changes.front().hold->text ==
        "dns/lab/www/A is there already, and it is the server's own");
  live.why_fixed = "a record of it is switched off there";
  CHECK(s.plan().plan.changes.front().hold->text ==
        "dns/lab/www/A is there already, and a record of it is switched off there: it is left as "
        "it is");
}

TEST_CASE("plan: without markers the ledger's native id proves ownership") {
  Situation s("containers: { web: { provider: plain, vmid: 110, memory: 2GiB } }");
  s.settle();
  CHECK_FALSE(s.find(s.address("container/web@plain"))->marker);
  s.commit("containers: { db: { provider: plain, vmid: 111 } }");
  CHECK(change_of(s.plan().plan, "container/web").action == Action::release);
}

TEST_CASE("plan: a lost ledger finds its own by marker, creates nothing twice, deletes nothing") {
  Situation s("dns: { lab: { www: 10.5.0.8, nas: 10.5.0.7, a: 10.5.0.9 } }");
  s.settle().commit("dns: { lab: { www: 10.5.0.8, nas: 10.5.0.77 } }");
  s.ledger = LedgerView();
  CHECK(s.outline() ==
        "update dns/lab/nas/A\n"
        "  values [\"10.5.0.7\"] -> [\"10.5.0.77\"] first contact\n"
        "delete dns/lab/a/A [no_ledger]\n");
  const Plan plan = s.plan().plan;
  CHECK_FALSE(plan.ledger);
  REQUIRE(plan.findings.size() == 1);
  CHECK(plan.findings.front().kind == Finding::Kind::orphan);
}

TEST_CASE("plan: protect outlives the lines that said it, by ledger and by marker") {
  Situation s("dns: { lab: { www: { A: 10.5.0.8, protect: true }, nas: 10.5.0.7 } }");
  s.settle().commit("dns: { lab: { nas: 10.5.0.7 } }");
  CHECK(s.outline() == "delete dns/lab/www/A [protected]\n");
  s.row("dns/lab/www/A").protect = false;
  CHECK(s.outline() == "delete dns/lab/www/A [protected]\n");
  s.at("dns/lab/www/A").marker->protect = false;
  CHECK(s.outline() == "delete dns/lab/www/A\n");
  s.row("dns/lab/www/A").protect = true;
  CHECK(s.outline() == "delete dns/lab/www/A [protected]\n");
}

TEST_CASE("plan: what is protected is not replaced") {
  Situation s("containers: { web: { vmid: 110, template: debian-12, protect: true } }");
  s.settle().commit("containers: { web: { vmid: 110, template: debian-13, protect: true } }");
  s.options.allow_destroy = {"container/web"};
  CHECK(change_of(s.plan().plan, "container/web").hold->code == HoldCode::protected_one);
}

TEST_CASE("plan: what was forgotten is listed, not compared, and ours again with --adopt") {
  Situation s("dns: { lab: { www: 10.5.0.8, nas: 10.5.0.7 } }");
  s.settle();
  s.ledger.forgotten.insert(s.address("dns/lab/www/A"));
  s.ledger.owned.erase(s.address("dns/lab/www/A"));
  s.at("dns/lab/www/A").attributes["values"] = {"10.5.0.9"};
  CHECK(s.outline() == "");
  REQUIRE(s.plan().plan.warnings.size() == 1);
  CHECK(s.plan().plan.warnings.front().message ==
        "dns/lab/www/A was forgotten: it is not compared");
  CHECK(s.plan().plan.findings.empty());
  s.options.adopt = {"dns/lab/www/A"};
  CHECK(s.outline() ==
        "adopt dns/lab/www/A\n  values [\"10.5.0.9\"] -> [\"10.5.0.8\"] first contact\n");
  s.apply(s.plan());
  CHECK(s.outline() == "");
  CHECK(s.ledger.forgotten.empty());
}

TEST_CASE("plan: what was forgotten stays when its lines go") {
  Situation s("dns: { lab: { www: 10.5.0.8, nas: 10.5.0.7 } }");
  s.settle();
  s.ledger.forgotten.insert(s.address("dns/lab/www/A"));
  s.ledger.owned.erase(s.address("dns/lab/www/A"));
  s.commit("dns: { lab: { nas: 10.5.0.7 } }");
  CHECK(s.outline() == "");
  REQUIRE(s.plan().plan.findings.size() == 1);
  CHECK(s.plan().plan.findings.front().kind == Finding::Kind::unmanaged);
}

TEST_CASE("plan: what is live and not declared is unmanaged, and no change") {
  Situation s("dns: { lab: { www: 10.5.0.8 } }");
  s.settle();
  s.live("dns/lab/other/A", {{"values", {"10.5.0.9"}}});
  s.live("container/handmade", {{"vmid", 150}});
  CHECK(s.outline() == "");
  const Plan plan = s.plan().plan;
  REQUIRE(plan.findings.size() == 2);
  CHECK(to_string(plan.findings.at(0).address) == "home:container/handmade@pve");
  CHECK(to_string(plan.findings.at(1).address) == "home:dns/lab/other/A@dns");
}

TEST_CASE("plan: full authority removes undeclared records once it is confirmed") {
  const std::string head =
      head_with("zone: lab.example.org,", "zone: lab.example.org, authority: full,");
  Situation s;
  s.commit_files(
      {{"homeostat.yaml", head}, {"lab.yaml", "dns: { lab: { www: 10.5.0.8, a: 10.5.0.7 } }"}});
  s.settle();
  s.live("dns/lab/other/A", {{"values", {"10.5.0.9"}}});
  for (const char* stays : {"dns/lab/%40/NS", "dns/lab/%40/SOA", "dns/lab/x/DNSKEY",
                            "dns/lab/_acme-challenge.www/TXT"}) {
    s.live(stays, {{"values", {"x"}}});
  }
  s.live("dns/lab/dhcp/A", {{"values", {"10.5.0.30"}}}).fixed = true;
  s.marked("dns/lab/theirs/A", {{"values", {"10.5.0.31"}}}).marker->site = "office";
  CHECK(s.outline() == "");
  REQUIRE(s.plan().plan.warnings.size() == 1);
  CHECK(s.plan().plan.warnings.front().hint ==
        "`homeostat adopt --zone lab` lists them and confirms it");
  s.ledger.full_zones = {"lab"};
  CHECK(s.outline() == "delete dns/lab/other/A\n");
  CHECK(s.plan().plan.changes.front().cause == Cause::drift);
  CHECK(s.plan().plan.warnings.empty());
}

TEST_CASE("plan: what was owned in a place that the spec no longer has is unknown from then on") {
  Situation s("containers: { web: { provider: plain, vmid: 110 } }");
  s.settle();
  s.commit_files({{"homeostat.yaml", head_with("  plain: { type: bare }\n", "")},
                  {"lab.yaml", "dns: { lab: { www: 10.5.0.8 } }"}});
  s.observed.scopes.erase({"plain", ""});
  CHECK(s.outline() == "create dns/lab/www/A\n  values null -> [\"10.5.0.8\"] git\n");
  CHECK(s.plan().plan.warnings.empty());
  const Plan plan = s.plan().plan;
  const auto plain = std::ranges::find(plan.scopes, Scope{"plain", ""}, &ScopeSummary::scope);
  REQUIRE(plain != plan.scopes.end());
  CHECK(plain->owned == 1);
  REQUIRE(plain->unknown);
  CHECK(plain->unknown->message ==
        "the spec no longer has it, and 1 resource is ours there, which stays as it is");
  CHECK(exit_code(plan) == 3);
}

TEST_CASE("plan: Homeostat's own container is updated, never restarted, replaced or moved") {
  const std::string head = standard_head() + "self: container/me\n";
  const auto spec_with = [&](const std::string& fields) {
    return std::map<std::string, std::string>{
        {"homeostat.yaml", head},
        {"lab.yaml", "containers: { me: { vmid: 120, network: lab, " + fields + " } }"}};
  };
  Situation s;
  s.commit_files(spec_with("memory: 1GiB, hostname: me, ip: 10.5.0.120"));
  s.settle();
  s.commit_files(spec_with("memory: 2GiB, hostname: me, ip: 10.5.0.120"));
  CHECK_FALSE(change_of(s.plan().plan, "container/me").hold);
  s.commit_files(spec_with("memory: 1GiB, hostname: it, ip: 10.5.0.120"));
  CHECK(change_of(s.plan().plan, "container/me").hold->code == HoldCode::self);
  s.commit_files(spec_with("memory: 1GiB, hostname: me, ip: 10.5.0.121"));
  CHECK(holds(s.plan().plan) ==
        "container/me self: Homeostat itself runs in it: on its host, set ip 10.5.0.121, and "
        "restart it there\n");
}

TEST_CASE("plan: a provider that does not manage a kind is asked for nothing") {
  Situation s("containers: { web: { vmid: 110 } }");
  static const ProviderInfo nothing;
  s.provider("pve", nothing);
  CHECK(change_of(s.plan().plan, "container/web").hold->code == HoldCode::unsupported);
}

TEST_CASE("plan: what was agreed about a lost thing says nothing about the one that is adopted") {
  Situation s("containers: { web: { vmid: 110, env: { A: \"1\", B: \"2\" } } }");
  s.settle();
  s.erase("container/web");
  s.live("container/other", {{"vmid", 110}, {"env", {{"A", "1"}, {"B", "theirs"}}}});
  s.commit("containers: { web: { vmid: 110, env: { A: \"1\" } } }");
  CHECK(s.outline() == "adopt container/web (quiet)\n");
  s.apply(s.plan());
  CHECK(s.outline() == "");
  CHECK(s.at("container/other").attributes["env"]["B"] == "theirs");
}

TEST_CASE("plan: what goes to a forgotten key is renamed when that key is taken over again") {
  Situation s("containers: { a: { vmid: 110 }, b: { vmid: 111 } }");
  s.settle();
  s.ledger.forgotten.insert(s.address("container/a"));
  s.ledger.owned.erase(s.address("container/a"));
  s.erase("container/a");
  s.commit("containers: { a: { vmid: 111 } }");
  CHECK(s.outline() == "release container/b (keep)\n");
  s.options.adopt = {"container/a"};
  CHECK(s.outline() == "rename container/a from container/b\n");
  s.apply(s.plan());
  CHECK(s.outline() == "");
}

TEST_CASE("plan: what a value waits for does not decide whose a live thing is") {
  Situation s("containers: { a: { vmid: 110, template: debian-12 } }");
  s.settle();
  s.options.allow_destroy = {"container/a"};
  s.live("container/x", {{"vmid", 111}, {"hostname", "c"}});
  s.commit(R"(
containers:
  a: { vmid: 110, template: debian-13 }
  b: { vmid: 111, env: { CARD: "${container.a.mac}" } }
  c: { vmid: 112 }
)");
  const Plan plan = s.plan().plan;
  CHECK(change_of(plan, "container/b").action == Action::adopt);
  CHECK(change_of(plan, "container/c").action == Action::create);
}

TEST_CASE("plan: an old row takes nothing over that is only looked at") {
  Situation s("containers: { web: { vmid: 110, memory: 2GiB } }");
  s.settle();
  s.erase("container/web");
  s.live("container/other", {{"vmid", 110}, {"memory", "1GiB"}});
  s.options.adopt = {"*"};
  const Planned planned = s.plan();
  REQUIRE(change_of(planned.plan, "container/web").action == Action::adopt);
  const std::map<std::string, const ProviderInfo*> infos = {{"pve", &box_info()}};
  const SecretHash hash = make_secret_hash("key");
  CHECK(agree({.planned = planned,
               .spec = s.spec,
               .ledger = s.ledger,
               .providers = infos,
               .secrets = s.secrets,
               .hash = hash,
               .adopt = false,
               .now = s.now})
            .empty());
}

TEST_CASE("plan: a reference does not read what another resource turns out to be") {
  Situation s;
  s.options.adopt = {"container/a"};
  s.live("container/x", {{"vmid", 111}, {"hostname", "c"}, {"mac", "BC:24:11:00:09:09"}});
  s.commit(R"(
containers:
  a: { vmid: 111, hostname: a }
  c: { vmid: 112 }
  d: { vmid: 113, env: { CARD: "${container.c.mac}" } }
)");
  const Plan plan = s.plan().plan;
  CHECK(change_of(plan, "container/a").action == Action::adopt);
  CHECK(change_of(plan, "container/c").action == Action::create);
  CHECK(change_of(plan, "container/d").needs == std::vector{s.address("container/c")});
  s.apply(s.plan());
  CHECK(s.outline() == "");
}

TEST_CASE("plan: an old row does not hide what full authority sweeps away") {
  Situation s;
  const std::string head =
      head_with("zone: lab.example.org,", "zone: lab.example.org, authority: full,");
  const auto commit = [&](const std::string& records) {
    s.commit_files({{"homeostat.yaml", head}, {"lab.yaml", "dns: { lab: { " + records + " } }"}});
  };
  commit("www: 10.5.0.8, nas: 10.5.0.7");
  s.ledger.full_zones = {"lab"};
  s.settle();
  s.erase("dns/lab/www/A");
  s.live("dns/lab/www/A", {{"values", {"10.5.0.9"}}});
  commit("nas: 10.5.0.7");
  s.options.allow_deletes = 1;
  CHECK(s.outline() == "delete dns/lab/www/A\n");
}
