#include "reconciler/sources.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "reconciler/paths.hpp"

namespace homeostat {
namespace {

class Gathering {
 public:
  explicit Gathering(const Spec& spec) : spec_(spec) {}

  Sources run(const Address& address, const FieldPath& path) {
    add(address, path);
    return std::move(out_);
  }

 private:
  void add(const Address& address, const FieldPath& path) {
    if (!seen_.insert({address, path}).second) return;
    const auto found = spec_.desired.find(address);
    if (found == spec_.desired.end()) return;
    out_.made_of.emplace_back(address, path);
    const bool first = seen_.size() == 1;
    const bool stated = add_lines(found->second, path);
    if (first) out_.stated = stated;
    for (const OpenValue& open : found->second.open) {
      const FieldPath at = path_of_pointer(open.pointer);
      if (!covers(path, at) && !covers(at, path)) continue;
      for (const TemplatePart& part : open.parts) {
        if (part.kind == TemplatePart::Kind::secret) out_.secrets.push_back(part.text);
        if (part.kind != TemplatePart::Kind::reference) continue;
        out_.targets.push_back(part.target);
        add(part.target, part.field);
      }
    }
  }

  // Those of the value and of what it holds; else those of what encloses it.
  bool add_lines(const Resource& resource, const FieldPath& path) {
    bool stated = false;
    for (const FieldOrigin& origin : resource.origins) {
      if (!covers(path, origin.path)) continue;
      stated = true;
      add_all(origin.lines);
    }
    if (stated) return true;
    for (auto end = path.rfind('/'); end != FieldPath::npos && end > 0;
         end = path.rfind('/', end - 1)) {
      const auto above =
          std::ranges::find(resource.origins, path.substr(0, end), &FieldOrigin::path);
      if (above == resource.origins.end()) continue;
      add_all(above->lines);
      return false;
    }
    add_all({resource.where});
    return false;
  }

  void add_all(const std::vector<Origin>& lines) {
    for (const Origin& line : lines) {
      if (line.line > 0 && std::ranges::find(out_.lines, line) == out_.lines.end()) {
        out_.lines.push_back(line);
      }
    }
  }

  const Spec& spec_;
  Sources out_;
  std::set<std::pair<Address, FieldPath>> seen_;
};

}  // namespace

Sources sources_of(const Spec& spec, const Address& address, const FieldPath& path) {
  return Gathering(spec).run(address, path);
}

std::string domain_name(const Spec& spec, const Address& record) {
  const auto name = name_components(record.name);
  const auto zone = name.size() == 3 ? spec.zones.find(name[0]) : spec.zones.end();
  if (record.kind != "dns" || zone == spec.zones.end()) return "";
  return name[1] == "@" ? zone->second.zone : name[1] + "." + zone->second.zone;
}

std::vector<Origin> lines_of_zone(const Spec& spec, const Address& record) {
  std::vector<Origin> lines;
  if (record.kind != "dns") return lines;
  auto zone = spec.zones.find(name_components(record.name).front());
  while (zone != spec.zones.end()) {
    lines.push_back(zone->second.where);
    const std::vector<Origin> more =
        lines_saying(zone->second.origins, {"zone", "on", "points_to", "reverse"});
    lines.insert(lines.end(), more.begin(), more.end());
    zone = spec.zones.find(zone->second.reverse_of);
  }
  return lines;
}

std::vector<Address> ForwardRecords::of(const std::string& provider, const std::string& name) {
  if (!known_) {
    known_.emplace();
    for (const auto& [address, resource] : spec_.desired) {
      const bool forward = address.name.ends_with("/A") || address.name.ends_with("/AAAA");
      if (address.kind != "dns" || !forward) continue;
      known_->emplace(std::pair(address.provider, domain_name(spec_, address)), address);
    }
  }
  std::vector<Address> found;
  const auto [first, last] = known_->equal_range(std::pair(provider, name));
  for (auto record = first; record != last; ++record) found.push_back(record->second);
  return found;
}

}  // namespace homeostat
