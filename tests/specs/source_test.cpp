#include "tests/specs/source_case.hpp"

using namespace homeostat;
using namespace homeostat::source_case;

TEST_CASE("source: a directory and a commit list the same files, sorted") {
  TempRepo repo;
  write_homelab(repo);
  repo.commit("all");
  const auto directory = opened(open_directory(repo.path()));
  const auto commit = opened(open_commit(repo.path(), "HEAD"));
  CHECK(listed(*directory, {"live"}) == homelab_files);
  CHECK(listed(*commit, {"live"}) == homelab_files);
  CHECK(text_of(*directory, "media/jellyfin.yaml") == "b: 2\n");
  CHECK(text_of(*commit, "media/jellyfin.yaml") == "b: 2\n");
  CHECK(directory->folder() == repo.path());
  CHECK(commit->folder() == repo.path());
  for (const Source* source : {directory.get(), commit.get()}) {
    CHECK(!source->read("nothing.yaml")->has_value());
    CHECK(!source->read("z.yaml/x")->has_value());
    CHECK(!source->read("nothing/x.yaml")->has_value());
    CHECK(read_error(*source, "media") == "media: this is a folder");
    CHECK(read_error(*source, "../x.yaml") == "../x.yaml: the path leads out of the spec's folder");
    CHECK(read_error(*source, "/etc/passwd") ==
          "/etc/passwd: the path leads out of the spec's folder");
    CHECK(text_of(*source, "./media//jellyfin.yaml") == "b: 2\n");
  }
}

TEST_CASE("source: a directory without git is read, and nothing of it is called uncommitted") {
  TempDir dir;
  write_homelab(dir);
  const auto source = opened(open_directory(dir.path()));
  CHECK(listed(*source, {"live"}) == homelab_files);
  const Revision& revision = source->revision();
  CHECK(revision.work_tree);
  CHECK(revision.repo.empty());
  CHECK(revision.commit.empty());
  CHECK(revision.branch.empty());
  CHECK(revision.uncommitted.empty());
}

TEST_CASE("source: skipped folders are not entered") {
  TempDir dir;
  dir.write("a.yaml", "");
  dir.write("live/broken.yml", "");
  dir.write("live/deep/x.yaml", "");
  REQUIRE(::chmod((dir.path() + "/live/deep").c_str(), 0) == 0);
  const auto source = opened(open_directory(dir.path()));
  CHECK(listed(*source, {"live"}) == Files{"a.yaml"});
  REQUIRE(::chmod((dir.path() + "/live/deep").c_str(), 0700) == 0);
  CHECK(complaints(*source, {"live/deep"}).starts_with("live/broken.yml: "));
}

TEST_CASE("source: symbolic links are refused by name, and never followed") {
  TempRepo repo;
  TempDir outside;
  outside.write("secret.yaml", "s\n");
  repo.write("a.yaml", "a\n");
  repo.write("docs/b.yaml", "b\n");
  fs::create_symlink(outside.path() + "/secret.yaml", repo.path() + "/link.yaml");
  fs::create_symlink(outside.path(), repo.path() + "/folder");
  fs::create_symlink("docs", repo.path() + "/inside");
  fs::create_symlink("a.yaml", repo.path() + "/README");
  fs::create_symlink(".", repo.path() + "/docs/loop");
  repo.commit("links");
  constexpr std::string_view expected =
      "docs/loop: symbolic links are not followed (put the file itself here, or name it in "
      ".homeostatignore)\n"
      "folder: symbolic links are not followed (put the file itself here, or name it in "
      ".homeostatignore)\n"
      "inside: symbolic links are not followed (put the file itself here, or name it in "
      ".homeostatignore)\n"
      "link.yaml: symbolic links are not followed (put the file itself here, or name it in "
      ".homeostatignore)\n";
  const auto directory = opened(open_directory(repo.path()));
  const auto commit = opened(open_commit(repo.path(), "HEAD"));
  for (const Source* source : {directory.get(), commit.get()}) {
    CHECK(complaints(*source) == expected);
    for (const char* path : {"link.yaml", "folder/secret.yaml", "inside/b.yaml", "README"}) {
      CHECK(read_error(*source, path).find("symbolic links are not followed") != std::string::npos);
    }
  }
  repo.write(".homeostatignore", "folder\ninside/\nlink.*\nloop\n");
  repo.commit("ignore them");
  CHECK(complaints(*directory).empty());
  CHECK(complaints(*opened(open_commit(repo.path(), "HEAD"))).empty());
}

