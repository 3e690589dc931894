// All files -> the keys of each section, with homeostat.yaml first: it says which folders are the
// live state of `files` providers and therefore no part of the spec.
#include <algorithm>
#include <array>
#include <filesystem>

#include "specs/draft.hpp"

namespace homeostat {
namespace {

constexpr std::string_view main_file = "homeostat.yaml";

// Sections whose keys are names that we look at as they are.
constexpr std::array<std::string_view, 11> keyed_sections = {
    "providers", "secrets",    "networks",    "zones",    "defaults", "policy",
    "services",  "containers", "proxy_hosts", "monitors", "notifiers"};

bool is_keyed(std::string_view key) {
  return std::find(keyed_sections.begin(), keyed_sections.end(), key) != keyed_sections.end();
}

std::vector<std::string> known_sections() {
  std::vector<std::string> known(keyed_sections.begin(), keyed_sections.end());
  known.insert(known.end(), {"homeostat", "site", "self", "dns", "ips", "notify", "reports"});
  return known;
}

// What an unknown top-level mapping looks like: a service, a provider, a part of the policy.
std::string misplaced(std::string_view key, const yaml::Node& value) {
  const std::string name(key);
  for (const std::string_view one :
       {"mode", "lint", "max_deletes", "heal_after", "approve", "windows"}) {
    if (key == one) return "`" + name + "` belongs under `policy:`";
  }
  if (value.kind != yaml::NodeKind::mapping) return "";
  if (value.find("container") != nullptr || value.find("web") != nullptr) {
    return "a service belongs under `services:`";
  }
  if (value.find("type") != nullptr && value.find("url") != nullptr) {
    return "a provider belongs under `providers:`";
  }
  if (value.find("type") != nullptr) {
    return "a provider belongs under `providers:`, and who is told under `notifiers:`";
  }
  if (value.find("cidr") != nullptr) return "a network belongs under `networks:`";
  if (value.find("on") != nullptr) return "a zone belongs under `zones:`";
  const KindSchema* container = find_kind("container");
  for (std::size_t i = 0; container != nullptr && i + 1 < value.items.size(); i += 2) {
    if (container->field(value.items[i].text) == nullptr) return "";
  }
  return "a container belongs under `containers:`";
}

void twice(Draft& draft, const Origin& at, const Origin& first, const std::string& what) {
  report(draft, at, what + " is already declared at " + place(draft, first),
         "a name is declared once over all files: remove or rename one of the two");
}

void add_entry(Draft& draft, Entries& entries, const Entry& entry, std::string_view section) {
  const auto [it, fresh] = entries.try_emplace(entry.key->text, entry);
  if (fresh) return;
  twice(draft, entry.key->at, it->second.key->at,
        "`" + entry.key->text + "` in `" + std::string(section) + "`");
}

bool expect_mapping(Draft& draft, const yaml::Node& key, const yaml::Node& value) {
  if (value.kind == yaml::NodeKind::mapping) return true;
  if (value.kind == yaml::NodeKind::null) return false;  // a section that is still empty
  report(draft, value.at, "`" + key.text + "` holds names with their settings",
         "write `" + key.text + ":` and below it, indented, `NAME: ...`");
  return false;
}

void gather_two_levels(Draft& draft, const yaml::Node& section, const yaml::Node& value) {
  for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
    const yaml::Node& outer = value.items[i];
    const yaml::Node& inner = value.items[i + 1];
    if (!expect_mapping(draft, outer, inner)) continue;
    Sections& sections = draft.sections;
    Group& group = section.text == "dns" ? sections.dns[outer.text] : sections.ips[outer.text];
    if (group.key == nullptr) group.key = &outer;
    for (std::size_t k = 0; k + 1 < inner.items.size(); k += 2) {
      group.entries.push_back({&inner.items[k], &inner.items[k + 1]});
    }
  }
}

void gather_single(Draft& draft, Entry& slot, const Entry& entry) {
  if (slot.key == nullptr) {
    slot = entry;
  } else {
    twice(draft, entry.key->at, slot.key->at, "`" + entry.key->text + "`");
  }
}

void gather_key(Draft& draft, const Entry& entry) {
  const std::string& key = entry.key->text;
  Sections& sections = draft.sections;
  if (key.starts_with("x-")) return;
  if (key == "homeostat") return gather_single(draft, sections.homeostat, entry);
  if (key == "site") return gather_single(draft, sections.site, entry);
  if (key == "self") return gather_single(draft, sections.self, entry);
  if (key == "notify") return gather_single(draft, sections.notify, entry);
  if (key == "reports") return sections.reports.push_back(entry);
  if (key == "dns" || key == "ips") {
    if (expect_mapping(draft, *entry.key, *entry.value)) {
      gather_two_levels(draft, *entry.key, *entry.value);
    }
    return;
  }
  if (!is_keyed(key)) {
    std::string hint = suggestion(key, known_sections());
    if (hint.empty()) hint = misplaced(key, *entry.value);
    if (hint.empty()) hint = "keys that start with `x-` may hold anchors of your own";
    return report(draft, entry.key->at, "unknown section `" + key + "`", hint);
  }
  if (!expect_mapping(draft, *entry.key, *entry.value)) return;
  Entries& entries = sections.keyed[key];
  const std::vector<yaml::Node>& items = entry.value->items;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    add_entry(draft, entries, {&items[i], &items[i + 1]}, key);
  }
}

