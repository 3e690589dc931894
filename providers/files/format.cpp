#include "providers/files/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace homeostat::files {
namespace {

constexpr std::string_view marker_key = "homeostat";

const std::vector<FieldSchema>& marker_fields() {
  static const std::vector<FieldSchema> fields = [] {
    std::vector<FieldSchema> made(4);
    made[0].name = "site";
    made[1].name = "address";
    made[2].name = "id";
    made[3].name = "protect";
    made[3].type = Type::boolean;
    for (std::size_t i = 0; i < 3; ++i) made[i].required = true;
    return made;
  }();
  return fields;
}

Result<std::optional<Marker>> read_marker(const yaml::Node& root, ReadSink& sink) {
  const yaml::Node* node = root.find(marker_key);
  if (node == nullptr) return std::optional<Marker>();
  const ReadObject how{.fields = marker_fields(), .what = "homeostat"};
  const Attributes read = read_object(how, *node, "/homeostat", "homeostat", sink);
  if (!sink.errors.empty()) return tl::unexpected(sink.errors.front());
  const std::string address = read.value("address", "");
  if (!parse_address(address)) {
    return fail(ErrorKind::invalid_spec, fmt::format("`{}` is no address", address),
                "write [site:]kind/name@provider, or take the whole `homeostat:` out",
                source_ref(node->at, sink.files));
  }
  return std::optional<Marker>(
      Marker{read.value("site", ""), address, read.value("id", ""), read.value("protect", false)});
}

// Hand-written values may be relative to the zone, and in any order.
Status canonical_values(const Place& place, const Zones& zones, Attributes& attributes,
                        const SourceRef& where) {
  const auto values = attributes.find("values");
  if (values == attributes.end() || !values->is_array()) return {};
  const std::vector<std::string> parts = name_components(place.address.name);
  const auto zone = zones.find(parts.front());
  const std::string zone_name = zone == zones.end() ? parts.front() : zone->second.zone;
  for (nlohmann::json& value : *values) {
    auto canonical = canonical_rdata(parts.back(), value.get<std::string>(), zone_name);
    if (!canonical) {
      canonical.error().where = where;
      return tl::unexpected(canonical.error());
    }
    value = std::move(*canonical);
  }
  std::sort(values->begin(), values->end());
  values->erase(std::unique(values->begin(), values->end()), values->end());
  return {};
}

// FNV-1a with the wanted number of hex digits: stable over machines and builds, and no secret.
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

}  // namespace

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
  if (!errors.empty()) return tl::unexpected(errors.front());
  const SourceRef top{shown_path, 1, 1};
  if (documents.size() != 1) {
    return fail(ErrorKind::invalid_spec,
                documents.empty() ? "the file is empty" : "one file holds one resource",
                "delete the file if the resource is to go", top);
  }
  const yaml::Node& root = documents.front();
  const std::vector<std::string> files{shown_path};
  ReadSink sink{.errors = errors, .files = files, .live = true};
  const std::array skip{marker_key};
  const ReadObject how{.fields = place.kind.fields, .skip = skip, .what = place.kind.name};
  Record record;
  record.attributes = read_object(how, root, "", "", sink);
  if (!errors.empty()) return tl::unexpected(errors.front());
  TRY_ASSIGN(record.marker, read_marker(root, sink));
  if (place.kind.name == "dns") {
    const yaml::Node* values = root.find("values");
    const SourceRef where = values == nullptr ? top : source_ref(values->at, files);
    TRY(canonical_values(place, zones, record.attributes, where));
  }
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
  }
  return yaml::emit(object);
}

}  // namespace homeostat::files
