#include "reconciler/trust.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <thread>

#include "reconciler/open_providers.hpp"
#include "tests/support/spec.hpp"
#include "tests/support/temp_repo.hpp"

using namespace homeostat;

namespace {

Spec spec_with(const std::vector<std::pair<std::string, std::string>>& edits = {}) {
  std::string head = homelab();
  for (const auto& edit : edits) {
    REQUIRE(head.find(edit.first) != std::string::npos);
    head.replace(head.find(edit.first), edit.first.size(), edit.second);
  }
  return loaded(Texts{{"homeostat.yaml", head}});
}

TrustRecords all_of(const Spec& spec) {
  TrustRecords records;
  for (const Connection& each : connections_of(spec)) {
    records[each.name] = {each.hash, each.text, nlohmann::json::object(), Time{}};
  }
  return records;
}

constexpr const char* phone = "{ type: telegram, token: \"${secret.tg}\", chat: 7 }";

// The homelab with a notifier `n`.
Spec with_notifiers(const std::string& notifier,
                    const std::string& more = "secrets: { tg: { env: TG } }\n") {
  return loaded(Texts{{"homeostat.yaml", homelab()},
                      {"more.yaml", (more.empty() ? "x-nothing: 1\n" : more) +
                                        "notifiers: { n: " + notifier + " }\n"}});
}

MachineRules pin(const std::string& name, const std::string& hash) {
  MachineRules rules;
  rules.path = "machine.yaml";
  rules.pins["home:" + name] = hash;
  return rules;
}

}  // namespace

TEST_CASE("trust: where all is trusted, nothing changes") {
  Spec spec = spec_with();
  const Verdict verdict = judge(spec, all_of(spec), {});
  CHECK(verdict.refused.empty());
  CHECK(verdict.blocked.empty());
  CHECK(verdict.resolved.size() == connections_of(spec).size());
}

TEST_CASE("trust: without a record everything is refused, by name") {
  Spec spec = spec_with();
  const Verdict verdict = judge(spec, {}, {});
  CHECK(verdict.refused.size() == connections_of(spec).size());
  CHECK(to_string(verdict.refused.at("secret/dns")) ==
        "homeostat.yaml:12:3: not trusted on this machine: homeostat trust");
  CHECK(verdict.resolved.empty());
  CHECK(verdict.blocked.size() == connections_of(spec).size());
}

TEST_CASE("trust: a changed url and a changed secret go back, and say so") {
  const Spec trusted = spec_with();
  Spec spec = spec_with({{"10.5.0.5:5380", "10.9.9.9:5380"}, {"env: DNS_TOKEN", "env: OTHER"}});
  const Verdict verdict = judge(spec, all_of(trusted), {});
  CHECK(verdict.refused.empty());
  CHECK(spec.providers.at("dns").settings == trusted.providers.at("dns").settings);
  CHECK(spec.secrets.at("dns").words == trusted.secrets.at("dns").words);
  REQUIRE(verdict.blocked.size() == 2);
  CHECK(verdict.blocked[0].name == "provider/dns");
  REQUIRE(verdict.blocked[0].fields.size() == 1);
  CHECK(verdict.blocked[0].fields[0].name == "url");
  CHECK(verdict.blocked[0].fields[0].trusted == "http://10.5.0.5:5380");
  CHECK(verdict.blocked[0].fields[0].wanted == "http://10.9.9.9:5380");
  CHECK(verdict.blocked[1].name == "secret/dns");
}

TEST_CASE("trust: a secret that only the trusted connection needs comes back with it") {
  const Spec trusted = spec_with();
  Spec spec = spec_with({{"${secret.dns}", "${secret.pve}"}, {"  dns: { env: DNS_TOKEN }\n", ""}});
  REQUIRE_FALSE(spec.secrets.contains("dns"));
  const Verdict verdict = judge(spec, all_of(trusted), {});
  CHECK(verdict.refused.empty());
  REQUIRE(spec.secrets.contains("dns"));
  CHECK(spec.secrets.at("dns").words == std::vector<std::string>{"DNS_TOKEN"});

  // But not where the machine file says no.
  Spec again = spec_with({{"${secret.dns}", "${secret.pve}"}, {"  dns: { env: DNS_TOKEN }\n", ""}});
  MachineRules rules;
  rules.forbidden_secrets = {"env"};
  (void)judge(again, all_of(trusted), rules);
  CHECK_FALSE(again.secrets.contains("dns"));
}

