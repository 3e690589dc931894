#include "providers/files/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "specs/kinds/kinds.hpp"

namespace homeostat::files {
namespace {

constexpr std::string_view marker_key = "homeostat";
constexpr const char* moved_from_key = "moved_from";
constexpr const char* moved_text_key = "moved_text";

const std::vector<FieldSchema>& marker_fields() {
  static const std::vector<FieldSchema> fields = [] {
    std::vector<FieldSchema> made(6);
    made[0].name = "site";
    made[1].name = "address";
    made[2].name = "id";
    made[3].name = "protect";
    made[3].type = Type::boolean;
    made[4].name = moved_from_key;
    made[5].name = moved_text_key;
    return made;
  }();
  return fields;
}

Status read_marker(const yaml::Node& root, Record& record, ReadSink& sink) {
  const yaml::Node* node = root.find(marker_key);
  if (node == nullptr) return {};
  const ReadObject how{.fields = marker_fields(), .what = "homeostat"};
  const Attributes read = read_object(how, *node, "/homeostat", "homeostat", sink);
  if (!sink.errors.empty()) return {};  // the caller shows the first
  for (const FieldSchema& field : marker_fields()) {
    const bool needed = field.name == "site" || field.name == "address" || field.name == "id";
    if (!needed || read.contains(field.name)) continue;
    return fail(ErrorKind::invalid_spec, fmt::format("`{}` is missing in `homeostat`", field.name),
                "take the whole `homeostat:` out to make it nobody's",
                source_ref(node->at, sink.files));
  }
  const std::string address = read.value("address", "");
  if (!parse_address(address)) {
    return fail(ErrorKind::invalid_spec, "`address` is no address",
                "write [site:]kind/name@provider, or take the whole `homeostat:` out",
                source_ref(node->at, sink.files));
  }
  record.marker =
      Marker{read.value("site", ""), address, read.value("id", ""), read.value("protect", false)};
  if (read.contains(moved_from_key)) {
    record.move = Move{read.value(moved_from_key, ""), read.value(moved_text_key, "")};
  }
  return {};
}

// Values may be relative to the zone, and in any order.
Status read_records(const yaml::Node& root, const Place& place, const Zones& zones,
                    Attributes& attributes, ReadSink& sink) {
  const yaml::Node* node = root.find("values");
  if (node == nullptr) {
    return fail(ErrorKind::invalid_spec, "`values` is missing", "delete the file if it is to go",
                source_ref(root.at, sink.files));
  }
  const std::vector<std::string> parts = name_components(place.address.name);
  const auto zone = zones.find(parts.front());  // one that nobody declares: its key must do
  const FieldSchema values =
      record_values(parts.back(), zone == zones.end() ? parts.front() : zone->second.zone);
  attributes["values"] = read_value(values, *node, "/values", "values", sink);
  if (!sink.errors.empty()) return {};
  Status whole = check_record_set(place.address, attributes);
  if (!whole) whole.error().where = source_ref(node->at, sink.files);
  return whole;
}

bool lacks(const Place& place, const Attributes& attributes, const char* field) {
  return !attributes.contains(field) && place.kind.field(field) != nullptr;
}

std::string mac_of(const std::string& address) {
  const std::string digits = fingerprint(address, 10);
  std::string mac = "02";  // locally administered, one station
  for (std::size_t i = 0; i < digits.size(); i += 2) mac += ':' + digits.substr(i, 2);
  std::transform(mac.begin(), mac.end(), mac.begin(), [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return mac;
}

// Replaces what stands between `mark`s, unless it is a few signs of YAML each time; whether it did.
bool leave_out_quotes(std::string& text, char mark) {
  constexpr std::size_t signs = 3;
  const auto first = text.find(mark);
  if (first == std::string::npos) return false;
  bool few = true;
  for (auto from = first; few && from != std::string::npos;) {
    const auto to = text.find(mark, from + 1);
    few = to != std::string::npos && to - from - 1 <= signs;
    from = few ? text.find(mark, to + 1) : from;
  }
  if (few) return false;
  const auto last = text.rfind(mark);
  text.replace(first + 1, (last == first ? text.size() : last) - first - 1, "...");
  return true;
}

// Broken text is nobody's field yet, and a value may stand in the wrong one: what an error quotes
// of a live file may be a secret. The name of a field that it begins with stays.
Error unquoted(Error error, const KindSchema& kind) {
  error.excerpt.clear();
  std::string name;
  if (const auto end = error.message.find('`', 1); error.message.starts_with('`')) {
    const std::string word = error.message.substr(1, end - 1);
    if (kind.field(word.substr(0, word.find_first_of("./"))) != nullptr) {
      name = error.message.substr(0, end + 1);
      error.message.erase(0, name.size());
    }
  }
  for (const char mark : {'`', '"'}) {
    leave_out_quotes(error.message, mark);
    if (leave_out_quotes(error.hint, mark)) error.hint.clear();
  }
  error.message.insert(0, name);
  return error;
}

}  // namespace

// FNV-1a with the wanted number of hex digits.
std::string fingerprint(std::string_view text, std::size_t digits) {
  std::string out;
  for (std::uint64_t round = 0; out.size() < digits; ++round) {
    std::uint64_t hash = 14695981039346656037U + round;
    for (const char byte : text) {
      hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
    }
    out += fmt::format("{:016x}", hash ^ (hash >> 29U));
  }
  return out.substr(0, digits);
}

void fill_computed(const Place& place, Attributes& attributes) {
  const std::string address = to_string(place.address);
  if (place.kind.name == "container" && lacks(place, attributes, "mac")) {
    attributes["mac"] = mac_of(address);
  }
  if (attributes.contains("image") && lacks(place, attributes, "digest")) {
    attributes["digest"] =
        "sha256:" + fingerprint(attributes["image"].get_ref<const std::string&>(), 64);
  }
  if (attributes.value("type", "") == "push" && lacks(place, attributes, "push_token")) {
    attributes["push_token"] = fingerprint(address, 32);
  }
}

Result<Record> parse_record(std::string_view text, const Place& place, const Zones& zones,
                            const std::string& shown_path) {
  Errors errors;
  const std::vector<yaml::Node> documents = yaml::parse(text, 0, shown_path, errors);
  if (!errors.empty()) return tl::unexpected(unquoted(std::move(errors.front()), place.kind));
  const SourceRef top{shown_path, 1, 1};
  if (documents.size() != 1) {
    return fail(ErrorKind::invalid_spec,
                documents.empty() ? "the file is empty" : "one file holds one resource",
                "delete the file if the resource is to go", top);
  }
  const yaml::Node& root = documents.front();
  const std::vector<std::string> files{shown_path};
  ReadSink sink{.errors = errors, .files = files, .live = true};
  const bool is_dns = place.kind.name == "dns";
  static constexpr std::array<std::string_view, 2> skip{marker_key, "values"};
  const ReadObject how{.fields = place.kind.fields,
                       .skip = std::span(skip).first(is_dns ? 2 : 1),
                       .what = place.kind.name};
  Record record;
  record.attributes = read_object(how, root, "", "", sink);
  if (is_dns) {
    TRY(read_records(root, place, zones, record.attributes, sink));
  }
  TRY(read_marker(root, record, sink));
  if (!errors.empty()) return tl::unexpected(unquoted(std::move(errors.front()), place.kind));
  fill_computed(place, record.attributes);
  return record;
}

std::string print_record(const Record& record) {
  Attributes object = record.attributes;
  object.erase("digest");
  if (record.marker) {
    const Marker& marker = *record.marker;
    nlohmann::json& out = object[std::string(marker_key)];
    out = {{"site", marker.site}, {"address", marker.address}, {"id", marker.id}};
    if (marker.protect) out["protect"] = true;
    if (record.move) {
      out[moved_from_key] = record.move->from;
      out[moved_text_key] = record.move->fingerprint;
    }
  }
  return yaml::emit(object);
}

}  // namespace homeostat::files
