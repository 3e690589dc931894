// What the service answers: its health, its figures, and what it knows, as openapi.json describes.
// Reads only; the one thing that comes in from outside is a webhook, and that only wakes the loop.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/plan.hpp"
#include "reconciler/report/report.hpp"
#include "reconciler/serve/server.hpp"
#include "reconciler/serve/status.hpp"

namespace homeostat {

enum class PlanFormat : std::uint8_t { json, text, markdown };

struct PlanQuery {
  std::string site = {};  // one that the status names
  std::string rev = {};   // "": what the loop follows; else a commit, branch or tag of its mirror
  PlanFormat format = PlanFormat::json;
  TextStyle style = {};      // of text
  PlanOptions options = {};  // only and exclude
};
// A plan as its renderer wrote it, and the exit code that `homeostat plan` ends with.
struct ServedPlan {
  int exit_code = 0;
  std::string body = {};
};
// What a client is told the exit code by.
inline constexpr const char* exit_code_header = "Homeostat-Exit-Code";

struct RowsQuery {
  std::string site = {};  // "": all
};
struct IncidentsQuery {
  std::string site = {};
  bool closed = false;  // those that are over, too
};
struct RunsQuery {
  std::string site = {};
  std::string address = {};  // "": all; else as people write it
  std::size_t limit = 100;   // the newest
};

// Called from several threads at once; only `status` and `webhook` on the server's own, so these
// two answer at once. An empty function: this is not there, and says so.
struct ApiSources {
  std::string token_hash = {};                                   // "": the API is off
  std::chrono::seconds stalled_after = std::chrono::minutes(5);  // then /healthz fails
  std::function<Time()> now = {};                                // needed
  std::function<ServiceStatus()> status = {};                    // needed
  std::function<tl::expected<ServedPlan, Errors>(const PlanQuery&, const std::stop_token&)> plan =
      {};
  std::function<Result<std::vector<ResourceRow>>(const RowsQuery&)> resources = {};
  std::function<Result<std::vector<IncidentRow>>(const IncidentsQuery&)> incidents = {};
  std::function<Result<std::vector<RunRow>>(const RunsQuery&)> history = {};
  // `parameter` is the site; it is one that the status names.
  std::function<ServeReply(const ServeRequest&)> webhook = {};
  std::size_t max_webhook_bytes = std::size_t{2} << 20;
};

// Error: a token_hash that is none.
[[nodiscard]] Result<std::vector<Route>> make_routes(ApiSources sources);

[[nodiscard]] std::string_view openapi_document();
[[nodiscard]] std::string_view plan_schema_document();

}  // namespace homeostat