TEST_CASE("trust: a token of a server goes into no resource before somebody says so") {
  const Spec trusted = spec_with();
  Spec spec = loaded(
      Texts{{"homeostat.yaml", homelab()},
            {"spec.yaml", "containers: { a: { vmid: 105, env: { T: \"${secret.pve}\" } } }\n"}});
  const Verdict verdict = judge(spec, all_of(trusted), {});
  REQUIRE(verdict.blocked.size() == 1);
  CHECK(verdict.blocked[0].name == "secret/pve");
  REQUIRE(verdict.blocked[0].fields.size() == 1);
  CHECK(verdict.blocked[0].fields[0].name == "resources");
  CHECK_FALSE(verdict.refused.contains("secret/pve"));
  REQUIRE(verdict.refused.size() == 1);
  const std::string refused = verdict.refused.begin()->first;
  CHECK(secret_connection(find(spec, "container/a").open.at(0).parts.at(0).text) == refused);
  CHECK(spec.providers.at("pve").open.at(0).parts.at(0).text == "pve");
}

TEST_CASE("trust: a secret goes into the resources that it was trusted for, and into no other") {
  const auto with = [](const std::string& containers) {
    return loaded(Texts{{"homeostat.yaml", homelab()},
                        {"spec.yaml", "containers:\n  z: { vmid: 109 }\n" + containers}});
  };
  const std::string a = "  a: { vmid: 105, env: { T: \"${secret.pve}\" } }\n";
  const std::string b = "  b: { vmid: 106, env: { T: \"${secret.pve}\" } }\n";
  const TrustRecords records = all_of(with(a));
  const auto told = [](const Spec& spec, const std::string& name) {
    return find(spec, name).open.at(0).parts.at(0).text == "pve";
  };
  Spec more = with(a + b);
  const Verdict verdict = judge(more, records, {});
  REQUIRE(verdict.blocked.size() == 1);
  CHECK(verdict.blocked[0].name == "secret/pve");
  CHECK(told(more, "container/a"));
  CHECK_FALSE(told(more, "container/b"));
  Spec moved = with(b);
  (void)judge(moved, records, {});
  CHECK_FALSE(told(moved, "container/b"));
  // Fewer than were trusted: nothing to ask.
  Spec none = with("");
  CHECK(judge(none, records, {}).blocked.empty());
  Spec both = with(a);
  CHECK(judge(both, all_of(with(a + b)), {}).blocked.empty());
  CHECK(told(both, "container/a"));
}

TEST_CASE("trust: another type is another connection") {
  Spec spec = spec_with({{"kuma: { type: uptime-kuma", "kuma: { type: nginx-proxy-manager"}});
  const Verdict verdict = judge(spec, all_of(spec_with()), {});
  REQUIRE(verdict.refused.contains("provider/kuma"));
  CHECK(verdict.refused.at("provider/kuma").message ==
        "it is of another type than the trusted one: homeostat trust");
  CHECK(verdict.blocked.size() == 1);
}

TEST_CASE("trust: a notifier is told nothing before somebody says so") {
  Spec spec = with_notifiers(phone);
  const Verdict verdict = judge(spec, all_of(spec_with()), {});
  REQUIRE(verdict.refused.size() == 2);
  CHECK(to_string(verdict.refused.at("notifier/n")) ==
        "more.yaml:2:14: not trusted on this machine: homeostat trust");
  CHECK(verdict.refused.contains("secret/tg"));
  CHECK(judge(spec, all_of(spec), {}).refused.empty());
}

