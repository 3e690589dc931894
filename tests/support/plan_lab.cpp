#include "tests/support/plan_lab.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

namespace homeostat {

PlanLab::PlanLab() { spec.site = "home"; }

FakeProvider& PlanLab::add(const std::string& name, int max_in_flight) {
  spec.providers[name].name = name;
  spec.providers[name].max_in_flight = max_in_flight;
  return add_fake(providers, name, log);
}

Address PlanLab::address(const std::string& text) {
  const Result<Address> parsed = parse_address(text);
  REQUIRE(parsed);
  Address made = *parsed;
  made.site = "home";
  return made;
}

Resource& PlanLab::want(const std::string& text, Attributes attributes) {
  Resource& resource = planned.desired[address(text)];
  resource.address = address(text);
  resource.attributes = std::move(attributes);
  return resource;
}

LiveResource& PlanLab::have(const std::string& text, Attributes attributes, bool marker) {
  LiveResource& resource = live.emplace_back();
  resource.address = address(text);
  resource.native_id = resource.address.kind + "/" + resource.address.name;
  resource.attributes = std::move(attributes);
  if (marker) {
    resource.marker = Marker{"home", to_string(resource.address), resource.native_id, false};
  }
  planned.live[resource.address] = &resource;
  auto* provider = dynamic_cast<FakeProvider*>(providers.at(resource.address.provider)->get());
  provider->put(resource);
  return resource;
}

Change& PlanLab::change(Action action, const std::string& text,
                        const std::vector<std::string>& paths,
                        const std::vector<std::string>& needs) {
  Change& made = planned.plan.changes.emplace_back();
  made.action = action;
  made.address = address(text);
  const auto found = planned.live.find(made.address);
  if (found != planned.live.end()) {
    made.native_id = found->second->native_id;
    made.before = found->second->attributes;
  }
  for (const std::string& path : paths) {
    made.fields.emplace_back();
    made.fields.back().path = path;
  }
  for (const std::string& need : needs) made.needs.push_back(address(need));
  std::sort(made.needs.begin(), made.needs.end());
  return made;
}

Change& PlanLab::create(const std::string& text, const std::vector<std::string>& needs) {
  want(text, Attributes::object());
  return change(Action::create, text, {}, needs);
}

ExecuteInput PlanLab::input() {
  ExecuteInput made{.planned = planned, .spec = spec, .providers = providers, .secrets = secrets};
  made.timing.now = [] { return std::chrono::steady_clock::time_point(); };
  made.timing.wait = [this](std::chrono::milliseconds pause, const std::stop_token&) {
    if (pause.count() == 0) return;
    const std::lock_guard lock(pauses_mutex);
    pauses.push_back(pause);
  };
  made.timing.chance = [] { return 0.5; };
  made.on_progress = [this](Progress step, const Change& it, const Outcome*) {
    progress.push_back((step == Progress::started ? "started " : "finished ") +
                       display(it.address, false, false));
  };
  return made;
}

std::vector<Outcome> PlanLab::run(bool by_service) {
  ExecuteInput made = input();
  made.by_service = by_service;
  return run(made);
}

std::vector<Outcome> PlanLab::run(const ExecuteInput& made) {
  return execute(made, stop.get_token(), cancel.get_token());
}

std::vector<std::string> lines(const std::vector<Outcome>& outcomes) {
  static constexpr std::array names{"done", "failed", "skipped", "cancelled"};
  std::vector<std::string> made;
  for (const Outcome& outcome : outcomes) {
    std::string line = fmt::format("{} {}", names.at(static_cast<std::size_t>(outcome.kind)),
                                   display(outcome.address, false, false));
    if (outcome.error) line += ": " + outcome.error->message;
    made.push_back(std::move(line));
  }
  return made;
}

}  // namespace homeostat
