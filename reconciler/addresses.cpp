#include "reconciler/addresses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "reconciler/lookups.hpp"
#include "reconciler/open_values.hpp"

namespace homeostat {

namespace {

std::optional<IpAddress> ip_of(const nlohmann::json& value) {
  if (!value.is_string()) return std::nullopt;
  const Result<IpAddress> ip = parse_ip(value.get_ref<const std::string&>());
  return ip ? std::optional<IpAddress>(*ip) : std::nullopt;
}

std::string text_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool in_ranges(const std::vector<IpRange>& ranges, const IpAddress& address) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&address](const IpRange& range) { return contains(range, address); });
}

// A container that wants an address.
struct Wish {
  Resource* resource = nullptr;
  const Network* network = nullptr;
  const LiveEntry* own = nullptr;  // what it is live
  const LiveEntry* was = nullptr;  // what it is on the provider that it leaves
  std::optional<IpAddress> rule;   // where its host part is one of a host
  std::optional<IpAddress> live;   // what it has
  std::optional<IpAddress> agreed;
  std::optional<IpAddress> given;
  bool rule_fails = false;
};

class Assigning {
 public:
  Assigning(Resolved& resolved, const ResolveInput& input)
      : resolved_(resolved),
        input_(input),
        unknown_(unknown_holder(input.spec, input.observed, input.providers)) {}

  void run() {
    collect();
    if (wishes_.empty()) return;
    find_declared();
    check_rules();
    fail_rules();
    give();
    for (const Wish& wish : wishes_) {
      if (wish.given) wish.resource->attributes["ip"] = to_string(*wish.given);
    }
  }

 private:
  void collect() {
    for (auto& [address, resource] : resolved_.desired) {
      if (address.kind != "container" || text_at(resource.attributes, "ip") != "auto") continue;
      const auto network = input_.spec.networks.find(text_at(resource.attributes, "network"));
      if (network == input_.spec.networks.end()) {
        refuse(resource, "`ip: auto` needs a network that is declared",
               "write `network:`, or the address itself");
        continue;
      }
      wishes_.push_back(wish_of(resource, network->second));
    }
  }

  Wish wish_of(Resource& resource, const Network& network) const {
    Wish wish;
    wish.resource = &resource;
    wish.network = &network;
    wish.own = input_.live.match(resource);
    if (wish.own != nullptr)
      wish.live = ip_of(wish.own->live->attributes.value("ip", Attributes()));
    const Owned* row = row_of(input_.ledger, resource.address);
    if (row == nullptr && wish.own != nullptr) row = row_of(input_.ledger, wish.own->owner);
    if (row == nullptr && wish.own == nullptr) row = find_where_it_was(wish);
    if (const Agreed* agreed = agreed_at(row, "ip")) wish.agreed = ip_of(agreed->value);
    const std::optional<std::int64_t> vmid = vmid_of(resource);
    if (network.assign == Assign::vmid && vmid && *vmid > 0) {
      wish.rule = host_address(network.cidr, static_cast<std::uint64_t>(*vmid));
      const bool fits = wish.rule && is_host_address(network, *wish.rule) &&
                        !in_ranges(network.reserved, *wish.rule);
      if (!fits) wish.rule.reset();
    }
    return wish;
  }

  // It leaves one provider for another: its address goes along, and is not in its own way.
  const Owned* find_where_it_was(Wish& wish) const {
    Address first = wish.resource->address;
    first.provider.clear();
    const auto& rows = input_.ledger.owned;
    for (auto row = rows.lower_bound(first); row != rows.end(); ++row) {
      const Address& address = row->first;
      if (address.kind != first.kind || address.name != first.name) break;
      if (resolved_.desired.contains(address)) continue;
      wish.was = input_.live.owned_as(address);
      if (wish.was != nullptr) {
        wish.live = ip_of(wish.was->live->attributes.value("ip", Attributes()));
      }
      return &row->second;
    }
    return nullptr;
  }

  // Through references too, which are filled in later: they may ask for addresses.
  std::optional<std::int64_t> vmid_of(const Resource& resource) const {
    const std::optional<std::string> text = stated(resource, "vmid", 0);
    if (!text) return std::nullopt;
    const Result<nlohmann::json> vmid =
        canonical_scalar(*find_kind("container")->field("vmid"), *text);
    if (!vmid || !vmid->is_number_integer()) return std::nullopt;
    return vmid->get<std::int64_t>();
  }

