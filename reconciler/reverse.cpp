#include "reconciler/reverse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "reconciler/lookups.hpp"
#include "reconciler/open_values.hpp"

namespace homeostat {

namespace {

// An A or AAAA record in a zone that has reverse zones on its provider.
struct Forward {
  const Resource* resource = nullptr;
  const Zone* zone = nullptr;
  std::vector<const Zone*> views;  // the reverse ones of the record's family
  std::string name;                // absolute
};

// Where the PTR record of one address belongs.
struct Place {
  const Zone* view = nullptr;
  std::string owner;
};

bool refers_to_its_container(const Resource& resource) {
  if (resource.service.empty()) return false;
  for (const OpenValue& value : resource.open) {
    for (const TemplatePart& part : value.parts) {
      if (part.kind == TemplatePart::Kind::reference && part.target.kind == "container" &&
          part.target.name == encode_component(resource.service)) {
        return true;
      }
    }
  }
  return false;
}

// The owner of an address inside a reverse zone; nullopt where it lies in another one.
std::optional<std::string> owner_in(const IpAddress& ip, const std::string& zone) {
  const std::string name = reverse_name(ip);
  if (name == zone) return "@";
  const std::string tail = "." + zone;
  if (name.size() <= tail.size()) return std::nullopt;
  const std::size_t owner = name.size() - tail.size();
  if (name.compare(owner, tail.size(), tail) != 0) return std::nullopt;
  return name.substr(0, owner);
}

// The narrowest reverse zone that holds the address.
std::optional<Place> place_in(const IpAddress& ip, const std::vector<const Zone*>& views) {
  std::optional<Place> best;
  for (const Zone* view : views) {
    std::optional<std::string> owner = owner_in(ip, view->zone);
    if (!owner || (best && best->view->zone.size() >= view->zone.size())) continue;
    best = Place{view, std::move(*owner)};
  }
  return best;
}

std::vector<Origin> lines_of(const Resource& resource, const FieldPath& path) {
  for (const FieldOrigin& origin : resource.origins) {
    if (origin.path == path) return origin.lines;
  }
  return {resource.where};
}

class Reversing {
 public:
  Reversing(Resolved& resolved, const ResolveInput& input) : resolved_(resolved), input_(input) {}

  void run() {
    const auto has_reverse = [](const auto& zone) { return !zone.second.reverse.empty(); };
    const Zones& zones = input_.spec.zones;
    if (std::none_of(zones.begin(), zones.end(), has_reverse)) return;
    for (const auto& [address, resource] : resolved_.desired) {
      if (address.kind != "dns") continue;
      if (const std::optional<Forward> forward = forward_of(resource)) add(*forward);
    }
    // Later, since the loop above must see what the spec says, and nothing else. What is kept wins:
    // not to know an address is no reason to give it to another name.
    for (const Forward& forward : unknown_) keep_what_is_there(forward);
    for (const auto& [address, choice] : chosen_) make(address, choice);
  }

 private:
  struct Choice {
    Forward forward;
    const Zone* view = nullptr;
    bool own = false;  // the name of a service, on the address of its container
  };

  std::optional<Forward> forward_of(const Resource& resource) const {
    const std::vector<std::string> name = name_components(resource.address.name);
    if (name.size() != 3 || (name[2] != "A" && name[2] != "AAAA")) return std::nullopt;
    if (name[1].compare(0, 1, "*") == 0) return std::nullopt;
    const Zones& zones = input_.spec.zones;
    const auto zone = zones.find(name[0]);
    if (zone == zones.end()) return std::nullopt;
    const Zone& forward = zone->second;
    std::vector<const Zone*> views;
    for (const std::string& key : forward.reverse) {
      const auto view = zones.find(key);
      if (view == zones.end()) continue;
      const std::vector<std::string>& on = view->second.on;
      const bool v6 = view->second.zone.ends_with(".ip6.arpa");
      if (v6 != (name[2] == "AAAA")) continue;
      if (std::find(on.begin(), on.end(), resource.address.provider) == on.end()) continue;
      views.push_back(&view->second);
    }
    if (views.empty()) return std::nullopt;
    return Forward{&resource, &forward, std::move(views),
                   name[1] == "@" ? forward.zone : name[1] + "." + forward.zone};
  }

  void add(const Forward& forward) {
    const Resource& resource = *forward.resource;
    const bool held = resolved_.held.count(resource.address) != 0;
    const auto later = resolved_.pending.find(resource.address);
    if (held || later != resolved_.pending.end()) unknown_.push_back(forward);
    if (!held && later != resolved_.pending.end()) warn(resource);
    const auto values = resource.attributes.find("values");
    if (held || values == resource.attributes.end() || !values->is_array()) return;
    for (const auto& value : *values) {
      if (!value.is_string()) continue;
      // What is still open reads ${...}, and is no address.
      const Result<IpAddress> ip = parse_ip(value.get_ref<const std::string&>());
      if (!ip) continue;
      if (const auto place = place_in(*ip, forward.views)) choose(*place, forward);
    }
  }

