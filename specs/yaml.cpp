#include "specs/yaml.hpp"

#include <yaml-cpp/parser.h>

#include "specs/yaml_builder.hpp"
#include "specs/yaml_errors.hpp"
#include "specs/yaml_stream.hpp"

namespace homeostat::yaml {

const Node* Node::find(std::string_view key) const {
  if (kind != NodeKind::mapping) return nullptr;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i].text == key) return &items[i + 1];
  }
  return nullptr;
}

std::vector<Node> parse(std::string_view input, std::uint32_t file, const std::string& name,
                        Errors& errors, const Limits& limits) {
  Text text(input, name);
  if (std::optional<Error> wrong = text.check()) {
    errors.push_back(std::move(*wrong));
    return {};
  }
  Builder builder(text, file, limits, errors);
  TextBuffer buffer(text.view());
  std::istream stream(&buffer);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    builder.report_open_quote();
  } catch (const Stop&) {
    // The error stands in `errors` already.
  } catch (const YAML::Exception& exception) {
    errors.push_back(explain(text, exception, builder.context()));
  }
  return builder.take_documents();
}

nlohmann::json to_json(const Node& node) {
  switch (node.kind) {
    case NodeKind::null:
      return nullptr;
    case NodeKind::scalar:
      return node.text;
    case NodeKind::sequence: {
      nlohmann::json::array_t list;
      list.reserve(node.items.size());
      for (const Node& item : node.items) list.push_back(to_json(item));
      return list;
    }
    case NodeKind::mapping: {
      nlohmann::json::object_t object;
      for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
        object.emplace(node.items[i].text, to_json(node.items[i + 1]));
      }
      return object;
    }
  }
  return nullptr;
}

}  // namespace homeostat::yaml
