#include "reconciler/past.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "reconciler/paths.hpp"
#include "reconciler/sources.hpp"

namespace homeostat {
namespace {

std::vector<std::string> components(const FieldPath& path) {
  std::vector<std::string> all;
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    all.push_back(decode_component(std::string_view(path).substr(begin, end - begin)));
    begin = end + 1;
  }
  return all;
}

// The line of a field in the block that `line` opens, key by key. The last one may be an item of a
// list, whose lines may stand as far left as its key.
std::optional<int> find_field(const FileText& file, int line, const FieldPath& path) {
  const auto keys = components(path);
  int at = line;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool item = i > 0 && i + 1 == keys.size();
    auto next = find_in_block(file, at, keys[i], !item);
    if (!next && item) next = find_in_block(file, line, keys[i], false);
    if (!next) return std::nullopt;
    at = *next;
  }
  return at;
}

// The key of a service that its resource of that kind is made from.
std::string_view said_in_service(std::string_view kind) {
  if (kind == "dns") return {};
  return kind == "proxy_host" ? "web" : kind;
}

// Fields that are made of others, where they are not stated.
struct MadeFrom {
  std::string_view kind, path, key;
};
constexpr std::array<MadeFrom, 6> made_from = {{
    {"container", "ip", "vmid"},
    {"container", "ip", "network"},
    {"monitor", "target", "path"},
    {"monitor", "target", "port"},
    {"proxy_host", "forward_port", "port"},
    {"proxy_host", "forward_scheme", "scheme"},
}};

// Fields that are the `address` of their service, where it has one. A monitor asks for the page,
// where there is one.
bool is_pointed(const FileText& file, int service, std::string_view kind, std::string_view path) {
  if (kind == "monitor" && path == "target") return !find_in_block(file, service, "web", true);
  return (kind == "dns" && path == "values") || (kind == "proxy_host" && path == "forward_host");
}

