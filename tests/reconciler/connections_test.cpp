#include "reconciler/connections.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/spec.hpp"

using namespace homeostat;

namespace {

using nlohmann::json;

// The homelab's head with `from` replaced.
Spec spec_with(const std::string& from = {}, const std::string& to = {},
               const std::string& resources = "containers:\n  dns: { vmid: 105 }\n") {
  std::string head = homelab();
  if (!from.empty()) {
    REQUIRE(head.find(from) != std::string::npos);
    head.replace(head.find(from), from.size(), to);
  }
  return loaded(Texts{{"homeostat.yaml", head}, {"spec.yaml", resources}});
}

Connection connection_in(const Spec& spec, const std::string& name) {
  const auto all = connections_of(spec);
  const auto found = std::ranges::find(all, name, &Connection::name);
  REQUIRE(found != all.end());
  return *found;
}

constexpr const char* dns_url = "http://10.5.0.5:5380";

}  // namespace

TEST_CASE("connections: providers and secrets, each as it is written") {
  const Spec spec = spec_with();
  std::vector<std::string> names;
  for (const Connection& each : connections_of(spec)) names.push_back(each.name);
  CHECK(names == std::vector<std::string>{"provider/dns", "provider/dock", "provider/kuma",
                                          "provider/npm", "provider/pub", "provider/pve",
                                          "secret/dns", "secret/pub", "secret/pve"});
  CHECK(connection_in(spec, "provider/dns").text ==
        json({{"type", "technitium"}, {"url", dns_url}, {"token", "${secret.dns}"}}));
  CHECK(connection_in(spec, "secret/pub").text == json({{"command", {"pass", "cloudflare"}}}));
  CHECK(connection_in(spec, "secret/pve").text == json({{"file", "/etc/homeostat/pve"}}));
  CHECK(connection_in(spec, "provider/npm").text ==
        json({{"type", "nginx-proxy-manager"}, {"url", "http://10.5.0.6:81"}}));
}

TEST_CASE("connections: what decides where a secret goes is hashed, and nothing else") {
  const auto hash = [](const std::string& from, const std::string& to, const std::string& name) {
    return connection_in(spec_with(from, to), name).hash;
  };
  const std::string dns = connection_in(spec_with(), "provider/dns").hash;
  CHECK(dns.size() == 71);
  CHECK(hash(dns_url, "http://10.5.0.6:5380", "provider/dns") != dns);
  CHECK(hash("token: \"${secret.dns}\"", "token: \"${secret.pve}\"", "provider/dns") != dns);
  CHECK(hash("${secret.dns}\" }", "${secret.dns}\", mode: enforce, address: 10.5.0.5 }",
             "provider/dns") == dns);
  const std::string secret = connection_in(spec_with(), "secret/dns").hash;
  CHECK(hash("env: DNS_TOKEN", "env: DNS_TOKEN, expires: 2027-01-01", "secret/dns") == secret);
  CHECK(hash("env: DNS_TOKEN", "env: OTHER_TOKEN", "secret/dns") != secret);
  CHECK(hash("env: DNS_TOKEN", "file: DNS_TOKEN", "secret/dns") != secret);
}

TEST_CASE("connections: a reference is kept, in full, and where it leads is said apart") {
  const std::string url = "http://${container.dns.ip}:5380";
  const Spec spec = spec_with(dns_url, url);
  const Connection connection = connection_in(spec, "provider/dns");
  CHECK(connection.text.at("url") == "http://${container.dns@pve.ip}:5380");
  LedgerView ledger;
  CHECK(resolved_settings(spec, ledger, "provider/dns") ==
        json({{"/url", "http://10.5.0.105:5380"}}));
  Owned& row = ledger.owned[parse_address("home:container/dns@pve").value()];
  row.agreed = {{.path = "ip", .value = "10.5.0.77", .commit = {}}};
  CHECK(resolved_settings(spec, ledger, "provider/dns") ==
        json({{"/url", "http://10.5.0.77:5380"}}));

  // The same text with another address behind it.
  const Spec moved = spec_with(dns_url, url, "containers:\n  dns: { vmid: 106 }\n");
  CHECK(connection_in(moved, "provider/dns").hash == connection.hash);
  CHECK(resolved_settings(moved, {}, "provider/dns") == json({{"/url", "http://10.5.0.106:5380"}}));
  const Spec dhcp = spec_with(dns_url, url, "containers:\n  dns: { vmid: 106, ip: dhcp }\n");
  CHECK(resolved_settings(dhcp, {}, "provider/dns") == json({{"/url", nullptr}}));
}

