// The records of a service: where a name of it points, in each view.
#include <set>

#include "specs/services.hpp"

namespace homeostat {
namespace {

// A name that a service wants to be found under; `web` serves it, or null.
struct Wanted {
  const Placed* name = nullptr;
  const Web* web = nullptr;
};

// The zone with the longest DNS name that holds `name`; its views. Null where there is none.
const std::vector<std::string>* views_of(const Draft& draft, std::string_view name) {
  while (true) {
    const auto it = draft.zone_names.find(std::string(name));
    if (it != draft.zone_names.end()) return &it->second;
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) return nullptr;
    name.remove_prefix(dot + 1);
  }
}

std::string owner_in(const std::string& name, const std::string& zone) {
  return name == zone ? "@" : name.substr(0, name.size() - zone.size() - 1);
}

std::vector<Target> proxy_targets(Draft& draft, const Web& web, const Zone& zone) {
  std::vector<Target> targets;
  for (const std::string& provider : web.providers) {
    if (std::optional<Target> target = provider_target(draft, provider)) {
      add_lines(target->lines, lines_saying(zone.origins, {"points_to"}));
      targets.push_back(std::move(*target));
      continue;
    }
    report(draft, draft.spec.providers.at(provider).where,
           "zone `" + zone.key + "` points names at the proxy, and provider `" + provider +
               "` has no `address`",
           "add `address:` to `" + provider + "`: what names of its domains point at");
  }
  return targets;
}

std::vector<Target> targets_in(Draft& draft, const Service& service, const Zone& zone,
                               const Wanted& wanted) {
  const std::vector<Origin> points_to = lines_saying(zone.origins, {"points_to"});
  std::vector<Target> targets;
  if (zone.points_to == Zone::PointsTo::value) {
    for (const std::string& value : zone.values) {
      targets.push_back(literal_target(value, points_to));
    }
  } else if (zone.points_to == Zone::PointsTo::proxy && wanted.web != nullptr) {
    targets = proxy_targets(draft, *wanted.web, zone);
  } else {
    targets = service.addresses;
    targets.insert(targets.end(), service.further.begin(), service.further.end());
    for (Target& target : targets) add_lines(target.lines, points_to);
    if (targets.empty()) report_no_address(draft, service, wanted.name->at);
  }
  // The line that asks for the name is the value's own.
  for (Target& target : targets) target.lines.insert(target.lines.begin(), wanted.name->at);
  return targets;
}

void put_record(Draft& draft, const Service& service, const Zone& zone, const std::string& owner,
                const std::string& type, std::vector<Target> values) {
  Statement statement;
  statement.kind = find_kind("dns");
  statement.name = encode_component(zone.key) + "/" + encode_component(owner) + "/" + type;
  statement.where = service.where;
  statement.service = service.key;
  statement.on = zone.on;
  statement.options = options_for(draft, service, nullptr, "dns");
  statement.derived = zone_ttl(zone);
  set_values(statement.derived, std::move(values));
  put(draft, std::move(statement));
}

void derive_in_view(Draft& draft, const Service& service, const Zone& zone, const Wanted& wanted) {
  std::map<std::string, std::vector<Target>> by_type;
  for (Target& target : targets_in(draft, service, zone, wanted)) {
    const std::string type = record_type_of(draft, target.parts);
    by_type[type].push_back(std::move(target));
  }
  if (zone.on.empty()) return;  // said where the zone is declared
  const std::string owner = owner_in(wanted.name->text, zone.zone);
  for (auto& [type, values] : by_type) {
    put_record(draft, service, zone, owner, type, std::move(values));
  }
}

// "nas" alone: a name is written in full, with its zone.
void report_short_name(Draft& draft, const Wanted& wanted) {
  const std::string& name = wanted.name->text;
  std::string example = name + ".lab.example.org";
  for (const auto& [key, zone] : draft.spec.zones) {
    if (zone.points_to == Zone::PointsTo::nothing) continue;
    example = name + "." + zone.zone;
    if (zone.points_to == Zone::PointsTo::container) break;
  }
  report(draft, wanted.name->at, "`" + name + "` is no full name",
         "write it with its zone: `" + example + "`");
}

void derive_name(Draft& draft, const Service& service, const Wanted& wanted) {
  const std::string& name = wanted.name->text;
  const std::vector<std::string>* views = views_of(draft, name);
  if (views == nullptr) {
    if (draft.partial) return;
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos) return report_short_name(draft, wanted);
    const std::string parent = dot == std::string::npos ? name : name.substr(dot + 1);
    std::string hint = "declare a zone `" + parent + "` under `zones:`";
    if (wanted.web != nullptr) {
      hint += ", or say `dns: false` in this `web:` where its record is kept elsewhere";
    }
    return report(draft, wanted.name->at,
                  "no zone of this spec holds `" + name + "`: it would have no record", hint);
  }
  bool any = false;
  for (const std::string& key : *views) {
    const Zone& zone = draft.spec.zones.at(key);
    if (zone.points_to == Zone::PointsTo::nothing) continue;
    any = true;
    derive_in_view(draft, service, zone, wanted);
  }
  if (any) return;
  const Zone& zone = draft.spec.zones.at(views->front());
  report(
      draft, wanted.name->at,
      "zone `" + zone.key + "` holds `" + name + "` and does not say where names of services point",
      "add `points_to:` to the zone (" + place(draft, zone.where) +
          "): container, proxy, or an address");
}

}  // namespace

void report_no_address(Draft& draft, const Service& service, const Origin& at) {
  const std::string said = "service `" + service.key + "` has no address to point at";
  if (service.containers.empty()) {
    if (service.node->find("container") != nullptr) return;  // the container has had its error
    return report(draft, at, said, "add `address:` to the service, or a `container:`");
  }
  const std::string& provider = service.containers.front()->address.provider;
  report(draft, at, said,
         "give its container an `ip` (or a `network` with `assign`), or provider `" + provider +
             "` an `address`");
}

void derive_records(Draft& draft, const Service& service) {
  std::set<std::string> done;
  for (const Web& web : service.webs) {
    for (const Placed& domain : web.domains) {
      if (web.dns && done.insert(domain.text).second) derive_name(draft, service, {&domain, &web});
    }
  }
  for (const Placed& name : service.names) {
    if (done.insert(name.text).second) derive_name(draft, service, {&name, nullptr});
  }
}

}  // namespace homeostat
