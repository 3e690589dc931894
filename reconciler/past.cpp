#include "reconciler/past.hpp"

#include <algorithm>
#include <utility>

#include "reconciler/paths.hpp"

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

std::string domain_name(const Spec& spec, const Address& record) {
  const auto name = name_components(record.name);
  const auto zone = name.size() == 3 ? spec.zones.find(name[0]) : spec.zones.end();
  if (record.kind != "dns" || zone == spec.zones.end()) return "";
  return name[1] == "@" ? zone->second.zone : name[1] + "." + zone->second.zone;
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

std::vector<OnceThere> Past::field(const Address& address, const Owned& owned,
                                   const FieldPath& path, const std::optional<ObjectId>& at) {
  std::vector<OnceThere> places;
  if (const auto declared = declaration(owned, at)) {
    if (const auto line = find_field(*declared->file, declared->line, path)) {
      places.push_back({{declared->path, *line}, declared->blob, components(path).back()});
    }
  }
  if (!at) return places;
  if (const auto& place = default_of({*at, address.kind, path})) places.push_back(*place);
  return places;
}

const std::optional<OnceThere>& Past::default_of(const DefaultKey& key) {
  const auto [known, added] = defaults_.try_emplace(key);
  if (added) known->second = find_default(key);
  return known->second;
}

// Files that are as they were took nothing away.
std::optional<OnceThere> Past::find_default(const DefaultKey& key) {
  const auto& [commit, kind, path] = key;
  const auto node = history_.commit(commit);
  if (!node) return std::nullopt;
  const std::string folder = path_of("");
  for (const auto& [file_path, blob] : history_.changed_files(node->tree, head_.tree)) {
    if (!file_path.ends_with(".yaml") || !file_path.starts_with(folder)) continue;
    const auto file = history_.text(blob);
    const auto defaults = section(*file, "defaults");
    const auto of_kind =
        defaults ? find_in_block(*file, *defaults, kind, true) : std::optional<int>();
    const auto line = of_kind ? find_field(*file, *of_kind, path) : std::nullopt;
    if (line) return OnceThere{{file_path, *line}, blob, components(path).back()};
  }
  return std::nullopt;
}

std::string Past::said_for(const Change& change) const {
  const std::string& kind = change.address.kind;
  if (kind == "proxy_host") return "web";
  if (kind != "dns") return kind;
  if (!change.address.name.ends_with("/PTR")) return domain_name(spec_, change.address);
  const nlohmann::json& values = member(change.before, "values");
  const bool one = values.is_array() && !values.empty() && values.front().is_string();
  return one ? values.front().get<std::string>() : "";
}

std::vector<OnceThere> Past::resource(const Change& change, const Owned& owned) {
  std::vector<OnceThere> places;
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