// Reads and parses one file; its documents are kept. False where there is no such file.
bool read_file(Draft& draft, const std::string& path) {
  Result<std::optional<std::string>> text = draft.source.read(path);
  if (text && !text->has_value()) return false;
  const auto file = static_cast<std::uint32_t>(draft.spec.files.size());
  draft.spec.files.push_back(path);
  draft.texts.emplace_back();
  draft.documents.emplace_back();
  if (!text) {
    draft.partial = true;
    draft.errors.push_back(std::move(text).error());
    return true;
  }
  draft.texts.back() = std::move(**text);
  const std::size_t errors = draft.errors.size();
  draft.documents.back() = yaml::parse(draft.texts.back(), file, path, draft.errors);
  if (draft.errors.size() > errors && draft.documents.back().empty()) draft.partial = true;
  return true;
}

void gather_documents(Draft& draft, std::size_t file) {
  for (const yaml::Node& document : draft.documents[file]) {
    if (document.kind == yaml::NodeKind::null) continue;
    if (document.kind != yaml::NodeKind::mapping) {
      report(draft, document.at, "a file holds sections, not a bare value or a list",
             "start it with `services:`, `containers:`, `dns:` ...");
      continue;
    }
    for (std::size_t i = 0; i + 1 < document.items.size(); i += 2) {
      gather_key(draft, {&document.items[i], &document.items[i + 1]});
    }
  }
}

// A file of a `files` provider, as it writes them.
bool has_marker(const yaml::Node& document) {
  const yaml::Node* marker = document.find("homeostat");
  return marker != nullptr && marker->kind == yaml::NodeKind::mapping;
}

// A file of a `files` provider: its marker, or keys of which none is a section.
bool is_live_state(const yaml::Node& document) {
  if (has_marker(document)) return true;
  const std::vector<std::string> known = known_sections();
  bool odd = false;
  bool section = false;
  for (std::size_t i = 0; i + 1 < document.items.size(); i += 2) {
    const std::string& key = document.items[i].text;
    const bool mapping = document.items[i + 1].kind == yaml::NodeKind::mapping;
    const bool named = std::find(known.begin(), known.end(), key) != known.end();
    odd = odd || !named;
    section = section || (named && mapping);
  }
  return document.kind == yaml::NodeKind::mapping && odd && !section;
}

// "live" of "live/dns/lab/nas/A.yaml": where the folders of the kinds are.
std::string folder_of_kinds(const std::string& path) {
  std::string folder;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (find_kind(path.substr(begin, end - begin)) != nullptr) break;
    folder = path.substr(0, end);
    begin = end + 1;
  }
  return folder;
}

using Folders = std::map<std::string, std::string>;  // with the first file that shows what it is

// What is live state, though nobody has said so, is no spec with mistakes. Where homeostat.yaml
// could not be read, nobody can have said so.
Folders drop_live_state(Draft& draft, bool main_broken) {
  Folders folders;
  for (std::size_t i = 1; i < draft.documents.size(); ++i) {
    const std::vector<yaml::Node>& documents = draft.documents[i];
    if (!std::any_of(documents.begin(), documents.end(), has_marker)) continue;
    folders.try_emplace(folder_of_kinds(draft.spec.files[i]), draft.spec.files[i]);
  }
  for (std::size_t i = 1; i < draft.documents.size(); ++i) {
    const bool known = folders.contains(folder_of_kinds(draft.spec.files[i]));
    if (known || main_broken) std::erase_if(draft.documents[i], is_live_state);
  }
  return main_broken ? Folders() : folders;
}

