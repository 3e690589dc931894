// The plan as a comment on a pull request.
#include <doctest/doctest.h>

#include "reconciler/forge/words.hpp"
#include "specs/utf8.hpp"
#include "tests/reconciler/forge/fake_forge.hpp"

using namespace homeostat;
using namespace homeostat::test;

namespace {

constexpr std::array every_forge = {ForgeType::forgejo, ForgeType::gitea, ForgeType::github,
                                    ForgeType::gitlab};
const std::string marker = "<!-- homeostat plan home -->";

using Calls = std::vector<std::string>;

std::string list_of(ForgeType type) {
  return type == ForgeType::gitlab ? "GET notes" : "GET comments";
}
std::string make_of(ForgeType type) {
  return type == ForgeType::gitlab ? "POST notes" : "POST comments";
}
std::string change_of(ForgeType type) {
  return type == ForgeType::gitlab ? "PUT notes" : "PATCH comments";
}

void add_others(FakeForge& fake, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    fake.comments.push_back({static_cast<std::int64_t>(i) + 1, 5, "Looks good"});
  }
}

}  // namespace

TEST_CASE("forge: the plan is made a comment, and changed in place") {
  for (const ForgeType type : every_forge) {
    CAPTURE(to_string(type));
    FakeForge fake(type);
    add_others(fake, 3);
    Forge forge = fake.open();
    const Status made = forge.comment(7, "### Plan: 1 to create", {});
    REQUIRE_MESSAGE(made, made.error().message);
    REQUIRE(fake.comments.size() == 4);
    CHECK(fake.comments[3].body == marker + "\n### Plan: 1 to create");
    CHECK(fake.calls() == Calls{"GET user", list_of(type), make_of(type)});

    REQUIRE(forge.comment(7, "### Plan: in sync", {}));
    REQUIRE(fake.comments.size() == 4);
    CHECK(fake.comments[3].body == marker + "\n### Plan: in sync");
    CHECK(fake.calls() == Calls{list_of(type), change_of(type)});  // who we are is known

    Forge restarted = fake.open();
    REQUIRE(restarted.comment(7, "### Plan: 2 to create", {}));
    CHECK(fake.comments.size() == 4);
    CHECK(fake.comments[3].body == marker + "\n### Plan: 2 to create");
  }
}

TEST_CASE("forge: a comment that reads the same is left alone") {
  for (const ForgeType type : every_forge) {
    FakeForge fake(type);
    Forge forge = fake.open();
    REQUIRE(forge.comment(7, "one\ntwo\n", {}));
    fake.comments[0].body = marker + "\r\none\r\ntwo";  // as some forges keep it
    static_cast<void>(fake.calls());
    REQUIRE(forge.comment(7, "one\ntwo\n", {}));
    CHECK(fake.calls() == Calls{list_of(type)});
  }
}

TEST_CASE("forge: a comment is ours by its user and its first line, both") {
  for (const ForgeType type : every_forge) {
    CAPTURE(to_string(type));
    FakeForge fake(type);
    fake.comments = {{1, 5, marker + "\nforged"},
                     {2, 0, marker + "\nof a user who is gone"},
                     {3, our_user, "> " + marker + "\nquoted by us"},
                     {4, our_user, "<!-- homeostat plan home2 -->\nof another site"},
                     {5, our_user, "no marker"}};
    const auto before = fake.comments;
    Forge forge = fake.open();
    REQUIRE(forge.comment(7, "plan", {}));
    REQUIRE(fake.comments.size() == 6);
    for (std::size_t i = 0; i < before.size(); ++i) {
      CHECK(fake.comments[i].body == before[i].body);
    }
    CHECK(fake.comments[5].body == marker + "\nplan");
  }
}

TEST_CASE("forge: our comment is found on whatever page it stands") {
  for (const ForgeType type : every_forge) {
    for (const bool paged : {true, false}) {
      for (const bool counts : {true, false}) {
        CAPTURE(to_string(type));
        FakeForge fake(type);
        fake.pages_of_comments = paged;
        fake.counts = counts;
        fake.most_entries = 20;  // an administrator may have set less than is asked for
        add_others(fake, 45);
        fake.comments.push_back({900, our_user, marker + "\nold"});
        add_others(fake, 7);
        for (std::size_t i = 46; i < fake.comments.size(); ++i) fake.comments[i].id += 5000;
        Forge forge = fake.open();
        REQUIRE(forge.comment(7, "new", {}));
        CHECK(fake.comments.size() == 53);
        CHECK(fake.comments[45].body == marker + "\nnew");
      }
    }
  }
}

TEST_CASE("forge: a list that never ends is given up") {
  for (const ForgeType type : every_forge) {
    CAPTURE(to_string(type));
    FakeForge fake(type);
    int page = 0;
    fake.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
      if (request.target.find("page=") == std::string::npos) return std::nullopt;
      ++page;
      return FakeAnswer{
          .status = 200,
          .body = R"([{"id":)" + std::to_string(page) + R"(,"body":"x"}])",
          .type = "application/json",
          .headers = {{"Link", "<x>; rel=\"next\""}, {"X-Next-Page", std::to_string(page + 1)}}};
    };
    Forge forge = fake.open();
    const Status told = forge.comment(7, "plan", {});
    REQUIRE(!told);
    CHECK(told.error().kind == ErrorKind::internal);
    CHECK(page == 100);
  }
}

