#include "reconciler/ledger_rows.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "reconciler/names.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

tl::unexpected<Error> damaged(std::string what) {
  return fail(ErrorKind::internal, std::move(what));
}

// Cuts the text up to `separator` off `rest`; the last piece has none.
std::string_view cut(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto piece = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return piece;
}

bool read_number(std::string_view text, std::int64_t& number) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc() && end == text.data() + text.size();
}

// A text without escapes, as nearly all are: its bytes between the quotes.
bool is_plain_text(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' &&
         text.find('\\') == std::string_view::npos &&
         text.substr(1, text.size() - 2).find('"') == std::string_view::npos;
}

bool read_text(std::string_view text, std::string& value) {
  if (is_plain_text(text)) {
    value = text.substr(1, text.size() - 2);
    return true;
  }
  json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_string()) return false;
  value = std::move(parsed.get_ref<std::string&>());
  return true;
}

bool read_value(std::string_view text, json& value) {
  std::int64_t number = 0;
  if (is_plain_text(text)) {
    value = std::string(text.substr(1, text.size() - 2));
  } else if (read_number(text, number)) {
    value = number;
  } else {
    value = json::parse(text, nullptr, false);
  }
  return !value.is_discarded();
}

std::string live_head(const LiveResource& live) {
  json head = {{"address", to_string(live.address)}, {"id", live.native_id}};
  if (live.marker) {
    head["marker"] = {{"site", live.marker->site},
                      {"address", live.marker->address},
                      {"id", live.marker->id},
                      {"protect", live.marker->protect}};
  }
  if (live.changed_at) head["changed_at"] = seconds_of(*live.changed_at);
  if (!live.changed_by.empty()) head["changed_by"] = live.changed_by;
  if (live.fixed) head["fixed"] = true;
  if (!live.why_fixed.empty()) head["why_fixed"] = live.why_fixed;
  return head.dump();
}

// Throws json::exception where the document has another shape.
Result<LiveResource> live_from(json& item) {
  LiveResource live;
  TRY_ASSIGN(live.address, parse_address(item.at("address").get_ref<const std::string&>()));
  live.native_id = item.at("id").get<std::string>();
  if (const auto marker = item.find("marker"); marker != item.end()) {
    live.marker =
        Marker{marker->at("site").get<std::string>(), marker->at("address").get<std::string>(),
               marker->at("id").get<std::string>(), marker->at("protect").get<bool>()};
  }
  if (const auto at = item.find("changed_at"); at != item.end()) {
    live.changed_at = time_at(at->get<std::int64_t>());
  }
  live.changed_by = item.value("changed_by", std::string());
  live.fixed = item.value("fixed", false);
  live.why_fixed = item.value("why_fixed", std::string());
  live.attributes = std::move(item.at("attributes"));
  if (!live.attributes.is_object()) return damaged("attributes that are no object");
  return live;
}

}  // namespace

Result<std::string> encode_agreed(const std::vector<Agreed>& agreed, const CommitNumbers& numbers) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::string> groups;
  try {
    for (const Agreed& field : agreed) {
      const auto number = field.commit.empty() ? 0 : numbers.find(field.commit)->second;
      std::string& lines = groups[{number, seconds_of(field.at)}];
      lines.append(json(field.path).dump()).append(1, '\t');
      lines.append(field.value.dump()).append(1, '\n');
    }
  } catch (const json::exception&) {
    return fail(ErrorKind::internal, "a value that is not UTF-8");
  }
  std::string text;
  for (const auto& [key, lines] : groups) {
    text += std::to_string(key.first) + ' ' + std::to_string(key.second) + '\n' + lines;
  }
  return text;
}

Result<std::vector<Agreed>> decode_agreed(std::string_view text, const CommitNames& names) {
  std::vector<Agreed> agreed;
  agreed.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')));
  std::string_view commit;
  Time at = {};
  std::size_t groups = 0;
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    if (!line.starts_with('"')) {
      std::int64_t number = 0;
      std::int64_t seconds = 0;
      if (!read_number(cut(line, ' '), number) || !read_number(line, seconds)) {
        return damaged("a line without a commit and a time");
      }
      const auto name = names.find(number);
      if (number != 0 && name == names.end()) return damaged("a commit that is not recorded");
      commit = number == 0 ? std::string_view() : std::string_view(name->second);
      at = time_at(seconds);
      ++groups;
      continue;
    }
    Agreed field{{}, nullptr, std::string(commit), at};
    if (!read_text(cut(line, '\t'), field.path) || !read_value(line, field.value) || groups == 0) {
      return damaged("a field that is no JSON");
    }
    agreed.push_back(std::move(field));
  }
  if (groups > 1) std::ranges::sort(agreed, {}, &Agreed::path);
  return agreed;
}

Result<std::string> encode_drift(const std::vector<OpenDrift>& drift) {
  std::string text;
  try {
    for (const OpenDrift& open : drift) {
      text += json(open.path).dump() + '\t' + std::to_string(seconds_of(open.since)) + '\t' +
              json(open.by).dump() + '\n';
    }
  } catch (const json::exception&) {
    return fail(ErrorKind::internal, "a name that is not UTF-8");
  }
  return text;
}

Result<std::vector<OpenDrift>> decode_drift(std::string_view text) {
  std::vector<OpenDrift> drift;
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    OpenDrift open;
    std::int64_t since = 0;
    if (!read_text(cut(line, '\t'), open.path) || !read_number(cut(line, '\t'), since) ||
        !read_text(line, open.by)) {
      return damaged("a drift that is no JSON");
    }
    open.since = time_at(since);
    drift.push_back(std::move(open));
  }
  return drift;
}

Result<std::string> encode_live(const std::vector<LiveResource>& resources) {
  std::string text = "[";
  try {
    // By hand where it is big: attributes are not copied into a document first.
    for (const LiveResource& live : resources) {
      if (text.size() > 1) text += ",\n";
      text += live_head(live);
      text.back() = ',';
      text += "\"attributes\":";
      text += live.attributes.dump();
      text += '}';
    }
  } catch (const json::exception&) {
    return fail(ErrorKind::internal, "a value that is not UTF-8");
  }
  return text + "]";
}

Result<std::vector<LiveResource>> decode_live(std::string_view text) {
  json document = json::parse(text, nullptr, false);
  if (!document.is_array()) return damaged("an observation that is no JSON");
  std::vector<LiveResource> resources;
  resources.reserve(document.size());
  try {
    for (json& item : document) {
      TRY_ASSIGN(LiveResource live, live_from(item));
      resources.push_back(std::move(live));
    }
  } catch (const json::exception&) {
    return damaged("an observation of another shape");
  }
  return resources;
}

std::string_view encode_on_remove(const std::optional<OnRemove>& value) {
  if (!value) return "";
  switch (*value) {
    case OnRemove::keep:
      return "keep";
    case OnRemove::stop:
      return "stop";
    case OnRemove::destroy:
      return "delete";
  }
  return "";
}

Result<std::optional<OnRemove>> decode_on_remove(std::string_view text) {
  for (const auto value : {OnRemove::keep, OnRemove::stop, OnRemove::destroy}) {
    if (text == encode_on_remove(value)) return std::optional(value);
  }
  if (text.empty()) return std::optional<OnRemove>();
  return damaged("an on_remove that is not known");
}

Result<Action> decode_action(std::string_view text) {
  for (const auto value : {Action::create, Action::adopt, Action::rename, Action::update,
                           Action::restart, Action::replace, Action::remove, Action::release}) {
    if (text == name_of(value)) return value;
  }
  return damaged("an action that is not known");
}

}  // namespace homeostat
