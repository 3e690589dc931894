#include "reconciler/loop/routes.hpp"

#include <algorithm>

#include "reconciler/loop/service.hpp"

namespace homeostat {
namespace {

using Sites = std::vector<std::unique_ptr<Site>>;

// "": all of them.
std::vector<const Site*> those_of(const Sites& sites, const std::string& name) {
  std::vector<const Site*> found;
  for (const auto& site : sites) {
    if (name.empty() || site->label() == name) found.push_back(site.get());
  }
  return found;
}

tl::expected<ServedPlan, Errors> plan_of(const Sites& sites, const PlanQuery& query,
                                         const std::stop_token& stop) {
  const auto found = those_of(sites, query.site);
  if (found.size() != 1) {
    return tl::unexpected(Errors{Error{
        ErrorKind::not_found, "no site is called " + query.site, "see /api/v1/status", {}, {}}});
  }
  auto round = found.front()->plan(query.rev, query.options, stop);
  if (!round) return tl::unexpected(round.error());
  const Plan& plan = round->planned.plan;
  ServedPlan served{.exit_code = exit_code(plan)};
  switch (query.format) {
    case PlanFormat::json:
      served.body = render_json(plan, round->spec)
                        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
      break;
    case PlanFormat::text:
      served.body = render_text(plan, round->spec, query.style);
      break;
    case PlanFormat::markdown:
      served.body = render_markdown(plan, round->spec);
      break;
  }
  return served;
}

Result<std::vector<IncidentRow>> incidents_of(const Sites& sites, const IncidentsQuery& query) {
  std::vector<IncidentRow> rows;
  for (const Site* site : those_of(sites, query.site)) {
    TRY_ASSIGN(const auto ledger, site->memory());
    if (!ledger) continue;
    TRY_ASSIGN(const auto incidents, ledger->incidents(query.closed ? Time{} : now()));
    for (const Incident& incident : incidents) {
      if (incident.closed && !query.closed) continue;
      rows.push_back({.id = incident.id,
                      .site = site->label(),
                      .kind = std::string(name_of(incident.trouble.kind)),
                      .title = incident.trouble.title,
                      .details = incident.trouble.details,
                      .by = incident.trouble.by,
                      .since = incident.trouble.since,
                      .opened = incident.opened,
                      .closed = incident.closed});
    }
  }
  return rows;
}

Result<std::vector<RunRow>> runs_of(const Sites& sites, const RunsQuery& query) {
  std::vector<RunRow> rows;
  for (const Site* site : those_of(sites, query.site)) {
    TRY_ASSIGN(const auto ledger, site->memory());
    if (!ledger) continue;
    std::optional<Address> address;
    if (!query.address.empty()) {
      TRY_ASSIGN(address, parse_address(query.address));
      if (address->site.empty()) address->site = site->label();
    }
    TRY_ASSIGN(auto runs, ledger->history(address, query.limit));
    for (RunHistory& run : runs) rows.push_back({site->label(), std::move(run)});
  }
  return rows;
}

}  // namespace

ApiSources sources_of(const Sites& sites, const ServiceSettings& settings, Time started) {
  ApiSources sources;
  sources.token_hash = settings.token_hash;
  sources.now = now;
  sources.status = [&sites, version = settings.version, started] {
    ServiceStatus status{.version = version, .started = started, .moved = now()};
    for (const auto& site : sites) {
      status.moved = std::min(status.moved, site->moved());
      status.sites.push_back(site->status());
    }
    return status;
  };
  sources.plan = [&sites](const PlanQuery& query, const std::stop_token& stop) {
    return plan_of(sites, query, stop);
  };
  sources.resources = [&sites](const RowsQuery& query) -> Result<std::vector<ResourceRow>> {
    std::vector<ResourceRow> rows;
    for (const Site* site : those_of(sites, query.site)) {
      for (ResourceRow& row : site->rows()) rows.push_back(std::move(row));
    }
    return rows;
  };
  sources.incidents = [&sites](const IncidentsQuery& query) { return incidents_of(sites, query); };
  sources.history = [&sites](const RunsQuery& query) { return runs_of(sites, query); };
  sources.webhook = [&sites](const ServeRequest& request) {
    for (const auto& site : sites) {
      if (site->label() == request.parameter) return site->webhook(request);
    }
    return error_reply(404, "no site is called " + request.parameter);
  };
  return sources;
}

}  // namespace homeostat