TEST_CASE("forge: a comment that somebody deletes meanwhile is made anew") {
  for (const ForgeType type : every_forge) {
    FakeForge fake(type);
    fake.comments = {{9, our_user, marker + "\nold"}};
    fake.fault = [&](const FakeRequest& request) {
      if (request.method == "PATCH" || request.method == "PUT") fake.comments.clear();
      return std::nullopt;
    };
    Forge forge = fake.open();
    REQUIRE(forge.comment(7, "new", {}));
    REQUIRE(fake.comments.size() == 1);
    CHECK(fake.comments[0].body == marker + "\nnew");
  }
}

TEST_CASE("forge: a plan beyond the forge's limit is cut, and says so") {
  for (const ForgeType type : every_forge) {
    CAPTURE(to_string(type));
    FakeForge fake(type);
    const std::size_t limit = type == ForgeType::gitlab ? 1'000'000 : 65'536;
    std::string text;
    while (text.size() < limit + 5000) text += "| `+` | `container/ü` | a line of a table |\n";
    Forge forge = fake.open();
    REQUIRE(forge.comment(7, text, {}));  // the fake refuses what is too long
    REQUIRE(fake.comments.size() == 1);
    CHECK(fake.comments[0].body.size() > limit - 500);
    CHECK(fake.comments[0].body.find("**Cut off:**") != std::string::npos);
    CHECK(fake.comments[0].body.ends_with("see [the whole plan](https://lab.example.org/plan)\n"));
  }
}

TEST_CASE("forge: an answer that is lost is not asked for twice, and leaves one comment") {
  for (const ForgeType type : every_forge) {
    CAPTURE(to_string(type));
    FakeForge fake(type);
    Forge forge = fake.open();
    fake.fault = [&](const FakeRequest& request) -> std::optional<FakeAnswer> {
      if (request.method != "POST") return std::nullopt;
      fake.comments.push_back({77, our_user, marker + "\nplan"});
      return FakeAnswer{.status = 502, .body = "", .type = "text/plain", .headers = {}};
    };
    const Status lost = forge.comment(7, "plan", {});
    REQUIRE(!lost);
    CHECK(lost.error().kind == ErrorKind::conflict);
    CHECK(fake.comments.size() == 1);
    fake.fault = {};
    CHECK(forge.comment(7, "plan", {}));
    CHECK(fake.comments.size() == 1);
  }
}

TEST_CASE("forge: who may not know who we are gets a hint") {
  for (const ForgeType type : every_forge) {
    FakeForge fake(type);
    fake.fault = [](const FakeRequest& request) -> std::optional<FakeAnswer> {
      if (request.target.find("/user") == std::string::npos) return std::nullopt;
      return FakeAnswer{.status = 403,
                        .body = R"({"message":"token does not have scope: [read:user]"})",
                        .type = "application/json",
                        .headers = {}};
    };
    Forge forge = fake.open();
    const Status told = forge.comment(7, "plan", {});
    REQUIRE(!told);
    CHECK(told.error().kind == ErrorKind::auth);
    CHECK(told.error().hint.find("the right to read who that is") != std::string::npos);
    CHECK(fake.comments.empty());
  }
}

TEST_CASE("forge: what is no list of comments writes nothing") {
  for (const ForgeType type : every_forge) {
    for (const std::string odd :
         {"{}", "[1]", "[{}]", "[{\"id\":\"1\"}]", "null", "[", "", "<html>", "[null]"}) {
      CAPTURE(odd);
      FakeForge fake(type);
      fake.fault = [&odd](const FakeRequest& request) -> std::optional<FakeAnswer> {
        if (request.target.find("page=") == std::string::npos) return std::nullopt;
        return FakeAnswer{.status = 200, .body = odd, .type = "application/json", .headers = {}};
      };
      Forge forge = fake.open();
      const Status told = forge.comment(7, "plan", {});
      REQUIRE(!told);
      CHECK(told.error().kind == ErrorKind::internal);
      CHECK(fake.comments.empty());
    }
  }
}

TEST_CASE("forge: what is no user is nobody, and writes nothing") {
  for (const ForgeType type : every_forge) {
    for (const std::string odd : {"{}", "[]", "{\"id\":0}", "{\"id\":\"42\"}", "null"}) {
      FakeForge fake(type);
      fake.fault = [&odd](const FakeRequest& request) -> std::optional<FakeAnswer> {
        if (request.target.find("/user") == std::string::npos) return std::nullopt;
        return FakeAnswer{.status = 200, .body = odd, .type = "application/json", .headers = {}};
      };
      Forge forge = fake.open();
      CHECK(!forge.comment(7, "plan", {}));
      CHECK(fake.comments.empty());
    }
  }
}

TEST_CASE("forge: there is no comment on pull request zero") {
  FakeForge fake(ForgeType::gitea);
  Forge forge = fake.open();
  CHECK(!forge.comment(0, "plan", {}));
  CHECK(!forge.comment(-1, "plan", {}));
  CHECK(fake.calls().empty());
}
