// The tree of one git commit as a source: nothing of the work tree is looked at.
#include <fmt/format.h>

#include <filesystem>

#include "specs/source.hpp"
#include "specs/source_tree.hpp"

namespace homeostat {

namespace {

namespace fs = std::filesystem;

class CommitSource final : public Source {
 public:
  CommitSource(git::Repository repository, git::Tree tree, Revision revision, std::string folder)
      : repository_(std::move(repository)),
        tree_(std::move(tree)),
        revision_(std::move(revision)),
        folder_(std::move(folder)) {}

  const Revision& revision() const override { return revision_; }
  const std::string& folder() const override { return folder_; }

  Result<std::optional<std::string>> read(std::string_view path) const override {
    return read_from_tree(repository_.get(), tree_.get(), path);
  }

  std::vector<std::string> list(const std::set<std::string>& skip, Errors& errors) const override {
    const Result<std::optional<std::string>> rules = read(ignore_file);
    if (!rules) errors.push_back(rules.error());
    const IgnoreRules ignore(rules && *rules ? std::string_view(**rules) : std::string_view());
    Selection selection(ignore, skip, errors);
    select_from_tree(repository_.get(), tree_.get(), selection);
    return selection.sorted_files();
  }

 private:
  git::Repository repository_;
  git::Tree tree_;
  Revision revision_;
  std::string folder_;
};

// Up to five local branches, for the hint.
std::string some_branches(git_repository* repository) {
  git_branch_iterator* found = nullptr;
  if (git_branch_iterator_new(&found, repository, GIT_BRANCH_LOCAL) < 0) return {};
  const std::unique_ptr<git_branch_iterator, git::Free<git_branch_iterator_free>> each(found);
  std::string names;
  git_reference* next = nullptr;
  git_branch_t type = GIT_BRANCH_LOCAL;
  for (int count = 0; count < 5 && git_branch_next(&next, &type, each.get()) == 0; ++count) {
    const git::Reference branch(next);
    names += (count == 0 ? "" : ", ") + std::string(git_reference_shorthand(next));
  }
  return names;
}

tl::unexpected<Error> unknown_revision(git_repository* repository, const std::string& rev) {
  const std::string branches = some_branches(repository);
  if (branches.empty() && git_repository_head_unborn(repository) == 1) {
    return fail(ErrorKind::invalid_spec, "the repository has no commit yet",
                "git add and git commit first");
  }
  std::string hint = "branches here: " + branches;
  if (git_repository_is_shallow(repository) == 1) {
    hint = "this clone is shallow: git fetch --unshallow brings older commits";
  }
  return fail(ErrorKind::invalid_spec, fmt::format("unknown revision `{}`", rev), std::move(hint));
}

Result<git::Commit> find_commit(git_repository* repository, const std::string& rev) {
  git_object* found = nullptr;
  const int code = git_revparse_single(&found, repository, rev.c_str());
  const git::Object object(found);
  if (code == GIT_EAMBIGUOUS) {
    return fail(ErrorKind::invalid_spec, fmt::format("`{}` may mean several commits", rev),
                "write more digits of the hash");
  }
  if (code < 0) return unknown_revision(repository, rev);
  git_object* peeled = nullptr;
  if (git_object_peel(&peeled, object.get(), GIT_OBJECT_COMMIT) < 0) {
    return fail(ErrorKind::invalid_spec, fmt::format("`{}` is no commit", rev),
                "give a branch, a tag or a commit's hash");
  }
  // A git_object of this type is a git_commit.
  return git::Commit(reinterpret_cast<git_commit*>(peeled));  // NOLINT(*-reinterpret-cast)
}

// The branch that `rev` names, or that HEAD is on; "" for anything else.
std::string branch_of(git_repository* repository, const std::string& rev) {
  git_reference* found = nullptr;
  const bool head = rev == "HEAD" || rev == "@";
  const int code = head ? git_repository_head(&found, repository)
                        : git_branch_lookup(&found, repository, rev.c_str(), GIT_BRANCH_LOCAL);
  if (code < 0) return {};
  const git::Reference reference(found);
  return git_reference_is_branch(found) == 1 ? git_reference_shorthand(found) : std::string();
}

}  // namespace

Result<std::unique_ptr<Source>> open_commit(const std::string& folder, const std::string& rev,
                                            const std::string& path) {
  std::error_code failed;
  const fs::path real = fs::canonical(folder, failed);
  if (failed) {
    return fail(ErrorKind::invalid_spec,
                fmt::format("cannot open {}: {}", as_shown(folder), failed.message()));
  }
  TRY_ASSIGN(git::Repository repository, git::discover(real.string()));
  if (repository == nullptr) {
    return fail(ErrorKind::invalid_spec, fmt::format("{} is in no git repository", folder),
                "leave out the revision to read the folder as it lies, or run git init");
  }
  Revision revision;
  fs::path inside = path;
  fs::path top = git_repository_path(repository.get());
  revision.bare = git_repository_is_bare(repository.get()) == 1;
  if (const char* work_tree = git_repository_workdir(repository.get()); work_tree != nullptr) {
    top = fs::canonical(work_tree, failed);
    inside = fs::relative(real, top, failed) / path;
  }
  std::string below = inside.lexically_normal().generic_string();
  while (below.ends_with('/')) below.pop_back();
  if (below == ".") below.clear();
  if (inside.is_absolute() || below == ".." || below.starts_with("../")) {
    return fail(ErrorKind::invalid_spec, fmt::format("{} lies outside of the repository", path),
                "give a path inside it");
  }
  top = fs::path(top.generic_string()).lexically_normal();
  revision.repo = top.generic_string();
  while (revision.repo.size() > 1 && revision.repo.ends_with('/')) revision.repo.pop_back();
  revision.subdir = below;
  TRY_ASSIGN(const git::Commit commit, find_commit(repository.get(), rev));
  revision.commit = git::hex(*git_commit_id(commit.get()));
  revision.branch = branch_of(repository.get(), rev);
  TRY_ASSIGN(git::Tree tree, git::folder_tree(repository.get(), commit.get(), below));
  if (tree == nullptr) {
    return fail(ErrorKind::invalid_spec,
                fmt::format("{} is no folder of commit {}", below, revision.commit.substr(0, 7)),
                "give a path that the commit has");
  }
  std::string on_disk = revision.repo + (below.empty() ? "" : "/" + below);
  return std::unique_ptr<Source>(std::make_unique<CommitSource>(
      std::move(repository), std::move(tree), std::move(revision), std::move(on_disk)));
}

}  // namespace homeostat
