// YAML values -> canonical JSON, with an error at the right place for everything that is wrong.
#include <algorithm>
#include <numeric>
#include <optional>

#include "specs/schema.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

using Json = nlohmann::json;
using yaml::Node;
using yaml::NodeKind;

// Where a value goes: the JSON pointer, and the path that the diff compares it by.
struct Spot {
  const std::string& pointer;
  const FieldPath& path;
};

struct Context {
  ReadSink& sink;
  bool in_list = false;            // below a list, which is compared as one value
  const ReadObject* up = nullptr;  // the mapping around
};

std::optional<Json> read_any(const FieldSchema& field, const Node& node, const Spot& spot,
                             const Context& context);
Json read_members(const ReadObject& how, const Node& node, const Spot& spot,
                  const Context& context);

void report(ReadSink& sink, const Origin& at, std::string message, std::string hint = {}) {
  sink.errors.push_back({ErrorKind::invalid_spec, std::move(message), std::move(hint),
                         source_ref(at, sink.files), std::string()});
}

std::string tick(std::string_view name) { return "`" + std::string(name) + "`"; }

std::string escape_pointer(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string below(const FieldPath& path, const std::string& name) {
  return path.empty() ? name : path + '/' + name;
}

bool is_scalar(const FieldSchema& field) {
  return field.type != Type::list && field.type != Type::map && field.type != Type::object;
}

void record(ReadSink& sink, const FieldPath& path, const Node& node) {
  if (sink.origins == nullptr) return;
  sink.origins->push_back({path, lines_of(node)});
}

// What is said where a value has the wrong shape.
std::string needed_shape(const FieldSchema& field) {
  switch (field.type) {
    case Type::list:
      return "a list";
    case Type::map:
    case Type::object:
      return "a mapping";
    default:
      return "one value";
  }
}

// What people call a value: the field, or the key of a map.
std::string label(const Spot& spot) {
  return decode_component(std::string_view(spot.path).substr(spot.path.rfind('/') + 1));
}

std::string example_hint(const FieldSchema& field) {
  if (field.example.empty()) return {};
  return "write " + tick(field.name + ": " + field.example);
}

std::optional<Json> wrong_shape(const FieldSchema& field, const Node& node, const Spot& spot,
                                ReadSink& sink) {
  report(sink, node.at, tick(label(spot)) + " must be " + needed_shape(field), example_hint(field));
  return std::nullopt;
}

void report_missing(const FieldSchema& field, const std::string& what, const Origin& at,
                    ReadSink& sink) {
  const std::string in = what.empty() ? "" : " in " + tick(what);
  report(sink, at, tick(field.name) + " is missing" + in, example_hint(field));
}

std::optional<Json> read_scalar(const FieldSchema& field, const Node& node, const Spot& spot,
                                ReadSink& sink) {
  if (node.kind != NodeKind::scalar) return wrong_shape(field, node, spot, sink);
  if (sink.live || node.text.find("${") == std::string::npos) {
    auto value = canonical_scalar(field, node.text);
    if (value) return std::move(*value);
    report(sink, node.at, tick(label(spot)) + ": " + value.error().message, value.error().hint);
    return std::nullopt;
  }
  auto parts = parse_template(node.text);
  if (!parts) {
    report(sink, node.at, tick(label(spot)) + ": " + parts.error().message, parts.error().hint);
    return std::nullopt;
  }
  if (parts->size() == 1 && parts->front().kind == TemplatePart::Kind::literal) {
    Node plain = node;
    plain.text = parts->front().text;
    ReadSink as_written = sink;
    as_written.live = true;
    return read_scalar(field, plain, spot, as_written);
  }
  if (sink.open == nullptr) {
    report(sink, node.at, tick(label(spot)) + ": a reference cannot be used here",
           "write the value itself, or `$${` for a plain `${`");
    return std::nullopt;
  }
  sink.open->push_back({spot.pointer, std::move(*parts), node.at});
  return Json(node.text);
}

// A list of which only the stated members are enforced: each is a path of its own.
std::optional<Json> read_keys(const FieldSchema& field, const std::vector<const Node*>& items,
                              const Spot& spot, ReadSink& sink) {
  ReadSink closed{sink.errors, sink.files, nullptr, nullptr, sink.live};
  std::vector<std::pair<std::string, const Node*>> keys;
  for (const Node* item : items) {
    const auto value = read_any(field.fields.front(), *item, spot, {closed, true});
    if (value && value->is_string()) keys.emplace_back(value->get<std::string>(), item);
  }
  std::sort(keys.begin(), keys.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  Json list = Json::array();
  for (const auto& [key, item] : keys) {
    if (!list.empty() && list.back().get_ref<const std::string&>() == key) continue;
    list.push_back(key);
    record(sink, below(spot.path, encode_component(key)), *item);
  }
  return list;
}

// The elements of a list, with the references in each (their pointers relative to the element).
struct Elements {
  std::vector<Json> values;
  std::vector<std::vector<OpenValue>> open;
};

// Positions in canonical order: of a set sorted and each once, else as written.
std::vector<std::size_t> canonical_order(const FieldSchema& field, const Elements& elements) {
  std::vector<std::size_t> order(elements.values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!field.set) return order;
  const std::vector<Json>& values = elements.values;
  std::stable_sort(order.begin(), order.end(),
                   [&values](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  const auto repeated =
      std::unique(order.begin(), order.end(),
                  [&values](std::size_t a, std::size_t b) { return values[a] == values[b]; });
  order.erase(repeated, order.end());
  return order;
}

std::optional<Json> read_list(const FieldSchema& field, const Node& node, const Spot& spot,
                              const Context& context) {
  ReadSink& sink = context.sink;
  const FieldSchema& element = field.fields.front();
  std::vector<const Node*> nodes;
  if (node.kind == NodeKind::sequence) {
    for (const Node& item : node.items) nodes.push_back(&item);
  } else if (field.words && !sink.live && node.text.find(' ') != std::string::npos) {
    report(sink, node.at, tick(label(spot)) + " is a list of words",
           "write " + tick(field.name + ": " + as_words(node.text)));
    return std::nullopt;
  } else if (node.kind == NodeKind::scalar && is_scalar(element)) {
    nodes.push_back(&node);
  } else {
    return wrong_shape(field, node, spot, sink);
  }
  if (field.keyed) return read_keys(field, nodes, spot, sink);
  const std::string top;
  Elements elements;
  for (const Node* one : nodes) {
    std::vector<OpenValue> open;
    ReadSink inner{sink.errors, sink.files, sink.open != nullptr ? &open : nullptr, nullptr,
                   sink.live};
    auto value = read_any(element, *one, {top, spot.path}, {inner, true, context.up});
    if (!value) continue;
    elements.values.push_back(std::move(*value));
    elements.open.push_back(std::move(open));
  }
  Json list = Json::array();
  for (const std::size_t i : canonical_order(field, elements)) {
    const std::string base = spot.pointer + '/' + std::to_string(list.size());
    for (OpenValue& open : elements.open[i]) {
      open.pointer.insert(0, base);
      sink.open->push_back(std::move(open));
    }
    list.push_back(std::move(elements.values[i]));
  }
  record(sink, spot.path, node);
  return list;
}

std::optional<Json> read_map(const FieldSchema& field, const Node& node, const Spot& spot,
                             const Context& context) {
  if (node.kind != NodeKind::mapping) return wrong_shape(field, node, spot, context.sink);
  ReadSink inner = context.sink;
  if (!field.keyed) inner.origins = nullptr;
  Json map = Json::object();
  for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
    const std::string& key = node.items[i].text;
    const std::string pointer = spot.pointer + '/' + escape_pointer(key);
    const FieldPath path = below(spot.path, encode_component(key));
    auto value = read_any(field.fields.front(), node.items[i + 1], {pointer, path},
                          {inner, context.in_list || !field.keyed, context.up});
    if (value) map[key] = std::move(*value);
  }
  if (!field.keyed) record(context.sink, spot.path, node);
  return map;
}

std::optional<Json> read_reset(const FieldSchema& field, const Node& node, const Spot& spot,
                               const Context& context) {
  if (context.in_list || context.sink.live) {
    report(context.sink, node.at, "`!default` cannot stand here",
           "leave the line out, or put `!default` at the whole field");
    return std::nullopt;
  }
  if (field.required && field.default_value.is_null()) {
    report(context.sink, node.at, tick(field.name) + " has no default to go back to",
           example_hint(field));
    return std::nullopt;
  }
  record(context.sink, spot.path, node);
  return field.default_value;
}

std::optional<Json> read_any(const FieldSchema& field, const Node& node, const Spot& spot,
                             const Context& context) {
  if (node.reset) return read_reset(field, node, spot, context);
  if (node.kind == NodeKind::null) {
    std::string hint = example_hint(field);
    const bool text = hint.empty() && field.type == Type::text && !label(spot).empty();
    if (text)
      hint = "write " + tick(label(spot) + ": \"\"") + " for an empty text, or remove the line";
    if (hint.empty()) hint = "write a value, or remove the line";
    report(context.sink, node.at, tick(label(spot)) + " has no value", hint);
    return std::nullopt;
  }
  switch (field.type) {
    case Type::list:
      return read_list(field, node, spot, context);
    case Type::map:
      return read_map(field, node, spot, context);
    case Type::object: {
      if (node.kind != NodeKind::mapping) return wrong_shape(field, node, spot, context.sink);
      const ReadObject how{.fields = field.fields, .what = label(spot), .up = context.up};
      Json object = read_members(how, node, spot, context);
      return object;
    }
    default: {
      auto value = read_scalar(field, node, spot, context.sink);
      if (value) record(context.sink, spot.path, node);
      return value;
    }
  }
}

// Where else a key exists: given places, below a neighbour, one level up, below a neighbour there.
std::string other_place(const ReadObject& how, std::string_view key) {
  const auto has = [key](const FieldSchema& field) {
    return std::any_of(field.fields.begin(), field.fields.end(), [&](const FieldSchema& member) {
      return field.type == Type::object && member.name == key;
    });
  };
  for (const KeyPlace& place : how.elsewhere) {
    if (place.key == key) return std::string(place.place);
  }
  for (const FieldSchema& field : how.fields) {
    if (has(field)) return "under " + tick(field.name + ":");
  }
  if (how.up == nullptr) return {};
  const auto& skip = how.up->skip;
  bool beside = std::find(skip.begin(), skip.end(), key) != skip.end();
  for (const FieldSchema& field : how.up->fields) beside = beside || field.name == key;
  if (beside) return "one level up, beside " + tick(how.what + ":");
  for (const FieldSchema& field : how.up->fields) {
    if (has(field)) return "under " + tick(field.name + ":");
  }
  for (const KeyPlace& place : how.up->elsewhere) {
    if (place.key == key) return std::string(place.place);
  }
  return {};
}

void report_unknown(const ReadObject& how, const Node& key, ReadSink& sink) {
  std::vector<std::string> known;
  for (const FieldSchema& field : how.fields) {
    if (!field.read_only || sink.live) known.push_back(field.name);
  }
  known.insert(known.end(), how.skip.begin(), how.skip.end());
  std::string hint;
  if (const std::string place = other_place(how, key.text); !place.empty()) {
    hint = tick(key.text) + " belongs " + place;
  } else {
    hint = suggestion(key.text, known);
  }
  constexpr std::size_t few = 12;
  if (hint.empty() && known.size() <= few) {
    for (const std::string& one : known) hint += (hint.empty() ? "write one of " : ", ") + one;
  }
  const std::string of = how.what.empty() ? "" : " of " + tick(how.what);
  report(sink, key.at, in_ticks(key.text) + " is not a field" + of, hint);
}

Json read_members(const ReadObject& how, const Node& node, const Spot& spot,
                  const Context& context) {
  ReadSink& sink = context.sink;
  Json object = Json::object();
  for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
    const Node& key = node.items[i];
    if (std::find(how.skip.begin(), how.skip.end(), key.text) != how.skip.end()) continue;
    const auto field = std::find_if(how.fields.begin(), how.fields.end(),
                                    [&](const FieldSchema& one) { return one.name == key.text; });
    if (field == how.fields.end()) {
      report_unknown(how, key, sink);
      continue;
    }
    if (field->read_only && !sink.live) {
      report(sink, key.at, tick(key.text) + " is given by the live system and cannot be set",
             "remove the line; other resources may refer to it");
      continue;
    }
    const std::string pointer = spot.pointer + '/' + field->name;
    const FieldPath path = below(spot.path, field->name);
    auto value =
        read_any(*field, node.items[i + 1], {pointer, path}, {sink, context.in_list, &how});
    if (value) object[field->name] = std::move(*value);
  }
  for (const FieldSchema& field : how.fields) {
    // One that stands there with a wrong value has had its error.
    const bool wanted = field.required && how.complete && !sink.live;
    if (!wanted || node.find(field.name) != nullptr || has_near(node, field.name)) continue;
    report_missing(field, how.what, node.at, sink);
  }
  return object;
}

}  // namespace

nlohmann::json read_value(const FieldSchema& field, const Node& node, const std::string& pointer,
                          const FieldPath& path, ReadSink& sink) {
  auto value = read_any(field, node, {pointer, path}, {sink});
  return value ? std::move(*value) : Json();
}

Attributes read_object(const ReadObject& how, const Node& node, const std::string& pointer,
                       const FieldPath& path, ReadSink& sink) {
  if (node.kind == NodeKind::scalar || node.kind == NodeKind::sequence) {
    report(sink, node.at, (how.what.empty() ? "this" : tick(how.what)) + " must be a mapping",
           "write its fields as `field: value`, one a line");
    return Json::object();
  }
  return read_members(how, node, {pointer, path}, {sink});
}

}  // namespace homeostat
