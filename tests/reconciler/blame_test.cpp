#include "reconciler/blame.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "tests/reconciler/provenance_case.hpp"

using namespace homeostat;
using Case = ProvenanceCase;

TEST_CASE(
    "provenance: what was removed, came back and was removed again went with the last commit") {
  TempRepo repo;
  const std::string without = with(media, "  jellyfin:\n    vmid: 110\n", "  emby:\n    vmid: 9\n");
  const auto agreed = repo.save("media.yaml", media, "start");
  repo.save("media.yaml", without, "goes");
  repo.save("media.yaml", media, "comes back");
  const auto cause = repo.save("media.yaml", without, "goes again");
  Case test(repo);
  CHECK(test.owned(agreed, jellyfin_line).removed().commit == cause);
}

TEST_CASE("provenance: a removed file is the removal of all that it declared") {
  TempRepo repo;
  repo.write("media.yaml", media);
  const auto agreed = repo.save("other.yaml", "x-a: 1\n", "start");
  repo.remove("media.yaml");
  const auto cause = repo.commit("no more media", "Ben");
  repo.save("other.yaml", "x-a: 2\n", "after");
  Case test(repo);
  const auto found = test.owned(agreed, jellyfin_line).removed();
  CHECK(found.commit == cause);
  CHECK(found.removed);
  CHECK(found.where == SourceRef{"media.yaml", 2, 0});
}

TEST_CASE("provenance: lines are followed through renames of their file") {
  TempRepo repo;
  const auto agreed = repo.save("media.yaml", media, "start");
  const auto cause =
      repo.save("media.yaml", with(media, "memory: 2GiB", "memory: 4GiB"), "more memory");
  repo.git({"mv", "media.yaml", "streaming.yaml"});
  repo.commit("another name");
  std::filesystem::create_directory(repo.path() + "/apps");
  repo.git({"mv", "streaming.yaml", "apps/streaming.yaml"});
  repo.save("apps/streaming.yaml", "x-a: 1\n" + repo.read("apps/streaming.yaml"),
            "another folder and a line");
  SUBCASE("a changed line") {
    Case test(repo);
    const auto found =
        test.owned(agreed, jellyfin_line).field({test.line("apps/streaming.yaml", "memory: 4GiB")});
    CHECK(found.commit == cause);
    CHECK(found.where == SourceRef{"apps/streaming.yaml", 5, 3});
  }
  SUBCASE("a removed one") {
    const auto text = repo.read("apps/streaming.yaml");
    const auto gone =
        repo.save("apps/streaming.yaml", with(text, "  jellyfin:\n    vmid: 110\n", ""), "goes");
    repo.save("apps/streaming.yaml", "x-b: 1\n", "after");
    Case test(repo);
    const auto found = test.owned(agreed, jellyfin_line).removed();
    CHECK(found.commit == gone);
    CHECK(found.where == SourceRef{"apps/streaming.yaml", 3, 0});
  }
}

TEST_CASE("provenance: a merge hands on to the branch that wrote the line") {
  TempRepo repo;
  repo.write("media.yaml", media);
  repo.save("other.yaml", "x-a: 1\n", "start");
  repo.git({"checkout", "--quiet", "-b", "feature"});
  repo.write("media.yaml",
             with(media, "vmid: 110\n    memory: 2GiB", "vmid: 110\n    memory: 4GiB"));
  const auto changed = repo.commit("more memory", "Ben");
  repo.git({"checkout", "--quiet", "main"});
  const auto agreed =
      repo.save("media.yaml", with(media, "vmid: 111", "vmid: 121"), "main goes on");
  repo.git({"merge", "--quiet", "--no-ff", "--message", "merge", "feature"});
  repo.save("other.yaml", "x-a: 2\n", "after");
  Case test(repo);
  // The agreed commit is younger than the branch's, and does not have it.
  const auto found =
      test.owned(agreed, jellyfin_line).field({test.line("media.yaml", "memory: 4GiB")});
  CHECK(found.commit == changed);
  CHECK(found.author == "Ben");
}

TEST_CASE("provenance: a merge that wrote the line itself is the cause") {
  TempRepo repo;
  const auto agreed = repo.save("media.yaml", media, "start");
  const auto memory = [](const std::string& value) {
    return with(media, "vmid: 110\n    memory: 2GiB", "vmid: 110\n    memory: " + value);
  };
  repo.git({"checkout", "--quiet", "-b", "feature"});
  repo.save("media.yaml", memory("4GiB"), "four");
  repo.git({"checkout", "--quiet", "main"});
  repo.save("media.yaml", memory("6GiB"), "six");
  repo.git({"merge", "--quiet", "--strategy", "ours", "--message", "merge", "feature"});
  repo.write("media.yaml", memory("5GiB"));
  repo.git({"commit", "--quiet", "--all", "--amend", "--no-edit"});
  const auto merge = repo.git({"rev-parse", "HEAD"});
  Case test(repo);
  const auto found =
      test.owned(agreed, jellyfin_line).field({test.line("media.yaml", "memory: 5")});
  CHECK(found.commit == merge);
}

TEST_CASE("provenance: a removal on a branch is found behind the merge that brought it in") {
  TempRepo repo;
  repo.save("media.yaml", media, "start");
  repo.git({"checkout", "--quiet", "-b", "feature"});
  const auto cause =
      repo.save("media.yaml", with(media, "  jellyfin:\n    vmid: 110\n    memory: 2GiB\n", ""),
                "jellyfin goes", "Ben");
  repo.git({"checkout", "--quiet", "main"});
  const auto agreed =
      repo.save("media.yaml", with(media, "vmid: 111", "vmid: 121"), "main goes on");
  repo.git({"merge", "--quiet", "--no-ff", "--message", "merge", "feature"});
  Case test(repo);
  CHECK(test.owned(agreed, jellyfin_line).removed().commit == cause);
}

