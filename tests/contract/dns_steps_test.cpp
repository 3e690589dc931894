// Every type of record, through all that can happen to it, on a real server; what a resolver is
// told after each round is compared with what the spec says.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>

#include "reconciler/reconcile.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/pdns_server.hpp"
#include "tests/support/trusting.hpp"

namespace homeostat::test {
namespace {

// A record set: how the spec writes it, and how a resolver shows it.
struct Row {
  std::string zone;  // key
  std::string owner;
  std::string type;
  std::vector<std::string> yaml;   // values as in the spec
  std::vector<std::string> rdata;  // as dig prints them
};

const std::map<std::string, std::string>& zone_names() {
  static const std::map<std::string, std::string> names = {{"lab", "lab.example.org"},
                                                           {"inner", "inner.lab.example.org"},
                                                           {"rev", "6.10.in-addr.arpa"},
                                                           {"rev6", "8.b.d.0.1.0.0.2.ip6.arpa"}};
  return names;
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

std::string repeated(const std::string& part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

// `n` makes other values of the same kind.
std::vector<Row> service_rows(int n) {
  const std::string hash = repeated(fmt::format("{:02x}", 16 + n), 32);
  const std::string upper = repeated(fmt::format("{:02X}", 16 + n), 32);
  return {
      {"lab",
       "@",
       "TXT",
       {"'v=spf1 -all'", fmt::format("'round {}'", n)},
       {quoted("v=spf1 -all"), quoted(fmt::format("round {}", n))}},
      {"lab",
       "@",
       "MX",
       {fmt::format("'{} mail'", 10 + n), "'20 mx.example.net.'"},
       {fmt::format("{} mail.lab.example.org.", 10 + n), "20 mx.example.net."}},
      {"lab",
       "@",
       "CAA",
       {"'0 issue \"letsencrypt.org\"'", fmt::format("'0 iodef \"mailto:ca{}@example.org\"'", n)},
       {"0 issue \"letsencrypt.org\"", fmt::format("0 iodef \"mailto:ca{}@example.org\"", n)}},
      {"lab", "*.apps", "A", {fmt::format("10.5.1.{}", n)}, {fmt::format("10.5.1.{}", n)}},
      {"lab",
       "\xc3\xbc\x62\x65r",
       "A",
       {fmt::format("10.5.2.{}", n)},
       {fmt::format("10.5.2.{}", n)}},
      {"lab",
       "six",
       "AAAA",
       {fmt::format("'2001:DB8:0:0:0:0:0:{}'", n), "'::ffff:10.5.0.1'"},
       {fmt::format("2001:db8::{}", n), "::ffff:10.5.0.1"}},
      {"lab",
       "_sip._tcp",
       "SRV",
       {fmt::format("'0 {} 5060 sip'", n), "'10 5 5060 sip.example.net'"},
       {fmt::format("0 {} 5060 sip.lab.example.org.", n), "10 5 5060 sip.example.net."}},
      {"lab", "_443._tcp.web", "TLSA", {fmt::format("'3 1 1 {}'", hash)}, {"3 1 1 " + upper}},
      {"lab", "host", "SSHFP", {fmt::format("'4 2 {}'", hash)}, {"4 2 " + upper}},
      {"lab",
       "web",
       "HTTPS",
       {fmt::format("'1 . alpn=h2,h3 port={}'", 443 + n)},
       {fmt::format("1 . alpn=\"h2,h3\" port={}", 443 + n)}},
      {"lab",
       "_dns",
       "SVCB",
       {fmt::format("'1 dns.example.net alpn=dot ipv4hint=10.5.0.{}'", n)},
       {fmt::format("1 dns.example.net. alpn=\"dot\" ipv4hint=10.5.0.{}", n)}}};
}

// Texts, names and zones.
std::vector<Row> text_rows(int n) {
  const std::string sixty = repeated(fmt::format("{:x}", n), 60);
  return {
      {"lab",
       "sub",
       "NS",
       {"ns1", fmt::format("ns{}.example.net", n)},
       {"ns1.lab.example.org.", fmt::format("ns{}.example.net.", n)}},
      {"lab",
       "dkim._domainkey",
       "TXT",
       {fmt::format("'v=DKIM1; k=rsa; p={}'", repeated(sixty, 10))},
       {fmt::format("\"v=DKIM1; k=rsa; p={}\" \"{}\" \"{}\"", repeated(sixty, 10).substr(0, 237),
                    repeated(sixty, 10).substr(237, 255), repeated(sixty, 10).substr(492))}},
      {"lab",
       "say",
       "TXT",
       {fmt::format("'\"say \\\"hi\\\" {}; \\\\ bye\"'", n)},
       {fmt::format("\"say \\\"hi\\\" {}; \\\\ bye\"", n)}},
      {"lab",
       "umlaut",
       "TXT",
       {fmt::format("'gr\xc3\xbc\xc3\x9f {}'", n)},
       {fmt::format("\"gr\\195\\188\\195\\159 {}\"", n)}},
      {"lab", "empty", "TXT", {"''", fmt::format("'{}'", n)}, {"\"\"", fmt::format("\"{}\"", n)}},
      {"inner", "@", "A", {fmt::format("10.5.3.{}", n)}, {fmt::format("10.5.3.{}", n)}},
      {"inner",
       "deep.er",
       "CNAME",
       {fmt::format("t{}", n)},
       {fmt::format("t{}.inner.lab.example.org.", n)}},
      {"rev",
       "1.0",
       "PTR",
       {fmt::format("p{}.lab.example.org", n)},
       {fmt::format("p{}.lab.example.org.", n)}},
      {"rev6",
       repeated("0.", 23) + "1",
       "PTR",
       {fmt::format("p{}.lab.example.org", n)},
       {fmt::format("p{}.lab.example.org.", n)}}};
}

std::vector<Row> joined(std::vector<Row> rows, const std::vector<Row>& more) {
  rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

std::vector<Row> special_rows(int n) { return joined(service_rows(n), text_rows(n)); }

// Plain hosts; the odd ones are aliases where `aliases` is set.
std::vector<Row> host_rows(int n, bool aliases) {
  std::vector<Row> rows;
  for (int i = 0; i < 20; ++i) {
    const std::string owner = fmt::format("h{}", i);
    if (aliases && i % 2 == 1) {
      rows.push_back({"lab", owner, "CNAME", {"h0"}, {"h0.lab.example.org."}});
    } else {
      const std::string address = fmt::format("10.6.{}.{}", n, i + 1);
      rows.push_back({"lab", owner, "A", {address}, {address}});
    }
  }
  return rows;
}

class Lab {
 public:
  Lab() {
    ::setenv("HOMEOSTAT_STEPS_KEY", PdnsServer::key, 1);
    for (const auto& [key, zone] : zone_names()) server_.create_zone(zone);
  }

  // Another zone with no records in the spec.
  void add_zone(const std::string& key, const std::string& name) {
    server_.create_zone(name);
    more_zones_[key] = name;
  }
  [[nodiscard]] std::size_t calls(const std::string& method) const { return wire_.count(method); }

  // Makes it so in one apply; returns how many record sets were written.
  std::size_t apply(const std::vector<Row>& rows, const std::string& ttl) {
    write_spec(rows, ttl);
    trust_all(request());
    auto round = look(request(), {});
    REQUIRE_MESSAGE(round, to_string(round.error().front()));
    const Applied applied = homeostat::apply(*round, {}, {}, {});
    std::size_t done = 0;
    for (const Outcome& outcome : applied.outcomes) {
      CAPTURE(to_string(outcome.address));
      CAPTURE((outcome.error ? to_string(*outcome.error) : ""));
      CHECK(outcome.kind == OutcomeKind::done);
      if (outcome.kind == OutcomeKind::done) ++done;
    }
    for (const Change* change : applied.lingering) {
      CAPTURE(to_string(change->address));
      CHECK(change == nullptr);
    }
    CHECK(applied.after.plan.changes.empty());
    return done;
  }

  // What a resolver is told about each of them, and that it is told nothing of `gone`.
  void ask(const std::vector<Row>& rows, int ttl, const std::vector<Row>& gone = {}) {
    std::vector<std::string> questions;
    questions.reserve(rows.size() + gone.size());
    for (const Row& row : rows) questions.push_back(full_name(row) + ' ' + row.type);
    for (const Row& row : gone) questions.push_back(full_name(row) + ' ' + row.type);
    const auto answers = server_.dig(questions);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::vector<std::string> wanted;
      wanted.reserve(rows[i].rdata.size());
      for (const std::string& rdata : rows[i].rdata) {
        wanted.push_back(fmt::format("{} {} {} {}", full_name(rows[i]), ttl, rows[i].type, rdata));
      }
      std::sort(wanted.begin(), wanted.end());
      CAPTURE(questions[i]);
      CHECK(answers[i] == wanted);
    }
    for (std::size_t i = 0; i < gone.size(); ++i) {
      CAPTURE(questions[rows.size() + i]);
      CHECK(answers[rows.size() + i].empty());
    }
  }

 private:
  static std::string full_name(const Row& row) {
    const std::string& zone = zone_names().at(row.zone);
    if (row.owner == "@") return zone + '.';
    return canonical_name(row.owner).value() + '.' + zone + '.';
  }

  [[nodiscard]] Request request() const {
    Request request;
    request.folder = folder_.path() + "/spec";
    request.ledger_path = folder_.path() + "/ledger.db";
    request.options.allow_deletes = 100;
    request.record = true;
    return request;
  }

  void write_spec(const std::vector<Row>& rows, const std::string& ttl) const {
    std::string text = fmt::format(
        "homeostat: 1\nsite: home\nproviders:\n"
        "  dns: {{ type: powerdns, url: \"{}\", key: \"${{secret.key}}\" }}\n"
        "secrets:\n  key: {{ env: HOMEOSTAT_STEPS_KEY }}\nzones:\n",
        wire_.url());
    for (const auto* zones : {&zone_names(), &more_zones_}) {
      for (const auto& [key, zone] : *zones) {
        text += fmt::format("  {}: {{ zone: {}, on: [dns] }}\n", key, zone);
      }
    }
    std::map<std::string, std::map<std::string, std::string>> by_zone;
    for (const Row& row : rows) {
      std::string values;
      for (const std::string& value : row.yaml) values += (values.empty() ? "" : ", ") + value;
      by_zone[row.zone][row.owner] +=
          fmt::format("      {}: {{ values: [{}], ttl: {} }}\n", row.type, values, ttl);
    }
    text += "dns:\n";
    for (const auto& [zone, owners] : by_zone) {
      text += fmt::format("  {}:\n", zone);
      for (const auto& [owner, types] : owners) text += fmt::format("    \"{}\":\n", owner) + types;
    }
    folder_.write("spec/homeostat.yaml", text);
  }

  PdnsServer server_;
  FaultProxy wire_{server_.port()};
  std::map<std::string, std::string> more_zones_;
  TempDir folder_;
};

}  // namespace

TEST_CASE("powerdns steps: what a resolver is told is what the spec says, after every round") {
  Lab lab;
  std::size_t steps = 0;

  const std::vector<Row> first = joined(special_rows(1), host_rows(1, false));
  steps += lab.apply(first, "5m");
  CHECK(steps == first.size());
  lab.ask(first, 300);

  steps += lab.apply(first, "1h");
  lab.ask(first, 3600);

  const std::vector<Row> second = joined(special_rows(2), host_rows(2, false));
  steps += lab.apply(second, "1h");
  lab.ask(second, 3600);

  const std::vector<Row> aliased = joined(special_rows(2), host_rows(2, true));
  steps += lab.apply(aliased, "1h");
  lab.ask(aliased, 3600);

  steps += lab.apply(second, "1h");
  lab.ask(second, 3600);

  const std::vector<Row> rest = special_rows(3);
  steps += lab.apply(rest, "2h");
  lab.ask(rest, 7200, host_rows(2, false));

  // Nothing is left to do: nothing is written.
  CHECK(lab.apply(rest, "2h") == 0);
  CHECK(steps >= 150);
}

TEST_CASE("powerdns steps: a thousand changed record sets are at most five writes") {
  Lab lab;
  const auto hosts = [](int net) {
    std::vector<Row> rows;
    for (int i = 0; i < 1000; ++i) {
      const std::string address = fmt::format("10.{}.{}.{}", net, i / 250, 1 + i % 250);
      rows.push_back({"lab", fmt::format("h{}", i), "A", {address}, {address}});
    }
    return rows;
  };
  CHECK(lab.apply(hosts(6), "5m") == 1000);
  CHECK(lab.calls("PATCH") <= 5);
  const std::size_t before = lab.calls("PATCH");
  CHECK(lab.apply(hosts(7), "5m") == 1000);
  CHECK(lab.calls("PATCH") - before <= 5);
  lab.ask(hosts(7), 300);
}

TEST_CASE("powerdns steps: a hundred zones are read by one call each") {
  Lab lab;
  const std::size_t before = zone_names().size();
  for (std::size_t i = before; i < 100; ++i) {
    lab.add_zone(fmt::format("z{}", i), fmt::format("z{}.example.net", i));
  }
  CHECK(lab.apply(host_rows(1, false), "5m") == 20);
  // All zones and the server once; then the look before the PATCH and what the apply looks at
  // again.
  CHECK(lab.calls("GET") <= 101 + 4);
}

}  // namespace homeostat::test