TEST_CASE("source: a .yml gets an error with a hint, wherever it is not ignored") {
  TempRepo repo;
  repo.write("a.yaml", "");
  repo.write("sub/b.yml", "");
  repo.write("C.YAML", "");
  repo.write("old/d.yml", "");
  repo.write(".homeostatignore", "old\n");
  repo.commit("all");
  constexpr std::string_view expected =
      "C.YAML: only files that end in .yaml are read (rename it to C.yaml, or name it in "
      ".homeostatignore)\n"
      "sub/b.yml: only files that end in .yaml are read (rename it to sub/b.yaml, or name it in "
      ".homeostatignore)\n";
  CHECK(complaints(*opened(open_directory(repo.path()))) == expected);
  CHECK(complaints(*opened(open_commit(repo.path(), "HEAD"))) == expected);
}

TEST_CASE("source: files above 16 MiB are refused by name") {
  TempRepo repo;
  const std::string exact(std::size_t{16} * 1024 * 1024, '\n');
  repo.write("a.yaml", exact);
  repo.write("big.yaml", exact + "#");
  repo.commit("all");
  const auto directory = opened(open_directory(repo.path()));
  const auto commit = opened(open_commit(repo.path(), "HEAD"));
  for (const Source* source : {directory.get(), commit.get()}) {
    CHECK(complaints(*source) ==
          "big.yaml: the file has 16777217 bytes; the limit is 16777216 (16 MiB) (split it, or "
          "name it in "
          ".homeostatignore)\n");
    CHECK(read_error(*source, "big.yaml").starts_with("big.yaml: the file has 16777217 bytes"));
    CHECK(text_of(*source, "a.yaml").size() == exact.size());
  }
}