  std::optional<std::string> stated(const Resource& resource, const FieldPath& path,
                                    int depth) const {
    constexpr int deepest = 16;  // circles are told about when references are filled in
    const Steps steps = path_steps(path);
    for (const OpenValue& open : resource.open) {
      if (pointer_steps(open.pointer) != steps) continue;
      std::string text;
      for (const TemplatePart& part : open.parts) {
        std::optional<std::string> known = part.text;
        if (part.kind != TemplatePart::Kind::literal) {
          const auto target = resolved_.desired.find(part.target);
          const bool follow = part.kind == TemplatePart::Kind::reference && depth < deepest &&
                              target != resolved_.desired.end();
          known = follow ? stated(target->second, part.field, depth + 1) : std::nullopt;
        }
        if (!known) return std::nullopt;
        text += *known;
      }
      return text;
    }
    const nlohmann::json* value = find_at(resource.attributes, steps);
    return value == nullptr ? std::nullopt : text_of(*value);
  }

  void find_declared() {
    for (const auto& [address, resource] : resolved_.desired) {
      for (const IpAddress& ip : addresses_of(resource, input_.spec.zones)) {
        declared_.emplace(ip, &resource);
      }
    }
  }

  // Two that must have one address: only the user can say who.
  void check_rules() {
    for (std::size_t i = 0; i < wishes_.size(); ++i) {
      const Wish& wish = wishes_[i];
      if (!wish.rule) continue;
      const auto [at, is_new] = by_rule_.emplace(*wish.rule, i);
      const auto declared = declared_.find(*wish.rule);
      if (declared != declared_.end()) {
        const Resource& other = *declared->second;
        collide(wish, other,
                place_of(other, other.address.kind == "ip" ? "address" : "ip", input_.spec));
      } else if (!is_new) {
        const Resource& other = *wishes_[at->second].resource;
        collide(wish, other, place_of(other, "vmid", input_.spec));
      }
    }
  }

  void collide(const Wish& wish, const Resource& other, const SourceRef& there) {
    const std::string name = display(other.address, false, false);
    Error error;
    error.kind = ErrorKind::invalid_spec;
    error.message =
        fmt::format("{} would be used twice: by {} (its vmid), and by {}{}{}",
                    to_string(*wish.rule), display(wish.resource->address, false, false), name,
                    there.line > 0 ? " at " : "", to_string(there));
    error.hint = "give one of them another vmid or address";
    error.where = place_of(*wish.resource, "vmid", input_.spec);
    resolved_.errors.push_back(std::move(error));
  }

  // A rule fails where somebody who does not move has the address, or where nobody can know. Who
  // fails stays where it is, and that may be where another one's rule points.
  void fail_rules() {
    std::deque<std::size_t> failed;
    const auto fail = [this, &failed](std::size_t i) {
      if (wishes_[i].rule_fails) return;
      wishes_[i].rule_fails = true;
      failed.push_back(i);
    };
    find_users();
    for (std::size_t i = 0; i < wishes_.size(); ++i) {
      const Wish& wish = wishes_[i];
      if (!wish.rule || (wish.rule != wish.live && is_blocked(wish))) fail(i);
      if (wish.rule && wish.rule_fails) say_who_has(wish);
    }
    while (!failed.empty()) {
      const Wish& wish = wishes_[failed.front()];
      failed.pop_front();
      if (!wish.live || !is_host_address(*wish.network, *wish.live)) continue;
      const auto other = by_rule_.find(*wish.live);
      if (other != by_rule_.end() && wishes_[other->second].resource != wish.resource) {
        fail(other->second);
      }
    }
  }

  // Nobody here can make it go, and nobody would know why the address is another one.
  void say_who_has(const Wish& wish) {
    const auto [first, last] = users_.equal_range(*wish.rule);
    for (auto user = first; user != last; ++user) {
      const LiveEntry& holder = *user->second;
      const bool stays =
          holder.ownership != Ownership::ours && resolved_.in_the_way.contains(holder.live);
      if (!stays) continue;
      warn(wish, fmt::format("does not get {} by its vmid: {} has it, which is not ours",
                             to_string(*wish.rule), display(holder.live->address, false, false)));
      return;
    }
  }

  bool is_blocked(const Wish& wish) {
    if (unknown_ && wish.rule != wish.agreed) return true;
    bool blocked = false;
    const auto [first, last] = users_.equal_range(*wish.rule);
    for (auto user = first; user != last; ++user) {
      const LiveEntry* holder = user->second;
      const bool moves = told_.contains(holder) || input_.foreseen.leaving.contains(holder->live);
      if (holder == wish.own || holder == wish.was || moves) continue;
      resolved_.in_the_way.insert(holder->live);
      blocked = true;
    }
    return blocked;
  }

