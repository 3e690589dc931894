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

}  // namespace homeostat
