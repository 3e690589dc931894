#include "specs/yaml.hpp"

#include <yaml-cpp/parser.h>

#include <algorithm>

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

namespace {

void collect_lines(const Node& node, std::vector<Origin>& lines) {
  const auto add = [&lines](const Origin& at) {
    const bool known = std::any_of(lines.begin(), lines.end(), [&at](const Origin& line) {
      return line.line == at.line && line.file == at.file;
    });
    if (at.line != 0 && !known) lines.push_back(at);
  };
  add(node.at);
  const auto breaks = std::count(node.text.begin(), node.text.end(), '\n');
  for (std::uint32_t i = 1; i <= breaks; ++i) add({node.at.file, node.at.line + i, 1});
  for (const Node& item : node.items) collect_lines(item, lines);
}

}  // namespace

std::vector<Origin> lines_of(const Node& node) {
  std::vector<Origin> lines;
  collect_lines(node, lines);
  return lines;
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
