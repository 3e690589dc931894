#include "tests/providers/powerdns/powerdns_lab.hpp"

#include <algorithm>
#include <array>

namespace homeostat::test {

PdnsLab::PdnsLab(PdnsBackend backend) : server(backend) {
  settings = {{"url", server.url()}, {"key", PdnsServer::key}};
  config.name = "dns";
  config.type = "powerdns";
  add_zone("lab", "lab.example.org");
}

void PdnsLab::add_zone(const std::string& key, const std::string& name, bool create) {
  if (create) server.create_zone(name);
  Zone zone;
  zone.key = key;
  zone.zone = name;
  zones[key] = zone;
  open();
}

void PdnsLab::open(bool read_only) {
  const auto types = builtin_providers();
  const auto type = std::find_if(types.begin(), types.end(),
                                 [](const ProviderType& it) { return it.name == "powerdns"; });
  REQUIRE(type != types.end());
  const std::string folder = "/nowhere";
  const std::string site = "home";
  config.settings = settings;
  auto opened = type->make(ProviderContext{config, settings, folder, site, zones, read_only});
  REQUIRE_MESSAGE(opened, opened.error().message);
  provider = std::move(*opened);
}

std::vector<LiveResource> PdnsLab::observe(const std::string& zone) {
  auto observation = provider->observe(Scope{"dns", zone}, {});
  REQUIRE_MESSAGE(observation, to_string(observation.error()));
  REQUIRE_FALSE(observation->incomplete);
  std::erase_if(observation->resources, [](const LiveResource& live) {
    return live.address.name.ends_with("/%40/SOA") || live.address.name.ends_with("/%40/NS");
  });
  std::sort(observation->resources.begin(), observation->resources.end(),
            [](const LiveResource& a, const LiveResource& b) { return a.native_id < b.native_id; });
  return observation->resources;
}

LiveResource PdnsLab::only(const std::string& zone) {
  auto resources = observe(zone);
  REQUIRE(resources.size() == 1);
  return resources.front();
}

std::string PdnsLab::trouble(const std::string& zone) {
  const auto observation = provider->observe(Scope{"dns", zone}, {});
  if (!observation) return to_string(observation.error());
  return observation->incomplete ? to_string(*observation->incomplete) : "";
}

Address PdnsLab::address(const std::string& text) {
  auto parsed = parse_address(text);
  REQUIRE(parsed);
  parsed->site = "home";
  parsed->provider = "dns";
  return *parsed;
}

PdnsStep create(const std::string& text, const Attributes& after) {
  const Address to = PdnsLab::address(text);
  return {StepKind::create, to, "", nullptr, after, {"home", to_string(to), "", false}};
}

PdnsStep update(const LiveResource& live, const Attributes& after) {
  return {StepKind::update, live.address, live.native_id,
          live.attributes,  after,        {"home", to_string(live.address), live.native_id, false}};
}

PdnsStep remove(const LiveResource& live) {
  return {StepKind::remove, live.address, live.native_id,
          live.attributes,  nullptr,      {"home", to_string(live.address), live.native_id, false}};
}

PdnsStep mark(const LiveResource& live, const std::string& as) {
  const Address to = PdnsLab::address(as);
  return {StepKind::mark,  to,      live.native_id,
          live.attributes, nullptr, {"home", to_string(to), live.native_id, false}};
}

PdnsStep unmark(const LiveResource& live) {
  return {StepKind::mark, live.address, live.native_id, live.attributes, nullptr, {}};
}

std::vector<Result<StepResult>> do_steps(PdnsLab& lab, const std::vector<PdnsStep>& steps,
                                         std::stop_token stop) {
  std::vector<Step> shown;
  shown.reserve(steps.size());
  for (const PdnsStep& step : steps) {
    shown.push_back(
        {step.kind, step.address, step.native_id, step.before, step.after, step.marker});
  }
  auto results = lab.provider->apply(shown, std::move(stop));
  REQUIRE(results.size() == steps.size());
  return results;
}

std::vector<std::string> said(const std::vector<Result<StepResult>>& results) {
  static constexpr std::array names{"invalid_spec", "auth",      "not_found", "conflict",
                                    "transient",    "cancelled", "internal"};
  std::vector<std::string> lines;
  lines.reserve(results.size());
  for (const auto& result : results) {
    lines.push_back(result ? "done"
                           : std::string(names.at(static_cast<std::size_t>(result.error().kind))) +
                                 ": " + result.error().message);
  }
  return lines;
}

}  // namespace homeostat::test
