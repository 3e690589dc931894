// Who is told what: `notifiers`, `notify`, `reports`.
#include <algorithm>

#include "specs/draft.hpp"
#include "specs/lines.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

const std::vector<FieldSchema>& common_settings() {
  static const std::vector<FieldSchema> fields = {{.name = "type", .required = true}};
  return fields;
}

std::vector<std::string> known_types(const Draft& draft) {
  std::vector<std::string> known;
  for (const NotifierSchema& each : draft.notifiers) known.push_back(each.type);
  return known;
}

void read_notifier(Draft& draft, std::string_view name, const Entry& entry) {
  if (!check_key(draft, entry, "notifiers")) return;
  const yaml::Node& node = *entry.value;
  const std::string said = "notifier `" + std::string(name) + "`";
  if (node.kind != yaml::NodeKind::mapping) {
    return report(draft, node.at, said + " is not a mapping with its `type` and settings",
                  "write { type: TYPE, ... }");
  }
  const yaml::Node* type = node.find("type");
  if (type == nullptr) {
    return report(draft, entry.key->at, said + " has no `type`",
                  "add `type:`; " + known_hint("", known_types(draft)));
  }
  const NotifierSchema* schema = find_notifier_type(draft, type->text);
  if (schema == nullptr) {
    return report(draft, type->at, "there is no notifier type " + in_ticks(type->text),
                  known_hint(type->text, known_types(draft)));
  }
  std::vector<FieldSchema> fields = common_settings();
  fields.insert(fields.end(), schema->settings.begin(), schema->settings.end());
  NotifierConfig config;
  config.name = std::string(name);
  config.type = schema->type;
  config.where = entry.key->at;
  config.origins = origins_of(node);
  ReadSink sink{draft.errors, draft.spec.files, &config.open};
  config.settings = read_object({fields, {}, schema->type + " notifier", true}, node, "", "", sink);
  config.settings.erase("type");
  refuse_plain_secrets(draft, schema->settings, config.settings, config.open, node);
  check_certificates(draft, config.settings, node);
  std::sort(config.open.begin(), config.open.end(),
            [](const OpenValue& a, const OpenValue& b) { return a.pointer < b.pointer; });
  draft.spec.notifiers.emplace(config.name, std::move(config));
}

