#include "reconciler/follow/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <vector>

#include "reconciler/follow/wire.hpp"

namespace homeostat::follow {
namespace {

namespace fs = std::filesystem;

// Larger than any spec file may be: only asked for, and not read through.
constexpr std::uint64_t large_blob = std::uint64_t{16} << 20U;

// More than that are gathered.
constexpr std::size_t most_packs = 50;
constexpr const char* gathered_list = "homeostat-gathered-packs";  // one name a line

using PackBuilder = std::unique_ptr<git_packbuilder, git::Free<git_packbuilder_free>>;

// "pack-1234...", without what follows the dot.
std::vector<std::string> packs_of(const std::string& repository) {
  std::error_code ignored;
  std::vector<std::string> names;
  const fs::path folder = fs::path(repository) / "objects/pack";
  for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    if (at->path().extension() == ".pack") names.push_back(at->path().stem().string());
  }
  return names;
}

void start() {
  // As in specs/git.cpp: libgit2 counts its users; ours ends with the program.
  static const struct Library {
    Library() { git_libgit2_init(); }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    ~Library() { git_libgit2_shutdown(); }
  } library;
}

Status read_blob(git_repository* repository, git_odb* objects, const git_oid& id) {
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (git_odb_read_header(&size, &type, objects, &id) < 0) {
    return tl::unexpected(git::last_error("cannot find the file " + git::hex(id)));
  }
  if (size > large_blob) return {};
  git_blob* found = nullptr;
  if (git_blob_lookup(&found, repository, &id) < 0) {
    return tl::unexpected(git::last_error("cannot read the file " + git::hex(id)));
  }
  const git::Blob blob(found);
  return {};
}

// Folders still to be read go to `next`.
Status read_tree(git_repository* repository, git_odb* objects, const git_oid& id,
                 std::vector<git_oid>& next) {
  git_tree* found = nullptr;
  if (git_tree_lookup(&found, repository, &id) < 0) {
    return tl::unexpected(git::last_error("cannot read the folder " + git::hex(id)));
  }
  const git::Tree tree(found);
  for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
    const git_tree_entry* entry = git_tree_entry_byindex(tree.get(), i);
    const git_oid& held = *git_tree_entry_id(entry);
    const git_object_t type = git_tree_entry_type(entry);
    if (type == GIT_OBJECT_TREE) next.push_back(held);
    if (type == GIT_OBJECT_BLOB) {
      TRY(read_blob(repository, objects, held));
    }
  }
  return {};
}

}  // namespace

Result<git::Repository> open_bare(const std::string& path) {
  start();
  git_repository* found = nullptr;
  if (git_repository_open_bare(&found, path.c_str()) < 0) {
    return tl::unexpected(git::last_error("no repository"));
  }
  return git::Repository(found);
}

Result<git_oid> parse_id(const std::string& hex) {
  git_oid id = {};
  if (hex.size() == GIT_OID_HEXSZ && git_oid_fromstr(&id, hex.c_str()) == 0) return id;
  return fail(ErrorKind::invalid_spec, fmt::format("{} is no hash of a commit", hex),
              "this libgit2 knows repositories with SHA-1 only");
}

Status read_through(git_repository* repository, const git_oid& id) {
  git_commit* found = nullptr;
  if (git_commit_lookup(&found, repository, &id) < 0) {
    return tl::unexpected(git::last_error("cannot read commit " + git::hex(id)));
  }
  const git::Commit commit(found);
  git_odb* odb = nullptr;
  if (git_repository_odb(&odb, repository) < 0) {
    return tl::unexpected(git::last_error("cannot read the objects"));
  }
  const git::Odb objects(odb);
  std::vector<git_oid> trees = {*git_commit_tree_id(commit.get())};
  while (!trees.empty()) {
    const git_oid tree = trees.back();
    trees.pop_back();
    TRY(read_tree(repository, objects.get(), tree, trees));
  }
  return {};
}

Status check_refs(git_repository* repository) {
  git_strarray names = {};
  if (git_reference_list(&names, repository) < 0) {
    return tl::unexpected(git::last_error("cannot list what there is"));
  }
  Status fine;
  for (std::size_t i = 0; i < names.count && fine; ++i) {
    const std::string name = names.strings[i];
    git_oid id = {};
    git_object* found = nullptr;
    if (git_reference_name_to_id(&id, repository, name.c_str()) < 0 ||
        git_object_lookup(&found, repository, &id, GIT_OBJECT_ANY) < 0) {
      fine = tl::unexpected(git::last_error("cannot read " + name));
    }
    const git::Object object(found);
  }
  git_strarray_dispose(&names);
  return fine;
}

