// Paths of fields, and the values that they name. Pure.
#pragma once

#include <string>
#include <string_view>

#include "specs/schema.hpp"

namespace homeostat {

// The value at a path, null where absent. Keys of keyed lists (tags) give true or null.
[[nodiscard]] nlohmann::json value_at(const Attributes& attributes, const FieldPath& path,
                                      const KindSchema& kind, const ProviderKindSchema* extra);
// Writes what value_at() reads; null removes. What lies between is made as needed.
void set_value_at(Attributes& attributes, const FieldPath& path, const nlohmann::json& value,
                  const KindSchema& kind, const ProviderKindSchema* extra);

// "/env/a~1b" -> "env/a%2Fb".
[[nodiscard]] FieldPath path_of_pointer(std::string_view pointer);
// Whether `path` is `other` or lies above it: covers("env", "env/FOO").
[[nodiscard]] bool covers(std::string_view path, std::string_view other);

// A member of an object; null where there is none, or where it is no object.
[[nodiscard]] const nlohmann::json& member(const nlohmann::json& object, const std::string& key);
// An entry of a keyed list as text, and whether the list has it.
[[nodiscard]] std::string key_text(const nlohmann::json& entry);
[[nodiscard]] bool has_key(const nlohmann::json& list, std::string_view key);

}  // namespace homeostat
