#include "tests/reconciler/plan_world.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::testing {
namespace {

constexpr std::size_t containers = 5;
constexpr std::size_t owners = 4;
constexpr std::size_t monitors = 4;

std::vector<std::size_t> permutation(Random& random, std::size_t count) {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < count; ++i) numbers.push_back(i);
  if (random.once_in(3)) random.shuffle(numbers);
  return numbers;
}

// `${container.c1.mac}` of a declared one; "" where none is. A card is given by the server.
std::string card_of_one(Random& random, const std::vector<Entry>& entries) {
  std::vector<std::string> keys;
  for (const Entry& entry : entries) {
    if (entry.section == "containers") keys.push_back(entry.key);
  }
  if (keys.empty()) return {};
  return fmt::format("\"${{container.{}.mac}}\"", random.one_of(keys));
}

// Keys change over what they stand for, so that renames and swaps happen.
void add_containers(Random& random, std::vector<Entry>& entries) {
  const std::vector<std::size_t> vmids = permutation(random, containers);
  const std::vector<std::size_t> ports = permutation(random, containers);
  for (std::size_t i = 0; i < containers; ++i) {
    if (random.once_in(4)) continue;
    Entry entry{"containers", fmt::format("c{}", i), {}};
    entry.fields.push_back(fmt::format("vmid: {}", 110 + vmids[i]));
    entry.fields.push_back(fmt::format("hostname: h{}", vmids[i]));
    entry.fields.push_back("memory: " + random.one_of<std::string>({"1GiB", "2GiB", "4GiB"}));
    if (random.once_in(2))
      entry.fields.push_back(fmt::format("ports: [\"{}:80\"]", 8000 + ports[i]));
    if (random.once_in(2)) {
      entry.fields.push_back("template: " + random.one_of<std::string>({"debian-12", "debian-13"}));
    }
    const std::string card = random.once_in(4) ? card_of_one(random, entries) : "";
    if (!card.empty()) {
      entry.fields.push_back("env: { A: " + card + " }");
    } else if (random.once_in(2)) {
      entry.fields.push_back("env: " + random.one_of<std::string>({"{ A: \"1\" }", "{ A: \"2\" }",
                                                                   "{ A: \"1\", B: x }", "{}"}));
    }
    if (random.once_in(3)) entry.fields.push_back("network: lab");
    if (random.once_in(4)) entry.fields.push_back("tags: [media, prod]");
    if (random.once_in(6)) entry.fields.push_back("protect: true");
    if (random.once_in(6)) entry.fields.push_back("ignore: [memory]");
    if (random.once_in(3)) {
      entry.fields.push_back("on_remove: " +
                             random.one_of<std::string>({"keep", "stop", "delete"}));
    }
    entries.push_back(std::move(entry));
  }
}

void add_records(Random& random, std::vector<Entry>& entries) {
  const std::vector<std::string> values = {"10.5.0.7", "10.5.0.8", "[10.5.0.7, 10.5.0.9]"};
  for (std::size_t i = 0; i < owners; ++i) {
    Entry entry{"dns", fmt::format("r{}", i), {}};
    const std::string card = random.once_in(4) ? card_of_one(random, entries) : "";
    switch (random.below(5)) {
      case 0:
        continue;
      case 1:
        entry.fields.push_back("CNAME: nas.example.org");
        break;
      case 2:
        entry.fields.push_back("TXT: " + (card.empty() ? "hello" : card));
        [[fallthrough]];
      default:
        entry.fields.push_back("A: " + random.one_of(values));
    }
    if (random.once_in(8)) entry.fields.push_back("protect: true");
    entries.push_back(std::move(entry));
  }
}

