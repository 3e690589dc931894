// What holds for every spec, on generated ones.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tests/support/spec.hpp"

using namespace homeostat;
using Random = std::mt19937;

namespace {

constexpr int cases = 1000;

std::size_t below(Random& random, std::size_t limit) { return random() % limit; }

// Sections of a rich spec, one line each, so that they can be cut into files at will.
std::vector<std::string> sections(Random& random) {
  std::vector<std::string> found = {
      "secrets: { s: { env: S } }",
      "networks: { six: { cidr: \"2001:db8:5::/64\" }, iot: { cidr: 10.6.0.0/24 } }",
      "zones: { more.example: { on: [dns, pub], points_to: [203.0.113.9, \"2001:db8::9\"] } }",
      "policy: { lint: { unmonitored: warning } }",
      "policy: { max_deletes: 7 }",
      "self: container/c0",
      "dns: { lab: { nas: [10.5.0.10, \"2001:db8:5::10\"], www: { CNAME: nas } } }",
      "dns: { lab: { \"@\": { MX: [\"10 nas\", \"20 www\"], ttl: 5m } } }",
      "dns: { lab: { \"@\": { TXT: \"x ${secret.s}\" } } }",
      "ips: { iot: { cam: { address: 10.6.0.9, provider: dns } } }"};
  for (int i = 0; i < 6; ++i) {
    const std::string n = std::to_string(i);
    const std::string other = std::to_string(below(random, 6));
    found.push_back("containers: { c" + n + ": { vmid: " + std::to_string(100 + i) +
                    ", env: { PEER: \"${container.c" + other + ".ip}\", N: \"" + n +
                    "\" }, tags: [b, a] } }");
    found.push_back("services: { s" + n + ": { container: { vmid: " + std::to_string(120 + i) +
                    " }, name: s" + n + ".lab.example.org, web: { domain: s" + n +
                    (below(random, 2) == 0 ? ".more.example" : ".example.org") +
                    ", port: 80 }, monitor: true, depends_on: container/c" + other + " } }");
  }
  return found;
}

// The same for two specs that say the same, whatever file a line stands in.
std::string print(const Spec& spec) {
  std::string text = std::to_string(spec.policy.max_deletes) + "\n";
  for (const auto& [key, zone] : spec.zones) text += key + " " + zone.zone + "\n";
  for (const auto& [address, resource] : spec.desired) {
    text += to_string(address) + " " + resource.attributes.dump();
    for (const OpenValue& open : resource.open) {
      text += " " + open.pointer + "=" + open_at(resource, open.pointer);
    }
    for (const Address& edge : resource.depends_on) text += " needs " + to_string(edge);
    text += " of " + resource.service + "\n";
  }
  return text;
}

// Deals the sections out to files in any order.
Texts dealt(std::vector<std::string> lines, Random& random) {
  Texts texts = {{"homeostat.yaml", homelab()}};
  std::shuffle(lines.begin(), lines.end(), random);
  for (const std::string& line : lines) {
    const char name[] = {static_cast<char>('a' + below(random, 4)), '\0'};
    std::string& text = texts[std::string(name) + ".yaml"];
    text += (text.empty() ? "" : "---\n") + line + "\n";
  }
  return texts;
}

// A piece of YAML that does not fit where it lands, most of the time.
std::string oddity(Random& random) {
  static const std::vector<std::string> all = {"[]",
                                               "{}",
                                               "~",
                                               "\"\"",
                                               "${x",
                                               "\"${container.c1.ip}\"",
                                               "[[1]]",
                                               "{ a: b }",
                                               "!default",
                                               "010",
                                               "yes",
                                               "-1",
                                               "10.5.0.1",
                                               "\"@\"",
                                               "\"*\"",
                                               "a b",
                                               "[a, {}]",
                                               "\"${provider.dock.address}\"",
                                               "9999999999999999999",
                                               "container",
                                               "lab",
                                               "\"\\x00\"",
                                               "\"${secret.s}${secret.t}\""};
  return all[below(random, all.size())];
}

// Replaces one word between separators.
std::string mutated(std::string text, Random& random) {
  const std::string separators = " {}[]:,\n\"";
  std::vector<std::pair<std::size_t, std::size_t>> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = text.find_first_not_of(separators, at);
    if (start == std::string::npos) break;
    const std::size_t end = std::min(text.find_first_of(separators, start), text.size());
    words.emplace_back(start, end - start);
    at = end;
  }
  const auto [start, size] = words[below(random, words.size())];
  return text.replace(start, size, oddity(random));
}

}  // namespace

TEST_CASE("load: the order of files and sections never changes what is wanted") {
  for (int seed = 0; seed < cases / 10; ++seed) {
    CAPTURE(seed);
    Random random(static_cast<Random::result_type>(seed));
    const std::vector<std::string> lines = sections(random);
    const std::string first = print(loaded(dealt(lines, random)));
    CHECK(print(loaded(dealt(lines, random))) == first);
  }
}

TEST_CASE("load: no mistake crashes it, and each error says where it is") {
  std::size_t wrong = 0;
  for (int seed = 0; seed < cases; ++seed) {
    CAPTURE(seed);
    Random random(static_cast<Random::result_type>(seed));
    Texts texts = dealt(sections(random), random);
    const std::size_t count = 1 + below(random, 3);
    for (std::size_t i = 0; i < count; ++i) {
      auto it = texts.begin();
      std::advance(it, below(random, texts.size()));
      it->second = mutated(it->second, random);
    }
    const tl::expected<Spec, Errors> spec = load_texts(texts);
    if (spec) continue;
    ++wrong;
    CHECK_FALSE(spec.error().empty());
    for (const Error& error : spec.error()) {
      CAPTURE(to_string(error));
      CHECK(error.kind == ErrorKind::invalid_spec);
      CHECK(error.where.line > 0);
      CHECK(error.where.column > 0);
      CHECK(texts.contains(error.where.file));
      CHECK(error.message.find('\n') == std::string::npos);
    }
  }
  CHECK(wrong > cases / 2);
}
