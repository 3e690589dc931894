// The keys of a mapping that has ended: odd ones, duplicates, `<<`.
#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>

#include "specs/yaml_builder.hpp"

namespace homeostat::yaml {

namespace {

// Above this many keys a hash table is faster than comparing each with each.
constexpr std::size_t few_keys = 24;

bool is_merge_key(const Node& key) { return !key.quoted && key.text == "<<"; }

// Keeps the pairs whose keys are not in `drop` (indexes of pairs, ascending).
void drop_pairs(std::vector<Node>& items, const std::vector<std::size_t>& drop) {
  if (drop.empty()) return;
  std::vector<Node> kept;
  kept.reserve(items.size() - 2 * drop.size());
  std::size_t next = 0;
  for (std::size_t pair = 0; pair < items.size() / 2; ++pair) {
    if (next < drop.size() && drop[next] == pair) {
      ++next;
      continue;
    }
    kept.push_back(std::move(items[2 * pair]));
    kept.push_back(std::move(items[2 * pair + 1]));
  }
  items = std::move(kept);
}

struct Duplicate {
  std::size_t pair = 0;
  std::size_t first = 0;
};

std::vector<Duplicate> find_duplicates(const std::vector<Node>& items) {
  std::vector<Duplicate> found;
  const std::size_t pairs = items.size() / 2;
  if (pairs <= few_keys) {
    for (std::size_t pair = 1; pair < pairs; ++pair) {
      std::size_t first = 0;
      while (first < pair && items[2 * first].text != items[2 * pair].text) ++first;
      if (first < pair) found.push_back({pair, first});
    }
    return found;
  }
  std::unordered_map<std::string_view, std::size_t> seen;
  seen.reserve(pairs);
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    const auto [place, fresh] = seen.try_emplace(items[2 * pair].text, pair);
    if (!fresh) found.push_back({pair, place->second});
  }
  return found;
}

}  // namespace

void Builder::tidy_mapping(std::vector<Node>& items) {
  refuse_odd_keys(items);
  refuse_duplicates(items);
  merge(items);
}

void Builder::refuse_odd_keys(std::vector<Node>& items) {
  std::vector<std::size_t> drop;
  for (std::size_t i = 0; i < items.size(); i += 2) {
    const Node& key = items[i];
    if (key.kind == NodeKind::scalar) continue;
    drop.push_back(i / 2);
    if (key.kind == NodeKind::null) {
      errors_.push_back(text_.error(key.at, "a key is missing here",
                                    "write it in quotes if the word is meant: \"null\""));
    } else {
      errors_.push_back(text_.error(key.at,
                                    fmt::format("a key must be text, not a {}",
                                                key.kind == NodeKind::mapping ? "mapping" : "list"),
                                    "put the key in quotes if it is meant as text"));
    }
  }
  drop_pairs(items, drop);
}

void Builder::refuse_duplicates(std::vector<Node>& items) {
  const std::vector<Duplicate> found = find_duplicates(items);
  std::vector<std::size_t> drop;
  for (const Duplicate& duplicate : found) {
    const Node& key = items[2 * duplicate.pair];
    const Node& first = items[2 * duplicate.first];
    errors_.push_back(text_.error(
        key.at, fmt::format("`{}` is given twice; first at {}", key.text, text_.place(first.at)),
        is_merge_key(key) ? "write one: <<: [*first, *second]" : "keep one of the two"));
    drop.push_back(duplicate.pair);
  }
  drop_pairs(items, drop);
}

void Builder::merge(std::vector<Node>& items) {
  std::size_t at = 0;
  while (at < items.size() && !is_merge_key(items[at])) at += 2;
  if (at >= items.size()) return;
  const Origin place = items[at].at;
  Node value = std::move(items[at + 1]);
  drop_pairs(items, {at / 2});

  std::vector<Node> sources;
  if (value.kind == NodeKind::sequence) {
    sources = std::move(value.items);
  } else {
    sources.push_back(std::move(value));
  }
  std::size_t more = 0;
  for (const Node& source : sources) {
    if (source.kind != NodeKind::mapping) {
      errors_.push_back(text_.error(place, "`<<` takes a mapping, or a list of mappings",
                                    "write <<: *name, where `&name` marks a mapping"));
      return;
    }
    more += source.items.size();
  }
  // Reserved first: the views below point into the keys.
  items.reserve(items.size() + more);
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < items.size(); i += 2) seen.insert(items[i].text);
  for (Node& source : sources) {
    for (std::size_t i = 0; i < source.items.size(); i += 2) {
      if (seen.contains(source.items[i].text)) continue;
      items.push_back(std::move(source.items[i]));
      seen.insert(items.back().text);
      items.push_back(std::move(source.items[i + 1]));
    }
  }
}

}  // namespace homeostat::yaml
