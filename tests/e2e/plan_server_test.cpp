// `homeostat plan --server`: the program against a service that answers as `homeostat run` does.
#include <doctest/doctest.h>

#include "reconciler/serve/api.hpp"
#include "reconciler/serve/auth.hpp"
#include "tests/e2e/lab.hpp"

namespace homeostat::test {
namespace {

constexpr const char* token = "a-token-of-32-characters-or-more";

struct Service {
  PlanQuery seen = {};
  std::optional<Server> server;

  Service() {
    ApiSources sources;
    sources.token_hash = token_hash(token);
    sources.now = [] { return Time{}; };
    sources.status = [] {
      ServiceStatus status;
      status.sites.emplace_back();
      status.sites[0].site = "home";
      return status;
    };
    sources.plan = [this](const PlanQuery& query,
                          const std::stop_token&) -> tl::expected<ServedPlan, Errors> {
      seen = query;
      if (query.rev == "none") {
        return tl::unexpected(
            Errors{fail(ErrorKind::not_found, "the mirror has no `none`").value()});
      }
      return ServedPlan{.exit_code = 2, .body = "1 to change\n"};
    };
    auto routes = make_routes(std::move(sources));
    REQUIRE(routes);
    auto opened = Server::open({.listen = "127.0.0.1:0"}, std::move(*routes));
    REQUIRE(opened);
    server = std::move(*opened);
  }
};

TEST_CASE("plan --server: prints what the service renders, and ends with its exit code") {
  Service service;
  const Lab lab;
  const std::map<std::string, std::string> with_token = {{"HOMEOSTAT_TOKEN", token}};
  const auto ask = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"plan", "--server", service.server->url()});
    return lab.run_with(with_token, words);
  };
  const ProcessResult text = ask({"--rev", "feature", "--only", "dns/lab/*", "--only", "ip/*"});
  CHECK(text.out == "1 to change\n");
  CHECK(text.err.empty());
  CHECK(text.exit_code == 2);
  CHECK(service.seen.site == "home");
  CHECK(service.seen.rev == "feature");
  CHECK(service.seen.format == PlanFormat::text);
  CHECK(service.seen.options.only == std::vector<std::string>{"dns/lab/*", "ip/*"});
  CHECK_FALSE(service.seen.style.color);
  CHECK(ask({"--json"}).exit_code == 2);
  CHECK(service.seen.format == PlanFormat::json);
  CHECK(ask({"--markdown", "--site", "home"}).exit_code == 2);
  CHECK(service.seen.format == PlanFormat::markdown);

  const ProcessResult none = ask({"--rev", "none"});
  CHECK(none.exit_code == 1);
  CHECK(none.out.empty());
  CHECK(none.err.find("the mirror has no `none`") != std::string::npos);
  CHECK(ask({"--site", "mars"}).err.find("here are home") != std::string::npos);
  // What only a plan made here could mean.
  for (const std::vector<std::string>& local :
       {std::vector<std::string>{"--offline"}, {"--out", "x.json"}, {"--allow-deletes", "3"}}) {
    CAPTURE(local[0]);
    CHECK(ask(local).err.find("excludes") != std::string::npos);
  }
  CHECK(lab.run({"plan", "--site", "home"}).err.find("--server") != std::string::npos);
}

TEST_CASE("plan --server: a token that is wrong, or open to others, shows nowhere") {
  Service service;
  Lab lab;
  const std::vector<std::string> words = {"plan", "--server", service.server->url()};
  const ProcessResult wrong = lab.run_with({{"HOMEOSTAT_TOKEN", "a-wrong-one"}}, words);
  CHECK(wrong.exit_code == 1);
  CHECK(wrong.err.find("the token is wrong") != std::string::npos);
  CHECK(wrong.err.find("a-wrong-one") == std::string::npos);
  CHECK(lab.run(words).err.find("this needs a token") != std::string::npos);
  lab.write("token", token);
  std::vector<std::string> from_file = words;
  from_file.insert(from_file.end(), {"--token-file", lab.folder() + "/token"});
  CHECK(lab.run(from_file).exit_code == 1);
}

}  // namespace
}  // namespace homeostat::test