TEST_CASE("connections: the address of another provider is looked through") {
  const std::string url = "http://${provider.npm.address}:5380";
  const auto hash = [&url](const std::string& address) {
    std::string head = homelab();
    head.replace(head.find(dns_url), std::string(dns_url).size(), url);
    const std::string old = "url: \"http://10.5.0.6:81\", address: 10.5.0.6";
    head.replace(head.find(old), old.size(), "url: \"http://10.5.0.6:81\", address: " + address);
    const Spec spec =
        loaded(Texts{{"homeostat.yaml", head},
                     {"spec.yaml", "containers: { a: { vmid: 105 }, b: { vmid: 106 } }\n"}});
    return connection_in(spec, "provider/dns").hash;
  };
  CHECK(hash("10.5.0.6") != hash("10.5.0.7"));
  CHECK(hash("\"${container.a.ip}\"") != hash("\"${container.b.ip}\""));
}

TEST_CASE("connections: a text can be put back in the place of another") {
  const Spec trusted = spec_with("\"http://10.5.0.5:5380\", token",
                                 "\"http://${container.dns.ip}:5380/$${x}?${secret.pub}\", token");
  Spec spec = spec_with(dns_url, "http://10.9.9.9");
  for (const char* name : {"dns", "pve"}) {
    const Connection was = connection_in(trusted, provider_connection(name));
    REQUIRE(use_text(spec.providers.at(name), was.text, spec.site));
    CHECK(connection_in(spec, was.name).hash == was.hash);
  }
  const auto& open = spec.providers.at("dns").open;
  REQUIRE(open.size() == 2);
  CHECK(open[1].pointer == "/url");
  CHECK(open[1].parts == trusted.providers.at("dns").open[1].parts);
  CHECK_FALSE(
      use_text(spec.providers.at("dns"), connection_in(trusted, "provider/pve").text, spec.site));

  for (const char* name : {"dns", "pub", "pve"}) {
    SecretSource source;
    REQUIRE(use_text(source, connection_in(trusted, secret_connection(name)).text));
    CHECK(source.kind == trusted.secrets.at(name).kind);
    CHECK(source.words == trusted.secrets.at(name).words);
  }
  SecretSource source;
  for (const json& text : {json({{"env", 1}}), json({{"command", json::array()}}), json("env"),
                           json({{"command", {1}}}), json({{"env", "A"}, {"file", "b"}})}) {
    CHECK_FALSE(use_text(source, text));
  }
}

TEST_CASE("connections: a notifier is one, with its secrets as they are written") {
  const auto with = [](const std::string& notifier) {
    return loaded("containers: { ntfy: { vmid: 130, ip: 10.5.0.130 } }\nnotifiers: { n: " +
                  notifier + " }\n");
  };
  const std::string ntfy =
      "{ type: ntfy, topic: \"a$${b\", url: \"http://${container.ntfy.ip}\", token: "
      "\"${secret.dns}\" }";
  const Spec spec = with(ntfy);
  const Connection connection = connection_in(spec, "notifier/n");
  CHECK(connection.text == json({{"type", "ntfy"},
                                 {"topic", "a$${b"},
                                 {"url", "http://${container.ntfy@pve.ip}"},
                                 {"token", "${secret.dns}"}}));
  CHECK(connection.where.line == 2);
  CHECK(resolved_settings(spec, {}, "notifier/n") == json({{"/url", "http://10.5.0.130"}}));
  CHECK(resolved_settings(spec, {}, "notifier/other") == json::object());
  CHECK(resolved_settings(spec, {}, "secret/dns") == json::object());
  CHECK(connection_in(with("{ type: exec, command: [a, \"b c\"] }"), "notifier/n").text ==
        json({{"type", "exec"}, {"command", {"a", "b c"}}}));

  // And back.
  Spec other = with("{ type: ntfy, topic: x, url: \"http://10.9.9.9\" }");
  NotifierConfig& config = other.notifiers.at("n");
  REQUIRE(use_text(config, connection.text, "home"));
  CHECK(config.settings == Attributes{{"topic", "a${b"},
                                      {"url", "http://${container.ntfy@pve.ip}"},
                                      {"token", "${secret.dns}"}});
  CHECK(text_of(config) == connection.text);
  REQUIRE(config.open.size() == 2);
  CHECK(config.open.back().parts.back().target == parse_address("home:container/ntfy@pve").value());
  CHECK_FALSE(use_text(config, json({{"type", "exec"}, {"command", {"a"}}}), "home"));
}
