// The status of a commit.
#include <doctest/doctest.h>

#include "specs/utf8.hpp"
#include "tests/reconciler/forge/fake_forge.hpp"

using namespace homeostat;
using namespace homeostat::test;

namespace {

constexpr std::array every_forge = {ForgeType::forgejo, ForgeType::gitea, ForgeType::github,
                                    ForgeType::gitlab};
const std::string commit(40, 'a');

FakeAnswer answer_of(int status, const std::string& body,
                     const std::map<std::string, std::string>& headers = {}) {
  return {.status = status, .body = body, .type = "application/json", .headers = headers};
}

ForgeStatus success(const std::string& description = "in sync: 12 resources") {
  return {.commit = commit, .state = CommitState::success, .description = description};
}

using Calls = std::vector<std::string>;

}  // namespace

TEST_CASE("forge: a status says its state in the forge's word") {
  for (const ForgeType type : every_forge) {
    CAPTURE(to_string(type));
    FakeForge fake(type);
    fake.commits = {commit};
    Forge forge = fake.open();
    const bool gitlab = type == ForgeType::gitlab;
    const std::vector<std::pair<CommitState, std::string>> words = {
        {CommitState::pending, "pending"},
        {CommitState::success, "success"},
        {CommitState::failure, gitlab ? "failed" : "failure"},
        {CommitState::error, gitlab ? "failed" : "error"}};
    for (const auto& [state, word] : words) {
      const Status told = forge.set_status(
          {.commit = commit, .state = state, .description = "3 to change", .branch = "main"}, {});
      REQUIRE_MESSAGE(told, told.error().message);
      CHECK(fake.told.back().state == word);
      CHECK(fake.told.back().commit == commit);
      CHECK(fake.told.back().context == "homeostat/home");
      CHECK(fake.told.back().description == "3 to change");
      CHECK(fake.told.back().target_url == "https://lab.example.org/plan");
      CHECK(fake.told.back().ref == (gitlab ? "main" : ""));
    }
    CHECK(fake.calls() == Calls(4, "POST statuses"));
  }
}

TEST_CASE("forge: a status may have a context and a target of its own") {
  for (const ForgeType type : every_forge) {
    FakeForge fake(type);
    fake.commits = {commit, std::string(64, 'b')};
    Forge forge = fake.open();
    REQUIRE(forge.set_status({.commit = std::string(64, 'b'),
                              .target_url = "http://10.5.0.2/x",
                              .context = "homeostat/other"},
                             {}));
    CHECK(fake.told.back().context == "homeostat/other");
    CHECK(fake.told.back().target_url == "http://10.5.0.2/x");
  }
}

TEST_CASE("forge: a long description is cut where a character ends") {
  for (const ForgeType type : every_forge) {
    FakeForge fake(type);
    fake.commits = {commit};
    Forge forge = fake.open();
    std::string text;
    for (int i = 0; i < 300; ++i) text += "ü";
    REQUIRE(forge.set_status(success(text), {}));
    CHECK(utf8_count(fake.told.back().description) == 140);
    CHECK(fake.told.back().description.ends_with("ü…"));
    REQUIRE(forge.set_status(success("two\nlines \xFF"), {}));
    CHECK(fake.told.back().description == "two lines");
  }
}

TEST_CASE("forge: what it was told last it is not told again") {
  for (const ForgeType type : every_forge) {
    FakeForge fake(type);
    fake.commits = {commit};
    Forge forge = fake.open();
    for (int i = 0; i < 3; ++i) REQUIRE(forge.set_status(success(), {}));
    CHECK(fake.told.size() == 1);
    REQUIRE(forge.set_status(success("1 to change"), {}));
    REQUIRE(forge.set_status(success(), {}));
    CHECK(fake.told.size() == 3);
  }
}

TEST_CASE("forge: what was not taken is told again") {
  for (const ForgeType type : every_forge) {
    FakeForge fake(type);
    Forge forge = fake.open();
    CHECK(!forge.set_status(success(), {}));
    fake.commits = {commit};
    CHECK(forge.set_status(success(), {}));
    CHECK(fake.told.size() == 1);
  }
}

