#include "tests/specs/source_case.hpp"

using namespace homeostat;
using namespace homeostat::source_case;

TEST_CASE("source: what differs from HEAD is named, for the files that are read only") {
  TempRepo repo;
  write_homelab(repo);
  repo.write("gone.yaml", "x\n");
  repo.write("live/container/gone.yaml", "x\n");
  repo.write("homelab.txt", "x\n");
  const std::string hash = repo.commit("all");
  const auto source = opened(open_directory(repo.path()));
  (void)listed(*source, {"live"});
  CHECK(source->revision().commit == hash);
  CHECK(source->revision().branch == "main");
  CHECK(source->revision().work_tree);
  CHECK(source->revision().uncommitted.empty());

  repo.write("z.yaml", "a: 2\n");
  repo.write("new/folder/n.yaml", "n\n");
  repo.write("homelab.txt", "y\n");
  repo.write("live/container/x.yaml", "y\n");
  repo.write("live/container/new.yaml", "y\n");
  repo.write("old/y.yaml", "y\n");
  repo.remove("gone.yaml");
  repo.remove("live/container/gone.yaml");
  (void)listed(*source, {"live"});
  CHECK(source->revision().uncommitted ==
        std::set<std::string>{"gone.yaml", "new/folder/n.yaml", "z.yaml"});
  // Staged is not committed; what git ignores is not in the commit either.
  repo.git({"add", "z.yaml", "new"});
  repo.write(".git/info/exclude", "secret.yaml\n");
  repo.write("secret.yaml", "s\n");
  repo.write(".homeostatignore", "/old\n");
  (void)listed(*source, {"live"});
  CHECK(source->revision().uncommitted == std::set<std::string>{".homeostatignore", "gone.yaml",
                                                                "new/folder/n.yaml", "secret.yaml",
                                                                "z.yaml"});
  repo.commit("everything");
  repo.remove("secret.yaml");
  const auto again = opened(open_directory(repo.path()));
  (void)listed(*again, {"live"});
  CHECK(again->revision().uncommitted.empty());
}

TEST_CASE("source: a loaded spec knows which of its files are not committed") {
  TempRepo repo;
  repo.write("homeostat.yaml", "homeostat: 1\nsite: home\n");
  repo.write("a.yaml", "x-a: 1\n");
  repo.commit("all");
  repo.write("a.yaml", "x-a: 2\n");
  const auto spec = load_spec(*opened(open_directory(repo.path())), {});
  if (!spec) FAIL(render(spec.error().at(0)));
  CHECK(spec->revision.uncommitted == std::set<std::string>{"a.yaml"});
}

TEST_CASE("source: a change of the same size and time is seen") {
  TempRepo repo;
  repo.write("a.yaml", "one\n");
  repo.commit("one");
  const fs::path file = repo.path() + "/a.yaml";
  const auto time = fs::last_write_time(file);
  repo.write("a.yaml", "two\n");
  fs::last_write_time(file, time);
  const auto source = opened(open_directory(repo.path()));
  (void)listed(*source);
  CHECK(source->revision().uncommitted == std::set<std::string>{"a.yaml"});
}

TEST_CASE("source: in a repository without commits everything is uncommitted") {
  TempRepo repo;
  repo.write("a.yaml", "one\n");
  const auto source = opened(open_directory(repo.path()));
  (void)listed(*source);
  CHECK(source->revision().commit.empty());
  CHECK(source->revision().branch == "main");
  CHECK(source->revision().uncommitted == std::set<std::string>{"a.yaml"});
}

TEST_CASE("source: a detached HEAD has a commit and no branch") {
  TempRepo repo;
  repo.write("a.yaml", "one\n");
  const std::string hash = repo.commit("one");
  repo.git({"checkout", "--quiet", "--detach"});
  CHECK(opened(open_directory(repo.path()))->revision().branch.empty());
  CHECK(opened(open_directory(repo.path()))->revision().commit == hash);
  CHECK(opened(open_commit(repo.path(), "HEAD"))->revision().branch.empty());
}

TEST_CASE("source: a linked work tree is a work tree like any other") {
  TempRepo repo;
  repo.write("a.yaml", "one\n");
  repo.commit("one");
  TempDir dir;
  const std::string linked = dir.path() + "/linked";
  repo.git({"worktree", "add", "--quiet", "-b", "side", linked});
  const auto source = opened(open_directory(linked));
  CHECK(listed(*source) == Files{"a.yaml"});
  CHECK(source->revision().branch == "side");
  CHECK(source->revision().repo == linked);
  CHECK(source->revision().uncommitted.empty());
}

TEST_CASE("source: a folder that cannot be listed is an error, never half a spec") {
  if (::geteuid() == 0) return;  // root can list everything
  TempDir dir;
  dir.write("a.yaml", "");
  dir.write("closed/b.yaml", "");
  REQUIRE(::chmod((dir.path() + "/closed").c_str(), 0) == 0);
  CHECK(complaints(*opened(open_directory(dir.path()))) ==
        "closed: cannot list the folder: Permission denied\n");
  REQUIRE(::chmod((dir.path() + "/closed").c_str(), 0700) == 0);
}

TEST_CASE("source: a repository of another user is refused with the command to allow it") {
  if (::geteuid() != 0) return;  // only root can give files away
  TempRepo repo;
  repo.write("lab/a.yaml", "one\n");
  repo.commit("one");
  for (const char* path : {"", "/.git", "/lab"}) {
    REQUIRE(::chown((repo.path() + path).c_str(), 12345, 12345) == 0);
  }
  const auto source = open_directory(repo.path() + "/lab");
  REQUIRE(!source.has_value());
  CHECK(to_string(source.error()) ==
        "the repository " + repo.path() +
            " belongs to another user (run as that user, or allow it: git config --global --add "
            "safe.directory " +
            repo.path() + ")");
}
