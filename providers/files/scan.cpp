#include "providers/files/scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "providers/files/names.hpp"

namespace homeostat::files {
namespace {

// Below so many entries a further thread costs more than it saves.
constexpr std::size_t entries_per_thread = 100;
constexpr std::size_t max_threads = 4;

// An open folder whose entries are read independently of each other.
struct Folder {
  const KindSchema& kind;
  Handle handle;
  std::string path;       // below the root: "container", "ip/lab", "dns/lab"
  std::string name;       // the encoded name so far, with a slash: "", "lab/"
  std::size_t depth = 0;  // components that are still to come
};
struct Item {
  const Folder* folder = nullptr;
  Entry entry;
};

// What one thread has read.
struct Part {
  std::vector<LiveResource> resources;
  std::map<std::string, Move> moves;  // by native id
  Errors errors;
};

class Scan {
 public:
  explicit Scan(const ScanInput& input) : input_(input) {}

  Result<Observation> run(const std::stop_token& stop);

 private:
  Status open_kinds();
  Status open_folder(const KindSchema& kind, std::vector<std::string> path, std::string name,
                     std::size_t depth);
  void work(Part& part, const std::stop_token& stop);
  Status read_entry(const Folder& folder, const Entry& entry, Part& part) const;
  Status read_folder(const Folder& folder, const std::string& disk_name, std::string name,
                     Part& part) const;
  Status read_file(const Folder& folder, const Entry& entry, const std::string& path,
                   Part& part) const;
  [[nodiscard]] bool is_on_its_way(const Part& part, const std::string& native_id) const;
  Observation collect(std::vector<Part>& parts) const;

