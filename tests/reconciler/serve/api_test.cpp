#include "reconciler/serve/api.hpp"

#include <doctest/doctest.h>

#include <set>

#include "tests/reconciler/serve/serve_lab.hpp"
#include "tests/support/json_schema.hpp"
#include "tests/support/raw_http.hpp"

namespace homeostat {
namespace {

using nlohmann::json;
using test::RawReply;

const std::string bearer = std::string("Authorization: Bearer ") + test::token + "\r\n";

json document() { return json::parse(openapi_document()); }

RawReply get(const Server& server, const std::string& path, const std::string& headers = bearer) {
  return test::raw_http(server.port(), "GET", path, {}, headers);
}

// The schema of one operation's answer; null where none is described.
json schema_of(const json& operation, const RawReply& reply) {
  const json all = document();
  const auto& responses = operation.at("responses");
  const auto found = responses.find(std::to_string(reply.status));
  if (found == responses.end()) return {};
  const json* response = &*found;
  if (response->contains("$ref")) {
    const auto pointer = response->at("$ref").get<std::string>().substr(1);
    response = &all.at(json::json_pointer(pointer));
  }
  const json contents = response->value("content", json::object());
  for (const auto& [type, content] : contents.items()) {
    if (reply.head.find("Content-Type: " + type) == std::string::npos) continue;
    return content.at("schema");
  }
  return response->contains("content") ? json() : json(true);
}

// Answers that must be as the document describes them: one look of the validator at all of them.
class Answers {
 public:
  void add(const std::string& method, const std::string& path, const RawReply& reply) {
    const std::string name = method + " " + path + " " + std::to_string(reply.status) + " #" +
                             std::to_string(answers_.size());
    const json schema = schema_of(document().at("paths").at(path).at(method), reply);
    CAPTURE(reply.head);
    CAPTURE(reply.body);
    CAPTURE(name);
    CHECK_MESSAGE(!schema.is_null(), "no such answer is described");
    const bool is_json = schema != true && reply.head.find("json") != std::string::npos;
    answers_[name] = is_json ? json::parse(reply.body) : json(reply.body);
    schemas_[name] = schema;
  }
  // "" where all are right.
  [[nodiscard]] std::string wrong() const {
    return validate_with({{"properties", schemas_}, {"components", document().at("components")}},
                         answers_);
  }

