#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "reconciler/cli/cli.hpp"

namespace homeostat::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::vector<std::string> names(const std::vector<FieldSchema>& fields) {
  std::vector<std::string> all;
  all.reserve(fields.size());
  for (const FieldSchema& field : fields) all.push_back(field.name + (field.required ? "*" : ""));
  return all;
}

std::vector<std::string> supported(const KindSchema& kind, const ProviderKindSchema& type) {
  std::vector<std::string> all;
  for (const FieldSchema& field : kind.fields) {
    if (std::ranges::find(type.unsupported, field.name) == type.unsupported.end()) {
      all.push_back(field.name + (field.required ? "*" : ""));
    }
  }
  return all;
}

// Wraps at 80 columns, with the continuation below the first word.
std::string paragraph(const std::string& label, const std::string& words) {
  std::string text = label;
  std::size_t column = label.size();
  const std::string indent(label.size(), ' ');
  for (std::size_t begin = 0; begin < words.size();) {
    const std::size_t end = std::min(words.find(' ', begin), words.size());
    if (column + end - begin > 79 && column > label.size()) {
      text += "\n" + indent;
      column = indent.size();
    }
    text += words.substr(begin, end - begin) + " ";
    column += end - begin + 1;
    begin = end + 1;
  }
  if (text.back() == ' ') text.pop_back();
  return text + "\n";
}

int providers() {
  std::string text;
  for (const ProviderType& type : builtin_providers()) {
    const ProviderInfo& info = type.info();
    text += paragraph(std::string(type.name) + "   ", info.schema.doc);
    text += paragraph("  settings  ", joined(names(info.schema.settings)));
    for (const auto& [name, kind] : info.schema.kinds) {
      const KindSchema* common = find_kind(name);
      if (common == nullptr) continue;
      text += paragraph("  " + name + "  ", joined(supported(*common, kind)));
      if (!kind.extra.empty()) text += paragraph("    extra: ", joined(names(kind.extra)));
      text +=
          paragraph("    cannot: ", kind.unsupported.empty() ? std::string("nothing is left out")
                                                             : joined(kind.unsupported));
    }
  }
  print(text + "(* = required)\n");
  return 0;
}

}  // namespace

void add_providers(CLI::App& app, Global& global, Command& command) {
  CLI::App* verb =
      add_verb(app, global,
               {.name = "providers",
                .brief = "List provider types, kinds and fields.",
                .more = "Which kinds and fields each type manages, and what each cannot do.",
                .examples = "  homeostat providers\n"});
  verb->callback([&command] { command = [] { return providers(); }; });
}

}  // namespace homeostat::cli
