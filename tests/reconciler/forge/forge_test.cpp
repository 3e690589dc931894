// What a forge needs, and the pull requests that are open there.
#include "reconciler/forge/forge.hpp"

#include <doctest/doctest.h>

#include "tests/reconciler/forge/fake_forge.hpp"

using namespace homeostat;
using namespace homeostat::test;

namespace {

constexpr std::array every_forge = {ForgeType::forgejo, ForgeType::gitea, ForgeType::github,
                                    ForgeType::gitlab};

}  // namespace

TEST_CASE("forge: what cannot be used is refused before anything is sent") {
  for (const ForgeType type : every_forge) {
    FakeForge fake(type);
    const auto refused = [](const ForgeSettings& settings) {
      const Result<Forge> forge = Forge::open(settings);
      return !forge && forge.error().kind == ErrorKind::invalid_spec &&
             forge.error().message.find("t0ken") == std::string::npos;
    };
    ForgeSettings settings = fake.settings();
    settings.token = "";
    CHECK(refused(settings));
    settings = fake.settings();
    settings.token = "t0ken\n";
    CHECK(refused(settings));
    settings = fake.settings();
    settings.repository = "lab";
    CHECK(refused(settings));
    settings = fake.settings();
    settings.target_url = "javascript:x";
    CHECK(refused(settings));
    settings = fake.settings();
    settings.url = "git@example.org:x";
    CHECK(refused(settings));
    settings.url = "";
    const bool has_public = type == ForgeType::github || type == ForgeType::gitlab;
    CHECK(refused(settings) != has_public);
  }
}

TEST_CASE("forge: the open pull requests are listed, with what is known of each") {
  const std::string tip(40, 'a');
  const std::string other(40, 'b');
  for (const ForgeType type : every_forge) {
    CAPTURE(to_string(type));
    FakeForge fake(type);
    fake.most_entries = 2;
    const PullRequest mine = {.number = 1,
                              .head = tip,
                              .from_fork = false,
                              .author = "ana",
                              .title = "The nas moves",
                              .ref = "refs/heads/main"};
    PullRequest theirs = mine;
    theirs.number = 3;
    theirs.from_fork = true;
    theirs.author = "eve";
    PullRequest elsewhere = mine;
    elsewhere.number = 4;
    elsewhere.head = other;
    elsewhere.ref = "refs/heads/next/big";
    PullRequest merged = mine;
    merged.number = 2;
    fake.pulls = {{mine, true}, {merged, false}, {theirs, true}, {elsewhere, true}};
    Forge forge = fake.open();
    const auto found = forge.open_pull_requests({});
    REQUIRE_MESSAGE(found, found.error().message);
    CHECK(*found == std::vector<PullRequest>{mine, theirs, elsewhere});
    fake.pulls.clear();
    const auto none = forge.open_pull_requests({});
    REQUIRE(none);
    CHECK(none->empty());
    CHECK(forge.head_ref(7) ==
          (type == ForgeType::gitlab ? "refs/merge-requests/7/head" : "refs/pull/7/head"));
  }
}

TEST_CASE("forge: a pull request is a fork's unless it is plain that it is not") {
  const std::string tip(40, 'a');
  const auto from_fork = [&](ForgeType type, const nlohmann::json& changes) {
    nlohmann::json entry = {{"number", 7},
                            {"iid", 7},
                            {"state", type == ForgeType::gitlab ? "opened" : "open"},
                            {"sha", tip},
                            {"source_project_id", 3},
                            {"target_project_id", 3},
                            {"head", {{"sha", tip}, {"repo", {{"full_name", "ana/lab"}}}}},
                            {"base", {{"ref", "main"}, {"repo", {{"full_name", "ana/lab"}}}}}};
    entry.merge_patch(changes);
    const auto found = open_pulls(type, nlohmann::json::array({entry}));
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    return found->front().from_fork;
  };
  for (const ForgeType type : {ForgeType::forgejo, ForgeType::gitea, ForgeType::github}) {
    CHECK_FALSE(from_fork(type, nlohmann::json::object()));
    CHECK(from_fork(type, {{"head", {{"repo", {{"full_name", "eve/lab"}}}}}}));
    CHECK(from_fork(type, {{"head", {{"repo", nullptr}}}}));  // the fork is gone
    CHECK(from_fork(type, {{"base", {{"repo", nullptr}}}, {"head", {{"repo", nullptr}}}}));
  }
  CHECK_FALSE(from_fork(ForgeType::gitlab, nlohmann::json::object()));
  CHECK(from_fork(ForgeType::gitlab, {{"source_project_id", 4}}));
  CHECK(from_fork(ForgeType::gitlab, {{"source_project_id", nullptr}}));
}

TEST_CASE("forge: a pull request without a number is none; one without a commit is left out") {
  const std::string tip(40, 'a');
  for (const ForgeType type : every_forge) {
    FakeForge fake(type);
    fake.pulls = {{{.number = 0, .head = tip}, true}};
    Forge forge = fake.open();
    CHECK(!forge.open_pull_requests({}));
    fake.pulls = {{{.number = 1, .head = "main"}, true},
                  {{.number = 2, .head = ""}, true},
                  {{.number = 3, .head = tip}, true}};
    const auto found = forge.open_pull_requests({});
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    CHECK(found->front().number == 3);
  }
}
