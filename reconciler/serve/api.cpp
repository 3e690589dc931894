#include "reconciler/serve/api.hpp"

#include <memory>

#include "reconciler/serve/auth.hpp"
#include "reconciler/serve/metrics.hpp"
#include "reconciler/serve/questions.hpp"

namespace homeostat {
namespace {

using nlohmann::json;
using Handle = decltype(Route::handle);

ServeReply text_reply(int status, const std::string& type, std::string text) {
  return {.status = status, .headers = {{"Content-Type", type}}, .body = std::move(text)};
}

ServeReply json_reply(const json& value, int status = 200) {
  return {.status = status,
          .headers = {},
          .body = value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"};
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_spec:
      return 422;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::auth:
      return 502;
    case ErrorKind::transient:
    case ErrorKind::cancelled:
      return 503;
    case ErrorKind::internal:
      break;
  }
  return 500;
}

// The excerpts stay here: a line of the user's text may hold what belongs nowhere else.
ServeReply errors_reply(const Errors& errors) {
  if (errors.empty()) return error_reply(500, "this failed inside the service");
  const Error& first = errors.front();
  json body = {{"error", first.message}};
  if (!first.hint.empty()) body["hint"] = first.hint;
  for (const Error& error : errors) body["errors"].push_back(to_string(error));
  return json_reply(body, status_of(first.kind));
}

ServeReply not_here() {
  return error_reply(501, "this service does not do that", "it is asked of `homeostat run`");
}

template <class Row>
ServeReply rows_reply(const std::string& name, const Result<std::vector<Row>>& rows) {
  if (!rows) return errors_reply({rows.error()});
  json all = json::array();
  for (const Row& row : *rows) all.push_back(to_json(row));
  return json_reply({{"version", 1}, {name, std::move(all)}});
}

class Api {
 public:
  Api(ApiSources sources, Gate gate) : sources_(std::move(sources)), gate_(std::move(gate)) {}

  [[nodiscard]] std::optional<ServeReply> refuse(const ServeRequest& request) {
    return gate_.refuse(request);
  }
  [[nodiscard]] std::size_t max_webhook_bytes() const { return sources_.max_webhook_bytes; }

  [[nodiscard]] ServeReply healthz() const {
    const auto still = sources_.now() - sources_.status().moved;
    if (still > sources_.stalled_after) {
      return error_reply(503, "the loop has not moved for " + std::to_string(still.count()) + " s");
    }
    return json_reply({{"status", "ok"}});
  }

  [[nodiscard]] ServeReply readyz() const {
    std::string waiting;
    for (const SiteStatus& site : sources_.status().sites) {
      if (!site.ready) waiting += (waiting.empty() ? "" : ", ") + site.site;
    }
    if (waiting.empty()) return json_reply({{"status", "ready"}});
    return error_reply(503, "not looked at yet: " + waiting);
  }

  [[nodiscard]] ServeReply metrics() const {
    return text_reply(200, "text/plain; version=0.0.4; charset=utf-8",
                      metrics_text(sources_.status(), sources_.now()));
  }

  [[nodiscard]] ServeReply status(const ServeRequest& request) const {
    const auto understood = no_query(request);
    return understood ? json_reply(to_json(sources_.status())) : understood.error();
  }

  [[nodiscard]] ServeReply plan(const ServeRequest& request, const std::stop_token& stop) const {
    if (!sources_.plan) return not_here();
    const auto query = plan_query(request, sources_.status());
    if (!query) return query.error();
    auto made = sources_.plan(*query, stop);
    if (!made) return errors_reply(made.error());
    const char* type = query->format == PlanFormat::json       ? "application/json"
                       : query->format == PlanFormat::markdown ? "text/markdown; charset=utf-8"
                                                               : "text/plain; charset=utf-8";
    ServeReply reply = text_reply(200, type, std::move(made->body));
    reply.headers[exit_code_header] = std::to_string(made->exit_code);
    return reply;
  }

  [[nodiscard]] ServeReply resources(const ServeRequest& request) const {
    if (!sources_.resources) return not_here();
    const auto query = rows_query(request, sources_.status());
    return query ? rows_reply("resources", sources_.resources(*query)) : query.error();
  }

  [[nodiscard]] ServeReply incidents(const ServeRequest& request) const {
    if (!sources_.incidents) return not_here();
    const auto query = incidents_query(request, sources_.status());
    return query ? rows_reply("incidents", sources_.incidents(*query)) : query.error();
  }

  [[nodiscard]] ServeReply history(const ServeRequest& request) const {
    if (!sources_.history) return not_here();
    const auto query = runs_query(request, sources_.status());
    return query ? rows_reply("runs", sources_.history(*query)) : query.error();
  }

  [[nodiscard]] std::optional<ServeReply> refuse_webhook(const ServeRequest& request) const {
    if (!sources_.webhook) return not_here();
    if (sources_.status().find(request.parameter) != nullptr) return std::nullopt;
    return error_reply(404, "no site of this name is followed here");
  }

  [[nodiscard]] ServeReply webhook(const ServeRequest& request) const {
    return sources_.webhook(request);
  }

 private:
  ApiSources sources_;
  Gate gate_;
};

}  // namespace

Result<std::vector<Route>> make_routes(ApiSources sources) {
  TRY_ASSIGN(Gate gate, Gate::open(sources.token_hash));
  // Every route has its part in it.
  const auto api = std::make_shared<Api>(std::move(sources), std::move(gate));
  const auto open = [](const std::string& path, std::function<ServeReply()> answer) {
    return Route{
        .method = "GET",
        .path = path,
        .handle = [answer = std::move(answer)](const auto&, const auto&) { return answer(); }};
  };
  const auto guarded = [&api](const std::string& path, bool slow, Handle answer) {
    return Route{.method = "GET",
                 .path = path,
                 .handle = std::move(answer),
                 .admit = [api](const ServeRequest& request) { return api->refuse(request); },
                 .slow = slow};
  };
  std::vector<Route> routes;
  routes.push_back(open("/healthz", [api] { return api->healthz(); }));
  routes.push_back(open("/readyz", [api] { return api->readyz(); }));
  routes.push_back(open("/metrics", [api] { return api->metrics(); }));
  routes.push_back(open("/api/v1/openapi.json", [] {
    return text_reply(200, "application/json", std::string(openapi_document()));
  }));
  routes.push_back(open("/api/v1/plan.schema.json", [] {
    return text_reply(200, "application/schema+json", std::string(plan_schema_document()));
  }));
  routes.push_back(guarded("/api/v1/status", false, [api](const auto& request, const auto&) {
    return api->status(request);
  }));
  routes.push_back(guarded("/api/v1/plan", true, [api](const auto& request, const auto& stop) {
    return api->plan(request, stop);
  }));
  routes.push_back(guarded("/api/v1/resources", true, [api](const auto& request, const auto&) {
    return api->resources(request);
  }));
  routes.push_back(guarded("/api/v1/incidents", true, [api](const auto& request, const auto&) {
    return api->incidents(request);
  }));
  routes.push_back(guarded("/api/v1/history", true, [api](const auto& request, const auto&) {
    return api->history(request);
  }));
  routes.push_back(
      {.method = "POST",
       .path = "/webhooks/{site}",
       .handle = [api](const auto& request, const auto&) { return api->webhook(request); },
       .admit = [api](const auto& request) { return api->refuse_webhook(request); },
       .max_body_bytes = api->max_webhook_bytes()});
  return routes;
}

}  // namespace homeostat
