#include "tests/reconciler/serve/serve_lab.hpp"

#include <doctest/doctest.h>

#include "reconciler/serve/auth.hpp"

namespace homeostat::test {
namespace {

Time at(int seconds) { return Time(std::chrono::seconds(1'767'225'600 + seconds)); }

const std::string commit(40, 'a');

SiteStatus busy_site() {
  SiteStatus site;
  site.site = "home";
  site.ready = true;
  site.mode = "enforce";
  site.good =
      CommitStatus{.commit = commit, .subject = "More memory", .author = "Ana", .at = at(0)};
  site.refused = RefusedCommit{
      .commit = {.commit = std::string(40, 'b'), .subject = "Typo", .author = "", .at = at(60)},
      .why = "dns.yaml:4:3: unknown key"};
  site.remote_error = "no answer in 120 s";
  site.suspended = "moving house";
  site.looked = at(100);
  site.next_look = at(1000);
  site.last_run = RunStatus{
      .id = 12, .started = at(90), .ended = at(95), .exit_code = 2, .summary = "1 to change"};
  site.resources = {{ResourceState::in_sync, 55}, {ResourceState::drift, 2}};
  site.scopes = {{.scope = "pve", .why = "", .at = at(100)},
                 {.scope = "dns/lab", .why = "refused", .at = std::nullopt}};
  site.incidents = {{"drift", 2}, {"unreachable", 1}};
  site.outbox = 3;
  site.approvals = 1;
  site.runs = {{"applied", 10}, {"failed", 2}};
  site.durations.add(0.3);
  site.durations.add(4000);
  site.providers = {{"pve", {.calls = 120, .errors = 3}}};
  return site;
}

Result<std::vector<RunRow>> runs(const RunsQuery& query) {
  if (query.address == "dns/lab/nobody/A") {
    return fail(ErrorKind::not_found, "nothing is declared as " + query.address);
  }
  ChangeRecord change;
  change.address = {.site = "home", .kind = "dns", .name = "lab/nas/A", .provider = "dns"};
  change.action = "update";
  change.cause = "drift";
  change.outcome = "failed";
  change.message = "refused";
  change.fields.push_back(
      {.path = "values", .before = {"10.5.0.1"}, .after = nullptr, .cause = "drift", .by = "ops"});
  change.at = at(92);
  RunRow row{.site = "home"};
  row.run.run = {.id = 12,
                 .verb = "run",
                 .commit = commit,
                 .started = at(90),
                 .ended = at(95),
                 .exit_code = 2,
                 .summary = "1 to change"};
  row.run.changes = {change};
  RunRow cut = row;
  cut.run.run.exit_code = -1;
  return std::vector<RunRow>{row, cut};
}

}  // namespace

ServiceStatus busy_status() {
  ServiceStatus status;
  status.version = "0.1.0";
  status.started = at(0);
  status.moved = at(100);
  SiteStatus fresh;
  fresh.site = "office";
  status.sites = {busy_site(), fresh};
  return status;
}

std::string plan_document() {
  Plan plan;
  plan.site = "home";
  plan.made = at(5);
  plan.at = at(5);
  Spec spec;
  spec.site = "home";
  return render_json(plan, spec).dump();
}

ApiSources full_sources() {
  ApiSources sources;
  sources.token_hash = token_hash(token);
  sources.now = [] { return at(130); };
  sources.status = &busy_status;
  sources.plan = [](const PlanQuery&, const std::stop_token&) {
    return ServedPlan{.exit_code = 0, .body = plan_document()};
  };
  sources.resources = [](const RowsQuery&) -> Result<std::vector<ResourceRow>> {
    return std::vector<ResourceRow>{
        {.site = "home",
         .address = "home:dns/lab/nas/A@dns",
         .state = ResourceState::drift,
         .service = "",
         .text = "ttl 1h -> 5m",
         .since = at(3),
         .by = "ops"},
        {.site = "home", .address = "home:container/web@pve", .service = "web"}};
  };
  sources.incidents = [](const IncidentsQuery&) -> Result<std::vector<IncidentRow>> {
    return std::vector<IncidentRow>{{.id = 4,
                                     .site = "home",
                                     .kind = "drift",
                                     .title = "dns/lab/nas/A",
                                     .details = "ttl",
                                     .by = "ops",
                                     .since = at(3),
                                     .opened = at(4),
                                     .closed = std::nullopt}};
  };
  sources.history = &runs;
  sources.webhook = [](const ServeRequest&) { return ServeReply{.status = 202}; };
  return sources;
}

Server serve(ApiSources sources) {
  auto routes = make_routes(std::move(sources));
  if (!routes) FAIL(to_string(routes.error()));
  auto server = Server::open({.listen = "127.0.0.1:0"}, std::move(*routes));
  if (!server) FAIL(to_string(server.error()));
  return std::move(*server);
}

}  // namespace homeostat::test