  const ScanInput& input_;
  std::vector<std::unique_ptr<Folder>> folders_;
  std::vector<Item> items_;
  std::atomic<std::size_t> next_ = 0;
};

Error misplaced(const std::string& shown_path, const KindSchema& kind) {
  static constexpr std::array forms{"NAME.yaml", "NETWORK/NAME.yaml", "ZONE/OWNER/TYPE.yaml"};
  return Error{ErrorKind::invalid_spec,
               fmt::format("{}: stands at the wrong depth", shown_path),
               fmt::format("it belongs to {}/{}", kind.name, forms[name_depth(kind.name) - 1]),
               {},
               {}};
}

// "forgejo" of "forgejo.yaml"; nullopt for files that are none of ours.
Result<std::optional<std::string>> stem(const std::string& name, const std::string& shown_path) {
  if (name.ends_with(".yml")) {
    return fail(ErrorKind::invalid_spec, fmt::format("{}: is not read", shown_path),
                "rename it to .yaml");
  }
  if (!name.ends_with(".yaml")) return std::optional<std::string>();
  return std::optional<std::string>(name.substr(0, name.size() - 5));
}

Result<std::string> component(const std::string& disk_name, const std::string& shown_path) {
  Result<std::string> name = from_disk(disk_name);
  if (!name) name.error().message = fmt::format("{}: {}", shown_path, name.error().message);
  return name;
}

// A name that the spec's own loader would have written otherwise would be a second file for it.
Status check_record_name(const std::string& encoded_name, const std::string& shown_path) {
  const std::vector<std::string> parts = name_components(encoded_name);
  if (!is_record_type(parts[2])) {
    return fail(ErrorKind::invalid_spec,
                fmt::format("{}: `{}` is no type of record", shown_path, parts[2]));
  }
  if (parts[1] == "@") return {};
  const auto owner = canonical_name(parts[1]);
  if (owner && *owner == parts[1]) return {};
  return fail(ErrorKind::invalid_spec,
              fmt::format("{}: `{}` is no owner name", shown_path, parts[1]),
              owner ? fmt::format("rename its folder to `{}`", to_disk(encode_component(*owner)))
                    : owner.error().message);
}

// The networks below ip/ are folders of their own, so that the threads can share one network.
Status Scan::open_folder(const KindSchema& kind, std::vector<std::string> path, std::string name,
                         std::size_t depth) {
  TRY_ASSIGN(Handle handle, input_.store.open_folder(path));
  if (!handle.open()) return {};
  const std::string shown = input_.store.shown(path);
  TRY_ASSIGN(std::vector<Entry> entries, input_.store.list(handle, shown));
  folders_.push_back(std::make_unique<Folder>(
      Folder{kind, std::move(handle), fmt::to_string(fmt::join(path.begin(), path.end(), "/")),
             std::move(name), depth}));
  const Folder& folder = *folders_.back();
  for (Entry& entry : entries) {
    if (!entry.folder || depth == 1 || kind.name == "dns") {
      items_.push_back(Item{&folder, std::move(entry)});
      continue;
    }
    TRY_ASSIGN(const std::string part, component(entry.name, shown));
    path.push_back(entry.name);
    TRY(open_folder(kind, path, folder.name + part + "/", depth - 1));
    path.pop_back();
  }
  return {};
}

// Everything but the records.
Status Scan::open_kinds() {
  TRY_ASSIGN(const Handle root, input_.store.open_folder({}));
  if (!root.open()) return {};
  TRY_ASSIGN(const std::vector<Entry> entries, input_.store.list(root, input_.store.shown("")));
  for (const Entry& entry : entries) {
    const KindSchema* kind = entry.folder ? find_kind(entry.name) : nullptr;
    if (entry.folder && kind == nullptr) {
      return fail(ErrorKind::invalid_spec,
                  fmt::format("{}: is the folder of no kind", input_.store.shown(entry.name)),
                  "container, dns, ip, monitor and proxy_host are known");
    }
    if (kind == nullptr) {
      TRY_ASSIGN(const auto name, stem(entry.name, input_.store.shown(entry.name)));
      if (name) {
        return fail(ErrorKind::invalid_spec,
                    fmt::format("{}: stands above the folders of the kinds",
                                input_.store.shown(entry.name)),
                    "move it into container/, dns/, ip/, monitor/ or proxy_host/");
      }
      continue;
    }
    if (kind->name != "dns") {
      TRY(open_folder(*kind, {entry.name}, "", name_depth(kind->name)));
    }
  }
  return {};
}

Status Scan::read_entry(const Folder& folder, const Entry& entry, Part& part) const {
  const std::string path = folder.path + "/" + entry.name;
  const std::string shown = input_.store.shown(path);
  if (entry.folder != (folder.depth > 1)) {
    if (!entry.folder) {
      TRY_ASSIGN(const auto name, stem(entry.name, shown));
      if (!name) return {};
    }
    return tl::unexpected(misplaced(shown, folder.kind));
  }
  if (!entry.folder) return read_file(folder, entry, path, part);
  TRY_ASSIGN(const std::string name, component(entry.name, shown));
  Folder inside{folder.kind, Handle(), path, folder.name + name + "/", folder.depth - 1};
  TRY_ASSIGN(inside.handle, input_.store.open_inside(folder.handle, entry.name, shown));
  if (!inside.handle.open()) return {};
  TRY_ASSIGN(const std::vector<Entry> entries, input_.store.list(inside.handle, shown));
  for (const Entry& next : entries) {
    TRY(read_entry(inside, next, part));
  }
  return {};
}

Status Scan::read_file(const Folder& folder, const Entry& entry, const std::string& path,
                       Part& part) const {
  const std::string shown = input_.store.shown(path);
  TRY_ASSIGN(const auto disk_name, stem(entry.name, shown));
  if (!disk_name) return {};
  TRY_ASSIGN(const std::string last, component(*disk_name, shown));
  const std::string name = folder.name + last;
  if (folder.kind.name == "dns") {
    TRY(check_record_name(name, shown));
  }
  TRY_ASSIGN(const auto file, input_.store.read(folder.handle, entry.name, shown));
  if (!file) return {};  // deleted meanwhile
  Place place{folder.kind, Address{input_.site, folder.kind.name, name, input_.scope.provider},
              folder.kind.name + "/" + name};
  TRY_ASSIGN(Record record, parse_record(file->text, place, input_.zones, shown));
  LiveResource live;
  live.address = std::move(place.address);
  live.native_id = std::move(place.native_id);
  // A copied file's marker speaks of another file.
  if (record.marker && record.marker->id == live.native_id) {
    TRY_ASSIGN(live.address, parse_address(record.marker->address));
  }
  if (record.move) part.moves.emplace(live.native_id, std::move(*record.move));
  live.marker = std::move(record.marker);
  live.attributes = std::move(record.attributes);
  live.changed_at = file->changed_at;
  part.resources.push_back(std::move(live));
  return {};
}

void Scan::work(Part& part, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const std::size_t mine = next_.fetch_add(1, std::memory_order_relaxed);
    if (mine >= items_.size()) return;
    const Item& item = items_[mine];
    // The edge of a thread: what gets out of here ends the program.
    try {
      const Status read = read_entry(*item.folder, item.entry, part);
      if (!read) part.errors.push_back(read.error());
    } catch (const std::exception& thrown) {
      part.errors.push_back(Error{ErrorKind::internal,
                                  fmt::format("{}/{}: {}", input_.store.shown(item.folder->path),
                                              item.entry.name, thrown.what()),
                                  {},
                                  {},
                                  {}});
    }
  }
}

// A file whose move did not come to its end is not there yet.
bool Scan::is_on_its_way(const Part& part, const std::string& native_id) const {
  const auto move = part.moves.find(native_id);
  if (move == part.moves.end()) return false;
  const auto path = disk_path(move->second.from);
  if (!path) return false;
  const auto file = input_.store.read(*path);
  return file && *file && fingerprint((*file)->text, move_digits) == move->second.fingerprint;
}

Observation Scan::collect(std::vector<Part>& parts) const {
  Observation observation;
  Errors errors;
  for (Part& part : parts) {
    std::erase_if(part.resources,
                  [&](const LiveResource& live) { return is_on_its_way(part, live.native_id); });
    std::move(part.resources.begin(), part.resources.end(),
              std::back_inserter(observation.resources));
    std::move(part.errors.begin(), part.errors.end(), std::back_inserter(errors));
  }
  std::sort(observation.resources.begin(), observation.resources.end(),
            [](const LiveResource& a, const LiveResource& b) { return a.native_id < b.native_id; });
  if (errors.empty()) return observation;
  sort_errors(errors);
  if (errors.size() > 1) {
    errors.front().message += fmt::format(" (and {} more like it)", errors.size() - 1);
  }
  observation.incomplete = std::move(errors.front());
  return observation;
}

Result<Observation> Scan::run(const std::stop_token& stop) {
  const std::string& zone = input_.scope.zone;
  if (zone.empty()) {
    TRY(open_kinds());
  } else {
    const std::string encoded = encode_component(zone);
    TRY(open_folder(*find_kind("dns"), {"dns", to_disk(encoded)}, encoded + "/", 2));
  }
  const std::size_t useful = items_.size() / entries_per_thread;
  const std::size_t cores =
      std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, max_threads);
  std::vector<Part> parts(std::clamp<std::size_t>(useful, 1, cores));
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      threads.emplace_back([this, &parts, i, &stop] { work(parts[i], stop); });
    }
    work(parts[0], stop);
  }
  if (stop.stop_requested()) {
    return fail(ErrorKind::cancelled, "stopped while reading the files");
  }
  return collect(parts);
}

}  // namespace

Result<Observation> scan(const ScanInput& input, const std::stop_token& stop) {
  return Scan(input).run(stop);
}

}  // namespace homeostat::files
