#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "tests/reconciler/follow/git_servers.hpp"
#include "tests/reconciler/follow/mirror_lab.hpp"

using namespace homeostat;
using namespace homeostat::test;
using follow::Fetched;
namespace fs = std::filesystem;

namespace {

struct BrokenLab : MirrorLab {
  std::string first = repo.save("a.yaml", "the text of a file\n", "First");

  BrokenLab() { good(mirror().fetch({})); }
  // Every file of the mirror's objects whose name ends so.
  [[nodiscard]] std::vector<fs::path> objects(const std::string& end) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder() + "/repository/objects")) {
      if (entry.is_regular_file() && entry.path().string().ends_with(end)) {
        fs::permissions(entry.path(), fs::perms::owner_all);
        found.push_back(entry.path());
      }
    }
    REQUIRE_FALSE(found.empty());
    return found;
  }
  // Into a file an object, which can be damaged one by one.
  void unpack() const {
    const std::string aside = folder() + "/aside.pack";
    for (const fs::path& pack : objects(".pack")) {
      fs::rename(pack, aside);
      must({"/bin/sh", "-c", "git -C " + folder() + "/repository unpack-objects -q <" + aside});
      fs::remove(aside);
    }
    for (const fs::path& index : objects(".idx")) fs::remove(index);
  }
  [[nodiscard]] fs::path single(const std::string& id) const {
    fs::path file = folder() + "/repository/objects/" + id.substr(0, 2) + "/" + id.substr(2);
    fs::permissions(file, fs::perms::owner_all);
    return file;
  }
  // It is cloned anew, says so once, and is whole.
  void check_cloned_anew(const std::string& why) {
    follow::Mirror again = mirror();
    Fetched fetched = good(again.fetch({}));
    CHECK(fetched.commit == first);
    CHECK(fetched.cloned_anew);
    CHECK_FALSE(fetched.moved);
    CAPTURE(fetched.why);
    CHECK(fetched.why.find(why) == 0);
    CHECK(again.last_commit() == first);
    CHECK(file(first, "a.yaml") == "the text of a file");
    fetched = good(again.fetch({}));
    CHECK_FALSE(fetched.cloned_anew);
    CHECK(fetched.why.empty());
    CHECK_FALSE(fs::exists(folder() + "/new"));
  }
};

}  // namespace

TEST_CASE("mirror: one with a pack that was cut off is cloned anew") {
  BrokenLab lab;
  for (const fs::path& pack : lab.objects(".pack")) fs::resize_file(pack, 40);
  lab.check_cloned_anew("cannot read refs/heads/main: ");
}

TEST_CASE("mirror: one without its objects is cloned anew") {
  BrokenLab lab;
  for (const fs::path& file : lab.objects("")) fs::remove(file);
  lab.check_cloned_anew("cannot read refs/heads/main: ");
}

TEST_CASE("mirror: one with a damaged file is cloned anew") {
  BrokenLab lab;
  lab.unpack();
  const std::string blob = lab.in_mirror({"rev-parse", lab.first + ":a.yaml"});
  const fs::path file = lab.single(blob);
  SUBCASE("is cut off") { fs::resize_file(file, 10); }
  SUBCASE("is empty") { fs::resize_file(file, 0); }
  SUBCASE("is gone") { fs::remove(file); }
  SUBCASE("is another one") {
    const std::string commit = lab.first;
    fs::copy_file(
        lab.folder() + "/repository/objects/" + commit.substr(0, 2) + "/" + commit.substr(2), file,
        fs::copy_options::overwrite_existing);
  }
  lab.check_cloned_anew("cannot ");
}

TEST_CASE("mirror: one that is no repository any more is cloned anew") {
  BrokenLab lab;
  SUBCASE("without its HEAD") { fs::remove(lab.folder() + "/repository/HEAD"); }
  SUBCASE("a file in its place") {
    fs::remove_all(lab.folder() + "/repository");
    std::ofstream(lab.folder() + "/repository") << "x";
  }
  SUBCASE("an empty folder in its place") {
    fs::remove_all(lab.folder() + "/repository");
    fs::create_directory(lab.folder() + "/repository");
  }
  lab.check_cloned_anew("no repository: ");
}

TEST_CASE("mirror: one whose history has a hole is cloned anew when the hole is met") {
  BrokenLab lab;
  lab.repo.save("a.yaml", "2", "Second");
  good(lab.mirror().fetch({}));
  lab.unpack();
  fs::remove(lab.single(lab.first));
  const std::string third = lab.repo.save("a.yaml", "3", "Third");
  const Fetched fetched = good(lab.mirror().fetch({}));
  CHECK(fetched.commit == third);
  CHECK(fetched.cloned_anew);
  CHECK_FALSE(fetched.moved);
  CHECK(lab.file(lab.first, "a.yaml") == "the text of a file");
}

TEST_CASE("mirror: a broken one stays as it is while the remote is gone, and both are said") {
  BrokenLab lab;
  fs::rename(lab.repo.path() + "/.git", lab.repo.path() + "/gone");
  for (const fs::path& pack : lab.objects(".pack")) fs::resize_file(pack, 40);
  const std::string said = problem(lab.mirror().fetch({}));
  CAPTURE(said);
  CHECK(said.find("not_found: there is no repository at " + lab.repo.path() +
                  "; and the mirror is broken: cannot read refs/heads/main: ") == 0);
  CHECK(fs::exists(lab.folder() + "/repository/HEAD"));
  CHECK(lab.mirror().last_commit() == std::nullopt);
  fs::rename(lab.repo.path() + "/gone", lab.repo.path() + "/.git");
  lab.check_cloned_anew("cannot read refs/heads/main: ");
}

TEST_CASE("mirror: a force-push is seen by a mirror that is cloned anew, too") {
  BrokenLab lab;
  lab.repo.git({"checkout", "--quiet", "--orphan", "other"});
  const std::string forced = lab.repo.save("a.yaml", "3", "Instead");
  lab.repo.git({"branch", "--quiet", "-f", "main"});
  for (const fs::path& pack : lab.objects(".pack")) fs::resize_file(pack, 40);
  const Fetched fetched = good(lab.mirror().fetch({}));
  CHECK(fetched.commit == forced);
  CHECK(fetched.cloned_anew);
  CHECK(fetched.moved);
}

TEST_CASE("mirror: what a fetch that was killed left behind does not stop the next") {
  BrokenLab lab;
  const std::string repository = lab.folder() + "/repository/";
  std::ofstream(repository + "refs/heads/main.lock") << "";
  std::ofstream(repository + "HEAD.lock") << "";
  std::ofstream(repository + "objects/pack/pack_git2_1234567890abcdef") << "half a pack";
  fs::create_directories(lab.folder() + "/new/objects");
  const std::string second = lab.repo.save("a.yaml", "2", "Second");
  const Fetched fetched = good(lab.mirror().fetch({}));
  CHECK(fetched.commit == second);
  CHECK_FALSE(fetched.cloned_anew);
  CHECK_FALSE(fs::exists(repository + "HEAD.lock"));
  CHECK_FALSE(fs::exists(repository + "objects/pack/pack_git2_1234567890abcdef"));
}
