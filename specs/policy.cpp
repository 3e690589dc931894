// `policy:`: how careful to be, and when.
#include <algorithm>
#include <array>

#include "specs/draft.hpp"

namespace homeostat {
namespace {

// `providers: { pve: { mode: enforce } }` below `policy:`, and the same for kinds.
void read_modes(Draft& draft, const yaml::Node& node, std::string_view what,
                const std::vector<std::string>& known, std::map<std::string, Mode>& modes) {
  if (node.kind != yaml::NodeKind::mapping) {
    return report(draft, node.at, "`" + std::string(what) + "` of the policy is a mapping",
                  "write { NAME: { mode: enforce } }");
  }
  for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
    const yaml::Node& key = node.items[i];
    const yaml::Node& value = node.items[i + 1];
    if (std::find(known.begin(), known.end(), key.text) == known.end()) {
      if (!draft.partial) {
        report(draft, key.at,
               "the policy names `" + key.text + "`, which is none of the " + std::string(what),
               known_hint(key.text, known));
      }
      continue;
    }
    static const std::vector<FieldSchema> fields = {
        {.name = "mode", .type = Type::choice, .required = true, .choices = {"report", "enforce"}}};
    if (value.kind != yaml::NodeKind::mapping) {
      report(draft, value.at, "`" + key.text + "` of the policy is a mapping",
             "write { mode: report } or { mode: enforce }");
      continue;
    }
    const Attributes mode = read_mapping(draft, fields, value, key.text);
    if (const auto it = mode.find("mode"); it != mode.end() && it->is_string()) {
      modes[key.text] = *it == "enforce" ? Mode::enforce : Mode::report;
    }
  }
}

void read_lint(Draft& draft, const yaml::Node& node) {
  static const std::vector<FieldSchema> fields = {
      {.name = "floating_image_tags", .type = Type::choice, .choices = {"off", "warning", "error"}},
      {.name = "unmonitored", .type = Type::choice, .choices = {"off", "warning", "error"}}};
  if (node.kind != yaml::NodeKind::mapping) {
    return report(draft, node.at, "`lint` is a mapping of checks",
                  "write { floating_image_tags: error, unmonitored: warning }");
  }
  const Attributes lint = read_mapping(draft, fields, node, "lint");
  for (const auto& [name, word] : lint.items()) {
    draft.spec.policy.lint[name] = word == "error"     ? Severity::error
                                   : word == "warning" ? Severity::warning
                                                       : Severity::off;
  }
}

void read_limit(Draft& draft, const yaml::Node& node, const FieldSchema& field, int& limit) {
  const nlohmann::json value = read_scalar(draft, field, node);
  if (value.is_number_integer()) limit = value.get<int>();
}

constexpr int whole_day = 24 * 60;

Result<std::string> time_of_day(std::string_view text) {
  TRY(parse_time_of_day(text));
  return std::string(text);
}

// As in `Window::days`.
constexpr std::array<std::string_view, 7> day_names = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};

int minutes_of(const Attributes& value, const char* key) {
  const auto it = value.find(key);
  return it == value.end() || !it->is_string()
             ? -1
             : parse_time_of_day(it->get<std::string>()).value_or(-1);
}

// From and to of a window are apart, or it never opens; or it always does.
bool check_times(Draft& draft, const Window& window, const yaml::Node& node) {
  if (window.from < 0 || window.to < 0) return false;  // said
  const yaml::Node* from = node.find("from");
  if (window.from == whole_day) {
    report(draft, from->at, "a window cannot begin at 24:00",
           "write `from: \"00:00\"`, and the day after among its `days`");
    return false;
  }
  if (window.from != window.to) return true;
  report(draft, node.find("to")->at, "the window ends when it begins, at " + node.find("to")->text,
         window.from == 0 ? "for the whole day write `to: \"24:00\"`"
                          : "write a later time, or an earlier one for the day after");
  return false;
}

void read_window(Draft& draft, const yaml::Node& node) {
  if (node.kind != yaml::NodeKind::mapping) {
    return report(draft, node.at, "a window is a mapping",
                  "write { from: \"02:00\", to: \"05:00\", timezone: Europe/Copenhagen }");
  }
  const Attributes value = read_mapping(draft, window_fields(), node, "window");
  Window window;
  window.where = node.at;
  window.from = minutes_of(value, "from");
  window.to = minutes_of(value, "to");
  window.timezone = value.value("timezone", std::string());
  check_timezone(draft, node, window.timezone);
  const nlohmann::json days = value.value("days", nlohmann::json());
  for (std::size_t i = 0; i < day_names.size(); ++i) {
    const auto named = [&](const nlohmann::json& day) { return day == day_names.at(i); };
    if (days.is_null() || std::any_of(days.begin(), days.end(), named)) window.days.set(i);
  }
  const auto is_empty = [&node](const char* key) {
    const yaml::Node* list = node.find(key);
    return list != nullptr && list->kind == yaml::NodeKind::sequence && list->items.empty();
  };
  if (is_empty("days")) {
    report(draft, node.find("days")->at, "the window has no day",
           "name some, or remove the line: every day");
  }
  if (const auto only = value.find("only"); only != value.end()) {
    window.only = only->get<std::vector<std::string>>();
    if (is_empty("only")) {
      report(draft, node.find("only")->at, "the window is for nothing",
             "name addresses, such as `container/*`, or remove the line: for all");
    }
  }
  if (check_times(draft, window, node)) draft.spec.policy.windows.push_back(std::move(window));
}

