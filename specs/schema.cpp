#include "specs/schema.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "specs/kinds/kinds.hpp"
#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

using Json = nlohmann::json;

tl::unexpected<Error> wrong(std::string message, std::string hint = {}) {
  return fail(ErrorKind::invalid_spec, std::move(message), std::move(hint));
}

const FieldSchema* find_field(std::span<const FieldSchema> fields, std::string_view name) {
  for (const FieldSchema& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

// `value` in the field's unit; `print` writes a limit as people would.
template <class Print>
Status check_limits(const FieldSchema& field, std::string_view text, std::int64_t value,
                    const Print& print) {
  if (value >= field.min && value <= field.max) return {};
  const bool low = value < field.min;
  const std::string limit = print(low ? field.min : field.max);
  return wrong(in_ticks(text) + (low ? " is too small" : " is too large"),
               "write " + limit + (low ? " or more" : " or less"));
}

Result<Json> integer_scalar(const FieldSchema& field, std::string_view text) {
  TRY_ASSIGN(const std::int64_t value, parse_integer(text));
  TRY(check_limits(field, text, value, [](std::int64_t v) { return std::to_string(v); }));
  return Json(value);
}

// A bare number means the unit that people use for this field, as long as that is no giant.
std::string size_hint(const FieldSchema& field, std::string_view text, std::string hint) {
  constexpr std::uint64_t giant = 32;  // times the example
  const auto number = parse_digits(text);
  const Result<std::uint64_t> usual = parse_size(field.example);
  if (!number || *number == 0 || !usual) return hint;
  const std::string unit = field.example.substr(field.example.find_first_not_of("0123456789"));
  const Result<std::uint64_t> meant = parse_size(std::string(text) + unit);
  return meant && *meant <= giant * *usual ? "write " + std::string(text) + unit : hint;
}

Result<Json> size_scalar(const FieldSchema& field, std::string_view text) {
  Result<std::uint64_t> parsed = parse_size(text);
  if (!parsed) return wrong(parsed.error().message, size_hint(field, text, parsed.error().hint));
  const std::uint64_t bytes = *parsed;
  const auto clamped = static_cast<std::int64_t>(std::min<std::uint64_t>(bytes, INT64_MAX));
  TRY(check_limits(field, text, clamped,
                   [](std::int64_t v) { return format_size(static_cast<std::uint64_t>(v)); }));
  return Json(format_size(bytes));
}

Result<Json> duration_scalar(const FieldSchema& field, std::string_view text) {
  TRY_ASSIGN(const std::int64_t seconds, parse_duration(text));
  TRY(check_limits(field, text, seconds, format_duration));
  return Json(format_duration(seconds));
}

Result<std::string> choice_scalar(const FieldSchema& field, std::string_view text) {
  if (std::find(field.choices.begin(), field.choices.end(), text) != field.choices.end()) {
    return std::string(text);
  }
  std::string known;
  for (const std::string& choice : field.choices) known += (known.empty() ? "" : ", ") + choice;
  const std::string near = suggestion(text, field.choices);
  return wrong(in_ticks(text) + " is not one of " + known,
               near.empty() ? "write one of these" : near);
}

// Types whose canonical form is text again.
Result<std::string> text_scalar(const FieldSchema& field, std::string_view text) {
  switch (field.type) {
    case Type::ip: {
      TRY_ASSIGN(const IpAddress address, parse_ip(text));
      return to_string(address);
    }
    case Type::cidr: {
      TRY_ASSIGN(const Cidr cidr, parse_cidr(text));
      return to_string(cidr);
    }
    case Type::mac:
      return canonical_mac(text);
    case Type::name:
      return canonical_name(text);
    case Type::url:
      return canonical_url(text);
    case Type::date:
      return canonical_date(text);
    case Type::choice:
      return choice_scalar(field, text);
    default:
      return std::string(text);
  }
}

Result<Json> checked_scalar(const FieldSchema& field, std::string_view text) {
  switch (field.type) {
    case Type::integer:
      return integer_scalar(field, text);
    case Type::boolean: {
      TRY_ASSIGN(const bool value, parse_boolean(text));
      return Json(value);
    }
    case Type::size:
      return size_scalar(field, text);
    case Type::duration:
      return duration_scalar(field, text);
    case Type::list:
      return wrong(in_ticks(text) + " is not a list");
    case Type::map:
    case Type::object:
      return wrong(in_ticks(text) + " is not a mapping");
    default: {
      TRY_ASSIGN(std::string value, text_scalar(field, text));
      if (field.check) {
        TRY_ASSIGN(value, field.check(value));
      }
      return Json(std::move(value));
    }
  }
}

std::string scalar_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

Result<Json> canonical_list(const FieldSchema& field, const Json& value) {
  const FieldSchema& element = field.fields.front();
  Json list = Json::array();
  if (value.is_array()) {
    for (const Json& item : value) {
      TRY_ASSIGN(Json one, canonical_value(element, item));
      list.push_back(std::move(one));
    }
  } else {
    TRY_ASSIGN(Json one, canonical_value(element, value));
    list.push_back(std::move(one));
  }
  if (field.set || field.keyed) {
    auto& items = list.get_ref<Json::array_t&>();
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
  }
  return list;
}

Result<Json> canonical_members(const FieldSchema& field, const Json& value) {
  if (!value.is_object()) return wrong("`" + field.name + "` must be a mapping");
  Json members = Json::object();
  for (const auto& [key, item] : value.items()) {
    const FieldSchema* member =
        field.type == Type::map ? &field.fields.front() : find_field(field.fields, key);
    if (member == nullptr) return wrong(in_ticks(key) + " is not a field of `" + field.name + "`");
    TRY_ASSIGN(members[key], canonical_value(*member, item));
  }
  return members;
}

// Edit distance in which swapping two neighbours is one step.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before;
  std::vector<std::size_t> above;
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::move(above);
    above = std::move(row);
    row.assign(b.size() + 1, i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

const FieldSchema* KindSchema::field(std::string_view wanted) const {
  return find_field(fields, wanted);
}

std::span<const KindSchema> kinds() {
  static const std::array<KindSchema, 5> all = {container_kind(), ip_kind(), dns_kind(),
                                                proxy_host_kind(), monitor_kind()};
  return all;
}

const KindSchema* find_kind(std::string_view name) {
  for (const KindSchema& kind : kinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

const FieldSchema* field_at(const KindSchema& kind, const ProviderKindSchema* extra,
                            std::string_view path) {
  const FieldSchema* at = nullptr;
  bool below_extra = false;
  while (true) {
    const auto slash = path.find('/');
    const std::string_view component = path.substr(0, slash);
    if (at != nullptr) {
      if (at->type == Type::object) {
        at = find_field(at->fields, component);
      } else if (at->type == Type::map || at->type == Type::list) {
        at = &at->fields.front();
      } else {
        return nullptr;
      }
    } else if (below_extra) {
      at = extra != nullptr ? find_field(extra->extra, component) : nullptr;
    } else if (component == "extra") {
      below_extra = true;
    } else {
      at = kind.field(component);
    }
    if (slash == std::string_view::npos) return at;
    if (at == nullptr && !(below_extra && component == "extra")) return nullptr;
    path.remove_prefix(slash + 1);
  }
}

SourceRef source_ref(const Origin& at, const std::vector<std::string>& files) {
  if (at.line == 0 || at.file >= files.size()) return {};
  return {files[at.file], static_cast<int>(at.line), static_cast<int>(at.column)};
}

Result<Json> canonical_scalar(const FieldSchema& field, std::string_view text) {
  const bool extra_word =
      field.type != Type::choice && !field.choices.empty() &&
      std::find(field.choices.begin(), field.choices.end(), text) != field.choices.end();
  if (extra_word) return Json(std::string(text));
  auto value = checked_scalar(field, text);
  if (!value && field.secret) return wrong("the value has a wrong form (it is a secret)");
  return value;
}

Result<Json> canonical_value(const FieldSchema& field, const Json& value) {
  if (value.is_null()) return value;
  if (field.type == Type::list) return canonical_list(field, value);
  if (field.type == Type::map || field.type == Type::object) {
    return canonical_members(field, value);
  }
  if (value.is_structured()) return wrong("`" + field.name + "` must be one value");
  return canonical_scalar(field, scalar_text(value));
}

std::string suggestion(std::string_view word, std::span<const std::string> known) {
  const std::size_t limit = word.size() > 8 ? 3 : word.size() > 3 ? 2 : 1;
  const std::string* nearest = nullptr;
  std::size_t best = limit + 1;
  for (const std::string& candidate : known) {
    const std::size_t longer = std::max(candidate.size(), word.size());
    if (longer - std::min(candidate.size(), word.size()) >= best) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best || distance >= longer) continue;
    best = distance;
    nearest = &candidate;
  }
  return nearest != nullptr ? "did you mean `" + *nearest + "`?" : std::string();
}

bool has_near(const yaml::Node& mapping, std::string_view name) {
  const std::array<std::string, 1> known = {std::string(name)};
  for (std::size_t i = 0; i + 1 < mapping.items.size(); i += 2) {
    if (!suggestion(mapping.items[i].text, known).empty()) return true;
  }
  return false;
}

std::span<const FieldSchema> common_fields() {
  static const std::array<FieldSchema, 7> fields = {{
      {.name = "provider",
       .type = Type::list,
       .doc = "The provider instance that holds it; of several, it is one resource on each.",
       .set = true,
       .fields = {{.name = "provider"}},
       .example = "pve"},
      {.name = "mode",
       .type = Type::choice,
       .doc = "Whether the loop repairs this resource or only reports about it.",
       .choices = {"report", "enforce"},
       .example = "report"},
      {.name = "protect",
       .type = Type::boolean,
       .doc = "Never delete and never replace it, even after these lines are gone.",
       .default_value = false,
       .example = "true"},
      {.name = "on_remove",
       .type = Type::choice,
       .doc = "What happens to it once it is gone from the spec. What holds data is kept by "
              "default, everything else is deleted.",
       .choices = {"keep", "stop", "delete"},
       .example = "keep"},
      {.name = "depends_on",
       .type = Type::list,
       .doc = "Addresses of resources that must be in place first.",
       .set = true,
       .fields = {{.name = "depends_on"}},
       .example = "[container/db]"},
      {.name = "ignore",
       .type = Type::list,
       .doc = "Fields that are used at create, and neither compared nor written afterwards. A bare "
              "field, or with a reason and the last day it counts.",
       .fields = {{.name = "ignore",
                   .type = Type::object,
                   .fields = {{.name = "field", .doc = "The field.", .required = true},
                              {.name = "reason", .doc = "Why it is ignored."},
                              {.name = "until",
                               .type = Type::date,
                               .doc = "The last day it is ignored."}}}},
       .example = "[memory, { field: cores, reason: load test, until: 2027-01-31 }]"},
      {.name = "alarm_only",
       .type = Type::boolean,
       .doc = "Compare and repair it, but send no message about it.",
       .default_value = false,
       .example = "true"},
  }};
  return fields;
}

}  // namespace homeostat
