#include "reconciler/serve/status.hpp"

#include <algorithm>

#include "reconciler/report/json_parts.hpp"
#include "reconciler/report/words.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<ResourceState, std::string_view>, 7> states = {
    {{ResourceState::in_sync, "in_sync"},
     {ResourceState::differs, "differs"},
     {ResourceState::drift, "drift"},
     {ResourceState::blocked, "blocked"},
     {ResourceState::waiting, "waiting"},
     {ResourceState::unknown, "unknown"},
     {ResourceState::stuck, "stuck"}}};

json time_or_null(const std::optional<Time>& time) { return time ? json(utc_time(*time)) : json(); }

json commit_json(const CommitStatus& commit) {
  return {{"commit", commit.commit},
          {"subject", commit.subject},
          {"author", text_or_null(commit.author)},
          {"at", utc_time(commit.at)}};
}

json refused_json(const RefusedCommit& refused) {
  json out = commit_json(refused.commit);
  out["why"] = refused.why;
  return out;
}

json run_json(const RunStatus& run) {
  return {{"run", run.id},
          {"started", utc_time(run.started)},
          {"ended", time_or_null(run.ended)},
          {"exit_code", run.ended ? json(run.exit_code) : json()},
          {"summary", run.summary}};
}

json scopes_json(const SiteStatus& site) {
  json out = json::array();
  for (const ScopeStatus& scope : site.scopes) {
    out.push_back({{"scope", scope.scope},
                   {"state", scope.why.empty() ? "ok" : "unknown"},
                   {"why", text_or_null(scope.why)},
                   {"at", time_or_null(scope.at)}});
  }
  return out;
}

}  // namespace

std::string_view name_of(ResourceState state) {
  for (const auto& [known, name] : states) {
    if (known == state) return name;
  }
  return {};
}

std::vector<ResourceState> resource_states() {
  std::vector<ResourceState> all;
  all.reserve(states.size());
  for (const auto& [state, name] : states) all.push_back(state);
  return all;
}

void Durations::add(double seconds) {
  const auto* bound = std::lower_bound(bounds.begin(), bounds.end(), seconds);
  ++counts[static_cast<std::size_t>(bound - bounds.begin())];
  sum += seconds;
}

std::uint64_t Durations::count() const {
  std::uint64_t all = 0;
  for (const std::uint64_t one : counts) all += one;
  return all;
}

const SiteStatus* ServiceStatus::find(const std::string& site) const {
  for (const SiteStatus& one : sites) {
    if (one.site == site) return &one;
  }
  return nullptr;
}

json to_json(const SiteStatus& status) {
  json resources = json::object();
  for (const auto& [state, name] : states) {
    const auto found = status.resources.find(state);
    resources[std::string(name)] = found == status.resources.end() ? 0 : found->second;
  }
  json incidents = json::object();
  for (const auto& [kind, count] : status.incidents) incidents[kind] = count;
  json runs = json::object();
  for (const auto& [outcome, count] : status.runs) runs[outcome] = count;
  json providers = json::object();
  for (const auto& [name, counts] : status.providers) {
    providers[name] = {{"calls", counts.calls}, {"errors", counts.errors}};
  }
  return {{"site", status.site},
          {"ready", status.ready},
          {"mode", status.mode},
          {"good", status.good ? commit_json(*status.good) : json()},
          {"refused", status.refused ? refused_json(*status.refused) : json()},
          {"remote_error", text_or_null(status.remote_error)},
          {"suspended", status.suspended ? json(*status.suspended) : json()},
          {"looked", time_or_null(status.looked)},
          {"next_look", time_or_null(status.next_look)},
          {"last_run", status.last_run ? run_json(*status.last_run) : json()},
          {"resources", std::move(resources)},
          {"scopes", scopes_json(status)},
          {"incidents", std::move(incidents)},
          {"outbox", status.outbox},
          {"approvals", status.approvals},
          {"runs", std::move(runs)},
          {"providers", std::move(providers)}};
}

json to_json(const ServiceStatus& status) {
  json sites = json::array();
  for (const SiteStatus& site : status.sites) sites.push_back(to_json(site));
  return {{"version", 1},
          {"homeostat", status.version},
          {"started", utc_time(status.started)},
          {"sites", std::move(sites)}};
}

json to_json(const ResourceRow& row) {
  return {{"site", row.site},
          {"address", row.address},
          {"state", name_of(row.state)},
          {"service", text_or_null(row.service)},
          {"text", row.text},
          {"since", time_or_null(row.since)},
          {"by", text_or_null(row.by)}};
}

json to_json(const IncidentRow& row) {
  return {{"incident", row.id},
          {"site", row.site},
          {"kind", row.kind},
          {"title", row.title},
          {"details", text_or_null(row.details)},
          {"by", text_or_null(row.by)},
          {"since", utc_time(row.since)},
          {"opened", utc_time(row.opened)},
          {"closed", time_or_null(row.closed)}};
}

json to_json(const RunRow& row) {
  json out = run_json(row.run);
  out["site"] = row.site;
  return out;
}

}  // namespace homeostat
