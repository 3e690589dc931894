#include "reconciler/paths.hpp"

#include <algorithm>

namespace homeostat {
namespace {

const nlohmann::json absent = nullptr;

}  // namespace

const nlohmann::json& member(const nlohmann::json& object, const std::string& key) {
  if (!object.is_object()) return absent;
  const auto found = object.find(key);
  return found == object.end() ? absent : *found;
}

std::string key_text(const nlohmann::json& entry) {
  return entry.is_string() ? entry.get<std::string>() : entry.dump();
}

bool has_key(const nlohmann::json& list, std::string_view key) {
  return list.is_array() && std::ranges::any_of(list, [&](const nlohmann::json& entry) {
           return key_text(entry) == key;
         });
}

nlohmann::json value_at(const Attributes& attributes, const FieldPath& path, const KindSchema& kind,
                        const ProviderKindSchema* extra) {
  const nlohmann::json* at = &attributes;
  const FieldSchema* field = nullptr;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string key = decode_component(std::string_view(path).substr(begin, end - begin));
    if (field != nullptr && field->type == Type::list && field->keyed) {
      return has_key(*at, key) ? nlohmann::json(true) : nlohmann::json();
    }
    at = &member(*at, key);
    if (at->is_null()) return nullptr;
    field = field_at(kind, extra, std::string_view(path).substr(0, end));
    begin = end + 1;
  }
  return *at;
}

void set_value_at(Attributes& attributes, const FieldPath& path, const nlohmann::json& value,
                  const KindSchema& kind, const ProviderKindSchema* extra) {
  nlohmann::json* at = &attributes;
  const FieldSchema* field = nullptr;
  for (std::size_t begin = 0;;) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string key = decode_component(std::string_view(path).substr(begin, end - begin));
    if (field != nullptr && field->type == Type::list && field->keyed) {
      nlohmann::json list = nlohmann::json::array();
      for (const nlohmann::json& item : *at) {
        if (key_text(item) != key) list.push_back(item);
      }
      if (!value.is_null()) list.push_back(key);
      std::sort(list.begin(), list.end());
      *at = std::move(list);
      return;
    }
    if (!at->is_object()) *at = nlohmann::json::object();
    if (end == path.size()) {
      if (value.is_null()) {
        at->erase(key);
      } else {
        (*at)[key] = value;
      }
      return;
    }
    at = &(*at)[key];
    field = field_at(kind, extra, std::string_view(path).substr(0, end));
    begin = end + 1;
  }
}

FieldPath path_of_pointer(std::string_view pointer) {
  FieldPath path;
  for (std::size_t begin = 1; begin <= pointer.size();) {
    const std::size_t end = std::min(pointer.find('/', begin), pointer.size());
    std::string key;
    for (std::size_t i = begin; i < end; ++i) {
      if (pointer[i] == '~' && i + 1 < end) {
        key += pointer[++i] == '1' ? '/' : '~';
      } else {
        key += pointer[i];
      }
    }
    if (!path.empty()) path += '/';
    path += encode_component(key);
    begin = end + 1;
  }
  return path;
}

bool covers(std::string_view path, std::string_view other) {
  return other.starts_with(path) && (other.size() == path.size() || other[path.size()] == '/');
}

}  // namespace homeostat
