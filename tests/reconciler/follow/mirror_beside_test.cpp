// What a pull request brings into a mirror: apart from all that is the repository's own.
#include <doctest/doctest.h>

#include "reconciler/follow/mirror.hpp"
#include "tests/reconciler/follow/git_servers.hpp"
#include "tests/reconciler/follow/mirror_lab.hpp"

using namespace homeostat;
using namespace homeostat::test;

namespace {

// A commit that no branch leads to, as the tip of pull request 7.
std::string pull_request(MirrorLab& lab, const std::string& text) {
  lab.repo.git({"checkout", "--quiet", "--detach", "main"});
  std::string tip = lab.repo.save("dns.yaml", text, "From a fork");
  lab.repo.git({"update-ref", "refs/pull/7/head", tip});
  lab.repo.git({"checkout", "--quiet", "main"});
  return tip;
}

}  // namespace

TEST_CASE("mirror: the tip of a pull request comes when it is asked for, and is not our own") {
  MirrorLab lab;
  const std::string first = lab.repo.save("dns.yaml", "dns: {}\n", "First");
  follow::Mirror mirror = lab.mirror();
  CHECK(mirror.fetch_beside("refs/pull/7/head", {}).error().kind == ErrorKind::not_found);
  CHECK(good(mirror.fetch({})).commit == first);
  const std::string tip = pull_request(lab, "dns: { lab: {} }\n");
  CHECK(good(mirror.fetch({})).commit == first);
  CHECK_FALSE(mirror.commit_of(tip));
  CHECK_FALSE(mirror.is_own(tip).value());
  CHECK(mirror.fetch_beside("refs/pull/8/head", {}).error().kind == ErrorKind::not_found);
  const auto brought = mirror.fetch_beside("refs/pull/7/head", {});
  REQUIRE_MESSAGE(brought, brought.error().message);
  CHECK(*brought == tip);
  CHECK(lab.file(tip, "dns.yaml") == "dns: { lab: {} }");
  CHECK(mirror.commit_of(tip.substr(0, 12)).value() == tip);
  CHECK_FALSE(mirror.is_own(tip).value());
  CHECK(mirror.is_own(first).value());
  CHECK(mirror.last_commit() == first);
  // Once somebody has pushed it to a branch of ours, it is ours.
  lab.repo.git({"branch", "taken", tip});
  CHECK(good(mirror.fetch({})).commit == first);
  CHECK(mirror.is_own(tip).value());
}

TEST_CASE("mirror: a commit below a tip of ours is our own, one that a push has thrown away not") {
  MirrorLab lab;
  const std::string first = lab.repo.save("a.yaml", "1", "First");
  const std::string lost = lab.repo.save("a.yaml", "2", "Lost");
  follow::Mirror mirror = lab.mirror();
  CHECK(good(mirror.fetch({})).commit == lost);
  CHECK(mirror.is_own(first).value());
  lab.repo.git({"reset", "--quiet", "--hard", "HEAD~1"});
  lab.repo.save("a.yaml", "3", "Instead");
  good(mirror.fetch({}));
  CHECK(mirror.is_own(first).value());
  CHECK_FALSE(mirror.is_own(lost).value());
  CHECK(mirror.commit_of(lost).value() == lost);
  CHECK(mirror.commit_of("nothing").error().message == "unknown revision `nothing`");
  CHECK_FALSE(mirror.is_own("main"));
}

TEST_CASE("mirror: branches come with what is asked for beside, and a force-push is still told") {
  MirrorLab lab;
  lab.repo.save("a.yaml", "1", "First");
  follow::Mirror mirror = lab.mirror();
  good(mirror.fetch({}));
  lab.repo.git({"checkout", "--quiet", "-b", "feature"});
  const std::string feature = lab.repo.save("a.yaml", "2", "Feature");
  lab.repo.git({"checkout", "--quiet", "main"});
  lab.repo.git({"commit", "--quiet", "--amend", "--message", "Instead"});
  REQUIRE(mirror.fetch_beside("", {}));
  CHECK(mirror.is_own(feature).value());
  CHECK(good(mirror.fetch({})).moved);
}