void add_monitors(Random& random, std::vector<Entry>& entries) {
  const std::vector<std::string> hosts = {"10.5.0.7", "10.5.0.8"};
  for (std::size_t i = 0; i < monitors; ++i) {
    if (random.once_in(3)) continue;
    Entry entry{"monitors", fmt::format("m{}", i), {"type: ping"}};
    entry.fields.push_back("target: " + random.one_of(hosts));
    if (random.once_in(2)) {
      entry.fields.push_back("interval: " + random.one_of<std::string>({"30s", "60s"}));
    }
    entries.push_back(std::move(entry));
  }
}

// Another value than the one that is there.
void change_value(LiveResource& live, Random& random) {
  const std::string kind = live.address.kind;
  if (kind == "dns") {
    live.attributes["values"] = {fmt::format("10.5.0.{}", 40 + random.below(5))};
  } else if (kind == "monitor") {
    live.attributes["interval"] = fmt::format("{}s", 11 + random.below(9));
  } else {
    switch (random.below(4)) {
      case 0:
        live.attributes["memory"] = fmt::format("{}MiB", 100 + random.below(9));
        break;
      case 1:
        live.attributes["env"]["A"] = fmt::format("by hand {}", random.below(3));
        break;
      case 2:
        live.attributes["ports"] = {fmt::format("{}:80/tcp", 8000 + random.below(containers))};
        break;
      default:
        live.attributes.erase("tags");
    }
  }
}

void add_unowned(Situation& situation, Random& random) {
  // A server has one thing of a name at most.
  const auto add = [&situation](const std::string& name, Attributes attributes) {
    if (situation.find(situation.address(name)) != nullptr) return;
    situation.live(name, std::move(attributes));
  };
  switch (random.below(3)) {
    case 0: {
      const std::size_t number = random.below(containers + 2);
      add(fmt::format("container/x{}", random.below(3)),
          {{"vmid", 110 + number},
           {"hostname", fmt::format("h{}", random.below(containers + 2))},
           {"memory", "2GiB"},
           {"mac", fmt::format("BC:24:11:00:01:{:02X}", number)},
           {"ports", {fmt::format("{}:80/tcp", 8000 + number)}}});
      break;
    }
    case 1: {
      const std::string type = random.one_of<std::string>({"A", "CNAME", "TXT", "NS"});
      const std::string value = random.one_of<std::string>({"10.5.0.7", "nas.example.org"});
      add(fmt::format("dns/lab/r{}/{}", random.below(owners + 1), type), {{"values", {value}}});
      break;
    }
    default:
      add(fmt::format("monitor/m{}", random.below(monitors + 1)),
          {{"type", "ping"}, {"target", "10.5.0.7"}, {"interval", "1m"}});
  }
}

}  // namespace

std::vector<Entry> random_entries(Random& random) {
  std::vector<Entry> entries;
  add_containers(random, entries);
  add_records(random, entries);
  add_monitors(random, entries);
  return entries;
}

std::string random_head(Random& random) {
  std::string head = standard_head();
  const auto say = [&](const std::string& name) {
    const std::string entry = name + ": { type: box }";
    const std::string adopt =
        random.one_of<std::string>({"", "", ", adopt: always", ", adopt: never"});
    head.replace(head.find(entry), entry.size(), name + ": { type: box" + adopt + " }");
  };
  say("pve");
  say("dns");
  say("kuma");
  if (random.once_in(3)) {
    const std::string zone = "zone: lab.example.org,";
    head.replace(head.find(zone), zone.size(), zone + " authority: full,");
  }
  return head;
}

Texts as_files(const std::string& head, const std::vector<Entry>& entries, std::size_t files) {
  Texts texts = {{"homeostat.yaml", head}};
  for (std::size_t file = 0; file < files; ++file) {
    std::vector<std::string> sections;
    std::map<std::string, std::string> bodies;
    for (std::size_t i = file; i < entries.size(); i += files) {
      const Entry& entry = entries[i];
      std::string fields;
      for (const std::string& field : entry.fields) fields += (fields.empty() ? "" : ", ") + field;
      if (bodies[entry.section].empty()) sections.push_back(entry.section);
      const std::string indent = entry.section == "dns" ? "    " : "  ";
      bodies[entry.section] += indent + entry.key + ": { " + fields + " }\n";
    }
    std::string text;
    for (const std::string& section : sections) {
      text += section + (section == "dns" ? ":\n  lab:\n" : ":\n") + bodies[section];
    }
    texts[fmt::format("f{}.yaml", file)] = text;
  }
  return texts;
}