TEST_CASE("forge: a commit that the forge does not have yet is asked for again, then later") {
  for (const ForgeType type : every_forge) {
    CAPTURE(to_string(type));
    FakeForge fake(type);
    Forge forge = fake.open();
    const Status told = forge.set_status(success(), {});
    REQUIRE(!told);
    CHECK(told.error().kind == ErrorKind::transient);
    CHECK(told.error().exhausted);
    CHECK(!told.error().hint.empty());
    CHECK(fake.calls() == Calls(4, "POST statuses"));

    int calls = 0;  // it comes while we ask
    fake.fault = [&](const FakeRequest&) {
      if (++calls == 2) fake.commits = {commit};
      return std::nullopt;
    };
    CHECK(forge.set_status(success(), {}));
    CHECK(fake.told.size() == 1);
  }
}

TEST_CASE("forge: an old Gitea fails where it has no such commit, which may pass") {
  FakeForge fake(ForgeType::gitea);
  fake.fault = [](const FakeRequest&) {
    return answer_of(500, R"({"message":"GetCommit: object does not exist"})");
  };
  Forge forge = fake.open();
  const Status told = forge.set_status(success(), {});
  REQUIRE(!told);
  CHECK(told.error().kind == ErrorKind::transient);
}

TEST_CASE("forge: GitHub's thousandth status is the last, and does not pass") {
  FakeForge fake(ForgeType::github);
  fake.commits = {commit};
  for (int i = 0; i < 1000; ++i) {
    fake.told.push_back({.commit = commit, .state = "pending", .context = "Homeostat/Home"});
  }
  Forge forge = fake.open();
  const Status told = forge.set_status(success(), {});
  REQUIRE(!told);
  CHECK(told.error().kind == ErrorKind::invalid_spec);
  CHECK(told.error().message.ends_with("this commit has as many statuses as it can have"));
  CHECK(fake.calls() == Calls{"POST statuses"});
}

TEST_CASE("forge: GitLab's refusal of the state that is there is a success") {
  FakeForge fake(ForgeType::gitlab);
  fake.commits = {commit};
  fake.told.push_back({.commit = commit, .state = "pending", .context = "homeostat/home"});
  Forge forge = fake.open();
  CHECK(forge.set_status({.commit = commit}, {}));
  CHECK(fake.told.size() == 1);
  CHECK(forge.set_status(success(), {}));
  CHECK(fake.told.size() == 2);
}

TEST_CASE("forge: any other 400 of a status is an error") {
  for (const ForgeType type : every_forge) {
    CAPTURE(to_string(type));
    FakeForge fake(type);
    fake.fault = [](const FakeRequest&) {
      return answer_of(400, R"({"message":"Cannot transition status via :drop from :success"})");
    };
    Forge forge = fake.open();
    const Status told = forge.set_status({.commit = commit, .state = CommitState::failure}, {});
    REQUIRE(!told);
    CHECK(told.error().kind != ErrorKind::transient);
    CHECK(told.error().message.find("via :drop from :success") != std::string::npos);
    CHECK(fake.calls() == Calls{"POST statuses"});
  }
}

TEST_CASE("forge: a refused token is an error of its own, and is not shown") {
  for (const ForgeType type : every_forge) {
    FakeForge fake(type);
    ForgeSettings settings = fake.settings();
    settings.token = "another-t0ken";
    Result<Forge> forge = Forge::open(settings);
    REQUIRE(forge);
    fake.fault = [](const FakeRequest& request) -> std::optional<FakeAnswer> {
      std::string echo = "refused:";
      for (const auto& [name, value] : request.headers) echo += " " + value;
      return answer_of(401, nlohmann::json{{"message", echo}}.dump());
    };
    const Status told = forge->set_status(success(), {});
    REQUIRE(!told);
    CHECK(told.error().kind == ErrorKind::auth);
    CHECK(told.error().message.find("another-t0ken") == std::string::npos);
    CHECK(told.error().message.find("refused:") != std::string::npos);
    fake.fault = {};
    const Status plain = forge->set_status(success(), {});
    REQUIRE(!plain);
    CHECK(plain.error().kind == ErrorKind::auth);
  }
}

TEST_CASE("forge: a token without the right is told from a quota that is used up") {
  FakeForge fake(ForgeType::github);
  Forge forge = fake.open();
  fake.fault = [](const FakeRequest&) {
    return answer_of(403, R"({"message":"Resource not accessible by personal access token"})",
                     {{"X-RateLimit-Remaining", "4999"}, {"X-RateLimit-Reset", "784115377"}});
  };
  const Status told = forge.set_status(success(), {});
  REQUIRE(!told);
  CHECK(told.error().kind == ErrorKind::auth);
  CHECK(told.error().hint == "check the scopes of the token");
  CHECK(fake.calls() == Calls{"POST statuses"});
}