// One window may stand without the list around it.
void read_windows(Draft& draft, const yaml::Node& node) {
  for (const yaml::Node* each : items_of(node)) read_window(draft, *each);
}

void read_heal_after(Draft& draft, const yaml::Node& node) {
  static const FieldSchema field{
      .name = "heal_after", .type = Type::duration, .min = 0, .max = 7 * 86'400, .example = "5m"};
  const nlohmann::json value = read_scalar(draft, field, node);
  if (!value.is_string()) return;
  const Result<std::int64_t> seconds = parse_duration(value.get<std::string>());
  if (seconds) draft.spec.policy.heal_after = std::chrono::seconds(*seconds);
}

void read_approve(Draft& draft, const yaml::Node& node) {
  static const FieldSchema field{
      .name = "approve", .type = Type::choice, .choices = {"guard", "always"}};
  if (read_scalar(draft, field, node) == "always") draft.spec.policy.approve = Approve::always;
}

}  // namespace

std::span<const FieldSchema> window_fields() {
  static const std::vector<FieldSchema> fields = {
      {.name = "only",
       .type = Type::list,
       .doc = "Addresses that it is for, as globs. Silent: all.",
       .fields = {{.name = "glob"}},
       .example = "[\"container/*\"]"},
      {.name = "days",
       .type = Type::list,
       .doc = "The days on which it begins. Silent: every day.",
       .set = true,
       .fields = {{.name = "day",
                   .type = Type::choice,
                   .choices = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}}},
       .example = "[sat, sun]"},
      {.name = "from",
       .doc = "When it begins.",
       .required = true,
       .check = time_of_day,
       .example = "\"02:00\""},
      {.name = "to",
       .doc = "When it ends; where that is not later than `from`, on the day after.",
       .required = true,
       .check = time_of_day,
       .example = "\"05:00\""},
      {.name = "timezone",
       .doc = "Whose clock these times are read from.",
       .required = true,
       .check = canonical_timezone,
       .example = "Europe/Copenhagen"}};
  return fields;
}

void read_policy(Draft& draft) {
  static const std::vector<std::string> known = {
      "mode", "providers",  "kinds",   "max_deletes", "max_delete_percent",
      "lint", "heal_after", "approve", "windows"};
  static const FieldSchema deletes{
      .name = "max_deletes", .type = Type::integer, .min = 0, .max = 1'000'000};
  static const FieldSchema percent{
      .name = "max_delete_percent", .type = Type::integer, .min = 0, .max = 100};
  Policy& policy = draft.spec.policy;
  for (const auto& [name, entry] : draft.sections.of("policy")) {
    const yaml::Node& value = *entry.value;
    if (name == "mode") {
      policy.mode = read_mode(draft, value).value_or(Mode::report);
    } else if (name == "providers") {
      read_modes(draft, value, name, keys_of(draft.sections.of("providers")),
                 policy.provider_modes);
    } else if (name == "kinds") {
      std::vector<std::string> names;
      for (const KindSchema& kind : kinds()) names.push_back(kind.name);
      read_modes(draft, value, name, names, policy.kind_modes);
    } else if (name == "max_deletes") {
      read_limit(draft, value, deletes, policy.max_deletes);
    } else if (name == "max_delete_percent") {
      read_limit(draft, value, percent, policy.max_delete_percent);
    } else if (name == "lint") {
      read_lint(draft, value);
    } else if (name == "heal_after") {
      read_heal_after(draft, value);
    } else if (name == "approve") {
      read_approve(draft, value);
    } else if (name == "windows") {
      read_windows(draft, value);
    } else {
      report(draft, entry.key->at, "unknown key `" + std::string(name) + "` in `policy`",
             known_hint(name, known));
    }
  }
}

void check_timezone(Draft& draft, const yaml::Node& mapping, const std::string& timezone) {
  if (timezone.empty() || !draft.find_zone) return;
  const Status found = draft.find_zone(timezone);
  if (found) return;
  report(draft, mapping.find("timezone")->at, "`timezone`: " + found.error().message,
         found.error().hint);
}

void check_windows(Draft& draft) {
  if (draft.partial) return;
  for (const Window& window : draft.spec.policy.windows) {
    for (const std::string& glob : window.only) {
      const bool fits =
          std::any_of(draft.spec.desired.begin(), draft.spec.desired.end(),
                      [&](const auto& each) { return address_matches(each.first, glob); });
      if (fits) continue;
      warn(draft, window.where, "a window is for `" + glob + "`, and nothing here is called that",
           "an address is written as in a plan: `container/forgejo`, `dns/lab/*`");
    }
  }
}

}  // namespace homeostat
