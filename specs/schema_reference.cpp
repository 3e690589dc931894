// The tables of the kinds as Markdown, for people.
#include "specs/schema.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

std::string type_words(const FieldSchema& field);

std::string element_words(const FieldSchema& field) {
  switch (field.fields.front().type) {
    case Type::text:
      return "texts";
    case Type::object:
      return "mappings";
    case Type::ip:
      return "addresses";
    case Type::name:
      return "DNS names";
    default:
      return type_words(field.fields.front()) + " values";
  }
}

std::string type_words(const FieldSchema& field) {
  switch (field.type) {
    case Type::text:
      return "text";
    case Type::integer:
      return "integer";
    case Type::boolean:
      return "true or false";
    case Type::size:
      return "size";
    case Type::duration:
      return "duration";
    case Type::ip:
      return "address";
    case Type::cidr:
      return "network";
    case Type::mac:
      return "hardware address";
    case Type::name:
      return "DNS name";
    case Type::url:
      return "URL";
    case Type::date:
      return "date";
    case Type::choice:
      return "choice";
    case Type::list:
      return (field.set || field.keyed ? "set of " : "list of ") + element_words(field);
    case Type::map:
      return "mapping to " + element_words(field);
    case Type::object:
      return "mapping";
  }
  return {};
}

std::string effect_words(ChangeEffect effect) {
  switch (effect) {
    case ChangeEffect::in_place:
      return "in place";
    case ChangeEffect::restart:
      return "restart";
    case ChangeEffect::replace:
      return "replace";
    case ChangeEffect::never:
      return "never";
  }
  return {};
}

// A `|` would end the cell, also inside backticks.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string notes(const FieldSchema& field) {
  std::string out = field.doc;
  const auto add = [&out](const std::string& note) { out += (out.empty() ? "" : " ") + note; };
  if (!field.choices.empty()) {
    std::string words;
    for (const std::string& choice : field.choices) {
      words += (words.empty() ? "" : ", ") + ("`" + choice + "`");
    }
    add((field.type == Type::choice ? "One of " : "Words: ") + words + '.');
  }
  if (field.required) add("Required.");
  if (field.read_only) {
    add("Given by the live system: others may refer to it, no spec sets it.");
  } else if (field.computed) {
    add("Where no spec sets it, the live system gives it.");
  }
  if (field.keyed) add("Enforced key by key.");
  if (field.secret) add("Secret.");
  if (!field.default_value.is_null()) {
    const std::string value = field.default_value.is_string()
                                  ? field.default_value.get<std::string>()
                                  : field.default_value.dump();
    add("Default: `" + value + "`.");
  }
  if (!field.example.empty()) add("Example: `" + field.example + "`.");
  return out;
}

// `effects`: there is a column for them. What lies in a list changes as the list does.
void add_rows(std::string& out, const FieldSchema& field, const std::string& prefix, bool effects) {
  const std::string name = prefix + field.name;
  out += "| `" + name + "` | " + cell(type_words(field)) + " | ";
  if (effects) {
    const bool own = !field.read_only && prefix.find("[]") == std::string::npos;
    out += (own ? effect_words(field.change) : std::string()) + " | ";
  }
  out += cell(notes(field)) + " |\n";
  const bool nested = field.type == Type::list || field.type == Type::map;
  const FieldSchema& members = nested ? field.fields.front() : field;
  if (members.type != Type::object) return;
  for (const FieldSchema& member : members.fields) {
    add_rows(out, member, name + (nested ? "[]." : "."), effects);
  }
}

void add_table(std::string& out, std::string_view title, std::span<const FieldSchema> fields) {
  out += (out.empty() ? "### " : "\n### ") + std::string(title);
  out += "\n\n| field | type | meaning |\n|---|---|---|\n";
  for (const FieldSchema& field : fields) add_rows(out, field, "", false);
}

}  // namespace

std::string reference_markdown() {
  std::string out;
  add_table(out, "On every resource", common_fields());
  for (const KindSchema& kind : kinds()) {
    out += "\n### `" + kind.name + "` (section `" + kind.section + ":`)\n\n" + kind.doc + "\n\n";
    out += "| field | type | a change | meaning |\n|---|---|---|---|\n";
    for (const FieldSchema& field : kind.fields) add_rows(out, field, "", true);
  }
  add_table(out, "A window (`policy: { windows: [...] }`)", window_fields());
  add_table(out, "A report (section `reports:`)", report_fields());
  return out;
}

}  // namespace homeostat
