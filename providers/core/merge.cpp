#include "providers/core/merge.hpp"

#include <algorithm>

namespace homeostat {
namespace {

using Json = nlohmann::json;

const Json& at(const Json& object, const std::string& key) {
  static const Json absent;
  if (!object.is_object()) return absent;
  const auto found = object.find(key);
  return found == object.end() ? absent : *found;
}

// Objects and keyed maps are changed key by key.
bool by_key(const FieldSchema& field) {
  return field.type == Type::object || (field.type == Type::map && field.keyed);
}

const FieldSchema* below(const FieldSchema& field, const std::string& key) {
  if (field.type == Type::map) return field.fields.data();
  const auto found = std::find_if(field.fields.begin(), field.fields.end(),
                                  [&](const FieldSchema& inner) { return inner.name == key; });
  return found == field.fields.end() ? nullptr : &*found;
}

std::string key_of(const Json& item) {
  return item.is_string() ? item.get<std::string>() : item.dump();
}

bool contains(const Json& list, const std::string& key) {
  return list.is_array() && std::any_of(list.begin(), list.end(),
                                        [&](const Json& item) { return key_of(item) == key; });
}

Json merge_keyed_list(const FieldSchema& field, const Json& current, const Json& after) {
  Json merged = Json::array();
  if (current.is_array()) {
    for (const Json& item : current) {
      const std::string key = key_of(item);
      if (!after.contains(key) || !after[key].is_null()) merged.push_back(item);
    }
  }
  for (const auto& [key, wanted] : after.items()) {
    if (wanted.is_null() || contains(merged, key)) continue;
    merged.push_back(canonical_scalar(field.fields.front(), key).value_or(Json(key)));
  }
  if (field.set) std::sort(merged.begin(), merged.end());
  return merged.empty() ? Json() : merged;
}

Json merge_value(const FieldSchema* field, const Json& current, const Json& after) {
  if (field == nullptr || !after.is_object()) return after;
  if (field->type == Type::list && field->keyed) return merge_keyed_list(*field, current, after);
  if (!by_key(*field)) return after;
  Json merged = current.is_object() ? current : Json::object();
  for (const auto& [key, wanted] : after.items()) {
    Json value = merge_value(below(*field, key), at(merged, key), wanted);
    if (value.is_null()) {
      merged.erase(key);
    } else {
      merged[key] = std::move(value);
    }
  }
  return merged.empty() ? Json() : merged;
}

FieldPath moved_value(const FieldSchema* field, const Json& current, const Json& before,
                      const Json& after, const FieldPath& path) {
  const bool keyed_list = field != nullptr && field->type == Type::list && field->keyed;
  if (keyed_list && after.is_object()) {
    for (const auto& [key, wanted] : after.items()) {
      const bool is = contains(current, key);
      if (is != contains(before, key) && is == wanted.is_null()) {
        return path + "/" + encode_component(key);
      }
    }
    return {};
  }
  if (field == nullptr || !by_key(*field) || !after.is_object()) {
    return current == before || current == after ? FieldPath() : path;
  }
  for (const auto& [key, wanted] : after.items()) {
    FieldPath moved = moved_value(below(*field, key), at(current, key), at(before, key), wanted,
                                  path + "/" + encode_component(key));
    if (!moved.empty()) return moved;
  }
  return {};
}

// The kind as one object: its own fields, and the provider's below `extra`.
const FieldSchema* top_field(const KindSchema& kind, const ProviderKindSchema* extra,
                             const std::string& key, FieldSchema& scratch) {
  if (key != "extra" || extra == nullptr) return kind.field(key);
  scratch.name = key;
  scratch.type = Type::object;
  scratch.fields = extra->extra;
  return &scratch;
}

}  // namespace

Attributes merge_after(const KindSchema& kind, const ProviderKindSchema* extra,
                       const Attributes& current, const Attributes& after) {
  Attributes merged = current.is_object() ? current : Attributes::object();
  if (!after.is_object()) return merged;
  for (const auto& [key, wanted] : after.items()) {
    FieldSchema scratch;
    Json value = merge_value(top_field(kind, extra, key, scratch), at(merged, key), wanted);
    if (value.is_null()) {
      merged.erase(key);
    } else {
      merged[key] = std::move(value);
    }
  }
  return merged;
}

FieldPath moved_field(const KindSchema& kind, const ProviderKindSchema* extra,
                      const Attributes& current, const Attributes& before,
                      const Attributes& after) {
  if (!after.is_object()) return {};
  for (const auto& [key, wanted] : after.items()) {
    FieldSchema scratch;
    FieldPath moved = moved_value(top_field(kind, extra, key, scratch), at(current, key),
                                  at(before, key), wanted, encode_component(key));
    if (!moved.empty()) return moved;
  }
  return {};
}

}  // namespace homeostat
