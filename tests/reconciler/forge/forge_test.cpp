// What a forge needs, and the pull requests of a commit.
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

TEST_CASE("forge: the open pull requests with a commit at their tip are found") {
  const std::string tip(40, 'a');
  const std::string other(40, 'b');
  for (const ForgeType type : every_forge) {
    CAPTURE(to_string(type));
    FakeForge fake(type);
    fake.most_entries = 3;
    fake.pulls = {{{1, other, false}, true}, {{2, tip, false}, false}, {{3, tip, true}, true},
                  {{4, other, false}, true}, {{5, other, true}, true}, {{6, tip, false}, true}};
    Forge forge = fake.open();
    const auto found = forge.pull_requests_of(tip, {});
    REQUIRE_MESSAGE(found, found.error().message);
    CHECK(*found == std::vector<PullRequest>{{3, tip, true}, {6, tip, false}});
    const auto none = forge.pull_requests_of(std::string(40, 'c'), {});
    REQUIRE(none);
    CHECK(none->empty());
    CHECK(!forge.pull_requests_of("../../user", {}));
  }
}

TEST_CASE("forge: a pull request without number or commit is none of a forge's") {
  for (const ForgeType type : every_forge) {
    FakeForge fake(type);
    fake.pulls = {{{0, std::string(40, 'a'), false}, true}};
    Forge forge = fake.open();
    CHECK(!forge.pull_requests_of(std::string(40, 'a'), {}));
    fake.pulls = {{{1, "main", false}, true}};
    CHECK(!forge.pull_requests_of(std::string(40, 'a'), {}));
  }
}