namespace {

// A tag of a tag, too. Nullopt: it leads to no commit that is there.
std::optional<git_oid> commit_at(git_repository* repository, const char* ref) {
  git_oid target = {};
  git_object* found = nullptr;
  if (git_reference_name_to_id(&target, repository, ref) < 0 ||
      git_object_lookup(&found, repository, &target, GIT_OBJECT_ANY) < 0) {
    return std::nullopt;
  }
  const git::Object object(found);
  git_object* peeled = nullptr;
  if (git_object_peel(&peeled, object.get(), GIT_OBJECT_COMMIT) < 0) return std::nullopt;
  const git::Object commit(peeled);
  return *git_object_id(commit.get());
}

}  // namespace

Result<bool> is_own(git_repository* repository, const std::string& commit) {
  TRY_ASSIGN(const git_oid wanted, parse_id(commit));
  git_commit* found = nullptr;
  if (git_commit_lookup(&found, repository, &wanted) < 0) return false;
  const git::Commit there(found);
  git_strarray names = {};
  if (git_reference_list(&names, repository) < 0) {
    return tl::unexpected(git::last_error("cannot list what there is"));
  }
  std::vector<git_oid> tips;
  for (std::size_t i = 0; i < names.count; ++i) {
    if (std::string_view(names.strings[i]).starts_with(beside_folder)) continue;
    if (const auto tip = commit_at(repository, names.strings[i])) tips.push_back(*tip);
  }
  git_strarray_dispose(&names);
  const auto is_tip = [&](const git_oid& tip) { return git_oid_equal(&tip, &wanted) != 0; };
  if (std::ranges::any_of(tips, is_tip)) return true;
  if (tips.empty()) return false;
  const int reached = git_graph_reachable_from_any(repository, &wanted, tips.data(), tips.size());
  if (reached < 0) return tl::unexpected(git::last_error("cannot read the history"));
  return reached == 1;
}

Result<std::string> commit_of(git_repository* repository, const std::string& rev) {
  git_object* found = nullptr;
  const int code = git_revparse_single(&found, repository, rev.c_str());
  if (code == GIT_EAMBIGUOUS) {
    return fail(ErrorKind::invalid_spec, fmt::format("`{}` may mean several commits", rev),
                "write more digits of the hash");
  }
  if (code < 0) {
    return fail(ErrorKind::invalid_spec, fmt::format("unknown revision `{}`", rev),
                "name a branch of the repository, or a commit on one; was it pushed just now?");
  }
  const git::Object object(found);
  git_object* peeled = nullptr;
  if (git_object_peel(&peeled, object.get(), GIT_OBJECT_COMMIT) < 0) {
    return fail(ErrorKind::invalid_spec, fmt::format("`{}` is no commit", rev),
                "give a branch, a tag or a commit's hash");
  }
  const git::Object commit(peeled);
  return git::hex(*git_object_id(commit.get()));
}

void gather_packs(git_repository* repository) {
  const std::string path = git_repository_path(repository);
  const std::vector<std::string> old = packs_of(path);
  if (old.size() <= most_packs) return;
  git_odb* odb = nullptr;
  git_packbuilder* made = nullptr;
  if (git_repository_odb(&odb, repository) < 0) return;
  const git::Odb objects(odb);
  if (git_packbuilder_new(&made, repository) < 0) return;
  const PackBuilder builder(made);
  const auto insert = [](const git_oid* id, void* into) {
    return git_packbuilder_insert(static_cast<git_packbuilder*>(into), id, nullptr);
  };
  // Where one object cannot be read, all stays as it is: that harms nobody before it is wanted.
  if (git_odb_foreach(objects.get(), insert, builder.get()) < 0 ||
      git_packbuilder_write(builder.get(), nullptr, 0, nullptr, nullptr) < 0) {
    return;
  }
  const std::string kept = fmt::format("pack-{}", git_packbuilder_name(builder.get()));
  std::ofstream list(path + gathered_list);
  for (const std::string& name : old) {
    if (name != kept) list << name << "\n";
  }
}

void sweep(const std::string& repository) {
  std::ifstream list(repository + "/" + gathered_list);
  std::error_code ignored;
  std::vector<fs::path> left;
  for (std::string name; std::getline(list, name);) {
    for (const char* end : {".idx", ".pack"}) {
      left.push_back(fs::path(repository) / "objects/pack" / (name + end));
    }
  }
  if (!left.empty()) left.push_back(fs::path(repository) / gathered_list);
  for (fs::recursive_directory_iterator at(repository, ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    if (!at->is_regular_file(ignored)) continue;
    // A branch may be called like a pack; no branch's name ends like a lock's.
    const bool pack = at->path().string().find("/objects/") != std::string::npos &&
                      name.starts_with("pack_git2_");
    if (pack || name.ends_with(".lock")) {
      left.push_back(at->path());
    }
  }
  for (const fs::path& file : left) fs::remove(file, ignored);
}

}  // namespace homeostat::follow
