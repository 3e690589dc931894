#include "reconciler/serve/client.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "tests/reconciler/serve/serve_lab.hpp"
#include "tests/support/certificate.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat {
namespace {

AskedServer to(const Server& server) { return {.url = server.url(), .token = test::token}; }

std::string error_of(const tl::expected<ServedPlan, Errors>& made) {
  std::string text;
  if (!made) {
    for (const Error& error : made.error()) text += to_string(error) + "\n";
  }
  return text;
}

TEST_CASE("client: the plan comes as the service rendered it, with its exit code") {
  PlanQuery seen;
  ApiSources sources = test::full_sources();
  sources.plan = [&seen](const PlanQuery& query, const std::stop_token&) {
    seen = query;
    return ServedPlan{.exit_code = 3, .body = "what there is\n"};
  };
  const Server server = test::serve(sources);
  PlanQuery query{
      .site = "home",
      .rev = "feature/x&y",
      .format = PlanFormat::text,
      .style = {.color = true, .width = 99, .utc_offset_minutes = -60, .verbose = true}};
  query.options.only = {"dns/lab/*", "ip/*"};
  query.options.exclude = {"x y"};
  const auto made = ask_for_plan(to(server), query, {});
  REQUIRE_MESSAGE(made, error_of(made));
  CHECK(made->exit_code == 3);
  CHECK(made->body == "what there is\n");
  CHECK(seen.site == query.site);
  CHECK(seen.rev == query.rev);
  CHECK(seen.format == query.format);
  CHECK(seen.style.color);
  CHECK(seen.style.verbose);
  CHECK(seen.style.width == 99);
  CHECK(seen.style.utc_offset_minutes == -60);
  CHECK(seen.options.only == query.options.only);
  CHECK(seen.options.exclude == query.options.exclude);
  for (const PlanFormat format : {PlanFormat::json, PlanFormat::markdown}) {
    REQUIRE(ask_for_plan(to(server), {.site = "home", .format = format}, {}));
    CHECK(seen.format == format);
  }
}

TEST_CASE("client: what the service says is wrong is said, with its hint, and without the token") {
  ApiSources sources = test::full_sources();
  sources.plan = [](const PlanQuery&, const std::stop_token&) -> tl::expected<ServedPlan, Errors> {
    return tl::unexpected(
        Errors{fail(ErrorKind::invalid_spec, "unknown key", "", {"a.yaml", 3, 1}).value(),
               fail(ErrorKind::invalid_spec, "another one").value()});
  };
  const Server server = test::serve(sources);
  const PlanQuery home{.site = "home"};
  CHECK(error_of(ask_for_plan(to(server), home, {})) == "a.yaml:3:1: unknown key\nanother one\n");
  const std::string many = error_of(ask_for_plan(to(server), {}, {}));
  CHECK(many.find("which site? (here are home, office)") != std::string::npos);
  AskedServer wrong = to(server);
  wrong.token = "another-one-that-is-wrong";
  const std::string refused = error_of(ask_for_plan(wrong, home, {}));
  CHECK(refused.find("the token is wrong") != std::string::npos);
  CHECK(refused.find("another-one") == std::string::npos);
  wrong.token = "";
  CHECK(error_of(ask_for_plan(wrong, home, {})).find("send Authorization: Bearer TOKEN") !=
        std::string::npos);
  wrong.url += "/elsewhere";
  CHECK(error_of(ask_for_plan(wrong, home, {})).find("nothing is here") != std::string::npos);
}

TEST_CASE("client: another server than ours is told apart") {
  const auto server = Server::open(
      {.listen = "127.0.0.1:0"},
      {{.method = "GET", .path = "/api/v1/plan", .handle = [](const auto&, const auto&) {
          return ServeReply{.status = 200, .headers = {}, .body = "{}"};
        }}});
  REQUIRE(server);
  CHECK(error_of(ask_for_plan(to(*server), {.site = "home"}, {}))
            .find("what answers is no `homeostat run`") != std::string::npos);
}

TEST_CASE("client: a token comes from a file that is private, or from the environment") {
  const TempDir folder;
  folder.write("token", "abc\n");
  const std::string path = folder.path() + "/token";
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  CHECK_FALSE(find_token(path));
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  CHECK(find_token(path) == "abc");
  CHECK_FALSE(find_token(folder.path() + "/none"));
  setenv("HOMEOSTAT_TOKEN", "xyz", 1);  // NOLINT(concurrency-mt-unsafe)
  CHECK(find_token("") == "xyz");
  CHECK(find_token(path) == "abc");
  unsetenv("HOMEOSTAT_TOKEN");  // NOLINT(concurrency-mt-unsafe)
  CHECK(find_token("") == "");
}

TEST_CASE("client: TLS by the certificate's fingerprint") {
  const TempDir folder;
  const auto made = test::make_certificate({.folder = folder.path(), .file = "own"});
  std::filesystem::permissions(made.key_file, std::filesystem::perms(0600));
  auto routes = make_routes(test::full_sources());
  REQUIRE(routes);
  const auto server = Server::open(
      {.listen = "127.0.0.1:0", .certificate_file = made.file, .key_file = made.key_file},
      std::move(*routes));
  REQUIRE(server);
  AskedServer asked = to(*server);
  CHECK_FALSE(ask_for_plan(asked, {.site = "home"}, {}));
  asked.fingerprint = made.fingerprint;
  CHECK(ask_for_plan(asked, {.site = "home"}, {}));
}

TEST_CASE("client: a machine asks its own service by what its machine file says") {
  const auto url_of = [](const std::string& listen) {
    const auto asked = own_server(listen, "");
    return asked ? asked->url : to_string(asked.error());
  };
  CHECK(url_of("127.0.0.1:8471") == "http://127.0.0.1:8471");
  CHECK(url_of("0.0.0.0:8471") == "http://127.0.0.1:8471");
  CHECK(url_of("[::]:8471") == "http://[::1]:8471");
  CHECK(url_of("").find("listens nowhere") != std::string::npos);

  const TempDir folder;
  const auto made = test::make_certificate(
      {.folder = folder.path(), .file = "own", .names = {"DNS:homeostat.example.org"}});
  std::filesystem::permissions(made.key_file, std::filesystem::perms(0600));
  Time now{};
  ApiSources sources = test::full_sources();
  sources.now = [&now] { return now; };
  sources.status = [] { return ServiceStatus{.moved = Time{}}; };
  auto routes = make_routes(sources);
  REQUIRE(routes);
  const auto server = Server::open(
      {.listen = "127.0.0.1:0", .certificate_file = made.file, .key_file = made.key_file},
      std::move(*routes));
  REQUIRE(server);
  const auto asked = own_server(server->url().substr(std::string("https://").size()), made.file);
  REQUIRE_MESSAGE(asked, to_string(asked.error()));
  CHECK(asked->url == server->url());
  const Status well = ask_health(*asked, {});
  CHECK_MESSAGE(well, to_string(well.error()));
  now += sources.stalled_after + std::chrono::seconds(1);
  const Status still = ask_health(*asked, {});
  REQUIRE_FALSE(still);
  CHECK(to_string(still.error()).find("the loop has not moved") != std::string::npos);
  CHECK_FALSE(own_server("127.0.0.1:1", folder.path() + "/none"));
}

}  // namespace
}  // namespace homeostat
