// A small site built in code: what is declared, what is live, what the ledger remembers.
#pragma once

#include <doctest/doctest.h>

#include <deque>
#include <string>

#include "reconciler/plan.hpp"
#include "reconciler/resolve.hpp"

namespace homeostat {

struct Site {
  Spec spec;
  Observed observed;
  LedgerView ledger;
  std::deque<ProviderInfo> infos;
  std::map<std::string, const ProviderInfo*> providers;
  std::uint32_t line = 0;

  Site() {
    spec.site = "home";
    spec.files = {"a.yaml"};
  }

  [[nodiscard]] static Address address(const std::string& text) {
    Address parsed = parse_address(text).value();
    if (parsed.site.empty()) parsed.site = "home";
    return parsed;
  }

  // An instance that manages `kinds`, and whose own scope is known.
  ProviderInfo& provider(const std::string& name, const std::vector<std::string>& kinds) {
    ProviderInfo& info = infos.emplace_back();
    for (const std::string& kind : kinds) {
      info.schema.kinds[kind] = {};
      info.kinds[kind] = {};
    }
    providers[name] = &info;
    spec.providers[name].name = name;
    observed.scopes[Scope{name, ""}];
    return info;
  }

  Network& network(const std::string& key, const std::string& cidr, Assign assign) {
    Network& made = spec.networks[key];
    made.key = key;
    made.cidr = parse_cidr(cidr).value();
    made.assign = assign;
    return made;
  }

  Zone& zone(const std::string& key, const std::string& name, const std::string& provider_name) {
    Zone& made = spec.zones[key];
    made.key = key;
    made.zone = name;
    made.on = {provider_name};
    observed.scopes[Scope{provider_name, key}];
    return made;
  }

  Resource& declare(const std::string& text, Attributes attributes) {
    Resource& made = spec.desired[address(text)];
    made.address = address(text);
    made.attributes = std::move(attributes);
    made.where = {0, ++line, 1};
    return made;
  }

  // Puts "a ${container.x@pve.ip}" where the pointer leads; its place must be there.
  static void refer(Resource& resource, const std::string& pointer, const std::string& text) {
    resource.attributes[nlohmann::json::json_pointer(pointer)] = text;
    Result<std::vector<TemplatePart>> parts = parse_template(text);
    REQUIRE(parts);
    for (TemplatePart& part : *parts) part.target.site = resource.address.site;
    resource.open.push_back({pointer, *parts, resource.where});
  }

  // Something live that carries no mark. References stay good until the next one of its scope.
  LiveResource& see(const std::string& text, Attributes attributes, const std::string& id = {}) {
    LiveResource& live = observed.scopes[scope_of(address(text))].resources.emplace_back();
    live.address = address(text);
    live.native_id = id.empty() ? text : id;
    live.attributes = std::move(attributes);
    return live;
  }
  LiveResource& see_ours(const std::string& text, Attributes attributes,
                         const std::string& id = {}) {
    LiveResource& live = see(text, std::move(attributes), id);
    live.marker = Marker{"home", to_string(live.address), live.native_id, false};
    return live;
  }

  void unknown(const std::string& provider_name, const std::string& why,
               const std::string& zone_key = {}) {
    ScopeState& state = observed.scopes[Scope{provider_name, zone_key}];
    state.resources.clear();
    state.unknown = Error{ErrorKind::transient, why, {}, {}, {}};
  }

  Owned& remember(const std::string& text, const std::string& id = {}) {
    Owned& row = ledger.owned[address(text)];
    row.native_id = id.empty() ? text : id;
    return row;
  }

  [[nodiscard]] LiveIndex index() const { return {observed, ledger, spec}; }

  [[nodiscard]] Resolved resolved() const {
    const LiveIndex live = index();
    const std::function<Attributes(const Address&, Attributes)> as_is;
    return resolve({spec, observed, ledger, live, providers, as_is}, spec.desired);
  }
};

}  // namespace homeostat
