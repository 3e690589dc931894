// YAML text -> values with positions. The only user of yaml-cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "specs/resource.hpp"

namespace homeostat::yaml {

enum class NodeKind : std::uint8_t { null, scalar, sequence, mapping };

// One value. Aliases and `<<` are already expanded: a merged key stands behind the mapping's own
// keys, with the position of the anchor's text.
struct Node {
  NodeKind kind = NodeKind::null;
  bool quoted = false;      // quoted or block scalar, or tagged !!str: text, whatever it looks like
  bool reset = false;       // tagged !default
  Origin at;                // of the value's first character
  std::string text;         // of a scalar
  std::vector<Node> items;  // sequence: its items. mapping: key, value, key, value, ...

  // The value at `key`, or nullptr. Linear: mappings are small where this is used.
  [[nodiscard]] const Node* find(std::string_view key) const;
};

struct Limits {
  std::size_t max_depth = 64;
  std::size_t alias_factor = 10;  // nodes made by aliases: at most factor * parsed + slack
  std::size_t alias_slack = 10'000;
};

// The first line of each value below, each line once. A block scalar covers the lines it is
// written on, as far as its text tells.
[[nodiscard]] std::vector<Origin> lines_of(const Node& node);

// All documents of one file, in order; an empty document is left out. `file` is stored in every
// origin; `name` and the text serve the errors. Refuses: duplicate keys (names both places), tabs
// as indentation, text that is not UTF-8, unknown tags, keys that are not scalars, alias bombs,
// recursion, nesting above the limit, and what yaml-cpp refuses. Errors are appended; the documents
// that could be read are returned even so.
[[nodiscard]] std::vector<Node> parse(std::string_view text, std::uint32_t file,
                                      const std::string& name, Errors& errors,
                                      const Limits& limits = {});

// Canonical block-style YAML of an object, for files that people edit: keys sorted, strings quoted
// wherever a plain one would read as something else. parse(emit(x)) gives x again, scalars as text.
[[nodiscard]] std::string emit(const nlohmann::json& object);

// Scalars become strings (null stays null), whatever they look like: typing is the schema's work.
[[nodiscard]] nlohmann::json to_json(const Node& node);

}  // namespace homeostat::yaml