TEST_CASE(
    "trust: a notifier that a revision has changed stays what it was, and so does its secret") {
  const TrustRecords records = all_of(with_notifiers(phone));
  Spec spec = with_notifiers("{ type: telegram, token: \"${secret.dns}\", chat: 666 }", "");
  REQUIRE_FALSE(spec.secrets.contains("tg"));
  const Verdict verdict = judge(spec, records, {});
  CHECK(verdict.refused.empty());
  REQUIRE(verdict.blocked.size() == 1);
  CHECK(verdict.blocked[0].name == "notifier/n");
  REQUIRE(verdict.blocked[0].fields.size() == 2);
  CHECK(verdict.blocked[0].fields[0].name == "chat");
  CHECK(verdict.blocked[0].fields[0].trusted == "7");
  CHECK(verdict.blocked[0].fields[0].wanted == "666");
  CHECK(spec.notifiers.at("n").settings == Attributes{{"token", "${secret.tg}"}, {"chat", "7"}});
  REQUIRE(spec.secrets.contains("tg"));
  CHECK(spec.secrets.at("tg").words == std::vector<std::string>{"TG"});

  Spec program = with_notifiers("{ type: exec, command: [sh, -c, evil] }", "");
  const Verdict other = judge(program, records, {});
  CHECK(other.refused.at("notifier/n").message ==
        "it is of another type than the trusted one: homeostat trust");
  CHECK(other.blocked.size() == 1);
}

TEST_CASE("trust: a machine pins a notifier, and forbids a type") {
  const TrustRecords records = all_of(with_notifiers(phone));
  Spec pinned = with_notifiers(phone);
  const TrustRecords secrets = {{"secret/tg", records.at("secret/tg")}};
  CHECK_FALSE(judge(pinned, secrets, pin("notifier/n", records.at("notifier/n").hash))
                  .refused.contains("notifier/n"));
  MachineRules rules;
  rules.path = "machine.yaml";
  rules.forbidden_notifiers = {"telegram"};
  CHECK(judge(pinned, records, rules).refused.at("notifier/n").message ==
        "telegram notifiers are forbidden on this machine by machine.yaml");
}

TEST_CASE("trust: what a notifier is opened with has its secrets and its addresses") {
  ::setenv("HOMEOSTAT_TEST_TG", "12:abc", 1);  // NOLINT(concurrency-mt-unsafe)
  const std::string tg = "secrets: { tg: { env: HOMEOSTAT_TEST_TG } }\n";
  const std::string ntfy =
      "{ type: ntfy, topic: t, url: \"http://${container.ntfy.ip}\", token: \"${secret.tg}\" }";
  const std::string box = "containers: { ntfy: { vmid: 130, ip: 10.5.0.130 } }\n";
  Spec spec = with_notifiers(ntfy, tg + box);
  TrustRecords records = all_of(spec);
  records.at("notifier/n").resolved = {{"/url", "http://10.5.0.99"}};
  const auto settings = [&](const TrustRecords& trusted, const LedgerView& ledger) {
    const Verdict verdict = judge(spec, trusted, {});
    const SecretValues secrets = read_notifier_secrets(spec, verdict, {});
    return notifier_settings(
        {.spec = spec, .ledger = ledger, .secrets = secrets, .verdict = verdict},
        spec.notifiers.at("n"));
  };
  // As long as nobody has seen where the container is, it is where it was when it was trusted.
  CHECK(settings(records, {}).value() ==
        Attributes{{"topic", "t"}, {"url", "http://10.5.0.99"}, {"token", "12:abc"}});
  LedgerView ledger;
  Owned& row = ledger.owned[parse_address("home:container/ntfy@pve").value()];
  row.agreed = {{.path = "ip", .value = "10.5.0.77", .commit = {}}};
  CHECK(settings(records, ledger).value().at("url") == "http://10.5.0.77");

  TrustRecords without = records;
  without.erase("secret/tg");
  CHECK(settings(without, ledger).error().message ==
        "secret tg: not trusted on this machine: homeostat trust");
  without.erase("notifier/n");
  CHECK(settings(without, ledger).error().message ==
        "not trusted on this machine: homeostat trust");
  CHECK(read_notifier_secrets(spec, judge(spec, without, {}), {}).empty());
}

