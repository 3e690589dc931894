#include "reconciler/observe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "reconciler/lane.hpp"

namespace homeostat {
namespace {

// Each is moved once: they are large, and servers rarely list in this order.
std::vector<LiveResource> by_native_id(std::vector<LiveResource> resources) {
  std::vector<LiveResource*> order;
  order.reserve(resources.size());
  for (LiveResource& live : resources) order.push_back(&live);
  const auto before = [](const LiveResource* a, const LiveResource* b) {
    return a->native_id < b->native_id;
  };
  if (std::is_sorted(order.begin(), order.end(), before)) return resources;
  std::stable_sort(order.begin(), order.end(), before);
  std::vector<LiveResource> moved;
  moved.reserve(order.size());
  for (LiveResource* const live : order) moved.push_back(std::move(*live));
  return moved;
}

// Two things under one name: whichever is meant, nothing may be decided on them.
std::optional<Error> check_answer(const std::vector<LiveResource>& sorted) {
  const auto twice = std::adjacent_find(
      sorted.begin(), sorted.end(),
      [](const LiveResource& a, const LiveResource& b) { return a.native_id == b.native_id; });
  if (twice != sorted.end()) {
    return Error{
        ErrorKind::internal, fmt::format("`{}` is listed twice", twice->native_id), {}, {}, {}};
  }
  const auto odd = std::find_if(sorted.begin(), sorted.end(), [](const LiveResource& resource) {
    return resource.native_id.empty() || !resource.attributes.is_object();
  });
  if (odd == sorted.end()) return std::nullopt;
  return Error{ErrorKind::internal,
               fmt::format("`{}` is listed without a name of its own, or without fields",
                           to_string(odd->address)),
               {},
               {},
               {}};
}

Result<Observation> ask(Provider& provider, const Scope& scope, const std::stop_token& stop) {
  if (stop.stop_requested()) return fail(ErrorKind::cancelled, "stopped before it was looked at");
  try {
    return provider.observe(scope, stop);
  } catch (const std::exception& thrown) {
    return fail(ErrorKind::internal, fmt::format("the provider broke: {}", thrown.what()));
  } catch (...) {
    return fail(ErrorKind::internal, "the provider broke");
  }
}

ScopeState look(Provider& provider, const Scope& scope, const std::stop_token& stop) {
  ScopeState state;
  Result<Observation> answer = ask(provider, scope, stop);
  if (!answer) {
    state.unknown = std::move(answer).error();
    return state;
  }
  if (answer->incomplete) {
    state.unknown = std::move(answer->incomplete);
    // One line is all that a plan's header has for it: the place belongs there.
    const std::string place = to_string(state.unknown->where);
    if (!place.empty()) state.unknown->message = place + ": " + state.unknown->message;
    return state;
  }
  state.resources = by_native_id(std::move(answer->resources));
  state.warnings = std::move(answer->warnings);
  state.unknown = check_answer(state.resources);
  if (state.unknown) state.resources.clear();
  return state;
}

std::size_t in_flight_limit(const Spec& spec, const std::string& instance) {
  const auto config = spec.providers.find(instance);
  const int limit = config == spec.providers.end() ? 1 : config->second.max_in_flight;
  return static_cast<std::size_t>(std::max(limit, 1));
}

}  // namespace

std::set<Scope> scopes_of(const Spec& spec) {
  std::set<Scope> scopes;
  for (const auto& [name, config] : spec.providers) scopes.insert(Scope{name, {}});
  for (const auto& [key, zone] : spec.zones) {
    for (const std::string& provider : zone.on) scopes.insert(Scope{provider, key});
  }
  return scopes;
}

Observed observe(const Spec& spec, Providers& providers, const std::set<Scope>& scopes,
                 const std::function<Time()>& now, std::stop_token stop) {
  Observed observed;
  std::mutex clock_mutex;  // `now` need not be safe to call from several threads
  std::map<std::string, std::vector<std::pair<const Scope*, ScopeState*>>> by_provider;
  for (const Scope& scope : scopes) {
    by_provider[scope.provider].emplace_back(&scope, &observed.scopes[scope]);
  }
  std::vector<std::unique_ptr<Lane>> lanes;  // joined before anything above goes
  for (const auto& [name, wanted] : by_provider) {
    const auto opened = providers.find(name);
    if (opened == providers.end() || !opened->second) {
      const Error why = opened == providers.end()
                            ? Error{ErrorKind::internal, "no such provider was opened", {}, {}, {}}
                            : opened->second.error();
      for (const auto& [scope, state] : wanted) {
        state->unknown = why;
        const std::lock_guard lock(clock_mutex);
        state->at = now();
      }
      continue;
    }
    Provider* const provider = opened->second->get();
    lanes.push_back(std::make_unique<Lane>(std::min(in_flight_limit(spec, name), wanted.size())));
    for (const auto& pair : wanted) {
      const Scope* const scope = pair.first;
      ScopeState* const state = pair.second;
      lanes.back()->submit([=, &stop, &now, &clock_mutex] {
        *state = look(*provider, *scope, stop);
        const std::lock_guard lock(clock_mutex);
        state->at = now();
      });
    }
  }
  lanes.clear();
  return observed;
}

}  // namespace homeostat