// Names of notifiers: a list, or one alone. Each once, in the order they are written in.
std::vector<std::string> read_names(Draft& draft, const yaml::Node& node, std::string_view what) {
  static const FieldSchema field{.name = "name"};
  const Entries& declared = draft.sections.of("notifiers");
  std::vector<std::string> names;
  for (const yaml::Node* each : items_of(node)) {
    const nlohmann::json value = read_scalar(draft, field, *each);
    if (!value.is_string()) continue;
    const auto name = value.get<std::string>();
    if (!declared.contains(name)) {
      if (draft.partial) continue;
      report(
          draft, each->at,
          "`" + std::string(what) + "` names " + in_ticks(name) + ", which is no notifier",
          declared.empty() ? "declare it under `notifiers:`" : known_hint(name, keys_of(declared)));
    } else if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  return names;
}

void read_notify(Draft& draft) {
  const yaml::Node* node = draft.sections.notify.value;
  if (node != nullptr && node->kind == yaml::NodeKind::mapping) {
    return report(draft, node->at, "`notify` is a list of names",
                  "write `notify: [phone]`; what they are stands under `notifiers:`");
  }
  draft.spec.notify =
      node == nullptr ? keys_of(draft.spec.notifiers) : read_names(draft, *node, "notify");
}

// The place of a character of a text that stands on one line, as it is written; else the text's.
Origin inside(const Draft& draft, const yaml::Node& node, int column) {
  const std::string line =
      Lines(draft.texts.at(node.at.file)).excerpt(static_cast<int>(node.at.line));
  const std::size_t begin = node.at.column > 0 ? node.at.column - 1 : 0;
  const std::size_t at = line.find(node.text, begin);
  if (at == std::string::npos || column <= 0) return node.at;
  Origin place = node.at;
  const auto characters =
      std::count_if(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(at),
                    [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  place.column = static_cast<std::uint32_t>(characters + column);
  return place;
}

// False, and an error, where the text is no cron text.
bool take_cron(Draft& draft, const yaml::Node& node, ScheduledReport& scheduled) {
  Result<Cron> cron = parse_cron(node.text);
  if (!cron) {
    // A comma ends a plain text inside braces.
    const bool cut = !node.quoted && split_words(node.text).size() < 5;
    report(draft, inside(draft, node, cron.error().where.column), "`cron`: " + cron.error().message,
           cut ? "write all of it in quotes: `cron: \"0 7 * * 1\"`" : cron.error().hint);
    return false;
  }
  scheduled.cron = *cron;
  for (const std::string_view word : split_words(node.text)) {
    if (!scheduled.text.empty()) scheduled.text += ' ';
    scheduled.text += word;
  }
  return true;
}

std::set<ReportPart> parts_of(const nlohmann::json& names) {
  if (names.is_null()) return {ReportPart::drift, ReportPart::unmanaged, ReportPart::incidents};
  std::set<ReportPart> parts;
  for (const nlohmann::json& name : names) {
    parts.insert(name == "drift"       ? ReportPart::drift
                 : name == "unmanaged" ? ReportPart::unmanaged
                 : name == "incidents" ? ReportPart::incidents
                                       : ReportPart::history);
  }
  return parts;
}

void read_report(Draft& draft, const yaml::Node& node) {
  if (node.kind != yaml::NodeKind::mapping) {
    return report(draft, node.at, "a report is a mapping",
                  "write { cron: \"0 7 * * 1\", timezone: Europe/Copenhagen, to: [NOTIFIER] }");
  }
  const std::size_t before = draft.errors.size();
  const Attributes value = read_mapping(draft, report_fields(), node, "report");
  ScheduledReport scheduled;
  scheduled.where = node.at;
  scheduled.timezone = value.value("timezone", std::string());
  check_timezone(draft, node, scheduled.timezone);
  const nlohmann::json parts = value.value("include", nlohmann::json());
  scheduled.include = parts_of(parts);
  const yaml::Node* cron = node.find("cron");
  const bool timed = value.contains("cron") && take_cron(draft, *cron, scheduled);
  const yaml::Node* to = node.find("to");
  scheduled.to = to == nullptr ? draft.spec.notify : read_names(draft, *to, "to");
  if (draft.errors.size() > before) return;
  if (parts == nlohmann::json::array()) {
    report(draft, node.find("include")->at, "the report is about nothing",
           "name some of drift, unmanaged, incidents, history, or remove the line");
  }
  if (scheduled.to.empty() && !draft.partial) {
    report(
        draft, to == nullptr ? node.at : to->at, "the report goes to nobody",
        draft.sections.of("notifiers").empty()
            ? "declare who is told under `notifiers:`, and write `to: [NAME]`"
            : "write `to: [" + std::string(draft.sections.of("notifiers").begin()->first) + "]`");
  }
  if (timed) draft.spec.reports.push_back(std::move(scheduled));
}

}  // namespace

std::span<const FieldSchema> report_fields() {
  static const std::vector<FieldSchema> fields = {
      {.name = "cron",
       .doc = "When: minute, hour, day of the month, month, day of the week.",
       .required = true,
       .example = "\"0 7 * * 1\""},
      {.name = "timezone",
       .doc = "Whose clock that is read from.",
       .required = true,
       .check = canonical_timezone,
       .example = "Europe/Copenhagen"},
      {.name = "to",
       .type = Type::list,
       .doc = "The notifiers that it is sent with. Silent: those of `notify`.",
       .fields = {{.name = "name"}},
       .example = "[phone]"},
      {.name = "include",
       .type = Type::list,
       .doc = "What it is about. Silent: drift, unmanaged and incidents.",
       .set = true,
       .fields = {{.name = "part",
                   .type = Type::choice,
                   .choices = {"drift", "unmanaged", "incidents", "history"}}},
       .example = "[drift, unmanaged]"}};
  return fields;
}

const NotifierSchema* find_notifier_type(const Draft& draft, std::string_view type) {
  const auto it = std::find_if(draft.notifiers.begin(), draft.notifiers.end(),
                               [&](const NotifierSchema& each) { return each.type == type; });
  return it == draft.notifiers.end() ? nullptr : &*it;
}

void read_telling(Draft& draft) {
  for (const auto& [name, entry] : draft.sections.of("notifiers")) {
    read_notifier(draft, name, entry);
  }
  read_notify(draft);
  for (const Entry& entry : draft.sections.reports) {
    for (const yaml::Node* each : items_of(*entry.value)) read_report(draft, *each);
  }
}

}  // namespace homeostat