TEST_CASE("trust: a pin decides, with a record or without") {
  const Spec was = spec_with();
  const TrustRecords records = all_of(was);
  const std::string trusted = records.at("provider/dns").hash;
  const std::vector<std::pair<std::string, std::string>> edit = {{"10.5.0.5:", "10.9.9.9:"}};
  const std::string changed = all_of(spec_with(edit)).at("provider/dns").hash;

  Spec pinned = spec_with(edit);
  CHECK_FALSE(judge(pinned, {}, pin("provider/dns", changed)).refused.contains("provider/dns"));
  CHECK(pinned.providers.at("dns").settings.at("url") == "http://10.9.9.9:5380");

  Spec back = spec_with(edit);
  const Verdict to_trusted = judge(back, records, pin("provider/dns", trusted));
  CHECK(to_trusted.refused.empty());
  CHECK(back.providers.at("dns").settings.at("url") == "http://10.5.0.5:5380");

  Spec third = spec_with();
  const Verdict neither =
      judge(third, records, pin("provider/dns", "sha256:" + std::string(64, '0')));
  REQUIRE(neither.refused.contains("provider/dns"));
  CHECK(neither.refused.at("provider/dns").message ==
        "machine.yaml pins it to another one (sha256:00000000...)");
}

TEST_CASE("trust: of two who record at once neither loses what the other says") {
  const TempDir dir;
  const std::string path = dir.path() + "/home/trust.json";
  const TrustRecord record = all_of(spec_with()).begin()->second;
  const auto add_many = [&](const std::string& who) {
    for (int i = 0; i < 25; ++i) {
      (void)change_trust(path, [&](TrustRecords& all) {
        all[fmt::format("{}{}", who, i)] = record;
        return Status();
      });
    }
  };
  {
    const std::jthread one(add_many, "one");
    const std::jthread other(add_many, "other");
  }
  REQUIRE(load_trust(path));
  CHECK(load_trust(path)->size() == 50);

  // Who does not want to after all leaves everything as it was.
  const Status no = change_trust(path, [](TrustRecords& all) -> Status {
    all.clear();
    return fail(ErrorKind::not_found, "no");
  });
  REQUIRE_FALSE(no);
  CHECK(no.error().message == "no");
  CHECK(load_trust(path)->size() == 50);
}

TEST_CASE("trust: the record is kept, and a damaged or newer one is refused") {
  const TempDir dir;
  const std::string path = dir.path() + "/home/trust.json";
  REQUIRE(load_trust(path));
  CHECK(load_trust(path)->empty());
  const TrustRecords records = all_of(spec_with());
  REQUIRE(change_trust(path, [&records](TrustRecords& all) {
    all = records;
    return Status();
  }));
  REQUIRE(load_trust(path));
  CHECK(*load_trust(path) == records);

  const std::string good = dir.read("home/trust.json");
  const auto said = [&](const std::string& text) {
    dir.write("home/trust.json", text);
    const auto loaded_again = load_trust(path);
    return loaded_again ? std::string("read") : loaded_again.error().message;
  };
  CHECK(said(good) == "read");
  CHECK(said(good.substr(0, good.size() / 2)).find("is damaged") != std::string::npos);
  CHECK(said("{}").find("is damaged") != std::string::npos);
  CHECK(said("[]").find("is damaged") != std::string::npos);
  CHECK(said(R"({"homeostat_trust": 2, "connections": {}})").find("is of version 2") !=
        std::string::npos);
  std::string tampered = good;
  tampered.replace(tampered.find("10.5.0.5:"), 9, "10.9.9.9:");
  CHECK(said(tampered).find("is damaged") != std::string::npos);
}
