#include "reconciler/open_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "reconciler/paths.hpp"

namespace homeostat {

namespace {

std::optional<std::size_t> item_number(std::string_view text) {
  std::size_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

template <class Json>
Json* descend(Json& root, const Steps& steps) {
  Json* at = &root;
  for (const std::string& step : steps) {
    if (at->is_object()) {
      const auto found = at->find(step);
      if (found == at->end()) return nullptr;
      at = &*found;
    } else if (at->is_array()) {
      const std::optional<std::size_t> item = item_number(step);
      if (!item || *item >= at->size()) return nullptr;
      at = &(*at)[*item];
    } else {
      return nullptr;
    }
  }
  return at;
}

Result<nlohmann::json> canonical_record(const Address& address, const Zones& zones,
                                        const nlohmann::json& value) {
  const std::optional<std::string> text = text_of(value);
  if (!text) return fail(ErrorKind::invalid_spec, "a record's value is one text");
  const std::vector<std::string> name = name_components(address.name);
  const std::string type = name.empty() ? "" : name.back();
  const auto zone = name.empty() ? zones.end() : zones.find(name.front());
  if (type == "A" || type == "AAAA") {
    const Result<IpAddress> ip = parse_ip(*text);
    if (ip && ip->v6 != (type == "AAAA")) {
      return fail(ErrorKind::invalid_spec,
                  fmt::format("{} is an {} address, and a record of type {} takes {} only", *text,
                              ip->v6 ? "IPv6" : "IPv4", type, ip->v6 ? "IPv4" : "IPv6"),
                  fmt::format("write the record as type {}", ip->v6 ? "AAAA" : "A"));
    }
  }
  TRY_ASSIGN(nlohmann::json canonical,
             canonical_rdata(type, *text, zone == zones.end() ? "" : zone->second.zone));
  return canonical;
}

// `pointer` with the item numbers right behind `list` replaced by their new places.
void follow(std::string& pointer, const std::string& list, const std::vector<std::size_t>& moved) {
  const std::string prefix = list + "/";
  if (pointer.compare(0, prefix.size(), prefix) != 0) return;
  const std::size_t end = std::min(pointer.find('/', prefix.size()), pointer.size());
  const std::optional<std::size_t> item =
      item_number(std::string_view(pointer).substr(prefix.size(), end - prefix.size()));
  if (!item || *item >= moved.size()) return;
  pointer.replace(prefix.size(), end - prefix.size(), std::to_string(moved[*item]));
}

// Sorts one list; items with open values in them are never dropped.
void sort_set(nlohmann::json& items, const std::string& list, Resource& resource,
              std::vector<Pending>* pending) {
  std::set<std::size_t> open;
  const std::size_t depth = pointer_steps(list).size();
  for (const OpenValue& value : resource.open) {
    const Steps steps = pointer_steps(value.pointer);
    if (value.pointer.compare(0, list.size() + 1, list + "/") != 0) continue;
    if (const std::optional<std::size_t> item = item_number(steps[depth])) open.insert(*item);
  }
  std::vector<std::size_t> order(items.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&items](std::size_t a, std::size_t b) { return items[a] < items[b]; });
  nlohmann::json sorted = nlohmann::json::array();
  std::vector<std::size_t> moved(items.size());
  for (const std::size_t item : order) {
    const bool twice = !sorted.empty() && open.count(item) == 0 && sorted.back() == items[item];
    if (!twice) sorted.push_back(items[item]);
    moved[item] = sorted.size() - 1;
  }
  items = std::move(sorted);
  for (OpenValue& value : resource.open) follow(value.pointer, list, moved);
  if (pending == nullptr) return;
  for (Pending& value : *pending) follow(value.pointer, list, moved);
}

}  // namespace

Steps pointer_steps(std::string_view pointer) {
  Steps steps;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      steps.emplace_back();
    } else if (!steps.empty()) {
      const bool escaped = pointer[i] == '~' && i + 1 < pointer.size();
      steps.back() += !escaped ? pointer[i] : pointer[i + 1] == '1' ? '/' : '~';
      if (escaped) ++i;
    }
  }
  return steps;
}

Steps path_steps(const FieldPath& path) { return name_components(path); }

bool overlap(const Steps& a, const Steps& b) {
  const auto shared = static_cast<std::ptrdiff_t>(std::min(a.size(), b.size()));
  return std::equal(a.begin(), a.begin() + shared, b.begin());
}

const nlohmann::json* find_at(const Attributes& attributes, const Steps& steps) {
  return descend(attributes, steps);
}

nlohmann::json* find_at(Attributes& attributes, const Steps& steps) {
  return descend(attributes, steps);
}

const FieldSchema* schema_of(const Address& address, const ProviderKindSchema* extra,
                             const FieldPath& path) {
  const KindSchema* kind = find_kind(address.kind);
  return kind == nullptr ? nullptr : field_at(*kind, extra, path);
}

std::optional<std::string> text_of(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_structured() || value.is_null()) return std::nullopt;
  return value.dump();
}

std::string joined(const std::vector<TemplatePart>& parts) {
  std::string text;
  for (const TemplatePart& part : parts) text += part.text;
  return text;
}

Result<nlohmann::json> canonical_at(const Address& address, const ProviderKindSchema* extra,
                                    const Zones& zones, std::string_view pointer,
                                    const nlohmann::json& value) {
  if (address.kind == "dns" && pointer.substr(0, 8) == "/values/") {
    return canonical_record(address, zones, value);
  }
  const FieldSchema* field = schema_of(address, extra, path_of_pointer(pointer));
  if (field == nullptr) return value;
  return canonical_value(*field, value);
}

void settle_sets(Resource& resource, const ProviderKindSchema* extra,
                 const std::vector<std::string>& filled, std::vector<Pending>* pending) {
  std::set<std::string> lists;
  for (const std::string& pointer : filled) {
    for (std::size_t slash = pointer.find('/', 1); slash != std::string::npos;
         slash = pointer.find('/', slash + 1)) {
      const FieldSchema* field =
          schema_of(resource.address, extra, path_of_pointer(pointer.substr(0, slash)));
      if (field != nullptr && field->type == Type::list && field->set) {
        lists.insert(pointer.substr(0, slash));
      }
    }
  }
  for (auto list = lists.rbegin(); list != lists.rend(); ++list) {  // the inner ones first
    nlohmann::json* items = find_at(resource.attributes, pointer_steps(*list));
    if (items != nullptr && items->is_array()) sort_set(*items, *list, resource, pending);
  }
  std::sort(resource.open.begin(), resource.open.end(),
            [](const OpenValue& a, const OpenValue& b) { return a.pointer < b.pointer; });
}

}  // namespace homeostat