 private:
  json answers_ = json::object();
  json schemas_ = json::object();
};

TEST_CASE("api: every route of the document is served, and every route served is in it") {
  const auto routes = make_routes(test::full_sources());
  REQUIRE(routes);
  std::set<std::string> served;
  for (const Route& route : *routes) served.insert(route.method + " " + route.path);
  std::set<std::string> described;
  const json all = document();
  for (const auto& [path, methods] : all.at("paths").items()) {
    for (const auto& [method, operation] : methods.items()) {
      described.insert((method == "get" ? "GET " : "POST ") + path);
      // Whether the document asks for the token is what the route does.
      const bool guarded = operation.at("security") != json::array();
      for (const Route& route : *routes) {
        if (route.path == path) CHECK((route.admit && route.method == "GET") == guarded);
      }
    }
  }
  CHECK(served == described);
}

TEST_CASE("api: every answer is as the document describes it") {
  Answers answers;
  const Server server = test::serve(test::full_sources());
  const json all = document();
  for (const auto& entry : all.at("paths").items()) {
    const std::string& path = entry.key();
    if (!entry.value().contains("get")) continue;
    CAPTURE(path);
    const std::string asked = path == "/api/v1/plan" ? path + "?site=home" : path;
    const RawReply reply = get(server, asked);
    // One of two sites has not been looked at.
    CHECK(reply.status == (path == "/readyz" ? 503 : 200));
    answers.add("get", path, reply);
  }
  for (const char* path : {"/api/v1/status", "/api/v1/plan", "/api/v1/resources",
                           "/api/v1/incidents", "/api/v1/history"}) {
    CAPTURE(path);
    const RawReply nobody = get(server, path, "");
    CHECK(nobody.status == 401);
    answers.add("get", path, nobody);
    const RawReply wrong = get(server, path + std::string("?nonsense=1"));
    CHECK(wrong.status == 400);
    answers.add("get", path, wrong);
    if (path == std::string("/api/v1/status")) continue;
    const RawReply elsewhere = get(server, path + std::string("?site=mars"));
    CHECK(elsewhere.status == 404);
    CHECK(elsewhere.body.find("home, office") != std::string::npos);
    answers.add("get", path, elsewhere);
  }
  const RawReply hook = test::raw_http(server.port(), "POST", "/webhooks/home", "{}");
  CHECK(hook.status == 202);
  answers.add("post", "/webhooks/{site}", hook);
  answers.add("post", "/webhooks/{site}",
              test::raw_http(server.port(), "POST", "/webhooks/mars", "{}"));
  CHECK(answers.wrong() == "");
}

TEST_CASE("api: the document is OpenAPI 3.1 whose schemas are strict JSON Schemas") {
  const json all = document();
  CHECK(all.at("openapi") == "3.1.0");
  const json& schemas = all.at("components").at("schemas");
  const json whole = {{"$defs", schemas}, {"components", all.at("components")}};
  CHECK(validate_with(whole, json::object()) == "");
  json status = whole;
  status["$ref"] = "#/components/schemas/Status";
  CHECK(validate_with(status, {{"version", 1}}) != "");
  for (const auto& entry : schemas.items()) {
    const std::string& name = entry.key();
    const json& schema = entry.value();
    CAPTURE(name);
    // A plan is described in full by a schema of its own.
    if (schema.contains("properties") && name != "Plan") {
      CHECK(schema.at("additionalProperties") == false);
    }
  }
  CHECK(json::parse(plan_schema_document()).at("title") == "Homeostat plan");
  CHECK(validate("reconciler/report/plan.schema.json", json::parse(test::plan_document())) == "");
}

TEST_CASE("api: a fresh service and its silence are answered too") {
  Answers answers;
  ApiSources sources = test::full_sources();
  sources.status = [] { return ServiceStatus{}; };
  sources.resources = {};
  const Server server = test::serve(sources);
  answers.add("get", "/api/v1/status", get(server, "/api/v1/status"));
  CHECK(get(server, "/readyz").status == 200);
  CHECK(get(server, "/healthz").status == 503);
  CHECK(get(server, "/api/v1/resources").status == 501);
  CHECK(get(server, "/api/v1/plan").body.find("this service follows none") != std::string::npos);
  CHECK(answers.wrong() == "");
}

TEST_CASE("api: without a token's hash the API is off, and what a machine needs is not") {
  Answers answers;
  ApiSources sources = test::full_sources();
  sources.token_hash = "";
  const Server server = test::serve(sources);
  const RawReply off = get(server, "/api/v1/status");
  CHECK(off.status == 403);
  answers.add("get", "/api/v1/status", off);
  CHECK(get(server, "/healthz", "").status == 200);
  CHECK(get(server, "/metrics", "").status == 200);
  CHECK(test::raw_http(server.port(), "POST", "/webhooks/home", "{}").status == 202);
  sources.token_hash = "secret";
  CHECK_FALSE(make_routes(sources));
  CHECK(answers.wrong() == "");
}

TEST_CASE("api: wrong tokens are held back") {
  Answers answers;
  const Server server = test::serve(test::full_sources());
  RawReply last;
  for (int i = 0; i < 6; ++i) {
    last = get(server, "/api/v1/status", "Authorization: Bearer " + std::to_string(i) + "\r\n");
  }
  CHECK(last.status == 429);
  CHECK(last.head.find("Retry-After: ") != std::string::npos);
  answers.add("get", "/api/v1/status", last);
  CHECK(get(server, "/api/v1/status").status == 429);
  CHECK(get(server, "/healthz").status == 200);
  CHECK(answers.wrong() == "");
}

TEST_CASE("api: health fails when the loop stands still") {
  Answers answers;
  ApiSources sources = test::full_sources();
  Time now = sources.now();
  sources.now = [&now] { return now; };
  const Server server = test::serve(sources);
  CHECK(get(server, "/healthz").status == 200);
  now += std::chrono::minutes(5);
  const RawReply stalled = get(server, "/healthz");
  CHECK(stalled.status == 503);
  CHECK(stalled.body.find("has not moved for 330 s") != std::string::npos);
  answers.add("get", "/healthz", stalled);
  CHECK(answers.wrong() == "");
}

TEST_CASE("api: a plan is asked for with all that was said, and comes as it was rendered") {
  Answers answers;
  PlanQuery seen;
  ApiSources sources = test::full_sources();
  sources.plan = [&seen](const PlanQuery& query,
                         const std::stop_token&) -> tl::expected<ServedPlan, Errors> {
    seen = query;
    if (query.rev == "bad") {
      return tl::unexpected(Errors{
          fail(ErrorKind::invalid_spec, "unknown key", "did you mean `dns`", {"a.yaml", 3, 1})
              .value(),
          fail(ErrorKind::invalid_spec, "another one").value()});
    }
    if (query.rev == "none") {
      return tl::unexpected(Errors{fail(ErrorKind::not_found, "no revision none").value()});
    }
    return ServedPlan{.exit_code = 2, .body = "1 to change\n"};
  };
  const Server server = test::serve(sources);
  const RawReply reply =
      get(server,
          "/api/v1/plan?site=home&rev=feature%2Fx&format=text&only=dns%2F*&only=ip%2F*&exclude=a"
          "&color=true&width=120&utc_offset=-90&verbose=true");
  CHECK(reply.status == 200);
  CHECK(reply.body == "1 to change\n");
  CHECK(reply.head.find("Homeostat-Exit-Code: 2") != std::string::npos);
  CHECK(reply.head.find("Content-Type: text/plain") != std::string::npos);
  CHECK(seen.site == "home");
  CHECK(seen.rev == "feature/x");
  CHECK(seen.format == PlanFormat::text);
  CHECK(seen.options.only == std::vector<std::string>{"dns/*", "ip/*"});
  CHECK(seen.options.exclude == std::vector<std::string>{"a"});
  CHECK(seen.style.color);
  CHECK(seen.style.verbose);
  CHECK(seen.style.width == 120);
  CHECK(seen.style.utc_offset_minutes == -90);

  const RawReply bad = get(server, "/api/v1/plan?site=home&rev=bad");
  CHECK(bad.status == 422);
  CHECK(json::parse(bad.body) ==
        json{{"error", "unknown key"},
             {"hint", "did you mean `dns`"},
             {"errors", {"a.yaml:3:1: unknown key (did you mean `dns`)", "another one"}}});
  answers.add("get", "/api/v1/plan", bad);
  CHECK(get(server, "/api/v1/plan?site=home&rev=none").status == 404);
  CHECK(get(server, "/api/v1/plan").body.find("which site?") != std::string::npos);
  for (const char* wrong : {"format=xml", "color=maybe", "width=5", "width=-30", "utc_offset=x",
                            "width=99999999999999999999", "rev=a&rev=b"}) {
    CAPTURE(wrong);
    CHECK(get(server, std::string("/api/v1/plan?site=home&") + wrong).status == 400);
  }
  CHECK(answers.wrong() == "");
}

TEST_CASE("api: history is asked for with its limits") {
  RunsQuery seen;
  ApiSources sources = test::full_sources();
  sources.history = [&seen](const RunsQuery& query) -> Result<std::vector<RunRow>> {
    seen = query;
    return std::vector<RunRow>{};
  };
  const Server server = test::serve(sources);
  CHECK(get(server, "/api/v1/history?site=home&address=dns%2Flab%2Fnas%2FA&limit=7").status == 200);
  CHECK(seen.site == "home");
  CHECK(seen.address == "dns/lab/nas/A");
  CHECK(seen.limit == 7);
  CHECK(get(server, "/api/v1/history?limit=0").status == 400);
  CHECK(get(server, "/api/v1/history?limit=1001").status == 400);
}

TEST_CASE("api: a webhook has its raw body and headers, and the limit of its size") {
  ServeRequest seen;
  ApiSources sources = test::full_sources();
  sources.max_webhook_bytes = 10;
  sources.webhook = [&seen](const ServeRequest& request) {
    seen = request;
    return error_reply(401, "the signature is wrong");
  };
  const Server server = test::serve(sources);
  const auto post = [&server](const std::string& path, const std::string& body) {
    return test::raw_http(server.port(), "POST", path, body, "X-Forgejo-Signature: ab\r\n").status;
  };
  CHECK(post("/webhooks/home", "{ \"a\":1 }") == 401);
  CHECK(seen.body == "{ \"a\":1 }");
  CHECK(seen.parameter == "home");
  CHECK(seen.header("x-forgejo-signature") == "ab");
  CHECK(post("/webhooks/home", "12345678901") == 413);
  CHECK(post("/webhooks/mars", "{}") == 404);
}

}  // namespace
}  // namespace homeostat