  // Who has which address now. Needed only where somebody's rule is not what it has.
  void find_users() {
    const auto settled = [](const Wish& wish) { return wish.rule && wish.rule == wish.live; };
    if (std::all_of(wishes_.begin(), wishes_.end(), settled)) return;
    for (const LiveEntry& entry : input_.live.entries()) {
      for (const IpAddress& ip : addresses_of(entry, input_.live)) users_.emplace(ip, &entry);
    }
    for (const auto& [address, resource] : resolved_.desired) {
      if (!goes_where_told(resource)) continue;
      const LiveEntry* entry = input_.live.match(resource);
      if (entry != nullptr && entry->ownership != Ownership::foreign) told_.insert(entry);
    }
  }

  // The spec says its address; `dhcp`, or silence, leave it where it is.
  static bool goes_where_told(const Resource& resource) {
    const std::string& kind = resource.address.kind;
    if (!holds_addresses(kind)) return false;
    const std::string address = text_at(resource.attributes, kind == "ip" ? "address" : "ip");
    return !address.empty() && address != "dhcp";
  }

  void give() {
    std::set<IpAddress> given;
    const auto try_to_give = [this, &given](Wish& wish, const std::optional<IpAddress>& ip) {
      if (wish.given || !ip || !is_host_address(*wish.network, *ip)) return;
      if (declared_.count(*ip) == 0 && given.insert(*ip).second) wish.given = ip;
    };
    for (Wish& wish : wishes_) {
      if (!wish.rule_fails) try_to_give(wish, wish.rule);
    }
    for (Wish& wish : wishes_) {
      try_to_give(wish, wish.live);
      if (wish.given && unknown_ && wish.rule && wish.rule != wish.given) keep(wish);
    }
    for (Wish& wish : wishes_) {
      if (wish.agreed && !in_use_by_another(wish, *wish.agreed)) try_to_give(wish, wish.agreed);
    }
    give_lowest(given);
  }

  bool in_use_by_another(const Wish& wish, const IpAddress& ip) const {
    const auto [first, last] = users_.equal_range(ip);
    return std::any_of(first, last, [&wish](const auto& user) {
      return user.second != wish.own && user.second != wish.was;
    });
  }

  void give_lowest(const std::set<IpAddress>& given) {
    std::optional<FreeAddresses> free;
    for (Wish& wish : wishes_) {
      if (wish.given) continue;
      const std::string name = display(wish.resource->address, false, false);
      if (unknown_ && wish.own != nullptr) {
        leave(wish);
        continue;
      }
      if (unknown_) {
        resolved_.held.try_emplace(
            wish.resource->address,
            Hold{HoldCode::value_unknown,
                 fmt::format("{} gets no new address in {} while {} is unknown: {}", name,
                             wish.network->key, to_string(unknown_->scope), unknown_->why)});
        continue;
      }
      if (!free) {
        free.emplace(input_.spec, resolved_.desired, input_.live);
        for (const IpAddress& ip : given) free->take(ip);
      }
      wish.given = free->take_lowest(*wish.network);
      if (!wish.given) {
        refuse(*wish.resource,
               fmt::format("the network {} has no free address left", wish.network->key),
               "make the network larger, or its dhcp and reserved ranges smaller");
      }
    }
  }

  void keep(const Wish& wish) {
    warn(wish, fmt::format("keeps {}: {} is not given while {} is unknown", to_string(*wish.given),
                           to_string(*wish.rule), to_string(unknown_->scope)));
  }

  // It is there, and the rest of it can be compared.
  void leave(const Wish& wish) {
    wish.resource->attributes.erase("ip");
    warn(wish, fmt::format("keeps what it has: no new address is given in {} while {} is unknown",
                           wish.network->key, to_string(unknown_->scope)));
  }

  void warn(const Wish& wish, const std::string& what) {
    Error warning;
    warning.kind = ErrorKind::transient;
    warning.message = fmt::format("{} {}", display(wish.resource->address, false, false), what);
    warning.where = place_of(*wish.resource, "vmid", input_.spec);
    resolved_.warnings.push_back(std::move(warning));
  }

  void refuse(const Resource& resource, const std::string& what, const std::string& hint) {
    Error error;
    error.kind = ErrorKind::invalid_spec;
    error.message = fmt::format("{}: {}", display(resource.address, false, false), what);
    error.hint = hint;
    error.where = place_of(resource, "ip", input_.spec);
    resolved_.errors.push_back(std::move(error));
  }

  Resolved& resolved_;
  const ResolveInput& input_;
  std::optional<UnknownHolder> unknown_;
  std::vector<Wish> wishes_;
  std::map<IpAddress, const Resource*> declared_;
  std::map<IpAddress, std::size_t> by_rule_;
  std::multimap<IpAddress, const LiveEntry*> users_;
  std::set<const LiveEntry*> told_;  // entries that go where the spec says
};

}  // namespace

void assign_addresses(Resolved& resolved, const ResolveInput& input) {
  Assigning(resolved, input).run();
}

}  // namespace homeostat
