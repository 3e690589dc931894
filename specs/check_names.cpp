// Names that lead nowhere, or in a circle: targets of CNAME records, and domains of proxy hosts.
#include <algorithm>
#include <set>
#include <unordered_set>

#include "specs/draft.hpp"
#include "specs/kinds/kinds.hpp"

namespace homeostat {
namespace {

class Names {
 public:
  explicit Names(Draft& draft) : draft_(draft) {
    const auto first = draft.spec.desired.lower_bound({draft.spec.site, "dns", "", ""});
    for (auto it = first; it != draft.spec.desired.end() && it->first.kind == "dns"; ++it) {
      add(it->second);
    }
  }

  void check_targets();
  void check_circles();
  void check_domains();

 private:
  // A CNAME whose target the spec tells.
  struct Alias {
    const Resource* record = nullptr;
    std::string owner;
    std::string target;
  };

  void add(const Resource& record) {
    const std::vector<std::string> name = name_components(record.address.name);
    const auto zone = draft_.spec.zones.find(name.front());
    if (name.size() != 3 || zone == draft_.spec.zones.end()) return;
    const std::string& apex = zone->second.zone;
    std::string owner = name[1] == "@" ? apex : name[1] + "." + apex;
    const auto values = record.attributes.find("values");
    const bool alias = name[2] == "CNAME" && values != record.attributes.end() &&
                       values->is_array() && values->size() == 1 && record.open.empty();
    if (alias) {
      aliases_.emplace(std::pair(record.address.provider, owner),
                       Alias{&record, owner, values->front().get<std::string>()});
    }
    if (name[2] == "NS" && name[1] != "@") delegated_.insert(owner);
    // A name is there too where only names below it have records.
    for (std::string_view rest = owner; rest.size() > apex.size(); rest = above(rest)) {
      const bool known = !owners_.emplace(rest).second;
      if (known) break;
    }
  }

  // Whether a name lies in a zone of ours, and not in a part of it that is others'.
  [[nodiscard]] bool is_inside(std::string_view name) const {
    for (; !name.empty(); name = above(name)) {
      if (draft_.zone_names.contains(std::string(name))) return true;
      // Delegated: others say what is below.
      if (delegated_.contains(std::string(name))) return false;
    }
    return false;
  }

  // Said in any view, or by a wildcard above it. The top of a zone is always there.
  [[nodiscard]] bool is_said(const std::string& name) const {
    if (owners_.contains(name) || draft_.zone_names.contains(name)) return true;
    for (std::string_view rest = above(name); !rest.empty(); rest = above(rest)) {
      if (owners_.contains("*." + std::string(rest))) return true;
    }
    return false;
  }

  static std::string_view above(std::string_view name) {
    const std::size_t dot = name.find('.');
    return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
  }

  [[nodiscard]] bool is_warned(const Origin& at) const {
    const std::vector<Error>& warnings = draft_.spec.warnings;
    return std::any_of(warnings.begin(), warnings.end(), [&](const Error& warning) {
      return warning.where.line == static_cast<int>(at.line) &&
             warning.where.column == static_cast<int>(at.column) &&
             warning.where.file == draft_.spec.files[at.file];
    });
  }

  Draft& draft_;
  std::unordered_set<std::string> owners_;  // full names with a record, at them or below
  std::set<std::string> delegated_;         // names below a zone's top that have NS records
  std::map<std::pair<std::string, std::string>, Alias> aliases_;  // by provider and name
};

void Names::check_targets() {
  std::set<Origin> said;  // one statement may be a record on two providers
  for (const auto& [key, alias] : aliases_) {
    // What is proven by such names (_acme-challenge) is made and removed by others.
    if (alias.owner.starts_with('_') || alias.target.starts_with('_')) continue;
    if (!is_inside(alias.target) || is_said(alias.target)) continue;
    const Origin at = line_of(*alias.record, "values");
    if (is_warned(at) || !said.insert(at).second) continue;
    warn(draft_, at,
         display(alias.record->address, false, false) + " leads to " + alias.target +
             ", which has no record in this spec",
         "declare that name, or correct the target");
  }
}

void Names::check_circles() {
  std::set<const Resource*> seen;
  for (const auto& [key, start] : aliases_) {
    std::vector<const Alias*> path;
    const Alias* at = &start;
    while (at != nullptr && seen.insert(at->record).second) {
      path.push_back(at);
      const auto next = aliases_.find({key.first, at->target});
      at = next == aliases_.end() ? nullptr : &next->second;
    }
    const auto first = std::find(path.begin(), path.end(), at);
    if (at == nullptr || first == path.end()) continue;
    std::string circle;
    for (auto each = first; each != path.end(); ++each) circle += (*each)->owner + " -> ";
    report(draft_, line_of(*at->record, "values"),
           "a circle of CNAME records, which leads nowhere: " + circle + at->owner,
           "let one of them lead to a name with an address");
  }
}

void Names::check_domains() {
  const auto first = draft_.spec.desired.lower_bound({draft_.spec.site, "proxy_host", "", ""});
  for (auto it = first; it != draft_.spec.desired.end() && it->first.kind == "proxy_host"; ++it) {
    const Resource& host = it->second;
    const auto domains = host.attributes.find("domains");
    if (!host.service.empty() || domains == host.attributes.end() || !domains->is_array()) continue;
    for (const auto& domain : *domains) {
      if (!domain.is_string()) continue;
      const auto& name = domain.get_ref<const std::string&>();
      if (has_template(name) || !is_inside(name) || is_said(name)) continue;
      warn(draft_, line_of(host, "domains"),
           "domain " + name + " of " + display(host.address, false, false) +
               " has no record in this spec: nobody finds it",
           "declare one under `dns:`, or write the host as `web:` of a service, which makes it");
    }
  }
}

}  // namespace

void check_names(Draft& draft) {
  if (draft.partial) return;
  Names names(draft);
  names.check_targets();
  names.check_circles();
  names.check_domains();
}

}  // namespace homeostat