  void warn(const Resource& resource) {
    Error warning;
    warning.kind = ErrorKind::transient;
    warning.message = fmt::format("the PTR record of {} follows once its address is known",
                                  display(resource.address, false, false));
    warning.where = place_of(resource, "values", input_.spec);
    resolved_.warnings.push_back(std::move(warning));
  }

  void choose(const Place& place, const Forward& forward) {
    Address address = forward.resource->address;
    address.name = encode_component(place.view->key) + "/" + encode_component(place.owner) + "/PTR";
    if (resolved_.desired.count(address) != 0) return;
    const auto declared = input_.spec.desired.find(forward.resource->address);
    const bool own =
        declared != input_.spec.desired.end() && refers_to_its_container(declared->second);
    const Choice mine{forward, place.view, own};
    const auto [at, is_new] = chosen_.try_emplace(address, mine);
    if (is_new) return;
    const Choice& other = at->second;
    const auto worse = [](const Choice& choice) {
      return std::tie(choice.forward.name, choice.forward.resource->address);
    };
    if (own != other.own ? own : worse(mine) < worse(other)) at->second = mine;
  }

  void make(const Address& address, const Choice& choice) {
    const Forward& forward = choice.forward;
    if (resolved_.desired.count(address) != 0) return;
    Resource made = *forward.resource;
    made.address = address;
    made.open.clear();
    made.attributes = {{"values", nlohmann::json::array({forward.name})}};
    std::vector<Origin> lines = lines_of(*forward.resource, "values");
    const std::vector<Origin> more = lines_saying(forward.zone->origins, {"zone", "reverse"});
    lines.insert(lines.end(), more.begin(), more.end());
    made.origins = {{"values", std::move(lines)}};
    const Zone& zone = choice.view->ttl.empty() ? *forward.zone : *choice.view;
    if (!zone.ttl.empty()) {
      made.attributes["ttl"] = zone.ttl;
      made.origins.insert(made.origins.begin(), {"ttl", lines_saying(zone.origins, {"ttl"})});
    }
    resolved_.reverse_of.emplace(address, forward.resource->address);
    resolved_.desired.emplace(address, std::move(made));
  }

  // What leads back from an address that is not known now.
  void keep_what_is_there(const Forward& forward) {
    for (const Zone* view : forward.views) {
      const Scope scope{forward.resource->address.provider, view->key};
      for (const LiveEntry* entry : leading_to(scope, forward.name)) keep(*entry, forward);
    }
  }

  void keep(const LiveEntry& entry, const Forward& forward) {
    if (resolved_.desired.count(entry.owner) != 0) return;
    Resource kept = *forward.resource;
    kept.address = entry.owner;
    kept.open.clear();
    kept.origins.clear();
    kept.attributes = {{"values", entry.live->attributes.at("values")}};
    resolved_.reverse_of.emplace(kept.address, forward.resource->address);
    resolved_.desired.emplace(kept.address, std::move(kept));
  }

  // The PTR records of ours that hold this name alone.
  std::vector<const LiveEntry*> leading_to(const Scope& scope, const std::string& name) {
    if (by_name_.empty()) {
      for (const LiveEntry& entry : input_.live.entries()) {
        if (entry.ownership != Ownership::ours || entry.scope.zone.empty()) continue;
        const std::vector<std::string> parts = name_components(entry.owner.name);
        const auto values = entry.live->attributes.find("values");
        if (parts.size() != 3 || parts[2] != "PTR") continue;
        if (values == entry.live->attributes.end() || !values->is_array()) continue;
        if (values->size() != 1 || !values->front().is_string()) continue;
        by_name_[{entry.scope, values->front().get<std::string>()}].push_back(&entry);
      }
      by_name_.try_emplace({Scope{}, std::string()});  // looked at, even if nothing was found
    }
    const auto found = by_name_.find({scope, name});
    return found == by_name_.end() ? std::vector<const LiveEntry*>() : found->second;
  }

  Resolved& resolved_;
  const ResolveInput& input_;
  std::map<Address, Choice> chosen_;
  std::vector<Forward> unknown_;
  std::map<std::pair<Scope, std::string>, std::vector<const LiveEntry*>> by_name_;
};

}  // namespace

void add_reverse_records(Resolved& resolved, const ResolveInput& input) {
  Reversing(resolved, input).run();
}

}  // namespace homeostat