// The folder of a `files` provider relative to the spec's ("." = the same), "" where it lies
// outside.
std::string inner_folder(const Draft& draft, const std::string& path) {
  namespace fs = std::filesystem;
  fs::path folder = fs::path(path).lexically_normal();
  if (folder.is_absolute()) {
    folder = folder.lexically_relative(fs::path(draft.source.folder()).lexically_normal());
  }
  std::string text = folder.generic_string();
  while (text.ends_with('/')) text.pop_back();
  if (text == ".." || text.starts_with("../")) return "";
  return text.empty() ? "." : text;
}

// One mistake for each of them, not one for each of its lines.
void report_unclaimed(Draft& draft, Folders folders) {
  for (const auto& [name, entry] : draft.sections.of("providers")) {
    const yaml::Node* path = entry.value->find("path");
    if (path != nullptr) folders.erase(inner_folder(draft, path->text));
  }
  folders.erase("");  // the spec's own folder, which may be no live state
  for (const auto& [folder, file] : folders) {
    draft.errors.push_back(
        Error{ErrorKind::invalid_spec,
              "`" + folder + "` holds live state of a `files` provider, and is the `path` of none",
              "say `path: " + folder + "` at its provider, or name the folder in .homeostatignore",
              SourceRef{file, 0, 0},
              {}});
  }
}

// The spec of a repository may lie below its top.
std::string where_it_is(Draft& draft) {
  Errors unread;
  for (const std::string& path : draft.source.list({}, unread)) {
    const std::filesystem::path file(path);
    if (file.filename() != main_file) continue;
    const std::string folder = file.parent_path().generic_string();
    const bool bare = draft.source.revision().bare;
    return "there is one in " + folder + ": give " +
           (bare ? "--path " + folder : "that folder instead");
  }
  return "every spec has one; it starts with `homeostat: 1` and `site: NAME`";
}

// Called with homeostat.yaml alone, and again when all files are there: what a later file adds
// comes too late, as its folder has been read as a part of the spec by then.
std::set<std::string> live_folders(Draft& draft) {
  std::set<std::string> folders;
  for (const auto& [name, entry] : draft.sections.of("providers")) {
    const yaml::Node* type = entry.value->find("type");
    const yaml::Node* path = entry.value->find("path");
    if (type == nullptr || path == nullptr || type->text != "files") continue;
    if (path->kind != yaml::NodeKind::scalar || has_template(path->text)) continue;
    const std::string folder = inner_folder(draft, path->text);
    if (folder.empty()) continue;
    if (folder == ".") {
      report(draft, path->at,
             "the live state of `" + std::string(name) + "` cannot be the spec's own folder",
             "give it a folder of its own: `path: live`");
    } else if (draft.spec.files[entry.key->at.file] == main_file) {
      folders.insert(folder);
    } else {
      report(draft, entry.key->at,
             "the `files` provider `" + std::string(name) + "` keeps its state inside this repo (" +
                 folder + ")",
             "move it to homeostat.yaml: that file is read first, and says what is not spec");
    }
  }
  return folders;
}

}  // namespace

const Entries& Sections::of(std::string_view section) const {
  static const Entries none;
  const auto it = keyed.find(section);
  return it == keyed.end() ? none : it->second;
}

void gather_sections(Draft& draft) {
  if (!read_file(draft, std::string(main_file))) {
    draft.partial = true;
    const Revision& revision = draft.source.revision();
    // Of a repository without files its own path says nothing to who pushed to it.
    std::string place = draft.source.folder();
    if (revision.bare) {
      place = "commit " + revision.commit.substr(0, 7);
      if (!revision.subdir.empty()) place += ", folder " + revision.subdir;
    }
    draft.errors.push_back(Error{ErrorKind::invalid_spec,
                                 "there is no homeostat.yaml in " + place,
                                 where_it_is(draft),
                                 {},
                                 {}});
    return;
  }
  const bool main_broken = draft.partial;
  gather_documents(draft, 0);
  const std::set<std::string> skip = live_folders(draft);
  for (const std::string& path : draft.source.list(skip, draft.errors)) {
    if (path != main_file) read_file(draft, path);
  }
  Folders unclaimed = drop_live_state(draft, main_broken);
  for (std::size_t i = 1; i < draft.documents.size(); ++i) gather_documents(draft, i);
  live_folders(draft);
  report_unclaimed(draft, std::move(unclaimed));
}

}  // namespace homeostat
