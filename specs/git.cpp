#include "specs/git.hpp"

#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>

namespace homeostat::git {

namespace {

namespace fs = std::filesystem;

// libgit2 counts its users; ours ends with the program.
void start() {
  static const struct Library {
    Library() { git_libgit2_init(); }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    ~Library() { git_libgit2_shutdown(); }
  } library;
}

// The folder that holds `.git`, as git names it in `safe.directory`; "" where there is none.
std::string top_folder(const std::string& folder) {
  git_buf found = GIT_BUF_INIT;
  std::string top;
  if (git_repository_discover(&found, folder.c_str(), 0, nullptr) == 0) top = found.ptr;
  git_buf_dispose(&found);
  while (top.size() > 1 && top.ends_with('/')) top.pop_back();
  if (top.ends_with("/.git")) top.resize(top.size() - std::string_view("/.git").size());
  return top;
}

// False where neither the folder nor one above holds what each repository has. libgit2 is not
// started then: it would read all certificates that the machine trusts, for several milliseconds.
bool may_have_repository(const std::string& folder) {
  std::error_code failed;
  fs::path at = fs::absolute(folder, failed);
  while (!failed) {
    for (const char* sign : {".git", "HEAD"}) {  // HEAD: of a bare one
      const fs::file_type type = fs::symlink_status(at / sign, failed).type();
      if (type != fs::file_type::not_found) return true;  // there, or nobody may look
    }
    if (at == at.root_path()) return false;
    at = at.parent_path();
    failed.clear();
  }
  return true;
}

}  // namespace

Result<Repository> discover(const std::string& folder) {
  if (!may_have_repository(folder)) return Repository();
  start();
  git_repository* found = nullptr;
  const int code = git_repository_open_ext(&found, folder.c_str(), 0, nullptr);
  Repository repository(found);
  if (code == 0) return repository;
  Error error = last_error("cannot open the repository of " + folder);
  error.kind = ErrorKind::invalid_spec;
  const std::string top = top_folder(folder);
  if (code == GIT_ENOTFOUND && top.empty()) return Repository();
  // Without any `safe.directory`, libgit2 1.5.1 complains about the missing setting instead.
  if (code == GIT_EOWNER || error.message.find("safe.directory") != std::string::npos) {
    return fail(ErrorKind::invalid_spec, "the repository " + top + " belongs to another user",
                "run as that user, or allow it: git config --global --add safe.directory " + top);
  }
  return tl::unexpected(std::move(error));
}

std::string hex(const git_oid& id) {
  std::array<char, GIT_OID_HEXSZ + 1> text = {};
  return git_oid_tostr(text.data(), text.size(), &id);
}

std::string without_random_names(std::string text) {
  constexpr std::string_view before = "_git2_";
  for (auto at = text.find(before); at != std::string::npos; at = text.find(before, at)) {
    at += before.size();
    std::size_t length = 0;
    while (at + length < text.size() && length < 6 &&
           std::isalnum(static_cast<unsigned char>(text[at + length])) != 0) {
      ++length;
    }
    text.replace(at, length, "...");
  }
  return text;
}

Error last_error(const std::string& what) {
  const git_error* last = git_error_last();
  Error error;
  error.message = what;
  if (last != nullptr && last->message != nullptr) error.message.append(": ").append(last->message);
  error.message = without_random_names(std::move(error.message));
  return error;
}

Result<Tree> folder_tree(git_repository* repository, git_commit* commit,
                         const std::string& folder) {
  git_tree* found = nullptr;
  if (git_commit_tree(&found, commit) < 0) {
    return tl::unexpected(last_error("cannot read commit " + hex(*git_commit_id(commit))));
  }
  Tree top(found);
  if (folder.empty()) return top;
  git_tree_entry* entry_found = nullptr;
  const int code = git_tree_entry_bypath(&entry_found, top.get(), folder.c_str());
  const TreeEntry entry(entry_found);
  if (code == GIT_ENOTFOUND) return Tree();
  if (code < 0) return tl::unexpected(last_error("cannot read " + folder));
  if (git_tree_entry_type(entry.get()) != GIT_OBJECT_TREE) return Tree();
  git_tree* below = nullptr;
  if (git_tree_lookup(&below, repository, git_tree_entry_id(entry.get())) < 0) {
    return tl::unexpected(last_error("cannot read " + folder));
  }
  return Tree(below);
}

}  // namespace homeostat::git
