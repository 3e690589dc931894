#include "reconciler/follow/mirror.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "specs/source.hpp"
#include "tests/reconciler/follow/git_servers.hpp"
#include "tests/reconciler/follow/mirror_lab.hpp"

using namespace homeostat;
using namespace homeostat::test;
using follow::Fetched;

TEST_CASE("mirror: the first fetch clones, and the commit can be read") {
  MirrorLab lab;
  const std::string first = lab.repo.save("dns.yaml", "dns: {}\n", "First");
  follow::Mirror mirror = lab.mirror();
  CHECK(mirror.last_commit() == std::nullopt);
  const Fetched fetched = good(mirror.fetch({}));
  CHECK(fetched.commit == first);
  CHECK(fetched.branch == "main");
  CHECK_FALSE(fetched.moved);
  CHECK_FALSE(fetched.cloned_anew);
  CHECK(mirror.last_commit() == first);
  const auto source = open_commit(mirror.repository(), first);
  REQUIRE(source.has_value());
  CHECK((*source)->read("dns.yaml").value().value_or("nothing") == "dns: {}\n");
  struct stat status = {};
  REQUIRE(::stat(lab.folder().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0700U);
}

TEST_CASE("mirror: a push is seen, and a fetch without one changes nothing") {
  MirrorLab lab;
  const std::string first = lab.repo.save("a.yaml", "1", "First");
  follow::Mirror mirror = lab.mirror();
  CHECK(good(mirror.fetch({})).commit == first);
  CHECK(good(mirror.fetch({})).commit == first);
  const std::string second = lab.repo.save("a.yaml", "2", "Second");
  const Fetched fetched = good(mirror.fetch({}));
  CHECK(fetched.commit == second);
  CHECK_FALSE(fetched.moved);
  CHECK_FALSE(fetched.cloned_anew);
  CHECK(lab.file(second, "a.yaml") == "2");
}

TEST_CASE("mirror: a force-push is taken and said, and the old commit stays") {
  MirrorLab lab;
  lab.repo.save("a.yaml", "1", "First");
  const std::string lost = lab.repo.save("a.yaml", "2", "Lost");
  follow::Mirror mirror = lab.mirror();
  CHECK(good(mirror.fetch({})).commit == lost);
  lab.repo.git({"reset", "--quiet", "--hard", "HEAD~1"});
  const std::string forced = lab.repo.save("a.yaml", "3", "Instead");
  const Fetched fetched = good(mirror.fetch({}));
  CHECK(fetched.commit == forced);
  CHECK(fetched.moved);
  CHECK_FALSE(fetched.cloned_anew);
  CHECK(lab.file(lost, "a.yaml") == "2");
  CHECK_FALSE(good(mirror.fetch({})).moved);
}

TEST_CASE("mirror: a branch set back to an older commit is a force-push too") {
  MirrorLab lab;
  const std::string first = lab.repo.save("a.yaml", "1", "First");
  lab.repo.save("a.yaml", "2", "Second");
  follow::Mirror mirror = lab.mirror();
  good(mirror.fetch({}));
  lab.repo.git({"reset", "--quiet", "--hard", "HEAD~1"});
  const Fetched fetched = good(mirror.fetch({}));
  CHECK(fetched.commit == first);
  CHECK(fetched.moved);
}

TEST_CASE("mirror: a deleted branch is an error, and the last commit stays") {
  MirrorLab lab;
  lab.repo.save("a.yaml", "1", "First");
  lab.repo.git({"checkout", "--quiet", "-b", "lab"});
  const std::string last = lab.repo.save("a.yaml", "2", "Second");
  follow::Mirror mirror = lab.mirror({.branch = "lab"});
  CHECK(good(mirror.fetch({})).commit == last);
  lab.repo.git({"checkout", "--quiet", "main"});
  lab.repo.git({"branch", "--quiet", "-D", "lab"});
  CHECK(problem(mirror.fetch({})) ==
        "not_found: " + lab.repo.path() + " has no branch lab (it has main)");
  CHECK(mirror.last_commit() == last);
  CHECK(lab.file(last, "a.yaml") == "2");
}

TEST_CASE("mirror: an empty repository is an error of its own, and takes nothing away") {
  MirrorLab lab;
  follow::Mirror mirror = lab.mirror();
  const std::string empty =
      "not_found: " + lab.repo.path() + " is an empty repository (push something to it)";
  CHECK(problem(mirror.fetch({})) == empty);
  CHECK(mirror.last_commit() == std::nullopt);
  const std::string first = lab.repo.save("a.yaml", "1", "First");
  CHECK(good(mirror.fetch({})).commit == first);
  std::filesystem::remove_all(lab.repo.path() + "/.git");
  lab.repo.git({"init", "--quiet", "--initial-branch=main"});
  CHECK(problem(mirror.fetch({})) == empty);
  CHECK(mirror.last_commit() == first);
}

TEST_CASE("mirror: a repository that is gone is an error, and takes nothing away") {
  MirrorLab lab;
  const std::string first = lab.repo.save("a.yaml", "1", "First");
  follow::Mirror mirror = lab.mirror();
  good(mirror.fetch({}));
  std::filesystem::remove_all(lab.repo.path() + "/.git");
  CHECK(problem(mirror.fetch({})) == "not_found: there is no repository at " + lab.repo.path());
  CHECK(mirror.last_commit() == first);
}

TEST_CASE("mirror: every branch comes along, and one that is gone goes") {
  MirrorLab lab;
  lab.repo.save("a.yaml", "1", "First");
  lab.repo.git({"branch", "next"});
  follow::Mirror mirror = lab.mirror();
  good(mirror.fetch({}));
  CHECK(lab.in_mirror({"for-each-ref", "--format=%(refname)", "refs/heads"}) ==
        "refs/heads/main\nrefs/heads/next");
  lab.repo.git({"branch", "--quiet", "-D", "next"});
  lab.repo.git({"branch", "next/one"});
  good(mirror.fetch({}));
  CHECK(lab.in_mirror({"for-each-ref", "--format=%(refname)", "refs/heads"}) ==
        "refs/heads/main\nrefs/heads/next/one");
}

TEST_CASE("mirror: without a branch, the remote says which") {
  MirrorLab lab;
  const std::string first = lab.repo.save("a.yaml", "1", "First");
  lab.repo.git({"branch", "--quiet", "-m", "trunk"});
  const Fetched fetched = good(lab.mirror({}).fetch({}));
  CHECK(fetched.commit == first);
  CHECK(fetched.branch == "trunk");
}

TEST_CASE("mirror: a tag is followed to its commit, also when it is set anew") {
  MirrorLab lab;
  const std::string first = lab.repo.save("a.yaml", "1", "First");
  lab.repo.git({"tag", "-a", "-m", "one", "v1"});
  follow::Mirror mirror = lab.mirror({.tag = "v1"});
  Fetched fetched = good(mirror.fetch({}));
  CHECK(fetched.commit == first);
  CHECK(fetched.branch == "v1");
  const std::string second = lab.repo.save("a.yaml", "2", "Second");
  CHECK(good(mirror.fetch({})).commit == first);
  lab.repo.git({"tag", "-f", "v1"});
  fetched = good(mirror.fetch({}));
  CHECK(fetched.commit == second);
  CHECK_FALSE(fetched.moved);
  CHECK(problem(lab.mirror({.tag = "v2"}).fetch({})) ==
        "not_found: " + lab.repo.path() + " has no tag v2 (it has v1)");
}

TEST_CASE("mirror: a commit is followed as long as it is there") {
  MirrorLab lab;
  const std::string first = lab.repo.save("a.yaml", "1", "First");
  lab.repo.save("a.yaml", "2", "Second");
  const Fetched fetched = good(lab.mirror({.commit = first}).fetch({}));
  CHECK(fetched.commit == first);
  CHECK(fetched.branch.empty());
  const std::string none(40, 'a');
  CHECK(problem(lab.mirror({.commit = none}).fetch({})) ==
        "not_found: " + lab.repo.path() + " has no commit " + none + " on any branch");
}

TEST_CASE("mirror: another thing to follow is no force-push of the first") {
  MirrorLab lab;
  lab.repo.save("a.yaml", "1", "First");
  lab.repo.git({"checkout", "--quiet", "-b", "a"});
  lab.repo.save("a.yaml", "2", "Aside");
  good(lab.mirror({.branch = "a"}).fetch({}));
  CHECK_FALSE(good(lab.mirror({.branch = "main"}).fetch({})).moved);
  lab.repo.git({"branch", "--quiet", "-m", "a/b"});
  CHECK_FALSE(good(lab.mirror({.branch = "a/b"}).fetch({})).moved);
}

TEST_CASE("mirror: a repository whose hashes libgit2 does not know is said so") {
  MirrorLab lab;
  std::filesystem::remove_all(lab.repo.path() + "/.git");
  lab.repo.git({"init", "--quiet", "--initial-branch=main", "--object-format=sha256"});
  lab.repo.save("a.yaml", "1", "First");
  CHECK(problem(lab.mirror().fetch({})) ==
        "invalid_spec: " + lab.repo.path() +
            " has hashes of SHA-256, and this libgit2 knows SHA-1 only");
  const std::string hash(64, 'a');
  CHECK(problem(lab.mirror({.commit = hash}).fetch({})) ==
        "invalid_spec: " + hash +
            " is no hash of a commit (this libgit2 knows repositories with SHA-1 only)");
}

TEST_CASE("mirror: many packs become one, and nothing is lost by that") {
  MirrorLab lab;
  lab.repo.save("a.yaml", "1", "First");
  const std::string lost = lab.repo.save("a.yaml", "2", "Lost");
  follow::Mirror mirror = lab.mirror();
  good(mirror.fetch({}));
  lab.repo.git({"reset", "--quiet", "--hard", "HEAD~1"});
  const std::string kept = lab.repo.save("a.yaml", "3", "Instead");
  good(mirror.fetch({}));
  const std::string folder = lab.folder() + "/repository/objects/pack";
  const auto packs = [&] {
    return std::ranges::count_if(std::filesystem::directory_iterator(folder), [](const auto& file) {
      return file.path().extension() == ".pack";
    });
  };
  CHECK(packs() == 2);
  // As fifty pushes would have left them.
  must({"/bin/sh", "-c",
        "cd " + folder +
            " && for i in $(seq 50); do echo $i | git hash-object -w --stdin |"
            " git pack-objects -q pack; done"});
  REQUIRE(packs() == 52);
  good(mirror.fetch({}));
  CHECK(packs() == 53);  // for who reads them at this moment
  good(mirror.fetch({}));
  CHECK(packs() == 1);
  CHECK(lab.file(lost, "a.yaml") == "2");
  CHECK(lab.file(kept, "a.yaml") == "3");
  CHECK(mirror.last_commit() == kept);
  CHECK_FALSE(good(mirror.fetch({})).cloned_anew);
  must({"/usr/bin/git", "-C", lab.folder() + "/repository", "fsck", "--full"});
}

TEST_CASE("mirror: a repository of another user is followed, and its hooks and configuration not") {
  MirrorLab lab;
  const std::string first = lab.repo.save("a.yaml", "1", "First");
  lab.repo.git({"config", "url.https://elsewhere.invalid/.insteadOf", lab.repo.path()});
  CHECK(good(lab.mirror().fetch({})).commit == first);
  // Only root can give files away.
  if (::geteuid() == 0) {
    must({"/usr/bin/chown", "-R", "nobody", lab.repo.path()});
    CHECK(good(lab.mirror().fetch({})).commit == first);
  }
}

TEST_CASE("mirror: a user's git configuration leads a fetch nowhere else") {
  MirrorLab lab;
  const std::string first = lab.repo.save("a.yaml", "1", "First");
  const TempDir home;
  home.write(".gitconfig", "[url \"/nowhere/\"]\n  insteadOf = " + lab.repo.path() + "\n");
  // The test program has one thread here. NOLINTNEXTLINE(concurrency-mt-unsafe)
  const std::string before = std::getenv("HOME") == nullptr ? "/" : std::getenv("HOME");
  ::setenv("HOME", home.path().c_str(), 1);
  const auto fetched = lab.mirror().fetch({});
  ::setenv("HOME", before.c_str(), 1);
  CHECK(good(fetched).commit == first);
}

TEST_CASE("mirror: a folder that others may enter is refused") {
  MirrorLab lab;
  lab.repo.save("a.yaml", "1", "First");
  std::filesystem::create_directories(lab.folder());
  REQUIRE(::chmod(lab.folder().c_str(), 0755) == 0);
  CHECK(problem(lab.mirror().fetch({})) ==
        "auth: the mirror's folder " + lab.folder() +
            " is not private (it must belong to the user who runs this: chmod 700 " + lab.folder() +
            ")");
}