// The word at the beginning of a line that opens a block at the left edge.
std::optional<int> section(const FileText& file, std::string_view name) {
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    if (file.lines[i].starts_with(name) && word_at(file.lines[i], 1) == name) {
      return static_cast<int>(i) + 1;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<ObjectId> declared_commit(const Owned& owned) {
  if (!owned.commit.empty()) return parse_object_id(owned.commit);
  const auto last = std::ranges::max_element(owned.agreed, {}, &Agreed::at);
  return last == owned.agreed.end() ? std::nullopt : parse_object_id(last->commit);
}

std::string Past::path_of(const std::string& file) const {
  const std::string& folder = spec_.revision.subdir;
  return folder.empty() ? file : folder + "/" + file;
}

std::string Past::file_of(const std::string& path) const {
  const std::string folder = path_of("");
  return path.starts_with(folder) ? path.substr(folder.size()) : path;
}

std::optional<Past::Declaration> Past::declared_in(const ObjectId& commit, const SourceRef& where) {
  const auto node = history_.commit(commit);
  const std::string path = path_of(where.file);
  const auto blob = node ? history_.entry(node->tree, path) : std::nullopt;
  if (!blob || where.line <= 0) return std::nullopt;
  return Declaration{path, *blob, history_.text(*blob), where.line};
}

// As it stood in the commit `at`; where that cannot be told, as the ledger knows it.
std::optional<Past::Declaration> Past::declaration(const Owned& owned,
                                                   const std::optional<ObjectId>& at) {
  const auto known_in = declared_commit(owned);
  if (!known_in) return std::nullopt;
  auto known = declared_in(*known_in, owned.where);
  if (!known || !at || *at == *known_in) return known;
  const auto then = declared_in(*at, owned.where);
  if (!then) return known;
  const auto line = line_before(history_.hunks(then->blob, known->blob), known->line);
  if (!line) return known;
  return Declaration{then->path, then->blob, then->file, *line};
}

std::optional<int> Past::line_in(const Declaration& declared, const Address& address,
                                 const Owned& owned, const FieldPath& path) {
  // Parts of a service may have fields of the same name.
  int line = declared.line;
  if (!owned.service.empty()) {
    line = find_in_block(*declared.file, line, said_in_service(address.kind), true).value_or(line);
  }
  return find_field(*declared.file, line, path);
}

// The lines below a key, each a part of its value.
void Past::add_items(std::vector<Places>& parts, const Declaration& declared, int key) {
  const int end = value_end(*declared.file, key);
  for (int line = key + 1; line <= end; ++line) {
    const std::string_view word = word_at(declared.file->line(line), 0);
    if (word.empty() || word == "ttl") continue;  // a field of its own beside the values of records
    parts.push_back({{{declared.path, line}, declared.blob, std::string(word)}});
  }
}

// What a value that is not stated itself was made of.
void Past::add_made_from(std::vector<Places>& parts, const Declaration& declared,
                         const Address& address, const Owned& owned, const FieldPath& path,
                         const ObjectId& at) {
  for (const MadeFrom& from : made_from) {
    if (from.kind != address.kind || from.path != path) continue;
    const std::string key(from.key);
    Places& places = parts.emplace_back();
    if (const auto line = line_in(declared, address, owned, key)) {
      places.push_back({{declared.path, *line}, declared.blob, key});
    }
    if (const auto& place = setting({at, "defaults", address.kind + "/" + key})) {
      places.push_back(*place);
    }
  }
  if (owned.service.empty() || !is_pointed(*declared.file, declared.line, address.kind, path))
    return;
  if (const auto line = find_in_block(*declared.file, declared.line, "address", true)) {
    parts.push_back({{{declared.path, *line}, declared.blob, "address"}});
  }
}

std::vector<Places> Past::field(const Address& address, const Owned& owned, const FieldPath& path,
                                const ObjectId& at) {
  Places own;
  std::vector<Places> parts;
  const bool is_record = address.kind == "dns" && path == "values";
  if (const auto declared = declaration(owned, at)) {
    if (const auto line = line_in(*declared, address, owned, path)) {
      own.push_back({{declared->path, *line}, declared->blob, components(path).back()});
      add_items(parts, *declared, *line);
    } else if (is_record && owned.service.empty()) {
      add_items(parts, *declared, declared->line);
    } else {
      add_made_from(parts, *declared, address, owned, path, at);
    }
  }
  if (address.kind == "dns" && path == "ttl") {
    const Places zone = zone_setting(address, "ttl", at);
    own.insert(own.end(), zone.begin(), zone.end());
  }
  if (is_record && !owned.service.empty()) {
    parts.push_back(zone_setting(address, "points_to", at));
  }
  if (const auto& place = setting({at, "defaults", address.kind + "/" + path})) {
    own.push_back(*place);
  }
  parts.push_back(std::move(own));
  return parts;
}

Places Past::zone_setting(const Address& record, const std::string& name, const ObjectId& at) {
  Places places;
  std::string key = name_components(record.name).front();
  while (!key.empty()) {
    if (const auto& place = setting({at, "zones", encode_component(key) + "/" + name})) {
      places.push_back(*place);
    }
    const auto zone = spec_.zones.find(key);
    key = zone == spec_.zones.end() ? "" : zone->second.reverse_of;
  }
  return places;
}

const std::optional<OnceThere>& Past::setting(const SettingKey& key) {
  const auto [known, added] = settings_.try_emplace(key);
  if (added) known->second = find_setting(key);
  return known->second;
}

// Files that are as they were took nothing away.
std::optional<OnceThere> Past::find_setting(const SettingKey& key) {
  const auto& [commit, name, path] = key;
  const auto node = history_.commit(commit);
  if (!node) return std::nullopt;
  const std::string folder = path_of("");
  for (const auto& [file_path, blob] : history_.changed_files(node->tree, head_.tree)) {
    if (!file_path.ends_with(".yaml") || !file_path.starts_with(folder)) continue;
    const auto file = history_.text(blob);
    const auto slash = path.find('/');
    const auto top = section(*file, name);
    const auto block =
        top ? find_in_block(*file, *top, decode_component(path.substr(0, slash)), true)
            : std::optional<int>();
    const auto line = block ? find_field(*file, *block, path.substr(slash + 1)) : std::nullopt;
    if (line) return OnceThere{{file_path, *line}, blob, components(path).back()};
  }
  return std::nullopt;
}

std::string Past::said_for(const Change& change) const {
  if (change.address.kind != "dns") return std::string(said_in_service(change.address.kind));
  if (!change.address.name.ends_with("/PTR")) return domain_name(spec_, change.address);
  const nlohmann::json& values = member(change.before, "values");
  const bool one = values.is_array() && !values.empty() && values.front().is_string();
  return one ? values.front().get<std::string>() : "";
}

Places Past::resource(const Change& change, const Owned& owned) {
  Places places;
  const auto declared = declaration(owned, declared_commit(owned));
  if (!declared) return places;
  const FileText& file = *declared->file;
  const auto add = [&](int line, std::string_view word) {
    if (word.empty()) return;
    places.push_back({{declared->path, line}, declared->blob, std::string(word)});
  };
  if (!owned.service.empty()) {
    const std::string word = said_for(change);
    const bool is_key = change.address.kind != "dns";
    if (const auto line = find_in_block(file, declared->line, word, is_key)) add(*line, word);
  }
  add(declared->line, word_at(file.line(declared->line), owned.where.column));
  for (const int line : enclosing_lines(file, declared->line))
    add(line, word_at(file.line(line), 0));
  return places;
}

}  // namespace homeostat
