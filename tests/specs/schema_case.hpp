// What the tests of the schema share: one text read by one table.
#pragma once

#include <doctest/doctest.h>

#include <random>

#include "specs/config.hpp"
#include "specs/schema.hpp"
#include "specs/types.hpp"
#include "tests/support/cases.hpp"

namespace homeostat::schema_case {

using nlohmann::json;

// What reading one text gave.
struct Reading {
  std::vector<std::string> files = {"t.yaml"};
  Errors errors;
  std::vector<OpenValue> open;
  std::vector<FieldOrigin> origins;
  json value;

  std::string error(std::size_t i = 0) const {
    return i < errors.size() ? to_string(errors[i]) : "no error";
  }
  // "path: line line", one a path.
  std::string lines() const {
    std::string out;
    for (const FieldOrigin& origin : origins) {
      out += (out.empty() ? "" : ", ") + origin.path + ':';
      for (const Origin& line : origin.lines) out += ' ' + std::to_string(line.line);
    }
    return out;
  }
};

inline yaml::Node parse_one(std::string_view text, Reading& reading) {
  auto documents = yaml::parse(text, 0, "t.yaml", reading.errors);
  REQUIRE(documents.size() == 1);
  return std::move(documents.front());
}

inline Reading read(const ReadObject& how, std::string_view text, bool live = false) {
  Reading reading;
  const yaml::Node node = parse_one(text, reading);
  ReadSink sink{reading.errors, reading.files, &reading.open, &reading.origins, live};
  reading.value = read_object(how, node, "", "", sink);
  return reading;
}

inline Reading read_kind(std::string_view kind, std::string_view text, bool live = false) {
  const KindSchema* schema = find_kind(kind);
  REQUIRE(schema != nullptr);
  return read({.fields = schema->fields, .what = schema->name}, text, live);
}

inline std::string shown(const Result<json>& value) {
  return value ? value->dump() : value.error().message + ": " + value.error().hint;
}

inline std::string template_text(std::string_view text) {
  const auto parts = parse_template(text);
  if (!parts) return parts.error().message;
  std::string out;
  for (const TemplatePart& part : *parts) {
    switch (part.kind) {
      case TemplatePart::Kind::literal:
        out += '[' + part.text + ']';
        break;
      case TemplatePart::Kind::secret:
        out += "[secret " + part.text + ']';
        break;
      case TemplatePart::Kind::reference:
        out += '[' + to_string(part.target) + ' ' + part.field + ']';
        break;
    }
  }
  return out;
}

}  // namespace homeostat::schema_case