TEST_CASE("provenance: a merge that lost a declaration is the cause") {
  TempRepo repo;
  repo.save("media.yaml", "x-a: 1\n", "start");
  repo.git({"checkout", "--quiet", "-b", "feature"});
  repo.save("media.yaml", "x-a: 2\n", "a branch without jellyfin");
  repo.git({"checkout", "--quiet", "main"});
  const auto agreed = repo.save("media.yaml", media, "jellyfin comes");
  repo.git({"merge", "--quiet", "--strategy", "ours", "--message", "merge", "feature"});
  repo.write("media.yaml", "x-a: 2\n");
  repo.git({"commit", "--quiet", "--all", "--amend", "--no-edit"});
  const auto merge = repo.git({"rev-parse", "HEAD"});
  Case test(repo);
  CHECK(test.owned(agreed, jellyfin_line).removed().commit == merge);
}

TEST_CASE("provenance: a spec in a subfolder has places of its own") {
  TempRepo repo;
  repo.write("home/lab/media.yaml", media);
  const auto agreed = repo.save("media.yaml", "x-a: 1\n", "start");
  const auto cause =
      repo.save("home/lab/media.yaml", with(media, "memory: 2GiB", "memory: 4GiB"), "more memory");
  repo.save("media.yaml", "x-a: 2\n", "elsewhere");
  Case test(repo);
  test.spec.revision.subdir = "home/lab";
  test.spec.folder = repo.path() + "/home/lab";
  test.owned(agreed, jellyfin_line);
  const auto found = test.field({test.line("media.yaml", "memory")});
  CHECK(found.commit == cause);
  CHECK(found.where == SourceRef{"media.yaml", 4, 3});
  repo.remove("home/lab/media.yaml");
  const auto gone = repo.commit("no more");
  test.spec.revision.commit = gone;
  const auto removal = test.removed();
  CHECK(removal.commit == gone);
  CHECK(removal.where == SourceRef{"media.yaml", 2, 0});
}

TEST_CASE("provenance: a bare repository and an older commit do as well") {
  TempRepo repo;
  const auto agreed = repo.save("media.yaml", media, "start");
  const auto cause =
      repo.save("media.yaml", with(media, "memory: 2GiB", "memory: 4GiB"), "more memory");
  Case test(repo);
  repo.save("media.yaml", with(media, "memory: 2GiB", "memory: 6GiB"), "even more");
  const TempDir other;
  repo.git({"clone", "--quiet", "--bare", repo.path(), other.path() + "/bare.git"});
  test.spec.revision.repo = other.path() + "/bare.git";
  test.owned(agreed, jellyfin_line);
  CHECK(test.field({test.line("media.yaml", "memory")}).commit == cause);
}

TEST_CASE("provenance: where history is cut off, the place alone is shown") {
  TempRepo repo;
  const auto agreed = repo.save("media.yaml", media, "start");
  repo.save("media.yaml", with(media, "memory: 2GiB", "memory: 4GiB"), "more memory");
  const auto last = repo.save(
      "media.yaml", "x-a: 1\n" + with(media, "memory: 2GiB", "memory: 4GiB"), "a line above");
  const TempDir other;
  repo.git({"clone", "--quiet", "--depth", "1", "file://" + repo.path(), other.path() + "/clone"});
  Case test(repo);
  test.spec.revision.repo = other.path() + "/clone";
  test.owned(agreed, jellyfin_line);
  const auto found = test.field({test.line("media.yaml", "memory")});
  CHECK(found.commit.empty());
  CHECK(found.where == SourceRef{"media.yaml", 5, 3});
  CHECK_FALSE(found.uncommitted);
  CHECK(test.removed().where == jellyfin_line);
  repo.git({"-C", other.path() + "/clone", "fetch", "--quiet", "--depth", "2"});
  CHECK(test.field({test.line("media.yaml", "x-a")}, "vmid").commit == last);
  CHECK(test.field({test.line("media.yaml", "memory")}).commit.empty());
}

TEST_CASE("provenance: without git the place alone is shown") {
  TempRepo repo;
  repo.save("media.yaml", media, "start");
  Case test(repo);
  test.spec.revision = {};
  test.owned("", jellyfin_line);
  const auto found = test.field({test.line("media.yaml", "memory")});
  CHECK(found.where == SourceRef{"media.yaml", 4, 3});
  CHECK(found.commit.empty());
  CHECK_FALSE(found.uncommitted);
  const auto gone = test.removed();
  CHECK(gone.where == jellyfin_line);
  CHECK(gone.removed);
}

TEST_CASE("provenance: before the first commit all is uncommitted") {
  TempRepo repo;
  repo.save("media.yaml", media, "start");
  Case test(repo);
  test.spec.revision.commit.clear();
  test.spec.revision.work_tree = true;
  const auto found = test.field({test.line("media.yaml", "memory")});
  CHECK(found.uncommitted);
  CHECK(found.where == SourceRef{"media.yaml", 4, 3});
}

TEST_CASE(
    "provenance: an agreed commit that history does not have any more costs nothing but itself") {
  TempRepo repo;
  repo.save("media.yaml", media, "start");
  const auto cause =
      repo.save("media.yaml", with(media, "memory: 2GiB", "memory: 4GiB"), "more memory");
  Case test(repo);
  test.owned(std::string(40, '1'), jellyfin_line);
  CHECK(test.field({test.line("media.yaml", "memory")}).commit == cause);
  CHECK(test.removed().where == jellyfin_line);
}
