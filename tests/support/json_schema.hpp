// JSON documents against our JSON Schemas, by tests/support/validate_json.py (Debian:
// python3-jsonschema).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace homeostat {

// What the validator says about these files: "" where they are right. `schema` is relative to the
// source folder.
[[nodiscard]] std::string validate_files(const std::string& schema,
                                         const std::vector<std::string>& files);
[[nodiscard]] std::string validate(const std::string& schema, const nlohmann::json& document);
// Against a schema that is no file of ours.
[[nodiscard]] std::string validate_with(const nlohmann::json& schema,
                                        const nlohmann::json& document);

}  // namespace homeostat