TEST_CASE("forge: GitHub is let alone until its quota is full again") {
  FakeForge fake(ForgeType::github);
  fake.commits = {commit};
  Forge forge = fake.open();
  // An hour from the still clock's date.
  fake.fault = [](const FakeRequest&) {
    return answer_of(403, R"({"message":"API rate limit exceeded for user ID 1."})",
                     {{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "784115377"}});
  };
  const Status told = forge.set_status(success(), {});
  REQUIRE(!told);
  CHECK(told.error().kind == ErrorKind::transient);
  CHECK(told.error().exhausted);
  CHECK(told.error().message.find("it asks to wait 3600 s") != std::string::npos);
  CHECK(fake.calls() == Calls{"POST statuses"});
  fake.fault = {};
  CHECK(!forge.set_status(success(), {}));
  CHECK(!forge.comment(7, "text", {}));
  CHECK(fake.calls().empty());
  fake.clock.timing().wait(std::chrono::seconds(3600), {});
  CHECK(forge.set_status(success(), {}));
}

TEST_CASE("forge: a secondary limit with Retry-After is waited for") {
  FakeForge fake(ForgeType::github);
  fake.commits = {commit};
  Forge forge = fake.open();
  int calls = 0;
  fake.fault = [&calls](const FakeRequest&) -> std::optional<FakeAnswer> {
    if (++calls > 1) return std::nullopt;
    return answer_of(403, R"({"message":"You have exceeded a secondary rate limit."})",
                     {{"Retry-After", "7"}});
  };
  CHECK(forge.set_status(success(), {}));
  CHECK(calls == 2);
  CHECK(fake.clock.pauses() == std::vector<long>{250, 6750});
}

TEST_CASE("forge: GitLab's 429 is waited for") {
  FakeForge fake(ForgeType::gitlab);
  fake.commits = {commit};
  Forge forge = fake.open();
  int calls = 0;
  fake.fault = [&calls](const FakeRequest&) -> std::optional<FakeAnswer> {
    if (++calls > 1) return std::nullopt;
    return answer_of(429, R"({"message":"Retry later"})",
                     {{"Retry-After", "3"}, {"RateLimit-Remaining", "0"}});
  };
  CHECK(forge.set_status(success(), {}));
  CHECK(fake.told.size() == 1);
}

TEST_CASE("forge: a page in place of an answer is no success, whatever its status") {
  for (const ForgeType type : every_forge) {
    for (const int status : {200, 201, 401, 403, 404, 502}) {
      FakeForge fake(type);
      fake.fault = [status](const FakeRequest&) {
        return FakeAnswer{.status = status,
                          .body = "<html><body>Log in</body></html>",
                          .type = "text/html",
                          .headers = {}};
      };
      Forge forge = fake.open();
      const Status told = forge.set_status(success(), {});
      REQUIRE(!told);
      CHECK(told.error().message.find("HTML page") != std::string::npos);
    }
    FakeForge fake(type);
    fake.fault = [](const FakeRequest&) { return answer_of(200, "{}"); };
    Forge forge = fake.open();
    const Status told = forge.set_status(success(), {});
    REQUIRE(!told);
    CHECK(told.error().kind == ErrorKind::internal);
  }
}

TEST_CASE("forge: what cannot be a commit or a link is not sent") {
  for (const ForgeType type : every_forge) {
    FakeForge fake(type);
    Forge forge = fake.open();
    for (const std::string odd : {"", "main", "../../user", "aaaa", "HEAD"}) {
      CHECK(!forge.set_status({.commit = odd}, {}));
    }
    for (const std::string odd :
         {"javascript:alert(1)", "ftp://x", "https://u:p@x.org/", "https://x.org/) [x](y"}) {
      CHECK(!forge.set_status({.commit = commit, .target_url = odd}, {}));
    }
    CHECK(fake.calls().empty());
  }
}

TEST_CASE("forge: a stop ends a call") {
  for (const ForgeType type : every_forge) {
    FakeForge fake(type);
    fake.commits = {commit};
    Forge forge = fake.open();
    std::stop_source stop;
    stop.request_stop();
    const Status told = forge.set_status(success(), stop.get_token());
    REQUIRE(!told);
    CHECK(told.error().kind == ErrorKind::cancelled);
  }
}
