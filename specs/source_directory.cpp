// A directory as it lies, and what of it differs from the repository's HEAD.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "specs/source.hpp"
#include "specs/source_tree.hpp"

namespace homeostat {

namespace {

namespace fs = std::filesystem;

class DirectorySource final : public Source {
 public:
  DirectorySource(std::string folder, git::Repository repository, Revision revision)
      : folder_(std::move(folder)),
        repository_(std::move(repository)),
        revision_(std::move(revision)) {}

  const Revision& revision() const override { return revision_; }
  const std::string& folder() const override { return folder_; }
  Result<std::optional<std::string>> read(std::string_view path) const override;
  std::vector<std::string> list(const std::set<std::string>& skip, Errors& errors) const override;

 private:
  void walk(const std::string& below, Selection& selection) const;
  void visit(const fs::directory_entry& entry, const std::string& path, Selection& selection) const;
  [[nodiscard]] Status compare_with_head(const std::vector<std::string>& files,
                                         const IgnoreRules& rules,
                                         const std::set<std::string>& skip) const;
  [[nodiscard]] bool is_unchanged(const std::string& path, const git_oid& committed,
                                  git_index* index, const struct stat* index_file) const;

  std::string folder_;
  git::Repository repository_;  // null outside of one
  // `uncommitted` depends on what is listed, and is filled then.
  mutable Revision revision_;
};

Result<std::string> read_file(const std::string& full, const std::string& path,
                              std::uint64_t bytes) {
  const std::unique_ptr<FILE, git::Free<std::fclose>> file(std::fopen(full.c_str(), "rb"));
  if (file == nullptr) {
    return tl::unexpected(
        entry_error(path, "cannot read it: " + std::generic_category().message(errno)));
  }
  std::string text(bytes + 1, '\0');
  std::size_t size = 0;
  // One byte more than it had: a file that grows meanwhile is read to its end.
  while (const std::size_t got =
             std::fread(text.data() + size, 1, text.size() - size, file.get())) {
    size += got;
    if (size > max_file_bytes) return tl::unexpected(size_error(path, size));
    if (size == text.size()) text.resize(2 * text.size());
  }
  if (std::ferror(file.get()) != 0) {
    return tl::unexpected(entry_error(path, "cannot read it to its end"));
  }
  text.resize(size);
  return text;
}

Result<std::optional<std::string>> DirectorySource::read(std::string_view path) const {
  TRY_ASSIGN(const std::vector<std::string> parts, path_components(path));
  std::string so_far;
  struct stat info = {};
  for (const std::string& part : parts) {
    so_far += (so_far.empty() ? "" : "/") + part;
    if (::lstat((folder_ + "/" + so_far).c_str(), &info) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
      return tl::unexpected(
          entry_error(so_far, "cannot read it: " + std::generic_category().message(errno)));
    }
    if (S_ISLNK(info.st_mode)) return tl::unexpected(symlink_error(so_far));
  }
  if (S_ISDIR(info.st_mode)) {
    return tl::unexpected(entry_error(std::string(path), "this is a folder"));
  }
  if (!S_ISREG(info.st_mode)) {
    return tl::unexpected(entry_error(std::string(path), "this is no regular file"));
  }
  const auto bytes = static_cast<std::uint64_t>(info.st_size);
  if (bytes > max_file_bytes) return tl::unexpected(size_error(so_far, bytes));
  TRY_ASSIGN(std::string text, read_file(folder_ + "/" + so_far, so_far, bytes));
  return std::optional<std::string>(std::move(text));
}

std::vector<std::string> DirectorySource::list(const std::set<std::string>& skip,
                                               Errors& errors) const {
  const Result<std::optional<std::string>> text = read(ignore_file);
  if (!text) errors.push_back(text.error());
  const IgnoreRules rules(text && *text ? std::string_view(**text) : std::string_view());
  Selection selection(rules, skip, errors);
  walk("", selection);
  std::vector<std::string> files = selection.sorted_files();
  if (const Status compared = compare_with_head(files, rules, skip); !compared) {
    errors.push_back(compared.error());
  }
  return files;
}

void DirectorySource::walk(const std::string& below, Selection& selection) const {
  std::error_code failed;
  fs::directory_iterator entries(folder_ + "/" + below, failed);
  while (!failed && entries != fs::directory_iterator()) {
    const std::string name = entries->path().filename().string();
    visit(*entries, below.empty() ? name : below + "/" + name, selection);
    entries.increment(failed);
  }
  // A folder that cannot be read may hold anything: half a spec would be taken for the whole.
  if (failed) {
    selection.report(entry_error(below.empty() ? folder_ : below,
                                 "cannot list the folder: " + failed.message()));
  }
}

void DirectorySource::visit(const fs::directory_entry& entry, const std::string& path,
                            Selection& selection) const {
  std::error_code failed;
  const fs::file_type type = entry.symlink_status(failed).type();
  if (type == fs::file_type::symlink) {
    std::error_code dangling;
    selection.meet_symlink(path, fs::is_directory(entry.path(), dangling));
  } else if (type == fs::file_type::directory) {
    if (!selection.enters(path)) return;
    if (fs::exists(fs::symlink_status(entry.path() / ".git", failed))) {
      selection.meet_submodule(path);
    } else {
      walk(path, selection);
    }
  } else if (selection.wants(path)) {
    const std::uintmax_t bytes = type == fs::file_type::regular ? entry.file_size(failed) : 0;
    if (failed || type != fs::file_type::regular) {
      selection.report(entry_error(path, "this is no regular file"));
    } else {
      selection.take(path, bytes);
    }
  }
}

Status DirectorySource::compare_with_head(const std::vector<std::string>& files,
                                          const IgnoreRules& rules,
                                          const std::set<std::string>& skip) const {
  revision_.uncommitted.clear();
  if (repository_ == nullptr) return {};
  std::vector<std::string> candidates = files;
  candidates.emplace_back(ignore_file);
  git::Tree tree;
  if (!revision_.commit.empty()) {
    git_oid id = {};
    git_commit* found = nullptr;
    if (git_oid_fromstr(&id, revision_.commit.c_str()) < 0 ||
        git_commit_lookup(&found, repository_.get(), &id) < 0) {
      return tl::unexpected(git::last_error("cannot read HEAD"));
    }
    const git::Commit commit(found);
    TRY_ASSIGN(tree, git::folder_tree(repository_.get(), commit.get(), revision_.subdir));
  }
  if (tree == nullptr) {
    revision_.uncommitted.insert(files.begin(), files.end());
    return {};
  }
  // What HEAD would be read for, so that a file which is gone is seen; its errors are not ours.
  Errors ignored;
  Selection selection(rules, skip, ignored);
  select_from_tree(repository_.get(), tree.get(), selection);
  for (std::string& path : selection.sorted_files()) {
    if (!std::ranges::binary_search(files, path)) revision_.uncommitted.insert(std::move(path));
  }
  git_index* index_found = nullptr;
  if (git_repository_index(&index_found, repository_.get()) < 0) {
    return tl::unexpected(git::last_error("cannot read the repository's index"));
  }
  const git::Index index(index_found);
  struct stat index_file = {};
  const char* index_path = git_index_path(index.get());
  const bool has_index = index_path != nullptr && ::stat(index_path, &index_file) == 0;
  for (const std::string& path : candidates) {
    const std::optional<git_oid> committed = blob_in_tree(tree.get(), path);
    struct stat info = {};
    const bool exists = ::lstat((folder_ + "/" + path).c_str(), &info) == 0;
    if (!committed && !exists) continue;
    if (!committed || !exists ||
        !is_unchanged(path, *committed, index.get(), has_index ? &index_file : nullptr)) {
      revision_.uncommitted.insert(path);
    }
  }
  return {};
}

// Git's own way: a file whose size and times are those in the index has the index's content, unless
// it was written as late as the index itself. Else its content is hashed.
bool DirectorySource::is_unchanged(const std::string& path, const git_oid& committed,
                                   git_index* index, const struct stat* index_file) const {
  const std::string full = folder_ + "/" + path;
  const std::string in_repo = revision_.subdir.empty() ? path : revision_.subdir + "/" + path;
  const git_index_entry* entry = git_index_get_bypath(index, in_repo.c_str(), 0);
  struct stat info = {};
  if (entry != nullptr && index_file != nullptr && ::lstat(full.c_str(), &info) == 0) {
    const auto same_time = [](const git_index_time& kept, const timespec& now) {
      return kept.seconds == static_cast<std::int32_t>(now.tv_sec) &&
             kept.nanoseconds == static_cast<std::uint32_t>(now.tv_nsec);
    };
    const auto later = [](const timespec& a, const timespec& b) {
      return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
    };
    if (same_time(entry->mtime, info.st_mtim) && same_time(entry->ctime, info.st_ctim) &&
        entry->file_size == static_cast<std::uint32_t>(info.st_size) &&
        later(index_file->st_mtim, info.st_mtim)) {
      return git_oid_equal(&entry->id, &committed) == 1;
    }
  }
  git_oid id = {};
  return git_repository_hashfile(&id, repository_.get(), full.c_str(), GIT_OBJECT_BLOB, nullptr) ==
             0 &&
         git_oid_equal(&id, &committed) == 1;
}

// HEAD's commit and branch; both stay empty in a repository without commits, but for the branch.
Status read_head(git_repository* repository, Revision& revision) {
  git_reference* found = nullptr;
  const int code = git_repository_head(&found, repository);
  const git::Reference head(found);
  if (code == 0) {
    revision.commit = git::hex(*git_reference_target(found));
    if (git_reference_is_branch(found) == 1) revision.branch = git_reference_shorthand(found);
    return {};
  }
  if (code != GIT_EUNBORNBRANCH && code != GIT_ENOTFOUND) {
    return tl::unexpected(git::last_error("cannot read HEAD"));
  }
  git_reference* unborn = nullptr;
  if (git_reference_lookup(&unborn, repository, "HEAD") < 0) return {};
  const git::Reference symbolic(unborn);
  const char* target = git_reference_symbolic_target(unborn);
  constexpr std::string_view branches = "refs/heads/";
  if (target != nullptr && std::string_view(target).starts_with(branches)) {
    revision.branch = std::string_view(target).substr(branches.size());
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Source>> open_directory(const std::string& folder) {
  std::error_code failed;
  const fs::path real = fs::canonical(folder, failed);
  if (failed) {
    return fail(ErrorKind::invalid_spec,
                fmt::format("cannot open {}: {}", as_shown(folder), failed.message()));
  }
  if (!fs::is_directory(real, failed)) {
    return fail(ErrorKind::invalid_spec, fmt::format("{} is no folder", as_shown(folder)),
                "give the folder that holds homeostat.yaml");
  }
  TRY_ASSIGN(git::Repository repository, git::discover(real.string()));
  Revision revision;
  revision.work_tree = true;
  if (repository != nullptr) {
    const char* work_tree = git_repository_workdir(repository.get());
    if (work_tree == nullptr) {
      return fail(ErrorKind::invalid_spec,
                  fmt::format("{} is a bare repository, without files", as_shown(folder)),
                  "read a commit of it: --rev main");
    }
    const fs::path top = fs::canonical(work_tree, failed);
    revision.repo = top.generic_string();
    const fs::path below = real.lexically_relative(top);
    revision.subdir = below == "." ? std::string() : below.generic_string();
    TRY(read_head(repository.get(), revision));
  }
  return std::unique_ptr<Source>(
      std::make_unique<DirectorySource>(real.string(), std::move(repository), std::move(revision)));
}

}  // namespace homeostat