TEST_CASE("source: a submodule is refused by name") {
  TempRepo inner;
  inner.write("x.yaml", "x\n");
  inner.commit("inner");
  TempRepo repo;
  repo.write("a.yaml", "a\n");
  repo.git(
      {"-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.path(), "module"});
  repo.commit("with module");
  constexpr std::string_view expected =
      "module: a git repository inside the repository (a submodule) is not read (put its files "
      "here, or name it in .homeostatignore)\n";
  CHECK(complaints(*opened(open_directory(repo.path()))) == expected);
  const auto commit = opened(open_commit(repo.path(), "HEAD"));
  CHECK(complaints(*commit) == expected);
  CHECK(complaints(*commit, {"module"}).empty());
  CHECK(read_error(*commit, "module/x.yaml").starts_with("module: a git repository inside"));
}

TEST_CASE("source: what is no regular file, or has no printable name, is refused by name") {
  TempDir dir;
  REQUIRE(::mkfifo((dir.path() + "/pipe.yaml").c_str(), 0600) == 0);
  dir.write("a\nb.yaml", "");
  const auto source = opened(open_directory(dir.path()));
  CHECK(complaints(*source) ==
        "a\nb.yaml: the file's name holds bytes that cannot be printed (rename it)\n"
        "pipe.yaml: this is no regular file\n");
  CHECK(read_error(*source, "pipe.yaml") == "pipe.yaml: this is no regular file");
}

TEST_CASE("source: a commit is read as it was, whatever lies in the work tree") {
  TempRepo repo;
  repo.write("a.yaml", "one\n");
  const std::string first = repo.commit("first");
  repo.write("a.yaml", "two\n");
  repo.write("b.yaml", "new\n");
  const std::string second = repo.commit("second");
  repo.git({"tag", "-a", "-m", "t", "v1", first});
  repo.git({"branch", "side", first});
  repo.write("a.yaml", "three\n");
  const auto head = opened(open_commit(repo.path(), "HEAD"));
  CHECK(text_of(*head, "a.yaml") == "two\n");
  CHECK(head->revision().commit == second);
  CHECK(head->revision().branch == "main");
  CHECK(head->revision().repo == repo.path());
  CHECK(!head->revision().work_tree);
  CHECK(head->revision().uncommitted.empty());
  for (const std::string& rev :
       {first, first.substr(0, 8), std::string("HEAD~1"), std::string("v1"), std::string("side")}) {
    const auto source = opened(open_commit(repo.path(), rev));
    CHECK(text_of(*source, "a.yaml") == "one\n");
    CHECK(source->revision().commit == first);
    CHECK(source->revision().branch == (rev == "side" ? "side" : ""));
    CHECK(listed(*source) == Files{"a.yaml"});
  }
}

TEST_CASE("source: a folder inside the repository is the whole spec") {
  TempRepo repo;
  repo.write("homelab/lab/a.yaml", "a\n");
  repo.write("homelab/lab/sub/b.yaml", "b\n");
  repo.write("other.yml", "no\n");
  repo.commit("all");
  const std::string lab = repo.path() + "/homelab/lab";
  const Files expected = {"a.yaml", "sub/b.yaml"};
  const auto directory = opened(open_directory(lab));
  CHECK(listed(*directory) == expected);
  CHECK(directory->revision().subdir == "homelab/lab");
  CHECK(directory->revision().repo == repo.path());
  CHECK(directory->revision().uncommitted.empty());
  for (const auto& [folder, path] :
       std::vector<std::pair<std::string, std::string>>{{lab, ""},
                                                        {repo.path(), "homelab/lab"},
                                                        {repo.path(), "./homelab/lab/"},
                                                        {repo.path() + "/homelab", "lab"}}) {
    const auto commit = opened(open_commit(folder, "main", path));
    CHECK(listed(*commit) == expected);
    CHECK(commit->revision().subdir == "homelab/lab");
    CHECK(commit->folder() == lab);
    CHECK(text_of(*commit, "sub/b.yaml") == "b\n");
  }
}

TEST_CASE("source: a bare repository is read by commit") {
  TempRepo repo;
  repo.write("lab/a.yaml", "a\n");
  const std::string hash = repo.commit("all");
  TempDir dir;
  const std::string bare = dir.path() + "/lab.git";
  repo.git({"clone", "--quiet", "--bare", repo.path(), bare});
  const auto source = opened(open_commit(bare, "main", "lab"));
  CHECK(source->revision().commit == hash);
  CHECK(source->revision().repo == bare);
  CHECK(source->revision().subdir == "lab");
  CHECK(text_of(*source, "a.yaml") == "a\n");
  const auto directory = open_directory(bare);
  REQUIRE(!directory.has_value());
  CHECK(to_string(directory.error()) ==
        bare + " is a bare repository, without files (read a commit of it: --rev main)");
}

TEST_CASE("source: a shallow clone is read, and an older revision told to be fetched") {
  TempRepo repo;
  repo.write("a.yaml", "one\n");
  const std::string first = repo.commit("first");
  repo.write("a.yaml", "two\n");
  repo.commit("second");
  TempDir dir;
  const std::string clone = dir.path() + "/clone";
  repo.git({"clone", "--quiet", "--depth", "1", "file://" + repo.path(), clone});
  CHECK(text_of(*opened(open_commit(clone, "HEAD")), "a.yaml") == "two\n");
  CHECK(text_of(*opened(open_directory(clone)), "a.yaml") == "two\n");
  const auto older = open_commit(clone, first);
  REQUIRE(!older.has_value());
  CHECK(older.error().hint == "this clone is shallow: git fetch --unshallow brings older commits");
}

TEST_CASE("source: what cannot be opened says why and what to do") {
  TempDir dir;
  const auto message = [](const Result<std::unique_ptr<Source>>& source) {
    REQUIRE(!source.has_value());
    CHECK(source.error().kind == ErrorKind::invalid_spec);
    return to_string(source.error());
  };
  CHECK(message(open_directory(dir.path() + "/x")) ==
        "cannot open " + dir.path() + "/x: No such file or directory");
  dir.write("file", "");
  CHECK(message(open_directory(dir.path() + "/file")) ==
        dir.path() + "/file is no folder (give the folder that holds homeostat.yaml)");
  CHECK(message(open_commit(dir.path(), "HEAD")) ==
        dir.path() +
            " is in no git repository (leave out the revision to read the folder as it "
            "lies, or run git init)");
  TempRepo repo;
  CHECK(message(open_commit(repo.path(), "HEAD")) ==
        "the repository has no commit yet (git add and git commit first)");
  repo.write("lab/a.yaml", "");
  const std::string hash = repo.commit("all");
  CHECK(message(open_commit(repo.path(), "mian")) ==
        "unknown revision `mian` (branches here: main)");
  CHECK(message(open_commit(repo.path(), "HEAD~7")) ==
        "unknown revision `HEAD~7` (branches here: main)");
  CHECK(message(open_commit(repo.path(), "main:lab/a.yaml")) ==
        "`main:lab/a.yaml` is no commit (give a branch, a tag or a commit's hash)");
  CHECK(message(open_commit(repo.path(), "main", "lib")) ==
        "lib is no folder of commit " + hash.substr(0, 7) + " (give a path that the commit has)");
  CHECK(message(open_commit(repo.path(), "main", "lab/a.yaml")) ==
        "lab/a.yaml is no folder of commit " + hash.substr(0, 7) +
            " (give a path that the commit has)");
  CHECK(message(open_commit(repo.path(), "main", "../x")) ==
        "../x lies outside of the repository (give a path inside it)");
  CHECK(message(open_commit(repo.path(), "main", "/etc")) ==
        "/etc lies outside of the repository (give a path inside it)");
}