void disturb(Situation& situation, Random& random) {
  for (auto& [scope, state] : situation.observed.scopes) {
    for (std::size_t i = 0; i < state.resources.size(); ++i) {
      LiveResource& live = state.resources[i];
      switch (random.below(12)) {
        case 0:
          state.resources.erase(state.resources.begin() + static_cast<std::ptrdiff_t>(i--));
          break;
        case 1:
        case 2:
          change_value(live, random);
          break;
        case 3:
          live.marker.reset();
          break;
        case 4:
          if (live.marker) live.marker->site = "office";
          break;
        case 5:
          live.fixed = random.once_in(2);
          break;
        case 6: {
          if (live.address.kind == "dns") break;  // a name and type have one record set
          LiveResource clone = live;
          clone.native_id = "clone of " + live.native_id;
          clone.attributes["vmid"] = 900;
          if (random.once_in(2)) clone.attributes["hostname"] = "clone";
          state.resources.push_back(std::move(clone));
          break;
        }
        default:
          break;
      }
    }
  }
  for (std::size_t i = random.below(4); i > 0; --i) add_unowned(situation, random);
  if (random.once_in(6)) {
    situation.unknown(random.one_of<Scope>({{"pve", ""}, {"dns", "lab"}, {"kuma", ""}}));
  }
}

void forget_some(Situation& situation, Random& random) {
  if (random.once_in(8)) {
    situation.ledger = LedgerView();
    return;
  }
  for (auto row = situation.ledger.owned.begin(); row != situation.ledger.owned.end();) {
    if (random.once_in(10)) situation.ledger.forgotten.insert(row->first);
    if (random.once_in(6)) row->second.agreed.clear();
    row = random.once_in(8) ? situation.ledger.owned.erase(row) : std::next(row);
  }
  if (random.once_in(2)) situation.ledger.full_zones.insert("lab");
}

PlanOptions random_options(Random& random) {
  PlanOptions options;
  const std::vector<std::string> globs = {"*", "container/*", "dns/lab/r0/*", "monitor/m1"};
  if (random.once_in(3)) options.adopt.push_back(random.one_of(globs));
  if (random.once_in(5)) options.only.push_back(random.one_of(globs));
  if (random.once_in(5)) options.exclude.push_back(random.one_of(globs));
  for (std::size_t i = 0; i < containers; ++i) {
    if (random.once_in(3)) options.allow_destroy.push_back(fmt::format("container/c{}", i));
  }
  if (random.once_in(2)) options.allow_deletes = random.below(8);
  if (random.once_in(3)) options.accept_empty = {"pve", "dns/lab", "kuma"};
  return options;
}

PlanOptions full_consent(const Situation& situation) {
  PlanOptions options;
  options.adopt = {"*"};
  options.allow_deletes = 1000;
  for (const auto& [scope, state] : situation.observed.scopes) {
    options.accept_empty.insert(to_string(scope));
  }
  for (std::size_t i = 0; i < containers; ++i) {
    options.allow_destroy.push_back(fmt::format("container/c{}", i));
  }
  return options;
}

World::World(std::uint32_t seed) : random(seed), head(random_head(random)) {
  situation.commit_files(as_files(head, random_entries(random), 1));
  if (!random.once_in(5)) situation.apply(situation.plan());
  disturb(situation, random);
  forget_some(situation, random);
  entries = random_entries(random);
  situation.commit_files(as_files(head, entries, 1));
  situation.options = random_options(random);
}

}  // namespace homeostat::testing
