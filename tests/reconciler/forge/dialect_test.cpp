#include "reconciler/forge/dialect.hpp"

#include <doctest/doctest.h>

using namespace homeostat;

TEST_CASE("forge: its names are read and written") {
  for (const std::string name : {"forgejo", "gitea", "github", "gitlab"}) {
    const auto type = parse_forge(name);
    REQUIRE(type);
    CHECK(to_string(*type) == name);
  }
  for (const std::string name : {"", "GitHub", "bitbucket"}) CHECK(!parse_forge(name));
}

TEST_CASE("forge: the url of an API is that of the server, or already the API's") {
  CHECK(api_url(ForgeType::gitea, "https://git.example.org") == "https://git.example.org/api/v1");
  CHECK(api_url(ForgeType::forgejo, "https://x.org/git/") == "https://x.org/git/api/v1");
  CHECK(api_url(ForgeType::forgejo, "https://x.org/git/api/v1/") == "https://x.org/git/api/v1");
  CHECK(api_url(ForgeType::gitlab, "https://git.example.org") == "https://git.example.org/api/v4");
  CHECK(api_url(ForgeType::github, "https://git.example.org") == "https://git.example.org/api/v3");
  CHECK(api_url(ForgeType::github, "https://git.x.org/api/v3") == "https://git.x.org/api/v3");
  CHECK(api_url(ForgeType::github, "https://api.x.ghe.com/") == "https://api.x.ghe.com");
  CHECK(api_url(ForgeType::github, "https://api.github.com") == "https://api.github.com");
  CHECK(api_url(ForgeType::github, "https://github.com/") == "https://api.github.com");
  CHECK(api_url(ForgeType::github, "") == "https://api.github.com");
  CHECK(api_url(ForgeType::gitlab, "") == "https://gitlab.com/api/v4");
  CHECK(api_url(ForgeType::gitea, "").empty());
  CHECK(api_url(ForgeType::forgejo, "/").empty());
}

TEST_CASE("forge: a repository's name is one of owner and name, GitLab's of groups too") {
  for (const ForgeType type : {ForgeType::forgejo, ForgeType::gitea, ForgeType::github}) {
    CHECK(repository_path(type, "ana/lab") == "/repos/ana/lab");
    CHECK(repository_path(type, "a b/l?b") == "/repos/a%20b/l%3Fb");
    CHECK(repository_path(type, "group/sub/lab").empty());
  }
  CHECK(repository_path(ForgeType::gitlab, "ana/lab") == "/projects/ana%2Flab");
  CHECK(repository_path(ForgeType::gitlab, "group/sub/lab") == "/projects/group%2Fsub%2Flab");
  for (const ForgeType type : {ForgeType::gitea, ForgeType::github, ForgeType::gitlab}) {
    for (const std::string name : {"", "lab", "/", "ana/", "/lab", "../lab", "ana/..", "a//b"}) {
      CHECK(repository_path(type, name).empty());
    }
  }
}

TEST_CASE("forge: a list goes on while it says so and brings something new") {
  HttpReply reply;
  CHECK(page_behind(Paging::link, reply, 1, 100, 100) == 0);
  reply.headers["link"] = "<https://x/?page=1>; rel=\"first\", <https://x/?page=3>; rel=\"next\"";
  CHECK(page_behind(Paging::link, reply, 2, 100, 100) == 3);
  CHECK(page_behind(Paging::link, reply, 2, 100, 0) == 0);
  reply.headers["link"] = "<https://x/?rel=\"next\">; rel=\"prev\"";
  CHECK(page_behind(Paging::link, reply, 2, 100, 100) == 0);

  reply = {};
  CHECK(page_behind(Paging::count, reply, 1, 50, 50) == 2);
  CHECK(page_behind(Paging::count, reply, 2, 50, 0) == 0);
  reply.headers["x-total-count"] = "51";
  CHECK(page_behind(Paging::count, reply, 1, 50, 50) == 2);
  CHECK(page_behind(Paging::count, reply, 2, 51, 1) == 0);

  for (const std::string next : {"", "1", "2", "-3", "x"}) {
    reply.headers["x-next-page"] = next;
    CHECK(page_behind(Paging::next, reply, 2, 50, 50) == 0);
  }
  reply.headers["x-next-page"] = "3";
  CHECK(page_behind(Paging::next, reply, 2, 50, 50) == 3);
}

TEST_CASE("forge: GitLab's refusal of a state that is there already is told from others") {
  HttpReply reply{.status = 400};
  const auto already = [&reply](const std::string& message) {
    reply.body = nlohmann::json{{"message", message}}.dump();
    return has_state_already(reply, "success");
  };
  CHECK(already("Cannot transition status via :success from :success"));
  CHECK(already("Cannot transition status via :success from :success (Reason(s): \"x\")"));
  CHECK(!already("Cannot transition status via :success from :successful"));
  CHECK(!already("Cannot transition status via :success from :canceled"));
  CHECK(!already("state does not have a valid value: from :success"));
  reply.status = 404;
  CHECK(!already("Cannot transition status via :success from :success"));
}
